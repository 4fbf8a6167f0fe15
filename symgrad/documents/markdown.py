"""Write documents as Markdown whose mathematics GitHub and Jupyter render."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.documents.document import Document, Section
from symgrad.documents.formats import Options
from symgrad.documents.latex_blocks import Blocks, environment
from symgrad.documents.spelling import no_gradient, shape
from symgrad.formats.captions import phrase

LINE = 40.0  # what GitHub shows of a formula without scrolling, in em
HEADINGS = {
    "formula": "heading.formula",
    "shapes": "heading.shapes",
    "constants": "heading.constants",
    "values": "heading.values",
    "code": "heading.code",
    "source": "heading.source",
    "shape": "result.shape",
}
_INSIDE = r"(?:[^{}]|\{[^{}]*\})*"  # what may stand between braces
# Markdown reads a backslash before punctuation as an escape, and GitHub forbids \operatorname
_SAFE = (
    (
        re.compile(rf"\\operatorname\*\{{({_INSIDE})\}}(_\{{{_INSIDE}\}})"),
        r"\\mathop{\\mathrm{\1}}\\limits\2 \\thinspace",
    ),
    (re.compile(r"\\operatorname\{"), r"\\mathrm{"),
    (re.compile(r"\\,"), r"\\thinspace "),
    (re.compile(r"\\_"), r"\\underline{\\enspace}"),
    (re.compile(r"\\\\"), r"\\cr"),
    (re.compile(r"  +(?=\S)"), " "),
    (re.compile(r"(?<=[^\w\s\\])_(?=\{)"), "_ "),  # where an underscore could begin emphasis
)
_SPECIAL = re.compile(r"([\\`*_\[\]<>$|#&~]|^[-+=])")
_NUMBERED = re.compile(r"^(\d+)([.)])")  # begins a list


@dataclass(frozen=True)
class MarkdownSection:
    """How one gradient came about, in Markdown; empty texts are left out."""

    heading: str
    steps: str
    result: str
    shape: str
    in_numpy: str
    statement: str


@dataclass(frozen=True)
class MarkdownLayer:
    """One layer, in Markdown; empty texts are left out."""

    name: str
    summary: str
    source: str
    formula: str
    shapes: str
    constants: str
    values: str
    no_gradient: str
    sections: Sequence[MarkdownSection]
    code: str


def render(documents: Sequence[Document], options: Options) -> str:
    """Return documents as one Markdown text, with a table of contents for several."""
    from symgrad.documents.templates import template

    many = len(documents) > 1
    title = options.title or (
        phrase("heading.derivations", options.language) if many else documents[0].layer.name
    )
    return template("markdown", "document.md.j2").render(
        title=escaped(title),
        headings={name: phrase(kind, options.language) for name, kind in HEADINGS.items()},
        part="###" if many else "##",
        layers=[_layer(document, options) for document in documents],
    )


def safe(latex: str) -> str:
    r"""Return LaTeX without what Markdown or GitHub would spoil.

    Example:
        >>> print(safe(r"\operatorname*{mean}_{k} a_{k} \, \operatorname{pad}(b)"))
        \mathop{\mathrm{mean}}\limits_{k} \thinspace a_{k} \thinspace \mathrm{pad}(b)
    """
    for pattern, replacement in _SAFE:
        latex = pattern.sub(replacement, latex)
    return latex


def escaped(text: str) -> str:
    """Return words with what Markdown would read as marks escaped."""
    return _NUMBERED.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", " ".join(text.split())))


def display(latex: str) -> str:
    """Return a block of mathematics."""
    return f"$$\n{safe(latex)}\n$$" if latex else ""


def _layer(document: Document, options: Options) -> MarkdownLayer:
    layer = document.layer
    blocks = Blocks.of(document, options.language, LINE)
    reason = no_gradient(document)
    values = blocks.statements(document.values)
    shapes = (f"`{name}` {shape(axes)}" for name, axes in document.shapes.items())
    constants = (f"`{name}` = {float(value):g}" for name, value in layer.constants.items())
    return MarkdownLayer(
        name=escaped(layer.name),
        summary=escaped(layer.summary),
        source=escaped(layer.source),
        formula=display(environment("aligned", blocks.statements(document.formula))),
        shapes=", ".join(shapes),
        constants=", ".join(constants),
        values=display(environment("aligned", values)) if values else "",
        no_gradient=phrase(reason, options.language) if reason else "",
        sections=[_section(blocks, section) for section in document.sections],
        code=document.code,
    )


def _section(blocks: Blocks, section: Section) -> MarkdownSection:
    document = blocks.document
    result = statement = ""
    if section.result is not None and section.is_result:
        result = display(blocks.boxed(section.result))
        statement = document.statements[section.gradient.name]
    elif section.result is not None:
        result = display(environment("aligned", blocks.results([section.result])))
    axes = document.shapes.get(section.target.name)
    return MarkdownSection(
        heading=blocks.spelling.phrase("heading.gradient_by", name=f"`{section.target.name}`"),
        steps=display(environment("aligned", blocks.steps(section))),
        result=result,
        shape="" if axes is None else shape(axes),
        in_numpy=blocks.spelling.phrase("result.statement"),
        statement=statement,
    )
