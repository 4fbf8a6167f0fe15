"""Numerical gradients are right to 12 digits, and say where there is no derivative."""

from __future__ import annotations

import numpy as np
import pytest

from symgrad import Layer
from symgrad.verification import numerical_gradients
from symgrad.verification.numerical import Differences

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3))
DY = RNG.normal(size=(2, 3))


def gradient(text: str, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    return numerical_gradients(Layer("L", text), {"x": x}, {"y": dy})["x"]


CASES = [
    ("y_ij = x_ij^3", 3 * X**2 * DY),
    ("y_ij = exp(x_ij)", np.exp(X) * DY),
    ("y_ij = tanh(1000*x_ij)", 1000 / np.cosh(1000 * X) ** 2 * DY),
    ("y_ij = 1000000 + x_ij/1000000", DY / 1e6),
    ("y_ij = stop_gradient(x_ij)*x_ij", X * DY),
    ("y_ij = x_ij + stop_gradient(round(x_ij) - x_ij)", DY),
    ("y_ij = round(x_ij)", np.zeros((2, 3))),
    ("y_ij = relu(x_ij)", (X > 0) * DY),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_numerical_gradient_is_the_derivative(text: str, expected: np.ndarray) -> None:
    np.testing.assert_allclose(gradient(text, X, DY), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("value", ["abs(x_i)", "relu(x_i)", "where(x_i > 0, 1, 2)"])
def test_at_a_kink_there_is_no_numerical_gradient(value: str) -> None:
    found = gradient(f"y_i = {value}", np.array([0.0, 1.0]), np.array([0.3, 0.4]))
    assert np.isnan(found[0])
    assert np.isfinite(found[1])


def test_at_a_tie_of_max_there_is_no_numerical_gradient() -> None:
    found = gradient("y = max_i x_i", np.array([2.0, 2.0, 1.0]), np.array(0.5))
    np.testing.assert_array_equal(found, [np.nan, np.nan, 0])


def test_a_slope_is_the_gradient_along_a_direction() -> None:
    differences = Differences(Layer("L", "y_i = x_i^2"), {"x": X[0]}, {"y": DY[0]})
    slope = differences.slope("x", {(0,): 2.0, (2,): -1.0})
    expected = 2 * (2 * X[0, 0] * DY[0, 0] - X[0, 2] * DY[0, 2])
    assert slope.value == pytest.approx(expected, rel=1e-13)
    assert slope.is_smooth


def test_an_output_that_is_not_finite_takes_no_part() -> None:
    found = gradient("y_i = log(x_i)", np.array([0.0, 2.0]), np.array([0.3, 0.4]))
    np.testing.assert_allclose(found, [0, 0.2])


def test_a_naive_softmax_is_differentiated_where_it_overflows() -> None:
    x, dy = np.array([3000.0, 3001.0, -2000.0]), np.array([0.5, -1.0, 2.0])
    y = np.array([1, np.e, 0]) / (1 + np.e)
    found = gradient("y_i = exp(x_i)/sum_k exp(x_k)", x, dy)
    np.testing.assert_allclose(found, y * (dy - (dy * y).sum()), rtol=1e-12)
