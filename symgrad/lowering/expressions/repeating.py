"""Repeat a value along the axes of a left side that it lacks."""

from __future__ import annotations

from symgrad.language.expr import Expr, Index
from symgrad.lowering.expressions.elementwise import Frame, lower_extent
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.nodes.arrays import Array, Fill, Value
from symgrad.lowering.nodes.combine import align, float_array, transpose


def repeated(value: Value, target: Frame, scope: Scope, result: bool = False) -> Array:
    """Return the array over all axes of a left side, as floats or integers.

    A result is an array of floats whatever it holds.
    """
    value = transpose(value, target)
    array = value.array if value.array.kind == "int" and not result else float_array(value.array)
    if len(value.axes) == len(target) and not (result and array.kind == "weak"):
        return array
    if not value.axes:
        shape = tuple(lower_extent(extent_of(index), scope) for index in target)
        return Fill(array, shape, tuple(range(len(target))))
    return _repeat(Value(array, value.axes), target, scope).array


def _repeat(value: Value, target: Frame, scope: Scope) -> Value:
    """Return the value repeated along the indices that it lacks, one after another."""
    for index in target:
        if index not in value.axes:
            axes = tuple(i for i in target if i is index or i in value.axes)
            shape = tuple(lower_extent(extent_of(i), scope) for i in axes)
            value = Value(Fill(align(value, axes), shape, (axes.index(index),)), axes)
    return value


def extent_of(index: Index) -> Expr:
    """Return how far an index of a left side runs."""
    if index.extent is None:
        raise AssertionError(f"index {index.name} of a left side has no extent")
    return index.extent
