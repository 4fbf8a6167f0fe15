"""The generated class keeps its contract: arguments checked, never written to, one dtype."""

from __future__ import annotations

import traceback
import warnings

import numpy as np
import pytest

from symgrad import build, generate
from symgrad.language.layer import Layer

X = np.arange(6.0).reshape(2, 3)

MISTAKES = [
    # formula, shapes of the inputs, message
    (
        "y_ij = sum_k x_ik*w_kj",
        [(2, 3), (4, 5)],
        r"axis 0 \(k\) of w with shape \(4, 5\) must have length 3, as in x",
    ),
    (
        "y_ij = x_ij + b_j",
        [(2, 3), (2,)],
        r"axis 0 \(j\) of b with shape \(2,\) must have length 3, as in x",
    ),
    ("y_ij = x_ij + b_j", [(3,), (3,)], r"x has shape \(3,\), but its axes are \(i, j\)"),
    (
        "y_i = x_ii",
        [(2, 3)],
        r"axis 1 \(i\) of x with shape \(2, 3\) must have length 2, as in x",
    ),
    ("y_i = mean_k x_ik", [(2, 0)], r"x has shape \(2, 0\): axis 1, a mean's, is empty"),
    ("y_i = mean_{k<i} x_ik", [(2, 2)], "the mean over k has no element that passes"),
]


@pytest.mark.parametrize(("formula", "shapes", "message"), MISTAKES)
def test_wrong_arguments_are_named_with_their_axes(
    formula: str, shapes: list[tuple[int, ...]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        build(formula)().forward(*map(np.ones, shapes))


def test_backward_checks_the_shape_of_the_incoming_gradient() -> None:
    instance = build("y_ij = x_ij + b_j")()
    instance.forward(X, np.ones(3))
    message = r"axis 0 \(i\) of dy with shape \(3, 2\) must have length 2, as in forward"
    with pytest.raises(ValueError, match=message):
        instance.backward(np.ones((3, 2)))


def test_params_are_kept_by_reference_and_get_gradients() -> None:
    made = build(Layer("Affine", "y_ij = sum_k x_ik*W_kj + b_j", params=["W", "b"]))
    w, b = np.ones((3, 4)), np.zeros(4)
    instance = made(w, b)
    before = instance.forward(X)
    w *= 2  # an optimiser's step
    np.testing.assert_array_equal(instance.forward(X), 2 * before)
    dx = instance.backward(np.ones((2, 4)))
    np.testing.assert_array_equal(dx, np.full((2, 3), 8.0))
    np.testing.assert_array_equal(instance.dW, np.repeat(X.sum(axis=0)[:, None], 4, axis=1))
    np.testing.assert_array_equal(instance.db, [2, 2, 2, 2])


def test_backward_returns_none_where_all_gradients_belong_to_params() -> None:
    layer = Layer("Bias", "y_ij = x_ij + b_j", params=["b"], wrt=["b"])
    instance = build(layer)(np.zeros(3))
    instance.forward(X)
    assert instance.backward(X) is None
    np.testing.assert_array_equal(instance.db, X.sum(axis=0))


def test_constants_are_keyword_arguments_with_defaults() -> None:
    made = build(Layer("Shift", "y_ij = alpha*x_ij + eps", constants={"alpha": 2, "eps": 1e-5}))
    np.testing.assert_array_equal(made().forward(X), 2 * X + 1e-5)
    np.testing.assert_array_equal(made(alpha=3, eps=0).forward(X), 3 * X)
    assert made(alpha=np.float64(3)).forward(X.astype(np.float32)).dtype == np.float32


def test_an_open_function_and_its_derivative_are_given_to_the_constructor() -> None:
    instance = build("opaque g\ny_ij = g(x_ij)")(g=np.sin, g_prime=np.cos)
    np.testing.assert_array_equal(instance.forward(X), np.sin(X))
    np.testing.assert_array_equal(instance.backward(2 * np.ones((2, 3))), 2 * np.cos(X))


def test_a_single_scalar_output_has_an_incoming_gradient_of_1() -> None:
    instance = build("loss = sum_{i,j} x_ij^2/2")()
    loss = instance.forward(X.astype(np.float32))
    assert np.ndim(loss) == 0
    assert loss.dtype == np.float32
    gradient = instance.backward()
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, X)


def test_several_outputs_take_one_gradient_each() -> None:
    instance = build("opaque f\ny_ij = f(x_ij)\nz_ij = x_ij*b_j")(f=np.exp, f_prime=np.exp)
    b = np.array([1.0, 2.0, 3.0])
    y, z = instance.forward(X, b)
    dx, db = instance.backward(np.ones_like(y), np.ones_like(z))
    np.testing.assert_allclose(dx, np.exp(X) + b)
    np.testing.assert_array_equal(db, X.sum(axis=0))


@pytest.mark.parametrize("scalar", [2, 2.0, np.float32(2), np.array(2.0, np.float32)])
def test_scalars_may_be_numbers_and_do_not_change_the_dtype(scalar: object) -> None:
    instance = build("y_ij = alpha*x_ij")()
    y = instance.forward(scalar, X.astype(np.float32))
    assert y.dtype == np.float32
    dalpha, dx = instance.backward(np.ones((2, 3)))
    assert (dalpha.dtype, dx.dtype) == (np.float32, np.float32)


def test_integers_become_float64() -> None:
    y = build("y_ij = x_ij/2")().forward(X.astype(np.int32))
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, X / 2)


