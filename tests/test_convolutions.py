"""Prove the convolutions: every stride, dilation, padding and kernel, forward and all gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad import Layer
from tests import definitions
from tests.index_layers import functional, torch_depthwise, torch_grouped
from tests.running import (
    by_torch,
    forward_by_class,
    forward_by_meaning,
    gradients_by_class,
    gradients_by_meaning,
    needs_torch,
)

Arrays = tuple[np.ndarray, ...]
Constants = dict[str, int]

CONSTANTS = {"stride": 1, "padding": 0, "dilation": 1}
ONE_STATEMENT = {
    1: """
    y[n,o,i] = sum_{c,u} pad(x[n,c,stride*i+dilation*u-padding])*w_ocu + b_o for (
        i < (size(x,2) + 2*padding - dilation*(size(u) - 1) - 1)//stride + 1)
    """,
    2: """
    y[n,o,i,j] = sum_{c,u,v} (
        pad(x[n,c,stride*i+dilation*u-padding,stride*j+dilation*v-padding])*w_ocuv) + b_o for (
        i < (size(x,2) + 2*padding - dilation*(size(u) - 1) - 1)//stride + 1), (
        j < (size(x,3) + 2*padding - dilation*(size(v) - 1) - 1)//stride + 1)
    """,
}
FORMS: dict[str, dict[int, str | Layer]] = {
    "padded first": {1: "Conv1d", 2: "Conv2d"},
    "one statement": {
        axes: Layer(f"Conv{axes}d", text, constants=CONSTANTS, params=["w", "b"])
        for axes, text in ONE_STATEMENT.items()
    },
}
TRANSPOSED = {1: "ConvTranspose1d", 2: "ConvTranspose2d"}

every_window = pytest.mark.parametrize(
    ("stride", "dilation", "padding", "kernel"),
    tuple(product((1, 2, 3), (1, 2, 3), (0, 1, 2), (1, 2, 3, 4))),
)
some_windows = pytest.mark.parametrize(
    ("stride", "dilation", "padding", "kernel"),
    [(1, 1, 0, 2), (1, 2, 2, 3), (2, 1, 1, 3), (2, 3, 0, 2), (3, 1, 2, 4), (3, 2, 1, 1)],
)
every_spread = pytest.mark.parametrize(
    ("stride", "padding", "kernel"), tuple(product((1, 2, 3), (0, 1, 2), (1, 2, 3, 4)))
)
both_forms = pytest.mark.parametrize("form", FORMS)
one_and_two_axes = pytest.mark.parametrize("axes", [1, 2])


def normal(shape: Iterable[int], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=tuple(shape))


def incoming(output: np.ndarray) -> np.ndarray:
    return normal(np.shape(output), 4)


def kernels(kernel: int, axes: int) -> tuple[int, ...]:
    """Return the taps along each axis, different in two axes."""
    return tuple(kernel + axis % 2 for axis in range(axes))


def example(
    axes: int, stride: int, dilation: int, padding: int, kernel: int, batch: int = 2
) -> tuple[Arrays, Constants]:
    """Return x, w and b, and the constants; each window has 2 places or more, and a remainder."""
    taps = kernels(kernel, axes)
    places = (
        max(1, dilation * (k - 1) + stride + axis - 2 * padding)
        for axis, k in enumerate(taps, start=2)
    )
    arrays = normal((batch, 3, *places), 1), normal((5, 3, *taps), 2), normal((5,), 3)
    return arrays, {"stride": stride, "padding": padding, "dilation": dilation}


def assert_close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


def assert_gradients(found: dict[str, np.ndarray], expected: Iterable[np.ndarray]) -> None:
    for gradient, value in zip(found.values(), expected, strict=True):
        assert_close(gradient, value)


def assert_is_torch(
    name: str | Layer, function: Callable[..., Any], arrays: Arrays, constants: Constants
) -> None:
    """Compare the class with a function of PyTorch, forward and backward."""
    y, gradients = by_torch(function, name, arrays, incoming, constants)
    assert_close(forward_by_class(name, arrays, constants), y)
    assert_gradients(gradients_by_class(name, arrays, incoming(y), constants), gradients.values())


# --- convolutions --------------------------------------------------------------------------------


@both_forms
@one_and_two_axes
@every_window
def test_the_class_is_the_sum_over_taps(form, axes, stride, dilation, padding, kernel):
    arrays, constants = example(axes, stride, dilation, padding, kernel)
    y = definitions.convolution(*arrays, **constants)
    assert min(y.shape) > 1
    assert_close(forward_by_class(FORMS[form][axes], arrays, constants), y)
    assert_gradients(
        gradients_by_class(FORMS[form][axes], arrays, incoming(y), constants),
        definitions.convolution_gradients(*arrays[:2], incoming(y), **constants),
    )


@needs_torch
@both_forms
@one_and_two_axes
@every_window
def test_the_class_is_the_convolution_of_pytorch(form, axes, stride, dilation, padding, kernel):
    arrays, constants = example(axes, stride, dilation, padding, kernel, batch=1)
    assert_is_torch(FORMS[form][axes], functional(f"conv{axes}d"), arrays, constants)


@both_forms
@one_and_two_axes
@every_window
def test_the_formulas_mean_the_sum_over_taps(form, axes, stride, dilation, padding, kernel):
    (x, w, b), constants = example(axes, stride, dilation, padding, kernel, batch=1)
    arrays = x[:, :1], w[:2, :1], b[:2]
    y = definitions.convolution(*arrays, **constants)
    assert_close(forward_by_meaning(FORMS[form][axes], arrays, constants), y)
    assert_gradients(
        gradients_by_meaning(FORMS[form][axes], arrays, incoming(y), constants),
        definitions.convolution_gradients(*arrays[:2], incoming(y), **constants),
    )


@some_windows
def test_three_axes_are_the_sum_over_taps(stride, dilation, padding, kernel):
    arrays, constants = example(3, stride, dilation, padding, kernel)
    y = definitions.convolution(*arrays, **constants)
    assert_close(forward_by_class("Conv3d", arrays, constants), y)
    assert_gradients(
        gradients_by_class("Conv3d", arrays, incoming(y), constants),
        definitions.convolution_gradients(*arrays[:2], incoming(y), **constants),
    )


@needs_torch
@some_windows
def test_three_axes_are_the_convolution_of_pytorch(stride, dilation, padding, kernel):
    arrays, constants = example(3, stride, dilation, padding, kernel, batch=1)
    assert_is_torch("Conv3d", functional("conv3d"), arrays, constants)


# --- groups of channels --------------------------------------------------------------------------


def grouped_example(
    groups: int, outputs: int, channels: int, *window: int
) -> tuple[Arrays, Constants]:
    """Return x, w, b and the constants, with so many outputs and channels in each group."""
    (x, w, _), constants = example(2, *window)
    return (
        normal((2, groups, channels, *x.shape[2:]), 5),
        normal((groups, outputs, channels, *w.shape[2:]), 6),
        normal((groups, outputs), 7),
    ), constants


@pytest.mark.parametrize("groups", [1, 2, 3])
@some_windows
def test_grouped_channels_are_convolutions_of_their_own(groups, stride, dilation, padding, kernel):
    arrays, constants = grouped_example(groups, 5, 4, stride, dilation, padding, kernel)
    y = definitions.grouped(*arrays, **constants)
    assert_close(forward_by_class("GroupedConv2d", arrays, constants), y)
    assert_gradients(
        gradients_by_class("GroupedConv2d", arrays, incoming(y), constants),
        definitions.grouped_gradients(*arrays[:2], incoming(y), **constants),
    )


@needs_torch
@pytest.mark.parametrize("groups", [1, 2, 3])
@some_windows
def test_grouped_channels_are_those_of_pytorch(groups, stride, dilation, padding, kernel):
    arrays, constants = grouped_example(groups, 5, 4, stride, dilation, padding, kernel)
    assert_is_torch("GroupedConv2d", torch_grouped, arrays, constants)


@some_windows
def test_each_channel_alone_is_a_group_of_one(stride, dilation, padding, kernel):
    (x, w, b), constants = grouped_example(5, 1, 1, stride, dilation, padding, kernel)
    arrays = x[:, :, 0], w[:, 0, 0], b[:, 0]
    y = definitions.grouped(x, w, b, **constants)
    assert_close(forward_by_class("DepthwiseConv2d", arrays, constants), y[:, :, 0])
    dx, dw, db = definitions.grouped_gradients(x, w, incoming(y), **constants)
    assert_gradients(
        gradients_by_class("DepthwiseConv2d", arrays, incoming(y)[:, :, 0], constants),
        (dx[:, :, 0], dw[:, 0, 0], db[:, 0]),
    )


@needs_torch
@some_windows
def test_each_channel_alone_is_that_of_pytorch(stride, dilation, padding, kernel):
    (x, w, b), constants = grouped_example(5, 1, 1, stride, dilation, padding, kernel)
    arrays = x[:, :, 0], w[:, 0, 0], b[:, 0]
    assert_is_torch("DepthwiseConv2d", torch_depthwise, arrays, constants)


# --- transposed convolutions ---------------------------------------------------------------------


def transposed_example(
    axes: int, stride: int, padding: int, kernel: int, batch: int = 2
) -> tuple[Arrays, Constants]:
    """Return x, w and b, and the constants; y has 1 place or more along each axis."""
    taps = kernels(kernel, axes)
    places = (max(axis, 2 * padding - k + 2) for axis, k in enumerate(taps, start=3))
    arrays = normal((batch, 3, *places), 1), normal((3, 5, *taps), 2), normal((5,), 3)
    return arrays, {"stride": stride, "padding": padding}


@one_and_two_axes
@every_spread
def test_a_transposed_convolution_spreads_each_entry(axes, stride, padding, kernel):
    arrays, constants = transposed_example(axes, stride, padding, kernel)
    y = definitions.transposed(*arrays, **constants)
    assert y.size
    assert_close(forward_by_class(TRANSPOSED[axes], arrays, constants), y)
    assert_gradients(
        gradients_by_class(TRANSPOSED[axes], arrays, incoming(y), constants),
        definitions.transposed_gradients(*arrays[:2], incoming(y), **constants),
    )


@needs_torch
@one_and_two_axes
@every_spread
def test_a_transposed_convolution_is_that_of_pytorch(axes, stride, padding, kernel):
    arrays, constants = transposed_example(axes, stride, padding, kernel, batch=1)
    assert_is_torch(TRANSPOSED[axes], functional(f"conv_transpose{axes}d"), arrays, constants)


@every_spread
def test_the_formulas_mean_that_each_entry_is_spread(stride, padding, kernel):
    (x, w, b), constants = transposed_example(1, stride, padding, kernel, batch=1)
    arrays = x[:, :1], w[:1, :2], b[:2]
    y = definitions.transposed(*arrays, **constants)
    assert_close(forward_by_meaning("ConvTranspose1d", arrays, constants), y)
    assert_gradients(
        gradients_by_meaning("ConvTranspose1d", arrays, incoming(y), constants),
        definitions.transposed_gradients(*arrays[:2], incoming(y), **constants),
    )


# --- borders -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stride", [1, 2])
def test_negative_padding_cuts_off(stride):
    arrays, _ = example(2, stride, 1, 0, 2)
    x, w, b = normal((2, 3, 7, 8), 1), *arrays[1:]
    y = definitions.convolution(definitions.inside(x, 1), w, b, stride)
    constants = {"stride": stride, "padding": -1}
    assert_close(forward_by_class("Conv2d", (x, w, b), constants), y)
    dx, dw, db = definitions.convolution_gradients(definitions.inside(x, 1), w, incoming(y), stride)
    found = gradients_by_class("Conv2d", (x, w, b), incoming(y), constants)
    assert_gradients(found, (definitions.padded(dx, 1), dw, db))


@pytest.mark.parametrize("name", ["Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d"])
def test_an_empty_batch_gives_empty_outputs_and_no_gradient(name):
    axes = int(name[-2])
    (x, w, b), _ = example(axes, 1, 1, 0, 2, batch=0)
    arrays = x, w if name.startswith("Conv") and "T" not in name else w.swapaxes(0, 1), b
    y = forward_by_class(name, arrays, {})
    assert y.shape[:2] == (0, 5)
    found = gradients_by_class(name, arrays, y, {})
    assert found["x"].shape == x.shape
    assert_gradients(found, [np.zeros_like(array) for array in arrays])


def test_groups_in_the_layout_of_pytorch():
    layer = symgrad.Layer(
        "Grouped",
        "y_noi = sum_{c,u} x[n, o//(size(w,0)//groups)*size(w,1) + c, i + u]*w_ocu",
        constants={"groups": 3},
    )
    x, w = normal((2, 6, 7), 1), normal((12, 2, 3), 2)
    grouped, own = x.reshape(2, 3, 2, 7), w.reshape(3, 4, 2, 3)
    y = definitions.grouped(grouped, own, np.zeros((3, 4)))
    made = symgrad.build(layer)()
    assert_close(made.forward(x, w), y.reshape(2, 12, 5))
    dx, dw, _ = definitions.grouped_gradients(grouped, own, incoming(y))
    found = made.backward(incoming(y).reshape(2, 12, 5))
    assert_gradients(dict(enumerate(found)), (dx.reshape(x.shape), dw.reshape(w.shape)))
