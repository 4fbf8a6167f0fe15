"""Break a printed formula that is too wide into lines, at its outermost sums and products."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

SUM, PRODUCT = 0, 1
_OPENING, _CLOSING = "([{", ")]}"
_REDUCTION = re.compile(r"(?:^|[\s(*·/-])(?:sum|prod|mean|max|min|argmax|argmin|Σ|Π)_\S*$")
_WORDS = ("and", "or", "not", "for")


@dataclass(frozen=True)
class Mark:
    """A place at which a formula may be broken.

    Attributes:
        place: where the next line begins.
        depth: how many brackets stand around it.
        kind: SUM or PRODUCT.
    """

    place: int
    depth: int
    kind: int

    @property
    def rank(self) -> int:
        """Lower is better: a sum inside of brackets before a product outside."""
        return 2 * self.depth + 3 * self.kind


@dataclass(frozen=True)
class Part:
    """One line of a broken formula: from `start` to `end`, `depth` brackets around its start."""

    start: int
    end: int
    depth: int = 0


def break_formula(
    text: str, marks: Sequence[Mark], width: float, measure: Callable[[str], float]
) -> list[Part]:
    """Return the lines of a formula, each within the width where the marks allow it."""
    return list(_cut(Part(0, len(text)), text, marks, width, measure))


def _cut(
    part: Part, text: str, marks: Sequence[Mark], width: float, measure: Callable[[str], float]
) -> Iterator[Part]:
    """Ends: the marks of each piece are worse ones than those that it was cut at."""
    inside = [mark for mark in marks if part.start < mark.place < part.end]
    if not inside or measure(text[part.start : part.end]) <= width:
        yield part
        return
    best = min(mark.rank for mark in inside)
    chosen = [mark for mark in inside if mark.rank == best]
    ends = [*(mark.place for mark in chosen), part.end]
    line = Part(part.start, ends[0], part.depth)
    for mark, end in zip(chosen, ends[1:], strict=True):
        if measure(text[line.start : end]) <= width:
            line = Part(line.start, end, line.depth)
        else:
            yield from _cut(line, text, marks, width, measure)
            line = Part(mark.place, end, mark.depth)
    yield from _cut(line, text, marks, width, measure)


def text_marks(text: str) -> list[Mark]:
    """Return the marks of a formula as text; none inside of subscripts."""
    marks = []
    open_brackets: list[str] = []
    for place, char in enumerate(text):
        if char in _OPENING:
            open_brackets.append(char)
        elif char in _CLOSING and open_brackets:
            open_brackets.pop()
        elif set(open_brackets) <= {"("}:
            kind = _kind(text, place)
            if kind is not None:
                marks.append(Mark(place, len(open_brackets), kind))
    return marks


def _kind(text: str, place: int) -> int | None:
    """Return the kind of the mark at a place of a text, if there is one."""
    if re.match(r" [+-] | for ", text[place:]):
        return SUM
    if text[place] in "*·":
        return PRODUCT
    between = text[place] == " " and re.match(r" [^\W\d]", text[place:])
    words = text[:place].split(" ")[-1], text[place + 1 :].split(" ")[0]
    if not between or words[0][-1:] in ":,<>=≤≥≠+-" or any(word in _WORDS for word in words):
        return None
    return None if _REDUCTION.search(text[:place]) else PRODUCT


def break_text(text: str, width: int) -> list[str]:
    """Return a formula as lines of text, those after the first indented by their brackets."""
    parts = break_formula(text, text_marks(text), width - 4, len)
    lines = [text[part.start : part.end].strip() for part in parts]
    indents = ["", *("  " * (part.depth + 1) for part in parts[1:])]
    return [indent + line for indent, line in zip(indents, lines, strict=True)]
