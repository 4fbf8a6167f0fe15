"""The oracle gives formulas the values that NumPy gives them when it is used by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from symgrad import Layer
from symgrad.oracle import evaluate

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 5))
Z = RNG.normal(size=(3, 5))
W = RNG.normal(size=(5, 2))
A = RNG.normal(size=3)
B = RNG.normal(size=5)
S = RNG.normal(size=(3, 3))
INPUTS = {"x": X, "z": Z, "w": W, "a": A, "b": B, "s": S, "alpha": 0.7}
LOWER = np.tril(np.ones((3, 3)))

CASES = [
    ("y_ij = x_ij + b_j", X + B),
    ("y_ij = x_ij*b_j - a_i/2", X * B - A[:, None] / 2),
    ("y_ij = sum_k x_ik*w_kj", X @ W),
    ("y_ij = x_ik w_kj", X @ W),
    ("y = x_ij z_ij", np.sum(X * Z)),
    ("y = sum_i s_ii", np.trace(S)),
    ("y_ji = x_ij", X.T),
    ("y = 2^3^2/alpha", 512 / 0.7),
    ("y_i = -a_i^2", -(A**2)),
    ("y_i = mean_j x_ij", X.mean(axis=1)),
    ("y_j = prod_i x_ij", X.prod(axis=0)),
    ("y_j = max_i x_ij", X.max(axis=0)),
    ("y_j = min_i x_ij", X.min(axis=0)),
    ("y_i = logsumexp_j x_ij", special.logsumexp(X, axis=1)),
    ("y_ij = exp(x_ij)/sum_k exp(x_ik)", special.softmax(X, axis=1)),
    ("y_i = sum_{k<=i} a_k", np.cumsum(A)),
    ("y_i = sum_{k<i} a_k", np.cumsum(A) - A),
    ("y_i = prod_{k<i} a_k", np.cumprod(np.r_[1.0, A[:-1]])),
    ("y_i = sum_{k != i} s_ik", S.sum(axis=1) - np.diag(S)),
    ("y = sum_{i,j: i<j} s_ij", np.triu(S, 1).sum()),
    ("y_i = mean_{k: s_ik > 0} a_k^0", np.ones(3)),
    ("y_i = max_{k<i} a_k", np.r_[-np.inf, np.maximum.accumulate(A)[:-1]]),
    ("y_i = sum_{k<2} s_ik", S[:, :2].sum(axis=1)),
    ("y_ij = where(x_ij > 0, x_ij, alpha*x_ij)", np.where(X > 0, X, 0.7 * X)),
    ("y_ik = where(k <= i, s_ik, -inf)", np.where(LOWER > 0, S, -np.inf)),
    ("y_i = where(a_i > 0 and not a_i > 1 or a_i < -9, a_i, 0)", np.where(A > 1, 0, A) * (A > 0)),
    ("y_i = where(a_i == a_i, 1, log(-1))*a_i", A),
    ("y_ij = i*x_ij + j", np.arange(3)[:, None] * X + np.arange(5)),
    ("y_ij = x_ij*size(j) + size(x, 0) + size(x, -1)", X * 5 + 3 + 5),
    ("y_ik = delta(i, k)*s_ik", np.diag(np.diag(S))),
    (
        "y_i = delta(i, 1)*log(floor(a_i/9)*0.5) + a_i",
        [A[0], -np.inf if A[1] >= 0 else np.nan, A[2]],
    ),
    ("y_i = stop_gradient(a_i)", A),
    ("y_i = max(a_i, 0) + min(a_i, alpha)", np.maximum(A, 0) + np.minimum(A, 0.7)),
    ("y_i = clip(a_i, -0.1, 0.1)", np.clip(A, -0.1, 0.1)),
    ("y_i = atan2(a_i, alpha) + hypot(a_i, 2)", np.arctan2(A, 0.7) + np.hypot(A, 2)),
    ("let f(t) = t*tanh(t)\ny_i = f(a_i + 1)", (A + 1) * np.tanh(A + 1)),
    ("h_i = sum_j x_ij\ny = sum_i h_i^2", (X.sum(axis=1) ** 2).sum()),
    ("h = sum_j b_j\ny_i = a_i*h", A * B.sum()),
    ("y_i = pi*a_i", np.pi * A),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
@pytest.mark.parametrize("precise", [False, True])
def test_a_formula_means_what_numpy_computes(text: str, expected: object, precise: bool) -> None:
    layer = Layer("L", text)
    inputs = {name: INPUTS[name] for name in layer.inputs}
    result = evaluate(layer, inputs, precise=precise)
    np.testing.assert_allclose(result["y"], expected, rtol=1e-13, atol=1e-15)


def test_all_assigned_names_are_returned_in_order() -> None:
    result = evaluate(Layer("L", "h_i = a_i^2\ny = sum_i h_i"), {"a": A})
    assert list(result) == ["h", "y"]


def test_constants_have_their_defaults_and_may_be_given() -> None:
    layer = Layer("L", "y_i = a_i + eps", constants={"eps": 0.5})
    np.testing.assert_array_equal(evaluate(layer, {"a": A})["y"], A + 0.5)
    np.testing.assert_array_equal(evaluate(layer, {"a": A}, {"eps": 2})["y"], A + 2)


def test_an_opaque_function_is_called() -> None:
    layer = Layer("L", "opaque g\ny_i = g(a_i)")
    result = evaluate(layer, {"a": A}, functions={"g": lambda t: t**2})
    np.testing.assert_array_equal(result["y"], A**2)


def test_an_opaque_function_that_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="opaque function g "):
        evaluate(Layer("L", "opaque g\ny_i = g(a_i)"), {"a": A})


def test_no_extent_is_too_small() -> None:
    layer = Layer("L", "y_i = max_j x_ij\nz_j = sum_i x_ij")
    result = evaluate(layer, {"x": np.zeros((2, 0))})
    np.testing.assert_array_equal(result["y"], [-np.inf, -np.inf])
    assert result["z"].shape == (0,)


def test_the_first_of_equal_values_is_the_argmax() -> None:
    layer = Layer("L", "y_ij = delta(j, argmax_k x_ik)*x_ij")
    result = evaluate(layer, {"x": np.array([[1.0, 2.0, 2.0]])})
    np.testing.assert_array_equal(result["y"], [[0, 2, 0]])


@pytest.mark.parametrize("precise", [False, True])
def test_a_delta_of_0_wins_over_what_is_no_number(precise: bool) -> None:
    layer = Layer("L", "y_ik = log(s_ik)*delta(i, k)")
    result = evaluate(layer, {"s": np.array([[1.0, -1.0], [0.0, 1.0]])}, precise=precise)
    np.testing.assert_array_equal(result["y"], np.zeros((2, 2)))
