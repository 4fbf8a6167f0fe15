"""Solve Kronecker deltas: a sum over an index that a delta fixes is one term of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from symgrad.derivation.terms import UNIT, Factor, Term, merge_factors
from symgrad.language.affine import affine, divided, is_nonnegative, simplified
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Compare,
    Delta,
    Element,
    Expr,
    FloorDiv,
    Index,
    IndexValue,
    Indicator,
    Mod,
    Number,
    Pad,
    add,
    free_indices,
    mul,
    substitute,
    subtract,
    walk,
)

ExtentOf = Callable[[str, int], Expr | None]
NO_NAMES: Collection[str] = ()
UNITS = (ONE, MINUS_ONE)


@dataclass(frozen=True)
class Solution:
    """What a delta says of a summed index: its value, the new sums in it, and when there is one."""

    index: Index
    value: Expr
    sums: tuple[Index, ...] = ()
    conditions: tuple[Expr, ...] = ()


def contract_deltas(term: Term, checked: Collection[str] = NO_NAMES) -> Term:
    """sum_l delta_lc f_l = f_c. Ends: each use removes one delta.

    A delta of indices that are not summed stays, and so does one that has a solution in the range
    of the index for some places alone, but of a whole quotient, whose remainders are summed.

    Args:
        term: a term of a gradient.
        checked: integer tensors whose values are in the range of the index they are compared with.
    """
    term = _tidied(term)
    while True:
        found = _first_solution(term, checked)
        if found is None:
            return term
        position, solution = found
        rest = term.factors[:position] + term.factors[position + 1 :]
        term = _put(Term(term.coefficient, rest, term.sums), solution)


def _first_solution(term: Term, checked: Collection[str]) -> tuple[int, Solution] | None:
    """Return the first delta that has a solution, by the first solver that finds one."""
    deltas = [(n, base) for n, (base, _) in enumerate(term.factors) if isinstance(base, Delta)]
    for solver in SOLVERS:
        for position, delta in deltas:
            solution = solver(delta, term, checked)
            if solution is not None:
                return position, solution
    return None


def _put(term: Term, solution: Solution) -> Term:
    """Return the term with the index replaced by its value, its sum by the new ones."""
    mapping = {solution.index: solution.value}
    # the conditions first: they guard what the others read
    factors: list[Factor] = [(Indicator(condition), UNIT) for condition in solution.conditions]
    factors += [(substitute(base, mapping), e) for base, e in term.factors]
    sums = tuple(index for index in term.sums if index is not solution.index)
    return _tidied(Term(term.coefficient, merge_factors(factors), sums + solution.sums))


# --- solvers -------------------------------------------------------------------------------------


def _sides(delta: Delta) -> Iterator[tuple[Expr, Expr]]:
    if delta.left != delta.right:  # delta_kk is 1 and binds nothing
        yield delta.left, delta.right
        yield delta.right, delta.left


def _summed(expr: Expr, term: Term) -> Index | None:
    """Return the index when the expression is one that the term sums over."""
    summed = isinstance(expr, IndexValue) and expr.index in term.sums
    return expr.index if summed and isinstance(expr, IndexValue) else None


def solve_index(delta: Delta, term: Term, checked: Collection[str]) -> Solution | None:
    """delta(l, c) with l summed over the range of c: l = c."""
    for side, other in _sides(delta):
        index = _summed(side, term)
        if index is None or not isinstance(other, IndexValue):
            continue
        if index.extent == other.index.extent:
            return Solution(index, other)
    return None


def solve_gather(delta: Delta, term: Term, checked: Collection[str]) -> Solution | None:
    """delta(v, t_e) with v summed and integers t in its range: v = t_e."""
    for side, other in _sides(delta):
        index = _summed(side, term)
        if index is None or not isinstance(other, Element) or other.name not in checked:
            continue
        if index not in free_indices(other):
            return Solution(index, other)
    return None


def solve_shift(delta: Delta, term: Term, checked: Collection[str]) -> Solution | None:
    """delta(n-1-i, p): i = n-1-p, where that lies in the range of i whatever p is."""
    for index, value in _unit_solutions(delta, term):
        if is_nonnegative(value) and is_nonnegative(_room(value, index.extent)):
            return Solution(index, value)
    return None


def _unit_solutions(delta: Delta, term: Term) -> Iterator[tuple[Index, Expr]]:
    """Yield each summed index that has coefficient 1 or -1, with what it must equal."""
    difference = subtract(delta.left, delta.right)
    form = affine(difference)
    for index, coefficient in () if form is None else form.coefficients:
        if index in term.sums and coefficient in UNITS:
            others = subtract(difference, mul(coefficient, IndexValue(index)))
            yield index, simplified(mul(MINUS_ONE, coefficient, others))


def _room(value: Expr, extent: Expr | None) -> Expr:
    """Return extent - 1 - value: at least 0 where the value is below the extent."""
    return ZERO - ONE if extent is None else subtract(subtract(extent, ONE), value)


def solve_quotient(delta: Delta, term: Term, checked: Collection[str]) -> Solution | None:
    """delta(i//s, p): i = s*p + r for each remainder r < s."""
    for side, other in _sides(delta):
        if not isinstance(side, FloorDiv) or free_indices(side.right):
            continue
        index = _summed(side.left, term)
        if index is None or index in free_indices(other) or not is_nonnegative(other):
            continue
        remainder = Index("r", side.right)
        value = simplified(add(mul(side.right, other), IndexValue(remainder)))
        fits = is_nonnegative(_room(value, index.extent))
        conditions = () if fits else (_below(value, index.extent),)
        return Solution(index, value, (remainder,), conditions)
    return None


def _below(value: Expr, extent: Expr | None) -> Expr:
    assert extent is not None
    return Compare("<", value, extent)


def solve_remainder(delta: Delta, term: Term, checked: Collection[str]) -> Solution | None:
    """delta((i+k) % n, p): i = (p-k) % n where i runs to n, and n*q + p where it runs to n*m."""
    for side, other in _sides(delta):
        form = affine(side.left) if isinstance(side, Mod) else None
        if form is None or not isinstance(side, Mod) or not is_nonnegative(other):
            continue
        if free_indices(side.right) or not is_nonnegative(_room(other, side.right)):
            continue
        for index, coefficient in form.coefficients:
            if index not in term.sums or coefficient != ONE or index in free_indices(other):
                continue
            shift = subtract(side.left, IndexValue(index))
            if index.extent == side.right:
                return Solution(index, simplified(Mod(subtract(other, shift), side.right)))
            times, rest = (ONE, ONE) if index.extent is None else divided(index.extent, side.right)
            if simplified(shift) == rest == ZERO:
                turn = Index("q", times)
                value = simplified(add(mul(side.right, IndexValue(turn)), other))
                return Solution(index, value, (turn,))
    return None


Solver = Callable[[Delta, Term, Collection[str]], Solution | None]
# a solver is tried on every delta before the next one
SOLVERS: Sequence[Solver] = (
    solve_index,
    solve_gather,
    solve_shift,
    solve_quotient,
    solve_remainder,
)


# --- solutions for some places alone -------------------------------------------------------------


def contract_within_bound(term: Term, extent_of: ExtentOf) -> Term | None:
    """sum_{l<n} delta_lp f_l = [p < n] f_p, where f can be read at every p; None when it can't.

    `extent_of` gives the extent of an axis of a named value.
    """
    for position, (base, _) in enumerate(term.factors):
        if not isinstance(base, Delta):
            continue
        for side, other in _sides(base):
            if not (isinstance(side, IndexValue) and isinstance(other, IndexValue)):
                continue
            bound, own = side.index, other.index
            rest = term.factors[:position] + term.factors[position + 1 :]
            if bound not in term.sums or own in term.sums or bound.extent is None:
                continue
            if all(_runs_along(b, bound, own, extent_of) for b, _ in rest):
                conditions = (_below(other, bound.extent),)
                solution = Solution(bound, other, (), conditions)
                return _put(Term(term.coefficient, rest, term.sums), solution)
    return None


def _runs_along(base: Expr, bound: Index, own: Index, extent_of: ExtentOf) -> bool:
    """Say whether every axis that `bound` reads is as long as `own` runs."""
    reads = [part for part in walk(base) if isinstance(part, Element)]
    axes = [
        extent_of(part.name, axis) if subscript == IndexValue(bound) else None
        for part in reads
        for axis, subscript in enumerate(part.subscripts)
        if bound in free_indices(subscript)
    ]
    return all(extent is not None and extent == own.extent for extent in axes)


def contract_into_pad(term: Term, extent_of: ExtentOf) -> Term | None:
    """sum_i delta(i+1, p) f_i = pad(f[p-1]): one factor is read along i, and 0 outside of it."""
    for position, (base, _) in enumerate(term.factors):
        if not isinstance(base, Delta):
            continue
        rest = term.factors[:position] + term.factors[position + 1 :]
        for index, value in _unit_solutions(base, term):
            reading = [factor for factor in rest if index in free_indices(factor[0])]
            # i = p - u would be as many places, in the order that is harder to read
            alone = IndexValue(index) in (base.left, base.right)
            summed = not free_indices(value).isdisjoint(term.sums)
            if (summed and not alone) or len(reading) > 1:
                continue
            sums = tuple(other for other in term.sums if other is not index)
            if not reading:
                return Term(term.coefficient, rest + _inside(value, index), sums)
            padded = _padded(reading[0], index, value, extent_of)
            if padded is not None:
                others = tuple(f for f in rest if f is not reading[0])
                place = rest.index(reading[0])
                factors = (*others[:place], (padded, UNIT), *others[place:])
                return Term(term.coefficient, merge_factors(factors), sums)
    return None


def _inside(value: Expr, index: Index) -> tuple[Factor, ...]:
    """Return the masks that a value is in the range of an index, where that is not certain."""
    room = _room(value, index.extent)
    assert index.extent is not None
    masks = []
    if not is_nonnegative(value):
        masks.append(Indicator(Compare(">=", value, ZERO)))
    if not is_nonnegative(room):
        masks.append(Indicator(Compare("<", value, index.extent)))
    return tuple((mask, UNIT) for mask in masks)


def _padded(factor: Factor, index: Index, value: Expr, extent_of: ExtentOf) -> Expr | None:
    """Return the factor read at `value` in place of the index, 0 where that is outside."""
    base, exponent = factor
    element = base.element if isinstance(base, Pad) and base.value == ZERO else base
    if not isinstance(element, Element) or exponent != 1:
        return None
    axes = [n for n, s in enumerate(element.subscripts) if index in free_indices(s)]
    if len(axes) != 1 or element.subscripts[axes[0]] != IndexValue(index):
        return None
    if extent_of(element.name, axes[0]) != index.extent:
        return None
    moved = substitute(element, {index: value})
    assert isinstance(moved, Element)
    return Pad(moved, ZERO)


# --- what is decided -----------------------------------------------------------------------------


def _tidied(term: Term) -> Term:
    """Drop what is 1: delta_ii, conditions such as i <= i; the term is 0 where a mask never holds.

    A delta has the index that it places alone on one side.
    """
    if not any(isinstance(base, (Delta, Indicator)) for base, _ in term.factors):
        return term
    factors = tuple((_isolated(base, term), e) for base, e in term.factors)
    decided = [_decided(base) for base, _ in factors]
    if False in decided:
        return Term(Fraction(0))
    kept = tuple(f for f, truth in zip(factors, decided, strict=True) if truth is not True)
    return Term(term.coefficient, kept, term.sums)


def _isolated(base: Expr, term: Term) -> Expr:
    """Write delta(2*i, p - 1) as delta(2*i + 1, p), and delta(i, p + 1) as delta(i - 1, p)."""
    if not isinstance(base, Delta) or any(_is_settled(*sides, term) for sides in _sides(base)):
        return base
    difference = subtract(base.left, base.right)
    form = affine(difference)
    for index, coefficient in () if form is None else form.coefficients:
        if index not in term.sums and coefficient in UNITS:
            own = IndexValue(index)
            rest = subtract(mul(coefficient, difference), own)
            return Delta(simplified(mul(MINUS_ONE, rest)), own)
    return base


def _is_settled(side: Expr, other: Expr, term: Term) -> bool:
    """Say whether a side is the index that is placed, or a sum that `pad` may solve for it."""
    if not isinstance(side, IndexValue):
        return False
    return side.index not in term.sums or not free_indices(other).isdisjoint(term.sums)


def _decided(base: Expr) -> bool | None:
    """Say what a delta or a mask is whatever its indices are; None when that depends on them."""
    if isinstance(base, Delta):
        if isinstance(base.left, IndexValue) and isinstance(base.right, IndexValue):
            return True if base.left == base.right else None
        difference = simplified(subtract(base.left, base.right))
        return difference == ZERO if isinstance(difference, Number) else None
    condition = base.condition if isinstance(base, Indicator) else None
    if isinstance(condition, Compare) and condition.left == condition.right:
        values = isinstance(condition.left, Element)  # NaN is not equal to itself
        return None if values else condition.op in ("<=", ">=", "==")
    return None
