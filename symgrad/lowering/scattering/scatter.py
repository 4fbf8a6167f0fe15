"""Lower sums of products with deltas to scatters: what stands beside a delta goes to its place.

sum_{i,u} f_iu*delta(2*i + u, p) fills an array over p, by slices for each u where the place is
affine in what is summed, by arrays of integers where it is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.language.expr import (
    Add,
    Expr,
    Extent,
    Index,
    IndexValue,
    Mul,
    mul,
)
from symgrad.lowering.expressions.elementwise import Frame, lower_extent
from symgrad.lowering.expressions.scope import Scope, natural_frame
from symgrad.lowering.indexing.indices import lower_index
from symgrad.lowering.nodes.arrays import Array, Cast, Expand, Helper, Value
from symgrad.lowering.nodes.combine import align, transpose, union
from symgrad.lowering.nodes.scatters import Part, Run, Scatter
from symgrad.lowering.scattering.placed import (
    Placed,
    inner_product,
    is_guaranteed,
    lowered,
    placed_product,
    split_sign,
)
from symgrad.lowering.scattering.slices import NO_MARGIN, NOUGHT, SINGLE, by_slices


def scatter(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """sum_j f_j*delta(e_j, p), where p stands nowhere else, is f scattered to the places e."""
    placed = placed_product(expr, frame)
    if placed is None:
        return None
    if not scope.ready and not scope.inline:
        for form in (by_slices, by_integers):
            value = form(placed, scope)
            if value is not None:
                return value
    return at_one_place(placed, scope) or by_addition(placed, scope, frame)


# --- arrays of integers --------------------------------------------------------------------------


def by_integers(placed: Placed, scope: Scope) -> Value | None:
    """c_i*delta(t_i, n): one element for each i, assigned at the places (i, t_i)."""
    moving = _moving(placed)
    if any(index in placed.summed for index in moving):
        return None
    if not all(is_guaranteed(placement, scope) for placement in placed.placements):
        return None
    rows = [index for index in placed.axes if index in moving]
    places = {p.target: p.place for p in placed.placements}
    items: dict[Index, Array] = {}
    for index in placed.axes:
        place = places.get(index, IndexValue(index) if index in moving else None)
        if place is not None:
            items[index] = align(lower_index(place, scope, tuple(rows)), rows)
    order = _indexed_axes(placed.axes, items, rows)
    sign, rest = split_sign(placed.rest)
    value = lowered(inner_product(rest, placed.summed), scope, order)
    shape = tuple(lower_extent(Extent(index), scope) for index in placed.axes)
    whole = tuple(
        items.get(i) or Run(NOUGHT, n, SINGLE, True)
        for i, n in zip(placed.axes, shape, strict=True)
    )
    part = Part((), whole, align(value, order), sign, True)
    return Value(Scatter(shape, (part,), (NO_MARGIN,) * len(shape)), placed.axes)


def _moving(placed: Placed) -> set[Index]:
    return {index for p in placed.placements for index in p.place.free_in_order}


def _indexed_axes(
    axes: Sequence[Index], items: dict[Index, Array], rows: Sequence[Index]
) -> list[Index]:
    """Return the axes of `a[items]`: those of the integers where the first of them stands.

    They stand in front where a slice lies between two of them.
    """
    kept = [index for index in axes if index not in items]
    fancy = [n for n, index in enumerate(axes) if index in items]
    together = fancy[-1] - fancy[0] + 1 == len(fancy)
    front = sum(1 for index in axes[: fancy[0]] if index not in items) if together else 0
    return [*kept[:front], *rows, *kept[front:]]


def at_one_place(placed: Placed, scope: Scope) -> Value | None:
    """a_i*delta(m_i, k), with m_i any integers: zeros along k, and a_i at the place m_i."""
    moving = _moving(placed)
    if len(placed.placements) > 1 or any(index in placed.summed for index in moving):
        return None
    placement = placed.placements[0]
    order = tuple(index for index in placed.axes if index is not placement.target)
    value = lowered(inner_product(placed.rest, placed.summed), scope, order)
    place = lower_index(placement.place, scope, order)
    inner = union([value, place], order)
    if inner != order:
        return None
    array = Cast(value.array) if value.array.kind == "weak" else align(value, inner)
    length = lower_extent(Extent(placement.target), scope)
    options = (("axis", placed.axes.index(placement.target)), ("length", length))
    helper = Helper("_place", (array, align(place, inner)), len(placed.axes), options)
    return Value(helper, placed.axes)


def by_addition(placed: Placed, scope: Scope, frame: Frame) -> Value:
    """sum_n f_nj*delta(t_n, m), in general: each row f_n is added to the row t_n of zeros."""
    moving = _moving(placed)
    gone = [index for index in placed.summed if index not in moving]
    inner = inner_product(placed.rest, gone)
    kept = [index for index in placed.axes if index in moving]
    behind = tuple(i for i in placed.axes if i not in moving and i not in placed.targets)
    natural = natural_frame(inner, placed.summed)
    lead = tuple(dict.fromkeys(i for i in (*natural, *placed.axes, *frame) if i in moving))
    lead += tuple(index for index in placed.summed if index in moving and index not in lead)
    value = lowered(inner, scope, (*lead, *behind))
    behind = tuple(index for index in behind if index in value.axes)
    targets: list[tuple[Index, Expr]] = [(index, IndexValue(index)) for index in kept]
    targets += [(placement.target, placement.place) for placement in placed.placements]
    targets.sort(key=lambda pair: placed.axes.index(pair[0]))
    places = tuple(align(lower_index(place, scope, lead), lead) for _, place in targets)
    shape = tuple(lower_extent(Extent(index), scope) for index, _ in targets)
    axes = (*(index for index, _ in targets), *behind)
    arrays = (_over(value, (*lead, *behind)), *places)
    inside = all(is_guaranteed(placement, scope) for placement in placed.placements)
    options = (("shape", shape), *((("inside", True),) if inside else ()))
    helper = Helper("_add_at", arrays, len(axes), options)
    return transpose(Value(helper, axes), placed.axes)


def _over(value: Value, axes: Sequence[Index]) -> Array:
    """Return the array with one axis for each index, of length 1 where it lacks the index."""
    if value.array.kind == "weak":
        return Cast(value.array)
    ordered = transpose(value, axes)
    if ordered.axes == tuple(axes) or not ordered.axes:
        return ordered.array
    places = {index: n for n, index in enumerate(ordered.axes)}
    return Expand(ordered.array, tuple(places.get(index) for index in axes))


# --- terms of a sum ------------------------------------------------------------------------------


def distributed(expr: Expr) -> Expr | None:
    """a*(b*delta(0, n) + c*delta(1, n)) = a*b*delta(0, n) + a*c*delta(1, n), to place each."""
    if not isinstance(expr, Mul):
        return None
    totals = [factor for factor in expr.factors if isinstance(factor, Add)]
    if len(totals) != 1:
        return None
    rest = [factor for factor in expr.factors if factor is not totals[0]]
    terms = [mul(*rest, term) for term in totals[0].terms]
    frame = expr.free_in_order
    if all(placed_product(term, frame) is not None for term in terms):
        return Add(tuple(terms))
    return None
