"""The forms that measurements ask for: each row is a formula, and a line that its class has."""

from __future__ import annotations

import numpy as np
import pytest

import symgrad
from symgrad.catalogue import entry
from symgrad.rendering import load_class

special = pytest.importorskip("scipy.special")

FORMS = [
    # powers as squares and products
    ("y_i = x_i^3 + x_i", "x * x * x"),
    ("y_i = exp(x_i)*x_i^4", "x**2"),
    ("y_i = x_i^(5/2)", "x**2 * x_sqrt"),
    ("y_i = x_i^17", "x**17"),
    # sums and means along the last axis
    ("y_i = sum_j x_ij", 'np.einsum("ij->i", x)'),
    ("y_i = mean_j x_ij", 'np.einsum("ij->i", x) / x.shape[1]'),
    ("y_c = sum_{n,h,w} x_nchw", 'np.einsum("nchw->c", x)'),
    ("y_j = sum_i x_ij", "x.sum(axis=0)"),
    ("y = sum_{i,j} x_ij", "x.sum()"),
    ("y_i = sum_j x_ij*z_ij", "np.vecdot(x, z)"),
    # choices
    ("y_i = relu(x_i)", "np.clip(x, 0, np.inf)"),
    ("y_i = leaky_relu(x_i)", "np.maximum(x, 0) + 0.01 * np.minimum(x, 0)"),
    ("y_i = leaky_relu(x_i)", "dy * x_positive + 0.01 * dy * ~x_positive"),
    # products
    ("s_ij = sum_d q_id*k_jd/sqrt(size(d))", "(q / q.shape[1] ** 0.5) @ k.T"),
    ("y_bi = sum_j a_bij*x_bj", "(a @ x[:, :, None])[:, :, 0]"),
    ("y_bj = sum_i x_bi*a_bij", "(x[:, None] @ a)[:, 0]"),
    # the product with w serves forward and the gradient by x
    ("y_bo = sum_{i,j} x_bi*w_oij*z_bj", "dx = (dy[:, None] @ self.z_w)[:, 0]"),
]


@pytest.mark.parametrize(("formula", "expected"), FORMS)
def test_the_class_has_the_form_that_is_fast(formula, expected):
    source = symgrad.generate(formula).replace("\n", " ")
    assert expected in " ".join(source.split())


LINES = [
    # reductions that share a pass
    ("GroupNorm", "dgamma = dy_x_hat.sum(axis=0)"),
    ("InstanceNorm", "dbeta = dy_sum.sum(axis=0)"),
    ("BatchNorm", "dbeta_scaled = dbeta / dy.shape[0]"),
    # what is scaled is new, and takes the delta
    ("CrossEntropy", "dx = dloss_scaled * self.p"),
    # windows along one axis after the other
    ("AvgPool2d", "y = _sum_of_windows(\n            z_sum, self.kernel, axis=3"),
    # the experts' short axis is merged, and no result is transposed
    (
        "MixtureOfExperts",
        "self.dW = _tensordot(x_g.transpose(1, 2, 0), dy, 1)",
    ),
]


@pytest.mark.parametrize(("name", "line"), LINES)
def test_the_layer_of_the_catalogue_has_the_line(name, line):
    assert line in symgrad.generate(entry(name))


def built(formula, **options):
    return load_class(symgrad.generate(symgrad.Layer("Built", formula, **options)), "Built")


def test_a_choice_by_parts_keeps_infinities_and_nan():
    x = np.array([np.inf, -np.inf, np.nan, -2.0, 0.0, 3.0])
    y = built("y_i = leaky_relu(x_i, 0.5)")().forward(x)
    np.testing.assert_array_equal(y, np.where(x > 0, x, 0.5 * x))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_is_accurate_at_both_ends(dtype):
    x = np.array([-700, -80, -20, -1, 0, 1, 20, 80, 700], dtype)
    y = built("y_i = sigmoid(x_i)")().forward(x)
    tiny = np.finfo(dtype).tiny
    np.testing.assert_allclose(y, special.expit(x.astype(float)), 4e-7, atol=tiny)


def test_the_error_function_of_float32_is_4_ulp_off_at_most():
    x = np.concatenate([np.linspace(-4.5, 4.5, 200_001), np.logspace(-38, 0, 20_001)])
    x = np.append(x, [np.inf, -np.inf, 1e30]).astype(np.float32)
    y = built("y_i = erf(x_i)")().forward(x)
    exact = special.erf(x.astype(float))
    assert y.dtype == np.float32
    assert np.max(np.abs(y - exact) / np.spacing(np.abs(exact).astype(np.float32))) < 4
    assert np.abs(y).max() == 1


def test_the_error_function_of_nan_is_nan():
    x = np.full(5000, np.nan, np.float32)
    assert np.isnan(built("y_i = erf(x_i)")().forward(x)).all()


@pytest.mark.parametrize("power", [4, 5, 6, 7, 8, 11, 16])
def test_powers_as_products_are_right_to_a_few_ulp(power):
    x = np.linspace(-2.0, 2.0, 101)
    y = built(f"y_i = x_i^{power}")().forward(x)
    np.testing.assert_allclose(y, x**power, rtol=power * 1.2e-16)


def test_a_row_sum_is_right_to_a_few_ulp():
    x = np.random.default_rng(3).uniform(size=(7, 1000)).astype(np.float32)
    y = built("y_i = sum_j x_ij")().forward(x)
    np.testing.assert_allclose(y, x.sum(axis=1, dtype=float), rtol=6e-7)


def test_a_scatter_onto_a_scaled_array_leaves_what_is_kept():
    layer = built("p_ij = exp(x_ij)/sum_k exp(x_ik); loss = -mean_i log(p[i, t_i])")()
    x, t = np.random.default_rng(4).normal(size=(3, 5)), np.array([4, 0, 2])
    layer.forward(x, t)
    first = layer.backward()
    np.testing.assert_array_equal(layer.backward(), first)
