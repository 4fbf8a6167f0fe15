"""Write documents in LaTeX: a fragment for a paper, or a document that compiles with pdflatex."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symgrad.documents.document import Document, Section
from symgrad.documents.formats import Options
from symgrad.documents.latex_blocks import Blocks, environment
from symgrad.documents.latex_prose import characters, has_east_asian, listing, prose
from symgrad.documents.spelling import no_gradient, shape
from symgrad.formats.captions import phrase

PAPER = 34.0  # the line of LaTeX's article, in em
PAGE = 45.0  # the line of a standalone document
HEADINGS = ("formula", "shapes", "constants", "values", "code", "source")


@dataclass(frozen=True)
class LatexSection:
    """How one gradient came about, in LaTeX; empty texts are left out."""

    heading: str
    steps: str
    result: str
    in_numpy: str
    statement: str


@dataclass(frozen=True)
class LatexLayer:
    """One layer, in LaTeX; empty texts are left out."""

    name: str
    summary: str
    source: str
    formula: str
    shapes: str
    constants: str
    values: str
    no_gradient: str
    sections: Sequence[LatexSection]
    code: str


def render(documents: Sequence[Document], options: Options) -> str:
    """Return documents in LaTeX."""
    if options.standalone:
        return _standalone(documents, options)
    blocks = [_fragment(document, options) for document in documents]
    if len(documents) > 1:
        names = [document.layer.name for document in documents]
        blocks = [f"% {name}\n{block}" for name, block in zip(names, blocks, strict=True)]
    return "\n".join(blocks)


def display(document: Document, language: str = "en") -> str:
    """Return the mathematics alone, each block between double dollars, for a notebook."""
    blocks = Blocks.of(document, language, PAPER)
    return "\n".join(f"$$\n{block}\n$$" for block in _mathematics(blocks))


def _fragment(document: Document, options: Options) -> str:
    """Return the displays of one layer."""
    reason = no_gradient(document)
    if reason:
        return f"% {phrase(reason, options.language)}\n"
    blocks = Blocks.of(document, options.language, PAPER)
    if options.steps:
        shown = list(_mathematics(blocks))
    else:
        rows = blocks.results(document.gradients)
        rows += blocks.statements(document.derivation.values)
        shown = [environment("aligned", rows)]
    return "".join(f"\\[\n{block}\n\\]\n" for block in shown)


def _mathematics(blocks: Blocks) -> Iterator[str]:
    """Yield formula and values, then the steps and the result of each gradient."""
    document = blocks.document
    yield environment("aligned", blocks.statements([*document.formula, *document.values]))
    for section in document.sections:
        yield environment("aligned", blocks.steps(section))
        result = _result(blocks, section)
        if result:
            yield result


def _result(blocks: Blocks, section: Section) -> str:
    if section.result is None:
        return ""
    if not section.is_result:
        return environment("aligned", blocks.results([section.result]))
    axes = blocks.document.shapes.get(section.target.name)
    box = blocks.boxed(section.result)
    return box if axes is None else rf"{box} \quad \text{{{prose(shape(axes))}}}"


def _standalone(documents: Sequence[Document], options: Options) -> str:
    """Return a document that compiles by itself."""
    from symgrad.documents.templates import template

    def word(kind: str) -> str:
        return phrase(kind, options.language)

    layers = [_layer(document, options) for document in documents]
    single = documents[0].layer.name if len(documents) == 1 else word("heading.derivations")
    values = {
        "title": prose(options.title or single),
        "contents": word("heading.contents"),
        "headings": {name: word(f"heading.{name}") for name in HEADINGS},
        "part": r"\section*" if len(layers) == 1 else r"\subsection*",
        "layers": layers,
    }
    document = template("latex", "document.tex.j2")
    body = document.render(characters=(), east_asian=False, **values)
    return document.render(characters=characters(body), east_asian=has_east_asian(body), **values)


def _layer(document: Document, options: Options) -> LatexLayer:
    layer = document.layer
    blocks = Blocks.of(document, options.language, PAGE, why=r"\why")
    reason = no_gradient(document)
    shapes = ", ".join(f"{name} {shape(axes)}" for name, axes in document.shapes.items())
    constants = ", ".join(f"{name} = {float(value):g}" for name, value in layer.constants.items())
    return LatexLayer(
        name=prose(layer.name),
        summary=prose(" ".join(layer.summary.split())),
        source=prose(" ".join(layer.source.split())),
        formula=environment("align*", blocks.statements(document.formula)),
        shapes=prose(shapes),
        constants=prose(constants),
        values=environment("align*", rows) if (rows := blocks.statements(document.values)) else "",
        no_gradient=prose(phrase(reason, options.language)) if reason else "",
        sections=[_section(blocks, section) for section in document.sections],
        code=listing(document.code),
    )


def _section(blocks: Blocks, section: Section) -> LatexSection:
    spelling = blocks.spelling
    code = blocks.document.statements.get(section.gradient.name, "") if section.is_result else ""
    return LatexSection(
        heading=prose(spelling.phrase("heading.gradient_by", name=section.target.name)),
        steps=environment("align*", blocks.steps(section)),
        result=_result(blocks, section),
        in_numpy=prose(spelling.phrase("result.statement")),
        statement=listing(code),
    )
