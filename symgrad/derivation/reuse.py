"""Find forward values inside a term: exp(x_ij)/sum_k exp(x_ik) is y_ij.

Each definition whose body is one term is a pattern, `y_ij = x_exp_ij/x_exp_sum_i`. A term that
holds the pattern's factors, with the pattern's own sums closed inside, holds the value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from symgrad.derivation.graph import Definition, Graph
from symgrad.derivation.terms import Factor, Term, flatten, is_constant, merge_factors
from symgrad.language.expr import (
    Add,
    Call,
    Element,
    Expr,
    Index,
    IndexValue,
    Mul,
    OpaqueCall,
    Power,
    Reduce,
    element_names,
    free_indices,
    freshen,
    substitute,
)

Match = dict[Index, Index]

# a value is read to this power at most: x^(1/100) to the 99th would lose digits
LARGEST_POWER = 8


@dataclass(frozen=True)
class Pattern:
    """The body of a definition as one term: constant * sum of a product of elements."""

    definition: Definition
    term: Term

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """The factors to find; constants are divided by instead."""
        return tuple(f for f in self.term.factors if not is_constant(f[0]))

    @cached_property
    def constants(self) -> tuple[Factor, ...]:
        """The constant factors, sizes and pi."""
        return tuple(f for f in self.term.factors if is_constant(f[0]))

    @cached_property
    def names(self) -> frozenset[str]:
        """The elements that a term must hold."""
        return frozenset(name for base, _ in self.factors for name in element_names(base))


def pattern_of(definition: Definition) -> Pattern | None:
    """Return the pattern of a definition, None when finding it would save nothing."""
    body = definition.body
    is_term = isinstance(body, (Mul, Power, Call, OpaqueCall)) or (
        isinstance(body, Reduce) and body.op == "sum"
    )
    if not is_term:
        return None
    term = flatten(body)[0]
    pattern = Pattern(definition, term)
    if not pattern.factors or set(definition.indices) != term.free:
        return None
    (base, exponent), single = pattern.factors[0], len(pattern.factors) == 1
    if single and not term.sums and isinstance(base, Element) and exponent == 1:
        return None
    return pattern


@dataclass(frozen=True)
class Patterns:
    """The patterns of a graph, those with most factors first, found by a name that they hold."""

    ranked: tuple[Pattern, ...]

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for rank, pattern in enumerate(self.ranked):
            found.setdefault(min(pattern.names, default=""), []).append(rank)
        return found

    def within(self, names: set[str]) -> Iterator[Pattern]:
        """Yield the patterns whose names are all among these, in order of rank."""
        ranks = [rank for name in ("", *names) for rank in self._by_name.get(name, ())]
        for rank in sorted(ranks):
            if self.ranked[rank].names <= names:
                yield self.ranked[rank]


def reuse_once(term: Term, patterns: Patterns, without: str = "") -> Term | None:
    """Return the term with one forward value put in, the largest first; None if there is none."""
    present = {name for base, _ in term.factors for name in element_names(base)}
    for pattern in patterns.within(present):
        if pattern.definition.name != without:
            found = _apply(pattern, term)
            if found is not None:
                return found
    return None


def ordered_patterns(graph: Graph) -> Patterns:
    """Return the patterns of the graph, those with most factors first."""
    found = [pattern_of(definition) for definition in graph]
    patterns = [pattern for pattern in found if pattern is not None]
    patterns.sort(key=lambda p: (-len(p.factors) - len(p.term.sums), not p.definition.written))
    return Patterns(tuple(patterns))


def _apply(pattern: Pattern, term: Term) -> Term | None:
    for match, used in _matches(pattern, 0, term, {}, {}):
        if not _sums_are_closed(pattern, match, term, used):
            continue
        times = _times(pattern, term, used)
        if times == 0:
            continue
        return _rewritten(pattern, term, match, used, times)
    return None


def _matches(
    pattern: Pattern, position: int, term: Term, match: Match, used: Mapping[int, int]
) -> Iterator[tuple[Match, dict[int, int]]]:
    """Yield each way to find the pattern's factors: the match, and {pattern place: term place}."""
    if position == len(pattern.factors):
        yield match, dict(used)
        return
    base, exponent = pattern.factors[position]
    for place, (candidate, available) in enumerate(term.factors):
        if place in used.values() or not _enough(pattern, available, exponent):
            continue
        extended = unify(base, candidate, match)
        if extended is not None:
            yield from _matches(pattern, position + 1, term, extended, {**used, position: place})


