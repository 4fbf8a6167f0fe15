"""Check the shapes of a layer's inputs against its extents, and mark every place concerned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from symgrad.errors import ShapeError
from symgrad.language.expr import AxisLength, Index
from symgrad.language.layer import Layer
from symgrad.oracle.closures import compile_extent
from symgrad.oracle.floats import FLOAT
from symgrad.oracle.frame import Frame, Tensor
from symgrad.oracle.scope import Scope

Shapes = Mapping[str, tuple[int, ...]]


def check_shapes(layer: Layer, inputs: Mapping[str, Any]) -> None:
    """Raise when an input is missing or unknown, or when ranks or axes disagree.

    Raises:
        ValueError: an input is missing, or a name is no input.
        ShapeError: a rank is wrong, or two axes with the same index have different lengths.
    """
    missing = [name for name in layer.inputs if name not in inputs]
    unknown = [name for name in inputs if name not in layer.inputs]
    if missing:
        raise ValueError(f"no value for {', '.join(missing)} of layer {layer.name}")
    if unknown:
        raise ValueError(f"layer {layer.name} has no input {', '.join(sorted(unknown))}")
    shapes = {name: np.shape(inputs[name]) for name in layer.inputs}
    for name, shape in shapes.items():
        _check_rank(layer, name, shape)
    for name in layer.inputs:
        for axis, index in enumerate(layer.axes[name]):
            _check_axis(layer, shapes, name, axis, index)


def _check_rank(layer: Layer, name: str, shape: tuple[int, ...]) -> None:
    rank = layer.ranks[name]
    if len(shape) != rank:
        raise shape_error(
            layer,
            f"{name} has {rank} {'axis' if rank == 1 else 'axes'} in the formula, "
            f"and its value has shape {shape}",
            [(name, axis) for axis in range(rank)],
        )


def _check_axis(layer: Layer, shapes: Shapes, name: str, axis: int, index: Index) -> None:
    length = shapes[name][axis]
    extent = index_extent(layer, shapes, index)
    if extent == length:
        return
    places = [(name, axis)]
    where = f"{length} in {name} of shape {shapes[name]}"
    if isinstance(index.extent, AxisLength):
        other = index.extent
        where = f"{extent} in {other.name} of shape {shapes[other.name]}, {where}"
        places.insert(0, (other.name, other.axis))
    else:
        where = f"{extent} by its bound, {where}"
    raise shape_error(layer, f"index {index.name} has two extents: {where}", places)


def index_extent(layer: Layer, shapes: Shapes, index: Index) -> int:
    """Return how far an index runs, given the shapes of the inputs."""
    tensors = {name: Tensor(shape, {}) for name, shape in shapes.items()}
    tensors |= {name: Tensor.of(value, float) for name, value in layer.constants.items()}
    extent: int = compile_extent(index, Scope(FLOAT, {}))(Frame([], tensors))
    return extent


def shape_error(layer: Layer, message: str, places: list[tuple[str, int]]) -> ShapeError:
    """Return an error with a caret under a subscript of each (tensor, axis) in `places`."""
    spans = [layer.occurrences[place][0] for place in places if layer.occurrences.get(place)]
    return ShapeError(message, layer.formula, spans)
