"""Exponentials that would overflow are shifted; everything else stands as it is written."""

import pytest

from symgrad.derivation.stabilise import stabilise
from symgrad.formats.text import statement_text
from tests.derivation.printing import plain_statements


def stable(formula: str) -> str:
    text = statement_text(stabilise(plain_statements(formula))[-1])
    return text.split(" = ", 1)[1]


SHIFT = "stop_gradient(max_k x_ik)"
SHIFTED = "exp(x_ik - stop_gradient(max_l x_il))"
SOFTMAX = f"exp(x_ij - {SHIFT})/sum_k {SHIFTED}"

REWRITTEN = [
    ("y_ij = exp(x_ij)/sum_k exp(x_ik)", SOFTMAX),
    ("e_ij = exp(x_ij)\ns_i = sum_j e_ij\ny_ij = e_ij/s_i", SOFTMAX),
    ("y_i = log(sum_k exp(x_ik))", f"{SHIFT} + log(sum_k {SHIFTED})"),
    ("y_i = logsumexp_k x_ik", f"{SHIFT} + log(sum_k {SHIFTED})"),
    ("y_i = log(mean_k exp(x_ik))", f"{SHIFT} + log(mean_k {SHIFTED})"),
    ("y_i = log(sum_k w_k*exp(x_ik))", f"{SHIFT} + log(sum_k w_k*{SHIFTED})"),
    ("y_ij = log(exp(x_ij)/sum_k exp(x_ik))", f"x_ij - {SHIFT} - log(sum_k {SHIFTED})"),
    (
        "y_i = log(exp(a_i) + exp(b_i))",
        "stop_gradient(max(a_i, b_i)) + log(exp(a_i - stop_gradient(max(a_i, b_i)))"
        " + exp(b_i - stop_gradient(max(a_i, b_i))))",
    ),
    (
        "y_ij = where(j <= i, exp(x_ij), 0)/sum_{k<=i} exp(x_ik)",
        "exp(where(j <= i, x_ij - stop_gradient(max_{k<=i} x_ik), -inf))"
        "/sum_{k<=i} exp(x_ik - stop_gradient(max_{l<=i} x_il))",
    ),
    ("y_i = log(exp(x_i))", "x_i"),
    ("y_i = 1/(1 + exp(-x_i))", "sigmoid(x_i)"),
    ("y_i = exp(x_i)/(1 + exp(x_i))", "sigmoid(x_i)"),
    ("y_i = exp(x_i)/(exp(x_i) + 1)", "sigmoid(x_i)"),
    ("e_i = exp(-x_i)\ny_i = 1/(1 + e_i)", "sigmoid(x_i)"),
    ("y_i = log(1 + exp(x_i))", "softplus(x_i)"),
    ("y_i = log1p(exp(x_i))", "softplus(x_i)"),
    ("y_i = log(sigmoid(x_i))", "-softplus(-x_i)"),
    ("y_i = log(1 - sigmoid(x_i))", "-softplus(x_i)"),
]


@pytest.mark.parametrize(("formula", "expected"), REWRITTEN)
def test_naive_form_becomes_stable(formula: str, expected: str) -> None:
    assert stable(formula) == expected


def test_a_log_sum_exp_over_nothing_keeps_its_value() -> None:
    assert stable("y_i = log(sum_{j<=i} exp(x_ij))").startswith(
        "stop_gradient(where(max_{j<=i} x_ij > -inf, max_{j<=i} x_ij, 0))"
    )


@pytest.mark.parametrize(
    "formula",
    [
        "y_i = exp(x_i)",
        "y_i = exp(a_i)*exp(b_i)",
        "y_i = sum_k exp(x_ik)",
        "y_i = sqrt(sum_k exp(x_ik))",
        "y_i = exp(x_i) + 1",
        "y_i = 1 - sigmoid(x_i)",
        "y_i = expm1(x_i)",
        "y_i = log(x_i)",
        "y_i = log(sum_k x_ik)",
        "y_ij = x_ij/sum_k x_ik",
    ],
)
def test_nothing_cancels_so_the_formula_stays_as_written(formula: str) -> None:
    assert stable(formula) == formula.split(" = ", 1)[1]
