"""Read the computation graph of a derivation: inputs, operations, and the values they lead to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import singledispatch

from symgrad.derivation.result import Derivation
from symgrad.formats.products import split_product
from symgrad.formats.ranges import range_of
from symgrad.formats.tensor_names import LETTERS
from symgrad.formats.text import to_text
from symgrad.language.expr import (
    Add,
    ArgReduce,
    Call,
    Delta,
    Element,
    Expr,
    IndexValue,
    Indicator,
    MatrixFunction,
    Mul,
    Number,
    OpaqueCall,
    Pad,
    Power,
    Reduce,
    StopGradient,
    Where,
    element_names,
    split_coefficient,
)

LONGEST_LITERAL = 9  # longer ones are left out of an operation's label
POWERS = {
    Fraction(2): "( )²",
    Fraction(3): "( )³",
    Fraction(-1): "1/( )",
    Fraction(-2): "1/( )²",
    Fraction(1, 2): "√",
    Fraction(-1, 2): "1/√",
}
SIGNS = {"sum": "∑", "prod": "∏", "sigmoid": "σ", "logsumexp": "log∑exp"}


@dataclass(frozen=True)
class Edge:
    """A value that an operation reads; `stopped` where no gradient flows back."""

    source: int
    stopped: bool = False


@dataclass(frozen=True)
class Node:
    """An operation with the value that it leads to; an input has no operation.

    Attributes:
        sign: what stands in the circle; "" for an input.
        below: the indices of a reduction, `k`.
        reads: what it reads, in reading order.
        value: the named value, with its indices; None for a part of a longer expression.
    """

    sign: str
    below: str = ""
    reads: tuple[Edge, ...] = ()
    value: Element | None = None


def computation_graph(derivation: Derivation) -> tuple[Node, ...]:
    """Return the nodes, each after those that it reads."""
    builder = _Builder(derivation)
    for statement in derivation.definitions:
        builder.define(Element(statement.name, statement.subscripts), statement.value)
    return tuple(builder.nodes)


@dataclass
class _Builder:
    """The nodes so far."""

    derivation: Derivation
    nodes: list[Node] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    known: dict[tuple[str, str, tuple[Edge, ...]], int] = field(default_factory=dict)

    def define(self, target: Element, value: Expr) -> None:
        """Add the operations of a statement; the last one leads to its target."""
        edge = visit(value, self)
        if edge is None or edge.stopped or self.nodes[edge.source].value is not None:
            reads = () if edge is None else (edge,)
            sign = "pad" if isinstance(value, Pad) else "="
            edge = self.add(_literal(value) if edge is None else sign, reads, fresh=True)
        self.nodes[edge.source] = replace(self.nodes[edge.source], value=target)
        self.places[target.name] = edge.source

    def add(self, sign: str, reads: Sequence[Edge], below: str = "", fresh: bool = False) -> Edge:
        """Return the operation, a new one unless the same stands in the graph unnamed."""
        key = (sign, below, tuple(reads))
        found = None if fresh else self.known.get(key)
        if found is None or self.nodes[found].value is not None:
            found = len(self.nodes)
            self.nodes.append(Node(sign, below, tuple(reads)))
            self.known[key] = found
        return Edge(found)

    def tensor(self, name: str) -> Edge | None:
        """Return the node of an input or a value; None for a constant."""
        layer = self.derivation.layer
        if name not in self.places and name in layer.inputs:
            target = Element(name, tuple(IndexValue(index) for index in layer.axes[name]))
            self.places[name] = len(self.nodes)
            self.nodes.append(Node("", value=self._target(name) or target))
        return Edge(self.places[name]) if name in self.places else None

    def _target(self, name: str) -> Element | None:
        trails = self.derivation.trails
        return next((trail.target for trail in trails if trail.target.name == name), None)

    def all_of(self, exprs: Sequence[Expr]) -> list[Edge]:
        """Return the nodes of expressions, those of literals left out, each once."""
        found = [visit(expr, self) for expr in exprs]
        return list(dict.fromkeys(edge for edge in found if edge is not None))


@singledispatch
def visit(expr: Expr, builder: _Builder) -> Edge | None:
    """Return the node of an expression, None for a literal.

    What has no drawing of its own is one operation that reads every tensor in it.
    """
    return _at_once("f", expr, builder)


def _at_once(sign: str, expr: Expr, builder: _Builder) -> Edge | None:
    found = [builder.tensor(name) for name in element_names(expr)]
    reads = [edge for edge in found if edge is not None]
    return builder.add(sign, reads) if reads else None


@visit.register
def _(expr: Element, builder: _Builder) -> Edge | None:
    own = builder.tensor(expr.name)
    places = [name for subscript in expr.subscripts for name in element_names(subscript)]
    indexed = [edge for name in places if (edge := builder.tensor(name)) is not None]
    if own is None or not indexed:
        return own
    return builder.add("[ ]", list(dict.fromkeys([own, *indexed])))


@visit.register
def _(expr: Pad, builder: _Builder) -> Edge | None:
    return visit(expr.element, builder)


@visit.register
def _(expr: StopGradient, builder: _Builder) -> Edge | None:
    edge = visit(expr.body, builder)
    return None if edge is None else replace(edge, stopped=True)


@visit.register
def _(expr: Add, builder: _Builder) -> Edge | None:
    parts = [split_coefficient(term) for term in expr.terms]
    signs: list[int] = []
    reads: list[Edge] = []
    literals = ""
    for term, (coefficient, rest) in zip(expr.terms, parts, strict=True):
        plain = abs(coefficient) == 1
        edge = visit(rest if plain else term, builder)
        if edge is None:
            literals += _signed(term)
        else:
            reads.append(edge)
            signs.append(-1 if plain and coefficient < 0 else 1)
    if not reads:
        return None
    if len(reads) == 1:
        return builder.add(f"{literals.strip()} −" if signs[0] < 0 else f"+{literals}", reads)
    minus = len(reads) == 2 and sorted(signs) == [-1, 1]
    if minus and signs[0] < 0:
        reads.reverse()
    return builder.add(("−" if minus else "+") + literals, reads)


def _signed(term: Expr) -> str:
    text = _literal(term)
    return f" {text}" if text else ""


@visit.register
def _(expr: Mul, builder: _Builder) -> Edge | None:
    product = split_product(expr.factors)
    factors = [*product.above, *map(Indicator, product.indicators), *product.deltas]
    above, below = builder.all_of(factors), builder.all_of(product.below)
    if not above and not below:
        return None
    sign = "−" if product.negative else ""
    number = "" if product.numerator == "1" else _shortened(product.numerator)
    literals = [_literal(part) for part in factors if visit(part, builder) is None]
    literals += [f"1/{_literal(part)}" for part in product.below if visit(part, builder) is None]
    text = sign + " ".join([number, *(part for part in literals if part not in ("", "1/"))]).strip()
    if not below and len(above) == 1 and not text:
        return above[0]
    if not below:
        only_sign = len(above) == 1 and text == "−"
        return builder.add(text if only_sign else f"× {text}".strip(), above)
    if not above:
        return builder.add(f"{text if text not in ('', '−') else text + '1'}/( )", below)
    top = above[0] if len(above) == 1 else builder.add("×", above)
    bottom = below[0] if len(below) == 1 else builder.add("×", below)
    return builder.add(f"÷ {text}".strip(), [top, bottom])


@visit.register
def _(expr: Power, builder: _Builder) -> Edge | None:
    if not isinstance(expr.exponent, Number):
        reads = builder.all_of((expr.base, expr.exponent))
        return builder.add("pow", reads) if reads else None
    base = visit(expr.base, builder)
    if base is None:
        return None
    return builder.add(POWERS.get(expr.exponent.value, f"( )^{expr.exponent.value}"), [base])


@visit.register
def _(expr: Call, builder: _Builder) -> Edge | None:
    reads = builder.all_of(expr.args)
    return builder.add(SIGNS.get(expr.function, expr.function), reads) if reads else None


@visit.register
def _(expr: OpaqueCall, builder: _Builder) -> Edge | None:
    reads = builder.all_of((expr.arg,))
    return builder.add(expr.function + "′" * expr.order, reads) if reads else None


@visit.register
def _(expr: Reduce, builder: _Builder) -> Edge | None:
    run = range_of(expr)
    sign = SIGNS.get(run.op, run.op)
    letters = ",".join(index.name for index in run.indices)
    body = run.body
    if isinstance(body, Mul) and all(map(_is_read, body.factors)):
        reads = builder.all_of(body.factors)
        if len(reads) > 1:
            return builder.add(f"{sign} ×", reads, letters)
    edge = visit(body, builder)
    return None if edge is None else builder.add(sign, [edge], letters)


def _is_read(factor: Expr) -> bool:
    """Say whether a factor is read as it stands: an element, or a number that scales them."""
    return isinstance(factor, (Element, Pad)) or not element_names(factor)


@visit.register
def _(expr: ArgReduce, builder: _Builder) -> Edge | None:
    edge = visit(expr.body, builder)
    return None if edge is None else builder.add(expr.op, [edge], expr.index.name)


@visit.register
def _(expr: Where, builder: _Builder) -> Edge | None:
    condition = _at_once("?", expr.condition, builder)
    branches = builder.all_of((expr.then, expr.otherwise))
    reads = [*([replace(condition, stopped=True)] if condition else []), *branches]
    return builder.add("where", reads) if reads else None


@visit.register
def _(expr: Indicator, builder: _Builder) -> Edge | None:
    return _at_once("[ ]", expr, builder)


@visit.register
def _(expr: Delta, builder: _Builder) -> Edge | None:
    return _at_once("δ", expr, builder)


@visit.register
def _(expr: MatrixFunction, builder: _Builder) -> Edge | None:
    edge = builder.tensor(expr.name)
    return None if edge is None else builder.add(expr.function, [edge])


def _literal(expr: Expr) -> str:
    """Return a literal as it stands in an operation's circle, nothing where it is too long."""
    text = re.sub(r"[^\W\d_]+", lambda word: LETTERS.get(word[0], word[0]), to_text(expr))
    text = re.sub(r"sqrt\((\w+)\)", r"√\1", text).replace("*", "·").replace("-", "−")
    return text if len(text) <= LONGEST_LITERAL else ""


def _shortened(number: str) -> str:
    """Return a number with few digits, as it only has to be recognised."""
    return number if len(number) <= LONGEST_LITERAL else f"{float(number):.4g}…"


def named(nodes: Sequence[Node]) -> Mapping[str, int]:
    """Return the place of each named value."""
    return {node.value.name: place for place, node in enumerate(nodes) if node.value is not None}
