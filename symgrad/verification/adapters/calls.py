"""Define what an adapter is given and what it makes: one call of an implementation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from inspect import Parameter, signature
from typing import Any, Protocol

import numpy as np

from symgrad.language.layer import Layer
from symgrad.rendering.code import python_name

Arrays = Mapping[str, np.ndarray]
POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class ImplementationError(ValueError):
    """Something that is no implementation of a layer, of any kind that can be checked."""


@dataclass(frozen=True)
class Taken:
    """The arguments that a callable takes by position.

    Attributes:
        names: their names, in order, without `self` or `ctx`.
        required: how many have no default.
        open_ended: whether it takes any number, `*args`.
        keywords: whether it takes any keyword, `**options`.
        by_keyword: the names that can be given as keywords.
    """

    names: tuple[str, ...]
    required: int
    open_ended: bool
    keywords: bool
    by_keyword: frozenset[str]

    def accepts(self, count: int) -> bool:
        """Say whether it can be called with so many arguments."""
        return self.required <= count and (self.open_ended or count <= len(self.names))


@dataclass(frozen=True)
class Given:
    """What one call gives to an implementation.

    Attributes:
        layer: the layer that it implements.
        arrays: the inputs, by name.
        constants: constants that are not the layer's own, by name.
        functions: the callables for opaque functions.
        labels: the name of the gradient of each input, {"x": "dx"}.
        own_constants: whether the layer's own constants are given too, in place of defaults.
    """

    layer: Layer
    arrays: Arrays
    constants: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    own_constants: bool = False

    def keywords(self, takes: Taken) -> dict[str, Any]:
        """Return the constants and the opaque functions that a callable has keywords for."""
        functions = {python_name(name): value for name, value in self.functions.items()}
        if not takes.keywords:
            functions = {n: value for n, value in functions.items() if n in takes.by_keyword}
        found = {**functions, **{python_name(n): value for n, value in self.constants.items()}}
        if self.own_constants:
            for name, value in self.layer.constants.items():
                if python_name(name) in takes.by_keyword:
                    found.setdefault(python_name(name), number(value))
        return found


def number(value: Any) -> int | float:
    """Return a constant as Python writes it: a fraction as int or float."""
    whole = isinstance(value, int) or (isinstance(value, Fraction) and value.denominator == 1)
    return int(value) if whole else float(value)


class Session(Protocol):
    """One call: forward once, then backward as often as it is called."""

    def forward(self) -> dict[str, Any]:
        """Return the outputs by name."""

    def backward(self, incoming: Arrays) -> dict[str, Any]:
        """Return the gradients by input; one that is nowhere to be found is None."""


def taken_by(function: Callable[..., Any], skip: int = 0) -> Taken:
    """Return what a callable takes, without the first `skip` arguments."""
    try:
        parts = list(signature(function).parameters.values())
    except (TypeError, ValueError):  # a builtin says nothing
        return Taken((), 0, True, True, frozenset())
    by_position = [part for part in parts if part.kind in POSITIONAL][skip:]
    return Taken(
        tuple(part.name for part in by_position),
        sum(part.default is Parameter.empty for part in by_position),
        any(part.kind is Parameter.VAR_POSITIONAL for part in parts),
        any(part.kind is Parameter.VAR_KEYWORD for part in parts),
        frozenset(part.name for part in parts if part.kind is not Parameter.POSITIONAL_ONLY),
    )


def plain(name: str) -> str:
    """Return a name without what differs from one author to the next: case and underscores."""
    return name.replace("_", "").casefold()


def matched(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...] | None:
    """Return the known name that each of the names means; None unless each means one of its own."""
    found = [_meant(name, known) for name in names]
    meant = tuple(name for name in found if name is not None)
    return meant if len(meant) == len(names) == len(set(meant)) else None


def _meant(name: str, known: Sequence[str]) -> str | None:
    if name in known:
        return name
    near = [other for other in known if plain(other) == plain(name)]
    return near[0] if len(near) == 1 else None


def named_outputs(layer: Layer, returned: Any) -> dict[str, Any]:
    """Return the outputs by name.

    Raises:
        TypeError: they are not as many as the layer has.
    """
    names = layer.outputs
    values = (returned,) if len(names) == 1 else returned
    if not isinstance(values, (tuple, list)) or len(values) != len(names):
        raise TypeError(f"forward returned no tuple of {len(names)}: {', '.join(names)}")
    return dict(zip(names, values, strict=True))
