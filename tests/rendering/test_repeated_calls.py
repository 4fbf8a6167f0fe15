"""An object that was called before answers each call as a new one does.

The second call in one type has a shorter way through the checks than the first: whatever came
before, it gives the same arrays in the same types, or the same message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from symgrad import Layer, build

RNG = np.random.default_rng(7)
X, OTHER, B, D = (RNG.normal(size=shape) for shape in ((2, 3), (5, 4), 3, (2, 3)))
IDS = np.array([[1, 0, 1], [0, 0, 1]])


class Own(np.ndarray):
    """An array of somebody's own class."""


# formula, declarations, calls: the inputs, and an incoming gradient if it is not the default
LAYERS: dict[str, tuple[dict[str, Any], list[tuple[list[Any], Any]]]] = {
    "y_ij = c*x_ij + b_j": (
        {"inputs": ["x", "c", "b"]},
        [
            ([X, np.array(2.0), B], D),
            ([X, 2.0, B], D),
            ([X.astype("f4"), np.array(2, "f4"), B.astype("f4")], D.astype("f4")),
            ([X.astype("f4"), 2.0, B.astype("f4")], D),
            ([X.astype("f4"), np.array(2.0), B.astype("f4")], D.astype("f4")),
            ([X.astype(">f8"), np.array(2.0), B], D.astype(">f8")),
            ([X.astype(int), 2, B.astype(int)], D.astype(int)),
            ([X.tolist(), 2.0, B.tolist()], D.tolist()),
            ([np.ma.masked_array(X), 2.0, B], D),
            ([X, 2.0 + 0j, B], D),
            ([X, np.array(2.0), B.astype(complex)], D),
            ([X, np.array(2.0), B], D + 0j),
            ([X, np.array(2.0), B], 1.0),
            ([X, np.array(2.0), B], D[:, :1]),
            ([X, np.array(2.0), B], D[0]),
            ([X, np.array(2.0), B[:2]], D),
            ([X, np.array([2.0]), B], D),
            ([X[0], np.array(2.0), B], D),
            ([OTHER, np.array(2.0), OTHER[0]], OTHER),
            ([X[:0], np.array(2.0), B], D[:0]),
            ([X.view(Own), np.array(2.0), B], D),
        ],
    ),
    "y_itj = w[ids_it, j]*x_tj": (
        {"inputs": ["w", "x", "ids"]},
        [
            ([X, B[:, None] * B, IDS], np.ones((2, 3, 3))),
            ([X, B[:, None] * B, IDS.astype("u1")], np.ones((2, 3, 3))),
            ([X, B[:, None] * B, IDS.astype(">i8")], np.ones((2, 3, 3))),
            ([X, B[:, None] * B, IDS.tolist()], np.ones((2, 3, 3))),
            ([X, B[:, None] * B, IDS[:1]], np.ones((1, 3, 3))),
            ([X, B[:, None] * B, IDS[:, :0]], np.ones((2, 0, 3))),
            ([X, B[:, None] * B, IDS * 1.0], np.ones((2, 3, 3))),
            ([X, B[:, None] * B, IDS > 0], np.ones((2, 3, 3))),
            ([X, B[:, None] * B, IDS[:, :2]], np.ones((2, 2, 3))),
            ([X, B[:, None] * B, IDS[0]], np.ones((2, 3, 3))),
            ([X, B[:, None] * B, IDS + 1], np.ones((2, 3, 3))),
            ([X, B[:, None] * B, IDS - 1], np.ones((2, 3, 3))),
            ([X, B[:2, None] * B, IDS[:, :2]], np.ones((2, 2, 3))),
        ],
    ),
    "y_j = x[n, j]": (
        {"inputs": ["x", "n"]},
        [
            ([X, 1], B),
            ([X, np.array(1)], B),
            ([X, np.int8(1)], B),
            ([X, np.array([1])], B),
            ([X, np.array(1.0)], B),
            ([X, 1.0], B),
            ([X, np.array(2)], B),
            ([X, -1], B),
        ],
    ),
    "y_it = w[r_it]*w[s_it]": (
        {},
        [
            ([B, IDS, IDS], D),
            ([B, IDS, IDS[:1]], D),
            ([B, IDS, IDS.T], D),
        ],
    ),
    "y_i = x_i for i < n": (
        {"inputs": ["x", "n"]},
        [
            ([B, 2], B[:2]),
            ([B, 3], B),
            ([B, 3], B[:2]),
            ([B, 4], B),
            ([B, np.array(2)], B[:2]),
        ],
    ),
    "y_p = sum_i x_i*delta(p, t_i) for p < n": (
        {"inputs": ["x", "t", "n"]},
        [
            ([B, IDS[0], 2], B[:2]),
            ([B, IDS[0], 3], B),
            ([B, IDS[0], 3], B[:2]),
            ([B, IDS[0] + 1, 2], B[:2]),
            ([B, IDS[0] + 1, 3], B),
            ([B, IDS[0, :2], 3], B),
            ([B[:2], IDS[0, :2], 3], B),
        ],
    ),
    "y = a*b": (
        {},
        [
            ([np.array(3, "f4"), np.array(2, "f4")], np.array(1, "f4")),
            ([3.0, np.array(2, "f4")], np.array(1, "f4")),
            ([3.0, 2.0], None),
            ([3, True], None),
        ],
    ),
    "y_i = x_ii": ({}, [([OTHER[:4]], OTHER[0]), ([X], D[:, 0]), ([X[:, :2]], D[:, 0])]),
    "loss = mean_ij (x_ij - t_ij)^2": (
        {},
        [
            ([X, D], None),
            ([X.astype("f4"), D.astype("f4")], None),
            ([X, D], 2.0),
            ([X, D], np.float32(2)),
            ([X, D], np.array(2.0)),
            ([X, D], 2),
            ([X, D], np.ones(1)),
            ([X, D], "2"),
            ([X, D.T], None),
        ],
    ),
    "y[i, 0] = x_i; y[i, 1] = z_i": (
        {},
        [
            ([B, 2 * B], np.ones((3, 2))),
            ([B, 2 * B], np.ones((3, 3))),
            ([B, 2 * B], np.ones((2, 2))),
            ([X[0, :2], B[:2]], np.ones((2, 2))),
        ],
    ),
}


