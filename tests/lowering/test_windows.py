"""Products over windows copy a few of them at a time, forward and backward."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.language.expr import AxisLength, Index
from symgrad.lowering.nodes.arrays import Apply, Permute, Value, Variable
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.views import Windows
from symgrad.lowering.nodes.windows import under_windows, window_layout

CONV1D = "y[n,o,i] = sum_{c,u} x[n,c,i+u]*w[o,c,u]"
CONV2D = "y[n,o,i,j] = sum_{c,u,v} x[n,c,i+u,j+v]*w[o,c,u,v]"


def methods(formula: str) -> str:
    """Return the code of the class behind its docstring."""
    text = symgrad.generate(symgrad.Layer("Tested", formula))
    return text.split("\nclass Tested:")[1].split('"""\n', 1)[1].strip()


def test_a_convolution_copies_its_windows_when_it_multiplies_them() -> None:
    assert (
        methods(CONV1D)
        == '''def forward(self, x, w):
        """Return y for the inputs x and w."""
        x, w = _inputs(self, x=(x, "ncj"), w=(w, "ocu"))
        _lengths(
            self,
            "axis 2 of w is longer than axis 2 of x allows",
            i=x.shape[2] - w.shape[2] + 1,
        )
        x_windows = _windows(x, w.shape[2], axis=2)
        y = _window_products("nciu,ocu->noi", x_windows, w, lead="n")
        self.x, self.w = x, w
        return y

    def backward(self, dy):
        """Return dx and dw."""
        dy = _gradients(self, dy=(dy, "noi"))
        dx = np.zeros((dy.shape[0], self.x.shape[1], self.x.shape[2]), dtype=self.dtype)
        _add_window_products(dx, "noi,ocu->nciu", dy, self.w, axis=2)
        x_windows = _windows(self.x, self.w.shape[2], axis=2)
        dw = _window_products("nciu,noi->ocu", x_windows, dy, lead="n")
        return dx, dw'''
    )


# the letters along which matrices are stacked
LEADS = {
    CONV1D: "n",
    "y[o,i] = sum_{c,u} x[c,i+u]*w[o,c,u]": "",
    "y[n,o,i] = sum_{c,u} x[n,c,2*i+3*u]*w[o,c,u]": "n",
    "y[n,o,i,j,k] = sum_{c,u,v,t} x[n,c,i+u,j+v,k+t]*w[o,c,u,v,t]": "n",
    "y[n,g,o,i] = sum_{c,u} x[n,g,c,i+u]*w[g,o,c,u]": "ng",
    "y[n,c,i,j] = sum_{u,v} x[n,c,i+u,j+v]*w[c,u,v]": "nc",
    "y[n,i,j,o] = sum_{c,u,v} x[n,i+u,j+v,c]*w[u,v,c,o]": "n",
    "y[n,o,i] = sum_{c,u} x[n,c,i+u]*w[i,o,c,u]": "i",
    "y[n,o,i] = sum_{c,u} pad(x[n,c,i-u])*w[o,c,u] for i < size(x,2)": "n",
}


@pytest.mark.parametrize(("formula", "letters"), LEADS.items())
def test_forward_and_backward_copy_windows_alike(formula: str, letters: str) -> None:
    calls = re.findall(r"(?<!add)_window_products\(.*?\)", methods(formula), re.DOTALL)
    assert len(calls) == 2
    found = [re.search(r'lead="(\w*)"', call) for call in calls]
    assert {match.group(1) if match else "" for match in found} == {letters}


