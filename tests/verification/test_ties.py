"""Of equal maxima over a window the first in index order gets the gradient, whatever the idiom.

The indices of the reduction decide the order, the last one fastest. A slope far below the distance
of the values breaks the ties in that order; the gradient must not change by it.
"""

from __future__ import annotations

import numpy as np
import pytest

import symgrad
from symgrad.oracle import evaluate_statements

SLOPE = 1e-6
# the formula; whether the order of the reduction runs along columns first
FORMULAS = [
    ("y_i = max_{u<3} x[i+u, 0]", False),
    ("y_i = max_{u<3} x[2*i+u, 1]", False),
    ("y_ij = max_{u,v: u<2, v<2} x[2*i+u, 2*j+v]", False),
    ("y_ij = max_{u,v: u<2, v<3} x[i+u, j+v]", False),
    ("y_ij = max_{v,u: u<2, v<3} x[i+u, j+v]", True),
    ("y_ij = min_{u,v: u<2, v<2} -x[2*i+u, j+v]", False),
    ("y_ij = max_{u,v: u<3, v<2} x[i+2*u, 2*j+v]", False),
    ("y_ij = max_{u,v: u<2, v<2, v<=u} x[i+u, j+v]", False),
    ("y_ij = max_{u<3} pad(x[i+u-1, j], -9) for i < size(x,0)", False),
    ("y = max_i x[i, size(x,1)-1-i]", False),
    ("y_g = max_{i,j: i//3 == g} x_ij for g < 2", False),
    ("y_j = max_i x_ij", False),
    ("y = max_{j,i} x_ij", True),
]


def gradient(layer: symgrad.Layer, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    instance = symgrad.build(layer)()
    instance.forward(x)
    return instance.backward(dy)


@pytest.mark.parametrize(("text", "columns"), FORMULAS)
def test_the_first_of_equal_maxima_gets_the_gradient(text: str, columns: bool) -> None:
    rng = np.random.default_rng(7)
    layer = symgrad.Layer("L", text)
    program = symgrad.derive(layer).program
    x = rng.integers(0, 2, size=(6, 6)).astype(float)
    order = np.arange(36.0).reshape(6, 6, order="F" if columns else "C")
    broken = x - SLOPE * order
    shape = np.shape(symgrad.build(layer)().forward(x))
    dy = rng.normal(size=shape)
    expected = gradient(layer, broken, dy)
    np.testing.assert_allclose(gradient(layer, x, dy), expected, rtol=1e-12, atol=1e-12)
    env = {"x": x, "dy": dy}
    derived = evaluate_statements((*program.forward, *program.backward), env)
    np.testing.assert_allclose(derived["dx"], expected, rtol=1e-12, atol=1e-12)
