"""Read deltas as places: where along a target index each element of a product goes.

sum_{i,u} f_iu*delta(2*i + u, p) puts f_iu at the place 2*i + u of the axis p. For a fixed u, a
*tap*, the places of all i are a strided slice: `i` has the position 2*i + u.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from symgrad.language.affine import Affine, affine, divided, is_nonnegative, simplified, smallest
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    ArgReduce,
    AxisLength,
    Call,
    Delta,
    Element,
    Expr,
    FloorDiv,
    Index,
    IndexValue,
    Mul,
    Number,
    Reduce,
    add,
    free_indices,
    mul,
    replace,
    split_coefficient,
    subtract,
    walk,
)
from symgrad.lowering.expressions.lengths import is_step


@dataclass(frozen=True)
class Placement:
    """A delta(place, target): what stands beside it goes to the place of the target's axis."""

    target: Index
    place: Expr


@dataclass(frozen=True)
class Position:
    """The places of one target: start + step*index, or start alone where there is no index.

    `start` may read taps; `step` is positive.
    """

    target: Index
    index: Index | None
    start: Expr
    step: Expr = ONE


@dataclass(frozen=True)
class Slices:
    """Placements solved as slices: a position for each, and the taps to loop over.

    `flipped` holds the indices that were turned round, i = size(i) - 1 - i', by their new index.
    """

    positions: tuple[Position, ...]
    taps: tuple[Index, ...]
    flipped: tuple[tuple[Index, Index], ...]


def split_placements(
    factors: Sequence[Expr], summed: Iterable[Index]
) -> tuple[list[Placement], list[Expr]]:
    """Return the deltas that place the product along an index, and the other factors.

    The index is free, is one side of the delta, and stands nowhere else in the product.
    """
    gone = set(summed)
    found: list[Placement] = []
    rest: list[Expr] = []
    for factor in factors:
        others = [other for other in factors if other is not factor]
        placement = _placement(factor, others, gone) if isinstance(factor, Delta) else None
        if placement is None:
            rest.append(factor)
        else:
            found.append(placement)
    return found, rest


def _placement(delta: Delta, others: Sequence[Expr], gone: set[Index]) -> Placement | None:
    for side, place in ((delta.left, delta.right), (delta.right, delta.left)):
        if not isinstance(side, IndexValue) or side.index in gone:
            continue
        if isinstance(place, IndexValue) and place.index not in gone:
            continue  # the identity matrix
        target = side.index
        if all(target not in free_indices(part) for part in (place, *others)):
            return Placement(target, simplified(place))
    return None


# --- slices --------------------------------------------------------------------------------------


def as_slices(
    placements: Sequence[Placement], summed: Iterable[Index], constants: Collection[str]
) -> Slices | None:
    """Return the placements as slices; None where one isn't affine in summed indices alone."""
    gone = set(summed)
    if any(depends_on_data(placement.place, constants) for placement in placements):
        return None
    forms = [affine(placement.place) for placement in placements]
    if any(form is None or not gone.issuperset(i for i, _ in form.coefficients) for form in forms):
        return None
    if not all(is_step(c) for form in forms if form is not None for _, c in form.coefficients):
        return None
    choices = [_candidates(form) for form in forms if form is not None]
    for chosen in product(*choices):
        positions = [index for index, _ in chosen]
        taps = _taps(placements, positions)
        if taps is not None:
            return _slices(placements, chosen, taps)
    return None


def _candidates(form: Affine) -> list[tuple[Index | None, Expr]]:
    """Return what may run along a slice, (index, step), the best first; no index for a literal."""
    ordered = sorted(form.coefficients, key=lambda pair: _is_tap_like(pair[0]))
    return [*ordered] or [(None, ZERO)]


def depends_on_data(place: Expr, constants: Collection[str]) -> bool:
    """Say whether an index expression reads tensors."""
    return any(
        isinstance(part, (ArgReduce, Reduce))
        or (isinstance(part, Element) and part.name not in constants)
        for part in walk(place)
    )


