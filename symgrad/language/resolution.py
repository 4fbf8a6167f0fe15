"""Give every index its extent, and write out what depends on extents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.errors import Span
from symgrad.language.affine import set_extent
from symgrad.language.expr import (
    ArgReduce,
    AxisLength,
    Element,
    Expr,
    Extent,
    Index,
    IndexValue,
    Number,
    children,
    replace,
)
from symgrad.language.extents import Extents
from symgrad.language.parts import check_parts
from symgrad.language.scope import AxisUse, Place, Reading
from symgrad.language.statement import Agreement, Statement
from symgrad.language.unbounded import refuse_unbounded


@dataclass(frozen=True)
class Resolved:
    """A layer's statements with extents, and its axes."""

    statements: tuple[Statement, ...]
    ranks: dict[str, int]
    axes: dict[str, tuple[Index, ...]]
    occurrences: dict[tuple[str, int], tuple[Span, ...]]
    agreements: tuple[Agreement, ...]


def resolve(reading: Reading, statements: Sequence[Statement], inputs: Sequence[str]) -> Resolved:
    """Return the statements once every index has its extent.

    Raises:
        FormulaError: at an index that nothing bounds, or an axis that a tensor does not have.
    """
    _check_lengths(reading)
    extents = Extents(reading, inputs)
    for use in reading.index_uses:
        set_extent(use.index, extents.of(use.index) or refuse_unbounded(reading, extents, use))
    for new, old in reading.copies:
        set_extent(new, old.extent)
    _check_sizes(reading, extents)
    statements = tuple(_write_sizes(statement, extents) for statement in statements)
    check_parts(reading, statements, extents.joined)
    uses = _uses_by_axis(reading)
    names = (*inputs, *dict.fromkeys(statement.name for statement in statements))
    ranks = {name: reading.ranks[name][0] if name in reading.ranks else 0 for name in names}
    return Resolved(
        statements,
        ranks,
        {name: _axes(name, ranks[name], uses, extents) for name in names},
        _occurrences(reading),
        tuple(_agreement(reading, *found) for found in extents.agreements()),
    )


def _agreement(reading: Reading, place: Place, extent: Expr, own: Expr) -> Agreement:
    if isinstance(extent, Number) and isinstance(own, Number):
        name, axis = place
        uses = [use.span for use in reading.axis_uses if (use.name, use.axis) == place]
        reading.fail(
            f"axis {axis} of {name} has {own.value} places, and an index runs over {extent.value}",
            uses[:1],
            "give both the same bound, or use another index for one of the two",
        )
    return Agreement(*place, extent, own)


def _check_lengths(reading: Reading) -> None:
    for name, axis, span in reading.lengths:
        if name not in reading.ranks:
            reading.fail(
                f"size({name}, {axis}): {name} is read nowhere else, so its axes are not known",
                span,
                f"read {name} with its subscripts in a statement",
            )
        rank = reading.ranks[name][0]
        if not -rank <= axis < rank:
            reading.fail(
                f"size({name}, {axis}): {name} has no axis {axis}",
                span,
                f"its axes are {', '.join(map(str, range(rank)))}"
                if rank
                else f"{name} is a scalar",
            )


def _check_sizes(reading: Reading, extents: Extents) -> None:
    """`size(k)` must mean one extent, whichever index k of the statement is taken."""
    for stand_in, statement, span in reading.sizes:
        extents.actual(stand_in)
        found = {
            use.index.extent
            for use in reading.index_uses
            if use.statement == statement and use.index.name == stand_in.name
        }
        if len(found) > 1:
            reading.fail(
                f"size({stand_in.name}): the statement has indices {stand_in.name} "
                "of different extents",
                span,
                f"write size(x, 0) for the axis you mean, or rename one {stand_in.name}",
            )


def _write_sizes(statement: Statement, extents: Extents) -> Statement:
    def visit(part: Expr) -> Expr | None:
        if isinstance(part, Extent) and extents.actual(part.index) is not part.index:
            return extents.of(extents.actual(part.index))
        if isinstance(part, AxisLength):
            place = extents.place(part)
            return AxisLength(*place) if place[0] in extents.inputs else extents.of(place)
        return None

    subscripts = tuple(replace(part, visit) for part in statement.subscripts)
    return Statement(statement.name, subscripts, replace(statement.value, visit))


def _uses_by_axis(reading: Reading) -> dict[tuple[str, int], list[AxisUse]]:
    found: dict[tuple[str, int], list[AxisUse]] = {}
    for use in reading.axis_uses:
        found.setdefault((use.name, use.axis), []).append(use)
    return found


def _axes(
    name: str, rank: int, uses: dict[tuple[str, int], list[AxisUse]], extents: Extents
) -> tuple[Index, ...]:
    """Return one index for each axis, with the letter that is used there first."""
    letters: list[str] = []
    for axis in range(rank):
        own = uses.get((name, axis), [])
        plain_first = sorted(own, key=lambda use: not isinstance(use.subscript, IndexValue))
        found = [letter for use in plain_first for letter in _moving_letters(use.subscript)]
        letters.append(found[0] if found else _free_letter(extents.reading, letters))
    return tuple(Index(letter, extents.of((name, axis))) for axis, letter in enumerate(letters))


def _moving_letters(subscript: Expr) -> list[str]:
    """Return the indices in arithmetic; those inside an integer tensor run along its own axes."""
    if isinstance(subscript, IndexValue):
        return [subscript.index.name]
    if isinstance(subscript, (Element, ArgReduce, Extent)):
        return []
    return [letter for part in children(subscript) for letter in _moving_letters(part)]


def _free_letter(reading: Reading, taken: Sequence[str]) -> str:
    used = {use.index.name for use in reading.index_uses}.union(taken)
    return next((letter for letter in "nmpqrstuvabcdefghijklowxyz" if letter not in used), "n")


def _occurrences(reading: Reading) -> dict[tuple[str, int], tuple[Span, ...]]:
    found: dict[tuple[str, int], list[Span]] = {}
    for use in sorted(reading.axis_uses, key=lambda use: use.span):
        found.setdefault((use.name, use.axis), []).append(use.span)
    return {place: tuple(spans) for place, spans in found.items()}
