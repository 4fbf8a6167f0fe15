"""Bring forward statements to single-assignment form.

After this pass each definition is one step of the chain rule: a sum of products, a function of
elements, a choice, a power, or a reduction of one index. What is nested in the formula becomes a
definition of its own, once for all its occurrences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import singledispatch

from symgrad.derivation.graph import Graph
from symgrad.derivation.parts import Part, Parts, filled_in_parts, part_of
from symgrad.derivation.terms import is_constant
from symgrad.language.expr import (
    Add,
    And,
    ArgReduce,
    AxisLength,
    Call,
    Compare,
    Constant,
    Delta,
    Element,
    Expr,
    Extent,
    FloorDiv,
    Index,
    IndexValue,
    Indicator,
    Mod,
    Mul,
    Not,
    Number,
    OpaqueCall,
    Or,
    Pad,
    Power,
    Reduce,
    StopGradient,
    Where,
    add,
    children,
    free_indices,
    mul,
    power,
    split_coefficient,
    split_power,
)
from symgrad.language.layer import Statement

Target = Sequence[Index]

# what may stand as a term of a sum of products
_PRODUCTS = (
    Number,
    Constant,
    Element,
    Pad,
    IndexValue,
    AxisLength,
    FloorDiv,
    Mod,
    Delta,
    Indicator,
    StopGradient,
    Add,
    Mul,
    Power,
)
_LEAVES = (Number, Constant, Element, Pad, IndexValue, AxisLength, FloorDiv, Mod)
NO_TARGET: Target = ()
Axes = Mapping[str, Sequence[Index]]
NO_AXES: Axes = {}


def normalise(statements: Sequence[Statement], graph: Graph, axes: Axes = NO_AXES) -> None:
    """Add each statement, and the intermediates that it needs, to the graph.

    Statements that fill one tensor are one definition, where the last of them stands; `axes` holds
    an index for each axis of a tensor.
    """
    graph.axes = axes
    partial = filled_in_parts(statements)
    parts: dict[str, list[Part]] = {}
    for number, statement in enumerate(statements):
        if statement.name in partial:
            value = atom(statement.value, graph, statement.indices)
            parts.setdefault(statement.name, []).append(part_of(statement, value))
            if all(later.name != statement.name for later in statements[number + 1 :]):
                own = tuple(index.fresh() for index in axes[statement.name])
                graph.assign(statement.name, own, Parts(tuple(parts[statement.name])))
            continue
        body = normal(statement.value, graph, statement.indices)
        body = graph.known(graph.take_last(body, statement.indices))
        graph.assign(statement.name, statement.indices, body)


@singledispatch
def normal(expr: Expr, graph: Graph, target: Target = NO_TARGET) -> Expr:
    """Return the expression over elements: one step of the chain rule."""
    raise TypeError(f"no normal form for {type(expr).__name__}")


@normal.register(Number)
@normal.register(Constant)
@normal.register(Element)
@normal.register(IndexValue)
@normal.register(AxisLength)
@normal.register(FloorDiv)
@normal.register(Mod)
@normal.register(Delta)
def _(expr: Expr, graph: Graph, target: Target = NO_TARGET) -> Expr:
    return expr


@normal.register
def _(expr: Pad, graph: Graph, target: Target = NO_TARGET) -> Expr:
    return Pad(expr.element, atom(expr.value, graph))


@normal.register
def _(expr: Extent, graph: Graph, target: Target = NO_TARGET) -> Expr:
    assert expr.index.extent is not None
    return expr.index.extent


def atom(expr: Expr, graph: Graph, target: Target = NO_TARGET) -> Expr:
    """Return the expression as one leaf: a constant as it is, anything else as an element."""
    body = normal(expr, graph, target)
    if isinstance(body, (*_LEAVES, Delta)) or _is_index_expression(body):
        return body
    if is_constant(body) or (isinstance(body, Mul) and all(map(_is_leaf_constant, body.factors))):
        return body
    return graph.intern(body, target)


def _is_leaf_constant(expr: Expr) -> bool:
    base, exponent = split_power(expr)
    return is_constant(expr) or (is_constant(base) and isinstance(exponent, Number))


@normal.register
def _(expr: Add, graph: Graph, target: Target = NO_TARGET) -> Expr:
    return add(*(_addend(_as_sum_term(term), graph, target) for term in expr.terms))


def _addend(term: Expr, graph: Graph, target: Target) -> Expr:
    """Return one term of a sum: products as they are, any function of values as an element."""
    body = normal(term, graph, target)
    if isinstance(body, _PRODUCTS) or (isinstance(body, Reduce) and body.op == "sum"):
        return body
    return graph.intern(body, target)


def _as_sum_term(term: Expr) -> Expr:
    """Distribute a number over brackets, so that -(a + b) is two terms."""
    coefficient, rest = split_coefficient(term)
    if isinstance(rest, Add) and coefficient != 1:
        return add(*(mul(Number(coefficient), inner) for inner in rest.terms))
    return term


@normal.register
def _(expr: Mul, graph: Graph, target: Target = NO_TARGET) -> Expr:
    distributed = _as_sum_term(expr)
    if distributed is not expr:
        return normal(distributed, graph, target)
    constants = [f for f in expr.factors if _is_leaf_constant(f) or isinstance(f, Extent)]
    others = [f for f in expr.factors if not (_is_leaf_constant(f) or isinstance(f, Extent))]
    constants = [normal(factor, graph) for factor in constants]
    if len(others) == 1:
        return _scale(constants, normal(others[0], graph, target), graph, target)
    return mul(*constants, *(_factor(factor, graph, target) for factor in others))


def _scale(constants: list[Expr], body: Expr, graph: Graph, target: Target) -> Expr:
    """Return constants times a single value; a sum or product stays one flat term."""
    if isinstance(body, (Mul, Power, Element, Pad, StopGradient)) or (
        isinstance(body, Reduce) and body.op == "sum"
    ):
        return mul(*constants, body)
    if isinstance(body, Add) and all(isinstance(c, Number) for c in constants):
        return add(*(mul(*constants, term) for term in body.terms))
    return mul(*constants, graph.intern(body, target))


def _factor(expr: Expr, graph: Graph, target: Target) -> Expr:
    """Return one factor of a product: an element to a power, or products flattened into it."""
    if isinstance(expr, (Indicator, Delta)):
        return normal(expr, graph)
    if isinstance(expr, Reduce):
        return atom(expr, graph)
    body = normal(expr, graph, target)
    if isinstance(body, Power) and isinstance(body.exponent, Number):
        return body
    if isinstance(body, Mul) and not any(isinstance(f, Reduce) for f in body.factors):
        return body
    if isinstance(body, _LEAVES) or is_constant(body) or _is_index_expression(body):
        return body
    return graph.intern(body, target)


@normal.register
def _(expr: Power, graph: Graph, target: Target = NO_TARGET) -> Expr:
    if not isinstance(expr.exponent, Number):
        return _general_power(expr, graph, target)
    exponent = expr.exponent.value
    body = normal(expr.base, graph, target)
    if isinstance(body, (Number, Constant, AxisLength)) or is_constant(body):
        return power(body, expr.exponent)
    if exponent.denominator == 1 and _is_monomial(body):
        return power(body, expr.exponent)
    base = body if isinstance(body, (Element, Pad)) else graph.intern(body, target)
    if exponent.denominator == 1:
        return power(base, expr.exponent)
    # a root is worth a name: it has its own derivative, and backward reads it
    return graph.intern(power(base, expr.exponent), target)


def _is_monomial(body: Expr) -> bool:
    return isinstance(body, (Power, Element, Pad)) or (
        isinstance(body, Mul) and not any(isinstance(f, Reduce) for f in body.factors)
    )


def _general_power(expr: Power, graph: Graph, target: Target) -> Expr:
    base, exponent = atom(expr.base, graph, target), atom(expr.exponent, graph, target)
    return Call("pow", (base, exponent))


@normal.register
def _(expr: Call, graph: Graph, target: Target = NO_TARGET) -> Expr:
    return Call(expr.function, tuple(atom(arg, graph, target) for arg in expr.args))


@normal.register
def _(expr: OpaqueCall, graph: Graph, target: Target = NO_TARGET) -> Expr:
    return OpaqueCall(expr.function, atom(expr.arg, graph, target), expr.order)


@normal.register
def _(expr: StopGradient, graph: Graph, target: Target = NO_TARGET) -> Expr:
    return StopGradient(atom(expr.body, graph, target))


@normal.register
def _(expr: Compare, graph: Graph, target: Target = NO_TARGET) -> Expr:
    sides = (expr.left, expr.right)
    # what an index is compared with is an integer
    integers = any(_is_index_expression(side) and free_indices(side) for side in sides)
    return Compare(expr.op, *(s if integers else _side(s, graph) for s in sides))


def _side(expr: Expr, graph: Graph) -> Expr:
    """Return one side of a comparison: index arithmetic as it is, values as one element."""
    return expr if _is_index_expression(expr) else atom(expr, graph)


def _is_index_expression(expr: Expr) -> bool:
    """Say whether an expression is arithmetic of indices, sizes and numbers alone."""
    if isinstance(expr, (Add, Mul, FloorDiv, Mod)):
        return all(_is_index_expression(part) for part in children(expr))
    return isinstance(expr, (IndexValue, Number, AxisLength, Extent))


@normal.register
def _(expr: And, graph: Graph, target: Target = NO_TARGET) -> Expr:
    return And(tuple(normal(arg, graph) for arg in expr.args))


@normal.register
def _(expr: Or, graph: Graph, target: Target = NO_TARGET) -> Expr:
    return Or(tuple(normal(arg, graph) for arg in expr.args))


@normal.register
def _(expr: Not, graph: Graph, target: Target = NO_TARGET) -> Expr:
    return Not(normal(expr.arg, graph))


@normal.register
def _(expr: Indicator, graph: Graph, target: Target = NO_TARGET) -> Expr:
    return Indicator(normal(expr.condition, graph))


@normal.register
def _(expr: Where, graph: Graph, target: Target = NO_TARGET) -> Expr:
    return Where(
        normal(expr.condition, graph),
        atom(expr.then, graph, target),
        atom(expr.otherwise, graph, target),
    )


@normal.register
def _(expr: ArgReduce, graph: Graph, target: Target = NO_TARGET) -> Expr:
    condition = None if expr.condition is None else normal(expr.condition, graph)
    with filtered(graph, condition):
        return ArgReduce(expr.op, expr.index, condition, atom(expr.body, graph))


@normal.register
def _(expr: Reduce, graph: Graph, target: Target = NO_TARGET) -> Expr:
    condition = None if expr.condition is None else normal(expr.condition, graph)
    with filtered(graph, condition):
        if expr.op == "sum":
            return Reduce("sum", expr.indices, condition, _summand(expr.body, graph))
        return _one_index_at_a_time(expr, condition, graph)


def _summand(expr: Expr, graph: Graph) -> Expr:
    body = normal(expr, graph)
    if not (_is_monomial(body) or isinstance(body, (Number, Reduce))):
        body = atom(body, graph)
    if isinstance(body, Reduce) and body.op != "sum":
        body = graph.intern(body)
    return body


@contextmanager
def filtered(graph: Graph, condition: Expr | None) -> Iterator[None]:
    """Let the graph know that a condition filters the indices of what is interned meanwhile."""
    outside = graph.filtered
    graph.filtered = outside or condition is not None
    try:
        yield
    finally:
        graph.filtered = outside


def _one_index_at_a_time(expr: Reduce, condition: Expr | None, graph: Graph) -> Expr:
    """Return max, min or prod over one index; several nest, so that the first one stays first."""
    *outer, innermost = expr.indices
    body = Reduce(expr.op, (innermost,), condition, atom(expr.body, graph))
    for index in reversed(outer):
        body = Reduce(expr.op, (index,), None, graph.intern(body))
    return body
