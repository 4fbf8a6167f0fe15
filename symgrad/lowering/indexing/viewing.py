"""Build views of an array that is read at affine subscripts: slices, windows, strides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symgrad.language.affine import is_nonnegative
from symgrad.language.expr import ONE, ZERO, Expr, FloorDiv, Index, add, mul, subtract
from symgrad.lowering.expressions.lengths import same_length
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.indexing.indices import lower_count
from symgrad.lowering.indexing.subscripts import (
    Access,
    backward_item,
    extent,
    flattened_order,
    is_backward,
    is_whole,
    slice_item,
    window_pair,
)
from symgrad.lowering.nodes.arrays import Array, Contraction, Value
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.views import WHOLE, Indexed, Item, Reshape, Slice, Strided, Windows

REVERSED: Slice = (None, None, number(-1))


def view(array: Array, accesses: Sequence[Access], scope: Scope) -> Value:
    """Return a view of an array read at affine subscripts.

    Axes with one index are slices, axes with two are windows. An index that stands in two axes, or
    three indices in one, take a view by strides: axis by axis would be wrong there.
    """
    indices = [index for axis in accesses for index in axis.indices]
    if len(set(indices)) < len(indices) and all(is_whole(axis) for axis in accesses):
        return diagonal(array, indices)
    if len(set(indices)) == len(indices):
        array, accesses = unflattened(array, accesses, scope)
    plain = all(axis.is_regular and len(axis.steps) <= 2 for axis in accesses)
    if len(set(indices)) < len(indices) or not plain:
        return strided(array, accesses, scope)
    return windows(array, accesses, scope)


def unflattened(
    array: Array, accesses: Sequence[Access], scope: Scope
) -> tuple[Array, Sequence[Access]]:
    """Return the array with an axis of its own for each of three indices or more of one axis.

    c*r*s + u*s + v, with u < r and v < s, is such an axis: every place is read once, in order.
    """
    shape: list[Expr] = []
    items: list[Item] = []
    plain: list[Access] = []
    for axis in accesses:
        order = flattened_order(axis) if len(axis.steps) > 2 else None
        lengths = [extent(index) for index in order] if order else [axis.length]
        stop = mul(*lengths)
        whole = same_length(stop, axis.length)
        items.append(WHOLE if whole else (None, lower_count(stop, scope), None))
        shape += lengths
        plain += [Access(extent(i), ZERO, ((i, ONE),)) for i in order] if order else [axis]
    if len(shape) == len(accesses):
        return array, accesses
    sizes = tuple(lower_count(length, scope) for length in shape)
    return Reshape(indexed(array, items), sizes), plain


def diagonal(array: Array, indices: Sequence[Index]) -> Value:
    """Return the array whose axes carry `indices`, with one axis for each different index."""
    axes = tuple(dict.fromkeys(indices))
    letters = dict(zip(axes, "ijklmnopqrstuvwxyz", strict=False))
    spec = "".join(letters[index] for index in indices)
    result = "".join(letters[index] for index in axes)
    return Value(Contraction("einsum", (array,), f"{spec}->{result}"), axes)


def strided(array: Array, accesses: Sequence[Access], scope: Scope) -> Value:
    """Return the view in which each index moves along all the axes in whose subscript it stands."""
    axes = tuple(dict.fromkeys(index for axis in accesses for index in axis.indices))
    start = tuple(lower_count(axis.start, scope) for axis in accesses)
    steps = tuple(
        tuple(lower_count(dict(axis.steps).get(index, ZERO), scope) for axis in accesses)
        for index in axes
    )
    shape = tuple(lower_count(extent(index), scope) for index in axes)
    return Value(Strided(array, start, steps, shape), axes)


def windows(array: Array, accesses: Sequence[Access], scope: Scope) -> Value:
    """Return slices of the axes with one index, and windows over those with two."""
    turned = {axis.indices[0]: item for axis in accesses if (item := backward_item(axis, scope))}
    items: list[Item] = []
    for axis in accesses:
        if len(axis.steps) == 2:
            items.append(WHOLE)
        else:
            items.append(_turned_item(axis, turned) or slice_item(axis, scope))
    array = indexed(array, items)
    kept = [axis for axis in accesses if axis.steps]
    axes = [window_pair(axis)[0] for axis in kept]
    for place, axis in enumerate(kept):
        if len(axis.steps) == 2:
            array = _windowed(array, place, axis.upright(), scope)
            axes.append(window_pair(axis)[1])
    steps = {index: step for axis in kept for index, step in axis.steps if index not in turned}
    flips = [REVERSED if i in steps and is_backward(steps[i]) else WHOLE for i in axes]
    return Value(indexed(array, flips), tuple(axes))


def _turned_item(axis: Access, turned: Mapping[Index, Slice]) -> Slice | None:
    return turned.get(axis.indices[0]) if axis.steps else None


def indexed(array: Array, items: Sequence[Item]) -> Array:
    """Return the array indexed; itself where every axis stays whole."""
    return array if all(item == WHOLE for item in items) else Indexed(array, tuple(items))


def _windowed(array: Array, place: int, axis: Access, scope: Scope) -> Array:
    moved, inner = window_pair(axis)
    steps = dict(axis.steps)
    last = mul(steps[inner], subtract(extent(inner), ONE))
    fitting = FloorDiv(subtract(subtract(axis.length, add(axis.start, last)), ONE), steps[moved])
    # a padded axis that comes out negative has length 0, where more would fit
    fits = is_nonnegative(axis.length) and same_length(add(fitting, ONE), extent(moved))
    return Windows(
        array,
        place,
        lower_count(extent(inner), scope),
        lower_count(steps[moved], scope),
        lower_count(steps[inner], scope),
        lower_count(axis.start, scope),
        None if fits else lower_count(extent(moved), scope),
    )
