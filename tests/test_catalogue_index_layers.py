"""Compare layers that move through an array with their definitions and with PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.index_layers import CALLS, Call
from tests.running import (
    by_torch,
    forward_by_class,
    forward_by_meaning,
    gradients_by_class,
    gradients_by_meaning,
    layer_of,
    needs_torch,
)

IDS = [call.name for call in CALLS]
TORCH_CALLS = [call for call in CALLS if call.torch is not None]


def incoming(output: np.ndarray) -> np.ndarray:
    return np.asarray(np.random.default_rng(3).normal(size=np.shape(output)))


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_the_formula_means_what_the_definition_says(call: Call) -> None:
    found = forward_by_meaning(call.name, call.arguments, call.constants)
    assert_close(found, call.definition(*call.arguments, **call.constants))


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_the_generated_class_computes_what_the_definition_says(call: Call) -> None:
    found = forward_by_class(call.name, call.arguments, call.constants)
    assert_close(found, call.definition(*call.arguments, **call.constants))


def slope(call: Call, name: str, direction: np.ndarray, dy: np.ndarray, step: float) -> float:
    """Return the slope of sum(dy*y) along a direction of one input, by the definition."""
    at = layer_of(call.name).inputs.index(name)
    sides = []
    for change in (step * direction, -step * direction):
        arguments = [*call.arguments]
        arguments[at] = arguments[at] + change
        sides.append(np.sum(dy * call.definition(*arguments, **call.constants)))
    return (sides[0] - sides[1]) / (2 * step)


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_the_gradients_are_the_slopes_of_the_definition(call: Call) -> None:
    dy = incoming(call.definition(*call.arguments, **call.constants))
    gradients = gradients_by_class(call.name, call.arguments, dy, call.constants)
    for seed, (name, gradient) in enumerate(gradients.items()):
        direction = np.random.default_rng(seed).normal(size=gradient.shape)
        found, expected = np.sum(gradient * direction), slope(call, name, direction, dy, 1e-6)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@needs_torch
@pytest.mark.parametrize("call", TORCH_CALLS, ids=[call.name for call in TORCH_CALLS])
def test_the_definition_is_that_of_pytorch(call: Call) -> None:
    expected, _ = by_torch(call.torch, call.name, call.arguments, incoming, call.constants)
    assert_close(call.definition(*call.arguments, **call.constants), expected)


@needs_torch
@pytest.mark.parametrize(
    "gradients", [gradients_by_meaning, gradients_by_class], ids=["formulas", "class"]
)
@pytest.mark.parametrize("call", TORCH_CALLS, ids=[call.name for call in TORCH_CALLS])
def test_the_gradients_are_those_of_pytorch(call: Call, gradients: Callable[..., Any]) -> None:
    output, expected = by_torch(call.torch, call.name, call.arguments, incoming, call.constants)
    found = gradients(call.name, call.arguments, incoming(output), call.constants)
    assert list(found) == list(expected)
    for name, gradient in found.items():
        assert_close(gradient, expected[name])


@pytest.mark.parametrize("name", ["CrossEntropy", "LabelSmoothing"])
def test_a_cross_entropy_is_exact_for_large_scores(name: str) -> None:
    (call,) = [call for call in CALLS if call.name == name]
    x, t = call.arguments
    expected = call.definition(3000 * x, t)
    assert_close(forward_by_class(name, (3000 * x, t), {}) / expected, np.array(1.0))
    dx = gradients_by_class(name, (3000 * x, t), np.array(1.0), {})["x"]
    assert np.isfinite(dx).all()
    assert_close(dx.sum(axis=1), np.zeros(len(x)))


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_single_precision_stays_single(call: Call) -> None:
    arguments = tuple(
        array.astype(np.float32) if array.dtype.kind == "f" else array for array in call.arguments
    )
    found = forward_by_class(call.name, arguments, call.constants)
    assert found.dtype == np.float32
    expected = call.definition(*arguments, **call.constants)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    gradients = gradients_by_class(call.name, arguments, incoming(found), call.constants)
    assert {gradient.dtype for gradient in gradients.values()} == {np.dtype(np.float32)}
