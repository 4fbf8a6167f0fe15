"""Lower reductions: by idiom, sums by contraction, the others along axes with a mask."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    ArgReduce,
    Compare,
    Expr,
    Extent,
    Index,
    IndexValue,
    Indicator,
    Mul,
    Power,
    Reduce,
    conjunction,
)
from symgrad.lowering.expressions.elementwise import Frame, lower
from symgrad.lowering.expressions.scope import Scope, natural_frame
from symgrad.lowering.nodes.arrays import Array, Helper, Literal, Value
from symgrad.lowering.nodes.combine import align, as_float, combine, number, scalar, union
from symgrad.lowering.nodes.windows import reduce_windows
from symgrad.lowering.reducing.idioms import apply_idioms
from symgrad.lowering.reducing.sums import lower_sum

# the value over nothing
IDENTITIES: dict[str, Array] = {
    "prod": number(1),
    "max": Literal("-inf"),
    "min": Literal("inf"),
    "logsumexp": Literal("-inf"),
}


@lower.register
def _(expr: Reduce, scope: Scope, frame: Frame) -> Value:
    found = apply_idioms(expr, scope, frame)
    if found is not None:
        return found
    if expr.op == "sum":
        return lower_sum(expr, scope, frame)
    if expr.op == "mean":
        return lower(Mul(mean_as_sum(expr)), scope, frame)
    value = as_float(_body(expr.op, expr.indices, expr.condition, expr.body, scope))
    if expr.op == "logsumexp":
        axes = tuple(value.axes.index(index) for index in expr.indices)
        kept = tuple(index for index in value.axes if index not in expr.indices)
        axis = axes[0] if len(axes) == 1 else axes
        helper = Helper("_logsumexp", (value.array,), len(kept), (("axis", axis),))
        return Value(helper, kept)
    return reduce_windows(expr.op, value, expr.indices)


def mean_as_sum(expr: Reduce) -> tuple[Reduce, *tuple[Expr, ...]]:
    """Write a mean as the product of a sum and of 1 over the number of index values that pass."""
    total = Reduce("sum", expr.indices, expr.condition, expr.body)
    if expr.condition is not None:
        count = Reduce("sum", expr.indices, expr.condition, ONE)
        return total, Power(count, MINUS_ONE)
    return total, *(Power(Extent(index), MINUS_ONE) for index in expr.indices)


def _body(
    op: str,
    indices: Sequence[Index],
    condition: Expr | None,
    body: Expr,
    scope: Scope,
) -> Value:
    """Return the body over all its indices, the identity of `op` where the condition fails."""
    order = natural_frame(body if condition is None else Mul((body, Indicator(condition))), indices)
    value = lower(body, scope, order)
    absent = [index for index in indices if index not in value.axes]
    everywhere = (Compare(">=", IndexValue(index), ZERO) for index in absent)
    mask = conjunction(condition, *everywhere)
    if mask is None:
        return value
    chosen = (lower(mask, scope, order), as_float(value), scalar(IDENTITIES[op]))
    return combine("where", chosen, order)


@lower.register
def _(expr: ArgReduce, scope: Scope, frame: Frame) -> Value:
    """The first place of the largest element; the smallest is the largest of the negated ones."""
    found = apply_idioms(expr, scope, frame)
    if found is not None:
        return found
    body = expr.body if expr.condition is None else Mul((expr.body, Indicator(expr.condition)))
    order = natural_frame(body, (expr.index,))
    value = as_float(lower(expr.body, scope, order))
    everywhere = None
    if expr.index not in value.axes:
        everywhere = Compare(">=", IndexValue(expr.index), ZERO)
    mask = conjunction(expr.condition, everywhere)
    if expr.op == "argmin":
        value = combine("neg", (value,), order)
    if mask is None:
        arrays, axes = [value.array], value.axes
    else:
        masked = lower(mask, scope, order)
        axes = union([value, masked], order)
        arrays = [align(value, axes), align(masked, axes)]
    options = (("axis", axes.index(expr.index)),)
    kept = tuple(index for index in axes if index is not expr.index)
    return Value(Helper("_argmax", tuple(arrays), len(kept), options, "int"), kept)
