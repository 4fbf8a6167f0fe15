"""Scatter to slices: for each tap of a window, the product is added to a strided slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from symgrad.language.affine import simplified
from symgrad.language.expr import (
    ONE,
    ZERO,
    ArgReduce,
    Call,
    Compare,
    Delta,
    Element,
    Expr,
    Extent,
    Index,
    IndexValue,
    Indicator,
    Reduce,
    add,
    free_indices,
    freshen,
    substitute,
    subtract,
    walk,
)
from symgrad.language.expr import (
    replace as expr_replace,
)
from symgrad.lowering.expressions.elementwise import lower, lower_extent
from symgrad.lowering.expressions.scope import Scope, natural_frame
from symgrad.lowering.indexing.indices import lower_count
from symgrad.lowering.indexing.placing import (
    Margins,
    Position,
    Slices,
    as_slices,
    first_to_reach,
    margins,
    overlaps,
)
from symgrad.lowering.nodes.arrays import Apply, Array, Value
from symgrad.lowering.nodes.combine import align, combine, number, scalar
from symgrad.lowering.nodes.scatters import Loop, LoopIndex, Part, Run, Scatter
from symgrad.lowering.nodes.views import WHOLE, Indexed
from symgrad.lowering.plans.names import unique_name
from symgrad.lowering.scattering.placed import (
    Placed,
    inner_product,
    is_guaranteed,
    lowered,
    split_sign,
)
from symgrad.lowering.scattering.tap_products import tap_part

NOUGHT, SINGLE = number(0), number(1)
NO_MARGIN = (NOUGHT, NOUGHT)


def by_slices(placed: Placed, scope: Scope) -> Value | None:
    """The places 2*i + u: for each tap u, the product goes to a strided slice over i."""
    slices = as_slices(placed.placements, placed.summed, scope.constants)
    if slices is None:
        return None
    limits = {p.target: margins(p, is_guaranteed(p, scope)) for p in placed.placements}
    filling = Filling(placed, slices, limits, _loop_names(slices.taps, scope), scope)
    sign, rest = split_sign(_without_range_checks(placed, limits))
    value = filling.value(rest)
    axes = filling.axes()
    runs = filling.runs()
    if not slices.taps and set(value.axes) == set(axes) and all(map(_is_whole, runs)):
        plain = Value(align(value, axes), placed.axes)
        return plain if sign > 0 else combine("neg", (plain,), placed.axes)
    alone = not overlaps(placed.placements, slices)
    fresh = () if alone else filling.fresh()
    part = Part(filling.loops(), runs, align(value, axes), sign, alone, fresh)
    if slices.taps and (scope.backward or not alone):
        together = tap_part(placed, slices, limits, rest, scope)
        part = part if together is None else replace(together, sign=sign)
    shape = tuple(lower_extent(Extent(index), scope) for index in placed.axes)
    edges = tuple(_edges(limits.get(index), scope) for index in placed.axes)
    signed = any(limit.signed for limit in limits.values())
    return Value(Scatter(shape, (part,), edges, signed), placed.axes)


def _is_whole(place: Array) -> bool:
    return isinstance(place, Run) and place.whole


@dataclass(frozen=True)
class Filling:
    """How a product fills an array slice by slice.

    Attributes:
        placed: the product.
        slices: the positions and taps of its places.
        limits: the margins along each target.
        names: the variable of the loop over each tap.
        scope: the names in use.
    """

    placed: Placed
    slices: Slices
    limits: dict[Index, Margins]
    names: dict[Index, str]
    scope: Scope

    def axes(self) -> list[Index]:
        """Return the indices that run along the axes of a slice, a literal's axis left out."""
        own = [self._position(index) for index in self.placed.axes]
        return [index for index in own if index is not None]

    def _position(self, index: Index) -> Index | None:
        found = [p.index for p in self.slices.positions if p.target is index]
        return found[0] if found else index

    def value(self, rest: Sequence[Expr]) -> Value:
        """Return the value of what goes to a slice, in the loops over the taps.

        Args:
            rest: the factors of the product but for its sign.
        """
        turned = {
            old: subtract(subtract(Extent(old), ONE), IndexValue(new))
            for old, new in self.slices.flipped
        }
        taps = self.slices.taps
        # what is the same in each turn stands together, to be computed in front of the loops
        ordered = sorted(rest, key=lambda factor: not free_indices(factor).isdisjoint(taps))
        factors = [substitute(freshen(factor), turned) for factor in ordered]
        product, inside = _in_loops(factors, self.names, self.scope)
        used = {*taps, *turned, *(position.index for position in self.slices.positions)}
        gone = [index for index in self.placed.summed if index not in used]
        return lowered(inner_product(product, gone), inside, self.axes())

    def loops(self) -> tuple[Loop, ...]:
        """Return the loops over the taps."""
        return tuple(
            Loop(LoopIndex(name), lower_extent(Extent(tap), self.scope))
            for tap, name in self.names.items()
        )

    def fresh(self) -> tuple[tuple[Array, Array], ...]:
        """Return what is less than what in the turns that are the first at their places."""
        inside = _with_loops(self.names, self.scope)
        taps: dict[Index, Expr] = {tap: Element(name) for tap, name in self.names.items()}
        pairs = first_to_reach(self.placed.placements, self.slices)
        return tuple(
            (lower_count(substitute(tap, taps), inside), lower_count(step, inside))
            for tap, step in pairs
        )

    def runs(self) -> tuple[Array, ...]:
        """Return the places along each axis of the array."""
        positions = {position.target: position for position in self.slices.positions}
        return tuple(
            _run(index, positions.get(index), self.limits.get(index), self.names, self.scope)
            for index in self.placed.axes
        )


