"""Define a statement of a layer: `target[subscripts] = value`."""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.errors import Span
from symgrad.language.expr import Expr, Index, IndexValue


@dataclass(frozen=True)
class Statement:
    """One assignment.

    Attributes:
        name: the tensor or scalar that is assigned.
        subscripts: one expression an axis; `IndexValue` of an index of its own for a plain one.
        value: the right-hand side.
    """

    name: str
    subscripts: tuple[Expr, ...]
    value: Expr

    @property
    def indices(self) -> tuple[Index, ...]:
        """The plain indices of the left-hand side, in order."""
        return tuple(part.index for part in self.subscripts if isinstance(part, IndexValue))


@dataclass(frozen=True)
class Construct:
    """Something the language has and a later stage may lack.

    Attributes:
        kind: what it is, as a message names it: "index arithmetic", "pad", "a recurrence".
        span: where it stands in the formula.
    """

    kind: str
    span: Span
