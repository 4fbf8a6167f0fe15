"""Run through the last axes of arrays as one, where all statements of a kernel do so alike."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.lowering.nodes.arrays import Array
from symgrad.lowering.nodes.traversal import rewrite, walk
from symgrad.rendering.numba.grouping import Kernel
from symgrad.rendering.numba.nodes import Element, Place
from symgrad.rendering.numba.statements import Index, Statement


def first_merged(kernel: Kernel) -> int | None:
    """Return the first of the loops that may be one, the last ones; None where they stay."""
    depth = kernel.depth()
    for first in range(depth - 1):
        if all(_allows(member, first, depth) for member in kernel.members):
            return first
    return None


def _allows(statement: Statement, first: int, depth: int) -> bool:
    last = range(first, depth)
    inside = [loop in statement.loops for loop in last]
    gone = {loop in statement.reduced for loop in last if loop in statement.loops}
    if any(inside) and (not all(inside) or len(gone) > 1 or (first == 0 and True in gone)):
        return False
    if not any(inside) and first == 0:
        return False
    if any(isinstance(part, Place) and part.loop in last for part in walk(statement.body)):
        return False
    indices = [statement.index, *(element.index for element in statement.elements())]
    return all(_ends_with(index, first, depth) for index in indices)


def _ends_with(index: Index, first: int, depth: int) -> bool:
    """Say whether an array has all of the last loops behind each other at its end, or none."""
    head, tail = index[: len(index) - (depth - first)], index[len(index) - (depth - first) :]
    late = [loop for loop in index if loop is not None and loop >= first]
    return not late or (
        list(tail) == list(range(first, depth)) and len(head) + len(late) == len(index)
    )


def merged(kernel: Kernel, first: int) -> Kernel:
    """Return the kernel with one loop for all from `first` on."""
    return Kernel([_merged(member, first) for member in kernel.members])


def _merged(statement: Statement, first: int) -> Statement:
    def visit(array: Array) -> Array | None:
        if isinstance(array, Element):
            return Element(array.name, _cut(array.index, first), array.type)
        return None

    return Statement(
        statement.name,
        rewrite(statement.body, visit),
        tuple(loop for loop in statement.loops if loop <= first),
        _cut(statement.index, first),
        statement.op,
        frozenset(loop for loop in statement.reduced if loop <= first),
        statement.kind,
        {loop: length for loop, length in statement.lengths.items() if loop < first},
        statement.part,
    )


def _cut(index: Sequence[int | None], first: int) -> Index:
    return tuple(loop for loop in index if loop is None or loop <= first)


def merges(index: Index, first: int) -> bool:
    """Say whether the last axes of an array become one."""
    return any(loop is not None and loop > first for loop in index)
