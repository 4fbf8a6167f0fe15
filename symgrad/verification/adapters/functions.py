"""Call a pair of functions, forward and backward, with or without a cache between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symgrad.verification.adapters.calls import (
    Given,
    ImplementationError,
    matched,
    named_outputs,
    plain,
    taken_by,
)
from symgrad.verification.adapters.returned import gradients_of

CACHES = ("cache", "ctx", "saved", "context", "memo", "residuals", "tape")
# how the incoming gradient of an output y is called; the last two of the only output
UPSTREAM = ("d{}", "grad_{}", "{}_grad", "g{}", "dout", "gradoutput", "upstream", "grad", "g", "dl")


def fits_pair(implementation: Any) -> bool:
    """Say whether it is two functions: forward, backward."""
    return (
        isinstance(implementation, (tuple, list))
        and len(implementation) == 2
        and all(callable(part) for part in implementation)
    )


@dataclass
class PairSession:
    """Two functions, and what the first returned beside the outputs."""

    given: Given
    functions: tuple[Callable[..., Any], Callable[..., Any]]
    cache: Any = None
    has_cache: bool = False
    outputs: dict[str, Any] = field(default_factory=dict)

    def forward(self) -> dict[str, Any]:
        """Return the outputs by name; keep the cache."""
        function, layer = self.functions[0], self.given.layer
        takes = taken_by(function)
        names = matched(takes.names[: len(layer.inputs)], layer.inputs) or layer.inputs
        names = names if len(names) == len(layer.inputs) else layer.inputs
        keywords = self.given.keywords(takes)
        returned = function(*(self.given.arrays[name][()] for name in names), **keywords)
        count = len(layer.outputs)
        self.has_cache = isinstance(returned, tuple) and len(returned) == count + 1
        if self.has_cache:
            *values, self.cache = returned
            returned = values[0] if count == 1 else tuple(values)
        self.outputs = named_outputs(layer, returned)
        return self.outputs

    def backward(self, incoming: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Return the gradients by input."""
        layer = self.given.layer
        returned = self.functions[1](*self._arguments(incoming))
        return gradients_of(self.given, returned, None, layer.inputs, ())

    def _arguments(self, incoming: Mapping[str, np.ndarray]) -> list[Any]:
        """Return what backward takes: by the names of its arguments, or by their number."""
        layer = self.given.layer
        upstream = [incoming[name][()] for name in layer.outputs]
        inputs = [self.given.arrays[name][()] for name in layer.inputs]
        takes = taken_by(self.functions[1])
        known = self._known(incoming)
        wanted = takes.names[: takes.required or len(takes.names)]
        if wanted and all(plain(name) in known for name in wanted):
            return [known[plain(name)] for name in wanted]
        choices = [[*upstream, self.cache]] if self.has_cache else []
        choices += [[*upstream, *inputs], [*upstream, *inputs, *self.outputs.values()], upstream]
        for arguments in choices:
            if takes.accepts(len(arguments)):
                return arguments
        raise ImplementationError(
            f"backward takes ({', '.join(takes.names)}); looked for the incoming gradient "
            "followed by the cache that forward returned beside its output, or by the inputs"
        )

    def _known(self, incoming: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Return what an argument of backward may mean, by its name."""
        layer = self.given.layer
        known: dict[str, Any] = {}
        for name in layer.outputs:
            spellings = UPSTREAM[:4] if len(layer.outputs) > 1 else UPSTREAM
            known.update({plain(word.format(name)): incoming[name][()] for word in spellings})
        known.update({plain(name): value for name, value in self.outputs.items()})
        known.update({plain(name): self.given.arrays[name][()] for name in layer.inputs})
        if self.has_cache:
            known.update(dict.fromkeys(CACHES, self.cache))
        return known


def open_pair(implementation: Any, given: Given) -> PairSession:
    """Make one call of the two functions."""
    return PairSession(given, tuple(implementation))
