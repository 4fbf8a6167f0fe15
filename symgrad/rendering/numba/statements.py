"""Write a fusible array expression as a statement about single entries, inside numbered loops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import singledispatch

from symgrad.lowering.nodes.arrays import (
    Apply,
    Arange,
    Array,
    Cast,
    Contraction,
    Expand,
    Eye,
    Fill,
    Literal,
    Permute,
    Reduction,
    Size,
    Tri,
    Variable,
)
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.traversal import rewrite, walk
from symgrad.rendering.numba.fusible import Part, UnitAxes, unit_axes
from symgrad.rendering.numba.nodes import Element, Place

Index = tuple[int | None, ...]
ZERO = Literal(Fraction(0))


@dataclass(frozen=True)
class Statement:
    """One named value inside of loops.

    Attributes:
        name: its name.
        body: what is computed at one place, or what is accumulated.
        loops: the numbers of its loops, outermost first.
        index: for each axis of the result its loop, None where the axis has length 1.
        op: empty, or sum, max or min.
        reduced: the loops that it reduces.
        kind: float, bool or int.
        lengths: how far loops run that no array shows.
        part: the assignment it comes from.
    """

    name: str
    body: Array
    loops: tuple[int, ...]
    index: Index
    op: str
    reduced: frozenset[int]
    kind: str
    lengths: Mapping[int, Array]
    part: Part

    def reads(self) -> set[str]:
        """Return the names of the arrays it reads."""
        return {part.name for part in walk(self.body) if isinstance(part, Element)}

    def elements(self) -> list[Element]:
        """Return the entries it reads, each once."""
        return list(dict.fromkeys(p for p in walk(self.body) if isinstance(p, Element)))

    def renumbered(self, numbers: Mapping[int, int], order: Sequence[int]) -> Statement:
        """Return the statement with other numbers for its loops, which stand in `order`."""
        loops = sorted((numbers[loop] for loop in self.loops), key=order.index)
        return Statement(
            self.name,
            renumber(self.body, numbers),
            tuple(loops),
            tuple(None if loop is None else numbers[loop] for loop in self.index),
            self.op,
            frozenset(numbers[loop] for loop in self.reduced),
            self.kind,
            {numbers[loop]: length for loop, length in self.lengths.items()},
            self.part,
        )

    def with_body(self, body: Array) -> Statement:
        """Return the statement with another right side."""
        parts = (self.loops, self.index, self.op, self.reduced, self.kind, self.lengths, self.part)
        return Statement(self.name, body, *parts)


def renumber(body: Array, numbers: Mapping[int, int]) -> Array:
    """Return a body with other numbers for its loops."""

    def visit(array: Array) -> Array | None:
        if isinstance(array, Element):
            index = tuple(None if loop is None else numbers[loop] for loop in array.index)
            return Element(array.name, index, array.type)
        return Place(numbers[array.loop]) if isinstance(array, Place) else None

    return rewrite(body, visit)


@dataclass
class Frame:
    """What is known while an expression is written out: axes of length 1, lengths of loops."""

    units: UnitAxes
    lengths: dict[int, Array] = field(default_factory=dict)

    def note(self, loop: int | None, length: Array) -> None:
        """Note how far a loop runs."""
        if loop is not None:
            self.lengths.setdefault(loop, length)


def statement_of(part: Part, units: UnitAxes) -> Statement | None:
    """Return the statement of a fusible part; None where its axes have no loops of their own."""
    array, frame = part.array, Frame(units)
    op, reduced = "", frozenset[int]()
    if isinstance(array, Reduction):
        op, reduced = array.op, frozenset(array.axes)
        loops = tuple(range(array.array.ndim))
        inner = unit_axes(array.array, units)
        if any(inner):
            return None
        body = entry(array.array, loops, frame)
        kept = [None if axis in reduced else axis for axis in loops]
        index = tuple(kept if array.keepdims else [axis for axis in kept if axis is not None])
    elif isinstance(array, Contraction):
        op = "sum"
        body, loops, index = _product(array, frame)
        reduced = frozenset(loops) - {axis for axis in index if axis is not None}
    else:
        unit = unit_axes(array, units)
        index = tuple(None if one else axis for axis, one in enumerate(unit))
        loops = tuple(axis for axis in index if axis is not None)
        body = entry(array, index, frame)
    if not loops or array.kind == "int":  # loops compute in the layer's type, places are exact
        return None
    if op:
        loops = in_memory_order(loops, body)
    lengths = frame.lengths
    return Statement(part.name, body, loops, index, op, reduced, array.kind, lengths, part)


def in_memory_order(loops: tuple[int, ...], body: Array) -> tuple[int, ...]:
    """Return the loops in the order of the axes of an array that has all of them, if any."""
    for element in walk(body):
        if isinstance(element, Element) and set(element.index) == set(loops):
            return tuple(loop for loop in element.index if loop is not None)
    return loops


def _product(array: Contraction, frame: Frame) -> tuple[Array, tuple[int, ...], Index]:
    """Return the product of the factors, all loops in the order of the factor that has them."""
    left, right = array.subscripts.split("->")
    terms = left.split(",")
    longest = max(terms, key=len)
    numbers = {letter: loop for loop, letter in enumerate(longest)}
    body: Array | None = None
    for arg, term in zip(array.args, terms, strict=True):
        factor = entry(arg, tuple(numbers[letter] for letter in term), frame)
        body = factor if body is None else Apply("*", (body, factor))
    if body is None:
        raise AssertionError(f"a contraction of nothing: {array.subscripts}")
    return body, tuple(range(len(longest))), tuple(numbers[letter] for letter in right)


# --- entries -------------------------------------------------------------------------------------


def _number(array: Array) -> Array:
    """Return a Python number with the names in it as entries of no axes."""

    def visit(part: Array) -> Array | None:
        return Element(part.name, (), part.kind) if isinstance(part, Variable) else None

    return rewrite(array, visit)


@singledispatch
def entry(array: Array, index: Index, frame: Frame) -> Array:
    """Return the entry of an array at the place where its axes have the given loops."""
    if array.kind == "weak":
        return _number(array)
    raise AssertionError(f"{type(array).__name__} has no entries inside of loops")


@entry.register
def _(array: Variable, index: Index, frame: Frame) -> Array:
    units = unit_axes(array, frame.units)
    places = tuple(None if one else loop for loop, one in zip(index, units, strict=True))
    for axis, loop in enumerate(places):
        frame.note(loop, Size(array.name, axis))
    return Element(array.name, places, array.kind)


@entry.register
def _(array: Apply, index: Index, frame: Frame) -> Array:
    if array.kind == "weak":
        return _number(array)
    args = (entry(arg, index[len(index) - arg.ndim :], frame) for arg in array.args)
    return Apply(array.op, tuple(args))


@entry.register
def _(array: Expand, index: Index, frame: Frame) -> Array:
    inner = {axis: loop for axis, loop in zip(array.layout, index, strict=True) if axis is not None}
    return entry(array.array, tuple(inner[axis] for axis in range(array.array.ndim)), frame)


@entry.register
def _(array: Permute, index: Index, frame: Frame) -> Array:
    inner = dict(zip(array.order, index, strict=True))
    return entry(array.array, tuple(inner[axis] for axis in range(array.ndim)), frame)


@entry.register
def _(array: Cast, index: Index, frame: Frame) -> Array:
    return Cast(entry(array.array, index, frame))


@entry.register
def _(array: Literal, index: Index, frame: Frame) -> Array:
    return array


@entry.register
def _(array: Arange, index: Index, frame: Frame) -> Array:
    frame.note(index[0], array.length)
    return _place(index[0])


@entry.register(Tri)
@entry.register(Eye)
def _(array: Tri | Eye, index: Index, frame: Frame) -> Array:
    row, column = map(_place, index)
    frame.note(index[0], array.rows)
    frame.note(index[1], array.columns)
    if isinstance(array, Eye):
        return Apply("==", (row, column))
    shifted = Apply("+", (row, number(array.offset))) if array.offset else row
    return Apply("<=", (column, shifted))


def _place(loop: int | None) -> Array:
    return ZERO if loop is None else Place(loop)


@entry.register
def _(array: Fill, index: Index, frame: Frame) -> Array:
    for loop, length in zip(index, array.shape, strict=True):
        frame.note(loop, length)
    inner = array.array
    if inner.ndim == 0:
        return Cast(entry(inner, (), frame)) if inner.kind != "float" else entry(inner, (), frame)
    if inner.ndim < len(array.shape):
        return entry(inner, tuple(i for n, i in enumerate(index) if n not in array.missing), frame)
    places = (None if axis in array.missing else loop for axis, loop in enumerate(index))
    return entry(inner, tuple(places), frame)
