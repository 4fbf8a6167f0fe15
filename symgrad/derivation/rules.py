"""Hold the simplification rules, in the order in which they are tried.

Each rule takes the terms of a gradient and returns new ones, or None when it does not apply. Each
makes the terms smaller by its own measure, so that the loop in `simplify` ends. To add a rule,
write the function and add one line to RULES.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from symgrad.derivation.deltas import (
    contract_deltas,
    contract_into_pad,
    contract_within_bound,
)
from symgrad.derivation.graph import Graph
from symgrad.derivation.lemmas import Lemmas
from symgrad.derivation.notes import Note
from symgrad.derivation.reuse import Patterns, reuse_once
from symgrad.derivation.terms import (
    UNIT,
    Term,
    combine,
    flatten,
    merge_factors,
    numbered,
    unflatten,
)
from symgrad.language.affine import is_nonnegative
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Delta,
    Element,
    Expr,
    Index,
    IndexValue,
    Indicator,
    Number,
    Pad,
    Reduce,
    element_names,
    free_indices,
    mul,
    replace,
    split_coefficient,
    walk,
)

Terms = list[Term]

# terms that come of one on average when brackets are multiplied out, at most
MOST_EXPANDED = 16


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
        checked: integer inputs whose values are in range wherever they are compared.
    """

    graph: Graph
    patterns: Patterns
    lemmas: Lemmas
    own: tuple[Index, ...]
    leaves: Mapping[str, Sequence[Index]]
    values: Mapping[str, str]
    checked: Collection[str] = ()

    def extent_of(self, name: str, axis: int) -> Expr | None:
        """Return the extent of an axis of a value or of a gradient, which has its value's axes."""
        value = self.values.get(name, name)
        indices = self.graph[value].indices if value in self.graph else self.leaves.get(value, ())
        return indices[axis].extent if axis < len(indices) else None


Values = tuple[tuple[str, Expr], ...]


def _nothing(before: Terms, after: Terms, context: Context) -> Values:
    return ()


@dataclass(frozen=True)
class Rule:
    """One law.

    Attributes:
        name: its name, which is the kind of its note too.
        apply: the function that applies it, once or as often as it can.
        explain: what its note mentions, given the terms before and after.
    """

    name: str
    apply: Callable[[Terms, Context], Terms | None]
    explain: Callable[[Terms, Terms, Context], Values] = _nothing

    def note(self, before: Terms, after: Terms, context: Context) -> Note:
        """Return what a step says of one use."""
        return Note(self.name, self.explain(before, after, context))


def contract(terms: Terms, context: Context) -> Terms | None:
    """sum_l delta_lc f_l = f_c. Ends: each use removes one delta and one summed index."""
    new = [contract_deltas(term, context.checked) for term in terms]
    return [term for term in new if term.coefficient] if new != terms else None


def contract_bounded(terms: Terms, context: Context) -> Terms | None:
    """sum_{l<n} delta_lp f_l = [p < n] f_p. Ends: each use removes one delta and one sum."""
    return _each(terms, lambda term: contract_within_bound(term, context.extent_of))


def contract_padded(terms: Terms, context: Context) -> Terms | None:
    """sum_i delta(i+1, p) f_i = pad(f[p-1]). Ends: each use removes one delta and one sum."""
    return _each(terms, lambda term: contract_into_pad(term, context.extent_of))


def drop_padding(terms: Terms, context: Context) -> Terms | None:
    """pad(x_i) = x_i where that is read inside. Ends: each use removes a pad."""

    def apply(term: Term) -> Term | None:
        factors = [(_unpadded(base, context), e) for base, e in term.factors]
        changed = any(
            new is not old for (new, _), (old, _) in zip(factors, term.factors, strict=True)
        )
        return Term(term.coefficient, merge_factors(factors), term.sums) if changed else None

    return _each(terms, apply)


def _unpadded(base: Expr, context: Context) -> Expr:
    return base.element if isinstance(base, Pad) and is_inside(base.element, context) else base


def is_inside(element: Element, context: Context) -> bool:
    """Say whether an element is certainly read inside of its tensor."""
    for axis, place in enumerate(element.subscripts):
        length = context.extent_of(element.name, axis)
        if length is None or not is_nonnegative(place) or not is_nonnegative(length - 1 - place):
            return False
    return True


def pad_masked_reads(term: Term, context: Context) -> Term:
    """[j <= i]*x[i-j] = [j <= i]*pad(x[i-j]): what a mask beside it keeps inside, read 0 around.

    A reduction's condition guards a read; a mask that prints as `where` does not.
    """
    masks = [b for b, _ in term.factors if isinstance(b, Indicator) and _is_outside(b, term)]
    guarding = frozenset(index for mask in masks for index in free_indices(mask))

    def visit(part: Expr) -> Expr | None:
        if isinstance(part, (Pad, Indicator, Delta)):
            return part
        if not isinstance(part, Element) or guarding.isdisjoint(free_indices(part)):
            return None
        return None if is_inside(part, context) else Pad(part, ZERO)

    if not masks:
        return term
    factors = tuple((replace(base, visit), e) for base, e in term.factors)
    return Term(term.coefficient, factors, term.sums)


