"""Run compiled statements, element by element."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

# values and conditions register themselves there
import symgrad.oracle.closures  # noqa: F401
from symgrad.language.expr import ArgReduce, IndexValue
from symgrad.language.statement import Statement
from symgrad.oracle.arithmetic import Arithmetic
from symgrad.oracle.floats import FLOAT
from symgrad.oracle.frame import Evaluate, Frame, Functions, Tensor, positions
from symgrad.oracle.integers import compile_extent
from symgrad.oracle.parts import Filling, compile_filling
from symgrad.oracle.passes import compile_value
from symgrad.oracle.scope import Scope


@dataclass(frozen=True)
class _Step:
    name: str
    slots: tuple[int, ...]
    extents: tuple[Evaluate, ...]
    value: Evaluate

    def run(self, frame: Frame) -> None:
        shape = tuple([extent(frame) for extent in self.extents])
        cells = {}
        for position in positions(shape):
            for slot, value in zip(self.slots, position, strict=True):
                frame.values[slot] = value
            cells[position] = self.value(frame)
        frame.tensors[self.name] = Tensor(shape, cells)


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
        self._steps = self._compile()

    def _compile(self) -> list[_Step | Filling]:
        """Compile each statement; the parts of one tensor run together, where the last stands."""
        left = Counter(statement.name for statement in self.statements)
        parts: dict[str, list[Statement]] = {}
        steps: list[_Step | Filling] = []
        for statement in self.statements:
            name = statement.name
            left[name] -= 1
            parts.setdefault(name, []).append(statement)
            plain = all(isinstance(part, IndexValue) for part in statement.subscripts)
            if len(parts[name]) == 1 and plain and not left[name]:
                steps.append(self._step(statement))
            elif not left[name]:
                steps.append(compile_filling(parts[name], self._scope))
        return steps

    def _step(self, statement: Statement) -> _Step:
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
            step.run(frame)
        return {step.name: frame.tensors[step.name] for step in self._steps}

    def arrays(self, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        """Return the tensors as arrays: int64 for statements that are an argmax, else float64."""
        whole = {s.name for s in self.statements if isinstance(s.value, ArgReduce)}
        convert = self.arithmetic.to_float
        return {
            name: tensor.to_array(int, int) if name in whole else tensor.to_array(convert)
            for name, tensor in tensors.items()
        }
