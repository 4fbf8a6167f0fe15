"""Hold how far the axes of tensors reach, as printers and passes over statements need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from symgrad.language.base import Expr


@dataclass(frozen=True)
class Lengths:
    """How far tensors reach.

    Attributes:
        axes: the length of each axis, by tensor.
        places: for a tensor that holds places, as an arg-max does, the length of what they are in.
    """

    axes: Mapping[str, Sequence[Expr | None]] = field(default_factory=dict)
    places: Mapping[str, Expr | None] = field(default_factory=dict)

    def of(self, name: str) -> Sequence[Expr | None]:
        """Return the lengths of a tensor's axes; nothing where they are not known."""
        return self.axes.get(name, ())


NO_LENGTHS = Lengths()
