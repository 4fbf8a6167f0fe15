"""Define the plan: what forward computes and keeps, what backward computes, as array programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symgrad.language.layer import Layer
from symgrad.lowering.nodes.arrays import Array
from symgrad.lowering.nodes.traversal import variables


@dataclass(frozen=True)
class Argument:
    """An input or an incoming gradient: its name and one letter (or a length) for each axis."""

    name: str
    axes: tuple[str | Array, ...]
    integer: bool = False


@dataclass(frozen=True)
class Assignment:
    """One array with a name.

    Attributes:
        name: as printed, unless it clashes with Python's names.
        array: what is computed.
        axes: letters of the axes.
        formula: the statement it stands for, empty for a shared part of others.
        comment: why it is computed so, empty where that is plain.
    """

    name: str
    array: Array
    axes: tuple[str, ...]
    formula: str = ""
    comment: str = ""

    def __str__(self) -> str:
        target = f"{self.name}({', '.join(self.axes)})"
        formula = f"   # {self.formula}" if self.formula else ""
        return f"{target} = {describe(self.array)}{formula}"


@dataclass(frozen=True)
class Check:
    """A condition under which forward raises ValueError."""

    condition: Array
    message: str


Arguments = tuple[str | int | Array | tuple[Array, ...], ...]


@dataclass(frozen=True)
class HelperCheck:
    """A call of a helper that raises ValueError: texts in quotes, arrays and numbers as code."""

    function: str
    args: Arguments

    def arrays(self) -> Iterable[Array]:
        """Yield the arrays among the arguments."""
        for arg in self.args:
            for part in arg if isinstance(arg, tuple) else (arg,):
                if isinstance(part, Array):
                    yield part


@dataclass(frozen=True)
class Derived:
    """A length that follows from those of the inputs.

    Attributes:
        letter: its letter.
        length: how long it is.
        reason: what is wrong where it comes out negative; empty where it can't.
    """

    letter: str
    length: Array
    reason: str


@dataclass(frozen=True)
class Means:
    """Axes of one argument over which the formula takes a mean: they must not be empty."""

    name: str
    axes: tuple[int, ...]


@dataclass(frozen=True)
class Method:
    """The body of forward or backward.

    Attributes:
        arguments: what it is called with, params included.
        checks: what must not hold of the arguments.
        assignments: in order of execution.
        returns: one array for each result.
        late_checks: checks that need assigned names.
        means: axes that must not be empty.
        derived: lengths that follow from those of the inputs.
        step_checks: checks of the integers that lengths may depend on.
        range_checks: checks of the places that are read.
    """

    arguments: tuple[Argument, ...]
    checks: tuple[Check, ...]
    assignments: tuple[Assignment, ...]
    returns: tuple[Array, ...]
    late_checks: tuple[Check, ...] = ()
    means: tuple[Means, ...] = ()
    derived: tuple[Derived, ...] = ()
    step_checks: tuple[HelperCheck, ...] = ()
    range_checks: tuple[HelperCheck, ...] = ()

    def arrays(self) -> Iterable[Array]:
        """Yield every array of the method, in order."""
        yield from (array for check in self.step_checks for array in check.arrays())
        yield from (derived.length for derived in self.derived)
        yield from (array for check in self.range_checks for array in check.arrays())
        yield from (check.condition for check in self.checks)
        yield from (assignment.array for assignment in self.assignments)
        yield from (check.condition for check in self.late_checks)
        yield from self.returns

    def reads(self) -> dict[str, int]:
        """Return how often each name is read."""
        counts: dict[str, int] = {}
        for array in self.arrays():
            for variable in variables(array):
                counts[variable.name] = counts.get(variable.name, 0) + 1
        return counts


@dataclass(frozen=True)
class Plan:
    """The array program of one layer.

    Attributes:
        layer: the layer.
        forward: the method forward.
        backward: the method backward; its results are the gradients, in the order of `gradients`.
        kept: names that forward keeps and backward reads, in the order of their assignment.
        gradients: names of the gradients, by input.
        shapes: for inputs and outputs the axes as printed in docstrings.
    """

    layer: Layer
    forward: Method
    backward: Method
    kept: tuple[str, ...]
    gradients: tuple[tuple[str, str], ...]
    shapes: tuple[tuple[str, tuple[str, ...]], ...]

    def __str__(self) -> str:
        lines = [f"plan of {self.layer.name}", "forward:"]
        lines += [f"  {assignment}" for assignment in self.forward.assignments]
        lines += ["  return " + ", ".join(map(describe, self.forward.returns))]
        lines += ["  keep " + (", ".join(self.kept) or "nothing"), "backward:"]
        lines += [f"  {assignment}" for assignment in self.backward.assignments]
        lines += ["  return " + ", ".join(map(describe, self.backward.returns))]
        return "\n".join(lines)


def describe(array: Array) -> str:
    """Return a compact text of an array expression: the node in lower case and its parts."""
    name = type(array).__name__.lower()
    if name in ("variable", "hyperparameter"):
        return str(array.parts()[0])
    if name == "literal":
        return str(array.parts()[0])
    return f"{name}({', '.join(_describe_part(part) for part in array.parts())})"


def _describe_part(part: object) -> str:
    if isinstance(part, Array):
        return describe(part)
    if isinstance(part, tuple):
        return "(" + ", ".join(_describe_part(item) for item in part) + ")"
    return str(part)
