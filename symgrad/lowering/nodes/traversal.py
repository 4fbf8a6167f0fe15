"""Walk and rewrite array expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from symgrad.lowering.nodes.arrays import Array, Variable


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


def map_children(array: Array, function: Callable[[Array], Array]) -> Array:
    """Return the same node with `function` applied to the arrays directly inside it."""
    return _with_children(array, [function(child) for child in _children(array)])


def _with_children(array: Array, new: Sequence[Array]) -> Array:
    """Return the same node with other arrays directly inside it."""
    if all(a is b for a, b in zip(_children(array), new, strict=True)):
        return array
    rest = iter(new)
    return type(array)(*(_filled(part, rest) for part in array.parts()))


def _filled(part: Any, rest: Iterator[Array]) -> Any:
    """Return a field with the next of `rest` for each array in it."""
    if isinstance(part, Array):
        return next(rest)
    if isinstance(part, tuple):
        return tuple([_filled(item, rest) for item in part])
    return part


def rewrite(array: Array, function: Callable[[Array], Array | None]) -> Array:
    """Rewrite from the outside in: where `function` returns an array, it stands instead.

    A stack of its own: a sum of hundreds of terms is as many nodes deep.
    """
    done: list[Array] = []
    stack = [(array, False)]
    while stack:
        current, inside_done = stack.pop()
        count = len(_children(current))
        if inside_done:
            new: Array | None = _with_children(current, done[len(done) - count :])
            del done[len(done) - count :]
        else:
            new = function(current) if count else function(current) or current
            if new is None:
                stack.append((current, True))
                stack.extend((child, False) for child in reversed(_children(current)))
        if new is not None:
            done.append(new)
    return done[0]


def variables(array: Array) -> Iterator[Variable]:
    """Yield the variables read, in order, with repetitions."""
    return (part for part in walk(array) if isinstance(part, Variable))
