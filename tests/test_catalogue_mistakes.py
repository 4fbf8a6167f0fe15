"""Arguments that do not fit raise ValueError with the argument, its axis and the range."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from symgrad.errors import ShapeError
from tests.running import class_of, forward_by_class, forward_by_meaning, layer_of

rng = np.random.default_rng(2)


def normal(*shape: int) -> np.ndarray:
    return rng.normal(size=shape)


@dataclass(frozen=True)
class Mistake:
    """A call that must fail.

    Attributes:
        name: the layer of the catalogue.
        arguments: an array for each input, parameters included.
        fragments: what the message says, each as words of its own.
        constants: values of constants.
    """

    name: str
    arguments: tuple[Any, ...]
    fragments: tuple[str, ...]
    constants: dict[str, Any] = field(default_factory=dict)


images = normal(2, 3, 6, 7)
scores = normal(4, 5)
table = normal(6, 3)
edges = np.array([0, 1, 2]), np.array([2, 2, 0])
maps = normal(3, 2), normal(3, 2), normal(2)

SHAPES = {
    "a weight with another number of channels": Mistake(
        "Conv2d", (images, normal(5, 4, 2, 2), normal(5)), ("w", "axis 1", "4", "3")
    ),
    "a weight of another number of groups": Mistake(
        "GroupedConv2d",
        (normal(2, 3, 2, 4, 4), normal(2, 5, 2, 1, 1), normal(2, 5)),
        ("w", "axis 0", "2", "3"),
    ),
    "a weight without channels": Mistake(
        "Conv2d", (images, normal(5, 2, 2), normal(5)), ("w", "(5, 2, 2)")
    ),
    "a bias of another length": Mistake(
        "Conv2d", (images, normal(5, 3, 2, 2), normal(4)), ("b", "axis 0", "4", "5")
    ),
    "an image without channels": Mistake("MaxPool2d", (normal(6, 7, 3),), ("x", "(6, 7, 3)")),
    "a weight of a transposed convolution with its axes turned": Mistake(
        "ConvTranspose1d", (normal(2, 3, 4), normal(5, 3, 2), normal(5)), ("w", "axis 0", "5", "3")
    ),
    "labels for fewer rows": Mistake(
        "CrossEntropy", (scores, np.array([0, 1, 2])), ("t", "axis 0", "3", "4")
    ),
    "a second half of another height": Mistake(
        "Concat", (scores, normal(3, 5)), ("z", "axis 0", "3", "4")
    ),
}

RANGES = {
    "an input shorter than the window": Mistake(
        "Conv1d", (normal(2, 3, 2), normal(5, 3, 4), normal(5)), ("x", "axis 2", "-1")
    ),
    "an input shorter than the dilated window": Mistake(
        "Conv1d", (normal(2, 3, 6), normal(5, 3, 4), normal(5)), ("x", "axis 2"), {"dilation": 3}
    ),
    "an image shorter than its pooling window": Mistake(
        "MaxPool2d", (normal(2, 3, 7, 2),), ("x",), {"kernel": 5, "stride": 1}
    ),
    "a label beyond the classes": Mistake(
        "CrossEntropy", (scores, np.array([0, 4, 5, 1])), ("t", "5", "axis 1")
    ),
    "a negative label": Mistake(
        "CrossEntropy", (scores, np.array([0, -1, 2, 1])), ("t", "-1", "axis 1")
    ),
    "a label beyond the log probabilities": Mistake(
        "NLL", (scores, np.array([0, 9, 2, 1])), ("t", "9", "axis 1")
    ),
    "a label that no class is compared with": Mistake(
        "MultiMargin", (scores, np.array([0, 1, 2, 5])), ("t", "5")
    ),
    "a label outside the mask": Mistake("OneHotMask", (scores, np.array([0, -5, 2, 1])), ("t",)),
    "an id beyond the table": Mistake("Embedding", (np.array([[0, 6]]), table), ("ids", "6", "w")),
    "a negative id": Mistake("Embedding", (np.array([[0, -1]]), table), ("ids", "-1", "w")),
    "an id of a bag beyond the table": Mistake(
        "EmbeddingBag", (np.array([[0, 5], [7, 1]]), table), ("ids", "7", "w")
    ),
    "a word beyond the first table alone": Mistake(
        "SkipGram",
        (np.array([6]), np.array([6]), np.array([[0, 1]]), table, normal(9, 3)),
        ("center", "6", "w"),
    ),
    "a sampled word beyond the second table": Mistake(
        "SkipGram",
        (np.array([3]), np.array([3]), np.array([[0, 6]]), table, table),
        ("negative", "6", "v"),
    ),
    "an edge from a node that is none": Mistake(
        "GraphConv", (scores[:, :3], np.array([0, 4, 1]), edges[1], *maps), ("src", "4", "x")
    ),
    "an edge to a node that is none": Mistake(
        "GraphConv", (scores[:, :3], edges[0], np.array([0, 4, 1]), *maps), ("dst", "4")
    ),
    "an edge to a negative node": Mistake(
        "GraphConv", (scores[:, :3], edges[0], np.array([0, -1, 1]), *maps), ("dst", "-1")
    ),
}

NO_INTEGERS = {
    "labels of float": Mistake("CrossEntropy", (scores, np.array([0.0, 1.0, 2.0, 1.0])), ("t",)),
    "fractions as labels": Mistake("NLL", (scores, np.array([0.5, 1, 2, 1])), ("t",)),
    "ids of float": Mistake("Embedding", (np.array([[0.0, 1.0]]), table), ("ids",)),
    "nodes of float": Mistake(
        "GraphConv", (scores[:, :3], edges[0], np.array([0.0, 2.0, 1.0]), *maps), ("dst",)
    ),
}

CONSTANTS = {
    "a stride of 0": Mistake(
        "Conv1d", (normal(2, 3, 6), normal(5, 3, 2), normal(5)), ("stride",), {"stride": 0}
    ),
    "a negative dilation": Mistake(
        "Conv1d", (normal(2, 3, 6), normal(5, 3, 2), normal(5)), ("dilation",), {"dilation": -1}
    ),
    "a scale of 0": Mistake("NearestUpsample2d", (images,), ("scale",), {"scale": 0}),
    "half a stride": Mistake(
        "Conv1d", (normal(2, 3, 6), normal(5, 3, 2), normal(5)), ("stride",), {"stride": 0.5}
    ),
}

MISTAKES = {**SHAPES, **RANGES, **NO_INTEGERS, **CONSTANTS}


def whole_words(fragments: tuple[str, ...]) -> str:
    """Return the pattern of a text that holds every fragment, in any order."""
    return "".join(rf"(?=[\s\S]*(?<![\w-]){re.escape(part)}(?!\w))" for part in fragments)


@pytest.mark.parametrize("claim", MISTAKES)
def test_the_generated_class_refuses(claim: str) -> None:
    mistake = MISTAKES[claim]
    with pytest.raises(ValueError, match=whole_words(mistake.fragments)):
        forward_by_class(mistake.name, mistake.arguments, mistake.constants)


@pytest.mark.parametrize("claim", {**SHAPES, **RANGES})
def test_the_meaning_of_the_formula_refuses(claim: str) -> None:
    mistake = MISTAKES[claim]
    with pytest.raises(ShapeError):
        forward_by_meaning(mistake.name, mistake.arguments, mistake.constants)


def test_a_window_as_long_as_the_axis_has_one_place() -> None:
    arguments = normal(2, 3, 4), normal(5, 3, 4), normal(5)
    assert forward_by_class("Conv1d", arguments, {}).shape == (2, 5, 1)


def test_a_window_that_is_one_longer_than_the_axis_has_no_place() -> None:
    x, w, b = normal(2, 3, 3), normal(5, 3, 4), normal(5)
    convolution = class_of("Conv1d")(w, b)
    y = convolution.forward(x)
    assert y.shape == (2, 5, 0)
    np.testing.assert_array_equal(convolution.backward(y), np.zeros_like(x))
    np.testing.assert_array_equal(convolution.dw, np.zeros_like(w))
    np.testing.assert_array_equal(convolution.db, np.zeros_like(b))


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int32, np.uint64])
def test_ids_may_have_any_type_of_integers(dtype: type) -> None:
    ids = np.array([[5, 0, 5]], dtype=dtype)
    np.testing.assert_array_equal(forward_by_class("Embedding", (ids, table), {}), table[ids])


def test_nothing_is_noted_of_labels_as_a_gradient() -> None:
    assert layer_of("CrossEntropy").wrt == ("x",)
