"""Write the function of a nest of loops: what it is made for, its arguments, its lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatchmethod

from symgrad.lowering.nodes.arrays import Apply, Array, Hyperparameter, KeptExtent, Size, Variable
from symgrad.lowering.nodes.traversal import rewrite, walk
from symgrad.lowering.plans.names import unique_name
from symgrad.rendering.code import AMBIGUOUS, Code, call
from symgrad.rendering.fitting import part_name
from symgrad.rendering.numba.kernel_text import LETTERS, OWN, inner_name
from symgrad.rendering.numba.nodes import Element, Place
from symgrad.rendering.numba.printer import Scope, as_real, to_scalar
from symgrad.rendering.numba.sweeps import (
    Assign,
    Entry,
    For,
    If,
    Nest,
    NewRow,
    Precedes,
    Short,
    Step,
    inside,
)
from symgrad.rendering.print_scatters import ONE, times
from symgrad.rendering.wrapping import INDENT, WIDTH, wrap_call, wrap_value


@dataclass(frozen=True)
class NestText:
    """A function and what it is called with.

    Attributes:
        lines: the function.
        inputs: the arrays that it reads, one entry of each.
        fixed: the numbers that it is made for, if any.
        numbers: the numbers that it is called with.
    """

    lines: list[str]
    inputs: list[Entry | Element]
    fixed: list[Array]
    numbers: list[Array]


class NestWriter:
    """Writes one nest; `letters` are wanted for its loops."""

    def __init__(self, nest: Nest, name: str, letters: Mapping[int, str]):
        self.nest, self.name = nest, name
        self.steps = list(inside(nest.body))
        self.local = {
            step.target.name
            for step in self.steps
            if isinstance(step, Assign) and isinstance(step.target, Variable)
        }
        self.inputs = self._inputs()
        self.shown = {entry.name for entry in self.inputs} | {o.name for o in nest.outputs}
        self.lengths = dict(self._shown_lengths())
        self.taken = {*OWN, "np", "rows", "row", "row_left", *self.shown, *self.local}
        self.fixed = self._fixed_names()
        self.numbers: dict[Array, str] = {}
        self.letters = self._letters(letters)
        self.taken |= set(self.letters.values())
        self.scope = Scope(self.letters, lambda e: Code(inner_name(e.name)), self._length)

    def _values(self) -> Iterator[Array]:
        for step in self.steps:
            if isinstance(step, Assign):
                yield step.value
                yield step.target
            elif isinstance(step, If):
                yield step.condition

    def _inputs(self) -> list[Entry | Element]:
        own = {output.name for output in self.nest.outputs} | self.local
        found: dict[str, Entry | Element] = {}
        for array in self._values():
            for part in walk(array):
                if isinstance(part, (Entry, Element)) and part.name not in own:
                    found.setdefault(part.name, part)
        return sorted(found.values(), key=lambda part: isinstance(part, Element))

    def _shown_lengths(self) -> Iterator[tuple[int, Size]]:
        """Yield loops with the axis of an array that shows how far they run."""
        for output in self.nest.outputs[:1]:
            for axis, length in enumerate(output.shape):
                for loop, other in self.nest.lengths.items():
                    if other == length:
                        yield loop, Size(output.name, axis)
        own = {output.name for output in self.nest.outputs} | self.local
        for array in self._values():
            for part in walk(array):
                if isinstance(part, Entry) and part.name not in own:
                    for axis, place in enumerate(part.places):
                        if isinstance(place, Place):
                            yield place.loop, Size(part.name, axis)

    def _fixed_names(self) -> dict[Array, str]:
        found: dict[Array, str] = {}
        for number in self.nest.fixed:
            for part in walk(number):
                if isinstance(part, (Hyperparameter, Size)) and part not in found:
                    found[part] = self._name_of(part)
        return found

    def _name_of(self, number: Array) -> str:
        name = unique_name(number.name, self.taken) if isinstance(number, Hyperparameter) else ""
        name = name or part_name("number", number, self.taken)
        self.taken.add(name)
        return name

    def _letters(self, wanted: Mapping[int, str]) -> dict[int, str]:
        loops = dict.fromkeys(self.nest.rows)
        loops |= dict.fromkeys(step.loop for step in self.steps if isinstance(step, For))
        found: dict[int, str] = {}
        for loop in sorted(loops, key=lambda loop: (loop not in wanted, loop)):
            options = [wanted.get(loop, ""), *LETTERS]
            used = {*self.taken, *found.values(), *AMBIGUOUS, ""}
            fine = (o for o in options if o not in used and inner_name(o) == o)
            found[loop] = next(fine, None) or unique_name("i", used)
        return found

    # --- numbers -------------------------------------------------------------------------------

    def _length(self, size: Size) -> str | None:
        if size in self.fixed:
            return inner_name(self.fixed[size])
        shown = size.name in self.shown
        return f"{inner_name(size.name)}.shape[{size.axis}]" if shown else None

    def _with_numbers(self, array: Array) -> Array:
        """Return an expression whose numbers are written out, or arguments with names."""

        def named(part: Array) -> Array | None:
            name = self.fixed.get(part)
            return None if name is None else Variable(inner_name(name), 0, "weak")

        def visit(part: Array) -> Array | None:
            if part.kind != "weak":
                return None
            written = rewrite(part, named)
            if all(self._is_written_out(leaf) for leaf in walk(written)):
                return written
            if part not in self.numbers:
                self.numbers[part] = self._name_of(part)
            return Variable(inner_name(self.numbers[part]), 0, "weak")

        return rewrite(array, visit)

    def _is_written_out(self, part: Array) -> bool:
        if isinstance(part, Size):
            return self._length(part) is not None
        return not isinstance(part, (Hyperparameter, KeptExtent))

    def _bound(self, loop: int) -> str:
        """Return how far a loop runs."""
        length = self.nest.lengths[loop]
        fixed = any(part in self.fixed for part in walk(length))
        return self._text(length if fixed else self.lengths.get(loop, length))

    def _text(self, array: Array, real: bool = False) -> str:
        convert = as_real if real else to_scalar
        return convert(self._with_numbers(array), self.scope).text

    # --- lines ---------------------------------------------------------------------------------

    def text(self) -> NestText:
        """Return the function."""
        depth = INDENT if self.fixed else ""
        body = [*self._row_lines(depth + INDENT)]
        arguments = ["start", "stop", *(inner_name(entry.name) for entry in self.inputs)]
        arguments += [inner_name(name) for name in self.numbers.values()]
        arguments += [inner_name(output.name) for output in self.nest.outputs]
        if any("real(" in line or ", real)" in line for line in body):
            body.insert(0, f"{depth}{INDENT}real = {self._typed()}.dtype.type")
        filled = " and ".join(inner_name(output.name) for output in self.nest.outputs)
        what = f"Compute {filled}, in the rows from start to stop."
        if not self.fixed:
            head = ["@_kernel", *wrap_call(f"def {self.name}", arguments, ":", "")]
            lines = [*head, f'{INDENT}"""{what}"""', *body]
        else:
            numbers = [inner_name(name) for name in self.fixed.values()]
            head = ["@cache", *wrap_call(f"def {self.name}", numbers, ":", "")]
            what = f"Return the kernel that computes {filled}, made for these numbers."
            lines = [*head, f'{INDENT}"""{what}"""', ""]
            lines += [*wrap_call("def rows", arguments, ":", INDENT), *body, ""]
            lines.append(f"{INDENT}return _kernel_for(rows, {', '.join(numbers)})")
        return NestText(lines, self.inputs, list(self.fixed), list(self.numbers))

    def _typed(self) -> str:
        """Return the name of an array of the layer's type."""
        floats = [output.name for output in self.nest.outputs if output.type == "float"]
        return inner_name(floats[0])

    def _row_lines(self, indent: str) -> Iterator[str]:
        rows = self.nest.rows
        if not rows or self.nest.own_rows:
            yield from self._lines(self.nest.body, indent)
            return
        if len(rows) == 1:
            yield f"{indent}for {self.letters[rows[0]]} in range(start, stop):"
        else:
            yield f"{indent}for row in range(start, stop):"
        left = "row"
        for loop in reversed(rows[1:]):
            rest = self.letters[rows[0]] if loop == rows[1] else "row_left"
            letter = self.letters[loop]
            yield f"{indent}{INDENT}{rest}, {letter} = divmod({left}, {self._bound(loop)})"
            left = rest
        yield from self._lines(self.nest.body, indent + INDENT)

    def _lines(self, steps: Sequence[Step], indent: str) -> Iterator[str]:
        for step in steps:
            yield from self._step(step, indent)

    @singledispatchmethod
    def _step(self, step: Step, indent: str) -> Iterator[str]:
        raise AssertionError(f"no lines for {type(step).__name__}")

    @_step.register
    def _(self, step: For, indent: str) -> Iterator[str]:
        shared = step.loop in self.nest.rows
        bounds = "start, stop" if shared else self._bound(step.loop)
        yield f"{indent}for {self.letters[step.loop]} in range({bounds}):"
        yield from self._lines(step.body, indent + INDENT)

    @_step.register
    def _(self, step: If, indent: str) -> Iterator[str]:
        yield f"{indent}if {self._text(step.condition)}:"
        yield from self._lines(step.body, indent + INDENT)
        if step.other:
            yield f"{indent}else:"
            yield from self._lines(step.other, indent + INDENT)

    @_step.register
    def _(self, step: Assign, indent: str) -> Iterator[str]:
        line = self._line(step)
        if len(indent + "".join(line)) > WIDTH:
            places = self._long_places(step)
            yield from (f"{indent}{name} = {self._text(place)}" for place, name in places.items())
            target, value = (_named(part, places) for part in step.pair)
            line = self._line(Assign(target, value, step.operator))
        yield from wrap_value(*line, indent)

    def _line(self, step: Assign) -> tuple[str, str]:
        real = step.target.kind == "float" and step.value.ndim == 0
        return f"{self._text(step.target)} {step.operator} ", self._text(step.value, real)

    def _long_places(self, step: Assign) -> dict[Array, str]:
        """Return names for places that are computed."""
        found: dict[Array, str] = {}
        for part in (inner for array in step.pair for inner in walk(array)):
            for place in part.places if isinstance(part, Entry) else ():
                if isinstance(place, Apply) and place not in found:
                    found[place] = unique_name("place", {*self.taken, *found.values()})
                    self.taken.add(found[place])
        return found