def _is_tap_like(index: Index) -> tuple[bool, bool]:
    """Order the indices: one whose extent follows from an access runs over positions.

    One whose extent is a number or a constant is a tap if any other is none.
    """
    extent = index.extent
    fixed = extent is not None and not any(isinstance(p, AxisLength) for p in walk(extent))
    return fixed, isinstance(extent, AxisLength)


def _taps(
    placements: Sequence[Placement], positions: Sequence[Index | None]
) -> tuple[Index, ...] | None:
    """Return the indices that are no positions; None where two deltas share a position."""
    taps: dict[Index, None] = {}
    for placement, own in zip(placements, positions, strict=True):
        for index in placement.place.free_in_order:
            if index is own:
                continue
            if index in positions:
                return None
            taps[index] = None
    known = [index for index in positions if index is not None]
    return tuple(taps) if len(set(known)) == len(known) else None


def _slices(
    placements: Sequence[Placement],
    chosen: Sequence[tuple[Index | None, Expr]],
    taps: tuple[Index, ...],
) -> Slices:
    positions: list[Position] = []
    flipped: list[tuple[Index, Index]] = []
    for placement, (index, step) in zip(placements, chosen, strict=True):
        start = placement.place
        if index is None or index.extent is None:
            positions.append(Position(placement.target, None, simplified(start)))
            continue
        start = subtract(start, mul(step, IndexValue(index)))
        if split_coefficient(step)[0] < 0:
            new = index.fresh()
            flipped.append((index, new))
            start = add(start, mul(step, subtract(index.extent, ONE)))
            index, step = new, mul(MINUS_ONE, step)
        positions.append(Position(placement.target, index, simplified(start), simplified(step)))
    return Slices(tuple(positions), taps, tuple(flipped))


def overlaps(placements: Sequence[Placement], slices: Slices) -> bool:
    """Say whether two taps may put something at the same place."""
    seen: set[Index] = set()
    for placement, position in zip(placements, slices.positions, strict=True):
        form = affine(placement.place)
        own = [] if form is None else [(i, c) for i, c in form.coefficients if i in slices.taps]
        if not seen.isdisjoint(index for index, _ in own):
            return True
        seen.update(index for index, _ in own)
        width = _width(own)
        if width is None or not is_nonnegative(subtract(position.step, width)):
            return True
    return False


def first_to_reach(placements: Sequence[Placement], slices: Slices) -> list[tuple[Expr, Expr]]:
    """Return (tap, step) pairs: where each tap is below its step, no turn before shares places.

    Among the places step*i + tap, two taps share some only where they differ by steps, and a tap
    below the step is the least of those. None are returned where this isn't so, or where all steps
    are 1, so that it holds in the first turn alone.
    """
    pairs: list[tuple[Expr, Expr]] = []
    seen: set[Index] = set()
    for placement, position in zip(placements, slices.positions, strict=True):
        form = affine(placement.place)
        own = [] if form is None else [(i, c) for i, c in form.coefficients if i in slices.taps]
        if len(own) > 1 or not seen.isdisjoint(index for index, _ in own):
            return []
        for index, coefficient in own:
            seen.add(index)
            if split_coefficient(coefficient)[0] < 0:
                return []
            if position.index is not None:
                pairs.append((mul(coefficient, IndexValue(index)), position.step))
    strided = any(step != ONE for _, step in pairs)
    return pairs if strided and seen == set(slices.taps) else []


def _width(taps: Sequence[tuple[Index, Expr]]) -> Expr | None:
    """Return how many places taps reach, each at most once: r + 2*q takes 2*size(q) for r < 2.

    None where two combinations of taps may share a place.
    """
    width: Expr = ONE
    left = list(taps)
    while left:
        following = next((tap for tap in left if simplified(subtract(tap[1], width)) == ZERO), None)
        if following is None or following[0].extent is None:
            return None
        left.remove(following)
        width = simplified(mul(width, following[0].extent))
    return width


