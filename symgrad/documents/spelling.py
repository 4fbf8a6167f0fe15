"""Spell the parts of a document in a notation: statements, lines and captions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from symgrad.derivation.notes import Note
from symgrad.documents.document import Document, Section
from symgrad.formats.captions import caption, phrase
from symgrad.formats.layout import page_for
from symgrad.formats.notation import Notation
from symgrad.formats.statements import printed_statement
from symgrad.language.expr import Element, Expr, Index, IndexValue, bound_indices, walk
from symgrad.language.statement import Statement


@dataclass(frozen=True)
class Spelling:
    """A document in one notation and one language.

    Attributes:
        document: what is spelled.
        notation: how mathematics is spelled.
        language: the language of captions and headings.
    """

    document: Document
    notation: Notation
    language: str

    def phrase(self, kind: str, **places: object) -> str:
        """Return a sentence of the table with its places filled."""
        return phrase(kind, self.language).format(**places)

    def statement(self, statement: Statement) -> str:
        """Return a statement of the formula or a named value, every sum written out."""
        return printed_statement(self.notation, statement, self.document.lengths)

    def result(self, statement: Statement) -> str:
        """Return a statement of backward, with the ranges that its right side does not show."""
        return printed_statement(self.notation, statement, self.document.lengths, ranges=True)

    def expression(self, expr: Expr, section: Section) -> str:
        """Return an expression of the steps of a gradient."""
        return self._in_steps(expr, section.indices)

    def gradient(self, section: Section) -> str:
        """Return the derivative that a section is about, `dL/dx_ij`."""
        return self._in_steps(section.gradient, section.indices)

    def caption(self, note: Note, section: Section) -> str:
        """Return what a reader is told about a step."""
        return caption(note, lambda expr: self.expression(expr, section), self.language)

    def _in_steps(self, expr: Expr, indices: Iterable[Index]) -> str:
        document = self.document
        page = page_for(self.notation, (expr,), indices, document.partials, document.lengths)
        return page.text(expr)


def sides(statement: str) -> tuple[str, str]:
    """Return the left and the right side of a printed statement."""
    left, _, right = statement.partition(" = ")
    return left, right


def shape(axes: Sequence[str]) -> str:
    """Return axes as NumPy prints a shape: (I, J), (I,), ()."""
    return f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"


def no_gradient(document: Document) -> str | None:
    """Return the kind of the sentence that says why there is no gradient; None if there is one."""
    layer = document.layer
    if layer.wrt:
        return None
    if not layer.inputs:
        return "no_gradient.no_input"
    integers = all(name in layer.integers for name in layer.inputs)
    return "no_gradient.integers" if integers else "no_gradient.wrt"


def shared_letters(document: Document) -> frozenset[str]:
    """Return the tensors of one letter which an index of the document has too."""
    tensors = {name for name, rank in document.layer.ranks.items() if rank and len(name) == 1}
    return frozenset(tensors & {index.name for index in _indices(document)})


def _indices(document: Document) -> Iterator[Index]:
    for statement in (*document.formula, *document.values, *document.gradients):
        yield from statement.indices
        for part in walk(statement.value):
            yield from bound_indices(part)
    for section in document.sections:
        for line in section.lines:
            for part in walk(line.after):
                yield from bound_indices(part)
                if isinstance(part, Element):
                    yield from (s.index for s in part.subscripts if isinstance(s, IndexValue))
