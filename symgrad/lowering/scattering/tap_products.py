"""Lower products that are added to windows: for all taps at once, where two arrays share them out.

sum_{o,i,u} dy_oi*w_ocu*delta(s*i + u, j) takes one matrix product for all u, whose entries go to
their places; a loop over u takes as many small ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symgrad.language.affine import affine, simplified
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Delta,
    Expr,
    Extent,
    Index,
    IndexValue,
    Indicator,
    add,
    free_indices,
    freshen,
    mul,
    split_coefficient,
    substitute,
    subtract,
)
from symgrad.lowering.contracting.contraction import einsum_subscripts
from symgrad.lowering.expressions.elementwise import lower_extent
from symgrad.lowering.expressions.scope import Scope, natural_frame
from symgrad.lowering.indexing.indices import lower_count
from symgrad.lowering.indexing.placing import Margins, Slices
from symgrad.lowering.nodes.arrays import Value
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.scatters import Part, Run, Spread, TapProduct
from symgrad.lowering.nodes.windows import plain_order
from symgrad.lowering.scattering.placed import Placed, inner_product, lowered


@dataclass(frozen=True)
class Tap:
    """The places start + step*i + width*u of a target, with a positive width.

    Attributes:
        index: u.
        formula: u as the formula has it, from its other end where its places go down.
        position: i.
        start: the place of the first tap at the first position.
        step: how far places move with i.
        width: how far they move with u.
    """

    index: Index
    formula: Index
    position: Index
    start: Expr
    step: Expr
    width: Expr


def tap_part(
    placed: Placed,
    slices: Slices,
    limits: Mapping[Index, Margins],
    factors: Sequence[Expr],
    scope: Scope,
) -> Part | None:
    """Return the part of a scatter that a product fills; None where no two arrays share it out.

    One must have all taps, the other one all positions, and none the other's.

    Args:
        placed: the product.
        slices: the positions and taps of its places.
        limits: the margins along each target.
        factors: what is multiplied, but for its sign.
        scope: the names in use.
    """
    taps = _taps(placed, slices)
    masks = any(isinstance(factor, (Delta, Indicator)) for factor in factors)
    values = None if taps is None or masks else _operands(placed, slices, taps, factors, scope)
    if taps is None or values is None:
        return None
    places = tuple(
        _spread(taps[target], limits[target], scope)
        if target in taps
        else Run(number(0), lower_extent(Extent(target), scope), number(1), True)
        for target in placed.axes
    )
    own = tuple(taps[index].position if index in taps else index for index in placed.axes)
    result = (*own, *(taps[index].index for index in placed.axes if index in taps))
    left, right = values
    if not {*left.axes, *right.axes}.issuperset(result):
        return None
    subscripts = einsum_subscripts([left.axes, right.axes], result)
    return Part((), places, TapProduct(left.array, right.array, subscripts))


def _taps(placed: Placed, slices: Slices) -> dict[Index, Tap] | None:
    """Return the tap of each target; None where some target has none or several."""
    found: dict[Index, Tap] = {}
    for placement, position in zip(placed.placements, slices.positions, strict=True):
        form = affine(placement.place)
        moved = [] if form is None else [t for t in form.coefficients if t[0] in slices.taps]
        if len(moved) != 1 or position.index is None:
            return None
        formula, width = moved[0]
        index = formula
        first: Expr = ZERO
        if split_coefficient(width)[0] < 0:
            index, first, width = formula.fresh(), _last(formula), mul(MINUS_ONE, width)
        start = simplified(substitute(position.start, {formula: first}))
        step = simplified(position.step)
        tap = Tap(index, formula, position.index, start, step, simplified(width))
        found[placement.target] = tap
    formulas = [tap.formula for tap in found.values()]
    return found if len(set(formulas)) == len(formulas) == len(slices.taps) else None


def _last(index: Index) -> Expr:
    return subtract(Extent(index), ONE)


def _operands(
    placed: Placed,
    slices: Slices,
    taps: Mapping[Index, Tap],
    factors: Sequence[Expr],
    scope: Scope,
) -> tuple[Value, Value] | None:
    """Return the arrays that have the positions and the taps."""
    pairs = [
        *slices.flipped,
        *((t.formula, t.index) for t in taps.values() if t.index != t.formula),
    ]
    turned: dict[Index, Expr] = {old: subtract(_last(old), IndexValue(new)) for old, new in pairs}
    factors = [substitute(freshen(factor), turned) for factor in factors]
    moving = {tap.index for tap in taps.values()}
    positions = {tap.position for tap in taps.values()}
    right = [factor for factor in factors if not moving.isdisjoint(free_indices(factor))]
    left = [factor for factor in factors if factor not in right]
    used = {*turned, *moving, *positions}
    summed = [index for index in placed.summed if index not in used]
    values = [_operand(own, other, summed, scope) for own, other in ((left, right), (right, left))]
    outer, inner = (set() if value is None else set(value.axes) for value in values)
    if not (positions <= outer and moving <= inner and positions.isdisjoint(inner)):
        return None
    return tuple(values)  # type: ignore[return-value]


def _operand(
    own: Sequence[Expr], other: Sequence[Expr], summed: Sequence[Index], scope: Scope
) -> Value | None:
    """Return the product of some factors, summed over what the others don't have."""
    if not own:
        return None
    beside = frozenset().union(*map(free_indices, other))
    product = inner_product(own, [index for index in summed if index not in beside])
    return plain_order(lowered(product, scope, natural_frame(product)))


def _spread(tap: Tap, limits: Margins, scope: Scope) -> Spread:
    start = simplified(add(tap.start, limits.before))
    count, size = (lower_extent(Extent(index), scope) for index in (tap.position, tap.index))
    counts = [lower_count(expr, scope) for expr in (start, tap.step, tap.width)]
    return Spread(counts[0], count, counts[1], size, counts[2])
