"""Call a `torch.autograd.Function`, with tensors that share the arrays' memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symgrad.rendering.code import python_name
from symgrad.verification.adapters.calls import Given, named_outputs, number, taken_by


def fits_torch(implementation: Any) -> bool:
    """Say whether it is a subclass of torch.autograd.Function; torch is not imported for that."""
    return isinstance(implementation, type) and any(
        base.__module__ == "torch.autograd.function" and base.__name__ == "Function"
        for base in implementation.__mro__
    )


@dataclass
class TorchSession:
    """One `apply`, whose graph is kept for several backward passes."""

    given: Given
    function: Any
    tensors: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    def forward(self) -> dict[str, Any]:
        """Return the outputs as arrays, by name."""
        import torch

        layer = self.given.layer
        self.tensors = {}
        for name in layer.inputs:
            tensor = torch.from_numpy(np.asarray(self.given.arrays[name]))
            self.tensors[name] = tensor.requires_grad_() if name in layer.wrt else tensor
        returned = self.function.apply(*self.tensors.values(), *self._constants())
        self.outputs = named_outputs(layer, returned)
        return {name: tensor.detach().numpy() for name, tensor in self.outputs.items()}

    def backward(self, incoming: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Return the gradients as arrays, by input; None where there is none."""
        import torch

        wrt = self.given.layer.wrt
        found = torch.autograd.grad(
            tuple(self.outputs.values()),
            tuple(self.tensors[name] for name in wrt),
            tuple(torch.from_numpy(np.asarray(incoming[name])) for name in self.outputs),
            retain_graph=True,
            allow_unused=True,
        )
        values = [None if part is None else part.detach().numpy() for part in found]
        return dict(zip(wrt, values, strict=True))

    def _constants(self) -> list[Any]:
        """Return the constants that forward takes behind the inputs, in its order."""
        layer = self.given.layer
        names = taken_by(self.function.forward).names
        known = {python_name(name): value for name, value in layer.constants.items()}
        known.update({python_name(n): value for n, value in self.given.constants.items()})
        setup = "setup_context" in vars(self.function)
        behind = names[len(layer.inputs) + (0 if setup else 1) :]
        return [number(known[name]) for name in behind if name in known]


def open_torch(implementation: Any, given: Given) -> TorchSession:
    """Make one call of the function."""
    return TorchSession(given, implementation)
