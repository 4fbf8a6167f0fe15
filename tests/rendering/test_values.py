"""Generated classes compute what their statements mean: every form, dtype and extent."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from symgrad.derivation import derive
from symgrad.errors import ShapeError
from symgrad.language.layer import Layer
from symgrad.language.program import Program
from symgrad.lowering.expressions.scope import program_scope
from symgrad.oracle import evaluate_statements
from symgrad.rendering import build
from tests.rendering.formulas import FORMULAS

TOLERANCE: dict[type, float] = {np.float64: 1e-9, np.float32: 2e-3}
EXTENTS = (3, 4, 2, 5, 6, 7)


@cache
def prepared(formula: str) -> tuple[Layer, Program, type]:
    """Return the layer, its program and its class."""
    layer = Layer("Tested", formula)
    return layer, derive(layer).program, build(layer)


def inputs_of(program: Program, extents: Sequence[int], dtype: type) -> dict[str, Any]:
    """Return random inputs; axes that must agree have the same length."""
    random = np.random.default_rng(7)
    scope = program_scope(program)
    lengths: dict[object, int] = {}
    inputs: dict[str, Any] = {}
    for name in program.layer.inputs:
        axes = scope.tensors[name].extents
        shape = [lengths.setdefault(a, extents[len(lengths) % len(extents)]) for a in axes]
        inputs[name] = random.normal(size=shape).astype(dtype)
    return inputs


def read_only(array: np.ndarray) -> np.ndarray:
    """Return a view in Fortran order that can't be written to."""
    view = np.array(array, order="F").view()
    view.flags.writeable = False
    return view


def listed(results: Any, count: int) -> list[np.ndarray]:
    """Return one array for each result."""
    return [np.asarray(result) for result in (results if count > 1 else [results])]


def assert_close(found: np.ndarray, expected: Any, dtype: type) -> None:
    """Check dtype, shape and values."""
    expected = np.asarray(expected)
    assert found.dtype == dtype
    assert found.shape == expected.shape
    scale = max(1.0, float(np.max(np.abs(expected), initial=0, where=np.isfinite(expected))))
    tolerance = TOLERANCE[dtype]
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)


def check(formula: str, extents: Sequence[int], dtype: type) -> None:
    """Compare forward and both calls of backward with the meaning of the program's statements."""
    layer, program, made = prepared(formula)
    inputs = inputs_of(program, extents, dtype)
    known: dict[str, Any] = {name: array.astype(float) for name, array in inputs.items()}
    instance = made()
    results = listed(instance.forward(*map(read_only, inputs.values())), len(layer.outputs))
    known.update(evaluate_statements(program.forward, known))
    for name, result in zip(layer.outputs, results, strict=True):
        assert_close(result, known[name], dtype)
    random = np.random.default_rng(8)
    incoming: list[Any] = [random.normal(size=result.shape).astype(dtype) for result in results]
    for output, gradient in zip(layer.outputs, incoming, strict=True):
        known[program.cotangents[output]] = gradient.astype(float)
    expected = evaluate_statements(program.backward, known)
    for _ in range(2):
        found = listed(instance.backward(*incoming), len(layer.wrt))
        for name, gradient in zip(layer.wrt, found, strict=True):
            assert gradient.shape == inputs[name].shape
            assert_close(gradient, expected[program.gradients[name]], dtype)


@pytest.mark.parametrize("formula", FORMULAS)
def test_generated_code_computes_the_statements_without_a_warning(formula: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(formula, EXTENTS, np.float64)


@pytest.mark.parametrize("formula", FORMULAS)
def test_float32_stays_float32(formula: str) -> None:
    check(formula, EXTENTS, np.float32)


@pytest.mark.parametrize("formula", FORMULAS)
def test_extents_of_one_work(formula: str) -> None:
    check(formula, (1,), np.float64)


@pytest.mark.parametrize("extents", [(0,), (0, 3), (3, 0), (2, 3, 0)])
@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_extents_of_zero_work_but_for_means(formula: str, extents: Sequence[int]) -> None:
    try:
        check(formula, extents, np.float64)
    except (ValueError, ShapeError):
        assert "mean" in formula
