"""Which inputs get a gradient, and where the incoming gradients enter."""

import pytest

import symgrad
from tests.derivation.printing import gradient_lines, layer


def test_an_output_that_is_read_later_adds_its_incoming_gradient() -> None:
    formula = "y_i = a_i + b_i\nz_i = y_i*c_i"
    assert gradient_lines(formula, outputs=["y", "z"]) == [
        "da_i = dy_i + dz_i*c_i",
        "db_i = da_i",
        "dc_i = dz_i*y_i",
    ]


def test_a_value_that_is_read_later_is_no_output_by_itself() -> None:
    assert gradient_lines("y_i = a_i + b_i\nz_i = y_i*c_i") == [
        "da_i = dz_i*c_i",
        "db_i = dz_i*c_i",
        "dc_i = dz_i*y_i",
    ]


def test_an_input_that_no_path_reaches_has_the_gradient_zero() -> None:
    derivation = symgrad.derive(layer("y_i = x_i*w_i\nq_i = b_i", outputs=["y"]))
    assert str(derivation.gradients["b"]) == "db_i = 0"
    assert derivation.gradients["b"].steps == ()


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y_i = x_i - stop_gradient(x_i)", ["dx_i = dy_i"]),
        ("y_i = x_i*stop_gradient(x_i)", ["dx_i = dy_i*x_i"]),
        ("y_i = stop_gradient(x_i)", ["dx_i = 0"]),
        ("s_i = stop_gradient(x_i^2)\ny_i = s_i*x_i", ["dx_i = dy_i*s_i"]),
    ],
)
def test_no_gradient_flows_through_stop_gradient(formula: str, expected: list[str]) -> None:
    assert gradient_lines(formula) == expected


@pytest.mark.parametrize("function", ["sign", "floor", "ceil", "round"])
def test_no_gradient_flows_through_a_step(function: str) -> None:
    assert gradient_lines(f"y_i = {function}(x_i)") == ["dx_i = 0"]


def test_wrt_picks_the_gradients_and_their_order() -> None:
    formula = "y_ij = sum_k x_ik*w_kj + b_j"
    assert gradient_lines(formula, wrt=["b", "w"]) == [
        "db_j = sum_i dy_ij",
        "dw_kj = sum_i dy_ij*x_ik",
    ]
    assert list(symgrad.derive(layer(formula, wrt=["b", "w"])).gradients) == ["b", "w"]


def test_a_constant_is_not_differentiated() -> None:
    assert gradient_lines("y_i = a*x_i", constants={"a": 2}) == ["dx_i = a*dy_i"]


def test_scalars_collect_a_sum_over_everything() -> None:
    assert gradient_lines("y_ij = a*x_ij + b") == [
        "da = sum_{i,j} dy_ij*x_ij",
        "dx_ij = a*dy_ij",
        "db = sum_{i,j} dy_ij",
    ]


def test_a_layer_of_scalars_has_no_sums() -> None:
    assert gradient_lines("y = a*b/c") == ["da = b*dy/c", "db = a*dy/c", "dc = -y*dy/c"]


def test_the_gradient_by_a_diagonal_is_a_delta() -> None:
    assert gradient_lines("y_i = x_ii") == ["dx_ij = dy_i*delta(i, j)"]


def test_the_gradient_of_a_transpose_is_transposed() -> None:
    assert gradient_lines("y_ij = x_ji") == ["dx_ji = dy_ij"]


def test_two_occurrences_of_one_input_are_two_terms() -> None:
    assert gradient_lines("y = sum_{i,j} x_i*a_ij*x_j") == [
        "dx_i = dy*(sum_j x_j*a_ij + sum_j x_j*a_ji)",
        "da_ij = dy*x_i*x_j",
    ]


def test_a_masked_value_keeps_its_mask_where_the_other_factor_may_be_infinite() -> None:
    assert gradient_lines("y_i = where(x_i > 0, x_i*log(x_i), 0)") == [
        "dx_i = where(x_i > 0, dy_i*(x_log_i + 1), 0)"
    ]
    assert gradient_lines("y_ij = where(j <= i, exp(x_ij)/sum_{k: k <= i} exp(x_ik), 0)") == [
        "dx_ij = where(j <= i, x_softmax_ij*(dy_ij - sum_{k<=i} dy_ik*x_softmax_ik), 0)"
    ]
