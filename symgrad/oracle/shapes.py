"""Check the shapes of a layer's inputs against its extents, and mark every place concerned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from symgrad.errors import ShapeError
from symgrad.language.expr import AxisLength, Index
from symgrad.language.layer import Layer
from symgrad.language.scope import Place
from symgrad.oracle.floats import FLOAT
from symgrad.oracle.frame import Frame, Tensor
from symgrad.oracle.integers import compile_extent
from symgrad.oracle.reads import PlacedError
from symgrad.oracle.scope import Scope

Shapes = Mapping[str, tuple[int, ...]]
Values = Mapping[str, Any]
"""Constants and integer inputs without axes by name: what extents depend on beside shapes."""


def check_names(layer: Layer, inputs: Mapping[str, Any]) -> None:
    """Raise when an input is missing or unknown.

    Raises:
        ValueError: an input is missing, or a name is no input.
    """
    missing = [name for name in layer.inputs if name not in inputs]
    unknown = [name for name in inputs if name not in layer.inputs]
    if missing:
        raise ValueError(f"no value for {', '.join(missing)} of layer {layer.name}")
    if unknown:
        raise ValueError(f"layer {layer.name} has no input {', '.join(sorted(unknown))}")


def check_ranks(layer: Layer, shapes: Shapes) -> None:
    """Raise when an input has more or fewer axes than the formula reads.

    Raises:
        ShapeError: a rank is wrong.
    """
    for name in layer.inputs:
        rank, shape = layer.ranks[name], shapes[name]
        if len(shape) != rank:
            raise shape_error(
                layer,
                f"{name} has {rank} {'axis' if rank == 1 else 'axes'} in the formula, "
                f"and its value has shape {shape}",
                [(name, axis) for axis in range(rank)],
            )


def check_axes(layer: Layer, shapes: Shapes, values: Values) -> None:
    """Raise when axes disagree.

    Raises:
        ShapeError: two axes with the same index have different lengths.
    """
    for name in layer.inputs:
        for axis, index in enumerate(layer.axes[name]):
            _check_axis(layer, shapes, (name, axis), index, values)


def _check_axis(layer: Layer, shapes: Shapes, place: Place, index: Index, values: Values) -> None:
    name, axis = place
    length = shapes[name][axis]
    extent = index_extent(layer, shapes, index, values)
    if extent == length:
        return
    places = [place]
    where = f"{length} in {name} of shape {shapes[name]}"
    if isinstance(index.extent, AxisLength):
        other = index.extent
        where = f"{extent} in {other.name} of shape {shapes[other.name]}, {where}"
        places.insert(0, (other.name, other.axis))
    else:
        where = f"{extent} by its bound, {where}"
    raise shape_error(layer, f"index {index.name} has two extents: {where}", places)


def check_agreements(layer: Layer, shapes: Shapes, values: Values) -> None:
    """Raise when tensors that are read with one index are made of different lengths.

    Raises:
        ShapeError: an assigned axis is longer or shorter than the index that runs over it.
    """
    for part in layer.agreements:
        letter = layer.axes[part.name][part.axis].name
        extent, own = (
            index_extent(layer, shapes, Index(letter, length), values)
            for length in (part.extent, part.own)
        )
        if extent != own:
            raise shape_error(
                layer,
                f"index {letter} has two extents: {extent} elsewhere, {own} in {part.name}",
                [(part.name, part.axis)],
            )


def values_of(layer: Layer, inputs: Mapping[str, Any], constants: Values | None = None) -> Values:
    """Return what extents depend on beside shapes."""
    scalars = (name for name in layer.integers if name in inputs and np.ndim(inputs[name]) == 0)
    return {**layer.constants, **(constants or {}), **{name: inputs[name] for name in scalars}}


def index_extent(layer: Layer, shapes: Shapes, index: Index, values: Values | None = None) -> int:
    """Return how far an index runs, given the shapes of the inputs.

    Raises:
        ShapeError: it would have less than no values.
    """
    tensors = {name: Tensor(shape, {}) for name, shape in shapes.items()}
    values = layer.constants if values is None else values
    tensors |= {name: Tensor.of(value, float) for name, value in values.items()}
    try:
        extent: int = compile_extent(index, Scope(FLOAT, {}))(Frame([], tensors))
    except PlacedError as error:
        raise shape_error(layer, error.message, error.places) from None
    return extent


def shape_error(layer: Layer, message: str, places: list[Place]) -> ShapeError:
    """Return an error with a caret under a subscript of each (tensor, axis) in `places`."""
    spans = [layer.occurrences[place][0] for place in places if layer.occurrences.get(place)]
    return ShapeError(message, layer.formula, spans)
