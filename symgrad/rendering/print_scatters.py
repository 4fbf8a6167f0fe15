"""Print scatters as statements: an allocation, loops over taps, assignments to slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from symgrad.lowering.nodes.arrays import (
    Apply,
    Array,
    Contraction,
    Literal,
    Reduction,
    Size,
    Variable,
)
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.scatters import (
    Copy,
    Joined,
    LoopIndex,
    Part,
    Run,
    Scatter,
    TapProduct,
    Zeros,
    bound_loops,
)
from symgrad.lowering.nodes.traversal import rewrite
from symgrad.lowering.nodes.views import Padded, Reshape
from symgrad.lowering.plans.names import unique_name
from symgrad.rendering.code import Code, Level, call, python_name, slice_text, tuple_text
from symgrad.rendering.fitting import fit
from symgrad.rendering.numpy_printer import Names, printed, to_numpy
from symgrad.rendering.print_windows import tap_product_lines
from symgrad.rendering.wrapping import INDENT, WIDTH, wrap_subscript, wrap_value

ZERO, ONE = number(0), number(1)
# nodes whose arrays are new, so that they may be written to
FRESH = (Apply, Reduction, Contraction)


@printed.register
def _(array: LoopIndex, names: Names) -> Code:
    return Code(python_name(array.name))


@printed.register
def _(array: Joined, names: Names) -> Code:
    texts = [to_numpy(part, names).text for part in array.arrays]
    function = "np.stack" if array.stacked else "np.concatenate"
    return call(function, tuple_text(texts), axis=str(array.axis))


@printed.register
def _(array: Zeros, names: Names) -> Code:
    shape = [to_numpy(length, names).text for length in array.shape]
    text = shape[0] if len(shape) == 1 else tuple_text(shape) if shape else "()"
    return call("np.zeros", text, dtype="self.dtype")


@printed.register
def _(array: Copy, names: Names) -> Code:
    return call(f"{to_numpy(array.array, names).at(Level.ATOM)}.copy")


@dataclass
class Writer:
    """Write the statements of one scatter.

    Attributes:
        name: the local variable that is filled.
        owner: the name in the plan, which parts are named for.
        names: how names print.
        taken: names in use.
        indent: blanks in front of the statements.
    """

    name: str
    owner: str
    names: Names
    taken: set[str]
    indent: str
    lines: list[str] = field(default_factory=list)

    def scatter(self, array: Scatter) -> None:
        """Write the allocation and each part."""
        if array.has_margins:
            self.lines.append(f"{self.indent}# what falls into the margins is cut off in the end")
        if array.base is None:
            lengths = [
                _total(n, *margin) for n, margin in zip(array.shape, array.margins, strict=True)
            ]
            zeros = Zeros(tuple(self._short(length) for length in lengths))
            self.lines += wrap_value(f"{self.name} = ", self._text(zeros), self.indent)
        else:
            base = array.base if _is_new(array.base) else Copy(array.base)
            self._assign(self.name, base, self.indent)
        fills = self._in_blocks(array) if array.cut else array.fills
        known: tuple[object, ...] = ()
        for part in fills:
            if isinstance(part.array, TapProduct):
                self.lines += tap_product_lines(
                    part, part.array, self.name, self.names, self.indent
                )
                continue
            indent = self.indent + INDENT * len(part.loops)
            starts = self._long_starts(part, indent)
            if part.loops != known or starts:
                self._open(part, starts)
            # what is assigned stands there before the next part is added to it
            known = () if part.assigned else part.loops
            self._part(_with_starts(part, starts), indent)

    def _in_blocks(self, array: Scatter) -> list[Part]:
        """Open a loop over blocks of the first axis; return the parts as they read in it."""
        block, *names = [
            unique_name(name, self.taken)
            for name in ("block", *(f"{name}_block" for name in (self.owner, *array.cut)))
        ]
        self.taken.update((block, *names))
        self.lines.append(f"{self.indent}# a few at a time, so that they stay in the cache")
        self.lines.append(f"{self.indent}for {block} in _blocks({self.name}):")
        self.indent += INDENT
        whole = (self.name, *map(self.names.text, array.cut))
        for name, text in zip(names, whole, strict=True):
            self.lines.append(f"{self.indent}{python_name(name)} = {text}[{block}]")
        self.name = python_name(names[0])
        inside = dict(zip(array.cut, map(python_name, names[1:]), strict=True))
        self.names = Names({**self.names.attributes, **inside})
        length = Size(names[0], 0)

        def visit(part: Array) -> Array | None:
            if not isinstance(part, Reshape) or part.shape[0] != array.shape[0]:
                return None
            cut = isinstance(part.like, Variable) and part.like.name in array.cut
            like = part.like if cut else None
            return replace(part, shape=(length, *part.shape[1:]), like=like)

        return [replace(part, array=rewrite(part.array, visit)) for part in array.fills]

    def _short(self, length: Array) -> Array:
        """Return a length, by a name of its own if its text would fill a line."""
        if len(self._text(length)) <= WIDTH // 2:
            return length
        name = unique_name("length", self.taken)
        self.taken.add(name)
        self._assign(name, length, self.indent)
        return Variable(name, 0, "weak")

    def _long_starts(self, part: Part, indent: str) -> dict[Array, Variable]:
        """Return names for where slices begin, if the line of the slices would be too long."""
        if len(f"{indent}{self._target(part)} +=") <= WIDTH:
            return {}
        starts = [place.start for place in part.places if isinstance(place, Run)]
        long = [start for start in starts if isinstance(start, Apply)]
        named: dict[Array, Variable] = {}
        for start in long:
            if start not in named:
                name = unique_name("first", self.taken)
                self.taken.add(name)
                named[start] = Variable(name, 0, "weak")
        return named

    def _open(self, part: Part, starts: dict[Array, Variable]) -> None:
        if part.loops:
            letters = ", ".join(self._text(loop.index) for loop in part.loops)
            verb = "fills" if part.assigned else "adds to"
            self.lines.append(f"{self.indent}# each {letters} {verb} a slice of {self.name}")
        for start, variable in starts.items():
            if not bound_loops(start):
                self._assign(variable.name, start, self.indent)
        for depth, loop in enumerate(part.loops):
            length = self._text(loop.length)
            line = f"for {self._text(loop.index)} in range({length}):"
            self.lines.append(f"{self.indent}{INDENT * depth}{line}")
            inner = {other.index.name for other in part.loops[depth + 1 :]}
            for start, variable in starts.items():
                reads = bound_loops(start)
                if loop.index.name in reads and inner.isdisjoint(reads):
                    indent = self.indent + INDENT * (depth + 1)
                    self._assign(variable.name, start, indent)

    def _part(self, part: Part, indent: str) -> None:
        if part.fresh:
            self._first_or_added(part, indent)
            return
        value = part.array
        operator = {True: "=", False: "+="}[part.assigned]
        if part.sign < 0:
            operator = "=" if part.assigned else "-="
            value = Apply("neg", (value,)) if part.assigned else value
        target = self._target(part)
        longest = WIDTH - len(indent) - len(operator) - 2
        # an array of integers would give a copy, and a number for each axis no array at all
        runs = any(isinstance(place, Run) for place in part.places)
        is_view = runs and all(place.kind == "weak" for place in part.places)
        long = len(target) > longest // 2 and len(f"{target}{self._text(value)}") > longest
        if is_view and long:
            target = self._view(target, indent)
            target = f"{target}[...]" if part.assigned else target
        self._assign(target, value, indent, operator)

    def _first_or_added(self, part: Part, indent: str) -> None:
        """Assign in the turns that are the first at their places, and add in the others.

        The places are read and a new array is written only where something stands there already.
        """
        target = self._view(self._target(part), indent)
        value = part.array
        if not isinstance(value, Variable):
            name = unique_name(f"{self.owner}_tap", self.taken)
            self.taken.add(name)
            self._assign(name, value, indent)
            value = Variable(name, value.ndim, value.kind)
        turns = [f"{self._text(tap)} < {self._text(step)}" for tap, step in part.fresh]
        self.lines += _condition_lines(turns, "the first at its places", indent)
        negated = Apply("neg", (value,)) if part.sign < 0 else value
        self._assign(f"{target}[...]", negated, indent + INDENT)
        self.lines.append(f"{indent}else:")
        self._assign(target, value, indent + INDENT, "-=" if part.sign < 0 else "+=")

    def _target(self, part: Part) -> str:
        return subscripted(self.name, [self._place(place) for place in part.places])

    def _view(self, target: str, indent: str) -> str:
        """Give the slice a name, so that the line that adds to it is short."""
        name = unique_name(f"{self.owner}_part", self.taken)
        self.taken.add(name)
        self.lines += wrap_subscript(f"{name} = ", target, indent)
        return name

    def _place(self, place: Array) -> str:
        if not isinstance(place, Run):
            return self._text(place)
        if place.whole:
            return ":"
        length = place.count if place.step == ONE else times(place.step, place.count)
        start = None if place.start == ZERO else self._text(place.start)
        step = None if place.step == ONE else self._text(place.step)
        return slice_text(start, self._text(plus(place.start, length)), step)

    def _assign(self, target: str, array: Array, indent: str, operator: str = "=") -> None:
        label = f"{target} {operator}".removesuffix("=").rstrip()
        pieces = fit(label, self.owner, array, self._text, self.taken, WIDTH - len(indent))
        for name, piece in pieces:
            head = f"{target} {operator} " if name == label else f"{python_name(name)} = "
            self.lines += wrap_value(head, self._text(piece), indent)

    def _text(self, array: Array) -> str:
        return to_numpy(array, self.names).text


def _is_new(array: Array) -> bool:
    """Say whether computing an array makes one that nothing else holds."""
    view = isinstance(array, Contraction) and len(array.args) == 1
    return isinstance(array, FRESH) and not view


def _with_starts(part: Part, starts: dict[Array, Variable]) -> Part:
    places = tuple(
        Run(starts.get(place.start, place.start), place.count, place.step, place.whole)
        if isinstance(place, Run)
        else place
        for place in part.places
    )
    fresh = tuple((starts.get(tap, tap), step) for tap, step in part.fresh)
    return replace(part, places=places, fresh=fresh)


def _condition_lines(conditions: Sequence[str], reason: str, indent: str) -> list[str]:
    """Return the line that asks for all conditions, in several lines where it is too long."""
    line = f"{indent}if {' and '.join(conditions)}:"
    if len(f"{line}  # {reason}") <= WIDTH:
        return [f"{line}  # {reason}"]
    if len(line) <= WIDTH:
        return [f"{indent}# {reason}", line]
    first, *others = conditions
    inner = [first, *(f"and {other}" for other in others)]
    lines = [f"{indent}{INDENT}{condition}" for condition in inner]
    return [f"{indent}if (  # {reason}", *lines, f"{indent}):"]


def scatter_lines(
    target: str, owner: str, array: Scatter, names: Names, taken: set[str], indent: str
) -> list[str]:
    """Return the statements that compute a scatter and assign it to `target`, or return it."""
    local = python_name(owner)
    writer = Writer(local, owner, names, taken, indent)
    writer.scatter(array)
    inside = _cropped(array, owner, names)
    if inside.endswith(")"):
        head = "return " if target == "return" else f"{target} = "
        return [*writer.lines, *wrap_value(head, inside, indent)]
    if target == "return":
        return [*writer.lines, f"{indent}return {inside}"]
    if inside == target:
        return writer.lines
    return [*writer.lines, *wrap_subscript(f"{target} = ", inside, indent)]


def subscripted(name: str, items: Sequence[str]) -> str:
    """Return `name[items]`; whole axes at the end are left out, but for one."""
    shown = list(items)
    while len(shown) > 1 and shown[-1] == ":":
        shown.pop()
    return f"{name}[{', '.join(shown) or '()'}]"


def _total(length: Array, before: Array, behind: Array) -> Array:
    if before == behind and before != ZERO:
        return plus(length, times(number(2), before))
    return plus(plus(length, before), behind)


def _cropped(array: Scatter, owner: str, names: Names) -> str:
    """Return the filled array without its margins."""
    local = python_name(owner)
    if not array.has_margins:
        return local
    if array.signed:
        widths = tuple(
            None if margin == (ZERO, ZERO) else (minus(margin[0]), minus(margin[1]))
            for margin in array.margins
        )
        padded = Padded(Variable(owner, array.ndim), widths, ZERO)
        # the local variable, whatever attribute it is kept in
        return to_numpy(padded, Names({**names.attributes, owner: local})).text

    def item(length: Array, margin: tuple[Array, Array]) -> str:
        before, behind = margin
        if margin == (ZERO, ZERO):
            return ":"
        start = None if before == ZERO else to_numpy(before, names).text
        if isinstance(behind, Literal) and behind != ZERO:
            return slice_text(start, f"-{to_numpy(behind, names).text}", None)
        if behind == ZERO:
            return slice_text(start, None, None)
        return slice_text(start, to_numpy(plus(before, length), names).text, None)

    items = [item(n, margin) for n, margin in zip(array.shape, array.margins, strict=True)]
    return subscripted(local, items)


def plus(left: Array, right: Array) -> Array:
    """Return the sum of two Python numbers, written as briefly as it can be."""
    if left == ZERO:
        return right
    if right == ZERO:
        return left
    if isinstance(left, Literal) and isinstance(right, Literal):
        return number(left.value + right.value)  # type: ignore[operator, arg-type]
    if left == right:
        return Apply("*", (number(2), left))
    if isinstance(left, Literal):
        left, right = right, left
    if isinstance(right, Literal) and isinstance(left, Apply) and left.op in ("+", "-"):
        base, added = left.args
        if isinstance(added, Literal):
            return _shifted(base, plus(added if left.op == "+" else minus(added), right))
    return Apply("+", (left, right))


def _shifted(base: Array, number_added: Array) -> Array:
    value = number_added.value if isinstance(number_added, Literal) else None
    if isinstance(value, Fraction) and value < 0:
        return Apply("-", (base, number(-value)))
    return plus(base, number_added)


def minus(value: Array) -> Array:
    """Return a Python number with the other sign."""
    if isinstance(value, Literal):
        return number(-value.value)  # type: ignore[operator]
    return Apply("neg", (value,))


def times(left: Array, right: Array) -> Array:
    """Return the product of two Python numbers."""
    if left == ONE:
        return right
    if isinstance(left, Literal) and isinstance(right, Literal):
        return number(left.value * right.value)  # type: ignore[operator, arg-type]
    return Apply("*", (left, right))
