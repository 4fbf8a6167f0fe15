"""Call kernels: the lines that allocate what they fill, call them, and take their sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from symgrad.lowering.nodes.arrays import Array, Cast, Size, Variable
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.scatters import Zeros
from symgrad.lowering.nodes.traversal import rewrite
from symgrad.lowering.plans.names import unique_name
from symgrad.lowering.plans.plan import Assignment
from symgrad.rendering.numba.grouping import Kernel, lengths_of
from symgrad.rendering.numba.kernel_text import KernelText
from symgrad.rendering.numba.merging import merges
from symgrad.rendering.numba.nest_text import NestText, row_count
from symgrad.rendering.numba.nodes import (
    Element,
    Empty,
    Entries,
    Flat,
    KernelCall,
    Numbered,
    Typed,
)
from symgrad.rendering.numba.statements import Index, Statement
from symgrad.rendering.numba.sweeps import Nest, Output

ONE = number(1)


@dataclass(frozen=True)
class Marked:
    """An assignment, and whether it may go back into the one that reads it."""

    assignment: Assignment
    hoisted: bool = False


@dataclass(frozen=True)
class Caller:
    """Writes the calls of one method's kernels.

    Attributes:
        ranks: the rank of each array that is known by now; the fuser adds to it.
        taken: the names in use, to which the names of sums are added.
        params: the parameters, which a kernel gets in the layer's dtype, whatever theirs is.
        threads: whether kernels run in threads.
    """

    ranks: Mapping[str, int]
    taken: set[str]
    params: frozenset[str]
    threads: bool

    def nest_calls(self, nest: Nest, name: str, text: NestText) -> list[Marked]:
        """Return the lines that allocate what a nest fills, and call it."""
        outputs = [Variable(o.name, len(o.shape), o.type) for o in nest.outputs]
        arrays = [Variable(e.name, self.ranks.get(e.name, 0), e.kind) for e in text.inputs]
        call = KernelCall(
            name,
            row_count(nest),
            (*(self._argument(array, (), None) for array in arrays), *text.numbers),
            tuple(outputs),
            (),
            self.threads,
            tuple(text.fixed),
        )
        new = [Marked(Assignment(o.name, _allocated(o), ())) for o in nest.outputs]
        return [*new, Marked(Assignment("", call, ()))]

    def kernel_calls(
        self, kernel: Kernel, name: str, text: KernelText, first: int | None
    ) -> list[Marked]:
        """Return the lines that allocate, call the kernel, and take the sums.

        Args:
            kernel: the kernel.
            name: its function's name.
            text: its function.
            first: the first of the loops that are one, if any.
        """
        like = {e.index: Variable(e.name, len(e.index)) for e in reversed(kernel.outside())}
        producers = kernel.producers()
        outputs = [producers[statement.name] for statement in text.outputs]
        sums = [producers[statement.name] for statement in text.sums]
        names = [unique_name(f"{s.name}_total", self.taken) for s in sums]
        self.taken.update(names)
        totals = [Variable(n, len(s.index)) for n, s in zip(names, sums, strict=True)]
        lines = [
            Marked(Assignment(s.name, Empty(self._shape(s, kernel), like.get(s.index), s.kind), ()))
            for s in outputs
        ]
        for statement, total in zip(sums, totals, strict=True):
            zeros = Empty(self._shape(statement, kernel), None, "float", zeros=True)
            lines.append(Marked(Assignment(total.name, zeros, ())))
        indices = {e.name: e.index for e in kernel.outside()}
        arrays = [Variable(e.name, self.ranks[e.name], e.kind) for e in text.inputs]
        results = [Variable(s.name, len(s.index), s.kind) for s in outputs]
        call = KernelCall(
            name,
            self._row_count(kernel, first),
            (
                *(self._argument(array, indices[array.name], first) for array in arrays),
                *map(_as_variables, text.numbers),
            ),
            tuple(self._argument(a, s.index, first) for a, s in zip(results, outputs, strict=True)),
            tuple(
                self._argument(total, s.index, first) for total, s in zip(totals, sums, strict=True)
            ),
            self.threads,
        )
        lines.append(Marked(Assignment("", call, ())))
        for statement, total in zip(sums, totals, strict=True):
            part = statement.part
            lines.append(Marked(replace(part.assignment, array=Cast(total)), part.hoisted))
        return lines

    def _row_count(self, kernel: Kernel, first: int | None) -> Array:
        known = lengths_of(kernel)
        if first == 0 and 0 in known:
            name, _ = known[0]
            return Entries(Variable(name, self.ranks[name]))
        return self._length(0, kernel)

    def _argument(self, variable: Variable, index: Index, first: int | None) -> Array:
        typed = variable.name in self.params and variable.ndim
        array: Array = Typed(variable) if typed else variable
        if first is None or not merges(index, first):
            return array
        axes = sum(loop is None or loop < first for loop in index)
        return Flat(array, axes)

    def _shape(self, statement: Statement, kernel: Kernel) -> tuple[Array, ...]:
        return tuple(ONE if n is None else self._length(n, kernel) for n in statement.index)

    def _length(self, loop: int, kernel: Kernel) -> Array:
        known = lengths_of(kernel)
        if loop in known:
            return Size(*known[loop])
        return next(m.lengths[loop] for m in kernel.members if loop in m.lengths)


def _allocated(output: Output) -> Array:
    """Return the new array of an output."""
    if output.count is not None:
        return Numbered(output.shape, output.count)
    if output.zeros:
        return Zeros(output.shape)
    return Empty(output.shape, None, output.type)


def _as_variables(array: Array) -> Array:
    """Return a number as the method reads it."""

    def visit(node: Array) -> Array | None:
        return Variable(node.name, 0, node.type) if isinstance(node, Element) else None

    return rewrite(array, visit)
