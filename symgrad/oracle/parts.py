"""Fill one tensor by several statements, and check that they cover it exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.errors import UnsupportedError
from symgrad.language.expr import Expr, ordered_free_indices
from symgrad.language.statement import Statement
from symgrad.oracle.frame import Cells, Evaluate, Frame, Tensor, positions
from symgrad.oracle.integers import compile_loop
from symgrad.oracle.passes import compile_integer, compile_value
from symgrad.oracle.reads import PlacedError
from symgrad.oracle.scope import Scope


@dataclass(frozen=True)
class _Part:
    """One statement: its places, its values, and how far it reaches along each axis."""

    loop: Evaluate
    position: tuple[Evaluate, ...]
    reaches: tuple[Evaluate, ...]
    value: Evaluate


@dataclass(frozen=True)
class Filling:
    """The statements that fill one tensor."""

    name: str
    parts: tuple[_Part, ...]

    def run(self, frame: Frame) -> None:
        """Add the tensor to the frame.

        Raises:
            PlacedError: a place is assigned twice, by no statement, or lies before the tensor.
        """
        cells: Cells = {}
        for part in self.parts:
            for _ in part.loop(frame):
                at = tuple([axis(frame) for axis in part.position])
                if at in cells or any(place < 0 for place in at):
                    self._fail(at, "is assigned twice" if at in cells else "is outside")
                cells[at] = part.value(frame)
        reaches = ([axis(frame) for axis in part.reaches] for part in self.parts)
        shape = tuple(max(axis) for axis in zip(*reaches, strict=True))
        for at in positions(shape):
            if at not in cells:
                self._fail(at, f"is assigned by no statement, and {self.name} has shape {shape}")
        frame.tensors[self.name] = Tensor(shape, cells)

    def _fail(self, at: tuple[int, ...], problem: str) -> None:
        place = f"{self.name}[{', '.join(map(str, at))}]"
        axes = [(self.name, axis) for axis in range(len(at))]
        raise PlacedError(f"{self.name}: {place} {problem}", axes)


def compile_filling(statements: Sequence[Statement], scope: Scope) -> Filling:
    """Return what fills the tensor that all the statements assign.

    Raises:
        UnsupportedError: one of them reads that tensor, which is a recurrence.
    """
    name = statements[0].name
    if any(name in statement.value.names for statement in statements):
        raise UnsupportedError(f"the oracle evaluates no recurrence: {name}")
    return Filling(name, tuple(_compile_part(statement, scope) for statement in statements))


def _compile_part(statement: Statement, scope: Scope) -> _Part:
    found = [ordered_free_indices(subscript) for subscript in statement.subscripts]
    indices = tuple(dict.fromkeys(index for part in found for index in part))
    return _Part(
        compile_loop(indices, (), scope),
        tuple(compile_integer(subscript, scope) for subscript in statement.subscripts),
        tuple(_compile_reach(subscript, scope) for subscript in statement.subscripts),
        compile_value(statement.value, scope),
    )


def _compile_reach(subscript: Expr, scope: Scope) -> Evaluate:
    """Return how long an axis must be for the places that a subscript takes."""
    loop = compile_loop(ordered_free_indices(subscript), (), scope)
    place = compile_integer(subscript, scope)
    return lambda frame: max((place(frame) + 1 for _ in loop(frame)), default=0)
