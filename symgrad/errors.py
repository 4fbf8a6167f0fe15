"""Define the errors that users see: a message, the line with carets, and what to write instead."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_LONGEST_LINE = 160
_LONGEST_MESSAGE = 480


@dataclass(frozen=True, order=True)
class Span:
    """A place in a formula's text: offsets of its first character and of the one after its last."""

    start: int
    stop: int

    def to(self, other: Span) -> Span:
        """Return the place that reaches from the start of this one to the end of `other`."""
        return Span(self.start, max(self.stop, other.stop))


class MarkedError(ValueError):
    """An error that points into a formula.

    Attributes:
        message: what is wrong, in the user's names; shortened where it quotes a long text.
        formula: the whole text; empty when the mistake is in no formula.
        spans: the places concerned, in text order.
        advice: what to write instead; may be empty.
    """

    def __init__(
        self,
        message: str,
        formula: str = "",
        spans: Iterable[Span] = (),
        advice: str = "",
    ) -> None:
        spans = tuple(spans)
        super().__init__(message, formula, spans, advice)
        self.message = _shortened(message)
        self.formula = formula
        self.spans = tuple(sorted(set(spans)))
        self.advice = _shortened(advice)

    @property
    def line_number(self) -> int:
        """The line of the first place, counted from 1; 0 when there is no place."""
        return self.formula.count("\n", 0, self.spans[0].start) + 1 if self.spans else 0

    @property
    def line(self) -> str:
        """The text of the line of the first place."""
        return _line_at(self.formula, self.spans[0].start)[1] if self.spans else ""

    @property
    def columns(self) -> tuple[int, ...]:
        """The column of each caret in its line, counted from 0."""
        return tuple(span.start - _line_at(self.formula, span.start)[0] for span in self.spans)

    def __str__(self) -> str:
        lines = [self.message]
        lines += [f"  {line}".rstrip() for line in marked_lines(self.formula, self.spans)]
        if self.advice:
            lines.append(f"  {self.advice}")
        return "\n".join(lines)


class FormulaError(MarkedError):
    """A mistake in a formula, in a layer's declarations or in a layer file."""


class UnsupportedError(FormulaError):
    """A formula that is right, with a construct that cannot be derived yet."""


class ShapeError(MarkedError):
    """Arguments whose shapes do not fit the formula."""


def marked_lines(formula: str, spans: Iterable[Span]) -> list[str]:
    """Return each line of `formula` that has a place, followed by a line of carets."""
    columns: dict[int, list[int]] = {}
    texts: dict[int, str] = {}
    for span in spans:
        begin, text = _line_at(formula, span.start)
        columns.setdefault(begin, []).append(span.start - begin)
        texts[begin] = text
    shown: list[str] = []
    for begin in sorted(columns):
        shown += _mark(texts[begin], sorted(set(columns[begin])))
    return shown


def _shortened(message: str) -> str:
    """Leave out the middle of a message that quotes more than anybody reads."""
    if len(message) <= _LONGEST_MESSAGE:
        return message
    half = _LONGEST_MESSAGE // 2
    return f"{message[:half]} ... {message[-half:]}"


def _line_at(formula: str, offset: int) -> tuple[int, str]:
    begin = formula.rfind("\n", 0, offset) + 1
    end = formula.find("\n", offset)
    return begin, formula[begin : end if end >= 0 else len(formula)]


def _mark(text: str, columns: list[int]) -> list[str]:
    text = "".join(" " if character.isspace() else character for character in text)
    indent = len(text) - len(text.lstrip())
    text, columns = text[indent:], [max(column - indent, 0) for column in columns]
    if len(text) > _LONGEST_LINE:
        text, columns = _clip(text, columns)
    carets = ""
    for column in columns:
        carets += " " * (_width(text[:column]) - len(carets)) + "^"
    return [text.rstrip(), carets]


def _clip(text: str, columns: list[int]) -> tuple[str, list[int]]:
    """Keep the part of a long line around its first caret."""
    begin = max(0, columns[0] - _LONGEST_LINE // 2)
    clipped = text[begin : begin + _LONGEST_LINE]
    lead = "... " if begin else ""
    tail = " ..." if begin + _LONGEST_LINE < len(text) else ""
    inside = [column for column in columns if column <= begin + _LONGEST_LINE]
    return lead + clipped + tail, [column - begin + len(lead) for column in inside]


def _width(text: str) -> int:
    """Return how many columns a terminal takes for `text`."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
