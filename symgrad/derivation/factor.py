"""Write the terms of a gradient as a person would: factors in reading order, common ones in front.

Reading order: numbers and sizes, scalars, the incoming gradient, then the formula's own order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import gcd

from symgrad.derivation.pullback import negate
from symgrad.derivation.terms import Factor, Term, merge_factors, term_expr
from symgrad.language.expr import (
    ZERO,
    Add,
    Compare,
    Delta,
    Element,
    Expr,
    Indicator,
    Number,
    Pad,
    Where,
    add,
    element_names,
    free_indices,
    mul,
    power,
)

# of a condition and its opposite, the one that comes first here is printed
PREFERRED = (">", "<", "==", ">=", "<=", "!=")

Order = Callable[[Expr], tuple[int, int]]


def reading_order(ranks: Mapping[str, int], cotangents: Mapping[str, int]) -> Order:
    """Return a sort key for factors; `ranks` numbers the names by first appearance."""

    def key(base: Expr) -> tuple[int, int]:
        if isinstance(base, (Indicator, Delta)):
            return (4, 0)
        base = base.element if isinstance(base, Pad) else base
        names = element_names(base)
        if isinstance(base, Element) and base.name in cotangents:
            return (1, cotangents[base.name])
        if not names:
            return (0, 0)
        rank = min(ranks.get(name, len(ranks)) for name in names)
        if isinstance(base, Element) and not base.subscripts:
            return (0, 1 + rank)
        return (2 if isinstance(base, Element) else 3, rank)

    return key


def factored(terms: Sequence[Term], order: Order) -> Expr:
    """Return the sum of the terms, with what all of them share taken out."""
    if len(terms) < 2:
        return term_expr(terms[0], order) if terms else ZERO
    common = _common_factors(terms)
    number = _common_number(terms)
    inner = [_divided(term, common, number) for term in terms]
    # the plain terms first, as a reader expects
    inner.sort(key=lambda term: len(term.factors) + len(term.sums))
    front = Term(number, common)
    bracket = _cases(inner, order) or _grouped(inner, order)
    if not common and number == 1:
        return bracket
    if not isinstance(bracket, (Add, Where)):
        return mul(term_expr(front, order), bracket)
    return _product(front, bracket, order)


def _grouped(terms: Sequence[Term], order: Order) -> Expr:
    """Return the sum, with a gradient that several of its terms share taken out of those."""
    if len(terms) > 2:
        for base, exponent in dict.fromkeys(f for term in terms for f in term.factors):
            sharing = [t for t in terms if _outside(t).get(base, 0) == exponent == 1]
            if order(base)[0] == 1 and isinstance(base, Element) and 1 < len(sharing) < len(terms):
                rest = [term for term in terms if term not in sharing]
                return add(factored(sharing, order), factored(rest, order))
    return add(*(term_expr(term, order) for term in terms))


def _cases(terms: Sequence[Term], order: Order) -> Expr | None:
    """Return [c]*a + [not c]*b as where(c, a, b)."""
    for mask in _masks(terms[0]):
        opposite = Indicator(negate(mask.condition))
        then = [_unmasked(term, mask) for term in terms if mask in _masks(term)]
        otherwise = [_unmasked(term, opposite) for term in terms if opposite in _masks(term)]
        if otherwise and len(then) + len(otherwise) == len(terms):
            if _reads_better(opposite.condition, mask.condition):
                return Where(opposite.condition, factored(otherwise, order), factored(then, order))
            return Where(mask.condition, factored(then, order), factored(otherwise, order))
    return None


def _reads_better(condition: Expr, other: Expr) -> bool:
    """Say whether x > 0 stands against x <= 0: the first is how piecewise functions are written."""
    return (
        isinstance(condition, Compare)
        and isinstance(other, Compare)
        and PREFERRED.index(condition.op) < PREFERRED.index(other.op)
    )


def _masks(term: Term) -> list[Indicator]:
    """Return the masks of a term that stand outside of its sums."""
    return [
        base
        for base, _ in term.factors
        if isinstance(base, Indicator) and free_indices(base).isdisjoint(term.sums)
    ]


def _unmasked(term: Term, mask: Indicator) -> Term:
    factors = tuple(factor for factor in term.factors if factor[0] != mask)
    return Term(term.coefficient, factors, term.sums)


def _product(front: Term, bracket: Expr, order: Order) -> Expr:
    """Return front*bracket, divisors and masks behind the bracket."""
    masks = tuple(f for f in front.factors if isinstance(f[0], (Indicator, Delta)))
    below = tuple(f for f in front.factors if f[1] < 0)
    above = tuple(f for f in front.factors if f not in masks and f not in below)
    factors: list[Expr] = [term_expr(Term(front.coefficient, above), order), bracket]
    factors += [power(base, Number(e)) for base, e in below]
    factors += [base for base, _ in masks]
    return mul(*factors)


def _common_factors(terms: Sequence[Term]) -> tuple[Factor, ...]:
    """Return the factors outside of every sum that all terms share, to the smallest power."""
    shared: list[Factor] = []
    tables = [_outside(term) for term in terms]
    for base in tables[0]:
        exponents = [table.get(base, Fraction(0)) for table in tables]
        if all(e > 0 for e in exponents):
            shared.append((base, min(exponents)))
        elif all(e < 0 for e in exponents):
            shared.append((base, max(exponents)))
    return tuple(shared)


def _outside(term: Term) -> dict[Expr, Fraction]:
    return {b: e for b, e in term.factors if free_indices(b).isdisjoint(term.sums)}


def _common_number(terms: Sequence[Term]) -> Fraction:
    """Return the coefficient to take out: what leaves whole numbers, negative if all terms are."""
    denominators = {term.coefficient.denominator for term in terms}
    if len(denominators) > 1:
        return Fraction(1)
    sign = -1 if all(term.coefficient < 0 for term in terms) else 1
    numerators = gcd(*(abs(term.coefficient.numerator) for term in terms))
    return Fraction(sign * numerators, denominators.pop())


def _divided(term: Term, common: Sequence[Factor], number: Fraction) -> Term:
    masks = {base for base, _ in common if isinstance(base, (Indicator, Delta))}
    kept = [(base, exponent) for base, exponent in term.factors if base not in masks]
    inverse = [(base, -exponent) for base, exponent in common if base not in masks]
    return Term(term.coefficient / number, merge_factors([*kept, *inverse]), term.sums)
