"""Multiply stacks of matrices: contractions with axes merged into rows and columns."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.language.expr import Index
from symgrad.lowering.expressions.elementwise import Frame, lower_extent
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.nodes.arrays import Array, Contraction, Reduction, Value
from symgrad.lowering.nodes.combine import expand, number, permute, transpose
from symgrad.lowering.nodes.views import WHOLE, Indexed, Reshape
from symgrad.lowering.nodes.windows import Layout, Matrices


@dataclass(frozen=True)
class Product:
    """Two stacks to be multiplied.

    Attributes:
        stack: the operand whose axes are laid out.
        layout: its layout.
        other: the operand that takes this layout.
        own: the indices of the other operand alone.
        summed: the indices to sum.
    """

    stack: Value
    layout: Layout
    other: Value
    own: Frame
    summed: Frame

    @property
    def inner(self) -> Frame:
        """The merged indices that the matrix product sums."""
        rows = self.layout.rows
        return rows if rows[0] in self.summed else self.layout.columns

    @property
    def outer(self) -> Frame:
        """The merged indices that stay."""
        rows = self.layout.rows
        return self.layout.columns if rows[0] in self.summed else rows


def multiply_stacks(product: Product, frame: Frame, scope: Scope) -> Value:
    """Return sum_k other[..., r, k]*stack[..., k, c], then the sum over leading axes.

    The merged axes of the result are taken apart.
    """
    lead, own, outer = product.layout.lead, product.own, product.outer
    first = own and frame.index(own[0]) > frame.index(outer[0])
    array = _matrix_product(product, bool(first))
    merged = [outer, own] if first else [own, outer]
    if not own and array.ndim == len(lead) + 1:
        merged = [outer]
    summed = tuple(n for n, index in enumerate(lead) if index in product.summed)
    if summed:
        array = Reduction("sum", array, summed)
    kept = tuple(index for index in lead if index not in product.summed)
    return _take_apart(array, kept, merged, scope)


def _matrix_product(product: Product, stack_first: bool) -> Array:
    """Return the matrix product; a vector stays one, at the side where it stands for a row."""
    layout, inner, outer = product.layout, product.inner, product.outer
    stack = as_matrices(product.stack, layout.rows, layout.columns, layout.lead)
    if product.other.axes == inner and len(inner) == 1:
        if layout.rows == inner:
            return matrix_stacks(product.other.array, stack, layout.lead)
        return matrix_stacks(stack, product.other.array, layout.lead)
    groups = (outer, inner) if stack_first else (inner, outer)
    if (layout.rows, layout.columns) != groups:
        stack = permute(stack, (*range(stack.ndim - 2), stack.ndim - 1, stack.ndim - 2))
    if stack_first:
        other = as_matrices(product.other, inner, product.own, layout.lead)
        return matrix_stacks(stack, other, layout.lead)
    other = as_matrices(product.other, product.own, inner, layout.lead)
    return matrix_stacks(other, stack, layout.lead)


def matrix_stacks(left: Array, right: Array, lead: Frame) -> Array:
    """Multiply two stacks over `lead`, or a vector and a stack; the letters only count axes."""
    letters = string.ascii_lowercase[: len(lead)]
    ends = {1: ("y", "y"), 2: ("xy", "yz")}
    spelled = [
        letters[len(letters) + 2 - max(array.ndim, 2) :] + ends[min(array.ndim, 2)][side]
        for side, array in enumerate((left, right))
    ]
    result = letters + ("x" if left.ndim > 1 else "") + ("z" if right.ndim > 1 else "")
    return Contraction("matmul", (left, right), f"{','.join(spelled)}->{result}")


def as_matrices(value: Value, rows: Frame, columns: Frame, lead: Frame) -> Array:
    """Return the value as a stack of matrices that broadcasts against stacks over `lead`."""
    present = tuple(index for index in lead if index in value.axes)
    if len(rows) == len(columns) == 1:
        stack = transpose(value, (*present, *rows, *columns)).array
    else:
        stack = _merged(value, rows, columns, present)
    positions = {index: n for n, index in enumerate(present)}
    missing = [positions.get(index) for index in lead]
    return expand(stack, [*missing, len(present), len(present) + 1])


def _merged(value: Value, rows: Frame, columns: Frame, lead: Frame) -> Array:
    if tuple(index for index in value.axes if index in lead) != lead:
        value = transpose(value, (*lead, *rows, *columns))
    places = [tuple(value.axes.index(index) for index in group) for group in (rows, columns)]
    return Matrices(value.array, places[0], places[1])


def _take_apart(array: Array, lead: Frame, merged: Sequence[Frame], scope: Scope) -> Value:
    """Return the array with its last axes, one for each group, as one axis for each index."""
    axes = (*lead, *(index for group in merged for index in group))
    if all(len(group) == 1 for group in merged):
        return Value(array, axes)
    if all(len(group) < 2 for group in merged):
        items = [WHOLE if group else number(0) for group in merged]
        return Value(Indexed(array, (*[WHOLE] * len(lead), *items)), axes)
    return Value(Reshape(array, tuple(_length(index, scope) for index in axes)), axes)


def _length(index: Index, scope: Scope) -> Array:
    if index.extent is None:
        raise AssertionError(f"index {index} has no extent")
    return lower_extent(index.extent, scope)
