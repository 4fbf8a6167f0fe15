"""What forward and backward compute: single uses in place, shared values once, little kept."""

import symgrad
from symgrad.language.expr import element_names
from tests.derivation.printing import forward_lines, gradient_lines


def kept(formula: str) -> list[str]:
    """Return what backward reads of what forward computed, in order."""
    program = symgrad.derive(formula).program
    read = {name for s in program.backward for name in element_names(s.value)}
    return [statement.name for statement in program.forward if statement.name in read]


def test_a_value_with_one_reader_is_written_in_place() -> None:
    assert forward_lines("y_ij = tanh(sum_k x_ik*w_kj + b_j)") == [
        "y_ij = tanh(sum_k x_ik*w_kj + b_j)"
    ]


def test_a_value_with_two_readers_is_computed_once() -> None:
    assert forward_lines("y_i = sqrt(x_i)*w_i + sqrt(x_i)") == [
        "x_sqrt_i = sqrt(x_i)",
        "y_i = x_sqrt_i*w_i + x_sqrt_i",
    ]


def test_a_value_that_backward_reads_is_kept_under_its_name() -> None:
    assert forward_lines("y_i = x_i*sigmoid(x_i)") == [
        "x_sigmoid_i = sigmoid(x_i)",
        "y_i = x_i*x_sigmoid_i",
    ]
    assert kept("y_i = x_i*sigmoid(x_i)") == ["x_sigmoid", "y"]


def test_softmax_keeps_its_output_alone() -> None:
    assert kept("y_ij = exp(x_ij)/sum_k exp(x_ik)") == ["y"]


def test_a_linear_layer_keeps_nothing_that_it_computes() -> None:
    assert kept("y_ij = sum_k x_ik*w_kj + b_j") == []


def test_a_cheap_value_of_inputs_that_are_kept_anyway_is_computed_again() -> None:
    formula = "d_ij = sum_k (x_ik - z_jk)^2"
    assert forward_lines(formula) == [formula]
    assert gradient_lines(formula) == [
        "dx_ik = 2*sum_j dd_ij*(x_ik - z_jk)",
        "dz_jk = -2*sum_i dd_ij*(x_ik - z_jk)",
    ]


def test_a_gradient_that_several_gradients_read_is_computed_once() -> None:
    assert gradient_lines("y_ij = tanh(sum_k x_ik*w_kj + b_j)") == [
        "dy_pre_ij = dy_ij*(1 - y_ij^2)",
        "dx_ik = sum_j dy_pre_ij*w_kj",
        "dw_kj = sum_i dy_pre_ij*x_ik",
        "db_j = sum_i dy_pre_ij",
    ]


def test_an_intermediate_gradient_equal_to_a_result_takes_its_name() -> None:
    assert gradient_lines("y_i = (x_i + a_i)*tanh(x_i + a_i)")[1] == "da_i = dx_i"


def test_stop_gradient_is_gone_from_the_program() -> None:
    assert forward_lines("y_i = stop_gradient(x_i)*x_i") == ["y_i = x_i^2"]


def test_nothing_is_computed_that_no_output_and_no_gradient_reads() -> None:
    assert forward_lines("z_i = exp(x_i)\ny_i = 2*x_i", outputs=["y"]) == ["y_i = 2*x_i"]
