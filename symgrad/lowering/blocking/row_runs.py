"""Cut methods into runs of assignments that may be computed a few rows at a time.

What one operation of a run writes for some rows is still in the cache when the next one reads it,
and threads can take different rows. Of

    v_i = mean_j x_ij^2
    y_ij = g_j*x_ij/sqrt(v_i)
    dg_j = sum_i dy_ij*x_ij/sqrt(v_i)

each block of rows has its own part, and its share of the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import groupby

from symgrad.language.functions import FUNCTIONS
from symgrad.lowering.blocking.by_rows import (
    Rows,
    names_in,
    operands,
    rank_of,
    reads_of_rows,
    reads_of_sum,
    with_counts,
    without_blas,
)
from symgrad.lowering.nodes.arrays import Apply, Array, Contraction, Cumulative, Size, Variable
from symgrad.lowering.nodes.traversal import rewrite, walk
from symgrad.lowering.plans.memory import Known, is_new, lengths
from symgrad.lowering.plans.names import fresh_name
from symgrad.lowering.plans.plan import Assignment, Plan

# a run that goes less often over whole arrays gains little from the cache, or from threads
FEWEST, FEWEST_OF_THREADS = 5, 3
# a function that takes or returns more arrays is hard to read
MOST_NAMES = 6
# a smooth function and a running sum go over their arrays once, and take as long as some arithmetic
PASSES_OF_FUNCTION = 3
PASSES_OF_RUNNING_SUM = 8


@dataclass(frozen=True)
class Run:
    """Assignments that are computed together, in one go or by blocks of rows.

    Attributes:
        assignments: in order of execution.
        reads: names of the arrays that are cut, in the order of their use; empty for one go.
        sums: names of what is summed over the rows.
        threads: whether threads may share the blocks.
        passes: how often it goes over its largest arrays; a function counts for several.
    """

    assignments: tuple[Assignment, ...]
    reads: tuple[str, ...] = ()
    sums: frozenset[str] = frozenset()
    threads: bool = False
    passes: int = 0


def runs_of(
    plan: Plan,
    assignments: Sequence[Assignment],
    live: Set[str],
    before: Sequence[Assignment] = (),
    taken: set[str] | None = None,
) -> list[Run]:
    """Return the runs of a method, in order; one in one go where no block of rows is worth it.

    Args:
        plan: the plan.
        assignments: those of the method.
        live: names that are read after it.
        before: those of the method that ran before.
        taken: names that a part which is computed before a run may not take; it takes others.
    """
    taken = {*live, *_names(assignments), *_names(before)} if taken is None else taken
    if has_products(assignments):
        return [Run(tuple(assignments))]
    threads = not has_products([*plan.forward.assignments, *plan.backward.assignments])
    fewest = FEWEST_OF_THREADS if threads else FEWEST
    runs: list[Run] = []
    pending = tuple(assignments)
    while pending:
        done = [*before, *(a for run in runs for a in run.assignments)]
        first, run, pending = _first_run(plan, pending, done, threads, taken)
        later = live | _names(pending)
        own = {assignment.name for assignment in assignments}
        if _gain(run, own - later, later) < fewest:
            run = Run(run.assignments)
        runs += [Run(first), run]
    if not any(run.reads for run in runs):
        return [Run(tuple(assignments))]
    return list(_joined(runs))


def _joined(runs: Iterable[Run]) -> Iterator[Run]:
    """Yield runs, those in one go that follow each other as one."""
    for by_rows, group in groupby(runs, lambda run: bool(run.reads)):
        if by_rows:
            yield from group
        else:
            together = tuple(a for run in group for a in run.assignments)
            yield from [Run(together)] if together else []


def has_products(assignments: Iterable[Assignment]) -> bool:
    """Say whether there are products of matrices, for which BLAS has threads of its own."""
    return any(
        isinstance(part, Contraction)
        and part.form in ("matmul", "einsum_path")
        and all(arg.ndim > 1 for arg in part.args)
        for assignment in assignments
        for part in walk(assignment.array)
    )


Assignments = tuple[Assignment, ...]


def _first_run(
    plan: Plan,
    assignments: Assignments,
    before: Iterable[Assignment],
    threads: bool,
    taken: set[str],
) -> tuple[Assignments, Run, Assignments]:
    """Return what comes before the longest run, the run, and what comes after it."""
    letters: dict[Array, str | Array] = {
        Size(argument.name, axis): letter
        for method in (plan.forward, plan.backward)
        for argument in method.arguments
        for axis, letter in enumerate(argument.axes)
    }
    known = Known()
    for assignment in (*before, *assignments):
        known.names[assignment.name] = lengths(assignment.array, known)
    best: tuple[Assignments, Run, Assignments] = ((), Run(assignments), ())
    for length in _first_lengths(assignments, known, letters):
        split = Split(Rows(length, letters, known), set(taken))
        for assignment in assignments:
            split.add(assignment)
        run = split.run(threads)
        if run is not None and run.passes > best[1].passes:
            best = (tuple(split.first), run, tuple(split.after))
    taken |= {assignment.name for assignment in best[0]}
    return best


def _first_lengths(
    assignments: Assignments, known: Known, letters: Mapping[Array, str | Array]
) -> list[str | Array]:
    """Return the lengths of the first axes of the arrays with most axes."""
    read = [p for a in assignments for p in walk(a.array) if isinstance(p, Variable) and p.ndim]
    most = max((array.ndim for array in read), default=0)
    firsts = (lengths(array, known)[0] for array in read if array.ndim == most)
    rows = Rows("", letters, known)
    return list(dict.fromkeys(rows.letter(first) for first in firsts if first is not None))


@dataclass
class Split:
    """The assignments before, in and after the longest run over some rows.

    Attributes:
        rows: the rows.
        taken: names in use.
        first: what comes before the run.
        inside: the run.
        after: what comes after it.
        cut: names of the arrays that the run reads by rows, in order.
        whole: names of those that it reads whole.
        sums: names of sums over the rows.
        late: names of what is not known before the run has ended.
    """

    rows: Rows
    taken: set[str]
    first: list[Assignment] = field(default_factory=list)
    inside: list[Assignment] = field(default_factory=list)
    after: list[Assignment] = field(default_factory=list)
    cut: dict[str, None] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    sums: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)

    def add(self, assignment: Assignment) -> None:
        """Put the next assignment where it can stand."""
        read = names_in(assignment.array)
        if not read & self.late and self._add_inside(assignment):
            return
        if read & (self.late | self.rows.made):
            self.after.append(assignment)
            self.late.add(assignment.name)
        else:
            self.first.append(assignment)

    def _add_inside(self, assignment: Assignment) -> bool:
        """Add an assignment to the run, and say whether it can be computed there."""
        array, named = self._counts_named(without_blas(assignment.array))
        reads = reads_of_rows(array, self.rows)
        is_made = reads is not None and bool(reads.rows) and is_new(array)
        if not is_made:
            reads = reads_of_sum(array, self.rows)
        if reads is None:
            return False
        if is_made:
            self.rows.made.add(assignment.name)
        else:
            self.sums.add(assignment.name)
            self.late.add(assignment.name)
        self.first += named
        self.taken |= {part.name for part in named}
        self.inside.append(replace(assignment, array=array))
        self.cut.update(dict.fromkeys(reads.rows))
        self.whole.update(reads.whole)
        return True

    def _counts_named(self, array: Array) -> tuple[Array, list[Assignment]]:
        """Return an array with names for its parts that hold the number of rows, and these."""
        named: dict[Array, Assignment] = {}
        taken = set(self.taken)
        for part in with_counts(array, self.rows):
            if part not in named:
                name = fresh_name(part, taken)
                taken.add(name)
                named[part] = Assignment(name, part, ())
                self.rows.known.names[name] = lengths(part, self.rows.known)
        if not named:
            return array, []

        def visit(part: Array) -> Array | None:
            found = named.get(part)
            return None if found is None else Variable(found.name, part.ndim)

        return rewrite(array, visit), list(named.values())

    def run(self, threads: bool) -> Run | None:
        """Return the run; None where there is none, or where it needs an array in both ways."""
        own = {assignment.name for assignment in self.inside}
        if not self.inside or self.whole & (self.cut.keys() | own):
            return None
        reads = tuple(name for name in self.cut if name not in own)
        passes = _passes(self.inside)
        return Run(tuple(self.inside), reads, frozenset(self.sums), threads, passes)


def _gain(run: Run, dead: Set[str], later: Set[str]) -> int:
    """Return how many passes over whole arrays become passes over the cache.

    Args:
        run: the run.
        dead: names of arrays of the method that nothing reads later: in one go, the run would
            write over them.
        later: names that are read later.
    """
    results = [a.name for a in run.assignments if a.name in later]
    if max(len(run.reads), len(results)) > MOST_NAMES:
        return 0
    return run.passes - 2 * len(dead & set(run.reads))


def _names(assignments: Iterable[Assignment]) -> set[str]:
    return {name for assignment in assignments for name in names_in(assignment.array)}


def _passes(assignments: Iterable[Assignment]) -> int:
    """Return how often a run goes over its largest arrays."""
    parts = {part for a in assignments for part in operands(a.array)}
    most = max(map(rank_of, parts), default=0)
    return sum(_weight(part) for part in parts if rank_of(part) == most)


def _weight(array: Array) -> int:
    if isinstance(array, Cumulative):
        return PASSES_OF_RUNNING_SUM
    row = FUNCTIONS.get(array.op) if isinstance(array, Apply) else None
    return 1 if row is None or row.kink else PASSES_OF_FUNCTION