# --- ranges --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Margins:
    """How far the places of a target reach before and behind its axis, 0 where they can't.

    Attributes:
        before: how far before it.
        behind: how far behind it.
        signed: both may be negative, as constants whose sign is not known, and nothing is put
            where they say so.
    """

    before: Expr = ZERO
    behind: Expr = ZERO
    signed: bool = False


def margins(placement: Placement, guaranteed: bool) -> Margins:
    """Return how far the places reach; none where they are known to be in range."""
    extent = placement.target.extent
    form = affine(placement.place)
    if extent is None or form is None:
        raise AssertionError("an affine place of a target with an extent has margins")
    if guaranteed:
        return Margins()
    steps = [coefficient for _, coefficient in form.coefficients]
    room = subtract(subtract(extent, ONE), placement.place)
    before, behind = _reach(placement.place, steps), _reach(room, steps)
    return Margins(before[0], behind[0], before[1] or behind[1])


def _reach(distance: Expr, steps: Sequence[Expr]) -> tuple[Expr, bool]:
    """Return how far below 0 a distance falls at most, and whether that may be negative."""
    if is_nonnegative(distance):
        return ZERO, False
    least = smallest(distance)
    if least is None:
        raise AssertionError("an affine place has extremes")
    excess = simplified(mul(MINUS_ONE, _without_quotients(simplified(least))))
    loose = _without_steps(excess, steps)
    for reach in (excess, loose):
        if is_nonnegative(_steps_as_sizes(reach, steps)):
            return reach, False
    if not any(isinstance(part, AxisLength) for part in walk(loose)):
        return loose, True
    return Call("max", (excess, ZERO)), False


def _steps_as_sizes(expr: Expr, steps: Sequence[Expr]) -> Expr:
    """Return the expression with constants that multiply indices as sizes: they are positive."""

    def visit(part: Expr) -> Expr | None:
        known = isinstance(part, Element) and part in steps
        return AxisLength(part.name, 0) if known and isinstance(part, Element) else None

    return replace(expr, visit)


def _without_steps(expr: Expr, steps: Sequence[Expr]) -> Expr:
    """Return a bound from above that is at least 0 for sizes of 0: d*size - d is below d*size."""
    kept = []
    for term in expr.terms if isinstance(expr, Add) else (expr,):
        number, rest = split_coefficient(term)
        if number > 0 or not (rest == ONE or rest in steps):
            kept.append(term)
    return add(*kept)


def _without_quotients(expr: Expr) -> Expr:
    """Return a bound from below: -s*(a//s) is at least -a."""
    terms = []
    for term in expr.terms if isinstance(expr, Add) else (expr,):
        terms.append(_bound(term))
    return simplified(add(*terms))


def _bound(term: Expr) -> Expr:
    factors = term.factors if isinstance(term, Mul) else (term,)
    for factor in factors:
        if isinstance(factor, FloorDiv):
            others = mul(*(other for other in factors if other is not factor))
            times, rest = divided(others, factor.right)
            if rest == ZERO and isinstance(times, Number) and times.value < 0:
                return mul(times, factor.left)
    return term


def is_inside(placement: Placement) -> bool:
    """Say whether the places are proven to lie in the target's range."""
    extent = placement.target.extent
    if extent is None or affine(placement.place) is None:
        return False
    room = subtract(subtract(extent, ONE), placement.place)
    return is_nonnegative(placement.place) and is_nonnegative(room)


def access(place: Expr, extent: Expr | None) -> object:
    """Return a key of affine places along an axis: equal for those of equal ranges."""
    form = affine(place)
    if form is None:
        return None
    moving = tuple(sorted(((i.extent, c) for i, c in form.coefficients), key=repr))
    return moving, form.constant, extent
