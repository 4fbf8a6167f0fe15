"""Call a class with forward and backward: parameters in forward, the constructor, or attributes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import getattr_static
from typing import Any

import numpy as np

from symgrad.verification.adapters.calls import (
    Given,
    ImplementationError,
    Taken,
    matched,
    named_outputs,
    plain,
    taken_by,
)
from symgrad.verification.adapters.returned import gradients_of

# dicts and lists of an object that hold its parameters
PARAMETERS = ("params", "parameters", "weights", "_params")
_MOST_SIZES = 4


def fits_class(implementation: Any) -> bool:
    """Say whether it is a class with forward and backward, or makes objects that have them."""
    if isinstance(implementation, type):
        return all(hasattr(implementation, word) for word in ("forward", "backward"))
    return callable(implementation)


@dataclass
class ClassSession:
    """An object of the class, with the inputs that its forward takes and those it keeps."""

    given: Given
    instance: Any
    passed: tuple[str, ...]
    kept: tuple[str, ...]

    def forward(self) -> dict[str, Any]:
        """Return the outputs by name."""
        arguments = (_argument(self.given.arrays[name]) for name in self.passed)
        return named_outputs(self.given.layer, self.instance.forward(*arguments))

    def backward(self, incoming: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Return the gradients by input, from what backward returns and from attributes."""
        arguments = (_argument(incoming[name]) for name in self.given.layer.outputs)
        returned = self.instance.backward(*arguments)
        return gradients_of(self.given, returned, self.instance, self.passed, self.kept)


def _argument(array: np.ndarray) -> Any:
    """Return the array itself; a number where it has no axes."""
    return array[()] if isinstance(array, np.ndarray) and not array.ndim else array


def open_class(implementation: Any, given: Given) -> ClassSession:
    """Make an object of the class for one call.

    Raises:
        ImplementationError: forward takes more arguments than the formula has inputs.
    """
    passed = passed_inputs(implementation, given)
    kept = tuple(name for name in (*given.layer.params, *given.layer.inputs) if name not in passed)
    kept = tuple(dict.fromkeys(kept))
    return ClassSession(given, _constructed(implementation, given, kept), passed, kept)


def passed_inputs(implementation: Any, given: Given) -> tuple[str, ...]:
    """Return the inputs that forward takes, in its order.

    Those are the ones that its arguments are named for, or else the first of the formula; all of
    them, or all but the declared parameters, where their number fits.
    """
    layer = given.layer
    others = tuple(name for name in layer.inputs if name not in layer.params)
    takes = _forward_takes(implementation)
    if takes is None or (layer.params and takes.accepts(len(others))):
        return others
    if takes.accepts(len(layer.inputs)):
        arguments = takes.names[: len(layer.inputs)]
        named = matched(arguments, layer.inputs) if not takes.open_ended else None
        return named if named is not None and len(named) == len(layer.inputs) else layer.inputs
    if takes.required > len(layer.inputs):
        raise ImplementationError(
            f"forward takes {takes.required} arguments ({', '.join(takes.names)}), "
            f"the formula has {len(layer.inputs)}: {', '.join(layer.inputs)}"
        )
    arguments = takes.names[: max(takes.required, 1)]
    return matched(arguments, layer.inputs) or layer.inputs[: len(arguments)]


def _forward_takes(implementation: Any) -> Taken | None:
    forward = getattr(implementation, "forward", None)
    if forward is None:
        return None
    static = isinstance(getattr_static(implementation, "forward"), (staticmethod, classmethod))
    return taken_by(forward, skip=int(isinstance(implementation, type) and not static))


# --- construction --------------------------------------------------------------------------------


def _constructed(implementation: Any, given: Given, kept: Sequence[str]) -> Any:
    """Return an object that holds the kept inputs.

    The constructor takes the arrays, or nothing, or the sizes of their axes; where it takes no
    arrays, they become attributes.
    """
    takes = taken_by(implementation)
    keywords = given.keywords(takes)
    free = [name for name in takes.names if name not in keywords]
    if (kept and takes.accepts(len(kept))) or not isinstance(implementation, type):
        try:
            order = matched(free[: len(kept)], kept) if not takes.open_ended else None
            arrays = [given.arrays[name] for name in order or kept]
            instance = implementation(*arrays, **keywords)
        except Exception:
            if takes.required == 0 or given.layer.params:
                raise
        else:
            return instance
    needed = [name for name in takes.names[: takes.required] if name not in keywords]
    for sizes in _sizes(given, kept, len(needed)):
        instance = implementation(*sizes, **keywords)
        if _holds(instance, given, kept):
            break
    else:
        raise ImplementationError(
            f"the constructor takes ({', '.join(takes.names)}): neither the arrays "
            f"({', '.join(kept)}) nor sizes of their axes"
        )
    for position, name in enumerate(kept):
        _set_parameter(instance, name, position, given.arrays[name])
    return instance


def _sizes(given: Given, kept: Sequence[str], count: int) -> Iterator[tuple[int, ...]]:
    """Yield the lengths that a constructor of `count` sizes may want, in every order."""
    if count == 0:
        yield ()
        return
    lengths = [length for name in kept for length in given.arrays[name].shape]
    distinct = list(dict.fromkeys(lengths))[:_MOST_SIZES]
    yield from itertools.product(distinct, repeat=min(count, _MOST_SIZES))


def _holds(instance: Any, given: Given, kept: Sequence[str]) -> bool:
    """Say whether the arrays that the object made itself have the shapes of the kept inputs."""
    for position, name in enumerate(kept):
        own = _own_parameter(instance, name, position)
        if own is not None and np.shape(own) != given.arrays[name].shape:
            return False
    return True


def _own_parameter(instance: Any, name: str, position: int) -> Any:
    word = _attribute_of(instance, name)
    if word is not None:
        return getattr(instance, word)
    for collection, key in _places(instance, name, position):
        return collection[key]
    return None


def _set_parameter(instance: Any, name: str, position: int, value: np.ndarray) -> None:
    places = list(_places(instance, name, position))
    for collection, key in places:
        collection[key] = value
    word = _attribute_of(instance, name)
    if word is not None or not places:
        setattr(instance, word or name, value)


def _attribute_of(instance: Any, name: str) -> str | None:
    """Return the attribute that is called like the input; exact case first."""
    if hasattr(instance, name):
        return name
    words = getattr(instance, "__dict__", {})
    return next((word for word in words if plain(word) == plain(name)), None)


def _places(instance: Any, name: str, position: int) -> Iterator[tuple[Any, Any]]:
    """Yield the dict or list, with the key, that holds a parameter."""
    for word in PARAMETERS:
        collection = getattr(instance, word, None)
        if isinstance(collection, dict):
            keys = [key for key in collection if plain(str(key)) == plain(name)]
            yield from ((collection, key) for key in keys[:1])
        elif isinstance(collection, list) and position < len(collection):
            yield collection, position
