"""Gather the entries of an array at places that are computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from symgrad.formats.text import to_text
from symgrad.language.expr import Expr, Index, free_indices
from symgrad.lowering.expressions.elementwise import Frame
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.indexing.indices import lower_index
from symgrad.lowering.indexing.subscripts import Access, is_backward, slice_item
from symgrad.lowering.nodes.arrays import Array, Helper, Value
from symgrad.lowering.nodes.combine import align, union
from symgrad.lowering.nodes.views import WHOLE, Indexed, Item

EMPTY: Mapping[int, Array] = MappingProxyType({})


def gather(
    array: Array,
    subscripts: Sequence[Expr],
    accesses: Sequence[Access | None],
    scope: Scope,
    frame: Frame,
    name: str,
    ends: Mapping[int, Array] = EMPTY,
) -> Value:
    """Return the entries at computed places: slices where an axis has an index of its own.

    Args:
        array: what is read.
        subscripts: one index expression for each axis.
        accesses: the affine form of each where a slice can read it.
        scope: the names in use.
        frame: an order of the indices.
        name: what is read, in the formula.
        ends: the axes whose last entry stands for all places outside, each with its place.
    """
    items: list[Item] = []
    sliced: list[Index] = []
    places: dict[int, Value] = {}
    for axis, (subscript, form) in enumerate(zip(subscripts, accesses, strict=True)):
        others = [part for n, part in enumerate(subscripts) if n != axis]
        if form is not None and _is_sliced(form, others):
            items.append(slice_item(form, scope))
            sliced += form.indices
        else:
            items.append(WHOLE)
            value = lower_index(subscript, scope, frame)
            if axis in ends:
                value = _within(value, ends[axis])
            elif not scope.assigned.isdisjoint(subscript.names):
                value = _checked(value, array, axis, name, to_text(subscript))
            places[axis] = value
    inner = union(places.values(), frame)
    if len(places) == 1 and inner and items.count(WHOLE) == len(items):
        ((axis, place),) = places.items()
        return _taken(array, axis, place, sliced)
    for axis, place in places.items():
        items[axis] = align(place, inner)
    before = _slices_before(places, len(items)) if inner else 0
    axes = (*sliced[:before], *inner, *sliced[before:])
    return Value(Indexed(array, tuple(items)), axes)


def _taken(array: Array, axis: int, place: Value, sliced: Sequence[Index]) -> Value:
    """Return whole rows along one axis; np.take copies them faster than x[t]."""
    rank = array.ndim - 1 + len(place.axes)
    options = (("axis", axis),)
    taken = Helper("np.take", (array, place.array), rank, options, array.kind)
    return Value(taken, (*sliced[:axis], *place.axes, *sliced[axis:]))


def _within(place: Value, end: Array) -> Value:
    """Return the places, those outside 0..end - 1 at `end`."""
    rank, options = len(place.axes), (("length", end),)
    return Value(Helper("_within", (place.array,), rank, options, "int"), place.axes)


def _checked(place: Value, array: Array, axis: int, name: str, subscript: str) -> Value:
    """Return places that forward computes, which no check of its arguments could see."""
    options = (("axis", axis), ("name", f'"{subscript}"'), ("of", f'"{name}"'))
    arrays = (place.array, array)
    return Value(Helper("_places", arrays, len(place.axes), options, "int"), place.axes)


def _is_sliced(form: Access, others: Iterable[Expr]) -> bool:
    """Say whether the subscript has one index, which no other subscript has."""
    if len(form.steps) != 1 or not form.is_regular or is_backward(form.steps[0][1]):
        return False
    return all(form.indices[0] not in free_indices(other) for other in others)


def _slices_before(places: Iterable[int], count: int) -> int:
    """Return how many slices stand before the axes of the computed places.

    NumPy puts those axes in front where a slice stands between two computed places.
    """
    first, *others = places
    adjacent = [first, *others] == list(range(first, first + 1 + len(others)))
    return first if adjacent else 0
