"""Fill what a block computes in vain, in place of a choice: its few places outside of a band.

    where(j <= i, f_ij, -inf)

is f_ij, written over with -inf where j > i. Of the columns of a block only the last have such rows.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from symgrad.lowering.blocking.axis_cuts import Axes, Uncut, extents, inner_cuts, is_wide
from symgrad.lowering.blocking.diagonals import Conditions, Cuts, HalfPlane, half_plane
from symgrad.lowering.nodes.arrays import Apply, Array, Expand, Permute, Size, Variable
from symgrad.lowering.nodes.traversal import walk
from symgrad.lowering.plans.memory import fits, is_private


@dataclass(frozen=True)
class Band:
    """The places where column - row is from first to last; None where there is no limit."""

    first: Array | None
    last: Array | None


def band_of_choice(
    array: Apply, cuts: Cuts, axes: Axes, conditions: Conditions, made: Set[str]
) -> Band | None:
    """Return the band outside of which a choice is a number, if a new array is all it is inside.

    Args:
        array: the choice.
        cuts: its cuts.
        axes: what is known of the axes.
        conditions: what conditions are made of; the names are those of the method.
        made: names that loops compute, whose lengths a block does not know.
    """
    condition, inside, outside = array.args
    if outside.kind != "weak" or inside.kind != "float" or not is_private(inside):
        return None
    if not fits(extents(inside, axes.known), extents(condition, axes.known)):
        return None
    try:
        own = inner_cuts(array, cuts, axes)
        planes = _half_planes(condition, own[0], axes, conditions)
    except Uncut:
        return None
    sides = {plane.below: plane.limit for plane in planes or ()}
    sizes = {part.name for n in sides.values() for part in walk(n) if isinstance(part, Size)}
    if planes is None or len(sides) < len(planes) or sizes & made or own[1] != cuts:
        return None
    return Band(sides.get(False), sides.get(True))


def _half_planes(
    condition: Array, cuts: Cuts, axes: Axes, known: Conditions
) -> list[HalfPlane] | None:
    """Return the half planes that a condition is the intersection of."""
    plane = half_plane(condition, cuts, known) if is_wide(cuts) else None
    if plane is not None:
        return [plane]
    if isinstance(condition, Variable):
        definition = known.definitions.get(condition.name)
        return None if definition is None else _half_planes(definition, cuts, axes, known)
    if isinstance(condition, (Expand, Permute)):
        (inner,) = inner_cuts(condition, cuts, axes)
        return _half_planes(condition.array, inner, axes, known)
    if not isinstance(condition, Apply) or condition.op != "and":
        return None
    pairs = zip(condition.args, inner_cuts(condition, cuts, axes), strict=True)
    parts = [_half_planes(arg, inner, axes, known) for arg, inner in pairs]
    return None if None in parts else [p for part in parts for p in part or ()]
