"""Arrange the statements of a kernel in loops, as few as their order allows."""

from __future__ import annotations

from dataclasses import dataclass, field

from symgrad.rendering.numba.grouping import is_light, replaced
from symgrad.rendering.numba.statements import Statement


@dataclass(eq=False)
class Loop:
    """A loop and what stands in it."""

    number: int
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Begin:
    """A sum or maximum begins."""

    statement: Statement


@dataclass(frozen=True, eq=False)
class Compute:
    """A value is computed, or added to a sum or maximum."""

    statement: Statement


@dataclass(frozen=True, eq=False)
class Finish:
    """A sum or maximum is complete."""

    statement: Statement


Node = Loop | Begin | Compute | Finish
Path = tuple[Loop, ...]


def arranged(members: list[Statement], stored: set[str]) -> tuple[Loop, list[Statement], set[str]]:
    """Return the outer loop, the statements as they stand in it, and the names kept for a row.

    A value that a later loop needs is read from the array where it is stored; computed again where
    that is light; else kept in an array of its own for one turn of the outer loop.

    Ends: each turn removes one reading of one name, or is the last.
    """
    members = list(members)
    while True:
        members = _read(members, stored)
        outer = Loop(0)
        for member in members:
            _place(outer.items, inner_loops(member), member)
        again = _unreachable(outer, members, stored)
        light = [(n, name) for n, name in again if is_light(_named(members, name))]
        if not light:
            return outer, members, {name for _, name in again}
        position, name = light[0]
        members[position] = _inlined(members[position], _named(members, name))


def inner_loops(statement: Statement) -> tuple[int, ...]:
    """Return the loops of a statement inside the outer one."""
    return statement.loops[1:]


def is_carried(statement: Statement) -> bool:
    """Say whether a sum goes on from one turn of the outer loop to the next."""
    return 0 in statement.reduced


def _read(members: list[Statement], stored: set[str]) -> list[Statement]:
    """Return the statements that are stored, or that another one reads."""
    while True:
        read = {name for member in members for name in member.reads()}
        kept = [m for m in members if m.name in stored or m.name in read or is_carried(m)]
        if len(kept) == len(members):
            return kept
        members = kept


def _named(members: list[Statement], name: str) -> Statement:
    return next(member for member in members if member.name == name)


def _inlined(statement: Statement, producer: Statement) -> Statement:
    body = statement.body
    for element in statement.elements():
        if element.name == producer.name:
            body = replaced(body, element, producer.body)
    return statement.with_body(body)


# --- placing -------------------------------------------------------------------------------------


def _place(items: list[Node], loops: tuple[int, ...], statement: Statement) -> None:
    """Put a statement into the first loops that may hold it."""
    needed = [n for n, item in enumerate(items) if _computed(item) & statement.reads()]
    last = max(needed, default=-1)
    if not loops:
        place = last + 1
        while place < len(items) and not isinstance(items[place], Loop):
            place += 1
        items.insert(place, Compute(statement))
        return
    place = next(
        (
            n
            for n, item in enumerate(items)
            if isinstance(item, Loop)
            and item.number == loops[0]
            and (n > last or (n == last and _goes_on(item, statement)))
        ),
        len(items),
    )
    if place == len(items):
        items.append(Loop(loops[0]))
    loop = items[place]
    if not isinstance(loop, Loop):
        raise AssertionError("a statement was placed in no loop")
    _place(loop.items, loops[1:], statement)
    if loops[0] in statement.reduced and not _inside_reduced(statement, loops[0]):
        end = place + 1
        while end < len(items) and isinstance(items[end], Finish):
            end += 1
        items.insert(end, Finish(statement))
        items.insert(place, Begin(statement))


def _inside_reduced(statement: Statement, loop: int) -> bool:
    """Say whether the loop around an inner loop is reduced too, so that the sum goes on."""
    before = inner_loops(statement)[: inner_loops(statement).index(loop)]
    return any(outer in statement.reduced for outer in before)


def _computed(item: Node) -> set[str]:
    if isinstance(item, Loop):
        return {name for inner in item.items for name in _computed(inner)}
    if isinstance(item, Begin):
        return set()
    return {item.statement.name}


def _goes_on(loop: Loop, statement: Statement) -> bool:
    """Say whether each turn of the loop computes what the statement reads, before it ends."""
    producers = (s for s in _statements(loop) if s.name in statement.reads())
    return all(loop.number not in producer.reduced for producer in producers)


def _statements(item: Node) -> list[Statement]:
    if isinstance(item, Loop):
        return [statement for inner in item.items for statement in _statements(inner)]
    return [item.statement]


# --- reach ---------------------------------------------------------------------------------------


def _paths(outer: Loop) -> dict[str, Path]:
    """Return for each name the loops that its value is known in."""
    found: dict[str, Path] = {}

    def visit(loop: Loop, path: Path) -> None:
        for item in loop.items:
            if isinstance(item, Loop):
                visit(item, (*path, item))
            elif isinstance(item, Begin) or not item.statement.op:
                found[item.statement.name] = path

    visit(outer, ())
    return found


def positions(outer: Loop) -> dict[str, Path]:
    """Return for each statement the loops that it is computed in."""
    found: dict[str, Path] = {}

    def visit(loop: Loop, path: Path) -> None:
        for item in loop.items:
            if isinstance(item, Loop):
                visit(item, (*path, item))
            elif isinstance(item, Compute):
                found[item.statement.name] = path

    visit(outer, ())
    return found


def reaches(outer: Loop, name: str, reader: str) -> bool:
    """Say whether a value is still known where another statement reads it."""
    path = _paths(outer).get(name)
    return path is not None and positions(outer)[reader][: len(path)] == path


def row_index(outer: Loop, statement: Statement, members: list[Statement]) -> tuple[int, ...]:
    """Return the loops that a kept row runs along: those that do not hold all its readers too."""
    where = positions(outer)
    common = _paths(outer)[statement.name]
    for member in members:
        if statement.name in member.reads():
            path = where[member.name]
            same = [a is b for a, b in zip(common, path, strict=False)]
            common = common[: (*same, False).index(False)]
    shared = {loop.number for loop in common}
    return tuple(loop for loop in statement.index[1:] if loop is not None and loop not in shared)


def _unreachable(outer: Loop, members: list[Statement], stored: set[str]) -> list[tuple[int, str]]:
    """Return (position, name) for values that are read where they are no longer known."""
    names = {member.name for member in members} - stored
    return [
        (position, name)
        for position, member in enumerate(members)
        for name in sorted(member.reads() & names)
        if not reaches(outer, name, member.name)
    ]
