"""Lower sums of terms: equal axes first, and scatters into one array."""

from __future__ import annotations

from symgrad.language.expr import (
    Add,
    Delta,
    Expr,
    Number,
    free_indices,
    split_coefficient,
    walk,
)
from symgrad.lowering.expressions.elementwise import Frame, lower
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.nodes.arrays import Value
from symgrad.lowering.nodes.combine import as_float, combine, union
from symgrad.lowering.nodes.scatters import Scatter, merged, onto
from symgrad.lowering.scattering.scatter import scatter
from symgrad.lowering.scattering.spreading import spread

Signed = tuple[int, Value]


@lower.register
def _(expr: Add, scope: Scope, frame: Frame) -> Value:
    """Add terms of equal axes first, so that small arrays meet before they are broadcast."""
    if not scope.ready and not scope.inline:
        expr = spread(expr, scope)
    terms = [_lower_term(term, expr, scope, frame) for term in expr.terms]
    everything = union([value for _, value in terms], frame)
    scattered = [term for term in terms if isinstance(term[1].array, Scatter)]
    others = [term for term in terms if not isinstance(term[1].array, Scatter)]
    if scattered:
        total = _scatter_all(scattered, others, everything, frame)
        if total is not None:
            return total
    sign, total = _add_groups(terms, everything, frame)
    return total if sign > 0 else combine("neg", (total,), frame)


def _lower_term(term: Expr, total: Add, scope: Scope, frame: Frame) -> Signed:
    """Return sign and value; a delta is put into the other terms where one of them is full."""
    coefficient, rest = split_coefficient(term)
    positive = term if coefficient > 0 else Number(abs(coefficient)) * rest
    full = free_indices(total)
    has_base = any(
        free_indices(other) == full and not any(isinstance(part, Delta) for part in walk(other))
        for other in total.terms
    )
    value = scatter(positive, scope, frame) if isinstance(positive, Delta) and has_base else None
    return -1 if coefficient < 0 else 1, as_float(value or lower(positive, scope, frame))


def _scatter_all(
    scattered: list[Signed], others: list[Signed], everything: Frame, frame: Frame
) -> Value | None:
    """Return the terms as parts of one array, on top of the others; None where shapes differ."""
    if any(value.axes != everything for _, value in scattered):
        return None
    total = merged([(s, v.array) for s, v in scattered if isinstance(v.array, Scatter)])
    if total is None:
        return None
    if not others:
        return Value(total, everything)
    sign, base = _add_groups(others, union([v for _, v in others], frame), frame)
    if sign < 0:
        base = combine("neg", (base,), frame)
    if base.axes == everything and not total.has_margins and base.array.kind == "float":
        return Value(onto(base.array, total), everything)
    return combine("+", (base, Value(total, everything)), frame)


def _add_groups(terms: list[Signed], everything: Frame, frame: Frame) -> Signed:
    groups: dict[Frame, list[Signed]] = {}
    for sign, value in terms:
        groups.setdefault(union([value], frame), []).append((sign, value))
    parts: list[Signed] = []
    for axes, group in groups.items():
        parts.extend(group if axes == everything else [_add_signed(group, frame)])
    return _add_signed(parts, frame)


def _add_signed(terms: list[Signed], frame: Frame) -> Signed:
    """Return (sign, value) with sign*value the sum; a positive term comes first if there is one."""
    first = next((n for n, (sign, _) in enumerate(terms) if sign > 0), 0)
    ordered = [terms[first], *terms[:first], *terms[first + 1 :]]
    total_sign, total = ordered[0]
    for sign, value in ordered[1:]:
        total = combine("+" if sign == total_sign else "-", (total, value), frame)
    return total_sign, total
