"""Kernels that compute where they read: windows, running sums, columns, sums at places."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

import symgrad
from symgrad.rendering import build
from tests.running import layer_of

WINDOW = "x[n,c,stride*i+dilation*u,stride*j+dilation*v]"
# formula, constants, shapes of the inputs
FORMS = {
    # along the last axis, the first, between others, from the end, without itself
    "running sum": ("y_ij = sum_{k<=j} x_ik", {}, [(3, 7)]),
    "running product": ("y_kj = prod_{l<=k} x_lj", {}, [(5, 4)]),
    "running maximum": ("y_nkcj = max_{l>=k} x_nlcj", {}, [(2, 5, 3, 4)]),
    "sum before": ("y_nij = sum_{k<i} x_nkj", {}, [(2, 5, 7)]),
    "product after": ("y_ij = prod_{k>j} x_ik", {}, [(3, 5)]),
    # windows
    "overlapping maxima": (
        f"y[n,c,i,j] = max_{{u,v: u<3, v<3}} {WINDOW}",
        {"stride": 2, "dilation": 1},
        [(2, 3, 9, 7)],
    ),
    "minima apart": (
        f"y[n,c,i,j] = min_{{u,v: u<2, v<3}} {WINDOW}",
        {"stride": 3, "dilation": 2},
        [(2, 3, 9, 11)],
    ),
    "maxima of one axis": ("y[n,i,c] = max_{u<3} x[n,2*i+u,c]", {}, [(2, 9, 4)]),
    "means of three axes": (
        "y[n,h,i,j] = mean_{t,u,v: t<2, u<1, v<3} x[n,h+t,2*i+u,j+v]",
        {},
        [(2, 4, 5, 6)],
    ),
    "depthwise": (
        f"y[n,c,i,j] = sum_{{u,v}} {WINDOW}*w[c,u,v] + b_c",
        {"stride": 1, "dilation": 2},
        [(2, 3, 7, 8), (3, 3, 2), (3,)],
    ),
    "depthwise with stride": (
        "y[n,c,i] = sum_u x[n,c,2*i+u]*w[c,u]",
        {},
        [(2, 3, 9), (3, 3)],
    ),
    # a constant with the name of a loop
    "scaled means": ("y[n,i] = k*mean_{u<2} x[n,i+u]", {"k": 2.5}, [(3, 6)]),
    # columns
    "column maxima": ("y_j = max_i x_ij", {}, [(5, 7)]),
    "maxima between": ("y_jk = min_{i,l} x_ijlk", {}, [(2, 3, 5, 4)]),
}


def results(cls, inputs):
    """Return the results of forward and backward, for the same incoming gradient."""
    layer = cls()
    y = layer.forward(*inputs)
    dy = np.random.default_rng(1).standard_normal(y.shape).astype(y.dtype)
    gradients = layer.backward(dy)
    return [y, *(gradients if isinstance(gradients, tuple) else (gradients,))]


def agree(classes, inputs):
    """Compare classes of two backends on the same inputs."""
    with np.errstate(invalid="ignore"):
        found = [results(cls, inputs) for cls in classes]
    for expected, got in zip(*found, strict=True):
        assert got.dtype == expected.dtype
        tolerance = 1e3 * np.finfo(got.dtype).eps
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", FORMS)
def test_a_nest_computes_what_numpy_does(name):
    formula, constants, shapes = FORMS[name]
    random = np.random.default_rng(0)
    layer = symgrad.Layer("Nest", formula, constants=constants)
    assert "def _nest_forward(" in symgrad.generate(layer, backend="numba")
    classes = [build(layer, backend=backend) for backend in ("numpy", "numba")]
    inputs = [random.standard_normal(shape) for shape in shapes]
    agree(classes, inputs)
    # ties, in Fortran's order
    agree(classes, [np.asfortranarray(np.round(array)) for array in inputs])
    first = inputs[0].copy()
    first[..., 1] = np.nan
    first.flat[0] = np.inf
    agree(classes, [first, *inputs[1:]])
    agree(classes, [inputs[0][:0] if len(inputs) == 1 else inputs[0], *inputs[1:]])


def test_single_precision_stays_and_half_precision_comes_back():
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8))
    cls = build(layer_of("AvgPool2d"), backend="numba")
    for dtype in (np.float32, np.float16):
        layer = cls(kernel=3, stride=1, padding=1)
        y = layer.forward(x.astype(dtype))
        assert y.dtype == layer.backward(y).dtype == dtype


def test_one_class_has_kernels_for_each_size_of_windows():
    x = np.random.default_rng(0).standard_normal((2, 3, 9, 8))
    classes = [build(layer_of("MaxPool2d"), backend=backend) for backend in ("numpy", "numba")]
    for numbers in ((2, 2, 0), (3, 2, 1)):
        options = dict(zip(("kernel", "stride", "padding"), numbers, strict=True))
        pairs = []
        for cls in classes:
            layer = cls(**options)
            y = layer.forward(x)
            pairs.append((y, layer.backward(np.sin(y))))
        for expected, got in zip(*pairs, strict=True):
            np.testing.assert_array_equal(got, expected)


def test_what_is_added_at_places_may_meet_and_be_absent():
    formula = "y[n,t,j] = w[ids_nt, j]"
    layer = symgrad.Layer("Rows", formula)
    ids = np.array([[0, 4, 4], [4, 2, 0]])
    w, dy = np.zeros((6, 3)), np.random.default_rng(0).standard_normal((2, 3, 3))
    fused = build(layer, backend="numba")()
    fused.forward(w, ids)
    expected = np.zeros_like(w)
    np.add.at(expected, ids, dy)
    np.testing.assert_allclose(fused.backward(dy), expected, rtol=1e-15)
    # integers that are changed to what is no row do not write elsewhere
    ids[0, 0] = 10**6
    expected = np.zeros_like(w)
    np.add.at(expected, ids.ravel()[1:], dy.reshape(6, 3)[1:])
    np.testing.assert_allclose(fused.backward(dy), expected, rtol=1e-15)


def test_pooling_is_one_walk_that_finds_the_largest_and_its_place():
    text = symgrad.generate(layer_of("MaxPool2d"), backend="numba")
    forward = re.search(r"def _max_pool2d_forward\(.*?\n\n\n", text, re.DOTALL).group()
    assert forward.startswith("def _max_pool2d_forward(kernel, stride):")
    assert forward.count("value = z[n, c, stride * i + ") == 1
    assert "_first_equal(" not in text


def test_a_kernel_is_kept_by_the_numbers_that_it_is_made_for():
    cls = build(layer_of("AvgPool2d"), backend="numba")
    module = sys.modules[cls.__module__]
    names = [module._avg_pool2d_forward(*n).py_func.__qualname__ for n in ((2, 2), (3, 2))]
    assert names == ["_avg_pool2d_forward_2_2", "_avg_pool2d_forward_3_2"]


@pytest.mark.parametrize(
    ("formula", "shape"),
    [
        ("y_jk = max_i x_ijk", (5, 7, 6)),
        ("y_j = max_i x_ij", (5, 7)),
        ("y_ij = sum_{k<=i} x_kj", (5, 7)),
        ("y[n,c,i] = max_{u<2} x[n,c,2*i+u]", (5, 7, 6)),
    ],
)
def test_shares_of_the_rows_compute_what_one_thread_does(formula, shape, monkeypatch):
    cls = build(symgrad.Layer("Shared", formula), backend="numba")
    x = np.random.default_rng(0).standard_normal(shape)
    found = []
    for parts in (1, 3):
        monkeypatch.setattr(sys.modules[cls.__module__], "_share_count", lambda *_, n=parts: n)
        found.append(results(cls, [x]))
    for one, shared in zip(*found, strict=True):
        np.testing.assert_array_equal(shared, one)
