"""Read an expression as a product that goes to places: factors, deltas, and what is summed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    Delta,
    Expr,
    Extent,
    Index,
    Mul,
    Number,
    Power,
    Reduce,
    free_indices,
    freshen,
    mul,
    walk,
)
from symgrad.lowering.contracting.factors import sum_parts
from symgrad.lowering.expressions.elementwise import Frame, lower
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.indexing.accesses import label
from symgrad.lowering.indexing.placing import (
    Placement,
    access,
    is_inside,
    split_placements,
)
from symgrad.lowering.nodes.arrays import Value
from symgrad.lowering.nodes.combine import as_float


@dataclass(frozen=True)
class Placed:
    """A sum of products that goes to places: sum_{summed} rest * (each placement's delta).

    `axes` are those of the result, targets included, in the order of the frame.
    """

    placements: tuple[Placement, ...]
    rest: tuple[Expr, ...]
    summed: tuple[Index, ...]
    axes: Frame

    @property
    def targets(self) -> tuple[Index, ...]:
        """The indices that the places run along."""
        return tuple(placement.target for placement in self.placements)


def placed_product(expr: Expr, frame: Frame) -> Placed | None:
    indices, factors = _flattened(expr)
    if not any(isinstance(factor, Delta) for factor in factors):
        return None
    placements, rest = split_placements(factors, indices)
    if not placements:
        return None
    targets = [placement.target for placement in placements]
    free = free_indices(expr)
    axes = tuple(index for index in frame if index in free or index in targets)
    return Placed(tuple(placements), tuple(rest), tuple(indices), axes)


def _flattened(expr: Expr) -> tuple[list[Index], list[Expr]]:
    """Return the summed indices and the factors of a product, its one sum with deltas opened."""
    if isinstance(expr, Reduce):
        return _opened(expr)
    if not isinstance(expr, Mul):
        return [], [expr]
    for factor in expr.factors:
        if isinstance(factor, Reduce) and any(isinstance(p, Delta) for p in walk(factor.body)):
            others = [other for other in expr.factors if other is not factor]
            indices, factors = _opened(freshen(factor))
            return indices, [*others, *factors] if indices else list(expr.factors)
    return [], list(expr.factors)


def _opened(expr: Expr) -> tuple[list[Index], list[Expr]]:
    if not isinstance(expr, Reduce) or expr.op not in ("sum", "mean"):
        return [], [expr]
    if expr.op == "sum":
        return sum_parts(expr)
    if expr.condition is not None:
        return [], [expr]
    counts = [Power(Extent(index), MINUS_ONE) for index in expr.indices]
    indices, factors = sum_parts(Reduce("sum", expr.indices, None, expr.body))
    return indices, [*factors, *counts]


def split_sign(rest: Sequence[Expr]) -> tuple[int, tuple[Expr, ...]]:
    """Return the sign of the number in front, and the factors without it."""
    negative = [factor for factor in rest if isinstance(factor, Number) and factor.value < 0]
    if len(negative) != 1:
        return 1, tuple(rest)
    positive = Number(-negative[0].value)
    front = () if positive == ONE else (positive,)
    return -1, (*front, *(factor for factor in rest if factor is not negative[0]))


def inner_product(rest: Sequence[Expr], gone: Sequence[Index]) -> Expr:
    """Return the product of the factors, summed over `gone`."""
    body = mul(*rest) if all(isinstance(f, Number) for f in rest) else Mul(tuple(rest))
    if len(rest) == 1:
        body = rest[0]
    return Reduce("sum", tuple(gone), None, body) if gone else body


def lowered(inner: Expr, scope: Scope, order: Sequence[Index]) -> Value:
    frame = tuple(dict.fromkeys((*order, *inner.free_in_order)))
    return as_float(lower(inner, scope, frame))


def is_guaranteed(placement: Placement, scope: Scope) -> bool:
    """Say whether the places are in range: proven, checked at the call, or read by the formula."""
    place, extent = placement.place, placement.target.extent
    if label(place, extent) in scope.checked:
        return True
    return is_inside(placement) or access(place, extent) in scope.accesses
