"""Know what forward values sum to, and where they are zero.

sum_j (x_ij - mu_i) is 0 and a softmax row sums to 1: both follow from the definitions, by summing
them and looking for forward values again. A masked softmax is 0 where its mask is, so the mask need
not be written a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from symgrad.derivation.graph import Graph
from symgrad.derivation.reuse import Patterns, reuse_once
from symgrad.derivation.terms import (
    UNIT,
    Term,
    combine,
    flatten,
    is_constant,
    merge_factors,
    numbered,
)
from symgrad.language.expr import (
    NEGATIVE_INFINITY,
    ZERO,
    Add,
    Call,
    Constant,
    Delta,
    Element,
    Expr,
    Index,
    IndexValue,
    Indicator,
    Mul,
    Number,
    Power,
    Reduce,
    StopGradient,
    Where,
    children,
    free_indices,
    power,
    split_coefficient,
)
from symgrad.language.functions import FUNCTIONS

EVERYWHERE = (float("-inf"), float("inf"))


@dataclass(frozen=True)
class KnownSum:
    """sum_{indices} body = value; the body is None where nothing depends on the index."""

    indices: tuple[Index, ...]
    body: Element | None
    value: Term


@dataclass
class Lemmas:
    """Answer what is known about the values of a graph; answers are kept."""

    graph: Graph
    patterns: Patterns
    _sums: dict[tuple[str, tuple[int, ...]], Term | None] = field(default_factory=dict)
    _known: dict[str, dict[str, bool]] = field(default_factory=dict)

    def axis_sum(self, name: str, axes: tuple[int, ...]) -> Term | None:
        """Return the constant that a value sums to along axes, None when it is no constant."""
        key = (name, axes)
        if key not in self._sums:
            self._sums[key] = None  # a value does not explain itself
            self._sums[key] = self._find_sum(name, axes)
        return self._sums[key]

    def _find_sum(self, name: str, axes: tuple[int, ...]) -> Term | None:
        definition = self.graph[name]
        summed = tuple(definition.indices[axis] for axis in axes)
        whole = [
            Term(term.coefficient, term.factors, (*term.sums, *summed))
            for term in flatten(definition.body)
        ]
        rest = [index for index in definition.indices if index not in summed]
        terms = combine((self.reduced(term, name) for term in whole), numbered(rest))
        if not terms:
            return Term(Fraction(0))
        if (
            len(terms) == 1
            and not terms[0].sums
            and all(is_constant(b) for b, _ in terms[0].factors)
        ):
            return terms[0]
        return None

    def reduced(self, term: Term, without: str) -> Term:
        """Put known sums and forward values, but one, into a term until nothing more is found."""
        while term.coefficient:
            new = self.close_sum(term) or reuse_once(term, self.patterns, without)
            if new is None:
                break
            term = new
        return term

    def close_sum(self, term: Term) -> Term | None:
        """Replace sums whose value is known: over nothing, or over a value with a known sum."""
        known = self.known_sum(term)
        return None if known is None else _without(term, known)

    def known_sum(self, term: Term) -> KnownSum | None:
        """Return the first sum of a term whose value is known."""
        for index in term.sums:
            if index.extent is not None and not any(
                index in free_indices(b) for b, _ in term.factors
            ):
                return KnownSum((index,), None, Term(UNIT, ((index.extent, UNIT),)))
        for base, exponent in term.factors:
            if exponent == 1 and isinstance(base, Element) and base.name in self.graph:
                own = _summed_alone(term, base)
                value = self._sum_of(base, own) if own else None
                if value is not None:
                    return KnownSum(own, base, value)
        return None

    def _sum_of(self, base: Element, summed: tuple[Index, ...]) -> Term | None:
        places: list[int] = []
        for index in summed:
            at = [n for n, s in enumerate(base.subscripts) if index in free_indices(s)]
            if len(at) != 1 or not isinstance(base.subscripts[at[0]], IndexValue):
                return None
            if self.graph[base.name].indices[at[0]].extent != index.extent:
                return None
            places.append(at[0])
        return self.axis_sum(base.name, tuple(sorted(places)))

    def vanishes_outside(self, expr: Expr) -> tuple[Expr, ...]:
        """Return conditions outside of which the value is exactly 0."""
        if not self._may_vanish(expr):
            return ()
        body = self.graph.inside(expr)
        if isinstance(body, Where) and body.otherwise == ZERO:
            return (body.condition,)
        if isinstance(body, Call) and body.function == "exp":
            return self._infinite_outside(body.args[0])
        if body is expr and not isinstance(body, Element):
            return ()
        if isinstance(body, Element):
            return () if body == expr else self.vanishes_outside(body)
        terms = flatten(body)
        if len(terms) != 1 or terms[0].sums:
            return ()
        return tuple(
            c for base, e in terms[0].factors if e > 0 for c in self.vanishes_outside(base)
        )

    def _may_vanish(self, expr: Expr) -> bool:
        """Say whether `vanishes_outside` can have an answer, whatever the indices are."""
        if isinstance(expr, Element):
            return expr.name in self.graph and self._holds(self._may_vanish, expr.name)
        if isinstance(expr, Where):
            return expr.otherwise == ZERO
        if isinstance(expr, Call):
            return expr.function == "exp" and self._may_be_infinite(expr.args[0])
        return isinstance(expr, (Mul, Power)) and any(
            self._may_vanish(child) for child in children(expr)
        )

    def _may_be_infinite(self, expr: Expr) -> bool:
        """Say whether `_infinite_outside` can have an answer, whatever the indices are."""
        if isinstance(expr, Element):
            return expr.name in self.graph and self._holds(self._may_be_infinite, expr.name)
        if isinstance(expr, Where):
            return expr.otherwise == NEGATIVE_INFINITY
        return isinstance(expr, (Add, Mul)) and any(
            self._may_be_infinite(child) for child in children(expr)
        )

    def _infinite_outside(self, expr: Expr) -> tuple[Expr, ...]:
        """Return conditions outside of which the value is -inf, if its other terms are finite."""
        if not self._may_be_infinite(expr):
            return ()
        body = self.graph.inside(expr)
        if isinstance(body, Where) and body.otherwise == NEGATIVE_INFINITY:
            return (body.condition,)
        if isinstance(body, Add):
            parts = [split_coefficient(term) for term in body.terms]
            return tuple(
                c for number, rest in parts if number > 0 for c in self._infinite_outside(rest)
            )
        if isinstance(body, Element) and body != expr:
            return self._infinite_outside(body)
        return ()

    def is_finite_product(self, term: Term) -> bool:
        """Say whether every factor of a term is finite wherever the inputs are."""
        return all(self.is_finite(power(base, Number(e))) for base, e in term.factors)

    def is_finite(self, expr: Expr) -> bool:
        """Say whether a value is finite wherever the inputs and incoming gradients are.

        Only what can be seen is granted: a sum of exponentials is taken to be positive, an
        exponential not to overflow unless its shift is the max of some elements alone.
        """
        if isinstance(expr, Element):
            return expr.name not in self.graph or self._holds(self.is_finite, expr.name)
        if isinstance(expr, Constant):
            return expr.name != "inf"
        if isinstance(expr, Call) and expr.function == "exp":
            return not self._has_partial_shift(expr.args[0])
        if isinstance(expr, Power) and _needs_positive_base(expr.exponent):
            return self._is_sum_of_exponentials(expr.base)
        if isinstance(expr, Call) and FUNCTIONS[expr.function].domain != EVERYWHERE:
            return False
        if isinstance(expr, (Delta, Indicator, IndexValue)):
            return True
        return all(self.is_finite(child) for child in children(expr))

    def _holds(self, claim: Callable[[Expr], bool], name: str) -> bool:
        """Say whether a claim holds of a value, whatever its indices are.

        It is asked of every definition once, first to last: a chain of them takes no recursion, and
        one that several others read is not asked again by each of them.
        """
        known = self._known.setdefault(claim.__name__, {})
        if name not in known:
            for definition in self.graph:
                if definition.name not in known:
                    known[definition.name] = claim(definition.body)
        return known[name]

    def _has_partial_shift(self, exponent: Expr) -> bool:
        """Say whether an exponent is shifted by a max under a condition: others may exceed it."""
        if isinstance(exponent, Element):
            return exponent.name in self.graph and self._holds(
                self._has_partial_shift, exponent.name
            )
        if isinstance(exponent, (Add, Mul, StopGradient)):
            return any(self._has_partial_shift(child) for child in children(exponent))
        return (
            isinstance(exponent, Reduce) and exponent.op == "max" and exponent.condition is not None
        )

    def _is_sum_of_exponentials(self, expr: Expr) -> bool:
        body = self.graph.behind(expr)
        if not (isinstance(body, Reduce) and body.op == "sum"):
            return is_constant(body)
        inner = self.graph.behind(body.body)
        return isinstance(inner, Call) and inner.function == "exp"


def _needs_positive_base(exponent: Expr) -> bool:
    if not isinstance(exponent, Number):
        return True
    return exponent.value < 0 or exponent.value.denominator != 1


def _summed_alone(term: Term, base: Expr) -> tuple[Index, ...]:
    """Return the summed indices that occur in this factor and in no other."""
    others = [free_indices(other) for other, _ in term.factors if other is not base]
    taken = frozenset().union(*others)
    return tuple(i for i in term.sums if i in free_indices(base) and i not in taken)


def _without(term: Term, known: KnownSum) -> Term:
    rest = tuple(f for f in term.factors if f[0] is not known.body)
    sums = tuple(other for other in term.sums if other not in known.indices)
    value = known.value
    return Term(term.coefficient * value.coefficient, merge_factors(rest + value.factors), sums)
