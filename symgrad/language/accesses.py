"""Find how many values of an index keep an access inside its axis."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction

from symgrad.language.affine import largest, simplified, smallest
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    ArgReduce,
    Element,
    Expr,
    Extent,
    FloorDiv,
    Index,
    IndexValue,
    Mod,
    Mul,
    Number,
    add,
    free_indices,
    mul,
    subtract,
    walk,
)


class Limit(Enum):
    """What an access says of an index when it gives no number."""

    NONE = "the access stays inside whatever the index is, or data decide"
    UNKNOWN = "the access limits the index, and how far is not known"


def is_decided_by_data(expr: Expr) -> bool:
    """Say whether the values of tensors decide an index expression."""
    return any(
        isinstance(part, ArgReduce) or (isinstance(part, Element) and bool(part.subscripts))
        for part in walk(expr)
    )


def values_within(expr: Expr, index: Index, length: Expr) -> Expr | Limit:
    """Return how many values of `index`, from 0 on, keep `expr` below `length` and at least 0.

    `c*e <= m` holds for `e <= m//c`, and `e//q < n` for `e < q*n`; a remainder never leaves.
    """
    terms = _terms(expr)
    carriers = [part for part in terms if index in free_indices(part)]
    rest = add(*(part for part in terms if part not in carriers))
    if not carriers:
        return Limit.NONE
    split = [_carrier(part, index) for part in carriers]
    atoms = list(dict.fromkeys(atom for _, atom in split))
    if len(atoms) > 1 or any(atom is None for atom in atoms):
        return Limit.UNKNOWN
    (atom,) = atoms
    assert atom is not None
    if isinstance(atom, Mod):
        return Limit.NONE
    count = _count(add(*(step for step, _ in split)), rest, length)
    if isinstance(count, Limit) or isinstance(atom, IndexValue):
        return count
    assert isinstance(atom, FloorDiv)
    return values_within(atom.left, index, mul(atom.right, count))


def _count(step: Expr, rest: Expr, length: Expr) -> Expr | Limit:
    """Return how many values e from 0 on keep step*e + rest within the length."""
    sign = _sign(step)
    if sign is None:
        return Limit.UNKNOWN
    reach = largest(rest) if sign > 0 else smallest(rest)
    if reach is None:
        return Limit.UNKNOWN
    room = subtract(subtract(length, ONE), reach) if sign > 0 else reach
    size = step if sign > 0 else mul(MINUS_ONE, step)
    return simplified(add(FloorDiv(room, size), ONE))


def mirrored(expr: Expr, index: Index, length: Expr) -> Expr | None:
    """Return the extent of i in `x[size(i)-1-i]`: the access at i = 0 is the farthest."""
    own = [part for part in _terms(expr) if isinstance(part, Extent) and part.index is index]
    if len(own) != 1:
        return None
    others = subtract(add(expr, IndexValue(index)), own[0])
    if index in free_indices(others):
        return None
    reach = largest(others)
    return None if reach is None else simplified(subtract(subtract(length, ONE), reach))


def _terms(expr: Expr) -> tuple[Expr, ...]:
    expr = simplified(expr)
    return expr.terms if isinstance(expr, Add) else (expr,)


def _carrier(term: Expr, index: Index) -> tuple[Expr, Expr | None]:
    """Split a term into its step and what moves with the index: `i`, `e//q` or `e%q`."""
    factors = term.factors if isinstance(term, Mul) else (term,)
    moving = [factor for factor in factors if index in free_indices(factor)]
    others = mul(*(factor for factor in factors if factor not in moving))
    known = len(moving) == 1 and isinstance(moving[0], (IndexValue, FloorDiv, Mod))
    if not known or free_indices(others):
        return others, None
    return others, moving[0]


def _sign(step: Expr) -> int | None:
    """Return the sign of a step; constants in it are at least 1."""
    terms = step.terms if isinstance(step, Add) else (step,)
    numbers = [_number(term) for term in terms]
    if all(number > 0 for number in numbers):
        return 1
    return -1 if all(number < 0 for number in numbers) else None


def _number(term: Expr) -> Fraction:
    first = term.factors[0] if isinstance(term, Mul) else term
    return first.value if isinstance(first, Number) else Fraction(1)


def positions(expr: Expr) -> tuple[Expr, Expr, Expr] | None:
    """Return (first, last + 1, how many) of the places that a left-hand subscript assigns."""
    first, last = smallest(expr), largest(expr)
    if first is None or last is None:
        return None
    extents = [index.extent or ZERO for index in expr.free_in_order]
    return first, simplified(add(last, ONE)), simplified(mul(*extents))
