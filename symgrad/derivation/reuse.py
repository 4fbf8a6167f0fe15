"""Find forward values inside a term: exp(x_ij)/sum_k exp(x_ik) is y_ij.

Each definition whose body is one term is a pattern, `y_ij = x_exp_ij/x_exp_sum_i`. A term that
holds the pattern's factors, with the pattern's own sums closed inside, holds the value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    Pad,
    Power,
    Reduce,
    free_indices,
    freshen,
    substitute,
)

Match = dict[Index, Expr]
Lengths = Mapping[tuple[str, int], Expr | None]
NO_LENGTHS: Lengths = {}

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
    def outlines(self) -> frozenset[int]:
        """The outlines of factors that a term must hold."""
        return frozenset(outline(base) for base, _ in self.factors)


def pattern_of(definition: Definition) -> Pattern | None:
    """Return the pattern of a definition, None when finding it would save nothing."""
    body = definition.body
    is_term = isinstance(body, (Mul, Power, Call, OpaqueCall)) or (
        isinstance(body, Reduce) and body.op == "sum"
    )
    if not is_term:
        return None
    terms = flatten(body)
    if not terms:  # a sum of zeros
        return None
    term = terms[0]
    pattern = Pattern(definition, term)
    if not pattern.factors or set(definition.indices) != term.free:
        return None
    (base, exponent), single = pattern.factors[0], len(pattern.factors) == 1
    if single and not term.sums and isinstance(base, Element) and exponent == 1:
        return None
    return pattern


@dataclass(frozen=True)
class Patterns:
    """The patterns of a graph, those with most factors first, found by a factor's outline.

    `lengths` holds how far each axis of a value reaches.
    """

    ranked: tuple[Pattern, ...]
    lengths: Lengths

    @cached_property
    def _by_outline(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for rank, pattern in enumerate(self.ranked):
            found.setdefault(min(pattern.outlines), []).append(rank)
        return found

    def within(self, outlines: set[int]) -> Iterator[Pattern]:
        """Yield the patterns whose outlines are all among these, in order of rank."""
        ranks = [rank for found in outlines for rank in self._by_outline.get(found, ())]
        for rank in sorted(ranks):
            if self.ranked[rank].outlines <= outlines:
                yield self.ranked[rank]


def reuse_once(term: Term, patterns: Patterns, without: str = "") -> Term | None:
    """Return the term with one forward value put in, the largest first; None if there is none."""
    present = {outline(base) for base, _ in term.factors}
    for pattern in patterns.within(present):
        if pattern.definition.name != without:
            found = _apply(pattern, term, patterns.lengths)
            if found is not None:
                return found
    return None


def ordered_patterns(graph: Graph, leaves: Mapping[str, Sequence[Index]]) -> Patterns:
    """Return the patterns of the graph; `leaves` holds an index for each axis of every input."""
    axes = {**leaves, **{d.name: d.indices for d in graph}}
    lengths = {(n, a): i.extent for n, indices in axes.items() for a, i in enumerate(indices)}
    found = [pattern_of(definition) for definition in graph]
    patterns = [pattern for pattern in found if pattern is not None]
    patterns.sort(key=lambda p: (-len(p.factors) - len(p.term.sums), not p.definition.written))
    return Patterns(tuple(patterns), lengths)


def _apply(pattern: Pattern, term: Term, lengths: Lengths) -> Term | None:
    for match, used in _matches(pattern, term, lengths):
        if not _sums_are_closed(pattern, match, term, used):
            continue
        times = _times(pattern, term, used)
        if times == 0:
            continue
        return _rewritten(pattern, term, match, used, times)
    return None


def _matches(
    pattern: Pattern, term: Term, lengths: Lengths
) -> Iterator[tuple[Match, dict[int, int]]]:
    """Yield each way to find the pattern's factors: the match, and {pattern place: term place}."""

    def extended(
        position: int, match: Match, used: Mapping[int, int]
    ) -> Iterator[tuple[Match, dict[int, int]]]:
        if position == len(pattern.factors):
            yield match, dict(used)
            return
        base, exponent = pattern.factors[position]
        for place, (candidate, available) in enumerate(term.factors):
            if place in used.values() or not _enough(pattern, available, exponent):
                continue
            found = unify(base, candidate, match, lengths)
            if found is not None:
                yield from extended(position + 1, found, {**used, position: place})

    return extended(0, {}, {})


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
    images = [image for index in pattern.term.sums if (image := _image(index, match)) is not None]
    if len(set(images)) < len(pattern.term.sums) or not set(images) <= set(term.sums):
        return False
    rest = [f for place, f in enumerate(term.factors) if place not in used.values()]
    if any(not free_indices(base).isdisjoint(images) for base, _ in rest):
        return False
    own = [match[index] for index in pattern.definition.indices]
    return all(free_indices(place).isdisjoint(images) for place in own)


