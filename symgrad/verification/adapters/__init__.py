"""Call implementations of the usual kinds: one row a kind, found by inspection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from symgrad.verification.adapters.calls import Given, ImplementationError, Session
from symgrad.verification.adapters.classes import fits_class, open_class
from symgrad.verification.adapters.functions import fits_pair, open_pair
from symgrad.verification.adapters.torch_functions import fits_torch, open_torch

__all__ = ["ADAPTERS", "Adapter", "Given", "ImplementationError", "Session", "adapter_for"]


@dataclass(frozen=True)
class Adapter:
    """A kind of implementation.

    Attributes:
        kind: what it is called.
        looks: what it looks like, as an error says it.
        fits: whether an implementation is of this kind.
        open: makes one call of it.
        options: what takes its constants.
    """

    kind: str
    looks: str
    fits: Callable[[Any], bool]
    open: Callable[[Any, Given], Session]
    options: Callable[[Any], Any] = lambda implementation: implementation


ADAPTERS: tuple[Adapter, ...] = (
    Adapter(
        "a pair of functions",
        "(forward, backward): forward(*inputs) -> output or (output, cache), "
        "backward(dout, cache) or backward(dout, *inputs)",
        fits_pair,
        open_pair,
        lambda implementation: implementation[0],
    ),
    Adapter(
        "a torch.autograd.Function",
        "a subclass of torch.autograd.Function, called with apply(*inputs)",
        fits_torch,
        open_torch,
        lambda implementation: implementation.forward,
    ),
    Adapter(
        "a class",
        "a class with forward(*inputs) and backward(*gradients of the outputs); inputs that "
        "forward does not take go to the constructor, or become attributes",
        fits_class,
        open_class,
    ),
)


def adapter_for(implementation: Any) -> Adapter:
    """Return the first kind that fits.

    Raises:
        ImplementationError: none does; the message says what was looked for.
    """
    for adapter in ADAPTERS:
        if adapter.fits(implementation):
            return adapter
    name = getattr(implementation, "__name__", None) or type(implementation).__name__
    looked_for = "\n".join(f"  {adapter.kind}: {adapter.looks}" for adapter in ADAPTERS)
    raise ImplementationError(f"{name} is no implementation of a layer; looked for\n{looked_for}")
