"""Hold the simplification rules, in the order in which they are tried.

Each rule takes the terms of a gradient and returns new ones, or None when it does not apply. Each
makes the terms smaller by its own measure, so that the loop in `simplify` ends. To add a rule,
write the function and add one line to RULES.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from symgrad.derivation.deltas import contract_deltas, contract_within_bound
from symgrad.derivation.graph import Graph
from symgrad.derivation.lemmas import Lemmas
from symgrad.derivation.reuse import Patterns, reuse_once
from symgrad.derivation.terms import Term, combine, flatten, numbered
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Call,
    Element,
    Expr,
    Index,
    Indicator,
    Number,
    free_indices,
    mul,
    split_coefficient,
    walk,
)

Terms = list[Term]


@dataclass(frozen=True)
class Context:
    """What a rule may look at.

    Attributes:
        graph: the forward values.
        patterns: how to recognise each of them.
        lemmas: what is known about them.
        own: the indices of the gradient itself.
        leaves: the layer's inputs, each with an index for each axis.
        values: the value that each gradient belongs to, by the gradient's name.
    """

    graph: Graph
    patterns: Patterns
    lemmas: Lemmas
    own: tuple[Index, ...]
    leaves: Mapping[str, Sequence[Index]]
    values: Mapping[str, str]

    def extent_of(self, name: str, axis: int) -> Expr | None:
        """Return the extent of an axis of a value or of a gradient, which has its value's axes."""
        value = self.values.get(name, name)
        indices = self.graph[value].indices if value in self.graph else self.leaves.get(value, ())
        return indices[axis].extent if axis < len(indices) else None


@dataclass(frozen=True)
class Rule:
    """One law: its name, what a step says of it, and the function that applies it."""

    name: str
    caption: str
    apply: Callable[[Terms, Context], Terms | None]


def contract(terms: Terms, context: Context) -> Terms | None:
    """sum_l delta_lc f_l = f_c. Ends: each use removes one delta and one summed index."""
    new = [contract_deltas(term) for term in terms]
    return [term for term in new if term.coefficient] if new != terms else None


def contract_bounded(terms: Terms, context: Context) -> Terms | None:
    """sum_{l<n} delta_lp f_l = [p < n] f_p. Ends: each use removes one delta and one sum."""
    return _each(terms, lambda term: contract_within_bound(term, context.extent_of))


def reuse_forward_value(terms: Terms, context: Context) -> Terms | None:
    """A product that forward has computed is read. Ends: each use removes factors or a sum."""
    return _each(terms, lambda term: reuse_once(term, context.patterns))


def close_known_sum(terms: Terms, context: Context) -> Terms | None:
    """A sum with a known value is that value. Ends: each use removes one summed index."""
    return _each(terms, context.lemmas.close_sum)


def drop_repeated_mask(terms: Terms, context: Context) -> Terms | None:
    """[c]*y = y where y is 0 outside c and the rest is finite. Ends: removes one indicator."""
    lemmas = context.lemmas

    def apply(term: Term) -> Term | None:
        masks = [base for base, _ in term.factors if isinstance(base, Indicator)]
        for mask in masks:
            others = [base for base, e in term.factors if e > 0 and base is not mask]
            if not lemmas.is_finite_product(term):
                continue
            if any(mask.condition in lemmas.vanishes_outside(base) for base in others):
                kept = tuple(f for f in term.factors if f[0] is not mask)
                return Term(term.coefficient, kept, term.sums)
        return None

    return _each(terms, apply)


def combine_like_terms(terms: Terms, context: Context) -> Terms | None:
    """a*t + b*t = (a + b)*t, up to the names of summed indices. Ends: each use removes a term."""
    if len(terms) < 2:
        return None
    new = combine(terms, numbered(context.own))
    return new if len(new) < len(terms) else None


def multiply_out(terms: Terms, context: Context) -> Terms | None:
    """a*(1 - b) - b*(c - a) = a - b*c, where the brackets cancel. Ends: the terms get shorter.

    sigmoid(-x) counts as 1 - sigmoid(x) here; where that cancels nothing it stays.
    """
    if len(terms) < 2 or not any(_brackets(term, context) for term in terms):
        return None
    expanded = [part for term in terms for part in _expanded(term, context)]
    expanded = reuse_forward_value(expanded, context) or expanded
    new = combine(expanded, numbered(context.own))
    return new if len(new) <= len(terms) and _length(new) < _length(terms) else None


def _expanded(term: Term, context: Context) -> Terms:
    """Return the term with its brackets multiplied out."""
    brackets = _brackets(term, context)
    if not brackets:
        return [term]
    base, addends = brackets[0]
    rest = Term(term.coefficient, tuple(f for f in term.factors if f[0] is not base), term.sums)
    return [
        part
        for addend in addends
        for inner in flatten(addend)
        for part in _expanded(rest.times(inner), context)
    ]


def _brackets(term: Term, context: Context) -> list[tuple[Expr, tuple[Expr, ...]]]:
    """Return the factors that are sums, with their addends; those under a sum stay."""
    found: list[tuple[Expr, tuple[Expr, ...]]] = []
    for base, exponent in term.factors:
        if exponent != 1 or not free_indices(base).isdisjoint(term.sums):
            continue
        inner = context.graph.inside(base)
        if isinstance(inner, Add) and len(inner.terms) == 2:
            found.append((base, inner.terms))
        mirrored = _mirrored_sigmoid(base, context)
        if mirrored is not None:
            found.append((base, (ONE, mul(MINUS_ONE, mirrored))))
    return found


def _mirrored_sigmoid(base: Expr, context: Context) -> Expr | None:
    """Return sigmoid(x) when the factor is sigmoid(-x)."""
    if not (isinstance(base, Call) and base.function == "sigmoid"):
        return None
    coefficient, argument = split_coefficient(context.graph.inside(base.args[0]))
    return Call("sigmoid", (argument,)) if coefficient == -1 else None


def _length(terms: Terms) -> int:
    """Count the factors that are written, those in brackets too."""
    return sum(1 for term in terms for base, _ in term.factors for _ in _symbols(base))


def _symbols(base: Expr) -> list[Expr]:
    """Return the parts of a factor that a reader sees as one symbol each."""
    return [part for part in walk(base) if isinstance(part, (Element, Call, Number))]


def _each(terms: Terms, function: Callable[[Term], Term | None]) -> Terms | None:
    new: Terms = []
    changed = False
    for term in terms:
        result = function(term)
        changed = changed or result is not None
        if result is None:
            new.append(term)
        elif result.coefficient:
            new.append(result)
    return new if changed else None


RULES: Sequence[Rule] = (
    Rule("contract_delta", "contract the delta", contract),
    Rule("contract_bounded", "contract the delta, within the bound of its index", contract_bounded),
    Rule("reuse_forward_value", "reuse a forward value", reuse_forward_value),
    Rule("close_known_sum", "a sum that is known from the forward values", close_known_sum),
    Rule("drop_repeated_mask", "the mask is in the value already", drop_repeated_mask),
    Rule("combine_like_terms", "combine like terms", combine_like_terms),
    Rule("multiply_out", "multiply out, and cancel", multiply_out),
)


def simplify(
    terms: Terms, context: Context, record: Callable[[Rule, Terms], None] | None = None
) -> Terms:
    """Apply the rules until none applies; `record` is told of each use."""
    applied = True
    while applied:
        applied = False
        for rule in RULES:
            new = rule.apply(terms, context)
            if new is not None:
                terms = new
                applied = True
                if record is not None:
                    record(rule, terms)
                break
    return terms
