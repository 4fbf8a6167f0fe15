"""A class with buffers computes what one without them does, in memory that it uses again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad import Layer, catalogue
from symgrad.oracle import evaluate
from symgrad.rendering import document, load_class, render
from symgrad.rendering.code import attribute
from symgrad.verification.samples import draw_inside_domain
from symgrad.verification.sizes import draw_settings
from tests.rendering.formulas import FORMULAS

Arrays = dict[str, np.ndarray]

SOFTMAX = "y_ij = exp(x_ij)/sum_k exp(x_ik)"
AFFINE = Layer("Affine", "y_ij = sum_k x_ik*W_kj + b_j", params=["W", "b"])
# a sum runs in another order over an array that has a name, or that lies otherwise in memory
OTHERWISE_ORDERED = ("LabelSmoothing", "y_ij = sum_k abs(x_ik - w_jk)")
RNG = np.random.default_rng(7)


def class_of(layer: Layer, buffers: bool) -> Any:
    """Return the class of a layer."""
    return symgrad.build(layer, buffers=buffers)


def drawn(layer: Layer, rng: np.random.Generator, count: int) -> list[tuple[Arrays, Any]]:
    """Return inputs of several shapes with the constants that belong to them."""
    found = []
    for setting in draw_settings(layer, rng):
        constants = setting.constants

        def forward(inputs: Arrays, constants: Any = constants) -> Any:
            return evaluate(layer, inputs, constants)

        inputs, _ = draw_inside_domain(layer, setting, rng, forward)
        found.append((inputs, constants))
        if len(found) == count:
            break
    return found


def typed(layer: Layer, arrays: Arrays, dtype: type) -> Arrays:
    """Return the arrays in a floating type, integers as they are."""
    return {n: a if n in layer.integers else np.asarray(a, dtype) for n, a in arrays.items()}


def listed(results: Any) -> list[np.ndarray]:
    """Return the arrays that a method returned."""
    return list(results) if isinstance(results, tuple) else [] if results is None else [results]


class Pair:
    """One object without buffers and one with them, which are called alike."""

    def __init__(self, layer: Layer, inputs: Arrays, constants: Any) -> None:
        self.ulps = 4 if {layer.name, layer.formula} & set(OTHERWISE_ORDERED) else 0
        params = [inputs[name] for name in layer.params]
        self.layer = layer
        found = document(layer)
        plain, reusing = (
            load_class(render([replace(found, buffers=buffers)]), layer.name)
            for buffers in (False, True)
        )
        self.plain = plain(*params, **constants)
        self.reusing = reusing(*params, **constants, buffers=True)

    def give(self, inputs: Arrays) -> list[np.ndarray]:
        """Set the parameters and return the other inputs."""
        for name in self.layer.params:
            for layer in (self.plain, self.reusing):
                setattr(layer, attribute(name).removeprefix("self."), inputs[name])
        return [inputs[name] for name in self.layer.inputs if name not in self.layer.params]

    def gradients(self, layer: Any, incoming: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return copies of what backward returns and of the attributes that it sets."""
        returned = listed(layer.backward(*incoming))
        stored = [n for n in ("d" + p for p in self.layer.params) if hasattr(layer, n)]
        return [np.array(array) for array in (*returned, *(getattr(layer, n) for n in stored))]

    def compare(self, inputs: Arrays) -> None:
        """Call both, forward twice and backward twice, and compare all arrays."""
        given = self.give(inputs)
        before = [np.array(array) for array in given]
        outputs = [np.array(array) for array in listed(self.plain.forward(*given))]
        self.reusing.forward(*[array[()] * 1 for array in given])
        assert_equal(listed(self.reusing.forward(*given)), outputs, self.ulps)
        incoming = [RNG.normal(size=a.shape).astype(a.dtype) for a in outputs]
        copies = [array.copy() for array in incoming]
        expected = self.gradients(self.plain, incoming)
        assert_equal(self.gradients(self.reusing, incoming), expected, self.ulps)
        assert_equal(self.gradients(self.reusing, incoming), expected, self.ulps)
        assert_equal([*given, *incoming], [*before, *copies])


def assert_equal(found: Sequence[Any], expected: Sequence[Any], ulps: int = 0) -> None:
    """Compare types, shapes and entries, which may differ by some units in the last place."""
    assert len(found) == len(expected)
    for left, right in zip(found, expected, strict=True):
        assert (np.asarray(left).dtype, np.shape(left)) == (
            np.asarray(right).dtype,
            np.shape(right),
        )
        if ulps:
            np.testing.assert_array_max_ulp(left, right, ulps)
        else:
            np.testing.assert_array_equal(left, right)


# --- the same results ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", catalogue.names())
def test_a_layer_of_the_catalogue_has_the_same_results_with_buffers(name: str) -> None:
    layer = catalogue.entry(name)
    rng = np.random.default_rng(1)
    samples = drawn(layer, rng, 2)
    pair = Pair(layer, *samples[0])
    for inputs, constants in samples:
        if constants == samples[0][1]:
            for dtype in (np.float64, np.float32, np.float16):
                with np.errstate(all="ignore"):
                    pair.compare(typed(layer, inputs, dtype))


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_has_the_same_results_with_buffers(formula: str) -> None:
    layer = Layer("Tested", formula)
    samples = drawn(layer, np.random.default_rng(2), 2)
    pair = Pair(layer, *samples[0])
    for inputs, constants in samples:
        if constants == samples[0][1]:
            with np.errstate(all="ignore"):
                pair.compare(inputs)


