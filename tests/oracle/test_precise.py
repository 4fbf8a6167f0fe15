"""With 50 digits, formulas that overflow in float64 have their mathematical value."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from symgrad import Layer
from symgrad.oracle import evaluate

LARGE = np.array([[1000.0, 2000.0, -3000.0], [5.0, 0.0, -5000.0]])
LOG_SUMS = special.logsumexp(LARGE, axis=1, keepdims=True)

CASES = [
    ("y_ij = exp(x_ij)/sum_k exp(x_ik)", special.softmax(LARGE, axis=1)),
    ("y_i = log(sum_j exp(x_ij))", special.logsumexp(LARGE, axis=1)),
    (
        "y_ij = log(exp(x_ij)/sum_k exp(x_ik))",
        LARGE - special.logsumexp(LARGE, axis=1, keepdims=True),
    ),
    ("y_ij = log(1 + exp(x_ij))", np.logaddexp(0, LARGE)),
    ("y_ij = 1/(1 + exp(-x_ij))", special.expit(LARGE)),
    ("y_ij = sinh(x_ij)/cosh(x_ij)", np.sign(LARGE) * np.where(LARGE == 5, np.tanh(5), 1)),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_naive_formula_has_its_mathematical_value(text: str, expected: np.ndarray) -> None:
    result = evaluate(Layer("L", text), {"x": LARGE}, precise=True)["y"]
    np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-300)


def test_float64_evaluates_the_formula_as_it_is_written() -> None:
    result = evaluate(Layer("L", "y = exp(x)/exp(x + 1)"), {"x": 1000.0})["y"]
    assert np.isnan(result)


@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y = 1/x", np.inf),
        ("y = -1/x", -np.inf),
        ("y = x/sin(x)", np.nan),
        ("y = log(x)", -np.inf),
        ("y = sqrt(x - 1)", np.nan),
        ("y = (x - 8)^(1/3)", np.nan),
        ("y = (x - 2)^3", -8.0),
        ("y = exp(exp(exp(exp(x + 9))))", np.inf),
        ("y = exp(-exp(exp(exp(x + 9))))", 0.0),
        ("y = (inf + x) - (inf - x)", np.nan),
        ("y = x^x", 1.0),
    ],
)
def test_what_has_no_real_value_follows_ieee(text: str, expected: float, precise: bool) -> None:
    result = evaluate(Layer("L", text), {"x": 0.0}, precise=precise)["y"]
    np.testing.assert_equal(float(result), expected)


def test_an_error_far_below_float64_is_seen() -> None:
    layer = Layer("L", "y = sinh(log(1 + x))")
    assert evaluate(layer, {"x": 1e-30})["y"] == 0
    found = evaluate(layer, {"x": 1e-30}, precise=True)["y"]
    assert found == pytest.approx(1e-30, rel=1e-15)
