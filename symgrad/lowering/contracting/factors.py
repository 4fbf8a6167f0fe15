"""Open sums into summed indices and factors; conditions and `where` of 0 become indicators."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.language.expr import (
    ZERO,
    And,
    Expr,
    Index,
    Indicator,
    Mul,
    Not,
    Reduce,
    Where,
    conjunction,
    freshen,
)


def sum_parts(expr: Reduce) -> tuple[list[Index], list[Expr]]:
    """Return the summed indices and the factors; conditions and `where` of 0 become indicators."""
    indices = list(expr.indices)
    factors = _body_factors(expr.body)
    while len(factors) == 1 and isinstance(factors[0], Reduce) and factors[0].op == "sum":
        inner = factors[0] if bound_once(factors[0], indices) else freshen(factors[0])
        if not isinstance(inner, Reduce):
            raise AssertionError("freshen keeps the kind of a node")
        indices.extend(inner.indices)
        factors = _body_factors(inner.body) + _indicators(inner.condition)
    return indices, factors + _indicators(expr.condition)


def bound_once(expr: Reduce, indices: Sequence[Index]) -> bool:
    """Say whether the reduction binds none of the indices again."""
    return set(indices).isdisjoint(expr.indices)


def _body_factors(body: Expr) -> list[Expr]:
    found: list[Expr] = []
    for factor in body.factors if isinstance(body, Mul) else (body,):
        if isinstance(factor, Where) and factor.otherwise == ZERO:
            found.extend([*_body_factors(factor.then), *_indicators(factor.condition)])
        elif isinstance(factor, Where) and factor.then == ZERO:
            found.extend([*_body_factors(factor.otherwise), Indicator(Not(factor.condition))])
        else:
            found.append(factor)
    return found


def _indicators(condition: Expr | None) -> list[Expr]:
    if condition is None:
        return []
    parts = conjunction(condition)
    return [Indicator(part) for part in (parts.args if isinstance(parts, And) else (condition,))]
