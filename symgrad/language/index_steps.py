"""Find what multiplies an index or divides in a layer: it must be 1 or more."""

from __future__ import annotations

from collections.abc import Iterator

from symgrad.language.expr import Delta, Element, Expr, FloorDiv, Mod, walk
from symgrad.language.index_expressions import steps
from symgrad.language.layer import Layer


def steps_of(layer: Layer) -> tuple[str, ...]:
    """Return the names of what multiplies an index or divides, in the order of the formula."""
    found = (step.name for place in _places(layer) for step in steps(place))
    return tuple(dict.fromkeys(found))


def _places(layer: Layer) -> Iterator[Expr]:
    """Yield the index arithmetic of a layer, extents included."""
    for part in (part for statement in layer.statements for part in walk(statement.value)):
        yield from (index.extent for index in part.bound if index.extent is not None)
        if isinstance(part, Element):
            yield from part.subscripts
        elif isinstance(part, Delta):
            yield from (part.left, part.right)
        elif isinstance(part, (FloorDiv, Mod)):
            yield part
    axes = (index for name in layer.axes for index in layer.axes[name])
    yield from (index.extent for index in axes if index.extent is not None)
