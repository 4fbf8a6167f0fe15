"""Walk and rewrite array expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from symgrad.lowering.arrays import Array, Variable


def _arrays_in(part: Any) -> Iterator[Array]:
    if isinstance(part, Array):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from _arrays_in(item)


def children(array: Array) -> Iterator[Array]:
    """Return the arrays directly inside `array`, in order."""
    return iter(_children(array))


def _children(array: Array) -> tuple[Array, ...]:
    cached: tuple[Array, ...] | None = array.__dict__.get("_children")
    if cached is None:
        cached = tuple(inner for part in array.parts() for inner in _arrays_in(part))
        object.__setattr__(array, "_children", cached)
    return cached


def walk(array: Array) -> Iterator[Array]:
    """Yield `array` and everything inside it, outermost first."""
    stack = [array]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(_children(current)))


def _map_part(part: Any, function: Callable[[Array], Array]) -> Any:
    if isinstance(part, Array):
        return function(part)
    if isinstance(part, tuple):
        return tuple(_map_part(item, function) for item in part)
    return part


def map_children(array: Array, function: Callable[[Array], Array]) -> Array:
    """Return the same node with `function` applied to the arrays directly inside it."""
    parts = array.parts()
    new = tuple(_map_part(part, function) for part in parts)
    return array if new == parts else type(array)(*new)


def rewrite(array: Array, function: Callable[[Array], Array | None]) -> Array:
    """Rewrite from the outside in: where `function` returns an array, it stands instead."""
    new = function(array)
    return new if new is not None else map_children(array, lambda part: rewrite(part, function))


def variables(array: Array) -> Iterator[Variable]:
    """Yield the variables read, in order, with repetitions."""
    return (part for part in walk(array) if isinstance(part, Variable))
