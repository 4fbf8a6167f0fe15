"""Index arithmetic, gathers, pads and parts mean what the language says; nothing is wrapped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symgrad import Layer, ShapeError
from symgrad.oracle import evaluate

X = np.array([10.0, 11.0, 12.0, 13.0, 14.0])
GRID = np.arange(16.0).reshape(1, 4, 2, 2)

MEANINGS: list[tuple[str, dict[str, Any], list]] = [
    # windows and strides
    ("y_i = sum_u x[2*i+u]*w_u", {"x": X, "w": [1.0, 100.0]}, [1110, 1312]),
    ("y_i = x[s*i]", {"x": X, "s": 2}, [10, 12, 14]),
    ("y_i = x[size(x,0)-1-i]", {"x": X}, [14, 13, 12, 11, 10]),
    ("y_i = x[3-i]", {"x": X}, [13, 12, 11, 10]),
    ("y = x_0 + x[4]", {"x": X, "x_0": 1.0}, [15]),
    # floor division and remainders, below zero too
    ("y_i = x[i//2]", {"x": X[:2]}, [10, 10, 11, 11]),
    ("y_i = (i-3)//2 for i < 5", {}, [-2, -1, -1, 0, 0]),
    ("y_i = (i-3)%3 for i < 5", {}, [0, 1, 2, 0, 1]),
    ("y_i = x[(i-2)%size(x,0)] for i < size(x,0)", {"x": X}, [13, 14, 10, 11, 12]),
    # pad
    ("y_i = pad(x[i-1]) for i < 7", {"x": X}, [0, 10, 11, 12, 13, 14, 0]),
    ("y_i = pad(x[i-1], i) for i < 7", {"x": X}, [0, 10, 11, 12, 13, 14, 6]),
    ("y_i = pad(x[t_i], -1)", {"x": X, "t": [4, -1, 5, 0]}, [14, -1, -1, 10]),
    # filters guard a read
    ("y_i = sum_{k<=i} w_k*x[i-k]", {"x": X[:3], "w": [1.0, 1.0]}, [10, 21, 23]),
    ("y_i = sum_{k: k+i < size(x,0)} x[i+k]*w_ik", {"x": [1.0, 2.0], "w": np.ones((2, 2))}, [3, 2]),
    # integer tensors
    ("y_i = x[t_i]", {"x": X, "t": [4, 0]}, [14, 10]),
    ("y_i = x[2*t_i + u_i - 1]", {"x": X, "t": [1, 2], "u": [0, 1]}, [11, 14]),
    ("y_p = sum_e delta(p, t_e)*x_e for p < 3", {"t": [2, 0, 2, 2, 0], "x": X}, [25, 0, 35]),
    # parts
    ("y[i] = x_i; y[size(x,0)+i] = z_i", {"x": [1.0], "z": [2.0, 3.0]}, [1, 2, 3]),
    ("y[size(x,0)+i] = z_i; y[i] = x_i", {"x": [1.0], "z": [2.0, 3.0]}, [1, 2, 3]),
    ("y[2*i] = x_i; y[2*i+1] = z_i", {"x": [1.0, 3.0], "z": [2.0]}, [1, 2, 3]),
    ("y[2*i+u] = x_iu for u < 2", {"x": [[1.0, 2.0], [3.0, 4.0]]}, [1, 2, 3, 4]),
    ("y[0,j] = a_j; y[1,j] = b_j", {"a": [1.0, 2.0], "b": [3.0, 4.0]}, [[1, 2], [3, 4]]),
    ("y_i = x_i; y[size(x,0)+i] = z_i", {"x": [], "z": [1.0]}, [1]),
    # no window fits, and that is legal
    ("y_i = sum_u x[i+u]*w_u", {"x": [1.0], "w": [1.0, 1.0]}, []),
]


@pytest.mark.parametrize(("text", "inputs", "result"), MEANINGS)
def test_a_formula_with_index_arithmetic_has_its_meaning(
    text: str, inputs: dict[str, Any], result: list
) -> None:
    found = evaluate(Layer("L", text), {n: np.asarray(v) for n, v in inputs.items()})
    np.testing.assert_array_equal(np.squeeze(found["y"]), np.squeeze(result))


def test_a_pixel_shuffle_moves_channels_into_places() -> None:
    layer = Layer("L", "y[n,c,i,j] = x[n, c*s*s + (i%s)*s + j%s, i//s, j//s]")
    found = evaluate(layer, {"x": GRID, "s": 2})["y"]
    assert found.shape == (1, 1, 4, 4)
    np.testing.assert_array_equal(
        found[0, 0], GRID.reshape(2, 2, 2, 2).transpose(2, 0, 3, 1).reshape(4, 4)
    )


WRONG: list[tuple[str, dict[str, Any], str]] = [
    (
        "h_i = x[i+1]; g_i = z[i+2]; y_i = h_i*g_i",
        {"x": X, "z": X},
        "index i has two extents: 4 elsewhere, 3 in g\n"
        "  h_i = x[i+1]; g_i = z[i+2]; y_i = h_i*g_i\n"
        "                  ^",
    ),
    (
        "h_i = x[2*i]; y_i = h_i*w_i",
        {"x": X, "w": X},
        "index i has two extents: 3 by its bound, 5 in w of shape (5,)\n"
        "  h_i = x[2*i]; y_i = h_i*w_i\n"
        "                            ^",
    ),
    (
        "y_i = x[i-1]",
        {"x": X},
        "x: axis 0 of length 5 is read at -1, in x[-1]\n  y_i = x[i-1]\n          ^",
    ),
    (
        "y_i = x_i + x[i+1]",
        {"x": X},
        "x: axis 0 of length 5 is read at 5, in x[5]\n  y_i = x_i + x[i+1]\n          ^",
    ),
    (
        "y_i = where(i > 0, x[i-1], 0) for i < 3",
        {"x": X},
        "x: axis 0 of length 5 is read at -1, in x[-1]\n"
        "  y_i = where(i > 0, x[i-1], 0) for i < 3\n"
        "                       ^",
    ),
    (
        "y_ij = w[t_i, j]",
        {"w": np.ones((3, 2)), "t": np.array([0, 3])},
        "w: axis 0 of length 3 is read at 3, in w[3, 0]\n  y_ij = w[t_i, j]\n           ^",
    ),
    (
        "y_i = sum_u x[i+u]*w_u",
        {"x": np.ones(2), "w": np.ones(5)},
        "index i would have -2 values: axis 0 of x has length 2, axis 0 of w has length 5\n"
        "  y_i = sum_u x[i+u]*w_u\n"
        "                ^      ^",
    ),
    (
        "y_ij = where(j == t_i, x_ij, 0)",
        {"x": np.ones((2, 3)), "t": np.array([1, -5])},
        "t holds -5, and j runs from 0 to 2\n"
        "  y_ij = where(j == t_i, x_ij, 0)\n"
        "                      ^",
    ),
    (
        "y_vj = sum_e delta(v, d_e)*x_ej for v < 4",
        {"d": np.array([1, 4]), "x": np.ones((2, 3))},
        "d holds 4, and v runs from 0 to 3\n"
        "  y_vj = sum_e delta(v, d_e)*x_ej for v < 4\n"
        "                          ^",
    ),
    ("y_i = x[s*i]", {"x": X, "s": 0}, "s is 0; what multiplies an index or divides is 1 or more"),
    ("y_i = x[i//s]", {"x": X, "s": 0}, "s is 0; what multiplies an index or divides is 1 or more"),
    ("y_i = x[t_i]", {"x": X, "t": np.array([0.5])}, "t holds 0.5, and is used as an integer"),
    (
        "y_i = x_i; y[1+i] = z_i",
        {"x": np.ones(3), "z": np.ones(4)},
        "y: y[1] is assigned twice\n  y_i = x_i; y[1+i] = z_i\n    ^",
    ),
    (
        "y[2*i] = x_i; y[2*i+1] = z_i",
        {"x": np.ones(3), "z": np.ones(4)},
        "y: y[6] is assigned by no statement, and y has shape (8,)\n"
        "  y[2*i] = x_i; y[2*i+1] = z_i\n"
        "    ^",
    ),
]


@pytest.mark.parametrize(("text", "inputs", "message"), WRONG)
def test_what_leaves_a_tensor_is_an_error_that_names_it(
    text: str, inputs: dict[str, Any], message: str
) -> None:
    with pytest.raises(ShapeError) as caught:
        evaluate(Layer("L", text), {n: np.asarray(v) for n, v in inputs.items()})
    assert str(caught.value) == message


def test_constants_of_the_call_decide_extents() -> None:
    layer = Layer("L", "y_i = x[s*i]", constants={"s": 1})
    assert evaluate(layer, {"x": X}, constants={"s": 2})["y"].tolist() == [10, 12, 14]