@pytest.mark.parametrize(
    "formula",
    [
        "y_ij = sigmoid(x_ij)",
        "y_ij = softplus(x_ij)",
        "y_ij = log(1 + exp(x_ij))",
        "y_ij = exp(x_ij)/sum_k exp(x_ik)",
        "y_i = log(sum_k exp(x_ik))",
        "y_ij = elu(x_ij)",
        "y_ij = selu(x_ij)",
        "y_ij = mish(x_ij)",
        "y_ij = where(x_ij > 0, log(x_ij), 0)",
        "y_ij = where(x_ij > 0, sqrt(x_ij), -x_ij)",
        "y_ij = where(x_ij < 1, exp(x_ij), exp(-x_ij))",
        "y_i = sum_j where(x_ij > 1, log(x_ij - 1), 0)*x_ij",
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inputs_of_a_few_thousand_give_finite_results_without_a_warning(
    formula: str, dtype: type
) -> None:
    x: np.ndarray = np.array([[3000, -3000, 0, 1], [-800, 5, 0.5, -0.2]], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        instance = build(formula)()
        y = instance.forward(x)
        dx = instance.backward(np.ones_like(y))
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


def test_sigmoid_is_accurate_far_below_zero() -> None:
    y = build("y_i = sigmoid(x_i)")().forward(np.array([-700.0, -30.0, 40.0]))
    np.testing.assert_allclose(y, [np.exp(-700.0), 1 / (1 + np.exp(30.0)), 1.0], rtol=1e-15)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y = max_i x_i", [0, 1, 0, 0]),
        ("y = min_i -x_i", [0, -1, 0, 0]),
        ("y = max_{i: x_i < 2} x_i", [1, 0, 0, 0]),
        ("y = max_{i: x_i > 9} x_i", [0, 0, 0, 0]),
    ],
)
def test_at_ties_the_first_gets_the_gradient(formula: str, expected: list[float]) -> None:
    instance = build(formula)()
    instance.forward(np.array([1.0, 2.0, 2.0, 1.0]))
    np.testing.assert_array_equal(instance.backward(), expected)


def test_the_maximum_over_nothing_is_minus_infinity() -> None:
    instance = build("y_i = max_k x_ik")()
    np.testing.assert_array_equal(instance.forward(np.ones((2, 0))), [-np.inf, -np.inf])
    assert instance.backward(np.ones(2)).shape == (2, 0)


@pytest.mark.parametrize(
    ("x", "expected"),
    [([2, 3, 5], [15, 10, 6]), ([2, 0, 5], [0, 10, 0]), ([0, 3, 0], [0, 0, 0])],
)
def test_the_gradient_of_a_product_is_right_with_zeros(
    x: list[float], expected: list[float]
) -> None:
    instance = build("y = prod_i x_i")()
    instance.forward(np.array(x, float))
    np.testing.assert_array_equal(instance.backward(), expected)


def test_a_condition_wins_over_infinity_and_nan() -> None:
    instance = build("y_i = sum_k where(k <= i, exp(x_k), 0)")()
    y = instance.forward(np.array([0.0, 1.0, np.nan]))
    np.testing.assert_allclose(y[:2], [1, 1 + np.e])


def test_a_traceback_shows_the_generated_source() -> None:
    instance = build("y_ij = x_ij + b_j")()
    with pytest.raises(ValueError, match="must have length 3") as caught:
        instance.forward(X, np.ones(2))
    assert "raise ValueError" in "".join(traceback.format_exception(caught.value))


def test_several_formulas_make_one_module() -> None:
    source = generate(["y_i = x_i^2", "y_ij = x_ij + b_j"])
    assert source.count("class Layer1:") == source.count("class Layer2:") == 1