@pytest.mark.parametrize("shape", [(1, 1), (0, 3), (3, 0), (0, 0), (4, 1), (1, 4)])
@pytest.mark.parametrize("formula", [SOFTMAX, "y_ij = tanh(x_ij*s_j + b_i)"])
def test_extents_of_0_and_1_have_the_same_results(formula: str, shape: tuple[int, int]) -> None:
    layer = Layer("Tested", formula)
    extents = {"x": shape, "s": shape[1:], "b": shape[:1]}
    inputs = {name: RNG.normal(size=extents[name]) for name in layer.inputs}
    Pair(layer, inputs, {}).compare(inputs)


# --- the same memory -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ReLU", "GRUCell", "Attention", "Affine"])
def test_the_second_call_uses_the_memory_of_the_first(name: str) -> None:
    layer = catalogue.entry(name)
    ((inputs, constants),) = drawn(layer, np.random.default_rng(3), 1)
    pair = Pair(layer, inputs, constants)
    given = pair.give(inputs)
    output = pair.reusing.forward(*given)
    assert np.shares_memory(pair.reusing.forward(*given), output)
    assert not np.shares_memory(pair.plain.forward(*given), pair.plain.forward(*given))
    incoming = np.ones_like(output)
    first, second = (listed(pair.reusing.backward(incoming)) for _ in range(2))
    assert all(map(np.shares_memory, first, second))
    assert not any(np.shares_memory(array, output) for array in first)
    assert not any(np.shares_memory(array, incoming) for array in first)
    assert not any(np.shares_memory(a, b) for a in first for b in given)


def test_another_shape_and_another_type_get_memory_of_their_own() -> None:
    layer = class_of(Layer("Softmax", SOFTMAX), True)(buffers=True)
    first = layer.forward(np.ones((2, 3)))
    second = layer.forward(np.ones((3, 2)))
    third = layer.forward(np.ones((3, 2), np.float32))
    assert (second.shape, second.dtype) == ((3, 2), np.float64)
    assert (third.shape, third.dtype) == ((3, 2), np.float32)
    assert not np.shares_memory(first, second)
    assert not np.shares_memory(second, third)


def test_two_objects_share_nothing() -> None:
    softmax = class_of(Layer("Softmax", SOFTMAX), True)
    x = RNG.normal(size=(2, 3))
    assert not np.shares_memory(softmax(buffers=True).forward(x), softmax(buffers=True).forward(x))


def test_without_the_keyword_each_call_returns_new_arrays() -> None:
    layer = class_of(Layer("Softmax", SOFTMAX), True)()
    x = RNG.normal(size=(2, 3))
    first = layer.forward(x)
    assert not np.shares_memory(layer.forward(x), first)


def test_an_argument_that_was_returned_before_is_not_written_to() -> None:
    cell = Layer("Cell", "y_ij = tanh(h_ij)*a_j + x_ij*h_ij + sum_k h_ik*W_kj")
    shapes = [(3, 4), (4,), (3, 4), (4, 4)]
    inputs = {n: RNG.normal(size=s) for n, s in zip(cell.inputs, shapes, strict=True)}
    pair = Pair(cell, inputs, {})
    states = []
    for layer in (pair.plain, pair.reusing):
        h = inputs["h"]
        for _ in range(3):
            h = layer.forward(h, inputs["a"], inputs["x"], inputs["W"])
        states.append(h)
    assert_equal([states[1]], [states[0]])
    incoming = RNG.normal(size=(3, 4))
    chained = []
    for layer in (pair.plain, pair.reusing):
        dh = incoming
        for _ in range(3):
            dh = layer.backward(dh[:, ::-1])[0]
        chained.append(dh)
    assert_equal([chained[1]], [chained[0]])


def test_a_gradient_given_to_forward_is_not_written_to_by_backward() -> None:
    layer = Layer("Square", "y_ij = x_ij*tanh(x_ij)")
    found = []
    for buffers in (False, True):
        made = class_of(layer, True)(buffers=buffers)
        x = np.linspace(-1, 1, 6).reshape(2, 3)
        for _ in range(3):
            x = made.backward(made.forward(x))
        found.append(np.array(x))
    assert_equal(found[1:], found[:1])


# --- what is written -----------------------------------------------------------------------------


def test_the_ordinary_file_knows_nothing_of_buffers() -> None:
    assert "buffer" not in symgrad.generate(catalogue.entry("Softmax"))


def test_a_class_with_buffers_says_what_they_overwrite() -> None:
    source = symgrad.generate(catalogue.entry("Affine"), buffers=True)
    assert "With buffers=True the arrays are used again" in source
    assert 'y = np.matmul(x, W, out=_buffer(self, "y", (x.shape[0], W.shape[1])))' in source
    assert "y += b" in source


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]])
def test_ruff_leaves_classes_with_buffers_as_they_are(arguments: list[str], tmp_path: Path) -> None:
    path = tmp_path / "layers.py"
    path.write_text(symgrad.generate(symgrad.catalog().values(), buffers=True), encoding="utf-8")
    command = [sys.executable, "-m", "ruff", *arguments, "--isolated", str(path)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_class_that_is_built_takes_the_keyword() -> None:
    assert symgrad.build(SOFTMAX)(buffers=True).forward(np.zeros((1, 2))).tolist() == [[0.5, 0.5]]


def test_a_backend_without_buffers_refuses_them() -> None:
    with pytest.raises(ValueError, match="the backend numba has no buffers"):
        symgrad.generate(SOFTMAX, backend="numba", buffers=True)


def test_a_constant_of_that_name_keeps_it() -> None:
    layer = Layer("Named", "y_i = buffers*x_i", constants={"buffers": 2})
    assert symgrad.build(layer)(buffers=3).forward(np.ones(2)).tolist() == [3, 3]
    with pytest.raises(symgrad.FormulaError, match="buffers is a name in the formula of Named"):
        symgrad.generate(layer, buffers=True)
