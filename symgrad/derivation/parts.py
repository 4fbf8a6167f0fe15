"""Define the body of a value that several statements fill in parts, as a concatenation is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from symgrad.language.expr import Expr, Index, IndexValue, node, ordered_free_indices
from symgrad.language.statement import Statement


@node
class Part(Expr):
    """value at the places `target`, for every value of the indices, which are bound here."""

    indices: tuple[Index, ...]
    target: tuple[Expr, ...]
    value: Expr

    @property
    def bound(self) -> tuple[Index, ...]:
        """The indices that run over the part."""
        return self.indices


@node
class Parts(Expr):
    """The parts of one value; each place lies in exactly one of them."""

    parts_: tuple[Part, ...]


def part_of(statement: Statement, value: Expr) -> Part:
    """Return what a statement fills with a value."""
    indices = {i: None for part in statement.subscripts for i in ordered_free_indices(part)}
    return Part(tuple(indices), statement.subscripts, value)


def filled_in_parts(statements: Sequence[Statement]) -> frozenset[str]:
    """Return the tensors that several statements fill, or one at places that are computed."""
    counts = Counter(statement.name for statement in statements)
    return frozenset(
        statement.name
        for statement in statements
        if counts[statement.name] > 1
        or not all(isinstance(part, IndexValue) for part in statement.subscripts)
    )


def statements_of(statement: Statement) -> tuple[Statement, ...]:
    """Return a statement for each part of a value, or the statement itself."""
    value = statement.value
    if not isinstance(value, Parts):
        return (statement,)
    return tuple(Statement(statement.name, part.target, part.value) for part in value.parts_)
