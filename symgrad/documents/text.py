"""Write documents as text for a terminal: aligned, with signs and styles where it shows them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symgrad.documents.breaking import break_text
from symgrad.documents.document import Document, Section
from symgrad.documents.formats import Options
from symgrad.documents.spelling import Spelling, no_gradient, shape, sides
from symgrad.formats.text import TEXT
from symgrad.formats.unicode import UNICODE
from symgrad.language.statement import Statement

INDENT = "  "
GAP = 4  # columns between the longest line and the captions
BOXES = {False: ("+-+", "|", "+-+"), True: ("┌─┐", "│", "└─┘")}

HEADING, NAME, CAPTION, RESULT, CODE = "bold", "bold cyan", "dim", "bold green", "cyan"


@dataclass(frozen=True)
class Span:
    """Words with the style that they have in a terminal."""

    text: str
    style: str = ""


Line = tuple[Span, ...]
EMPTY: Line = ()


def render(documents: Sequence[Document], options: Options) -> str:
    """Return documents as plain text."""
    return "\n".join(plain(line) for line in styled(documents, options)) + "\n"


def plain(line: Line) -> str:
    """Return a line without styles."""
    return "".join(span.text for span in line).rstrip()


def styled(documents: Sequence[Document], options: Options) -> list[Line]:
    """Return documents as lines with styles; several stand under their names."""
    blocks = []
    for document in documents:
        writer = _Writer(document, options)
        block = list(writer.steps() if options.steps else writer.gradients())
        if len(documents) > 1:
            block.insert(0, (Span(document.layer.name, NAME),))
        blocks.append(block)
    lines = [line for block in blocks for line in (*block, EMPTY)]
    return lines[:-1]


class _Writer:
    """Writes one document."""

    def __init__(self, document: Document, options: Options) -> None:
        self.document = document
        self.options = options
        notation = UNICODE if options.unicode else TEXT
        self.spelling = Spelling(document, notation, options.language)

    def gradients(self) -> Iterator[Line]:
        """Yield the gradients alone, with the named values that they read."""
        yield from self._why_none()
        for statement in self.document.gradients:
            yield (Span(self.spelling.result(statement)),)
        for statement in self.document.derivation.values:
            yield (Span(f"{INDENT}with {self.spelling.statement(statement)}"),)

    def steps(self) -> Iterator[Line]:
        """Yield the whole derivation."""
        if no_gradient(self.document):
            yield from self._why_none()
            return
        blocks = [
            self._headed("heading.formula", self._statements(self.document.formula)),
            self._headed("heading.shapes", self._shapes()),
            self._headed("heading.constants", self._constants()),
            self._headed("heading.values", self._statements(self.document.values)),
            *(self._section(section) for section in self.document.sections),
        ]
        filled = [lines for lines in map(list, blocks) if lines]
        lines = [line for block in filled for line in (*block, EMPTY)]
        yield from lines[:-1]

    def _why_none(self) -> Iterator[Line]:
        reason = no_gradient(self.document)
        if reason:
            yield (Span(f"# {self.spelling.phrase(reason)}"),)

    def _headed(self, kind: str, lines: Iterator[Line]) -> Iterator[Line]:
        found = list(lines)
        if found:
            yield (Span(self.spelling.phrase(kind), HEADING),)
            yield from found

    def _statements(self, statements: Sequence[Statement]) -> Iterator[Line]:
        """Yield statements, `=` below `=`."""
        pairs = [sides(self.spelling.statement(statement)) for statement in statements]
        column = max((len(left) for left, _ in pairs), default=0)
        for left, right in pairs:
            start = f"{INDENT}{left:{column}} = "
            for line in break_text(right, self.options.width - len(start)):
                yield (Span(start + line),)
                start = " " * len(start)

    def _shapes(self) -> Iterator[Line]:
        shapes = [f"{name} {shape(axes)}" for name, axes in self.document.shapes.items()]
        yield from self._listed(shapes)

    def _constants(self) -> Iterator[Line]:
        constants = self.document.layer.constants
        if constants:
            yield from self._listed([f"{k} = {float(v):g}" for k, v in constants.items()])

    def _listed(self, words: Sequence[str]) -> Iterator[Line]:
        """Yield words with commas, on as many lines as they need."""
        line = words[0]
        for word in words[1:]:
            if columns(f"{INDENT}{line}, {word},") > self.options.width:
                yield (Span(f"{INDENT}{line},"),)
                line = word
            else:
                line = f"{line}, {word}"
        yield (Span(INDENT + line),)

    def _section(self, section: Section) -> Iterator[Line]:
        heading = self.spelling.phrase("heading.gradient_by", name=section.target.name)
        yield (Span(heading, HEADING),)
        yield from self._rows(section)
        if section.result is not None:
            yield from self._result(section, section.result)

    def _rows(self, section: Section) -> Iterator[Line]:
        """Yield the steps, `=` below `=`, the captions in a column as far as there is room."""
        left = self.spelling.gradient(section)
        width = self.options.width
        start = f"{INDENT}{left} = "
        steps = []
        for line in section.lines:
            rows = break_text(self.spelling.expression(line.after, section), width - len(start))
            steps.append((rows, self.spelling.caption(line.note, section)))
        ends = [len(start) + columns(rows[-1]) + GAP for rows, _ in steps]
        longest = max(columns(caption) for _, caption in steps)
        column = min(max(ends), max(width - longest, len(start) + GAP))
        for rows, caption in steps:
            for row in rows[:-1]:
                yield (Span(start + row),)
                start = " " * len(start)
            yield from _captioned(start + rows[-1], caption, column)
            start = " " * (len(start) - 2) + "= "

    def _result(self, section: Section, result: Statement) -> Iterator[Line]:
        left, right = sides(self.spelling.result(result))
        axes = self.document.shapes.get(section.target.name)
        note = shape(axes) if axes is not None else ""
        room = self.options.width - len(INDENT) - len("|  |  ") - len(note)
        rows = break_text(f"{left} = {right}", room)
        if not section.is_result:
            yield from ((Span(INDENT + row),) for row in rows)
            return
        yield from _boxed(rows, note, self.options.unicode)
        code = self.document.statements[result.name].splitlines()
        words = self.spelling.phrase("result.statement")
        if len(code) == 1:
            yield (Span(f"{INDENT}{words}: ", CAPTION), Span(code[0], CODE))
        elif code:
            yield (Span(f"{INDENT}{words}:", CAPTION),)
            yield from ((Span(2 * INDENT + line, CODE),) for line in code)


def _captioned(row: str, caption: str, column: int) -> Iterator[Line]:
    """Yield a row with its caption at the column, or below it where the row is too long."""
    if columns(row) + 2 > column:
        yield (Span(row),)
        row = ""
    yield (Span(row), Span(" " * (column - columns(row))), Span(caption, CAPTION))


def _boxed(rows: Sequence[str], note: str, unicode: bool) -> Iterator[Line]:
    top, side, bottom = BOXES[unicode]
    width = max(map(columns, rows))
    yield (Span(f"{INDENT}{top[0]}{top[1] * (width + 2)}{top[2]}", CAPTION),)
    for number, row in enumerate(rows):
        inside = row + " " * (width - columns(row))
        last = Span(f" {side}{f'  {note}' if not number else ''}", CAPTION)
        yield (Span(f"{INDENT}{side} ", CAPTION), Span(inside, RESULT), last)
    yield (Span(f"{INDENT}{bottom[0]}{bottom[1] * (width + 2)}{bottom[2]}", CAPTION),)


def columns(text: str) -> int:
    """Return how many columns a text takes: two for a sign of East Asian width."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    marks = sum(unicodedata.combining(char) > 0 for char in text)
    return len(text) + wide - marks
