"""Prove the pooling layers: every kernel, stride and padding, with ties and windows of padding."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tests import definitions
from tests.index_layers import torch_lp_pool, torch_pool
from tests.running import (
    by_torch,
    forward_by_class,
    forward_by_meaning,
    gradients_by_class,
    gradients_by_meaning,
    needs_torch,
)

# PyTorch allows no padding beyond half the kernel
every_pool = pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [
        (kernel, stride, padding)
        for kernel, stride in product((1, 2, 3, 4), (1, 2, 3))
        for padding in range(kernel // 2 + 1)
    ],
)


def images(kernel: int, stride: int, seed: int = 0) -> np.ndarray:
    """Return images of small whole numbers, so that windows hold ties; strides leave a rest."""
    shape = (2, 3, kernel + 2 * stride, kernel + stride + 1)
    return np.random.default_rng(seed).integers(-1, 2, size=shape).astype(float)


def incoming(output: np.ndarray) -> np.ndarray:
    return np.random.default_rng(4).normal(size=output.shape)


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


def mean_and_gradient(
    x: np.ndarray, kernel: int, stride: int, padding: int
) -> tuple[np.ndarray, np.ndarray]:
    windows = definitions.windows(x, kernel, stride, padding)
    y = windows.mean(axis=(2, 3))
    shares = np.broadcast_to(incoming(y)[:, :, None, None] / kernel**2, windows.shape)
    return y, definitions.folded(shares, stride, padding, lengths=x.shape[2:])


def largest_and_gradient(
    x: np.ndarray, kernel: int, stride: int, padding: int
) -> tuple[np.ndarray, np.ndarray]:
    windows = definitions.windows(x, kernel, stride, padding, -np.inf)
    y = windows.max(axis=(2, 3))
    shares = definitions.first_of_largest(windows) * incoming(y)[:, :, None, None]
    return y, definitions.folded(shares, stride, padding, lengths=x.shape[2:])


EXPECTED = {"AvgPool2d": mean_and_gradient, "MaxPool2d": largest_and_gradient}
TORCH = {"AvgPool2d": "avg_pool2d", "MaxPool2d": "max_pool2d"}


@pytest.mark.parametrize("name", EXPECTED)
@every_pool
def test_the_class_pools_each_window(name, kernel, stride, padding):
    x = images(kernel, stride)
    constants = {"kernel": kernel, "stride": stride, "padding": padding}
    y, dx = EXPECTED[name](x, **constants)
    assert_close(forward_by_class(name, (x,), constants), y)
    assert_close(gradients_by_class(name, (x,), incoming(y), constants)["x"], dx)


@pytest.mark.parametrize("name", EXPECTED)
@every_pool
def test_the_formulas_mean_that_each_window_is_pooled(name, kernel, stride, padding):
    x = images(kernel, stride)[:1, :1]
    constants = {"kernel": kernel, "stride": stride, "padding": padding}
    y, dx = EXPECTED[name](x, **constants)
    assert_close(forward_by_meaning(name, (x,), constants), y)
    assert_close(gradients_by_meaning(name, (x,), incoming(y), constants)["x"], dx)


@needs_torch
@pytest.mark.parametrize("name", EXPECTED)
@every_pool
def test_the_class_pools_as_pytorch_does(name, kernel, stride, padding):
    x = images(kernel, stride)
    constants = {"kernel": kernel, "stride": stride, "padding": padding}
    y, expected = by_torch(torch_pool(TORCH[name]), name, (x,), incoming, constants)
    assert_close(forward_by_class(name, (x,), constants), y)
    assert_close(gradients_by_class(name, (x,), incoming(y), constants)["x"], expected["x"])


@needs_torch
@pytest.mark.parametrize(("kernel", "stride"), tuple(product((1, 2, 3, 4), (1, 2, 3))))
@pytest.mark.parametrize("p", [1, 2, 3])
def test_the_class_takes_roots_of_powers_as_pytorch_does(p, kernel, stride):
    x = np.random.default_rng(1).uniform(0.5, 2, size=images(kernel, stride).shape)
    constants = {"kernel": kernel, "stride": stride, "p": p}
    y, expected = by_torch(torch_lp_pool, "LpPool2d", (x,), incoming, constants)
    assert_close(forward_by_class("LpPool2d", (x,), constants), y)
    assert_close(gradients_by_class("LpPool2d", (x,), incoming(y), constants)["x"], expected["x"])


def test_windows_that_lie_in_the_padding_have_no_largest_value_and_no_gradient():
    x = images(2, 2)
    constants = {"kernel": 2, "stride": 2, "padding": 3}
    y, dx = largest_and_gradient(x, **constants)
    assert (y == -np.inf).any()
    assert_close(forward_by_class("MaxPool2d", (x,), constants), y)
    assert_close(gradients_by_class("MaxPool2d", (x,), incoming(y), constants)["x"], dx)
