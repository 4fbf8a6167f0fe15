"""Single-assignment form: what becomes a definition of its own, and what stays inside."""

import pytest

from tests.derivation.printing import graph_lines, graph_of, named_lines


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        # a value that occurs under several letters is one definition
        (
            "y_ij = exp(x_ij)/sum_k exp(x_ik)",
            ["x_exp_ij = exp(x_ij)", "x_exp_sum_i = sum_k x_exp_ik", "y_ij = x_exp_ij/x_exp_sum_i"],
        ),
        (
            "y_i = sum_k sqrt(x_ik) + sum_l sqrt(x_il)",
            ["x_sqrt_ik = sqrt(x_ik)", "y_i = sum_k x_sqrt_ik + sum_l x_sqrt_il"],
        ),
        (
            "y_ij = exp(x_ij) + exp(x_ji)",
            ["x_exp_ij = exp(x_ij)", "y_ij = x_exp_ij + x_exp_ji"],
        ),
        (
            "y_i = tanh(sum_k x_ik*w_k)*tanh(sum_l x_il*w_l)",
            ["xw_i = sum_k x_ik*w_k", "x_tanh_i = tanh(xw_i)", "y_i = x_tanh_i^2"],
        ),
        # the user's own value is found again
        ("y_i = sigmoid(x_i)\nz_i = 2*sigmoid(x_i)", ["y_i = sigmoid(x_i)", "z_i = 2*y_i"]),
        # the argument of a function is a value, named for what the function gives
        ("y_i = max(x_i*a, 2)", ["y_pre_i = x_i*a", "y_i = max(y_pre_i, 2)"]),
        ("y_i = sqrt(a_i*b_i)", ["ab_i = a_i*b_i", "y_i = sqrt(ab_i)"]),
        ("y_i = a_i^b_i", ["y_i = pow(a_i, b_i)"]),
        # a sum in a product is computed before the product
        ("y_i = a_i*(sum_k x_ik)", ["x_sum_i = sum_k x_ik", "y_i = a_i*x_sum_i"]),
        # one index at a time: the first extremum in index order
        ("y = max_{i,j} x_ij", ["x_max_i = max_j x_ij", "y = max_i x_max_i"]),
        # what is a sum of products already stays in one statement
        ("y_i = -(a_i + b_i)*2", ["y_i = -2*a_i - 2*b_i"]),
        ("y_i = (a_i*b_i)^2", ["y_i = a_i^2*b_i^2"]),
        (
            "y_i = where(x_i*a_i > 0, exp(x_i), 0)",
            ["xa_i = x_i*a_i", "x_exp_i = exp(x_i)", "y_i = where(xa_i > 0, x_exp_i, 0)"],
        ),
    ],
)
def test_formula_in_single_assignment_form(formula: str, expected: list[str]) -> None:
    assert graph_lines(graph_of(formula)) == expected


def test_computed_factors_beside_a_parameter_are_one_value() -> None:
    lines = named_lines("y_ij = g_j*(x_ij - mean_k x_ik)/sqrt(mean_k (x_ik - mean_l x_il)^2)")
    assert lines[-2:] == ["x_hat_ij = x_centered_ij*x_rsqrt_i", "y_ij = g_j*x_hat_ij"]


def test_a_product_that_occurs_in_two_sums_is_one_value() -> None:
    assert named_lines("y_ij = x_ij*a_i*b_j + c_j\nz_ij = x_ij*a_i*b_j - c_j") == [
        "xab_ij = x_ij*a_i*b_j",
        "y_ij = xab_ij + c_j",
        "z_ij = xab_ij - c_j",
    ]


def test_the_softmax_behind_a_log_sum_exp_is_offered() -> None:
    assert named_lines("y_i = log(sum_k exp(x_ik))")[-1] == "[x_softmax_ik = x_exp_ik/x_exp_sum_i]"
