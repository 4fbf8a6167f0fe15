"""Test that bad text of any kind gets a FormulaError, and large text an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgrad.errors import FormulaError
from symgrad.language.layer import Layer

_LETS = [f"let f{n}(t) = f{n - 1}(f{n - 1}(t) + 1)" for n in range(1, 40)]
REFUSED = {
    "brackets": f"y_i = {'(' * 5000}x_i{')' * 5000}",
    "calls": f"y_i = {'exp(' * 3000}x_i{')' * 3000}",
    "subscripts": f"y_i = {'x[' * 3000}i{']' * 3000}",
    "signs": f"y_i = {'-' * 3000}x_i",
    "powers": f"y_i = {'x_i^' * 3000}2",
    "roots": f"y_i = {'√' * 3000}x_i",
    "conditions": f"y_i = where({'not ' * 3000}x_i > 0, 1, 2)",
    "reductions": f"y_i = {'sum_k ' * 3000}x_i",
    "a huge power": "y_i = 2^999999999999*x_i",
    "a tower": "y_i = 9^9^9^9*x_i",
    "powers of powers": "y_i = ((((2^64)^64)^64)^64)^64*x_i",
    "a long number": f"y_i = {'9' * 5000}*x_i",
    "a huge decimal": "y_i = 1e99999999*x_i",
    "a let that doubles": "\n".join(["let f0(t) = t*exp(t)", *_LETS, "y_i = f39(x_i)"]),
    "a let in itself": f"let f(t) = t*exp(t) + t\ny_i = {'f(' * 60}x_i{')' * 60}",
    "a let that calls itself": "let f(t) = f(t) + 1; y_i = f(x_i)",
}


@pytest.mark.parametrize("case", REFUSED)
def test_text_without_measure_is_refused(case: str) -> None:
    with pytest.raises(FormulaError):
        Layer("L", REFUSED[case])


READ = {
    "terms": f"y_i = {' + '.join(f'x{n}_i' for n in range(256))}",
    "factors": f"y_i = {'*'.join(f'x{n}_i' for n in range(64))}",
    "statements": "\n".join(f"x{n + 1}_i = x{n}_i + 1" for n in range(200)),
    "a huge exponent": "y_i = x_i^999999999999",
}


@pytest.mark.parametrize("case", READ)
def test_long_formulas_are_read(case: str) -> None:
    assert Layer("L", READ[case]).outputs


_PIECES = [
    *"xyijk_()[]{},:;=+-*/^<>! \n#'.0123²√Σδ≤·∞π",
    *("y_i = ", "sum_k ", "sum_{", "max_{k<=", "for ", "where(", "let f(t) = ", "opaque g"),
    *("size(", "delta(", "pad(", "and ", "not ", "exp(", "inv(", "//", "%", "x_ik", "w_kj"),
]


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join) | st.text(max_size=40))
def test_any_text_is_a_layer_or_a_formula_error(text: str) -> None:
    assert read_or_refused(text)


def read_or_refused(text: str) -> str:
    """Return what a reader sees: the outputs, or the message."""
    try:
        return ", ".join(Layer("L", text).outputs)
    except FormulaError as error:
        return str(error)
