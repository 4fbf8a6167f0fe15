"""Find what a plan can compute by blocks of rows that need a part of the columns alone.

In causal attention the scores s_ij count for j <= i. A block of rows i needs the columns up to its
last row: half of the scores, of the products with them, and of the operations in between.

Arrays with both axes are computed by blocks, and so is what is read from them: each row of a sum
over columns by its block, a sum over rows from what each block adds to it. Whatever leaves places
out must know that they do not count: sums leave zeros out, maxima -inf.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symgrad.lowering.blocking.axis_cuts import Axes, Uncut, extents
from symgrad.lowering.blocking.band_placing import Draft, Found, Placing, names_in
from symgrad.lowering.blocking.band_results import decided
from symgrad.lowering.blocking.bands import Bands
from symgrad.lowering.blocking.diagonals import (
    COLUMN,
    ROW,
    WHOLE_AXIS,
    Conditions,
    Cuts,
    HalfPlane,
    first_axes,
    has_diagonal,
)
from symgrad.lowering.blocking.outside import Outside
from symgrad.lowering.blocking.wide_names import find_planes, find_wide
from symgrad.lowering.expressions.constants import constants_of
from symgrad.lowering.nodes.arrays import Array, Size
from symgrad.lowering.nodes.traversal import walk
from symgrad.lowering.plans.memory import Known
from symgrad.lowering.plans.plan import Assignment, Plan


def band_loops(plan: Plan) -> Bands | None:
    """Return how a plan is computed by blocks of rows; None where none is. The plan keeps it."""
    if "_bands" not in plan.__dict__:
        object.__setattr__(plan, "_bands", _best(plan))
    bands: Bands | None = plan.__dict__["_bands"]
    return bands


def _best(plan: Plan) -> Bands | None:
    definitions = {
        assignment.name: assignment.array
        for method in (plan.forward, plan.backward)
        for assignment in method.assignments
        if assignment.array.kind in ("int", "bool")
    }
    conditions = Conditions(definitions, constants_of(plan.layer).whole)
    parts = (part for a in plan.forward.assignments for part in walk(a.array))
    seed = next((part for part in parts if has_diagonal(part, conditions)), None)
    if seed is None:
        return None
    found = []
    for rows, columns in first_axes(seed, conditions):
        cuts = tuple({rows: ROW, columns: COLUMN}.get(n, WHOLE_AXIS) for n in range(seed.ndim))
        found.append(_Search(plan, seed, cuts, conditions).bands())
    return min(filter(None, found), key=_detours, default=None)


def _detours(bands: Bands) -> tuple[int, int]:
    """Return how many loops there are, and how many arrays are put together by adding or whole."""
    loops = [part.loop for part in (*bands.forward, *bands.backward) if part.loop is not None]
    return len(loops), sum(r.value is not None for loop in loops for r in loop.results)


@dataclass
class _Search:
    """The search for loops over blocks of two given axes: those of a condition, the seed."""

    plan: Plan
    seed: Array
    cuts: Cuts
    conditions: Conditions

    def bands(self) -> Bands | None:
        """Return the loops. Ends: each further round has a name or a half plane less."""
        methods = (self.plan.forward, self.plan.backward)
        assignments = [a for method in methods for a in method.assignments]
        whole: set[str] = set()
        dropped: set[HalfPlane] = set()
        while True:
            axes = Axes(self.seed, self.cuts, _lengths_of(self.plan))
            find_wide(assignments, axes, whole)
            planes = find_planes(assignments, axes, self.conditions, whole)
            found = Found(
                axes,
                Outside(axes, self.conditions),
                [plane for plane in planes if plane not in dropped],
                _constants(assignments),
                self._taken(assignments),
                whole,
            )
            if not found.planes:
                return None
            drafts = self._drafts(found)
            unknown = _without_value(self.plan, drafts, found)
            dropped |= found.bad
            whole |= unknown
            if not found.bad and not unknown:
                return self._decided(drafts, found) if found.products else None

    def _drafts(self, found: Found) -> list[list[Draft]]:
        found.note_constants(self.plan)
        return [Placing(found).parts(m) for m in (self.plan.forward, self.plan.backward)]

    def _decided(self, drafts: Sequence[Sequence[Draft]], found: Found) -> Bands | None:
        try:
            return decided(self.plan, drafts, found)
        except Uncut:
            return None

    def _taken(self, assignments: Iterable[Assignment]) -> set[str]:
        layer = self.plan.layer
        methods = (self.plan.forward, self.plan.backward)
        given = {argument.name for method in methods for argument in method.arguments}
        return {*given, *layer.constants, *layer.opaque, *(a.name for a in assignments)}


def _without_value(plan: Plan, drafts: Sequence[Sequence[Draft]], found: Found) -> set[str]:
    """Note what is read outside of loops; return what of it blocks can't fill."""
    parts = [part for method in drafts for part in method]
    arrays = [a.array for part in parts for a in (*part.before, *part.after)]
    for method in (plan.forward, plan.backward):
        arrays += [*method.returns, *(check.condition for check in method.late_checks)]
        sizes = (p.name for a in method.arrays() for p in walk(a) if isinstance(p, Size))
        found.read_whole.update(sizes)
    found.read_whole.update(name for array in arrays for name in names_in(array))
    return {
        name
        for name in found.read_whole & found.made.keys()
        if found.is_wide(name) and found.value(name) is None
    }


def _lengths_of(plan: Plan) -> Known:
    """Return the lengths of all names in terms of those of the inputs."""
    known = Known()
    for argument in plan.forward.arguments:
        axes = range(len(argument.axes))
        known.names[argument.name] = tuple(Size(argument.name, axis) for axis in axes)
    for assignment in plan.forward.assignments:
        known.names[assignment.name] = extents(assignment.array, known)
    for argument, array in zip(plan.backward.arguments, plan.forward.returns, strict=True):
        known.names[argument.name] = extents(array, known)
    for assignment in plan.backward.assignments:
        known.names[assignment.name] = extents(assignment.array, known)
    return known


def _constants(assignments: Iterable[Assignment]) -> set[str]:
    """Return the names of arrays that are made of places and numbers alone."""
    found: set[str] = set()
    for assignment in assignments:
        if assignment.array.ndim and names_in(assignment.array) <= found:
            found.add(assignment.name)
    return found
