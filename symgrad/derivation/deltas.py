"""Solve Kronecker deltas: a sum over an index that a delta fixes is one term of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from symgrad.derivation.terms import UNIT, Factor, Term, merge_factors
from symgrad.language.expr import (
    Compare,
    Delta,
    Element,
    Expr,
    Index,
    IndexValue,
    Indicator,
    substitute,
    walk,
)

ExtentOf = Callable[[str, int], Expr | None]


def contract_deltas(term: Term) -> Term:
    """sum_l delta_lc f_l = f_c. Ends: each use removes one delta and one summed index.

    A delta of two indices that are not summed stays, and so does one whose indices run over two
    ranges.
    """
    term = Term(term.coefficient, _drop_trivial(term.factors), term.sums)
    changed = True
    while changed:
        changed = False
        for position, (base, _) in enumerate(term.factors):
            pair = _solvable(base, term.sums) if isinstance(base, Delta) else None
            if pair is None:
                continue
            bound, value = pair
            rest = term.factors[:position] + term.factors[position + 1 :]
            mapping = {bound: value}
            factors = merge_factors((substitute(b, mapping), e) for b, e in rest)
            sums = tuple(index for index in term.sums if index is not bound)
            term = _checked(Term(term.coefficient, _drop_trivial(factors), sums))
            changed = True
            break
    return term


def contract_within_bound(term: Term, extent_of: ExtentOf) -> Term | None:
    """sum_{l<n} delta_lp f_l = [p < n] f_p, where f can be read at every p; None when it can't.

    `extent_of` gives the extent of an axis of a named value.
    """
    for position, (base, _) in enumerate(term.factors):
        if not isinstance(base, Delta):
            continue
        for side, other in ((base.left, base.right), (base.right, base.left)):
            if not (isinstance(side, IndexValue) and isinstance(other, IndexValue)):
                continue
            bound, own = side.index, other.index
            rest = term.factors[:position] + term.factors[position + 1 :]
            if bound not in term.sums or own in term.sums or bound.extent is None:
                continue
            if all(_runs_along(b, bound, own, extent_of) for b, _ in rest):
                inside = Indicator(Compare("<", other, bound.extent))
                factors = [(substitute(b, {bound: other}), e) for b, e in rest]
                sums = tuple(index for index in term.sums if index is not bound)
                return Term(term.coefficient, merge_factors([*factors, (inside, UNIT)]), sums)
    return None


def _runs_along(base: Expr, bound: Index, own: Index, extent_of: ExtentOf) -> bool:
    """Say whether every axis that `bound` reads is as long as `own` runs."""
    reads = [part for part in walk(base) if isinstance(part, Element)]
    axes = [
        extent_of(part.name, axis)
        for part in reads
        for axis, subscript in enumerate(part.subscripts)
        if isinstance(subscript, IndexValue) and subscript.index is bound
    ]
    return all(extent == own.extent for extent in axes)


def _checked(term: Term) -> Term:
    """Return the term, 0 when one of its masks never holds."""
    never = any(_decided(base) is False for base, _ in term.factors)
    return Term(Fraction(0)) if never else term


def _solvable(delta: Delta, sums: Sequence[Index]) -> tuple[Index, Expr] | None:
    """Return (summed index, what it equals) when the delta can be solved for one."""
    if delta.left == delta.right:
        return None  # delta_kk is 1 and binds nothing
    for side, other in ((delta.left, delta.right), (delta.right, delta.left)):
        if not (isinstance(side, IndexValue) and isinstance(other, IndexValue)):
            continue
        if side.index in sums and side.index.extent == other.index.extent:
            return side.index, other
    return None


def _drop_trivial(factors: Sequence[Factor]) -> tuple[Factor, ...]:
    """Drop what is 1: delta_ii, and conditions such as i <= i."""
    return tuple((base, e) for base, e in factors if _decided(base) is not True)


def _decided(base: Expr) -> bool | None:
    """Say what a delta or a mask is whatever its indices are; None when that depends on them."""
    if isinstance(base, Delta) and base.left == base.right:
        return True
    condition = base.condition if isinstance(base, Indicator) else None
    if isinstance(condition, Compare) and condition.left == condition.right:
        values = isinstance(condition.left, Element)  # NaN is not equal to itself
        return None if values else condition.op in ("<=", ">=", "==")
    return None
