"""Describe the affine subscripts of an axis, and the slices that read them."""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.language.affine import affine, is_nonnegative, simplified
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    AxisLength,
    Element,
    Expr,
    FloorDiv,
    Index,
    Number,
    add,
    mul,
    split_coefficient,
    subtract,
    walk,
)
from symgrad.lowering.expressions.lengths import is_step, same_length
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.indexing.indices import lower_count
from symgrad.lowering.nodes.arrays import Array
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.views import Item, Slice


@dataclass(frozen=True)
class Access:
    """An affine subscript of an axis: start + sum of step*index.

    Attributes:
        length: the length of the axis.
        start: the place that is read where all indices are 0.
        steps: each index with what its step moves by.
    """

    length: Expr
    start: Expr
    steps: tuple[tuple[Index, Expr], ...]

    @property
    def indices(self) -> tuple[Index, ...]:
        """The indices of the subscript, in reading order."""
        return tuple(index for index, _ in self.steps)

    @property
    def is_regular(self) -> bool:
        """Whether all steps are known not to be 0, and their signs known."""
        return all(is_step(step) for _, step in self.steps)

    def upright(self) -> Access:
        """Return the access with every index that runs backwards taken from its other end."""
        start, steps = self.start, []
        for index, step in self.steps:
            if is_backward(step):
                start = add(start, mul(step, subtract(extent(index), ONE)))
                step = mul(MINUS_ONE, step)
            steps.append((index, step))
        return Access(self.length, simplified(start), tuple(steps))

    def reach(self, *indices: Index) -> Expr:
        """Return the place behind the last one that is read, but for the steps of `indices`."""
        moves = [
            mul(step, extent(index) if index in indices else subtract(extent(index), ONE))
            for index, step in self.steps
        ]
        return simplified(add(self.start, *moves))


def access(subscript: Expr, length: Expr, scope: Scope) -> Access | None:
    """Return the affine form of a subscript; None where it is none, or data decide it."""
    if any(isinstance(p, Element) and p.name not in scope.constants for p in walk(subscript)):
        return None
    form = affine(subscript)
    return None if form is None else Access(length, simplified(form.constant), form.coefficients)


def extent(index: Index) -> Expr:
    """Return how far an index runs."""
    if index.extent is None:
        raise AssertionError(f"index {index} has no extent")
    return index.extent


def is_backward(step: Expr) -> bool:
    """Say whether a regular step is negative; constants that multiply an index are at least 1."""
    return split_coefficient(step)[0] < 0


def is_whole(axis: Access) -> bool:
    """Say whether a subscript is a bare index that runs over the whole axis."""
    return (
        len(axis.steps) == 1
        and axis.steps[0][1] == ONE
        and axis.start == ZERO
        and same_length(extent(axis.indices[0]), axis.length)
    )


def window_pair(axis: Access) -> tuple[Index, ...]:
    """Return the index that moves the window, then the one that runs inside it.

    The length of a window is given by itself, how far it moves by what is left of the axis.
    """
    first, *others = axis.indices
    if others and _is_given(extent(first)) and not _is_given(extent(others[0])):
        return (others[0], first)
    return axis.indices


def _is_given(length: Expr) -> bool:
    return isinstance(length, (AxisLength, Number, Element))


def flattened_order(axis: Access) -> tuple[Index, ...] | None:
    """Return the indices from the slowest to the fastest where they count through an axis."""
    order: list[Index] = []
    step: Expr = ONE
    steps = dict(axis.steps)
    while steps:
        found = next((index for index in steps if same_length(steps[index], step)), None)
        if found is None:
            return None
        order.insert(0, found)
        step = mul(step, extent(found))
        del steps[found]
    return tuple(order) if axis.start == ZERO else None


def slice_item(axis: Access, scope: Scope) -> Item:
    """Return the slice that reads an axis at start + step*index, or the place of a literal.

    The stop is exact, so that an extent shorter than what fits is right, and never negative where
    anything is read; it is left out where it provably is the end of the axis. What runs backwards
    is a slice of its own, read from its other end.
    """
    if not axis.steps:
        return lower_count(axis.start, scope)
    forward = axis.upright()
    ((index, step),) = forward.steps
    start = None if forward.start == ZERO else lower_count(forward.start, scope)
    stride = None if step == ONE else lower_count(step, scope)
    stop = forward.reach(index)
    if is_nonnegative(subtract(stop, axis.length)):
        return (start, None, stride)
    return (start, _stop(stop, axis.length, forward, scope), stride)


def backward_item(axis: Access, scope: Scope) -> Slice | None:
    """Return the slice with a negative step that reads an axis; None where its stop is not sure.

    A stop in front of the first place would be -1, which NumPy takes for the last one. So the index
    must run from the end of the axis to its beginning, or all must be numbers.
    """
    if len(axis.steps) != 1 or not axis.is_regular or not is_backward(axis.steps[0][1]):
        return None
    ((index, step),) = axis.steps
    length = extent(index)
    room = subtract(axis.length, ONE)
    most = add(FloorDiv(room, mul(MINUS_ONE, step)), ONE)
    if same_length(axis.start, room) and same_length(length, most):
        return (None, None, lower_count(step, scope))
    last = axis.reach()
    numbers = [part.value for part in (axis.start, last, length, step) if isinstance(part, Number)]
    if len(numbers) < 4 or numbers[2] < 1 or numbers[1] < 0:
        return None
    stop = number(numbers[1] - 1) if numbers[1] else None
    return (number(numbers[0]), stop, number(numbers[3]))


def _stop(stop: Expr, length: Expr, axis: Access, scope: Scope) -> Array:
    """Return where a slice stops, from the end of the axis where that is a number: x[:-1]."""
    behind = simplified(subtract(stop, length))
    inside = isinstance(axis.start, Number) and axis.start.value >= 0
    if inside and isinstance(behind, Number) and not isinstance(length, Number):
        return number(behind.value)
    return lower_count(stop, scope)
