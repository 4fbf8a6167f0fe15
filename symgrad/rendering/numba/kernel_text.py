"""Write the function of a kernel: its arguments, its loops, its statements."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from symgrad.lowering.nodes.arrays import (
    Array,
    Hyperparameter,
    Size,
    Variable,
)
from symgrad.lowering.nodes.traversal import rewrite, walk
from symgrad.lowering.plans.names import unique_name
from symgrad.rendering.code import AMBIGUOUS, Code, python_name
from symgrad.rendering.fitting import fit, part_name
from symgrad.rendering.numba.grouping import Kernel, lengths_of
from symgrad.rendering.numba.invariants import hoisted
from symgrad.rendering.numba.nest import (
    Begin,
    Finish,
    Loop,
    Node,
    arranged,
    is_carried,
    reaches,
    row_index,
)
from symgrad.rendering.numba.nodes import Element, Place
from symgrad.rendering.numba.printer import Scope, as_real, is_written_out, to_scalar
from symgrad.rendering.numba.splitting import edges, is_whole_number, one_side, reads_place
from symgrad.rendering.numba.statements import Index, Statement
from symgrad.rendering.wrapping import INDENT, WIDTH, wrap_call, wrap_value

LETTERS = "ijkmnpqrstuvw"
ROWS = ("start", "stop")
OWN = (*ROWS, "real", "math")
STARTS = {"sum": "real(0)", "max": "-real(np.inf)", "min": "real(np.inf)"}


@dataclass(frozen=True)
class KernelText:
    """A kernel's function and what it is called with.

    Attributes:
        lines: the function.
        inputs: the names of the arrays that it reads, in the order of its arguments.
        numbers: the numbers that follow.
        outputs: the statements that it stores.
        sums: the statements that it adds up over the outer loop.
    """

    lines: list[str]
    inputs: list[Element]
    numbers: list[Array]
    outputs: list[Statement]
    sums: list[Statement]


class Writer:
    """Writes one kernel; `merged` is the loop that stands for several, if any."""

    def __init__(
        self,
        kernel: Kernel,
        name: str,
        stored: set[str],
        letters: Mapping[int, str],
        merged: int | None,
    ):
        self.name, self.stored = name, stored
        self.one_axis = _axes_of(merged, kernel)
        self.flat = _is_single(kernel)
        self.known = lengths_of(kernel)
        self.shown = {element.name for element in kernel.outside()} | stored
        self.taken = {*OWN, "np"} | self.shown | kernel.names()
        self.numbers: dict[Array, str] = {}
        members = hoisted([self._with_numbers(m) for m in kernel.members], self.taken)
        self.outer, self.members, self.buffers = arranged(members, stored)
        self.inputs = _arrays_of(Kernel(self.members))
        self.letters = self._choose_letters(letters)
        self.taken |= set(self.letters.values())
        self.locals = {m.name: self._local_name(m) for m in self.members}
        carried = [m.name for m in self.members if is_carried(m)]
        self.totals = {name: self._unique(f"{name}_total") for name in carried}
        self.sums = {name: self._unique(f"{name}_all") for name in carried}
        self.kept = {name: self._unique(f"{name}_row") for name in sorted(self.buffers)}
        self.scope = Scope(self.letters, self._no_element, self._length)

    # --- names ---------------------------------------------------------------------------------

    def _choose_letters(self, wanted: Mapping[int, str]) -> dict[int, str]:
        found: dict[int, str] = {}
        for number in sorted({loop for member in self.members for loop in member.loops}):
            options = [wanted.get(number, ""), *LETTERS]
            used = {*self.taken, *found.values(), *AMBIGUOUS, ""}
            fine = (o for o in options if o not in used and inner_name(o) == o)
            found[number] = next(fine, None) or unique_name("i", used)
        return found

    def _local_name(self, statement: Statement) -> str:
        """Return the name of one value: that of its array with the letters of its loops."""
        if statement.name not in self.stored and not is_carried(statement):
            return inner_name(statement.name)
        index = "".join(self.letters[loop] for loop in statement.index if loop is not None)
        return self._unique(f"{statement.name}_{index or 'part'}")

    def _unique(self, base: str) -> str:
        name = unique_name(base, self.taken)
        self.taken.add(name)
        return name

    def _with_numbers(self, statement: Statement) -> Statement:
        """Return a statement whose numbers are written out, or arguments with names."""
        scope = Scope({}, self._no_element, self._length)

        def visit(array: Array) -> Array | None:
            if array.kind != "weak":
                return None
            if is_written_out(array, scope):
                return array
            return Variable(self._argument_for(array), 0, "weak")

        return statement.with_body(rewrite(statement.body, visit))

    def _argument_for(self, array: Array) -> str:
        """Return the name of the argument that passes a number."""
        if array not in self.numbers:
            self.numbers[array] = self._number_name(array)
        return self.numbers[array]

    def _number_name(self, array: Array) -> str:
        if isinstance(array, Hyperparameter):
            name = unique_name(array.name, self.taken)
        else:
            name = part_name("number", array, self.taken)
        self.taken.add(name)
        return name

    def _length(self, size: Size) -> str | None:
        if size.name not in self.shown or self.flat:
            return None
        if size.axis >= self.one_axis.get(size.name, size.axis + 1):
            return None
        return f"{inner_name(size.name)}.shape[{size.axis}]"

    def length_text(self, loop: int) -> str:
        """Return how far a loop runs."""
        if loop in self.known:
            name, axis = self.known[loop]
            shown = f"{inner_name(name)}.shape[{axis}]"
            return f"{inner_name(name)}.size" if self.flat else shown
        length = next(m.lengths[loop] for m in self.members if loop in m.lengths)
        return inner_name(self._argument_for(length))

    def _no_element(self, element: Element) -> Code:
        raise AssertionError(f"{element.name} is read outside of loops")

    def _reader(self, reader: Statement) -> Scope:
        def element(found: Element) -> Code:
            return Code(self._element_text(found, reader))

        scope = self.scope
        return Scope(scope.letters, element, scope.length)

    def _element_text(self, element: Element, reader: Statement) -> str:
        if element.name in self.locals:
            if reaches(self.outer, element.name, reader.name):
                return self.locals[element.name]
            if element.name in self.buffers:
                return self._row_text(element.name)
        return self.entry_text(element.name, element.index)

    def _row_text(self, name: str) -> str:
        """Return the place in the array that keeps a value for other loops."""
        member = next(m for m in self.members if m.name == name)
        return self.entry_text(self.kept[name], row_index(self.outer, member, self.members))

    def entry_text(self, name: str, index: Index) -> str:
        """Return `name[i, 0]`, or the name of a number."""
        places = ("0" if loop is None else self.letters[loop] for loop in index)
        return f"{inner_name(name)}[{', '.join(places)}]" if index else inner_name(name)

    # --- lines ---------------------------------------------------------------------------------

    def text(self) -> KernelText:
        """Return the kernel."""
        outputs = [m for m in self.members if m.name in self.stored and not is_carried(m)]
        sums = [m for m in self.members if is_carried(m)]
        body = [*self._carried_lines(), *self._loop(self.outer, INDENT), *self._carried_ends()]
        body = [*self._buffer_lines(), *body]
        arguments = [*ROWS, *(inner_name(e.name) for e in self.inputs)]
        arguments += [inner_name(name) for name in self.numbers.values()]
        arguments += [inner_name(statement.name) for statement in outputs]
        arguments += [self.totals[statement.name] for statement in sums]
        lines = ["@_kernel", *wrap_call(f"def {self.name}", arguments, ":", "")]
        lines += _quoted(self._docstring(outputs, sums))
        if any("real(" in line for line in body):
            lines.append(f"{INDENT}real = {self._typed()}.dtype.type")
        numbers = list(self.numbers)
        return KernelText([*lines, *body], self.inputs, numbers, outputs, sums)

    def _typed(self) -> str:
        """Return an array of the layer's type: the first of the largest."""
        floats = [(e.name, e.index) for e in self.inputs if e.kind == "float" and e.index]
        floats += [
            (m.name, m.index)
            for m in self.members
            if m.name in self.stored and m.kind == "float" and not is_carried(m)
        ]
        return inner_name(max(floats, key=lambda found: len(found[1]))[0])

    def _docstring(self, outputs: list[Statement], sums: list[Statement]) -> str:
        filled = [inner_name(statement.name) for statement in outputs]
        added = [statement.name for statement in sums]
        parts = [f"Compute {_listed(filled)}"] if filled else []
        parts += [f"{'add' if filled else 'Add'} to {_listed(added)}"] if added else []
        return f"{'; '.join(parts)}, {'' if self.flat else 'in the rows '}from start to stop."

    def _buffer_lines(self) -> Iterator[str]:
        for member in self.members:
            if member.name in self.buffers:
                loops = row_index(self.outer, member, self.members)
                lengths = [self.length_text(loop) for loop in loops]
                shape = lengths[0] if len(lengths) == 1 else f"({', '.join(lengths)})"
                kind = "real" if member.kind == "float" else "np.bool_"
                yield f"{INDENT}{self.kept[member.name]} = np.empty({shape}, {kind})"

    def _carried_lines(self) -> Iterator[str]:
        for member in self.members:
            if is_carried(member) and not member.index:
                yield f"{INDENT}{self.sums[member.name]} = 0.0"

    def _carried_ends(self) -> Iterator[str]:
        for member in self.members:
            if is_carried(member) and not member.index:
                name = member.name
                yield f"{INDENT}{self.totals[name]}[0] += {self.sums[name]}"

    def _loop(self, loop: Loop, indent: str, outer: frozenset[int] = frozenset()) -> list[str]:
        if loop.number == 0:
            return self._turns(loop, "_from" if self.flat else "range", ROWS, indent, outer)
        return self._parts(loop, ("0", self.length_text(loop.number)), indent, outer)

    def _parts(
        self, loop: Loop, ends: tuple[str, str], indent: str, outer: frozenset[int]
    ) -> list[str]:
        """Return the lines of a loop, in parts where a condition on its place changes."""
        if not loop.items:
            return []
        found = edges(loop, set(outer), self._is_whole)
        start, stop = ends
        if not found:
            signed = start == "0" or reads_place(loop, loop.number)
            return self._turns(loop, "range" if signed else "_from", ends, indent, outer)
        edge = found[0]
        name = self._unique(f"{self.letters[loop.number]}_edge")
        place = to_scalar(edge.place, self._reader(edge.reader)).text
        lines = wrap_value(f"{name} = ", f"min(max({place}, {start}), {stop})", indent)
        sides = [one_side(loop, edge, last, set(outer), self._is_whole) for last in (False, True)]
        for side, bounds in zip(sides, ((start, name), (name, stop)), strict=True):
            lines += self._parts(side, bounds, indent, outer)
        return lines

    def _turns(
        self, loop: Loop, counter: str, ends: tuple[str, str], indent: str, outer: frozenset[int]
    ) -> list[str]:
        bounds = ends[1] if ends[0] == "0" else ", ".join(ends)
        lines = [f"{indent}for {self.letters[loop.number]} in {counter}({bounds}):"]
        for item in loop.items:
            lines += self._node(item, indent + INDENT, outer | {loop.number})
        return lines

    def _is_whole(self, number: Array) -> bool:
        """Say whether a number that stands in a body is a whole one."""
        named = {name: array for array, name in self.numbers.items()}
        if isinstance(number, Variable):
            number = named.get(number.name, number)
        return is_whole_number(number)

    def _node(self, item: Node, indent: str, outer: frozenset[int]) -> list[str]:
        if isinstance(item, Loop):
            return self._loop(item, indent, outer)
        statement, local = item.statement, self.locals[item.statement.name]
        if isinstance(item, Begin):
            return [f"{indent}{local} = {STARTS[statement.op]}"]
        if isinstance(item, Finish):
            if is_carried(statement):
                return [f"{indent}{self._total(statement)} += {local}"]
            return [f"{indent}{place} = {local}" for place in self._places(statement)]
        return self._compute(statement, local, indent)

    def _total(self, statement: Statement) -> str:
        if not statement.index:
            return self.sums[statement.name]
        return self.entry_text(self.totals[statement.name], statement.index)

    def _compute(self, statement: Statement, local: str, indent: str) -> list[str]:
        if statement.op in ("max", "min"):
            return self._maximum(statement, local, indent)
        if statement.op == "sum":
            single = is_carried(statement) and not any(
                loop in statement.reduced for loop in statement.loops[1:]
            )
            target = self._total(statement) if single else local
            return self._assigned(f"{target} +=", statement, indent)
        places = self._places(statement)
        if places and not self._is_read_here(statement):
            first, *others = places
            lines = self._assigned(f"{first} =", statement, indent)
            return [*lines, *(f"{indent}{place} = {first}" for place in others)]
        lines = self._assigned(f"{local} =", statement, indent)
        return [*lines, *(f"{indent}{place} = {local}" for place in places)]

    def _places(self, statement: Statement) -> list[str]:
        """Return the places in arrays where a value is kept."""
        stored = self.entry_text(statement.name, statement.index)
        places = [stored] if statement.name in self.stored else []
        return [
            *places,
            *([self._row_text(statement.name)] if statement.name in self.buffers else []),
        ]

    def _is_read_here(self, statement: Statement) -> bool:
        return any(
            statement.name in member.reads() and reaches(self.outer, statement.name, member.name)
            for member in self.members
        )

    def _maximum(self, statement: Statement, local: str, indent: str) -> list[str]:
        function = "_maximum" if statement.op == "max" else "_minimum"
        text = as_real(statement.body, self._reader(statement)).text
        return wrap_value(f"{local} = ", f"{function}({local}, {text})", indent)

    def _assigned(self, head: str, statement: Statement, indent: str) -> list[str]:
        """Return lines that assign the value, parts of it named where it is long."""
        scope = self._reader(statement)

        def text(array: Array) -> str:
            convert = as_real if array.kind != "bool" else to_scalar
            return convert(array, scope).text

        target, operator = head.rsplit(" ", 1)
        width = WIDTH - len(indent) - len(operator) + 1
        pieces = fit(target, statement.name, statement.body, text, self.taken, width)
        lines: list[str] = []
        for name, array in pieces[:-1]:
            lines += wrap_value(f"{inner_name(name)} = ", text(array), indent)
        return [*lines, *wrap_value(f"{head} ", text(pieces[-1][1]), indent)]


