"""Lower squared distances of all pairs, and the centres that differences are taken from.

Both are expressions of the lowering alone: splitting puts them in, a helper computes each.

The distances are a matrix product (-2*x, |x|^2, 1)@(z, 1, |z|^2) of centred rows. With u = eps/2
and a_ij = |x_i|^2 + |z_j|^2 its K + 2 products add up to 2*a at most in absolute value, the squares
in it are K*u*a off, and the rounded rows themselves bring 3*u*sqrt(a*d). The sum of these is below
1.5*(K + 3)*eps*a. Hence d >= a/32 has a relative error of 48*(K + 3)*eps at most, and of some
32*eps where rounding goes both ways; smaller d are summed anew from the differences.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from fractions import Fraction

from symgrad.formats.text import statement_text
from symgrad.language.base import node
from symgrad.language.expr import (
    ONE,
    Expr,
    Index,
    Number,
    Reduce,
    free_indices,
    mul,
    ordered_free_indices,
    power,
    replace,
)
from symgrad.language.layer import Statement
from symgrad.lowering.expressions.elementwise import Frame, lower
from symgrad.lowering.expressions.scope import Scope, Tensor, is_finite, natural_frame
from symgrad.lowering.nodes.arrays import Array, Helper, Value
from symgrad.lowering.nodes.combine import align, as_float

TWO = Number(Fraction(2))


@node
class Centre(Expr):
    """A point amid the values that `body` has over the indices: no outlier moves it."""

    indices: tuple[Index, ...]
    body: Expr

    @property
    def bound(self) -> tuple[Index, ...]:
        """The indices that the values run over."""
        return self.indices


@node
class SquaredDistances(Expr):
    """`sum_{indices} weight*(left - right)^2`; the indices are those of both sides.

    `weight` has no index that `right` has alone. `centred` are both sides less one centre.
    """

    indices: tuple[Index, ...]
    weight: Expr
    left: Expr
    right: Expr
    centred: tuple[Expr, Expr]

    @property
    def bound(self) -> tuple[Index, ...]:
        """The indices of the sum."""
        return self.indices


def formula_text(statement: Statement) -> str:
    """Return a statement in the formula language, empty for a centre, which has no formula."""
    if isinstance(statement.value, Centre):
        return ""
    return statement_text(dataclasses.replace(statement, value=replace(statement.value, _as_sum)))


def _as_sum(expr: Expr) -> Expr | None:
    if not isinstance(expr, SquaredDistances):
        return None
    body = mul(expr.weight, power(expr.left - expr.right, TWO))
    return Reduce("sum", expr.indices, None, body)


@lower.register
def _(expr: Centre, scope: Scope, frame: Frame) -> Value:
    value = as_float(lower(expr.body, scope, natural_frame(expr.body)))
    axes = tuple(value.axes.index(index) for index in expr.indices)
    kept = tuple(index for index in value.axes if index not in expr.indices)
    options = (("axis", axes[0] if len(axes) == 1 else axes),)
    return Value(Helper("_centre", (value.array,), len(kept), options), kept)


@lower.register
def _(expr: SquaredDistances, scope: Scope, frame: Frame) -> Value:
    left, right = free_indices(expr.left), free_indices(expr.right)
    order = tuple(dict.fromkeys((*frame, *ordered_free_indices(expr), *expr.indices)))
    batch = tuple(i for i in order if i in left & right and i not in expr.indices)
    rows = tuple(i for i in order if i in left - right)
    columns = tuple(i for i in order if i in right - left)
    summed = expr.indices

    def laid_out(part: Expr, own: Frame) -> Array:
        axes = (*batch, *own, *summed)
        return align(as_float(lower(part, scope, axes)), axes)

    sides = [(expr.centred[0], rows), (expr.centred[1], columns)]
    sides += [(expr.left, rows), (expr.right, columns)]
    if expr.weight != ONE:
        sides.append((expr.weight, rows))
    arrays = tuple(laid_out(part, own) for part, own in sides)
    result = (*batch, *rows, *columns)
    if len(rows) == len(columns) == len(summed) == 1:
        return Value(Helper("_squared_distances", arrays, len(result)), result)
    options = (("batch", len(batch)), ("summed", len(summed)))
    return Value(Helper("_merged_distances", arrays, len(result), options), result)


@is_finite.register
def _(expr: Centre, tensors: Mapping[str, Tensor]) -> bool:
    return True


@is_finite.register
def _(expr: SquaredDistances, tensors: Mapping[str, Tensor]) -> bool:
    return all(is_finite(part, tensors) for part in (expr.weight, expr.left, expr.right))
