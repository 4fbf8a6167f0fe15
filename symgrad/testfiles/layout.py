"""Lay nested calls, dicts and tuples out as a formatter does: on one line, or an item a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from symgrad.rendering.code import tuple_text
from symgrad.rendering.wrapping import INDENT, WIDTH


@dataclass(frozen=True)
class Group:
    """What stands in a pair of brackets, with a text in front of the opening one."""

    opening: str
    items: tuple[tuple[str, Group | str], ...]
    closing: str

    def flat(self) -> str:
        """Return the group on one line."""
        return f"{self.opening}{', '.join(head + _flat(item) for head, item in self.items)}" + (
            self.closing
        )


Piece = Group | str


def call(function: str, *args: Piece, **options: Piece) -> Group:
    """Return a call; an argument that is given by name stands behind the others."""
    items = [("", arg) for arg in args] + [(f"{name}=", arg) for name, arg in options.items()]
    return Group(f"{function}(", tuple(items), ")")


def series(items: Sequence[Piece]) -> Group:
    """Return a tuple; one of a single item stands on lines of its own."""
    return Group("(", tuple(("", item) for item in items), ")" if len(items) != 1 else ",)")


def pairs(entries: Mapping[str, Piece]) -> Group:
    """Return a tuple of pairs."""
    return series([series([quoted_text(key), piece]) for key, piece in entries.items()])


def dictionary(entries: Mapping[str, Piece]) -> Group:
    """Return a dict whose keys are the texts."""
    return Group(
        "{", tuple((f"{quoted_text(key)}: ", piece) for key, piece in entries.items()), "}"
    )


def names_tuple(names: Sequence[str]) -> str:
    """Return a tuple of texts."""
    return tuple_text([quoted_text(name) for name in names])


def quoted_text(text: str) -> str:
    """Return a name between double quotes; names hold no quotes of their own."""
    assert not set(text) & {'"', "\\"}, text
    return f'"{text}"'


def assignment(name: str, piece: Piece, indent: str = INDENT) -> list[str]:
    """Return the lines of `name = piece`, where they stand `indent` deep in the file."""
    return list(_lines(f"{name} = ", piece, "", len(indent)))


def _lines(head: str, piece: Piece, tail: str, depth: int) -> Iterator[str]:
    flat = f"{head}{_flat(piece)}{tail}"
    if isinstance(piece, str) or depth + len(flat) <= WIDTH:
        yield flat
        return
    yield f"{head}{piece.opening}"
    for inner, item in piece.items:
        for line in _lines(inner, item, ",", depth + len(INDENT)):
            yield f"{INDENT}{line}"
    yield f"{piece.closing.removeprefix(',')}{tail}"


def _flat(piece: Piece) -> str:
    return piece if isinstance(piece, str) else piece.flat()
