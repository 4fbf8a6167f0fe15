"""Decide which arrays the blocks of a plan fill, and of which each block keeps its part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from symgrad.lowering.blocking.axis_cuts import Uncut, extents, is_wide
from symgrad.lowering.blocking.band_placing import Draft, Found
from symgrad.lowering.blocking.bands import Bands, Loop, Part, Result
from symgrad.lowering.blocking.cut_arrays import Cut
from symgrad.lowering.blocking.diagonals import COLUMN, ROW, Cuts
from symgrad.lowering.nodes.arrays import Array, Size, Variable
from symgrad.lowering.nodes.traversal import rewrite, variables, walk
from symgrad.lowering.plans.memory import ONE, Lengths
from symgrad.lowering.plans.plan import Method, Plan


def decided(plan: Plan, drafts: Sequence[Sequence[Draft]], found: Found) -> Bands:
    """Return the loops of forward and backward.

    Raises:
        Uncut: backward can't say how long an array is.
    """
    outer = {name for parts in drafts for part in parts for name in part.outer}
    lists = [n for n in found.made if found.is_wide(n) and n in outer - found.read_whole]
    stored = outer | found.read_whole
    forward, backward = (
        _Home(plan, found, _homes(plan, found, lists, late), late) for late in (False, True)
    )
    axes = found.axes
    lengths = extents(axes.seed, axes.known)
    rows, columns = (lengths[axes.seed_cuts.index(cut)] for cut in (ROW, COLUMN))
    if rows is None or columns is None:
        raise Uncut
    return Bands(
        rows,
        columns,
        _limit(found, False),
        _limit(found, True),
        found.outside.needs_rows,
        _letters(plan, found),
        _parts(_without_unread(drafts[0], plan, plan.forward, found), forward, lists, stored),
        _parts(_without_unread(drafts[1], plan, plan.backward, found), backward, lists, stored),
        tuple(name for name in lists if name in plan.kept),
    )


def _without_unread(
    drafts: Sequence[Draft], plan: Plan, method: Method, found: Found
) -> list[Draft]:
    """Return the parts of a method without masks and other constants that nothing reads."""
    late = (check.condition for check in method.late_checks)
    arrays = [*method.returns, *late, *(a.array for part in drafts for a in part.body)]
    read = {name for array in arrays for name in _read_names(array)}.union(plan.kept)
    left = []
    for part in reversed(drafts):
        before = []
        for assignment in reversed(part.before):
            if assignment.name in read or assignment.name not in found.constants:
                before.append(assignment)
                read |= _read_names(assignment.array)
        left.append(replace(part, before=before[::-1]))
    return left[::-1]


def _read_names(array: Array) -> set[str]:
    """Return the names whose values or sizes an array is computed from."""
    return {part.name for part in walk(array) if isinstance(part, (Variable, Size))}


def _limit(found: Found, below: bool) -> Array | None:
    """Return the tightest limit on one side."""
    planes = [plane for plane in found.planes if plane.below == below]
    if not planes:
        return None
    best = planes[0]
    for plane in planes[1:]:
        best = plane if best.holds(plane) else best
    return best.limit


def _letters(plan: Plan, found: Found) -> tuple[str, str]:
    """Return the letters of the formula for the two axes."""
    for assignment in (*plan.forward.assignments, *plan.backward.assignments):
        cuts = found.axes.names.get(assignment.name, ())
        if is_wide(cuts) and len(assignment.axes) == len(cuts):
            return assignment.axes[cuts.index(ROW)], assignment.axes[cuts.index(COLUMN)]
    return "rows", "columns"


def _parts(
    drafts: Iterable[Draft], home: _Home, lists: Sequence[str], stored: set[str]
) -> tuple[Part, ...]:
    found = (part for part in drafts if part.before or part.body)
    return tuple(_part(part, home, lists, stored) for part in found)


def _part(part: Draft, home: _Home, lists: Sequence[str], stored: set[str]) -> Part:
    if not part.body:
        return Part(tuple(part.before), None)
    results = []
    for name, cuts in {**part.inside, **part.added}.items():
        if name in lists or not (name in stored or name in part.added):
            continue
        value = home.found.value(name) if is_wide(cuts) else None
        results.append(home.result(name, cuts, 0.0 if name in part.added else value))

    def whole(array: Array) -> Array | None:
        if not isinstance(array, Cut) or array.name not in lists:
            return None
        return Variable(array.name, array.rank, array.type)

    body = tuple(replace(a, array=rewrite(a.array, whole)) for a in part.body)
    kept = tuple(name for name in lists if name in part.inside)
    reads = tuple(name for name in lists if name in part.outer)
    return Part(tuple(part.before), Loop(body, tuple(results), kept, reads))


# --- shapes --------------------------------------------------------------------------------------


def _homes(plan: Plan, found: Found, lists: Sequence[str], backward: bool) -> dict[str, Lengths]:
    """Return the arrays whose sizes a method may read, with what these are in forward."""
    names = [a.name for a in (plan.backward if backward else plan.forward).arguments]
    if backward:
        read = {variable.name for array in plan.backward.arrays() for variable in variables(array)}
        params = [name for name in plan.layer.params if name in read]
        names += [name for name in (*plan.kept, *params) if name not in lists]
    known = found.axes.known.names
    return {name: known[name] for name in names if known.get(name)}


@dataclass
class _Home:
    """Where a method finds the sizes of its results."""

    plan: Plan
    found: Found
    homes: dict[str, Lengths]
    backward: bool

    def result(self, name: str, cuts: Cuts, value: float | None) -> Result:
        """Return an array that blocks fill."""
        shape = tuple(length or ONE for length in self.found.axes.known.names[name])
        like = self._like(name, shape)
        if self.backward and not like:
            shape = self._here(shape)
        return Result(name, cuts, shape, value, like)

    def _here(self, shape: Sequence[Array]) -> tuple[Array, ...]:
        """Return a shape in sizes of arrays that backward has."""
        table: dict[Array, Array] = {}
        for name, lengths in self.homes.items():
            for axis, length in enumerate(lengths):
                if length is not None:
                    table.setdefault(length, Size(name, axis))
        sizes = {part for n in shape for part in walk(n) if isinstance(part, Size)}
        if not sizes <= table.keys():
            raise Uncut
        return tuple(rewrite(length, table.get) for length in shape)

    def _like(self, name: str, shape: tuple[Array, ...]) -> str:
        """Return an array that has the shape of a result."""
        methods = (self.plan.forward, self.plan.backward)
        floats = [a.name for m in methods for a in m.arguments if not a.integer]
        source = {gradient: given for given, gradient in self.plan.gradients}.get(name, "")
        if self.backward and source in self.homes:
            return source
        return next((n for n in floats if self.homes.get(n) == shape), "")
