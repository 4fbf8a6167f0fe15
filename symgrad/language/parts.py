"""Check that the statements which fill one tensor in parts cover it exactly once.

What the formula alone decides is decided here; sizes that only a call knows are checked at the
call. A part is a statement whose left side has more than plain indices: `y[i, size(x,1)+j] = z_ij`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.errors import Span
from symgrad.language.accesses import positions
from symgrad.language.affine import is_nonnegative, simplified
from symgrad.language.expr import (
    ONE,
    ZERO,
    AxisLength,
    Expr,
    IndexValue,
    add,
    as_expr,
    free_indices,
    replace,
    subtract,
)
from symgrad.language.scope import AxisUse, Place, Reading
from symgrad.language.statement import Statement


@dataclass(frozen=True)
class Part:
    """The places that one statement assigns along one axis: `count` of them in first..end-1."""

    first: Expr
    end: Expr
    count: Expr
    span: Span

    @property
    def is_run(self) -> bool:
        """Whether the places are first..end-1 without a gap."""
        return simplified(subtract(subtract(self.end, self.first), self.count)) == ZERO


def joined_axes(reading: Reading) -> tuple[Place, ...]:
    """Return the axes of assigned tensors that are filled in parts, in the order of the text.

    A place before or behind the array, which starts a recurrence, is no part of it.
    """
    found: dict[Place, None] = {}
    for use in reading.axis_uses:
        if not use.target or isinstance(use.subscript, IndexValue):
            continue
        if free_indices(use.subscript) or not reading.is_recurrent(use.name):
            found[use.name, use.axis] = None
    return tuple(found)


def check_parts(reading: Reading, statements: Sequence[Statement], axes: Sequence[Place]) -> None:
    """Refuse parts that overlap or leave places out whatever the sizes are.

    Raises:
        FormulaError: at the part concerned.
    """
    for name in dict.fromkeys(name for name, _ in axes):
        own = [axis for part, axis in axes if part == name]
        rows = [_parts(reading, statements, name, axis) for axis in own]
        columns = list(zip(*rows, strict=True))
        _refuse_equal(reading, name, columns)
        if len(own) == 1:
            _check_row(reading, name, rows[0])


def _parts(
    reading: Reading, statements: Sequence[Statement], name: str, axis: int
) -> tuple[Part, ...]:
    uses = [u for u in reading.axis_uses if u.target and (u.name, u.axis) == (name, axis)]
    return tuple(_part(use, statements[use.statement]) for use in uses)


def _part(use: AxisUse, statement: Statement) -> Part:
    found = positions(statement.subscripts[use.axis])
    assert found is not None, "a left-hand side is affine"
    return Part(*found, use.span)


def _refuse_equal(reading: Reading, name: str, columns: Sequence[tuple[Part, ...]]) -> None:
    """Two parts that begin at one place overlap there."""
    seen: dict[tuple[Expr, ...], Part] = {}
    for column in columns:
        starts = tuple(part.first for part in column)
        if starts in seen:
            _refuse_overlap(reading, name, seen[starts], column[0])
        seen[starts] = column[0]


def _check_row(reading: Reading, name: str, parts: Sequence[Part]) -> None:
    """Lay the parts side by side along their axis, from 0 on."""
    for part in parts:
        _check_part(reading, name, part, alone=len(parts) == 1)
    reached: Expr = ZERO
    left = list(parts)
    while left:
        fitting = [part for part in left if part.is_run and part.first == reached]
        if not fitting:
            break
        left.remove(fitting[0])
        reached = fitting[0].end
    for one in left:
        for other in parts:
            if one is not other and one.is_run and other.is_run and _is_inside(one.first, other):
                _refuse_overlap(reading, name, other, one)
    if left and all(_is_less(reached, part.first) for part in left):
        reading.fail(
            f"{name} has places that no statement assigns",
            left[0].span,
            "let the first part begin at 0, and each where the one before it ends",
        )


def _check_part(reading: Reading, name: str, part: Part, *, alone: bool) -> None:
    room = subtract(part.end, part.first)
    if is_nonnegative(_of_two(subtract(part.count, add(room, ONE)))):
        reading.fail(
            f"two values of the indices assign one place of {name}",
            part.span,
            "put one index into each subscript of the left-hand side, and reduce on the right",
        )
    if alone and is_nonnegative(_of_two(subtract(room, add(part.count, ONE)))):
        reading.fail(
            f"{name} has places that no statement assigns",
            part.span,
            f"assign the others too, or write {name}_p = sum_i delta(p, ...)*..., 0 elsewhere",
        )


def _refuse_overlap(reading: Reading, name: str, first: Part, second: Part) -> None:
    reading.fail(
        f"two statements assign the same places of {name}",
        [first.span, second.span],
        f"let the second part begin where the first ends: {name}[size(...) + j] = ...",
    )


def _is_inside(place: Expr, part: Part) -> bool:
    return _is_nonnegative(subtract(place, part.first)) and _is_less(place, part.end)


def _is_less(left: Expr, right: Expr) -> bool:
    return _is_nonnegative(subtract(subtract(right, left), ONE))


def _is_nonnegative(expr: Expr) -> bool:
    return is_nonnegative(_of_at_least(expr, 1))


def _of_two(expr: Expr) -> Expr:
    return _of_at_least(expr, 2)


def _of_at_least(expr: Expr, least: int) -> Expr:
    """Return the expression in what the lengths exceed `least` by: parts may be empty at a call."""

    def visit(part: Expr) -> Expr | None:
        return add(part, as_expr(least)) if isinstance(part, AxisLength) else None

    return replace(simplified(expr), visit)
