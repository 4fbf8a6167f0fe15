"""Write abbreviations out, gelu and its like, mean, logsumexp: later passes see few kinds."""

from __future__ import annotations

from functools import singledispatch

from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Expr,
    Extent,
    Indicator,
    Mul,
    Power,
    Reduce,
    Where,
    add,
    freshen,
    map_parts,
    mul,
    power,
)
from symgrad.language.functions import expand


@singledispatch
def desugar(expr: Expr) -> Expr:
    """Return the same value without abbreviations, in normal form."""
    return map_parts(expr, desugar)


@desugar.register
def _(expr: Add) -> Expr:
    return add(*(desugar(term) for term in expr.terms))


@desugar.register
def _(expr: Mul) -> Expr:
    return mul(*(desugar(factor) for factor in expr.factors))


@desugar.register
def _(expr: Power) -> Expr:
    return power(desugar(expr.base), desugar(expr.exponent))


@desugar.register
def _(expr: Call) -> Expr:
    expanded = expand(expr)
    if isinstance(expanded, Call) and expanded.function == expr.function:
        return map_parts(expanded, desugar)
    return desugar(expanded)


@desugar.register
def _(expr: Reduce) -> Expr:
    if expr.op == "mean":
        return desugar(_sum_over_count(expr))
    if expr.op == "logsumexp":
        exponential = Call("exp", (expr.body,))
        total = Reduce("sum", expr.indices, expr.condition, exponential)
        return desugar(Call("log", (total,)))
    return map_parts(expr, desugar)


def _sum_over_count(mean: Reduce) -> Expr:
    total = Reduce("sum", mean.indices, mean.condition, mean.body)
    if mean.condition is None:
        count = mul(*(index.extent for index in mean.indices if index.extent is not None))
    else:
        # the count comes to stand inside the sum: its indices are its own
        count = freshen(Reduce("sum", mean.indices, mean.condition, ONE))
    return mul(power(count, MINUS_ONE), total)


@desugar.register
def _(expr: Extent) -> Expr:
    assert expr.index.extent is not None
    return expr.index.extent


@desugar.register
def _(expr: Where) -> Expr:
    then, otherwise = desugar(expr.then), desugar(expr.otherwise)
    condition = desugar(expr.condition)
    if then == ONE and otherwise == ZERO:
        return Indicator(condition)
    return Where(condition, then, otherwise)