def _is_outside(base: Expr, term: Term) -> bool:
    return free_indices(base).isdisjoint(term.sums)


def reuse_forward_value(terms: Terms, context: Context) -> Terms | None:
    """A product that forward has computed is read. Ends: each use removes factors or a sum."""
    return _each(terms, lambda term: reuse_once(term, context.patterns))


def _reads_by_arithmetic(base: Expr) -> bool:
    return any(
        isinstance(part, Element) and not all(isinstance(s, IndexValue) for s in part.subscripts)
        for part in walk(base)
    )


def _value_read(before: Terms, after: Terms, context: Context) -> Values:
    """Return the forward value that only the new terms read."""
    known = {name for term in before for base, _ in term.factors for name in element_names(base)}
    for term in after:
        for base, _ in term.factors:
            if isinstance(base, Element) and base.name not in known:
                return (("value", base),)
    return ()


def close_known_sum(terms: Terms, context: Context) -> Terms | None:
    """A sum with a known value is that value. Ends: each use removes one summed index."""
    return _each(terms, context.lemmas.close_sum)


def _sum_closed(before: Terms, after: Terms, context: Context) -> Values:
    """Return the first sum that was closed, and its value."""
    for term in before:
        known = context.lemmas.known_sum(term)
        if known is not None:
            body = ONE if known.body is None else known.body
            total = Reduce("sum", known.indices, None, body)
            return (("total", total), ("value", unflatten([known.value])))
    return ()


def drop_repeated_mask(terms: Terms, context: Context) -> Terms | None:
    """[c]*y = y where y is 0 outside c and the rest is finite. Ends: removes one indicator."""
    lemmas = context.lemmas

    def apply(term: Term) -> Term | None:
        masks = [base for base, _ in term.factors if isinstance(base, Indicator)]
        for mask in masks:
            others = [base for base, e in term.factors if e > 0 and base is not mask]
            if not lemmas.is_finite_product(term):
                continue
            if any(_reads_by_arithmetic(base) for base in others):
                continue  # the mask may be what keeps a read inside
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
    if len(terms) < 2:
        return None
    expanded = _expanded(terms, context)
    if expanded is None:
        return None
    expanded = reuse_forward_value(expanded, context) or expanded
    new = combine(expanded, numbered(context.own))
    return new if len(new) <= len(terms) and _length(new) < _length(terms) else None


def _expanded(terms: Terms, context: Context) -> Terms | None:
    """Return the terms with their brackets multiplied out.

    None where there is no bracket, and where there are so many that too little can cancel: a chain
    x2 = a*x1 + x0, x3 = a*x2 + x1, ... has as many terms as there are paths through it.
    """
    done: Terms = []
    waiting = terms[::-1]
    while waiting:
        term = waiting.pop()
        bracket = _bracket(term, context)
        if bracket is None:
            done.append(term)
            continue
        base, addends = bracket
        rest = Term(term.coefficient, tuple(f for f in term.factors if f[0] is not base), term.sums)
        parts = [rest.times(inner) for addend in addends for inner in flatten(addend)]
        waiting += reversed(parts)
        if len(done) + len(waiting) > MOST_EXPANDED * len(terms):
            return None
    return None if done == terms else done


def _bracket(term: Term, context: Context) -> tuple[Expr, tuple[Expr, ...]] | None:
    """Return the first factor that is a sum, with its addends; those under a sum stay."""
    for base, exponent in term.factors:
        if exponent is not UNIT and exponent != 1:
            continue
        if not free_indices(base).isdisjoint(term.sums):
            continue
        if isinstance(context.graph.behind(base), Add):
            inner = context.graph.inside(base)
            if isinstance(inner, Add) and len(inner.terms) == 2:
                return base, inner.terms
        mirrored = _mirrored_sigmoid(base, context)
        if mirrored is not None:
            return base, (ONE, mul(MINUS_ONE, mirrored))
    return None


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
    Rule("contract_delta", contract),
    Rule("contract_bounded", contract_bounded),
    Rule("contract_padded", contract_padded),
    Rule("drop_padding", drop_padding),
    Rule("reuse_forward_value", reuse_forward_value, _value_read),
    Rule("close_known_sum", close_known_sum, _sum_closed),
    Rule("drop_repeated_mask", drop_repeated_mask),
    Rule("combine_like_terms", combine_like_terms),
    Rule("multiply_out", multiply_out),
)


def simplify(
    terms: Terms, context: Context, record: Callable[[Rule, Terms, Terms], None] | None = None
) -> Terms:
    """Apply the rules until none applies; `record` is told of each use: rule, before, after."""
    applied = True
    while applied:
        applied = False
        for rule in RULES:
            new = rule.apply(terms, context)
            if new is not None:
                if record is not None:
                    record(rule, terms, new)
                terms = new
                applied = True
                break
    return terms
