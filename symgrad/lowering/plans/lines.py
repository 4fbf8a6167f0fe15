"""Hold the lines of a program while they are improved: one assigned array each, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from symgrad.lowering.nodes.arrays import Array, Variable
from symgrad.lowering.nodes.traversal import rewrite, variables


@dataclass
class Line:
    """One assignment.

    Attributes:
        name: the name assigned.
        array: its value.
        backward: whether it stands in backward.
        axes: letters of the axes.
        formula: the statement, empty for a shared part.
        given: the name comes from the user's formula.
        result: an output or a gradient, whose array keeps its shape.
        comment: why it is computed so.
    """

    name: str
    array: Array
    backward: bool
    axes: tuple[str, ...] = ()
    formula: str = ""
    given: bool = False
    result: bool = False
    comment: str = ""

    @property
    def variable(self) -> Variable:
        """The name as an array."""
        return Variable(self.name, self.array.ndim, self.array.kind)


def read_counts(lines: Sequence[Line]) -> dict[str, int]:
    """Return how often each name is read by the lines."""
    counts: dict[str, int] = {}
    for line in lines:
        for variable in variables(line.array):
            counts[variable.name] = counts.get(variable.name, 0) + 1
    return counts


def replace_in(lines: Sequence[Line], function: Callable[[Array], Array | None]) -> None:
    """Rewrite the arrays of all lines."""
    for line in lines:
        line.array = rewrite(line.array, function)


def reads(line: Line) -> frozenset[str]:
    """Return the names that a line reads; its array keeps them."""
    names: frozenset[str] | None = line.array.__dict__.get("_reads")
    if names is None:
        names = frozenset(variable.name for variable in variables(line.array))
        object.__setattr__(line.array, "_reads", names)
    return names


def readers(lines: Sequence[Line], name: str) -> Iterator[Line]:
    """Yield the lines that read a name."""
    return (line for line in lines if name in reads(line))
