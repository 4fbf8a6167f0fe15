"""Write derivations as one HTML page: native MathML, and nothing that needs a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from symgrad.documents.document import Document, Line, Section
from symgrad.documents.drawing import graph_svg
from symgrad.documents.formats import Options
from symgrad.documents.highlight import highlighted
from symgrad.documents.spelling import Spelling, no_gradient, shape, shared_letters
from symgrad.formats.captions import caption, phrase
from symgrad.formats.mathml import MathMLNotation, finished, in_lines, math
from symgrad.rendering.module import template_folder

if TYPE_CHECKING:
    from symgrad.language.expr import Expr
    from symgrad.language.layer import Layer
    from symgrad.language.statement import Statement
    from symgrad.verification import Report

OPEN_LAYERS = 3  # in a page of more, derivations are folded until they are asked for


@dataclass(frozen=True)
class Step:
    """One line of a derivation: its sentence, and its formula."""

    caption: Markup
    formula: Markup


@dataclass(frozen=True)
class Gradient:
    """The derivation of one gradient, ready for the template.

    Attributes:
        anchor: its id in the page.
        title: the value that it is the gradient by.
        left: the gradient itself, as a quotient of differentials.
        steps: its lines.
        result: the statement that it became; None where it was written into others.
        shape: its axes; "" where they are not known.
        statement: the NumPy statement; "" where there is none.
        is_result: whether backward returns it.
    """

    anchor: str
    title: Markup
    left: Markup
    steps: tuple[Step, ...]
    result: Markup | None
    shape: str
    statement: Markup
    is_result: bool


@dataclass(frozen=True)
class Page:
    """A layer, ready for the template."""

    layer: Layer
    formula: tuple[Markup, ...]
    shapes: tuple[tuple[Markup, str], ...]
    constants: tuple[tuple[Markup, str], ...]
    values: tuple[Markup, ...]
    graph: Markup
    gradients: tuple[Gradient, ...]
    no_gradient: str
    code: Markup
    report: Report | None


def render(documents: Sequence[Document], options: Options) -> str:
    """Return one page with all derivations, several with a table of contents."""
    title = options.title
    if not title and len(documents) == 1:
        title = documents[0].layer.name
    return _template("page.html.j2").render(
        pages=[_page(document, options.language) for document in documents],
        title=title or phrase("heading.derivations", options.language),
        language=options.language,
        phrase=_Phrases(options.language),
        opened=len(documents) <= OPEN_LAYERS,
    )


def fragment(document: Document, language: str = "en") -> str:
    """Return a derivation for a place within another page, as a notebook shows it.

    Its styles reach nothing outside of it, and it has no script.
    """
    return _template("fragment.html.j2").render(
        page=_page(document, language), language=language, phrase=_Phrases(language), opened=False
    )


def formula_fragment(layer: Layer) -> str:
    """Return the name, the summary and the formula of a layer, for a notebook."""
    from symgrad.formats.mathml import statement_mathml

    formula = [_formula(statement_mathml(statement)) for statement in layer.statements]
    return _template("formula.html.j2").render(layer=layer, formula=formula)


def report_fragment(report: Report, language: str = "en") -> str:
    """Return what was verified as a table, for a notebook."""
    return _template("report.html.j2").render(
        report=report, language=language, phrase=_Phrases(language)
    )


def _template(name: str) -> jinja2.Template:
    return _environment().get_template(name)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(template_folder() / "html"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=True,
        auto_reload=False,
    )


class _Phrases:
    """The sentences of one language, called with a kind and what fills its places."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, kind: str, **places: Markup | str) -> Markup:
        return Markup(phrase(kind, self.language)).format(**places)


def _page(document: Document, language: str) -> Page:
    writer = _Writer(document, language)
    layer = document.layer
    reason = no_gradient(document)
    return Page(
        layer=layer,
        formula=tuple(map(writer.statement, document.formula)),
        shapes=tuple((writer.name(n), shape(axes)) for n, axes in document.shapes.items()),
        constants=tuple((writer.name(n), _number(v)) for n, v in layer.constants.items()),
        values=tuple(map(writer.statement, document.values)),
        graph=Markup(graph_svg(document, writer.spelling.notation)),
        gradients=tuple(map(writer.gradient, document.sections)),
        no_gradient=phrase(reason, language) if reason else "",
        code=Markup(highlighted(document.code, writer.tensors)),
        report=document.report,
    )


def _number(value: object) -> str:
    number = float(str(value)) if "/" not in str(value) else None
    return str(value) if number is None else f"{number:g}"


class _Writer:
    """Spell the parts of a document."""

    def __init__(self, document: Document, language: str) -> None:
        self.document = document
        notation = MathMLNotation(shared_letters(document))
        self.spelling = Spelling(document, notation, language)
        layer = document.layer
        named = [s.name for s in (*document.values, *document.gradients)]
        self.tensors = {*layer.ranks, *document.partials, *named}

    def name(self, name: str) -> Markup:
        return _math(self.spelling.notation.element(name, ()).text)

    def statement(self, statement: Statement) -> Markup:
        return _formula(finished(self.spelling.statement(statement)))

    def gradient(self, section: Section) -> Gradient:
        document = self.document
        name, target = section.gradient.name, section.target.name
        axes = document.shapes.get(target)
        source = document.statements.get(name, "") if section.is_result else ""
        return Gradient(
            anchor=f"{document.layer.name}-{name}",
            title=_math(self.spelling.notation.element(target, ()).text),
            left=_formula(finished(self.spelling.gradient(section))),
            steps=tuple(self._step(line, section) for line in section.lines),
            result=None if section.result is None else self.statement(section.result),
            shape="" if axes is None else shape(axes),
            statement=Markup(highlighted(source, self.tensors)),
            is_result=section.is_result,
        )

    def _step(self, line: Line, section: Section) -> Step:
        def spell(expr: Expr) -> str:
            content = finished(self.spelling.expression(expr, section))
            return Markup(math(content, display="<mfrac" in content))

        sentence = caption(line.note, spell, self.spelling.language)
        right = finished(self.spelling.expression(line.after, section))
        return Step(Markup(sentence), _formula(f"<mo>=</mo>{right}"))


def _math(content: str) -> Markup:
    return Markup(math(content))


def _formula(content: str) -> Markup:
    """Return a formula that breaks between its terms where a line is too narrow for it."""
    return Markup(" ".join(math(part, display=True) for part in in_lines(content)))