def _named(array: Array, places: Mapping[Array, str]) -> Array:
    """Return an expression with names for places."""

    def visit(part: Array) -> Array | None:
        return Variable(places[part], 0, "int") if part in places else None

    return rewrite(array, visit)


# --- entries -------------------------------------------------------------------------------------


@to_scalar.register
def _(array: Entry, scope: Scope) -> Code:
    places = ", ".join(to_scalar(place, scope).text for place in array.places)
    return Code(f"{inner_name(array.name)}[{places}]")


@to_scalar.register
def _(array: Precedes, scope: Scope) -> Code:
    value, extreme = (as_real(part, scope) for part in (array.array, array.extreme))
    if array.op == "max":
        return call("_is_larger", value.text, extreme.text)
    return call("_is_smaller", value.text, extreme.text)


@to_scalar.register
def _(array: Short, scope: Scope) -> Code:
    return call("np.int32", to_scalar(array.array, scope).text)


@to_scalar.register
def _(array: NewRow, scope: Scope) -> Code:
    length = to_scalar(array.length, scope).text
    if array.kind == "bool":
        return call("np.zeros", length, "np.bool_")
    return call("np.empty", length, "real")


def row_count(nest: Nest) -> Array:
    """Return how many rows a nest has, a Python number."""
    count: Array = ONE
    for loop in nest.rows:
        count = times(count, nest.lengths[loop]) if count != ONE else nest.lengths[loop]
    return count
