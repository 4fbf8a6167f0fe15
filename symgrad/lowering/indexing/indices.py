"""Lower index arithmetic and comparisons of indices: integers stay integers, never floats."""

from __future__ import annotations

import operator
from functools import singledispatch

from symgrad.language.affine import affine, simplified
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Compare,
    Delta,
    Element,
    Expr,
    Extent,
    FloorDiv,
    Index,
    Mod,
    Mul,
    Number,
    mul,
    split_coefficient,
    subtract,
    walk,
)
from symgrad.language.index_expressions import is_index_expression
from symgrad.lowering.expressions.elementwise import MIRRORED, Frame, lower
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.nodes.arrays import Apply, Array, Eye, Helper, Tri, Value
from symgrad.lowering.nodes.combine import combine, permute, truth


def is_whole(expr: Expr, scope: Scope) -> bool:
    """Say whether an expression is index arithmetic whose tensors all hold integers."""
    return is_index_expression(expr) and all(
        scope.tensors[part.name].kind in ("int", "weak")
        for part in walk(expr)
        if isinstance(part, Element) and part.name not in scope.constants
    )


@singledispatch
def lower_index(expr: Expr, scope: Scope, frame: Frame) -> Value:
    """Return index arithmetic as an array of integers over its indices, or as a Python integer."""
    return lower(expr, scope, frame)


@lower_index.register
def _(expr: Element, scope: Scope, frame: Frame) -> Value:
    """Return integers, those of an assigned tensor turned into such."""
    value = lower(expr, scope, frame)
    if value.array.kind != "float":
        return value
    return Value(Helper("_whole_numbers", (value.array,), len(value.axes), (), "int"), value.axes)


@lower_index.register
def _(expr: Add, scope: Scope, frame: Frame) -> Value:
    """A positive term comes first if there is one; others are subtracted where they can be."""
    terms = sorted(expr.terms, key=lambda term: split_coefficient(term)[0] < 0)
    total = lower_index(terms[0], scope, frame)
    for term in terms[1:]:
        coefficient, _ = split_coefficient(term)
        value = lower_index(mul(MINUS_ONE, term) if coefficient < 0 else term, scope, frame)
        total = combine("-" if coefficient < 0 else "+", (total, value), frame)
    return total


@lower_index.register
def _(expr: Mul, scope: Scope, frame: Frame) -> Value:
    coefficient, rest = split_coefficient(expr)
    if coefficient == -1:
        return combine("neg", (lower_index(rest, scope, frame),), frame)
    total = lower_index(expr.factors[0], scope, frame)
    for factor in expr.factors[1:]:
        total = combine("*", (total, lower_index(factor, scope, frame)), frame)
    return total


@lower_index.register(FloorDiv)
@lower_index.register(Mod)
@lower.register(FloorDiv)
@lower.register(Mod)
def _(expr: FloorDiv | Mod, scope: Scope, frame: Frame) -> Value:
    op = "//" if isinstance(expr, FloorDiv) else "%"
    values = (lower_index(expr.left, scope, frame), lower_index(expr.right, scope, frame))
    return combine(op, values, frame)


def lower_count(expr: Expr, scope: Scope) -> Array:
    """Return a number without indices, in normal form, as a Python integer."""
    return lower_index(simplified(expr), scope, ()).array


# --- comparisons ---------------------------------------------------------------------------------


@lower.register
def _(expr: Delta, scope: Scope, frame: Frame) -> Value:
    return lower(Compare("==", expr.left, expr.right), scope, frame)


COMPARED = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@lower.register
def _(expr: Compare, scope: Scope, frame: Frame) -> Value:
    left, right = expr.left, expr.right
    if isinstance(left, Number) and not isinstance(right, Number):
        return lower(Compare(MIRRORED[expr.op], right, left), scope, frame)
    if isinstance(left, Number) and isinstance(right, Number):
        return truth(COMPARED[expr.op](left.value, right.value))
    if not (is_whole(left, scope) and is_whole(right, scope)):
        return combine(expr.op, (lower(left, scope, frame), lower(right, scope, frame)), frame)
    difference = simplified(subtract(left, right))
    if isinstance(difference, Number):
        return truth(COMPARED[expr.op](difference.value, 0))
    triangle = compare_indices(expr.op, difference, scope, frame)
    if triangle is not None:
        return triangle
    sides = (lower_index(left, scope, frame), lower_index(right, scope, frame))
    return combine(expr.op, sides, frame)


def compare_indices(op: str, difference: Expr, scope: Scope, frame: Frame) -> Value | None:
    """Compare i - k + c with 0: an identity or triangular mask, rows in the order of the frame."""
    form = affine(difference)
    if form is None or len(form.coefficients) != 2 or not isinstance(form.constant, Number):
        return None
    signs = dict(form.coefficients)
    if set(signs.values()) != {ONE, MINUS_ONE}:
        return None
    rows, columns = sorted(signs, key=frame.index)
    offset = int(form.constant.value)
    if signs[rows] == MINUS_ONE:
        op, offset = MIRRORED[op], -offset
    return _mask(op, rows, columns, offset, scope)


def _mask(op: str, rows: Index, columns: Index, offset: int, scope: Scope) -> Value | None:
    """Return where row - column + offset op 0."""
    lengths = [lower(Extent(index), scope, ()).array for index in (rows, columns)]
    if op in ("==", "!="):
        if offset:
            return None
        eye: Array = Eye(*lengths)
        return Value(eye if op == "==" else Apply("not", (eye,)), (rows, columns))
    return Value(_triangle(op, lengths[0], lengths[1], offset), (rows, columns))


def _triangle(op: str, rows: Array, columns: Array, offset: int) -> Array:
    """Return the mask; `row <= column` is the transpose of a lower triangle."""
    if op in (">", ">="):
        return Tri(rows, columns, offset if op == ">=" else offset - 1)
    return permute(Tri(columns, rows, -offset if op == "<=" else -offset - 1), (1, 0))
