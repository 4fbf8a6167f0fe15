"""Write the bodies of methods: statements in one go, and runs by blocks of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace

from symgrad.lowering.blocking.row_runs import Run, runs_of
from symgrad.lowering.nodes.arrays import Array, Variable
from symgrad.lowering.nodes.traversal import variables
from symgrad.lowering.plans.plan import Assignment, Method, Plan
from symgrad.lowering.plans.steps import Step, overwritten
from symgrad.lowering.plans.storage import Facts, steps_of
from symgrad.rendering.numpy_printer import Names
from symgrad.rendering.print_blocks import run_lines
from symgrad.rendering.statements import BODY, assignment_lines, return_lines, too_long
from symgrad.rendering.warnings import loud_names


@dataclass
class Statements:
    """The statements of a method, to be printed once it is known how its names print.

    Attributes:
        plan: the plan.
        method: its method forward, or what backward computes and returns.
        live: names that are read after the method, beside what it returns.
        names: how names print that are not assigned.
        taken: names that a new part may not take.
        buffers: whether results may be written over those of the call before.
        facts, loud: what is known in front of each part, and which names may hold infinities.
        steps: those of each part.
    """

    plan: Plan
    method: Method
    live: Set[str]
    names: Names
    taken: set[str]
    buffers: bool
    facts: list[Facts] = field(init=False)
    loud: list[set[str]] = field(init=False)
    steps: list[tuple[Step, ...]] = field(init=False)


@dataclass
class Body(Statements):
    """Statements in one go, and runs by blocks of rows.

    Attributes:
        whole: whether large arrays are computed in one go as well.
        before: the assignments of the method that ran before.
    """

    whole: bool
    before: Sequence[Assignment] = ()
    runs: list[Run] = field(init=False)

    def __post_init__(self) -> None:
        late = (check.condition for check in self.method.late_checks)
        live = {*self.live, *names_in([*late, *self.method.returns])}
        assignments = self.method.assignments
        self.runs = [Run(assignments)]
        if not self.whole:
            self.runs = runs_of(self.plan, assignments, live, self.before, self.taken)
        parts = [self.before, *(run.assignments for run in self.runs)]
        self.facts, self.loud = known_before(parts)
        self.steps = [() if run.reads else self._steps(n) for n, run in enumerate(self.runs)]

    def is_overwritten(self, name: str) -> bool:
        """Say whether an array is written over after it was assigned."""
        return any(name in overwritten(steps) for steps in self.steps)

    def lines(
        self, names: Names, after: Sequence[str] = (), output: str | None = None
    ) -> list[str]:
        """Return the statements.

        Args:
            names: how names print.
            after: lines in front of the return statement.
            output: the attribute that the only result goes to, if any.
        """
        lines: list[str] = []
        for n in range(len(self.runs)):
            is_last = n == len(self.runs) - 1
            lines += self._run_lines(n, names, is_last and not after, output if is_last else None)
        if any(line.startswith(f"{BODY}return ") for line in lines):
            return lines
        return [*lines, *after, *return_lines(self.method.returns, names)]

    def _run_lines(self, number: int, names: Names, last: bool, output: str | None) -> list[str]:
        run = self.runs[number]
        before, loud = self.facts[number], self.loud[number]
        if not run.reads:
            method = self._part(number, returns=last)
            lines = assignment_lines(
                method, self.steps[number], names, self.taken, output, last, loud
            )
            return lines
        read = self._read_after(number)
        results = [a.name for a in run.assignments if a.name in read]
        results.sort(key=run.sums.__contains__)
        is_return = last and output is None and _names_of(self.method.returns) == results
        return run_lines(
            self.plan, run, results, names, self.taken, self.buffers, is_return, before, loud
        )

    def _steps(self, number: int) -> tuple[Step, ...]:
        return steps_of(
            self.plan,
            self._part(number, returns=number == len(self.runs) - 1),
            self._read_after(number),
            too_long(self.names),
            self.facts[number],
            self.taken if self.buffers else None,
        )

    def _part(self, number: int, returns: bool) -> Method:
        """Return the assignments of a run as a method."""
        assignments = self.runs[number].assignments
        late = self.method.late_checks if returns else ()
        results = self.method.returns if returns else ()
        return replace(self.method, assignments=assignments, returns=results, late_checks=late)

    def _read_after(self, number: int) -> set[str]:
        """Return the names that are read after a run."""
        late = (check.condition for check in self.method.late_checks)
        arrays = (a.array for run in self.runs[number + 1 :] for a in run.assignments)
        return {*self.live, *names_in([*arrays, *late, *self.method.returns])}


def known_before(
    parts: Sequence[Sequence[Assignment]],
) -> tuple[list[Facts], list[set[str]]]:
    """Return what is known of arrays, and which may hold infinities, behind each of some parts."""
    facts, loud = [Facts()], [set[str]()]
    for part in parts:
        facts.append(facts[-1].after(part))
        loud.append(loud_names(part, loud[-1]))
    return facts[1:], loud[1:]


def names_in(arrays: Iterable[Array]) -> set[str]:
    """Return the names that expressions read."""
    return {variable.name for array in arrays for variable in variables(array)}


def _names_of(arrays: Sequence[Array]) -> list[str]:
    """Return the names of arrays that are names alone."""
    return [array.name for array in arrays if isinstance(array, Variable)]
