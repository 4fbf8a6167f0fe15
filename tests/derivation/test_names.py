"""Names of intermediates: what they hold, noun last, never the user's own."""

import pytest

from symgrad.derivation.names import name_intermediates, unique
from tests.derivation.printing import forward_lines, gradient_lines, graph_of, named_lines


def names(formula: str) -> list[str]:
    """Return the names of the intermediates, in order."""
    graph = graph_of(formula)
    found = name_intermediates(graph, {d.name for d in graph if d.written})
    return [found[definition.name] for definition in graph if not definition.written]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y_i = 2*exp(x_i)", ["x_exp"]),
        ("opaque g\ny_i = 2*g(x_i)", ["x_g"]),
        ("y_i = 2*relu(x_i)", ["x_relu"]),
        ("y_ij = x_ij*(max_k x_ik)", ["x_max"]),
        ("y_ij = x_ij*(sum_k x_ik)", ["x_sum"]),
        ("y_i = w_i*tanh(mean_k x_ik)", ["x_mean", "x_tanh"]),
        ("y_ij = x_ij*(sum_k x_ik^2)", ["x_square_sum"]),
        ("y_i = w_i*tanh(mean_k x_ik^2)", ["x_square_mean", "x_tanh"]),
        ("y_ij = x_ij/sqrt(sum_k x_ik^2)", ["x_square_sum", "x_rsqrt"]),
        ("y_ij = x_ij*sqrt(sum_k x_ik^2)", ["x_square_sum", "x_norm"]),
        ("y_ij = w_j*(x_ij - mean_k x_ik)", ["x_centered"]),
        ("y_i = mean_j (x_ij - mean_k x_ik)^2/v_i", ["x_centered"]),
        ("y_i = w_i*(a_i - b_i)", ["a_diff"]),
        ("y_i = w_i*(a_i + b_i)", ["a_total"]),
        ("y_i = w_i*where(a_i > 0, b_i, 0)", ["b_masked"]),
        ("y_i = w_i*stop_gradient(x_i)", ["x_fixed"]),
        ("y_i = tanh(a_i*b_i)", ["y_pre"]),
        ("y_i = w_i*tanh(a_i*b_i)", ["ab", "a_tanh"]),
        ("y_i = w_i*tanh(left_i*right_i)", ["left_right", "left_tanh"]),
    ],
)
def test_intermediate_is_named_for_its_content(formula: str, expected: list[str]) -> None:
    assert names(formula) == expected


def test_the_exponent_of_a_softmax_is_the_shifted_input() -> None:
    lines = named_lines("y_ij = exp(x_ij)/sum_k exp(x_ik)")
    assert "x_shifted_ij = x_ij - stop_gradient(x_max_i)" in lines


def test_a_centered_value_over_its_deviation_is_x_hat() -> None:
    formula = "y_ij = g_j*(x_ij - mean_k x_ik)/sqrt(mean_k (x_ik - mean_l x_il)^2)"
    assert "x_hat_ij = x_centered_ij*x_rsqrt_i" in forward_lines(formula)


def test_a_name_that_the_user_has_taken_gets_a_number() -> None:
    assert forward_lines("x_exp_i = 2*x_i\ny_i = exp(x_i)*exp(x_i)*x_exp_i + exp(x_i)") == [
        "x_exp_i = 2*x_i",
        "x_exp2_i = exp(x_i)",
        "y_i = x_exp2_i^2*x_exp_i + x_exp2_i",
    ]


def test_the_name_of_a_scalar_has_no_underscore() -> None:
    assert forward_lines("y_i = x_i/sum_j x_j")[0] == "xsum = sum_j x_j"


def test_a_number_follows_a_name_that_is_taken_alone_or_behind_a_d() -> None:
    assert unique("x_exp", {"dx_exp"}) == "x_exp2"
    assert unique("x_exp", {"x_exp", "x_exp2"}) == "x_exp3"
    assert unique("x_exp", {"x"}) == "x_exp"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        # the user's own dy: the incoming gradient takes another name
        ("y_i = x_i*dy_i", ["dx_i = grad_y_i*dy_i", "ddy_i = grad_y_i*x_i"]),
        # the user's own dx: the gradient by x takes another name
        ("y_i = x_i*dx_i", ["grad_x_i = dy_i*dx_i", "ddx_i = dy_i*x_i"]),
    ],
)
def test_a_gradient_never_has_a_name_of_the_user(formula: str, expected: list[str]) -> None:
    assert gradient_lines(formula) == expected
