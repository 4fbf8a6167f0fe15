"""Print statements: left side, right side, and the ranges that neither of them shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symgrad.formats.layout import Page, bound, page_for
from symgrad.formats.notation import Notation
from symgrad.language.affine import largest, simplified
from symgrad.language.expr import (
    ONE,
    ZERO,
    ArgReduce,
    Compare,
    Delta,
    Element,
    Expr,
    Index,
    IndexValue,
    Pad,
    children,
    free_indices,
    subtract,
    walk,
)
from symgrad.language.lengths import NO_LENGTHS, Lengths
from symgrad.language.statement import Statement


def printed_statement(
    notation: Notation,
    statement: Statement,
    lengths: Lengths = NO_LENGTHS,
    ranges: bool = False,
) -> str:
    """Return a statement in a notation, every sum written out.

    Args:
        notation: how things are spelled.
        statement: what is printed.
        lengths: how far the axes of tensors reach.
        ranges: whether to print how far the indices run whose range the right side does not show.
    """
    target = Element(statement.name, statement.subscripts)
    page = page_for(notation, (target, statement.value), statement.indices, None, lengths)
    found = _open_ranges(statement, page) if ranges else ()
    bounds = [bound(index, page, compact=False) for index in found]
    return notation.statement(page.text(target), page.text(statement.value), bounds)


def _open_ranges(statement: Statement, page: Page) -> Iterator[Index]:
    """Yield the left indices that the right side mentions and whose range it does not give."""
    reads = list(_reads(statement.value))
    for index in statement.indices:
        given = _give_range(reads, index, page.lengths)
        compared = any(_is_compared(part, index, page.lengths) for part in walk(statement.value))
        if index in free_indices(statement.value) and not given and not compared:
            yield index


def _is_compared(part: Expr, index: Index, lengths: Lengths) -> bool:
    """Say whether an index is compared with one of its own range, or with a place in it."""
    if not isinstance(part, (Compare, Delta)):
        return False
    sides = ((part.left, part.right), (part.right, part.left))
    return any(
        side == IndexValue(index) and _range_of(other, lengths) == index.extent
        for side, other in sides
    )


def _range_of(expr: Expr, lengths: Lengths) -> Expr | None:
    """Return how far the index runs that an expression is, or is a place of."""
    if isinstance(expr, (IndexValue, ArgReduce)):
        return expr.index.extent
    return lengths.places.get(expr.name) if isinstance(expr, Element) else None


def _reads(expr: Expr) -> Iterator[tuple[Element, bool]]:
    """Yield each element that is read, with whether `pad` lets it leave its tensor."""
    if isinstance(expr, Pad):
        yield expr.element, True
        for part in (*expr.element.subscripts, expr.value):
            yield from _reads(part)
        return
    if isinstance(expr, Element):
        yield expr, False
    for part in children(expr):
        yield from _reads(part)


def _give_range(reads: Sequence[tuple[Element, bool]], index: Index, lengths: Lengths) -> bool:
    """Say whether reads show how far an index runs: alone on axes, or else to the very end of one.

    Where it stands alone on axes of several lengths, none of them is its range.
    """
    places = [
        (place, length, padded)
        for read, padded in reads
        for place, length in zip(read.subscripts, lengths.of(read.name), strict=False)
        if length is not None and index in free_indices(place)
    ]
    alone = [length for place, length, _ in places if place == IndexValue(index)]
    if alone:
        return all(length == index.extent for length in alone)
    return any(not padded and _ends(place, length) for place, length, padded in places)


def _ends(place: Expr, length: Expr) -> bool:
    """Say whether the last place that is read is the last one of its axis."""
    reach = largest(place)
    return reach is not None and simplified(subtract(subtract(length, ONE), reach)) == ZERO