def _enough(pattern: Pattern, available: Fraction, wanted: Fraction) -> bool:
    ratio = available / wanted
    if _is_power_of_one(pattern):
        return ratio.denominator == 1 and abs(ratio) <= LARGEST_POWER
    return ratio >= 1


def _is_power_of_one(pattern: Pattern) -> bool:
    """A single factor q^a without sums stands for any whole power of itself, negative ones too."""
    return len(pattern.factors) == 1 and not pattern.term.sums


def _times(pattern: Pattern, term: Term, used: Mapping[int, int]) -> int:
    """Say how often the value goes into the term."""
    if pattern.term.sums:
        return _sum_times(pattern, term, used)
    ratios = [term.factors[t][1] / pattern.factors[p][1] for p, t in used.items()]
    if _is_power_of_one(pattern):
        return int(ratios[0])
    return int(min(ratios))


def _sum_times(pattern: Pattern, term: Term, used: Mapping[int, int]) -> int:
    """A summed value takes whole factors that hold its sum, and a share of the others."""
    for p, t in used.items():
        base, exponent = pattern.factors[p]
        summed = not free_indices(base).isdisjoint(pattern.term.sums)
        if summed and term.factors[t][1] != exponent:
            return 0
    return 1


def _sums_are_closed(pattern: Pattern, match: Match, term: Term, used: Mapping[int, int]) -> bool:
    """Check that each index that the pattern sums is summed in the term, and nowhere else there."""
    images = [match[index] for index in pattern.term.sums if index in match]
    if len(set(images)) < len(pattern.term.sums) or not set(images) <= set(term.sums):
        return False
    rest = [f for place, f in enumerate(term.factors) if place not in used.values()]
    if any(not free_indices(base).isdisjoint(images) for base, _ in rest):
        return False
    return {match[index] for index in pattern.definition.indices}.isdisjoint(images)


def _rewritten(
    pattern: Pattern, term: Term, match: Match, used: Mapping[int, int], times: int
) -> Term:
    mapping = {old: IndexValue(new) for old, new in match.items()}
    value = substitute(pattern.definition.element(), mapping)
    factors: list[Factor] = []
    places = {place: position for position, place in used.items()}
    inserted = False
    for place, (base, exponent) in enumerate(term.factors):
        if place in places:
            if not inserted:
                factors.append((value, Fraction(times)))
                inserted = True
            exponent -= pattern.factors[places[place]][1] * times
        if exponent:
            factors.append((base, exponent))
    factors += [
        (freshen(substitute(base, mapping)), -exponent * times)
        for base, exponent in pattern.constants
    ]
    images = {match[index] for index in pattern.term.sums}
    sums = tuple(index for index in term.sums if index not in images)
    coefficient = term.coefficient / pattern.term.coefficient**times
    return Term(coefficient, merge_factors(factors), sums)


def unify(pattern: Expr, expr: Expr, match: Match) -> Match | None:
    """Return the match extended so that the pattern's indices become the expression's, or None."""
    if isinstance(pattern, IndexValue):
        if not isinstance(expr, IndexValue) or pattern.index.extent != expr.index.extent:
            return None
        known = match.get(pattern.index)
        if known is None:
            return {**match, pattern.index: expr.index}
        return match if known is expr.index else None
    if type(pattern) is not type(expr) or isinstance(pattern, (Reduce, Add)):
        return match if pattern == expr else None
    return _unify_parts(pattern.parts(), expr.parts(), match)


def _unify_parts(left: Any, right: Any, match: Match) -> Match | None:
    if isinstance(left, Expr) and isinstance(right, Expr):
        return unify(left, right, match)
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) != len(right):
            return None
        result: Match | None = match
        for a, b in zip(left, right, strict=True):
            result = None if result is None else _unify_parts(a, b, result)
        return result
    return match if left == right else None