VALUES = [
    *LEADS,
    CONV2D,
    "y[n,o,i,j] = sum_{c,u,v} x[n,c,2*i+u,3*j+2*v]*w[o,c,u,v] + b_o",
    "y[n,o,i] = sum_{c,u} x[n,c,i+u]*w[n,o,c,u]",
    "y[n,o,i,u] = sum_c x[n,c,i+u]*w[o,c] for u < 3",
    "y[n,c,o,i] = sum_u x[n,c,i+u]*w[o,u]",
    "y[n,m,o,p,i] = sum_{c,u} x[n,m,c,i+u]*w[o,p,c,u]",
    "y[i,n,o] = sum_{c,u} x[n,c,i+u]*w[u,c,o]",
    "y[n,g,o,i] = sum_{c,u} x[n,g,c,i+u]*w[o,g,c,u]",
    "y[n,i] = sum_u x[n,i+u]*w[n,u]",
    "y[n,i] = sum_u x[n,i+u]*w[n,i,u]",
    "y[i,j] = sum_{u,v} x[2*i+u,j+2*v]*w[u,v]",
    "y[n,c,i] = sum_u x[n,c,i+u]*w_u",
    "y[n,o,i] = sum_{c,u} x[n,c,i+u]*z[n,c,2*i+u]*w[o,c,u]",
    "y[n,o,i] = sum_{c,u: u<3} x[n,c,3*i+u]*w[o,c,u]",
    "y[n,o,i] = sum_u x[n,3,i+u]*w[o,u]",
    "y[n,o,i] = sum_{c,u} pad(x[n,c,2*i+u-1])*w[o,c,u] for i < size(x,2)//2",
    "y[n,o,i] = sum_{c,u: u<3} exp(-x[n,c,2*i+u])*w[o,c,u]",
    "y[n,c,i,j] = mean_{u,v: u<2, v<3} x[n,c,2*i+u,j+v]",
    "y[n,c,i] = max_{u: u<3} exp(-x[n,c,2*i+u])",
    "y[n,c,i,j] = min_{u,v: u<3, v<2} x[n,c,2*i+u,j+v]",
    "y[n,o,i,j] = sum_c x[n,c,i,j]*w[o,c]",
    "y[b,i,j] = sum_{k,l} a[b,i,k,l]*c[b,j,k,l]",
]


@pytest.mark.parametrize("formula", VALUES)
def test_every_kind_of_product_over_windows_is_right(formula: str) -> None:
    report = symgrad.check(formula)
    assert report.ok, str(report)


@pytest.mark.parametrize("formula", VALUES[:6])
def test_no_product_over_windows_needs_einsum(formula: str) -> None:
    assert "einsum" not in methods(formula)


def test_a_filter_alone_is_a_product_over_windows_too() -> None:
    code = methods("y_i = sum_u x[i+u]*w_u")
    assert '_window_products("iu,u->i", _windows(x, w.shape[0], axis=0), w)' in code


# --- extents -------------------------------------------------------------------------------------


def expected_conv(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    places = x.shape[2] - w.shape[2] + 1
    parts = [np.einsum("ncu,ocu->no", x[:, :, i : i + w.shape[2]], w) for i in range(places)]
    return np.stack(parts, -1) if parts else np.zeros((len(x), len(w), 0))


@pytest.mark.parametrize(
    ("batch", "channels", "outputs", "taps", "length"),
    [*product((0, 1, 2), (0, 1, 3), (0, 1, 4), (0, 1, 2), (5,)), (2, 3, 4, 6, 5), (2, 3, 4, 5, 5)],
)
def test_empty_axes_give_empty_or_zero_arrays(
    batch: int, channels: int, outputs: int, taps: int, length: int
) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(batch, channels, length))
    w = random.normal(size=(outputs, channels, taps))
    layer: Any = symgrad.build(CONV1D)()
    y = layer.forward(x, w)
    np.testing.assert_allclose(y, expected_conv(x, w), atol=1e-12)
    dx, dw = layer.backward(np.ones_like(y))
    assert (dx.shape, dw.shape) == (x.shape, w.shape)
    if y.size == 0:
        assert not np.concatenate((dx, dw), axis=None).any()


# --- the layout ----------------------------------------------------------------------------------

INDICES = {letter: Index(letter, AxisLength("x", n)) for n, letter in enumerate("ncijuv")}


def windows_of_images() -> Value:
    inner = Windows(Variable("x", 4), 2, number(3))
    return Value(Windows(inner, 3, number(3)), tuple(INDICES.values()))


def names(indices: tuple[Index, ...]) -> str:
    return "".join(index.name for index in indices)


