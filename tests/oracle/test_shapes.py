"""Arguments whose shapes do not fit raise, with a caret under every place concerned."""

from __future__ import annotations

import numpy as np
import pytest

from symgrad import Layer, ShapeError
from symgrad.oracle import evaluate

AFFINE = Layer("Affine", "y_ij = sum_k x_ik*W_kj")

MESSAGES = [
    (
        "y_ij = sum_k x_ik*W_kj",
        {"x": (2, 3), "W": (4, 5)},
        "index k has two extents: 3 in x of shape (2, 3), 4 in W of shape (4, 5)\n"
        "  y_ij = sum_k x_ik*W_kj\n"
        "                 ^    ^",
    ),
    (
        "y_ij = x_ij + b_j",
        {"x": (2, 3, 4), "b": (3,)},
        "x has 2 axes in the formula, and its value has shape (2, 3, 4)\n"
        "  y_ij = x_ij + b_j\n"
        "           ^",
    ),
    (
        "y_i = sum_{k<4} x_ik",
        {"x": (2, 3)},
        "x: axis 1 of length 3 is read at 3, in x[0, 3]\n"
        "  y_i = sum_{k<4} x_ik\n"
        "                    ^",
    ),
]


@pytest.mark.parametrize(("text", "shapes", "message"), MESSAGES)
def test_a_shape_that_does_not_fit_is_marked(
    text: str, shapes: dict[str, tuple[int, ...]], message: str
) -> None:
    inputs = {name: np.ones(shape) for name, shape in shapes.items()}
    with pytest.raises(ShapeError) as caught:
        evaluate(Layer("L", text), inputs)
    assert str(caught.value) == message


def test_a_mean_over_nothing_raises() -> None:
    with pytest.raises(ShapeError, match="mean over nothing"):
        evaluate(Layer("L", "y_i = mean_j x_ij"), {"x": np.ones((2, 0))})


def test_a_missing_input_is_named() -> None:
    with pytest.raises(ValueError, match="no value for W of layer Affine"):
        evaluate(AFFINE, {"x": np.ones((2, 3))})


def test_an_unknown_input_is_named() -> None:
    inputs = {"x": np.ones((2, 3)), "W": np.ones((3, 4)), "b": np.ones(4)}
    with pytest.raises(ValueError, match="layer Affine has no input b"):
        evaluate(AFFINE, inputs)


def test_a_bound_shorter_than_the_axis_reads_its_part() -> None:
    result = evaluate(Layer("L", "y_i = sum_{k<2} x_ik"), {"x": np.ones((3, 7))})
    np.testing.assert_array_equal(result["y"], [2, 2, 2])
