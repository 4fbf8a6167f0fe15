"""Set the parts of a document as LaTeX blocks, for papers, LaTeX documents and Markdown alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symgrad.derivation.notes import Note
from symgrad.documents.document import Document, Section
from symgrad.documents.latex_width import break_latex, text_width, width
from symgrad.documents.spelling import Spelling, shared_letters, sides
from symgrad.formats.captions import caption
from symgrad.formats.latex import LatexNotation
from symgrad.formats.latex_names import escape, symbol
from symgrad.formats.notation import Piece
from symgrad.language.expr import Expr
from symgrad.language.statement import Statement

_BETWEEN = "\x00"  # stands around mathematics in a caption until it is set
_GAP = 2.0  # em between formulas and captions


@dataclass(frozen=True)
class BookNotation(LatexNotation):
    """LaTeX in which a tensor that shares its letter with an index is bold.

    Attributes:
        bold: the names of such tensors.
    """

    bold: frozenset[str] = frozenset()

    def element(self, name: str, subscripts: Sequence[str]) -> Piece:
        piece = super().element(name, subscripts)
        letter = name.removeprefix("d") if len(name) == 2 else name
        if letter not in self.bold:
            return piece
        sign = symbol(letter)
        bold = rf"\mathbf{{{sign}}}" if sign == letter else rf"\boldsymbol{{{sign}}}"
        start = rf"(^|\\mathrm{{d}} ){re.escape(sign)}"
        return Piece(re.sub(start, lambda found: found[1] + bold, piece.text), piece.level)


@dataclass(frozen=True)
class Words:
    """A caption in LaTeX, and about how wide it is."""

    latex: str
    width: float


@dataclass(frozen=True)
class Row:
    """A line of a derivation: what stands right of `=`, and its caption."""

    right: str
    words: Words | None = None


@dataclass(frozen=True)
class Blocks:
    """The blocks of one document.

    Attributes:
        document: the document.
        spelling: its spelling in LaTeX.
        limit: how wide a block may be, in em.
        why: the command around captions, as `\\why`; "" for none.
    """

    document: Document
    spelling: Spelling
    limit: float
    why: str = ""

    @classmethod
    def of(cls, document: Document, language: str, limit: float, why: str = "") -> Blocks:
        """Return the blocks of a document in a language."""
        notation = BookNotation(shared_letters(document))
        return cls(document, Spelling(document, notation, language), limit, why)

    def statements(self, statements: Sequence[Statement]) -> list[str]:
        """Return the rows of statements of the formula and of named values, to be aligned."""
        return self._rows(map(self.spelling.statement, statements))

    def results(self, statements: Sequence[Statement]) -> list[str]:
        """Return the rows of statements of backward, to be aligned."""
        return self._rows(map(self.spelling.result, statements))

    def _rows(self, statements: Iterable[str]) -> list[str]:
        rows = []
        for statement in statements:
            left, right = sides(statement)
            first, *others = break_latex(right, self.limit - width(left) - 1.5)
            rows += [f"{left} &= {first}", *(f"&{row}" for row in others)]
        return rows

    def steps(self, section: Section) -> list[str]:
        """Return the rows of a gradient's steps; captions beside them, or above."""
        left = self.spelling.gradient(section)
        rows = [
            Row(self.spelling.expression(line.after, section), self._words(line.note, section))
            for line in section.lines
        ]
        start = width(left) + 1.5
        widest = max(width(row.right) for row in rows)
        captions = max(row.words.width for row in rows if row.words)
        if start + widest + _GAP + captions <= self.limit:
            return _side_by_side(left, rows)
        return _captions_above(left, rows, self.limit - start)

    def boxed(self, statement: Statement) -> str:
        """Return a statement of backward in a box."""
        left, right = sides(self.spelling.result(statement))
        first, *others = break_latex(right, self.limit - width(left) - 9)
        if not others:
            return rf"\boxed{{{left} = {first}}}"
        rows = [f"{left} &= {first}", *(f"&{row}" for row in others)]
        return f"\\boxed{{\n{environment('aligned', rows)}\n}}"

    def _words(self, note: Note, section: Section) -> Words:
        """Return a caption as text with mathematics between; no dollar signs within text."""

        def spell(expr: Expr) -> str:
            return f"{_BETWEEN}{self.spelling.expression(expr, section)}{_BETWEEN}"

        parts = caption(note, spell, self.spelling.language).split(_BETWEEN)
        latex, total = "", 0.0
        for number, part in enumerate(parts):
            total += width(part) if number % 2 else text_width(part)
            latex += (part if number % 2 else rf"\text{{{escape(part)}}}") if part else ""
        return Words(f"{self.why}{{{latex}}}" if self.why else latex, total)


def _side_by_side(left: str, rows: Sequence[Row]) -> list[str]:
    lines = []
    for number, row in enumerate(rows):
        words = f" && {row.words.latex}" if row.words else ""
        lines.append(f"{'' if number else left + ' '}&= {row.right}{words}")
    return lines


def _captions_above(left: str, rows: Sequence[Row], limit: float) -> list[str]:
    lines = []
    for number, row in enumerate(rows):
        if row.words:
            lines.append(f"{'' if number else left + ' '}&\\quad {row.words.latex}")
        first, *others = break_latex(row.right, limit)
        lines += [f"&= {first}", *(f"&{line}" for line in others)]
    return lines


def environment(name: str, rows: Sequence[str], end: str = r"\\") -> str:
    """Return rows within an environment."""
    body = f" {end}\n".join(f"  {row}" for row in rows)
    return f"\\begin{{{name}}}\n{body}\n\\end{{{name}}}"