@pytest.mark.parametrize(
    ("batch", "one", "other", "expected"),
    [
        ("", "cuv", "nij", ("n", "cuv", "ij")),
        ("c", "uv", "nij", ("nc", "uv", "ij")),
        ("n", "cuv", "ij", ("n", "cuv", "ij")),
        ("ij", "cuv", "n", ("ij", "n", "cuv")),
    ],
)
def test_a_product_and_its_gradient_have_one_layout(
    batch: str, one: str, other: str, expected: tuple[str, str, str]
) -> None:
    shared = [INDICES[letter] for letter in batch]
    for summed in (one, other):
        layout = window_layout(windows_of_images(), shared, [INDICES[n] for n in summed])
        assert layout is not None
        assert (names(layout.lead), names(layout.rows), names(layout.columns)) == expected


def test_permuted_windows_have_the_same_layout() -> None:
    value = windows_of_images()
    order = (4, 0, 5, 2, 1, 3)
    permuted = Value(Permute(value.array, order), tuple(value.axes[axis] for axis in order))
    summed = [INDICES[letter] for letter in "cuv"]
    assert window_layout(permuted, [], summed) == window_layout(value, [], summed)


def test_windows_without_a_second_group_have_no_layout() -> None:
    indices = list(INDICES.values())
    assert window_layout(windows_of_images(), indices[:4], indices[4:]) is None


def test_an_elementwise_function_is_applied_before_the_windows() -> None:
    value = windows_of_images()
    function = Apply("+", (Apply("exp", (value.array,)), Apply("*", (number(2), value.array))))
    moved = under_windows(Value(function, value.axes))
    source = Variable("x", 4)
    inner = Apply("+", (Apply("exp", (source,)), Apply("*", (number(2), source))))
    assert moved.array == Windows(Windows(inner, 2, number(3)), 3, number(3))


def test_windows_that_lie_differently_stay_under_a_function() -> None:
    value = windows_of_images()
    other = Windows(Windows(Variable("x", 4), 2, number(3), number(2)), 3, number(3))
    product_of_both = Value(Apply("*", (value.array, other)), value.axes)
    assert under_windows(product_of_both) is product_of_both


# --- reductions ----------------------------------------------------------------------------------


def pooled(x: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the maxima of windows with stride 2, and dx of an incoming gradient of ones."""
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=1)[:, ::2]
    dx = np.zeros_like(x)
    for n, i in np.ndindex(windows.shape[:2]):
        dx[n, 2 * i + windows[n, i].argmax()] += 1
    return windows.max(axis=2), dx


@pytest.mark.parametrize("length", [5, 60, 400])
def test_ties_of_maxima_go_to_the_first_place_by_every_way(length: int) -> None:
    layer: Any = symgrad.build("y[n,i] = max_{u: u<3} x[n,2*i+u]")()
    x = np.random.default_rng(length).integers(0, 3, size=(4, length)).astype(float)
    y = layer.forward(x)
    expected, gradient = pooled(x, 3)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(layer.backward(np.ones_like(y)), gradient)


@pytest.mark.parametrize("length", [5, 400])
def test_a_window_with_a_nan_has_the_maximum_nan(length: int) -> None:
    layer: Any = symgrad.build("y[n,i] = max_{u: u<3} x[n,2*i+u]")()
    x = np.random.default_rng(0).normal(size=(4, length))
    x[1, 2] = np.nan
    expected, gradient = pooled(x, 3)
    np.testing.assert_array_equal(layer.forward(x), expected)
    np.testing.assert_array_equal(layer.backward(np.ones_like(expected)), gradient)


def test_layers_keep_their_dtype_over_windows() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 40)).astype(np.float32)
    for formula in ("y[n,c,i] = max_{u: u<3} x[n,c,2*i+u]", "y[n,c,i] = mean_{u: u<2} x[n,c,i+u]"):
        layer: Any = symgrad.build(formula)()
        y = layer.forward(x)
        assert y.dtype == layer.backward(np.ones_like(y)).dtype == np.float32
