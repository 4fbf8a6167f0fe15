"""Count what array expressions cost: operations, bytes moved, arrays that are allocated.

An elementwise operation or function counts one for each element of its result, a reduction one for
each element that it reads, a product of two arrays that is summed two for each pair of factors.
Bytes are those of the arrays that an operation reads and of the one that it writes; a view moves
none, and what NumPy copies inside one call is not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import singledispatch

from symgrad.lowering.counting.axis_lengths import AxisLengths, Shape
from symgrad.lowering.counting.polynomials import Polynomial, constant, product
from symgrad.lowering.nodes.arrays import (
    Apply,
    Arange,
    Array,
    Cast,
    Contraction,
    Cumulative,
    Expand,
    Eye,
    Fill,
    Opaque,
    Permute,
    Reduction,
    Tri,
    Variable,
)
from symgrad.lowering.nodes.scatters import Zeros
from symgrad.lowering.nodes.views import Indexed, Reshape, Slice, Strided, Windows
from symgrad.lowering.nodes.windows import Matrices, WindowProduct
from symgrad.lowering.plans.over_windows import OverWindows
from symgrad.lowering.plans.sharing import is_view

NONE, ONE, TWO = constant(0), constant(1), constant(2)

# functions that are several operations: how many, and how many arrays these read and write
FUNCTIONS = {"sigmoid": (4, 8), "softplus": (6, 13)}
BYTES = {"bool": 1, "int": 8}


@dataclass(frozen=True)
class Made:
    """The result of an expression: its shape, the bytes of an element, whether it is new."""

    shape: Shape
    width: int
    fresh: bool = True

    @property
    def bytes(self) -> Polynomial:
        """How much memory it has."""
        return product(self.shape) * constant(self.width)


@dataclass
class Tally:
    """What was counted so far.

    Attributes:
        lengths: the lengths of axes.
        width: the bytes of a floating number.
        flops: operations.
        moved: bytes read and written.
        allocated: the arrays that were allocated.
    """

    lengths: AxisLengths
    width: int
    flops: Polynomial = NONE
    moved: Polynomial = NONE
    allocated: list[Made] = field(default_factory=list)

    def visit(self, array: Array) -> Made:
        """Count an expression, and return its result."""
        if array.kind == "weak":
            return Made((), 0, False)
        return cost(array, self)

    def sized(self, shape: Shape, kind: str) -> Made:
        """Return a new array of a kind."""
        return Made(shape, BYTES.get(kind, self.width))

    def add(self, flops: Polynomial, args: Sequence[Made], shape: Shape, kind: str) -> Made:
        """Count one operation that allocates its result, and return that."""
        made = self.sized(shape, kind)
        self.flops += flops
        for part in (*args, made):
            self.moved += part.bytes
        self.allocated.append(made)
        return made

    def seen(self, source: Made, shape: Shape) -> Made:
        """Return a view, which costs nothing."""
        return Made(shape, source.width, source.fresh)


@singledispatch
def cost(array: Array, tally: Tally) -> Made:
    """Count the operations of `array`, innermost first, and return what it makes.

    Raises:
        AssertionError: for a node whose cost is not known.
    """
    raise AssertionError(f"the cost of {type(array).__name__} is not known")


# --- leaves --------------------------------------------------------------------------------------


@cost.register
def _(array: Variable, tally: Tally) -> Made:
    shape = tally.lengths.shapes[array.name]
    return Made(shape, BYTES.get(array.kind, tally.width), False)


@cost.register
def _(array: Arange, tally: Tally) -> Made:
    return tally.add(NONE, (), (tally.lengths.of(array.length),), array.kind)


@cost.register(Eye)
@cost.register(Tri)
def _(array: Eye | Tri, tally: Tally) -> Made:
    shape = (tally.lengths.of(array.rows), tally.lengths.of(array.columns))
    return tally.add(NONE, (), shape, array.kind)


@cost.register(Fill)
@cost.register(Zeros)
def _(array: Fill | Zeros, tally: Tally) -> Made:
    args = [tally.visit(array.array)] if isinstance(array, Fill) else []
    return tally.add(NONE, args, lengths_of(array.shape, tally), "float")


def lengths_of(shape: Sequence[Array], tally: Tally) -> Shape:
    """Return a shape as polynomials."""
    return tuple(tally.lengths.of(length) for length in shape)


# --- elementwise ---------------------------------------------------------------------------------


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """Return the shape of arrays that meet: along each axis the length that is not 1."""
    rank = max(map(len, shapes), default=0)
    result = [ONE] * rank
    for shape in shapes:
        for place, length in enumerate(shape, rank - len(shape)):
            result[place] = length if result[place] == ONE else result[place]
    return tuple(result)


@cost.register
def _(array: Apply, tally: Tally) -> Made:
    args = [tally.visit(arg) for arg in array.args]
    shape = broadcast([arg.shape for arg in args])
    if array.op in FUNCTIONS:
        operations, arrays = FUNCTIONS[array.op]
        tally.moved += constant(arrays - 2) * args[0].bytes
        return tally.add(constant(operations) * product(shape), args, shape, array.kind)
    return tally.add(product(shape), args, shape, array.kind)


@cost.register
def _(array: Opaque, tally: Tally) -> Made:
    arg = tally.visit(array.array)
    return tally.add(product(arg.shape), [arg], arg.shape, array.kind)


@cost.register
def _(array: Cast, tally: Tally) -> Made:
    inner = array.array
    if isinstance(inner, Arange):
        return tally.add(NONE, (), (tally.lengths.of(inner.length),), "float")
    if isinstance(inner, (Eye, Tri)):
        shape = (tally.lengths.of(inner.rows), tally.lengths.of(inner.columns))
        return tally.add(NONE, (), shape, "float")
    made = tally.visit(inner)
    return tally.add(NONE, [made], made.shape, "float")


# --- views ---------------------------------------------------------------------------------------


@cost.register
def _(array: Expand, tally: Tally) -> Made:
    made = tally.visit(array.array)
    return tally.seen(made, tuple(ONE if a is None else made.shape[a] for a in array.layout))


@cost.register
def _(array: Permute, tally: Tally) -> Made:
    made = tally.visit(array.array)
    return tally.seen(made, tuple(made.shape[axis] for axis in array.order))


@cost.register
def _(array: Reshape, tally: Tally) -> Made:
    return tally.seen(tally.visit(array.array), lengths_of(array.shape, tally))


@cost.register
def _(array: Strided, tally: Tally) -> Made:
    return tally.seen(tally.visit(array.array), lengths_of(array.shape, tally))


@cost.register
def _(array: Windows, tally: Tally) -> Made:
    made = tally.visit(array.array)
    of = tally.lengths.of
    if array.count is not None:
        count = of(array.count)
    else:
        reach = of(array.start) + of(array.dilation) * (of(array.size) - ONE) + ONE
        steps = tally.lengths.quotient(made.shape[array.axis] - reach, of(array.step))
        count = steps + ONE
    before, behind = made.shape[: array.axis], made.shape[array.axis + 1 :]
    return tally.seen(made, (*before, count, *behind, of(array.size)))


@cost.register
def _(array: OverWindows, tally: Tally) -> Made:
    windows = tally.visit(array.windows)
    return tally.add(product(windows.shape), [windows], windows.shape[:-1], "float")


@cost.register
def _(array: Indexed, tally: Tally) -> Made:
    made = tally.visit(array.array)
    places = [
        tally.visit(item) for item in array.items if isinstance(item, Array) and item.kind != "weak"
    ]
    sliced = [
        _sliced(item, length, tally)
        for item, length in zip(array.items, made.shape, strict=True)
        if not isinstance(item, Array)
    ]
    if is_view(array):
        return tally.seen(made, tuple(sliced))
    # where the axes of the integers stand does not change what it costs
    shape = (*broadcast([place.shape for place in places]), *sliced)
    return tally.add(NONE, [Made(shape, made.width), *places], shape, array.kind)


def _sliced(item: Slice, length: Polynomial, tally: Tally) -> Polynomial:
    start, stop, step = item
    if step is not None and tally.lengths.of(step) == constant(-1):
        return length if start is stop is None else tally.lengths.of(start) + ONE  # type: ignore[arg-type]
    first = NONE if start is None else tally.lengths.of(start)
    last = length if stop is None else tally.lengths.of(stop)
    if last.terms and all(coefficient < 0 for _, coefficient in last.terms):
        last = length + last
    if step is None:
        return tally.lengths.short(last - first)
    return tally.lengths.quotient(last - first - ONE, tally.lengths.of(step)) + ONE


@cost.register
def _(array: Matrices, tally: Tally) -> Made:
    made = tally.visit(array.array)
    merged = (*array.rows, *array.columns)
    lead = [length for axis, length in enumerate(made.shape) if axis not in merged]
    groups = [product(made.shape[axis] for axis in group) for group in (array.rows, array.columns)]
    return tally.seen(made, (*lead, *groups))


@cost.register
def _(array: WindowProduct, tally: Tally) -> Made:
    """The copies of a few windows at a time are not counted: they stay in the cache."""
    args = [tally.visit(array.windows), tally.visit(array.other)]
    spelled, result = array.subscripts.split("->")
    lengths: dict[str, Polynomial] = {}
    for letters, arg in zip(spelled.split(","), args, strict=True):
        lengths.update(zip(letters, arg.shape, strict=True))
    shape = tuple(lengths[letter] for letter in result)
    return tally.add(TWO * product(lengths.values()), args, shape, array.kind)


# --- reductions ----------------------------------------------------------------------------------


@cost.register
def _(array: Reduction, tally: Tally) -> Made:
    made = tally.visit(array.array)
    axes = enumerate(made.shape)
    if array.keepdims:
        shape = tuple(ONE if axis in array.axes else length for axis, length in axes)
    else:
        shape = tuple(length for axis, length in axes if axis not in array.axes)
    flops = product(made.shape)
    if array.op == "mean":
        flops += product(shape)
        tally.moved += TWO * tally.sized(shape, "float").bytes
    return tally.add(flops, [made], shape, array.kind)


@cost.register
def _(array: Cumulative, tally: Tally) -> Made:
    made = tally.visit(array.array)
    return tally.add(product(made.shape), [made], made.shape, array.kind)


@cost.register
def _(array: Contraction, tally: Tally) -> Made:
    args = [tally.visit(arg) for arg in array.args]
    spelled, result = array.subscripts.split("->")
    lengths: dict[str, Polynomial] = {}
    for letters, arg in zip(spelled.split(","), args, strict=True):
        for letter, length in zip(letters, arg.shape, strict=True):
            if lengths.get(letter, ONE) == ONE:
                lengths[letter] = length
    shape = tuple(lengths[letter] for letter in result)
    if len(args) == 1:
        return _diagonal(args[0], shape, spelled, result, tally)
    summed = set(lengths) - set(result)
    operations = constant(len(args) if summed else len(args) - 1)
    return tally.add(operations * product(lengths.values()), args, shape, array.kind)


def _diagonal(arg: Made, shape: Shape, spelled: str, result: str, tally: Tally) -> Made:
    """Count a view of a diagonal, or the sum along one."""
    if set(spelled) == set(result):
        return tally.seen(arg, shape)
    return tally.add(product(arg.shape), [arg], shape, "float")