def _image(index: Index, match: Match) -> Index | None:
    """Return the index that a summed index of the pattern became."""
    place = match.get(index)
    return place.index if isinstance(place, IndexValue) else None


def _rewritten(
    pattern: Pattern, term: Term, match: Match, used: Mapping[int, int], times: int
) -> Term:
    value = substitute(pattern.definition.element(), match)
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
        (freshen(substitute(base, match)), -exponent * times)
        for base, exponent in pattern.constants
    ]
    images = {_image(index, match) for index in pattern.term.sums}
    sums = tuple(index for index in term.sums if index not in images)
    coefficient = term.coefficient / pattern.term.coefficient**times
    return Term(coefficient, merge_factors(factors), sums)


def outline(expr: Expr) -> int:
    """Return a number that two expressions share if they unify: what no index has a part in."""
    known: int | None = expr.__dict__.get("_outline")
    if known is None:
        known = hash(_outline(expr))
        expr.__dict__["_outline"] = known
    return known


def _outline(part: Any) -> Any:
    if isinstance(part, IndexValue):
        return IndexValue
    if isinstance(part, Element):
        return (Element, part.name, len(part.subscripts))
    if isinstance(part, Reduce):
        return part
    if isinstance(part, Expr):
        return (type(part), *map(_outline, part.parts()))
    return tuple(map(_outline, part)) if isinstance(part, tuple) else part


def unify(pattern: Expr, expr: Expr, match: Match, lengths: Lengths = NO_LENGTHS) -> Match | None:
    """Return the match extended so that the pattern's indices become the expression's, or None.

    An index becomes an index of its range; where it runs along a whole axis, any place that is
    read there, t_i or i - 1: no read leaves its tensor.
    """
    if isinstance(pattern, IndexValue):
        if not isinstance(expr, IndexValue) or pattern.index.extent != expr.index.extent:
            return None
        return _bind(pattern.index, expr, match)
    if type(pattern) is not type(expr) or isinstance(pattern, Reduce):
        return match if pattern == expr else None
    if isinstance(pattern, Element) and isinstance(expr, Element):
        return _unify_elements(pattern, expr, match, lengths)
    # what stands under `pad` or in index arithmetic may be outside
    inside = NO_LENGTHS if isinstance(pattern, (Pad, Add)) else lengths
    return _unify_parts(pattern.parts(), expr.parts(), match, inside)


def _bind(index: Index, place: Expr, match: Match) -> Match | None:
    known = match.get(index)
    if known is None:
        return {**match, index: place}
    return match if known == place else None


def _unify_elements(
    pattern: Element, expr: Element, match: Match, lengths: Lengths
) -> Match | None:
    if pattern.name != expr.name or len(pattern.subscripts) != len(expr.subscripts):
        return None
    result: Match | None = match
    places = zip(pattern.subscripts, expr.subscripts, strict=True)
    for axis, (subscript, place) in enumerate(places):
        if result is None:
            return None
        whole = isinstance(subscript, IndexValue) and not isinstance(place, IndexValue)
        if whole and isinstance(subscript, IndexValue):
            along = lengths.get((pattern.name, axis)) == subscript.index.extent
            result = _bind(subscript.index, place, result) if along else None
        else:
            result = unify(subscript, place, result)
    return result


def _unify_parts(left: Any, right: Any, match: Match, lengths: Lengths) -> Match | None:
    if isinstance(left, Expr) and isinstance(right, Expr):
        return unify(left, right, match, lengths)
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) != len(right):
            return None
        result: Match | None = match
        for a, b in zip(left, right, strict=True):
            result = None if result is None else _unify_parts(a, b, result, lengths)
        return result
    return match if left == right else None
