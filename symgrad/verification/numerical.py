"""Differentiate a formula numerically, by central differences of its meaning with 50 digits.

With float64 the step is a compromise between truncation and rounding, and leaves 6 to 10 digits.
With 50 digits a step of 1e-16 leaves 30, so that no tolerance has to hide a small mistake, and a
point is at a kink only when it lies on it. A slope from the left that differs from the one from the
right shows the kink.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgrad.language.layer import Layer
from symgrad.oracle.frame import Cells, Functions, Tensor, positions
from symgrad.oracle.machine import Machine
from symgrad.oracle.precise import precise_arithmetic

STEP = 1e-16
KINK = 1e-9


@dataclass(frozen=True)
class Slope:
    """The derivative of the loss along a direction: from both sides, the left and the right."""

    value: float
    left: float
    right: float

    @property
    def is_smooth(self) -> bool:
        """Whether both sides agree: there is no kink and no jump."""
        size = max(1.0, abs(self.left), abs(self.right))
        return abs(self.left - self.right) <= KINK * size


class Differences:
    """The loss sum(dy*y) of a layer around one point, to be differentiated numerically.

    Outputs that are not finite take no part. `stop_gradient` keeps its value from the point.
    """

    def __init__(
        self,
        layer: Layer,
        inputs: Mapping[str, np.ndarray],
        cotangents: Mapping[str, np.ndarray],
        functions: Functions | None = None,
    ) -> None:
        self._arithmetic = precise_arithmetic()
        self._machine = Machine(layer.statements, functions, self._arithmetic)
        env = {**layer.constants, **inputs}
        self._env = {k: Tensor.of(value, self._arithmetic.number) for k, value in env.items()}
        self._stops: dict[Any, Any] = {}
        self.tensors = self._machine.run(self._env, self._stops)
        self._weights = self._finite_weights(cotangents)
        self._base = self._loss_of(self.tensors)

    def outputs(self) -> dict[str, np.ndarray]:
        """Return every tensor that the layer assigns at the point, rounded to float64."""
        return self._machine.arrays(self.tensors)

    def _finite_weights(self, cotangents: Mapping[str, np.ndarray]) -> dict[str, Cells]:
        weights: dict[str, Cells] = {}
        for name, cotangent in cotangents.items():
            cells = self.tensors[name].cells
            weights[name] = {
                position: self._arithmetic.number(float(cotangent[position]))
                for position in positions(np.shape(cotangent))
                if np.isfinite(self._arithmetic.to_float(cells[position]))
            }
        return weights

    def _loss_of(self, tensors: Mapping[str, Tensor]) -> Any:
        total = self._arithmetic.number(0)
        for name, weights in self._weights.items():
            cells = tensors[name].cells
            for position, weight in weights.items():
                total += weight * cells[position]
        return total

    def _loss_at(self, name: str, cells: Cells) -> Any:
        moved = Tensor(self._env[name].shape, cells)
        return self._loss_of(self._machine.run({**self._env, name: moved}, self._stops))

    def slope(self, name: str, direction: Mapping[tuple[int, ...], float]) -> Slope:
        """Return the derivative by input `name` along a direction, given entry by entry."""
        step = self._arithmetic.number(STEP)
        cells = self._env[name].cells
        change = {at: step * self._arithmetic.number(d) for at, d in direction.items()}
        right = self._loss_at(name, {**cells, **{at: cells[at] + c for at, c in change.items()}})
        left = self._loss_at(name, {**cells, **{at: cells[at] - c for at, c in change.items()}})
        sides = (right - left) / (2 * step), (self._base - left) / step, (right - self._base) / step
        return Slope(*map(self._arithmetic.to_float, sides))

    def gradient(self, name: str) -> np.ndarray:
        """Return the derivative by each entry of input `name`; NaN where there is a kink."""
        result = np.empty(self._env[name].shape)
        for position in positions(result.shape):
            slope = self.slope(name, {position: 1.0})
            result[position] = slope.value if slope.is_smooth else np.nan
        return result


def numerical_gradients(
    layer: Layer,
    inputs: Mapping[str, Any],
    cotangents: Mapping[str, Any],
    functions: Functions | None = None,
) -> dict[str, np.ndarray]:
    """Return the gradient of sum(dy*y) by each input in `layer.wrt`, NaN where there is a kink.

    Args:
        layer: the layer to differentiate.
        inputs: a value for each input.
        cotangents: the incoming gradient of each output, by the output's name.
        functions: a callable for each opaque function.
    """
    weights = {name: np.asarray(value, dtype=float) for name, value in cotangents.items()}
    differences = Differences(layer, inputs, weights, functions)
    return {name: differences.gradient(name) for name in layer.wrt}
