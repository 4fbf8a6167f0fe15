"""Print what single passes of the derivation return, in the formula language."""

from collections.abc import Sequence

import symgrad
from symgrad.derivation.desugar import desugar
from symgrad.derivation.engine import forward_graph
from symgrad.derivation.graph import Graph
from symgrad.derivation.names import name_intermediates
from symgrad.derivation.normalise import normalise
from symgrad.derivation.schedule import rename_elements
from symgrad.derivation.terms import Term, unflatten
from symgrad.formats.text import statement_text, to_text
from symgrad.language.expr import Index
from symgrad.language.layer import Statement


def layer(formula: str, **keywords: object) -> symgrad.Layer:
    """Return a layer named Layer."""
    return symgrad.Layer("Layer", formula, **keywords)


def plain_statements(formula: str) -> list[Statement]:
    """Return the statements of a formula without abbreviations."""
    statements = layer(formula).statements
    return [Statement(s.name, s.subscripts, desugar(s.value)) for s in statements]


def terms_text(terms: Sequence[Term], *indices: Index) -> str:
    """Return terms as a reader sees them."""
    return to_text(unflatten(terms), indices=indices)


def graph_of(formula: str) -> Graph:
    """Return the single-assignment form as the formula has it, nothing stabilised or offered."""
    graph = Graph()
    normalise(plain_statements(formula), graph)
    return graph


def graph_lines(graph: Graph) -> list[str]:
    """Return the definitions of a graph under readable names; a candidate stands in brackets."""
    names = name_intermediates(graph, ())
    lines = []
    for definition in graph:
        body = rename_elements(definition.body, names)
        subscripts = definition.element().subscripts
        line = statement_text(Statement(names[definition.name], subscripts, body))
        lines.append(f"[{line}]" if definition.candidate else line)
    return lines


def named_lines(formula: str, **keywords: object) -> list[str]:
    """Return the definitions that the gradients of a formula may read."""
    return graph_lines(forward_graph(layer(formula, **keywords)))


def forward_lines(formula: str, **keywords: object) -> list[str]:
    """Return the statements of the derived forward."""
    program = symgrad.derive(layer(formula, **keywords)).program
    return [statement_text(statement) for statement in program.forward]


def gradient_lines(formula: str, **keywords: object) -> list[str]:
    """Return the statements of the derived backward."""
    return symgrad.derive(layer(formula, **keywords)).gradient_lines()