def inner_name(name: str) -> str:
    """Return a name as a kernel has it, clear of what kernels call by name themselves."""
    plain = python_name(name)
    return f"{plain}_" if plain in OWN else plain


def _quoted(text: str) -> list[str]:
    """Return a docstring, broken where it is long."""
    first, *others = textwrap.wrap(text, WIDTH - len(INDENT) - 3)
    if not others:
        return [f'{INDENT}"""{text}"""']
    return [f'{INDENT}"""{first}', *(f"{INDENT}{line}" for line in others), f'{INDENT}"""']


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _axes_of(loop: int | None, kernel: Kernel) -> dict[str, int]:
    """Return for each array the axis that a loop runs along."""
    found = [(element.name, element.index) for element in kernel.outside()]
    found += [(member.name, member.index) for member in kernel.members]
    return {name: index.index(loop) for name, index in found if loop in index and loop is not None}


def _arrays_of(kernel: Kernel) -> list[Element]:
    """Return one entry of each array that a kernel reads from outside, arrays before numbers."""
    found: dict[str, Element] = {}
    for element in kernel.outside():
        found.setdefault(element.name, element)
    return sorted(found.values(), key=lambda element: not element.index)


def _is_single(kernel: Kernel) -> bool:
    """Say whether the outer loop is the only one, and reads each array at its own place."""
    for member in kernel.members:
        if member.loops != (0,) or any(isinstance(part, Place) for part in walk(member.body)):
            return False
        if any(element.index not in ((), (0,)) for element in member.elements()):
            return False
        if member.index not in ((), (0,)):
            return False
    return bool(lengths_of(kernel))
