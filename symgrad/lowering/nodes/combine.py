"""Combine values whose axes differ, transposed and expanded so that they broadcast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from symgrad.language.expr import Index
from symgrad.lowering.nodes.arrays import (
    Apply,
    Array,
    Cast,
    Expand,
    KeptExtent,
    Literal,
    Permute,
    Reduction,
    Size,
    Value,
)
from symgrad.lowering.nodes.traversal import walk

ONE = Literal(Fraction(1))
TRUE, FALSE = Literal("True"), Literal("False")


def number(value: int | Fraction) -> Literal:
    """Return a literal."""
    return Literal(Fraction(value))


def truth(holds: bool) -> Value:
    """Return a condition that is decided."""
    return Value(TRUE if holds else FALSE, ())


def scalar(array: Array) -> Value:
    """Return a value without axes."""
    return Value(array, ())


def permute(array: Array, order: Sequence[int]) -> Array:
    """Return the array with its axes in another order; two permutations become one."""
    if isinstance(array, Permute):
        return permute(array.array, [array.order[position] for position in order])
    return array if tuple(order) == tuple(range(array.ndim)) else Permute(array, tuple(order))


def expand(array: Array, layout: Sequence[int | None]) -> Array:
    """Return the array with axes of length 1 put in; leading ones are left to broadcasting."""
    layout = tuple(layout)
    while layout and layout[0] is None:
        layout = layout[1:]
    if None not in layout:
        return array
    if isinstance(array, Apply) and array.op in ("*", "/"):
        # a number scales the expanded array: `2 * a[:, None]`, not `(2 * a)[:, None]`
        wide = [n for n, arg in enumerate(array.args) if arg.kind != "weak"]
        if len(wide) == 1:
            args = list(array.args)
            args[wide[0]] = expand(args[wide[0]], layout)
            return Apply(array.op, tuple(args))
    return Expand(array, layout)


def union(values: Iterable[Value], frame: Sequence[Index]) -> tuple[Index, ...]:
    """Return the indices of all the values, in the order of the frame."""
    present = {index for value in values for index in value.axes}
    if not present.issubset(frame):
        raise AssertionError("a value has an index that its frame lacks")
    return tuple(index for index in frame if index in present)


def transpose(value: Value, axes: Sequence[Index]) -> Value:
    """Return the value with its axes in the order in which they stand in `axes`."""
    kept = tuple(index for index in axes if index in value.axes)
    order = [value.axes.index(index) for index in kept]
    return Value(permute(value.array, order), kept)


def align(value: Value, axes: Sequence[Index]) -> Array:
    """Return an array that broadcasts against arrays whose axes are `axes`."""
    ordered = transpose(value, axes)
    positions = {index: position for position, index in enumerate(ordered.axes)}
    return expand(ordered.array, [positions.get(index) for index in axes])


def combine(op: str, values: Sequence[Value], frame: Sequence[Index]) -> Value:
    """Apply an elementwise operation to values with different axes."""
    axes = union(values, frame)
    return Value(Apply(op, tuple(align(value, axes) for value in values)), axes)


def as_float(value: Value) -> Value:
    """Return the value as an array of the layer's dtype, or as a Python number."""
    return Value(float_array(value.array), value.axes)


def float_array(array: Array) -> Array:
    """Cast truth values and integers, which would otherwise change the dtype of what they meet."""
    return array if array.kind in ("float", "weak") else Cast(array)


def is_one(value: Value) -> bool:
    """Say whether the value is the number 1, or a condition that always holds."""
    return value.array in (ONE, TRUE)


def multiply(left: Value, right: Value, frame: Sequence[Index]) -> Value:
    """Return the product; truth values may multiply arrays of floats as they are."""
    if is_one(left):
        return right
    if is_one(right):
        return left
    if FALSE in (left.array, right.array):
        return scalar(number(0))
    kinds = {left.array.kind, right.array.kind}
    if kinds != {"bool"} and ("float" not in kinds or "int" in kinds):
        left, right = as_float(left), as_float(right)
    return combine("*", (left, right), frame)


def divide(left: Value, right: Value, frame: Sequence[Index]) -> Value:
    """Return the quotient of two values as floats."""
    if is_one(right):
        return left
    left, right = as_float(left), as_float(right)
    if left.array.kind == right.array.kind == "weak" and _has_size(right.array):
        # Python raises at 1/0, which over an empty axis may meet no element at all
        left = Value(Cast(left.array), left.axes)
    return combine("/", (left, right), frame)


def _has_size(array: Array) -> bool:
    return any(isinstance(part, (Size, KeptExtent)) for part in walk(array))


def reduce_axes(op: str, value: Value, indices: Iterable[Index]) -> Value:
    """Reduce the axes along which `indices` run."""
    gone = set(indices)
    positions = tuple(n for n, index in enumerate(value.axes) if index in gone)
    if not positions:
        return value
    kept = tuple(index for index in value.axes if index not in gone)
    if op == "sum" and value.array.kind != "float":
        value = as_float(value)
    letters = "".join(index.name for index in value.axes)
    distinct = len(set(letters)) == len(letters) == len(value.axes) and letters.isascii()
    letters = letters if distinct and letters.isalpha() else ""
    return Value(Reduction(op, value.array, positions, letters=letters), kept)
