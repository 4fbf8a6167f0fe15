"""Find the names of arrays that have both of two axes: from what they are, and who reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symgrad.lowering.blocking.axis_cuts import Axes, Uncut, cuts_of, inner_cuts, is_wide, merged
from symgrad.lowering.blocking.diagonals import WHOLE_AXIS, Conditions, Cuts, HalfPlane, half_plane
from symgrad.lowering.nodes.arrays import Array, Variable
from symgrad.lowering.nodes.traversal import children, walk
from symgrad.lowering.plans.plan import Assignment

# longer expressions are sums of so many terms that blocks would be no help to a reader
LONGEST = 200


def find_wide(assignments: Sequence[Assignment], axes: Axes, whole: set[str]) -> None:
    """Note the names that have both axes, with the order in which they have them.

    Args:
        assignments: those of forward and backward.
        axes: what is known of the axes, which is added to.
        whole: names that are not computed by blocks, which are added to.

    Ends: what is found of a name stays so.
    """
    assigned = {assignment.name for assignment in assignments}
    order, changes = list(assignments), 1
    while changes:
        changes = sum(_note(assignment, axes, whole, assigned) for assignment in order)
        order.reverse()


def _note(assignment: Assignment, axes: Axes, whole: set[str], assigned: set[str]) -> bool:
    """Note the cuts that an assignment shows; say whether there are new ones."""
    name, array = assignment.name, assignment.array
    if name in whole or not (name in axes.names or involves(array, axes)):
        return False
    before = dict(axes.names)
    try:
        if sum(1 for _ in walk(array)) > LONGEST:
            raise Uncut
        cuts = own_cuts(assignment, axes)
        if is_wide(cuts):
            axes.names[name] = cuts
        for part, inner in parts(array, cuts, axes):
            if isinstance(part, Variable) and is_wide(inner) and part.name in assigned - whole:
                _demand(part, inner, axes, whole)
    except Uncut:
        whole.add(name)
        axes.names.pop(name, None)
    return before != axes.names


def _demand(variable: Variable, cuts: Cuts, axes: Axes, whole: set[str]) -> None:
    name, none = variable.name, (WHOLE_AXIS,) * variable.ndim
    try:
        axes.names[name] = merged(cuts, axes.names.get(name, none))
    except Uncut:
        whole.add(name)
        axes.names.pop(name, None)


def involves(array: Array, axes: Axes) -> bool:
    """Say whether an expression reads something of which the axes are known."""
    return any(
        part == axes.seed or (isinstance(part, Variable) and part.name in axes.names)
        for part in walk(array)
    )


def own_cuts(assignment: Assignment, axes: Axes) -> Cuts:
    """Return the cuts of an assigned array: from what it is, and from who reads it."""
    none = (WHOLE_AXIS,) * assignment.array.ndim
    return merged(cuts_of(assignment.array, axes), axes.names.get(assignment.name, none))


def parts(array: Array, cuts: Cuts, axes: Axes) -> Iterator[tuple[Array, Cuts]]:
    """Yield the parts of an expression with their cuts, as far down as these are known."""
    yield array, cuts
    if isinstance(array, Variable) or array.kind == "weak":
        return
    try:
        inner = inner_cuts(array, cuts, axes)
    except Uncut:
        return
    for child, own in zip(children(array), inner, strict=True):
        yield from parts(child, own, axes)


def find_planes(
    assignments: Sequence[Assignment], axes: Axes, conditions: Conditions, whole: set[str]
) -> list[HalfPlane]:
    """Return the half planes of the two axes which conditions mean."""
    found: dict[HalfPlane, None] = {}
    for assignment in assignments:
        if assignment.name in whole or not involves(assignment.array, axes):
            continue
        for part, cuts in parts(assignment.array, own_cuts(assignment, axes), axes):
            plane = half_plane(part, cuts, conditions) if is_wide(cuts) else None
            if plane is not None:
                found[plane] = None
    return list(found)
