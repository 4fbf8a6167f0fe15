"""Hold the flat form of sums of products: terms with a coefficient, factors and summed indices.

A `Term` is coefficient * sum over `sums` of the product of `factors`, each a base with a rational
exponent. Nested sums of one product are one term, so that equal terms, forward values and vanishing
sums can be found wherever the formula had its brackets. `flatten` and `unflatten` go to and fro;
`unflatten` pulls every factor out of the sums that it does not depend on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as dataclass_replace
from fractions import Fraction
from functools import cached_property
from itertools import permutations
from typing import Any

from symgrad.language.expr import (
    ONE,
    Add,
    AxisLength,
    Constant,
    Delta,
    Expr,
    Index,
    Indicator,
    Mul,
    Number,
    Power,
    Reduce,
    add,
    alpha_key,
    conjunction,
    element_names,
    free_indices,
    freshen,
    mul,
    ordered_free_indices,
    power,
    rename,
    substitute,
    walk,
)

Factor = tuple[Expr, Fraction]
UNIT = ONE.value


@dataclass(frozen=True)
class Term:
    """coefficient * sum_{sums} prod base^exponent; an index of `sums` is in this term alone."""

    coefficient: Fraction = UNIT
    factors: tuple[Factor, ...] = ()
    sums: tuple[Index, ...] = ()

    @cached_property
    def free(self) -> frozenset[Index]:
        """The indices that occur and are not summed."""
        occurring = frozenset().union(*(free_indices(base) for base, _ in self.factors))
        return occurring.difference(self.sums)

    def times(self, *others: Term) -> Term:
        """Return the product; the summed indices of the factors must be different objects."""
        coefficient, factors, sums = self.coefficient, self.factors, self.sums
        for other in others:
            if other.coefficient is not UNIT:
                coefficient *= other.coefficient
            factors += other.factors
            sums += other.sums
        return Term(coefficient, merge_factors(factors), sums)

    def fresh(self) -> Term:
        """Return the same term with new summed and bound indices."""
        mapping = {index: index.fresh() for index in self.sums}
        factors = tuple((freshen(rename(base, mapping)), e) for base, e in self.factors)
        return Term(self.coefficient, factors, tuple(mapping.values()))

    def put(self, mapping: Mapping[Index, Expr]) -> Term:
        """Replace free indices by index expressions."""
        factors = tuple((substitute(base, mapping), e) for base, e in self.factors)
        return Term(self.coefficient, merge_factors(factors), self.sums)


def merge_factors(factors: Iterable[Factor]) -> tuple[Factor, ...]:
    """Combine equal bases, in the order of first appearance."""
    exponents: dict[Expr, Fraction] = {}
    for base, exponent in factors:
        if isinstance(base, (Indicator, Delta)):
            exponents[base] = UNIT
            continue
        if isinstance(base, Reduce):
            base = next((b for b in exponents if _is_same_count(b, base)), base)
        known = exponents.get(base)
        exponents[base] = exponent if known is None else known + exponent
    return tuple([factor for factor in exponents.items() if factor[1] is UNIT or factor[1]])


def _is_same_count(left: Expr, right: Reduce) -> bool:
    return isinstance(left, Reduce) and bool(alpha_key(left) == alpha_key(right))


def is_constant(base: Expr) -> bool:
    """Say whether a factor is a number that only sizes and indices decide."""
    return (
        isinstance(base, (AxisLength, Constant, Number))
        or is_count(base)
        or (isinstance(base, (Add, Mul, Power)) and not _reads_values(base))
    )


def is_count(base: Expr) -> bool:
    """Say whether a factor counts the indices that pass a condition on indices, as a mean does."""
    return (
        isinstance(base, Reduce)
        and base.op == "sum"
        and base.body == ONE
        and base.condition is not None
        and not element_names(base.condition)
    )


def _reads_values(expr: Expr) -> bool:
    return any(
        not isinstance(p, (Add, Mul, Power, Number, AxisLength, Constant)) for p in walk(expr)
    )


# --- from expressions to terms -------------------------------------------------------------------


def flatten(expr: Expr) -> list[Term]:
    """Return the terms of an expression; brackets inside products stay one factor."""
    if isinstance(expr, Add):
        return [term for part in expr.terms for term in flatten(part)]
    term = _flatten_product(expr)
    return [term] if term.coefficient else []


def _flatten_product(expr: Expr) -> Term:
    if isinstance(expr, Number):
        return Term(expr.value)
    if isinstance(expr, Mul):
        return Term().times(*(_flatten_product(factor) for factor in expr.factors))
    if isinstance(expr, Reduce) and expr.op == "sum":
        fresh = freshen(expr)
        assert isinstance(fresh, Reduce)
        inner = _flatten_product(fresh.body)
        condition = () if fresh.condition is None else ((Indicator(fresh.condition), UNIT),)
        factors = merge_factors(inner.factors + condition)
        return Term(inner.coefficient, factors, fresh.indices + inner.sums)
    if isinstance(expr, Power) and isinstance(expr.exponent, Number):
        return Term(UNIT, ((expr.base, expr.exponent.value),))
    return Term(UNIT, ((expr, UNIT),))


# --- from terms to expressions -------------------------------------------------------------------


def unflatten(terms: Iterable[Term], order: Callable[[Expr], Any] | None = None) -> Expr:
    """Return the sum of the terms for a reader, means as means; `order` sorts the factors."""
    return add(*(term_expr(term, order) for term in terms))


def plain_sums(terms: Iterable[Term]) -> Expr:
    """Return the sum of the terms in the form that is differentiated, means as sums over sizes."""
    return add(*(term_expr(term, None, means=False) for term in terms))


def term_expr(term: Term, order: Callable[[Expr], Any] | None = None, means: bool = True) -> Expr:
    """Return one term as a product of free factors and of sums, one for each connected group."""
    ordered = sorted(term.factors, key=lambda f: order(f[0])) if order else list(term.factors)
    groups = _components(ordered, term.sums)
    outside = [f for f in ordered if free_indices(f[0]).isdisjoint(term.sums)]
    factors: list[Expr] = [Number(term.coefficient)]
    sizes: list[Index] = []
    for sums, inside in groups:
        if not inside:
            sizes.extend(sums)
            continue
        outside, reduction = _close_sum(sums, inside, outside, means)
        factors.append(reduction)
    parts = [power(base, Number(e)) for base, e in outside]
    parts += [index.extent for index in sizes if index.extent is not None]
    return mul(factors[0], *parts, *factors[1:])


def _close_sum(
    sums: list[Index], inside: list[Factor], outside: list[Factor], means: bool
) -> tuple[list[Factor], Expr]:
    """Return the other factors and the sum of one group: a mean where 1/count is among them."""
    condition = conjunction(*(base.condition for base, _ in inside if isinstance(base, Indicator)))
    body = mul(*(power(b, Number(e)) for b, e in inside if not isinstance(b, Indicator)))
    if not means:
        return outside, Reduce("sum", tuple(sums), condition, body)
    count = Reduce("sum", tuple(sums), condition, ONE)
    for factor in outside:
        if factor[1] == -1 and is_count(factor[0]) and alpha_key(factor[0]) == alpha_key(count):
            rest = [other for other in outside if other is not factor]
            return rest, Reduce("mean", tuple(sums), condition, body)
    others = _without_sizes(sums, outside)
    if condition is None and others is not None:
        return others, Reduce("mean", tuple(sums), None, body)
    return outside, Reduce("sum", tuple(sums), condition, body)


def _without_sizes(sums: Sequence[Index], factors: Sequence[Factor]) -> list[Factor] | None:
    """Return the factors less 1/size of every summed index; None when one is not there."""
    rest = list(factors)
    for index in sums:
        inverse = next((f for f in rest if f == (index.extent, Fraction(-1))), None)
        if inverse is None:
            return None
        rest.remove(inverse)
    return rest


def _components(
    factors: Sequence[Factor], sums: Sequence[Index]
) -> list[tuple[list[Index], list[Factor]]]:
    """Group the factors that share summed indices, directly or through others."""
    groups: list[tuple[list[Index], list[Factor]]] = [([index], []) for index in sums]
    for factor in factors:
        touched = [g for g in groups if not free_indices(factor[0]).isdisjoint(g[0])]
        if not touched:
            continue
        first = touched[0]
        for other in touched[1:]:
            first[0].extend(other[0])
            first[1].extend(other[1])
            groups.remove(other)
        first[1].append(factor)
    place = {base: position for position, (base, _) in enumerate(factors)}
    for indices, inside in groups:
        inside.sort(key=lambda factor: place[factor[0]])
        letters = [i for base, _ in inside for i in ordered_free_indices(base)]
        indices.sort(key=lambda index: letters.index(index) if index in letters else -1)
    return groups


# --- comparing terms -----------------------------------------------------------------------------


def term_key(term: Term, names: Mapping[Index, int]) -> Any:
    """Return a key, equal for terms that differ in coefficient, order and summed letters alone.

    `names` numbers every free index.
    """
    groups = _ranked_sums(term, names)
    best: Any = None
    for order in _orders(groups):
        inner = {**names, **{index: -1 - place for place, index in enumerate(order)}}
        factors = sorted((repr(alpha_key(base, inner)), e) for base, e in term.factors)
        key = (tuple(repr(_range_key(index)) for index in order), tuple(factors))
        if best is None or key < best:
            best = key
    return best


def _range_key(index: Index) -> Any:
    return None if index.extent is None else alpha_key(index.extent, {})


def _ranked_sums(term: Term, names: Mapping[Index, int]) -> list[list[Index]]:
    """Sort the summed indices by how they occur; those that look alike stay in one group."""
    blank = {**names, **dict.fromkeys(term.sums, -2)}
    signatures: dict[str, list[Index]] = {}
    for index in term.sums:
        marked = {**blank, index: -1}
        uses = sorted(
            (repr(alpha_key(base, marked)), e)
            for base, e in term.factors
            if index in free_indices(base)
        )
        signatures.setdefault(repr((_range_key(index), uses)), []).append(index)
    return [signatures[key] for key in sorted(signatures)]


def _orders(groups: list[list[Index]]) -> Iterable[tuple[Index, ...]]:
    if all(len(group) == 1 for group in groups):
        yield tuple(group[0] for group in groups)
        return
    head, *tail = groups
    for rest in _orders(tail) if tail else [()]:
        # beyond four look-alikes a missed identity costs beauty, never correctness
        choices = permutations(head) if len(head) <= 4 else [tuple(head)]
        for choice in choices:
            yield choice + rest


def combine(terms: Iterable[Term], names: Mapping[Index, int]) -> list[Term]:
    """Add up terms that are equal up to the names of summed indices; zero terms vanish."""
    found: dict[Any, Term] = {}
    for term in terms:
        key = term_key(term, names)
        if key in found:
            earlier = found[key]
            total = earlier.coefficient + term.coefficient
            term = dataclass_replace(earlier, coefficient=total)
        found[key] = term
    return [term for term in found.values() if term.coefficient]


def numbered(indices: Iterable[Index]) -> dict[Index, int]:
    """Number indices by position, for the keys above."""
    return {index: position for position, index in enumerate(indices)}
