"""Each function of the table has PyTorch's values, in float64 and with 50 digits alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from symgrad.language.expr import AxisLength, Call, Element, Expr, Index, IndexValue, Number
from symgrad.language.functions import FUNCTIONS
from symgrad.language.statement import Statement
from symgrad.oracle import evaluate_statements
from symgrad.oracle.arithmetic import Arithmetic
from symgrad.oracle.floats import FLOAT
from symgrad.oracle.precise import precise_arithmetic
from symgrad.oracle.spelling import function_of

POINTS = np.array([-800.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.5, 3.0, 800.0])
EDGES = np.array([np.inf, -np.inf, np.nan, 0.0, -1.0, 1.0])
ROWS = [name for name in FUNCTIONS if name != "polygamma"]

SPECIAL: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": special.expit,
    "logsigmoid": special.log_expit,
    "softplus": lambda x: np.logaddexp(0, x),
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "silu": lambda x: x * special.expit(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "gelu": lambda x: x * special.ndtr(x),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hardtanh": lambda x: np.clip(x, -1, 1),
    "hardsigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "erf": special.erf,
    "erfc": special.erfc,
    "lgamma": special.gammaln,
    "round": np.round,
    "sign": np.sign,
    "expm1": np.expm1,
    "log1p": np.log1p,
    "rsqrt": lambda x: 1 / np.sqrt(x),
}


def values(name: str, points: np.ndarray, precise: bool, *extra: Expr) -> np.ndarray:
    """Return a function's values at the points; arguments beyond the first repeat the points."""
    index = Index("i", AxisLength("x", 0))
    argument = Element("x", (IndexValue(index),))
    args = (argument, *extra) if extra else (argument,) * FUNCTIONS[name].arity
    statement = Statement("y", (IndexValue(index),), Call(name, args))
    return evaluate_statements([statement], {"x": points}, precise=precise)["y"]


@pytest.mark.parametrize("name", ROWS)
def test_both_arithmetics_agree(name: str) -> None:
    for points in (POINTS, EDGES, POINTS / 1000):
        left, right = values(name, points, False), values(name, points, True)
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("precise", [False, True])
def test_a_function_has_its_known_values(name: str, precise: bool) -> None:
    with np.errstate(all="ignore"):
        expected = SPECIAL[name](POINTS)
    np.testing.assert_allclose(values(name, POINTS, precise), expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("name", ["digamma", "trigamma"])
def test_the_polygammas_are_scipys(name: str) -> None:
    points = np.array([0.1, 0.5, 1.0, 7.5, 100.0])
    expected = special.polygamma(1 if name == "trigamma" else 0, points)
    np.testing.assert_allclose(values(name, points, False), expected, rtol=1e-12)


def test_parameters_take_the_place_of_defaults() -> None:
    slope = Number("0.25")  # type: ignore[arg-type]
    assert values("leaky_relu", np.array([-2.0]), False, slope) == -0.5
    beta = Number(2)  # type: ignore[arg-type]
    expected = np.logaddexp(0, 2) / 2
    assert values("softplus", np.array([1.0]), False, beta) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "logsigmoid", "tanh", "silu", "gelu"])
def test_stable_functions_stay_finite(name: str) -> None:
    for precise in (False, True):
        assert np.isfinite(values(name, np.array([-8000.0, 8000.0]), precise)).all()


# rows whose spelling says more than the name of a NumPy function
SPELLED = ["relu", "hardtanh"]


@pytest.mark.parametrize("name", SPELLED)
@pytest.mark.parametrize("arithmetic", [FLOAT, precise_arithmetic()])
def test_a_function_without_a_definition_is_evaluated_by_its_spelling(
    name: str, arithmetic: Arithmetic
) -> None:
    others = {key: value for key, value in arithmetic.functions.items() if key != name}
    by_spelling = function_of(name, replace(arithmetic, functions=others))
    for point in (-4, 0.25, 2, 7):
        x = arithmetic.number(point)
        assert float(by_spelling(x)) == pytest.approx(float(arithmetic.functions[name](x)))
