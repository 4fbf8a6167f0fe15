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
class Agreement:
    """Two lengths of one axis of an assigned tensor, which must be equal at a call.

    Attributes:
        name: the tensor.
        axis: the axis.
        extent: how far indices run along it.
        own: how long the statement that assigns it makes it.
    """

    name: str
    axis: int
    extent: Expr
    own: Expr


@dataclass(frozen=True)
class Construct:
    """Something the language has and the derivation lacks.

    Attributes:
        kind: what it is, as a message names it: "a recurrence", "a matrix function".
        span: where it stands in the formula.
    """

    kind: str
    span: Span