def outcome(layer: Any, inputs: list[Any], incoming: Any) -> list[object]:
    """Return all that a call gives: arrays and types, the lengths noted, or what is wrong."""
    try:
        y = layer.forward(*inputs)
        kept = {name: type(value) for name, value in vars(layer).items()}
        found = [*described(y), kept, list(layer.extents.items()), layer.dtype]
    except ValueError as error:
        return [str(error)]
    try:
        gradients = layer.backward() if incoming is None else layer.backward(incoming)
    except ValueError as error:
        return [*found, str(error)]
    return [*found, *described(gradients)]


def described(values: Any) -> Iterator[object]:
    for value in values if isinstance(values, tuple) else (values,):
        yield type(value), np.asarray(value).dtype, np.shape(value), np.asarray(value).tobytes()


@pytest.mark.parametrize("formula", LAYERS)
def test_an_object_that_was_called_before_answers_as_a_new_one(formula: str) -> None:
    declared, calls = LAYERS[formula]
    made = build(Layer("Again", formula, **declared))
    fresh = [outcome(made(), *call) for call in calls]
    for first, before in zip(calls, fresh, strict=True):
        for second, expected in zip(calls, fresh, strict=True):
            layer = made()
            outcome(layer, *first)
            assert outcome(layer, *second) == expected, (first, second)
            assert outcome(layer, *first) == before, (first, second, first)


def test_the_second_call_in_one_type_looks_for_nothing_that_could_be_wrong(monkeypatch) -> None:
    for formula, arrays, incoming in (
        ("y_ij = x_ij + b_j", [X, B], D),
        ("loss = sum_ij x_ij*w[ids_ij]", [X, B, IDS], None),
    ):
        layer = build(formula)()
        first = outcome(layer, arrays, incoming)
        for helper in ("_numbers", "_fitted"):
            monkeypatch.delitem(layer.forward.__func__.__globals__, helper)
        assert outcome(layer, arrays, incoming) == first


def test_a_constant_that_changes_between_calls_changes_what_is_right() -> None:
    layer = build(Layer("Max", "y_i = max_{u<k} x[s*i+u]", constants={"k": 2, "s": 1}))()
    x = np.arange(6.0)
    for k, s, length in ((2, 1, 5), (3, 1, 4), (2, 2, 3), (8, 1, -1), (2, 1, 5)):
        layer.k, layer.s = k, s
        if length < 0:
            with pytest.raises(ValueError, match="x is too short"):
                layer.forward(x)
            continue
        assert layer.forward(x).shape == (length,)
        for wrong in {5, 4, 3} - {length}:
            with pytest.raises(ValueError, match=f"must have length {length}"):
                layer.backward(np.ones(wrong))
        dx = np.zeros(6)
        np.add.at(dx, s * np.arange(length) + k - 1, 1)
        np.testing.assert_array_equal(layer.backward(np.ones(length)), dx)
        np.testing.assert_array_equal(layer.backward(np.ones(length)), dx)
