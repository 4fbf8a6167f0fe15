"""Name intermediates for their content, noun last, x_exp, x_mean; never like a user's name."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Sequence
from fractions import Fraction

from symgrad.derivation.graph import Definition, Graph
from symgrad.derivation.terms import Term, flatten, is_constant
from symgrad.language.expr import (
    REDUCTIONS,
    Add,
    ArgReduce,
    Call,
    Element,
    Expr,
    OpaqueCall,
    Pad,
    Reduce,
    StopGradient,
    Where,
    element_names,
    split_coefficient,
    walk,
)
from symgrad.language.functions import FUNCTIONS

# what generated code uses besides the formula's names
RESERVED = frozenset({"np", "self", "special", "pi", "inf", *keyword.kwlist, *REDUCTIONS})


def name_intermediates(graph: Graph, taken: Iterable[str]) -> dict[str, str]:
    """Return a readable name for each definition that the user has not named."""
    used = {*taken, *RESERVED, *FUNCTIONS}
    names: dict[str, str] = {}
    arguments = _arguments(graph)
    for definition in graph:
        if definition.written:
            names[definition.name] = definition.name
            continue
        wanted = arguments.get(definition.name) or _content_name(definition, graph, names)
        if not definition.indices:
            # after a bare underscore letters are indices: a scalar's name goes without
            wanted = wanted.replace("_", "")
        names[definition.name] = unique(wanted, used)
        used.add(names[definition.name])
    return names


def _arguments(graph: Graph) -> dict[str, str]:
    """Name the argument of a function for the user's value that the function gives: c_pre."""
    found: dict[str, str] = {}
    for definition in graph:
        body = definition.body
        if definition.written and isinstance(body, (Call, OpaqueCall)) and definition.indices:
            inner = body.arg if isinstance(body, OpaqueCall) else body.args[0]
            if isinstance(inner, Element) and inner.name in graph and not graph[inner.name].written:
                found[inner.name] = f"{definition.name}_pre"
    return found


def unique(wanted: str, used: set[str]) -> str:
    """Return the name, with a number behind it when it is taken (alone or behind a d)."""
    name, number = wanted, 1
    while name in used or f"d{name}" in used:
        number += 1
        name = f"{wanted}{number}"
    return name


def _content_name(definition: Definition, graph: Graph, names: dict[str, str]) -> str:
    body = definition.body
    root = _root(definition, graph)
    if isinstance(body, (Call, OpaqueCall)):
        return f"{root}_{body.function}"
    if isinstance(body, (ArgReduce, Reduce)) and body.op != "sum":
        return f"{_known(body.body, names, root)}_{body.op}"
    if isinstance(body, Where):
        return f"{_known(body.then, names, root)}_masked"
    if isinstance(body, Add):
        return f"{root}_{_difference(body, graph)}"
    if isinstance(body, StopGradient):
        return f"{root}_fixed"
    terms = flatten(body)
    return _product_name(terms[0], graph, names, root) if terms else f"{root}_zero"


def _known(expr: Expr, names: dict[str, str], root: str) -> str:
    expr = expr.element if isinstance(expr, Pad) else expr
    return names.get(expr.name, expr.name) if isinstance(expr, Element) else root


def _root(definition: Definition, graph: Graph) -> str:
    """Return the input or the user's value that the content is mostly about: the first one read."""
    seen = definition
    while True:
        reads = element_names(seen.body)
        if not reads:
            return "count"
        first = min(reads, key=lambda name: name.startswith("%") and not _has_axes(name, graph))
        if first not in graph or graph[first].written:
            return _short(first)
        seen = graph[first]


def _has_axes(name: str, graph: Graph) -> bool:
    return bool(graph[name].indices) if name in graph else True


def _short(name: str) -> str:
    return name.rstrip("_")


def _difference(body: Add, graph: Graph) -> str:
    """Say what a sum is: x minus its max is shifted, x minus its mean is centered."""
    if any(_is_log_of_sum(split_coefficient(t)[1], graph) for t in body.terms):
        return "log_softmax" if len(body.terms) > 2 else "logsumexp"
    for term in body.terms:
        coefficient, rest = split_coefficient(term)
        if coefficient >= 0:
            continue
        if isinstance(graph.behind(rest), StopGradient):
            return "shifted"
        inner = flatten(graph.behind(rest))
        if len(inner) == 1 and inner[0].sums and _is_mean(inner[0]):
            return "centered"
        return "diff"
    return "total"


def _is_log_of_sum(term: Expr, graph: Graph) -> bool:
    inner = graph.behind(term)
    if not (isinstance(inner, Call) and inner.function == "log"):
        return False
    total = graph.behind(inner.args[0])
    return isinstance(total, Reduce) and isinstance(graph.behind(total.body), Call)


def _is_mean(term: Term) -> bool:
    return any(is_constant(base) and exponent == -1 for base, exponent in term.factors)


def _product_name(term: Term, graph: Graph, names: dict[str, str], root: str) -> str:
    bases = [(b.element if isinstance(b, Pad) else b, e) for b, e in term.factors]
    elements = [(b, e) for b, e in bases if isinstance(b, Element)]
    if not elements:
        return "count"
    base, exponent = elements[0]
    known = _known(base, names, root)
    if term.sums and len(elements) == 1:
        if exponent == 2 and known.endswith("_centered"):
            return f"{root}_var" if _is_mean(term) else f"{root}_scatter"
        power = {Fraction(1): "", Fraction(2): "_square"}.get(exponent, "_power")
        return f"{known}{power}_{'mean' if _is_mean(term) else 'sum'}"
    if len(elements) == 1:
        return f"{root}_{_power_name(exponent, base, graph)}"
    if len(elements) == 2 and not term.sums and _is_quotient_of_sum(elements, graph):
        return f"{root}_softmax"
    if known.endswith("_centered"):
        return f"{root}_hat"
    return _joined([_known(b, names, root) for b, _ in elements])


def _power_name(exponent: Fraction, base: Element, graph: Graph) -> str:
    if exponent == Fraction(1, 2):
        inner = flatten(graph.behind(base))
        squares = len(inner) == 1 and any(e == 2 for _, e in inner[0].factors)
        return "norm" if squares and inner[0].sums else "sqrt"
    if exponent == Fraction(-1, 2):
        return "rsqrt"
    return "power"


def _is_quotient_of_sum(elements: Sequence[tuple[Element, Fraction]], graph: Graph) -> bool:
    (above, _), (below, exponent) = elements
    if exponent != -1 or not isinstance(graph.behind(above), Call):
        return False
    return any(isinstance(p, Element) and p.name == above.name for p in walk(graph.behind(below)))


def _joined(parts: Sequence[str]) -> str:
    if all(len(part) == 1 for part in parts):
        return "".join(parts[:4])
    return "_".join(dict.fromkeys(parts[:2]))
