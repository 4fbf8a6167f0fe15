"""Run compiled statements, element by element."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from symgrad.errors import UnsupportedError
from symgrad.language.expr import ArgReduce, IndexValue
from symgrad.language.statement import Statement
from symgrad.oracle.arithmetic import Arithmetic
from symgrad.oracle.closures import compile_extent, compile_value
from symgrad.oracle.floats import FLOAT
from symgrad.oracle.frame import Evaluate, Frame, Functions, Tensor, positions
from symgrad.oracle.scope import Scope


@dataclass(frozen=True)
class _Step:
    name: str
    slots: tuple[int, ...]
    extents: tuple[Evaluate, ...]
    value: Evaluate


class Machine:
    """Statements compiled once, to be run on many inputs.

    Attributes:
        statements: what was compiled.
        arithmetic: the scalars it computes with.
    """

    def __init__(
        self,
        statements: Iterable[Statement],
        functions: Functions | None = None,
        arithmetic: Arithmetic = FLOAT,
    ) -> None:
        self.statements = tuple(statements)
        self.arithmetic = arithmetic
        self._scope = Scope(arithmetic, functions or {})
        self._steps = [self._compile(statement) for statement in self.statements]

    def _compile(self, statement: Statement) -> _Step:
        if not all(isinstance(subscript, IndexValue) for subscript in statement.subscripts):
            raise UnsupportedError(f"the oracle evaluates no affine left side: {statement.name}")
        return _Step(
            statement.name,
            tuple(self._scope.slot(index) for index in statement.indices),
            tuple(compile_extent(index, self._scope) for index in statement.indices),
            compile_value(statement.value, self._scope),
        )

    def run(
        self, env: Mapping[str, Any], stops: MutableMapping[Any, Any] | None = None
    ) -> dict[str, Tensor]:
        """Return every tensor that is assigned, in order of assignment.

        Args:
            env: an array, a number or a Tensor for each name that is read.
            stops: a dict makes each `stop_gradient` keep its value from the run that filled it.
        """
        number = self.arithmetic.number
        tensors = {name: Tensor.of(value, number) for name, value in env.items()}
        frame = Frame([0] * len(self._scope.slots), tensors, stops=stops)
        for step in self._steps:
            frame.tensors[step.name] = self._fill(step, frame)
        return {step.name: frame.tensors[step.name] for step in self._steps}

    def _fill(self, step: _Step, frame: Frame) -> Tensor:
        shape = tuple(extent(frame) for extent in step.extents)
        cells = {}
        for position in positions(shape):
            for slot, value in zip(step.slots, position, strict=True):
                frame.values[slot] = value
            cells[position] = step.value(frame)
        return Tensor(shape, cells)

    def arrays(self, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        """Return the tensors as arrays: int64 for statements that are an argmax, else float64."""
        whole = {s.name for s in self.statements if isinstance(s.value, ArgReduce)}
        convert = self.arithmetic.to_float
        return {
            name: tensor.to_array(int, int) if name in whole else tensor.to_array(convert)
            for name, tensor in tensors.items()
        }
