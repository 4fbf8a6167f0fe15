"""Define the note that goes with a step: which rule it used, on what.

A note holds no words: `formats.captions` has the sentence of each kind, in every language.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symgrad.language.expr import Expr

Value = Expr | int


@dataclass(frozen=True)
class Note:
    """What a reader is told about a step.

    Attributes:
        kind: a row of the captions.
        values: what the sentence mentions, by the name of its place there.
    """

    kind: str
    values: tuple[tuple[str, Value], ...] = ()

    def map(self, function: Callable[[Expr], Expr]) -> Note:
        """Return the note with `function` applied to the expressions that it mentions."""
        new = ((k, function(v) if isinstance(v, Expr) else v) for k, v in self.values)
        return Note(self.kind, tuple(new))
