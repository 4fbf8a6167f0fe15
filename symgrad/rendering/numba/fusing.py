"""Rewrite a plan so that kernels compute what they can, and NumPy the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from symgrad.lowering.nodes.arrays import Array, Contraction, Reduction, Size, Variable
from symgrad.lowering.nodes.traversal import rewrite, variables, walk
from symgrad.lowering.plans.plan import Assignment, Method, Plan
from symgrad.rendering.numba.calling import Caller, Marked
from symgrad.rendering.numba.choosing import (
    counts_of,
    multiplies_matrices,
    nest_of,
    with_pairs,
)
from symgrad.rendering.numba.entries import Reading
from symgrad.rendering.numba.fusible import (
    Part,
    UnitAxes,
    is_reduction,
    is_sum_over_one,
    names_in,
    take_apart,
    unit_axes,
    with_count,
)
from symgrad.rendering.numba.grouping import (
    Item,
    Kernel,
    group,
    is_legal,
    pays,
    read,
    written,
)
from symgrad.rendering.numba.kernel_text import Writer
from symgrad.rendering.numba.merging import first_merged, merged
from symgrad.rendering.numba.nest_text import NestWriter
from symgrad.rendering.numba.nodes import KernelCall
from symgrad.rendering.numba.statements import Statement, statement_of


@dataclass(frozen=True)
class Fused:
    """A plan whose assignments call kernels, and the functions of the kernels."""

    plan: Plan
    kernels: list[list[str]]


def fuse(plan: Plan) -> Fused:
    """Return the plan with the kernels that save passes over memory."""
    taken = _names_of(plan)
    units: UnitAxes = {}
    threads = not has_matrix_products(plan)
    counts: dict[str, Array] = {}
    kernels: list[list[str]] = []
    methods = []
    for word in ("forward", "backward"):
        method = getattr(plan, word)
        needed = set(plan.kept) if word == "forward" else set()
        name = f"_{snake(plan.layer.name)}_{word}"
        # forward gets its parameters in the layer's dtype
        params = set(plan.layer.params) if word == "backward" else set()
        fuser = MethodFuser(
            method, name, needed, taken, units, threads, params, plan.layer.params, counts
        )
        methods.append(fuser.method())
        kernels += fuser.kernels
    return Fused(replace(plan, forward=methods[0], backward=methods[1]), kernels)


def snake(name: str) -> str:
    """Return a class's name as a function's.

    >>> snake("LayerNorm"), snake("GELUTanh"), snake("BCEWithLogits"), snake("MaxPool2d")
    ('layer_norm', 'gelu_tanh', 'bce_with_logits', 'max_pool2d')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z]|[A-Z]{3})|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return parted.lower()


def has_matrix_products(plan: Plan) -> bool:
    """Say whether BLAS works for the layer, whose threads others must not stand in the way of."""
    arrays = (array for method in (plan.forward, plan.backward) for array in method.arrays())
    return any(
        multiplies_matrices(part)
        or (isinstance(part, Contraction) and len(part.args) > 1 and not is_sum_over_one(part))
        for array in arrays
        for part in walk(array)
    )


def _names_of(plan: Plan) -> set[str]:
    names = {*plan.layer.inputs, *plan.layer.constants}
    for method in (plan.forward, plan.backward):
        names |= {assignment.name for assignment in method.assignments}
        names |= {argument.name for argument in method.arguments}
        names |= {v.name for array in method.arrays() for v in variables(array)}
    return names


