"""Draw shapes and inputs on which a layer can be judged: distinct extents, values in the domain."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgrad.errors import ShapeError
from symgrad.language.expr import (
    AxisLength,
    Compare,
    Delta,
    Element,
    Expr,
    IndexValue,
    Number,
    element_names,
    walk,
)
from symgrad.language.layer import Layer
from symgrad.oracle.shapes import index_extent

Shapes = dict[str, tuple[int, ...]]
Arrays = dict[str, np.ndarray]
Sampler = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

# the more axes, the smaller: the number of elements is the product of their sizes
SIZES = {4: (2, 3, 5, 7), 6: (2, 3, 4, 5)}
SMALLEST_SIZES = (2, 3)

# tried in this order: most functions take all reals, log and sqrt want positive numbers,
# atanh and the entropies numbers below 1, acosh above 1
SAMPLERS: dict[str, Sampler] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "positive": lambda rng, shape: rng.uniform(0.5, 2.0, size=shape),
    "fraction": lambda rng, shape: rng.uniform(0.1, 0.9, size=shape),
    "above one": lambda rng, shape: rng.uniform(1.1, 3.0, size=shape),
}
# small whole numbers: ties of max, kinks of relu, abs and clip
KINKS: dict[str, Sampler] = {
    "kinks": lambda rng, shape: rng.integers(-1, 2, size=shape).astype(float),
    "positive ties": lambda rng, shape: rng.integers(1, 3, size=shape).astype(float),
}
MIXTURES = 40


@dataclass(frozen=True)
class Sample:
    """Shapes, inputs and incoming gradients of one call."""

    shapes: Shapes
    inputs: Arrays
    cotangents: Arrays

    @property
    def size(self) -> float:
        """The largest entry of the incoming gradients, at least 1."""
        entries = [float(np.abs(value).max(initial=0.0)) for value in self.cotangents.values()]
        return max(1.0, *entries)


def draw_sizes(layer: Layer, rng: np.random.Generator) -> dict[Expr, int]:
    """Return a size for each extent that the inputs give, distinct up to four of them."""
    extents = free_extents(layer)
    sizes = next((s for most, s in SIZES.items() if len(extents) <= most), SMALLEST_SIZES)
    pool = tuple(itertools.islice(itertools.cycle(sizes), max(len(sizes), len(extents))))
    order = rng.permutation(len(pool))
    return {extent: pool[int(k)] for extent, k in zip(extents, order, strict=False)}


def free_extents(layer: Layer) -> tuple[Expr, ...]:
    """Return the extents that the shapes of the inputs decide, in the order of the inputs."""
    indices = [index for name in layer.inputs for index in layer.axes[name]]
    found = {i.extent: None for i in indices if isinstance(i.extent, AxisLength)}
    return tuple(found)


def shapes_of(layer: Layer, sizes: Mapping[Expr, int]) -> Shapes:
    """Return the shape of each input; an axis that is read up to a bound reaches that bound."""
    bounds = _bounds(layer, sizes)
    shapes: Shapes = {}
    for name in layer.inputs:
        lengths = []
        for index in layer.axes[name]:
            extent = index.extent
            if extent is not None and extent in sizes:
                lengths.append(max(sizes[extent], bounds.get(extent, 0)))
            else:
                lengths.append(index_extent(layer, shapes, index))
        shapes[name] = tuple(lengths)
    return shapes


def _bounds(layer: Layer, sizes: Mapping[Expr, int]) -> dict[Expr, int]:
    """Return the largest bound up to which an index alone reads each free extent."""
    bounds: dict[Expr, int] = {}
    for element, axis, subscript in _subscripts(layer):
        extent = layer.axes[element.name][axis].extent
        if isinstance(subscript, IndexValue) and isinstance(extent, AxisLength):
            bound = _bound_of(layer, subscript.index.extent, sizes)
            bounds[extent] = max(bounds.get(extent, 0), bound)
    return bounds


def _bound_of(layer: Layer, extent: Expr | None, sizes: Mapping[Expr, int]) -> int:
    if extent is not None and extent in sizes:
        return sizes[extent]
    if isinstance(extent, Number):
        return int(extent.value)
    if isinstance(extent, Element) and extent.name in layer.constants:
        return int(layer.constants[extent.name])
    return 0


def _subscripts(layer: Layer) -> Iterator[tuple[Element, int, Expr]]:
    for statement in layer.statements:
        for part in walk(statement.value):
            if isinstance(part, Element) and part.name in layer.axes:
                for axis, subscript in enumerate(part.subscripts):
                    yield part, axis, subscript


# --- values --------------------------------------------------------------------------------------


def draw_samples(
    layer: Layer,
    shapes: Shapes,
    rng: np.random.Generator,
    samplers: Mapping[str, Sampler] = SAMPLERS,
) -> Iterator[Arrays]:
    """Yield inputs, first all by one sampler, then each input by one that is drawn for it."""
    limits = _integer_limits(layer, shapes)
    names = list(samplers)
    choices = [dict.fromkeys(layer.inputs, sampler) for sampler in names]
    for _ in range(MIXTURES if len(layer.inputs) > 1 else 0):
        drawn = rng.integers(len(names), size=len(layer.inputs))
        choices.append({n: names[int(k)] for n, k in zip(layer.inputs, drawn, strict=True)})
    for choice in choices:
        yield {
            name: rng.integers(0, limits[name], size=shapes[name])
            if name in layer.integers
            else np.asarray(samplers[choice[name]](rng, shapes[name]))
            for name in layer.inputs
        }


def _integer_limits(layer: Layer, shapes: Shapes) -> dict[str, int]:
    """Return for each integer input the number below which all its uses are in range."""
    limits: dict[str, list[int]] = {name: [] for name in layer.integers}
    for element, axis, subscript in _subscripts(layer):
        for name in element_names(subscript):
            if name in limits:
                index = layer.axes[element.name][axis]
                limits[name].append(index_extent(layer, shapes, index))
    for name, extent in _compared_with(layer):
        if name in limits:
            limits[name].append(index_extent(layer, shapes, extent.index))
    return {name: max(1, min(found, default=3)) for name, found in limits.items()}


def _compared_with(layer: Layer) -> Iterator[tuple[str, IndexValue]]:
    for statement in layer.statements:
        for part in walk(statement.value):
            if isinstance(part, (Compare, Delta)):
                for one, other in ((part.left, part.right), (part.right, part.left)):
                    if isinstance(one, Element) and isinstance(other, IndexValue):
                        yield one.name, other


def draw_cotangents(outputs: Mapping[str, Any], rng: np.random.Generator) -> Arrays:
    """Return a random incoming gradient for each output; never ones, which hide mistakes."""
    return {name: np.asarray(rng.normal(size=np.shape(value))) for name, value in outputs.items()}


def draw_inside_domain(
    layer: Layer,
    shapes: Shapes,
    rng: np.random.Generator,
    forward: Callable[[Arrays], Mapping[str, np.ndarray]],
    samplers: Mapping[str, Sampler] = SAMPLERS,
) -> tuple[Arrays, Mapping[str, np.ndarray]]:
    """Return the first inputs whose outputs are finite, or those with the fewest that are not.

    Raises:
        ShapeError: the formula has a value on none of the inputs.
    """
    best: tuple[int, Arrays, Mapping[str, np.ndarray]] | None = None
    failure: ShapeError | None = None
    for inputs in draw_samples(layer, shapes, rng, samplers):
        try:
            values = forward(inputs)
        except ShapeError as error:
            failure = error
            continue
        bad = sum(int(np.count_nonzero(~np.isfinite(v))) for v in values.values())
        if best is None or bad < best[0]:
            best = (bad, inputs, values)
        if bad == 0:
            break
    if best is None:
        raise failure or AssertionError("no inputs were drawn")
    return best[1], best[2]
