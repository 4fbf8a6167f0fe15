"""A method that goes over large arrays by blocks computes what it computes in one go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from symgrad import Layer, catalogue, generate
from symgrad.derivation import derive
from symgrad.lowering import lower
from symgrad.lowering.row_runs import read_rows
from symgrad.rendering import document, load_class, render

RNG = np.random.default_rng(11)
CHAIN = "tanh(u_ij)*u_ij + exp(-u_ij^2) + 1/(1 + u_ij^2)"
LONG = f"u_ij = x_ij*s_j + b_i\ny_ij = {CHAIN}"
# layers of the catalogue of which forward or backward goes by blocks
BLOCKED = (
    "GELU",
    "GELUTanh",
    "SELU",
    "Mish",
    "LeakyReLU",
    "Hardswish",
    "Hardsigmoid",
    "SiLU",
    "Softplus",
)
SHAPES = [(7, 3), (1, 5), (5, 1), (0, 3), (3, 0), (0, 0)]


def made(layer: Layer, buffers: bool, size: int | None = None) -> Any:
    """Return an object of a layer whose blocks have `size` bytes, where it says one."""
    source = render([replace(document(layer), buffers=buffers)])
    if size is not None:
        assert "size <= 4194304" in source
        source = source.replace("size <= 4194304", "size <= 0").replace("524288", str(size))
    options = {"buffers": True} if buffers else {}
    return load_class(source, layer.name)(**options)


def results(layer: Any, given: list[Any], incoming: Any) -> list[np.ndarray]:
    """Return copies of what two calls of forward and of backward return."""
    layer.forward(*[array * 2 for array in given])
    layer.forward(*given)
    found = [layer.forward(*given), *(layer.backward(incoming) for _ in range(2))]
    listed = [part for f in found for part in (f if isinstance(f, tuple) else (f,))]
    return [np.array(array) for array in listed]


def compare(layer: Layer, given: list[Any], incoming: Any) -> None:
    """Compare blocks of one row and of some with the whole, bit by bit, with buffers and not."""
    expected = results(made(layer, False), given, incoming)
    before = [array.copy() for array in (*given, incoming)]
    for buffers in (False, True):
        for size in (1, 64):
            found = results(made(layer, buffers, size), given, incoming)
            for left, right in zip(found, expected, strict=True):
                assert (left.dtype, left.shape) == (right.dtype, right.shape)
                np.testing.assert_array_equal(left, right)
    for array, kept in zip((*given, incoming), before, strict=True):
        np.testing.assert_array_equal(array, kept)


def rows_of(formula: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the arrays of whose rows forward and backward take blocks."""
    plan = lower(derive(Layer("Tested", formula)).program)
    forward = plan.forward.assignments
    return read_rows(forward), read_rows(plan.backward.assignments, forward)


# --- the same results ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("name", BLOCKED)
def test_blocks_have_the_same_results(name: str, dtype: type) -> None:
    x, dy = (RNG.normal(size=(7, 3)).astype(dtype) for _ in range(2))
    compare(catalogue.entry(name), [x], dy)


@pytest.mark.parametrize("shape", SHAPES)
def test_arrays_that_are_read_whole_are_not_cut(shape: tuple[int, int]) -> None:
    extents = {"x": shape, "s": shape[1:], "b": shape[:1]}
    layer = Layer("Long", LONG)
    given = [RNG.normal(size=extents[name]) for name in layer.inputs]
    compare(layer, given, RNG.normal(size=shape))


def test_an_array_of_one_axis_is_cut_along_it() -> None:
    layer = Layer("Line", "y_i = tanh(x_i)*x_i + exp(-x_i^2) + 1/(1 + x_i^2)")
    compare(layer, [RNG.normal(size=11)], RNG.normal(size=11))


def test_an_output_that_is_kept_is_returned_as_well() -> None:
    layer = Layer("Kept", "y_ij = sigmoid(2*x_ij + 1)")
    assert "y = _in_blocks(of_rows, x)\n        self.y = y\n        return y" in generate(layer)
    compare(layer, [RNG.normal(size=(7, 3))], RNG.normal(size=(7, 3)))


def test_with_buffers_blocks_go_to_the_memory_of_the_first_call() -> None:
    layer = made(catalogue.entry("GELUTanh"), True, 16)
    x, dy = RNG.normal(size=(2, 7, 3))
    first, gradient = layer.forward(x), layer.backward(dy)
    assert np.shares_memory(layer.forward(x), first)
    assert np.shares_memory(layer.backward(dy), gradient)
    assert not np.shares_memory(first, gradient)


@pytest.mark.parametrize("turn", [lambda a: a.T.copy().T, lambda a: a[::-1], lambda a: a[:, ::2]])
def test_views_have_the_same_results(turn: Any) -> None:
    layer = catalogue.entry("GELUTanh")
    x, dy = turn(RNG.normal(size=(6, 4))), turn(RNG.normal(size=(6, 4)))
    compare(layer, [x], dy)


def test_large_arrays_have_the_same_results() -> None:
    layer = catalogue.entry("GELUTanh")
    x, dy = RNG.normal(size=(2, 1031, 521))
    source = render([document(layer)])
    whole = load_class(source.replace("size <= 4194304", "True"), layer.name)()
    for left, right in zip(
        results(made(layer, False), [x], dy), results(whole, [x], dy), strict=True
    ):
        np.testing.assert_array_equal(left, right)


# --- which methods -------------------------------------------------------------------------------


def test_a_long_chain_is_computed_by_rows() -> None:
    assert sorted(rows_of(LONG)[0]) == ["b", "x"]


@pytest.mark.parametrize(
    "formula",
    [
        "y_ij = tanh(x_ij)*2",  # short
        f"u_ij = x_ij - mean_k x_kj\ny_ij = {CHAIN}",  # a sum over the rows
        f"u_ij = x_ij - x_ji\ny_ij = {CHAIN}",  # other rows of the same array
        f"u_ij = x_ij*b_i*b_j\ny_ij = {CHAIN}",  # both the rows' own and all of them
        f"u_ij = x_ij/size(x, 0)\ny_ij = {CHAIN}",  # the number of rows
        f"u_ij = x_ij*exp(s_j)\ny_ij = {CHAIN}",  # work that each block would repeat
        f"u_ij = x[i+1, j]\ny_ij = {CHAIN}",  # the row behind
        f"opaque g\nu_ij = g(x_ij)\ny_ij = {CHAIN}",  # a function of the user may look at all of it
    ],
)
def test_what_needs_more_than_its_own_rows_is_not(formula: str) -> None:
    assert rows_of(formula)[0] == ()


def test_rows_of_arrays_that_nothing_joins_are_not_cut_together() -> None:
    formula = f"y_ij = {CHAIN}\nz_ij = {CHAIN.replace('u', 'v')}"
    assert rows_of(formula)[0] == ()


def test_a_method_with_blocks_reads_like_one_without() -> None:
    source = generate(catalogue.entry("GELUTanh"))
    assert (
        """
        def of_rows(x):
            x_tanh = (2 / np.pi) ** 0.5 * (x + 0.044715 * (x * x * x))
            np.tanh(x_tanh, out=x_tanh)
            y = 0.5 * x * (x_tanh + 1)
            return x_tanh, y

        x_tanh, y = _in_blocks(of_rows, x)
        self.x, self.x_tanh = x, x_tanh
        return y
"""
        in source
    )