class MethodFuser:
    """Fuses one method."""

    def __init__(
        self,
        method: Method,
        name: str,
        needed: set[str],
        taken: set[str],
        units: UnitAxes,
        threads: bool,
        params: set[str],
        layer_params: Sequence[str],
        counts: dict[str, Array],
    ):
        self.original, self.name, self.taken = method, name, taken
        self.units, self.threads = units, threads
        self.kernels: list[list[str]] = []
        self.layer_params, self.counts = layer_params, counts
        self.ranks: dict[str, int] = {}
        self.means: dict[Array, Array] = {}
        self.caller = Caller(self.ranks, taken, frozenset(params), threads)
        self.needed = needed | {n for array in self._others() for n in _all_names(array)}

    def _others(self) -> list[Array]:
        method = self.original
        late = [check.condition for check in method.late_checks]
        return [*method.returns, *late]

    def method(self) -> Method:
        """Return the method with calls of kernels."""
        chosen = self._chosen()
        chosen = self._read(chosen)
        assignments = [a for item in chosen for a in self._written(item, chosen)]
        return replace(self.original, assignments=tuple(self._inlined(assignments)))

    def _chosen(self) -> list[Item]:
        """Return kernels that pay and parts, in an order of execution.

        A kernel may compute light values again and stand before what computes them; where it does
        not pay, its parts read them. Ends: each round takes more statements out of kernels.
        """
        found = self._statements()
        rank = max(self.ranks.values(), default=0)
        apart: set[str] = set()
        while True:
            chosen: list[Item] = []
            for item in group((p, None if p.name in apart else s) for p, s in found):
                if isinstance(item, Part) or pays(item, rank, self.threads):
                    chosen.append(item)
                else:
                    chosen += [member.part for member in item.members]
            early = _reading_early(chosen) - apart
            if not early:
                return chosen
            apart |= early

    def _read(self, items: list[Item]) -> list[Item]:
        """Return the items that are read: what others compute again themselves may not be.

        Ends: each round drops one item at least.
        """
        while True:
            kept = [i for i in items if written(i) & (self.needed | self._reads_beside(i, items))]
            if len(kept) == len(items):
                return kept
            items = kept

    def _reads_beside(self, item: Item, items: Sequence[Item]) -> set[str]:
        return {name for other in items if other is not item for name in _reads(other)}

    def _statements(self) -> list[tuple[Part, Statement | None]]:
        """Return the parts of all assignments, each with the statement of loops that it can be."""
        known: dict[Array, Variable] = {}
        promised = {a.array: a for a in self.original.assignments if is_reduction(a.array)}
        found: list[tuple[Part, Statement | None]] = []
        for assignment, nest in with_pairs(self.original.assignments, self._reading):
            self._note(assignment.array)
            if assignment.array not in known:
                nest = nest or nest_of(assignment, self._reading)
            if nest is not None:
                self.counts |= counts_of(nest)
                found.append((self._noted(Part(assignment, False, nest=nest)), None))
                array = assignment.array
                known[array] = Variable(assignment.name, array.ndim, array.kind)
                continue
            for part in take_apart(assignment, self.taken, known, self.units, promised):
                self._noted(part)
                statement = statement_of(part, self.units) if part.fusible else None
                if statement is None or not is_legal(statement):
                    nest = nest_of(part.assignment, self._reading)
                    part = part if nest is None else replace(part, hoisted=False, nest=nest)
                found.append((part, None if part.nest is not None else statement))
        return found

    def _reading(self) -> Reading:
        return Reading(self.units, frozenset(self.layer_params), set(self.taken), self.counts)

    def _noted(self, part: Part) -> Part:
        """Return a part whose axes and ranks are known from now on."""
        self.units.setdefault(part.name, unit_axes(part.array, self.units))
        outputs = part.nest.outputs if part.nest is not None else ()
        self.ranks |= {part.name: part.array.ndim, **{o.name: len(o.shape) for o in outputs}}
        return part

    def _note(self, array: Array) -> None:
        """Note the means that are about to be written as sums, and the ranks of what is read."""
        for part in walk(array):
            if isinstance(part, Variable):
                self.ranks.setdefault(part.name, part.ndim)
            if isinstance(part, Reduction) and part.op == "mean":
                counted = with_count(part, self.units)
                if counted is not None:
                    self.means[counted] = part

    # --- one item ------------------------------------------------------------------------------

    def _written(self, item: Item, items: Sequence[Item]) -> list[Marked]:
        name = self._kernel_name()
        if isinstance(item, Part):
            if item.nest is not None:
                letters = dict(enumerate(item.assignment.axes))
                nest = NestWriter(item.nest, name, letters).text()
                self.kernels.append(nest.lines)
                return self.caller.nest_calls(item.nest, name, nest)
            return [Marked(item.assignment, item.hoisted)]
        stored = item.names() & (self.needed | self._reads_beside(item, items))
        first = first_merged(item)
        shorter = item if first is None else merged(item, first)
        text = Writer(shorter, name, stored, self._letters(item), first).text()
        self.kernels.append(text.lines)
        return self.caller.kernel_calls(item, name, text, first)

    def _kernel_name(self) -> str:
        number = len(self.kernels) + 1
        return self.name if number == 1 else f"{self.name}{number}"

    def _letters(self, kernel: Kernel) -> dict[int, str]:
        letters: dict[int, str] = {}
        for member in kernel.members:
            axes = member.part.assignment.axes
            if len(axes) == len(member.index):
                for loop, letter in zip(member.index, axes, strict=True):
                    if loop is not None:
                        letters.setdefault(loop, letter)
        given = {argument.name: argument.axes for argument in self.original.arguments}
        for element in kernel.outside():
            for loop, axis in zip(element.index, given.get(element.name, ()), strict=False):
                if loop is not None and isinstance(axis, str):
                    letters.setdefault(loop, axis)
        return letters

    # --- what stays NumPy ----------------------------------------------------------------------

    def _inlined(self, lines: list[Marked]) -> list[Assignment]:
        """Put the parts that stay NumPy back where they came from."""
        lines = list(lines)
        for name in [line.assignment.name for line in lines if line.hoisted]:
            line = next(line for line in lines if line.assignment.name == name)
            readers = [other for other in lines if name in _all_names(other.assignment.array)]
            if len(readers) != 1 or isinstance(readers[0].assignment.array, KernelCall):
                continue
            reader = readers[0]
            array = _substituted(reader.assignment.array, name, line.assignment.array)
            place = lines.index(reader)
            lines[place] = Marked(replace(reader.assignment, array=array), reader.hoisted)
            lines.remove(line)
        return [
            replace(line.assignment, array=rewrite(line.assignment.array, self.means.get))
            for line in lines
        ]


def _substituted(array: Array, name: str, part: Array) -> Array:
    def visit(node: Array) -> Array | None:
        return part if isinstance(node, Variable) and node.name == name else None

    return rewrite(array, visit)


def _all_names(array: Array) -> set[str]:
    """Return the names that an array reads, those whose length it reads included."""
    sized = {part.name for part in walk(array) if isinstance(part, Size)}
    return names_in(array) | sized


def _reads(item: Item) -> set[str]:
    if isinstance(item, Part):
        return _all_names(item.array)
    return read(item) | _sizes(member.body for member in item.members)


def _reading_early(items: Sequence[Item]) -> set[str]:
    """Return the names of what reads a name that a later item computes."""
    early: set[str] = set()
    later: set[str] = set()
    for item in reversed(items):
        if _reads(item) & later:
            early |= written(item)
        later |= written(item)
    return early


def _sizes(arrays: Iterable[Array]) -> set[str]:
    return {part.name for array in arrays for part in walk(array) if isinstance(part, Size)}
