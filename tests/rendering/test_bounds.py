"""A bound makes an index run along a part of an axis: `sum_{k<2} x_ik`."""

import numpy as np
import pytest

import symgrad

BOUNDED = [
    "y_i = sum_{k<2} x_ik*w_k",
    "y_i = sum_{k<=1} x_ik",
    "y_i = sum_{k<size(w,0)} x_ik*w_k",
    "y_ij = exp(x_ij)/sum_{k<2} exp(x_ik)",
    "y_i = max_{k<2} x_ik",
    "y_i = prod_{k<2} x_ik",
    "y_i = mean_{k<2} exp(x_ik)",
    "y_i = logsumexp_{k<2} x_ik",
    "y_i = sum_{k: k<2, k != i} x_k*w_i",
    "y = sum_{i,j: i<2, j<2} x_ij^2",
    "y_i = sum_{k<2} tanh(sum_j x_ij*w_jk)",
]


@pytest.mark.parametrize("formula", BOUNDED)
def test_layers_with_bounds_are_verified(formula: str) -> None:
    report = symgrad.check(formula)
    assert report.ok, str(report)


def test_a_constant_may_be_a_bound() -> None:
    layer = symgrad.Layer("First", "y_i = sum_{k<n} x_ik", constants={"n": 2})
    first = symgrad.build(layer)(n=1)
    assert first.forward(np.array([[2.0, 3.0], [5.0, 7.0]])).tolist() == [2.0, 5.0]
    assert first.backward(np.array([1.0, 10.0])).tolist() == [[1.0, 0.0], [10.0, 0.0]]


def test_a_bound_beyond_the_axis_is_an_error_at_the_call() -> None:
    layer = symgrad.build("y_i = sum_{k<3} x_ik")()
    with pytest.raises(ValueError, match=r"x: axis 1 has length 2 and is read at 0..2"):
        layer.forward(np.ones((5, 2)))