def _in_loops(
    factors: Sequence[Expr], names: dict[Index, str], scope: Scope
) -> tuple[tuple[Expr, ...], Scope]:
    """Return the factors with the taps as variables, and the scope that holds those.

    What takes a reduction over each tap is computed for all taps at once, in front of the loops.
    """
    ready = dict(_with_loops(names, scope).ready)
    taps: dict[Index, Expr] = {tap: Element(name) for tap, name in names.items()}

    def visit(part: Expr) -> Expr | None:
        moving = [tap for tap in taps if tap in free_indices(part)]
        if not isinstance(part, (ArgReduce, Reduce)) or not moving:
            return None
        value = lower(part, scope, natural_frame(part))
        if not set(moving) <= set(value.axes):
            return None
        name = f"ready {len(ready)}"
        kept = tuple(index for index in value.axes if index not in taps)
        items = tuple(ready[names[i]].array if i in taps else WHOLE for i in value.axes)
        ready[name] = Value(Indexed(value.array, items), kept)
        return Element(name, tuple(IndexValue(index) for index in kept))

    found = tuple(_tap_last(substitute(expr_replace(f, visit), taps), taps) for f in factors)
    return found, replace(scope, ready=ready, constants=scope.constants | set(ready))


def _with_loops(names: dict[Index, str], scope: Scope) -> Scope:
    """Return the scope inside the loops, where an element of a variable's name is its value."""
    ready = {name: scalar(LoopIndex(name)) for name in names.values()}
    return replace(scope, ready=ready, constants=scope.constants | set(ready))


def _tap_last(factor: Expr, taps: dict[Index, Expr]) -> Expr:
    """Write delta(u, m) as delta(m, u), where u is a number in a loop."""
    if isinstance(factor, Delta) and factor.left in taps.values():
        return Delta(factor.right, factor.left)
    return factor


def _loop_names(taps: Sequence[Index], scope: Scope) -> dict[Index, str]:
    """Return a name for the variable of each loop, its letter unless that is taken."""
    names: dict[Index, str] = {}
    for tap in taps:
        names[tap] = unique_name(tap.name, {*scope.taken, *scope.tensors, *names.values()})
    return names


def _run(
    index: Index,
    position: Position | None,
    limits: Margins | None,
    names: dict[Index, str],
    scope: Scope,
) -> Array:
    """Return the places along one axis of the result."""
    length = lower_extent(Extent(index), scope)
    if position is None or limits is None:
        return Run(NOUGHT, length, SINGLE, True)
    taps: dict[Index, Expr] = {tap: Element(name) for tap, name in names.items()}
    scope = _with_loops(names, scope)
    start = simplified(add(substitute(position.start, taps), limits.before))
    if position.index is None:
        return lower_count(start, scope)
    count = lower_extent(Extent(position.index), scope)
    whole = start == ZERO and position.step == ONE and limits == Margins() and count == length
    return Run(lower_count(start, scope), count, lower_count(position.step, scope), whole)


def _edges(limits: Margins | None, scope: Scope) -> tuple[Array, Array]:
    if limits is None:
        return NO_MARGIN
    return _margin(limits.before, scope), _margin(limits.behind, scope)


def _margin(margin: Expr, scope: Scope) -> Array:
    if isinstance(margin, Call):
        return Apply(margin.function, tuple(lower_count(arg, scope) for arg in margin.args))
    return lower_count(margin, scope)


def _without_range_checks(placed: Placed, limits: dict[Index, Margins]) -> tuple[Expr, ...]:
    """Drop the conditions that a place is inside: what lies outside is cut off anyway."""
    plain = all(
        isinstance(subscript, IndexValue)
        for factor in placed.rest
        for part in walk(factor)
        if isinstance(part, Element)
        for subscript in part.subscripts
    )
    known = [p.place for p in placed.placements if limits[p.target].before != ZERO] if plain else []
    return tuple(factor for factor in placed.rest if not _says_inside(factor, known))


def _says_inside(factor: Expr, places: Sequence[Expr]) -> bool:
    condition = factor.condition if isinstance(factor, Indicator) else None
    if not isinstance(condition, Compare) or condition.op not in ("<=", ">="):
        return False
    left, right = condition.left, condition.right
    distance = subtract(right, left) if condition.op == "<=" else subtract(left, right)
    return any(simplified(subtract(distance, place)) == ZERO for place in places)
