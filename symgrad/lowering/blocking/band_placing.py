"""Put the assignments of a method into loops over blocks, in front of them, and behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from symgrad.lowering.blocking.axis_cuts import (
    Axes,
    Uncut,
    extents,
    inner_cuts,
    is_wide,
    merged,
    summed_cuts,
)
from symgrad.lowering.blocking.band_masks import band_of_choice
from symgrad.lowering.blocking.cut_arrays import Added, Cut
from symgrad.lowering.blocking.diagonals import (
    COLUMN,
    ROW,
    WHOLE_AXIS,
    Conditions,
    Cuts,
    HalfPlane,
)
from symgrad.lowering.blocking.outside import NEUTRAL, Outside, is_neutral, value_outside
from symgrad.lowering.blocking.wide_names import involves, own_cuts
from symgrad.lowering.nodes.arrays import Apply, Array, Contraction, Reduction, Variable
from symgrad.lowering.nodes.banded import Banded
from symgrad.lowering.nodes.traversal import children, map_children, rewrite, variables, walk
from symgrad.lowering.plans.memory import ONE, is_private
from symgrad.lowering.plans.names import fresh_name
from symgrad.lowering.plans.plan import Assignment, Method, Plan
from symgrad.lowering.plans.sharing import is_cheap


@dataclass
class Draft:
    """A loop that is being put together, and what stands around it.

    Attributes:
        before: assignments in front of the loop.
        inside: names computed in the loop, with their cuts.
        body: the loop's assignments.
        added: names of the sums over rows, with their cuts.
        after: assignments behind the loop.
        late: names that are known behind the loop only.
        outer: names of other arrays that the loop reads.
    """

    before: list[Assignment] = field(default_factory=list)
    inside: dict[str, Cuts] = field(default_factory=dict)
    body: list[Assignment] = field(default_factory=list)
    added: dict[str, Cuts] = field(default_factory=dict)
    after: list[Assignment] = field(default_factory=list)
    late: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)


@dataclass
class Found:
    """What is known of a plan that is cut into blocks.

    Attributes:
        axes: what is known of the axes.
        outside: what is known of the values outside of the half planes.
        planes: the half planes outside of which nothing is computed.
        constants: names of arrays that are made of places and numbers alone.
        taken: names that a new array may not have.
        whole: names that are not computed by blocks.
        made: names that loops compute, with their cuts.
        bad: half planes outside of which something counts.
        products: how many products of matrices blocks make smaller.
        read_whole: names that are read outside of loops.
    """

    axes: Axes
    outside: Outside
    planes: list[HalfPlane]
    constants: set[str]
    taken: set[str]
    whole: set[str]
    made: dict[str, Cuts] = field(default_factory=dict)
    bad: set[HalfPlane] = field(default_factory=set)
    products: int = 0
    read_whole: set[str] = field(default_factory=set)

    def is_wide(self, name: str) -> bool:
        """Say whether loops compute an array that has both axes."""
        return is_wide(self.made.get(name, ()))

    def value(self, name: str) -> float | None:
        """Return what an array holds where nothing is computed, if that is one number."""
        values = {self.outside.values.get((name, plane)) for plane in self.planes}
        return values.pop() if len(values) == 1 else None

    def note_constants(self, plan: Plan) -> None:
        """Note the values of conditions that have names."""
        for method in (plan.forward, plan.backward):
            for assignment in method.assignments:
                if assignment.name in self.constants and assignment.name in self.axes.names:
                    self.note_values(assignment, self.axes.names[assignment.name])

    def note_values(self, assignment: Assignment, cuts: Cuts) -> None:
        """Note the values of an assigned array outside of the half planes."""
        for plane in self.planes if is_wide(cuts) else ():
            value = value_outside(assignment.array, cuts, plane, self.outside)
            if value is not None:
                self.outside.values[assignment.name, plane] = value


def names_in(array: Array) -> set[str]:
    """Return the names that an expression reads."""
    return {variable.name for variable in variables(array)}


class Placing:
    """The placing of the assignments of one method."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.axes = found.axes
        self.done: list[Draft] = []
        self.open = Draft()
        self.hoisted: dict[Array, Variable] = {}
        self.needed: set[str] = set()
        self.conditions = Conditions({}, frozenset())

    def parts(self, method: Method) -> list[Draft]:
        """Return the loops of a method, in order, with what stands around them."""
        self.needed = self._needed(method)
        conditions = self.found.outside.conditions
        own = {a.name for a in method.assignments}
        definitions = {n: array for n, array in conditions.definitions.items() if n in own}
        self.conditions = Conditions(definitions, conditions.whole)
        for assignment in method.assignments:
            self._place(assignment)
        self._close()
        return [*self.done, self.open]

    def _needed(self, method: Method) -> set[str]:
        """Return the names from which arrays with both axes are computed, without products."""
        needed = set(self.axes.names)
        for assignment in reversed(method.assignments):
            if assignment.name in needed:
                needed |= names_in(assignment.array)
                if any(map(_is_product, walk(assignment.array))):
                    needed.discard(assignment.name)
        return needed

    def _close(self) -> None:
        """End the loop; what comes behind it comes in front of the next."""
        for name, cuts in self.open.inside.items():
            if not is_wide(cuts):
                del self.axes.names[name]  # complete by now, and to be cut as a reader wants it
        self.done.append(self.open)
        self.open = Draft(before=self.open.after)
        self.done[-1].after = []
        self.hoisted = {}

    def _place(self, assignment: Assignment) -> None:
        reads, name = names_in(assignment.array), assignment.name
        wide = self._reads_wide(assignment)
        if wide and self._split(assignment):
            return
        if wide or (name in self.needed and reads & self.open.inside.keys()):
            if wide and reads & self.open.late:
                self._close()
            if not reads & self.open.late and self._join(assignment):
                return
            if name in self.axes.names and reads & self.open.inside.keys():
                self._close()  # its own array may be cut otherwise than the loop's
                if self._join(assignment):
                    return
        if reads & (self.open.late | self.open.inside.keys()):
            self.open.after.append(assignment)
            self.open.late.add(name)
        else:
            self.open.before.append(assignment)

    def _reads_wide(self, assignment: Assignment) -> bool:
        """Say whether an assignment has to do with both axes; those of constants are at hand."""
        if assignment.name in self.found.constants:
            return False
        names = {assignment.name, *names_in(assignment.array)} - self.found.constants
        return any(is_wide(self.axes.names.get(name, ())) for name in names)

    def _join(self, assignment: Assignment) -> bool:
        """Put an assignment into the loop; say whether that can be done."""
        found, array = self.found, assignment.array
        if assignment.name in found.whole:
            return False
        before = (set(found.bad), found.products)
        try:
            cuts = own_cuts(assignment, self.axes)
            if not array.ndim or None in extents(array, self.axes.known):
                return False
            cut = self._cut(array, cuts, True)
        except Uncut:
            found.bad, found.products = before
            return False
        if self._row_sums(array, cuts):
            self.open.added[assignment.name] = cuts
            self.open.late.add(assignment.name)
            cut = Added(cut)
        else:
            found.note_values(assignment, cuts)
            self.open.inside[assignment.name] = self.axes.names[assignment.name] = cuts
        self.open.body.append(replace(assignment, array=cut))
        found.made[assignment.name] = cuts
        return True

    def _sums(self, assignment: Assignment) -> list[Array]:
        """Return the parts that are joined by themselves: sums over rows, or terms cut unlike."""
        try:
            return self._row_sums(assignment.array, own_cuts(assignment, self.axes))
        except Uncut:
            wide = assignment.name in self.axes.names
            return [] if wide else self._terms(assignment.array)

    def _terms(self, array: Array) -> list[Array]:
        """Return the outermost products of what has both axes."""
        if isinstance(array, Contraction):
            return [array] if involves(array, self.axes) else []
        return list(dict.fromkeys(t for child in children(array) for t in self._terms(child)))

    def _row_sums(self, array: Array, cuts: Cuts) -> list[Array]:
        """Return the outermost parts that sum over rows."""
        if isinstance(array, Variable) or array.kind == "weak":
            return []
        try:
            inner = inner_cuts(array, cuts, self.axes)
        except Uncut:
            return []
        if ROW in summed_cuts(array, inner):
            return [array]
        pairs = zip(children(array), inner, strict=True)
        return list(dict.fromkeys(s for child, own in pairs for s in self._row_sums(child, own)))

    def _split(self, assignment: Assignment) -> bool:
        """Give sums over rows names of their own: what is computed from them is no sum."""
        sums = self._sums(assignment)
        if not sums or sums == [assignment.array]:
            return False
        named: dict[Array, Array] = {}
        for array in sums:
            name = fresh_name(array, self.found.taken)
            self.axes.known.names[name] = extents(array, self.axes.known)
            self.found.taken.add(name)
            self._place(Assignment(name, array, ()))
            named[array] = Variable(name, array.ndim)
        self._place(replace(assignment, array=rewrite(assignment.array, named.get)))
        return True

    # --- expressions ------------------------------------------------------------------------------

    def _cut(self, array: Array, cuts: Cuts, root: bool = False) -> Array:
        """Return what a block computes of an array."""
        if array.kind == "weak":
            return array
        if isinstance(array, Variable):
            return self._read(array, cuts)
        banded = self._banded(array, cuts)
        if banded is not None:
            return banded
        reads = names_in(array)
        whole = reads <= self.found.constants or not (ROW in cuts or is_cheap(array) or root)
        if whole and not reads & self.open.inside.keys():
            return self._hoisted(array, cuts)
        try:
            inner = inner_cuts(array, cuts, self.axes)
        except Uncut:
            if root:
                raise
            return self._hoisted(array, cuts)
        self._require(array, inner, root)
        self.found.products += _is_product(array) and any(map(is_wide, (cuts, *inner)))
        own = iter(inner)
        return map_children(array, lambda child: self._cut(child, next(own)))

    def _banded(self, array: Array, cuts: Cuts) -> Array | None:
        """Return a choice between a new array and a number as that array, written over."""
        if not isinstance(array, Apply) or array.op != "where" or not is_wide(cuts):
            return None
        found = self.found
        band = band_of_choice(array, cuts, self.axes, self.conditions, found.made.keys())
        if band is None:
            return None
        inside = self._cut(array.args[1], cuts)
        if not is_private(inside):
            return None  # computed in front of the loop, and cut
        places = (cuts.index(ROW), cuts.index(COLUMN))
        return Banded(inside, array.args[2], places, band.first, band.last)

    def _require(self, array: Array, inner: Sequence[Cuts], root: bool) -> None:
        """Note the half planes outside of which a reduction may leave nothing out."""
        gone = summed_cuts(array, inner)
        if not gone:
            return
        op = array.op if isinstance(array, Reduction) else "sum"
        if op not in NEUTRAL or (ROW in gone and (op != "sum" or not root)):
            raise Uncut
        if gone == {ROW} and not any(map(is_wide, inner)):
            return  # each row has its block
        for plane in self.found.planes:
            if not is_neutral(array, inner, plane, self.found.outside):
                self.found.bad.add(plane)

    def _read(self, array: Variable, cuts: Cuts) -> Array:
        """Return what a block reads of a named array."""
        name = array.name
        inside, made = self.open.inside.get(name), self.found.made.get(name, ())
        if inside is not None:
            if merged(cuts, inside) != inside:
                raise Uncut
            return array
        if name in self.open.late or (is_wide(made) and made != cuts):
            raise Uncut
        found = extents(array, self.axes.known)
        if any(cut and length is None for cut, length in zip(cuts, found, strict=True)):
            raise Uncut
        self.open.outer.add(name)
        own = tuple(
            WHOLE_AXIS if length == ONE else cut for cut, length in zip(cuts, found, strict=True)
        )
        return Cut(name, array.rank, array.type, own) if any(own) else array

    def _hoisted(self, array: Array, cuts: Cuts) -> Array:
        """Return a part of an array that is computed in front of the loop."""
        if names_in(array) & (self.open.late | self.open.inside.keys()):
            raise Uncut
        if array not in self.hoisted:
            name = fresh_name(array, self.found.taken)
            self.found.taken.add(name)
            self.axes.known.names[name] = extents(array, self.axes.known)
            self.hoisted[array] = Variable(name, array.ndim, array.kind)
            self.open.before.append(Assignment(name, array, ()))
        return self._read(self.hoisted[array], cuts)


def _is_product(array: Array) -> bool:
    """Say whether an array is a product that takes more operations than its operands have entries.

    Blocks are worth it where they save such products.
    """
    if not isinstance(array, Contraction):
        return False
    letters = {letter for letter in array.subscripts if letter.isalpha()}
    return len(array.args) > 1 and len(letters) > max(arg.ndim for arg in array.args)
