"""Know what forward values sum to, and where they are zero.

sum_j (x_ij - mu_i) is 0 and a softmax row sums to 1: both follow from the definitions, by summing them
and looking for forward values again. A masked softmax is 0 where its mask is, so the mask need not be
written a second time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from symgrad.derivation.graph import Graph
from symgrad.derivation.normalise import NEGATIVE_INFINITY
from symgrad.derivation.reuse import Pattern, reuse_once
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
    Number,
    Power,
    Reduce,
    Where,
    children,
    free_indices,
    split_coefficient,
)
from symgrad.language.functions import FUNCTIONS

EVERYWHERE = (float("-inf"), float("inf"))


@dataclass
class Lemmas:
    """Answer what is known about the values of a graph; answers are kept."""

    graph: Graph
    patterns: dict[str, Pattern]
    _sums: dict[tuple[str, int], Term | None] = field(default_factory=dict)

    def axis_sum(self, name: str, axis: int) -> Term | None:
        """Return the constant that a value sums to along an axis, None when it is no constant."""
        key = (name, axis)
        if key not in self._sums:
            self._sums[key] = None  # a value does not explain itself
            self._sums[key] = self._find_sum(name, axis)
        return self._sums[key]

    def _find_sum(self, name: str, axis: int) -> Term | None:
        definition = self.graph[name]
        summed = definition.indices[axis]
        terms = []
        for term in flatten(definition.body):
            whole = Term(term.coefficient, term.factors, (*term.sums, summed))
            terms.append(self.reduced(whole, name))
        rest = [index for index in definition.indices if index is not summed]
        terms = combine(terms, numbered(rest))
        if not terms:
            return Term(Fraction(0))
        if len(terms) == 1 and not terms[0].sums and all(is_constant(b) for b, _ in terms[0].factors):
            return terms[0]
        return None

    def reduced(self, term: Term, without: str) -> Term:
        """Put known sums and forward values, but one, into a term until nothing more is found."""
        patterns = {name: p for name, p in self.patterns.items() if name != without}
        while term.coefficient:
            new = self.close_sum(term) or reuse_once(term, patterns)
            if new is None:
                break
            term = new
        return term

    def close_sum(self, term: Term) -> Term | None:
        """Replace one sum whose value is known: over nothing, or over a value with a known sum."""
        for index in term.sums:
            holders = [f for f in term.factors if index in free_indices(f[0])]
            if not holders and index.extent is not None:
                return _without(term, index, None, Term(UNIT, ((index.extent, UNIT),)))
            if len(holders) == 1 and holders[0][1] == 1:
                value = self._sum_of(holders[0][0], index)
                if value is not None:
                    return _without(term, index, holders[0][0], value)
        return None

    def _sum_of(self, base: Expr, index: Index) -> Term | None:
        if not isinstance(base, Element) or base.name not in self.graph:
            return None
        places = [
            axis
            for axis, subscript in enumerate(base.subscripts)
            if isinstance(subscript, IndexValue) and subscript.index is index
        ]
        return self.axis_sum(base.name, places[0]) if len(places) == 1 else None

    def vanishes_outside(self, expr: Expr) -> tuple[Expr, ...]:
        """Return conditions outside of which the value is exactly 0."""
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

    def _infinite_outside(self, expr: Expr) -> tuple[Expr, ...]:
        """Return conditions outside of which the value is -inf, if its other terms are finite."""
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

    def is_finite(self, expr: Expr) -> bool:
        """Say whether a value is finite wherever the inputs and incoming gradients are.

        Only what can be seen is granted: a sum of exponentials is taken to be positive, an exponential
        not to overflow.
        """
        body = self.graph.inside(expr)
        if isinstance(body, Element):
            return body == expr or self.is_finite(body)
        if isinstance(body, Constant):
            return body.name != "inf"
        if isinstance(body, Call) and body.function == "exp":
            return True
        if isinstance(body, Power) and _is_number_below(body.exponent, 0):
            return self._is_sum_of_exponentials(body.base)
        if isinstance(body, Call) and FUNCTIONS[body.function].domain != EVERYWHERE:
            return False
        if isinstance(body, (Delta, Indicator, IndexValue)):
            return True
        return all(self.is_finite(child) for child in children(body))

    def _is_sum_of_exponentials(self, expr: Expr) -> bool:
        body = self.graph.inside(expr)
        if not (isinstance(body, Reduce) and body.op == "sum"):
            return is_constant(body)
        inner = self.graph.inside(body.body)
        return isinstance(inner, Call) and inner.function == "exp"


def _is_number_below(expr: Expr, bound: int) -> bool:
    return not isinstance(expr, Number) or expr.value < bound


def _without(term: Term, index: Index, base: Expr | None, value: Term) -> Term:
    factors = merge_factors(
        tuple(f for f in term.factors if f[0] is not base) + value.factors
    )
    sums = tuple(other for other in term.sums if other is not index)
    return Term(term.coefficient * value.coefficient, factors, sums)
