"""Write abbreviations out: gelu and its like, mean, logsumexp, sizes, so that later passes see few kinds."""

from __future__ import annotations

from functools import singledispatch

from symgrad.derivation.normalise import desugar_mean
from symgrad.language.expr import (
    ONE,
    ZERO,
    Call,

    Expr,
    Extent,
    Indicator,

    Power,
    Reduce,
    Where,
    add,
    map_parts,
    mul,
    power,
)
from symgrad.language.expr import Add as AddNode
from symgrad.language.expr import Mul as MulNode
from symgrad.language.functions import expand


@singledispatch
def desugar(expr: Expr) -> Expr:
    """Return the same value without abbreviations, in the normal form of `add`, `mul` and `power`."""
    return map_parts(expr, desugar)


@desugar.register
def _(expr: AddNode) -> Expr:
    return add(*(desugar(term) for term in expr.terms))


@desugar.register
def _(expr: MulNode) -> Expr:
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
        return desugar(desugar_mean(expr))
    if expr.op == "logsumexp":
        exponential = Call("exp", (expr.body,))
        total = Reduce("sum", expr.indices, expr.condition, exponential)
        return desugar(Call("log", (total,)))
    return map_parts(expr, desugar)


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


