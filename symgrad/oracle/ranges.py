"""Check the integers that a layer is given: whole, in range, and steps of 1 or more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from symgrad.language.expr import Compare, Delta, Element, Expr, IndexValue, walk
from symgrad.language.index_steps import steps_of
from symgrad.language.layer import Layer
from symgrad.oracle.shapes import Shapes, Values, index_extent, shape_error


def check_integers(layer: Layer, inputs: Mapping[str, Any]) -> None:
    """Raise when an integer input holds a fraction.

    Raises:
        ShapeError: it does.
    """
    for name in layer.integers:
        values = np.asarray(inputs[name])
        broken = values[values != np.floor(values)]
        if broken.size:
            raise shape_error(layer, f"{name} holds {broken[0]}, and is used as an integer", [])


def check_steps(layer: Layer, values: Values) -> None:
    """Raise when what multiplies an index or divides is less than 1.

    Raises:
        ShapeError: it is.
    """
    for name in steps_of(layer):
        value = values.get(name)
        if value is not None and value < 1:
            message = f"{name} is {value}; what multiplies an index or divides is 1 or more"
            raise shape_error(layer, message, [])


def check_compared(layer: Layer, inputs: Mapping[str, Any], shapes: Shapes, values: Values) -> None:
    """Raise when integers are no value of the index that they are compared with for equality.

    Raises:
        ShapeError: they are not.
    """
    for name, index in equated(layer):
        held = np.asarray(inputs[name])
        extent = index_extent(layer, shapes, index.index, values)
        outside = held[(held < 0) | (held >= extent)]
        if outside.size:
            raise shape_error(
                layer,
                f"{name} holds {outside[0]}, and {index.index.name} runs from 0 to {extent - 1}",
                [(name, axis) for axis in range(held.ndim)],
            )


def equated(layer: Layer) -> Iterator[tuple[str, IndexValue]]:
    """Yield the integer inputs that `==`, `!=` and `delta` compare with an index alone."""
    for part in _parts(layer):
        if isinstance(part, Delta) or (isinstance(part, Compare) and part.op in ("==", "!=")):
            for one, other in ((part.left, part.right), (part.right, part.left)):
                if not isinstance(one, Element) or not isinstance(other, IndexValue):
                    continue
                if one.name in layer.integers:
                    yield one.name, other


def _parts(layer: Layer) -> Iterator[Expr]:
    for statement in layer.statements:
        yield from walk(statement.value)
