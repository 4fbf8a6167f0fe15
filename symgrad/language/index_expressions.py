"""Check index expressions: what may stand in a subscript, in `delta` or beside an index."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from numbers import Rational

from symgrad.errors import Span
from symgrad.language.expr import (
    Add,
    ArgReduce,
    AxisLength,
    Element,
    Expr,
    Extent,
    FloorDiv,
    IndexValue,
    Mod,
    Mul,
    Number,
    children,
    free_indices,
    walk,
)
from symgrad.language.scope import AxisUse, Scope
from symgrad.language.syntax import Syntax


def require_integer(expr: Expr, node: Syntax, scope: Scope) -> Expr:
    """Return `expr` when it is an index expression, and note the tensors it reads as integers.

    Raises:
        FormulaError: when it is none: `x[i/2]`, `x[sin(i)]`, `x[i*j]`.
    """
    if not is_index_expression(expr):
        scope.reading.fail(
            f"{scope.reading.written(node)} is not an integer",
            node,
            "write integers, indices, + - * // %, size(...) or elements of integer tensors",
        )
    for element in _elements(expr):
        note_integer(element, node.span, scope)
    return expr


def _elements(expr: Expr) -> Iterator[Element]:
    """Yield the elements whose values make the index; those below an argmax are compared only."""
    if isinstance(expr, ArgReduce):
        return
    if isinstance(expr, Element):
        yield expr
    for part in children(expr):
        yield from _elements(part)


def note_integer(element: Element, span: Span, scope: Scope) -> None:
    """Note that a tensor is used where only an integer makes sense."""
    reading = scope.reading
    default = reading.constants.get(element.name)
    if default is not None and not _is_whole(default):
        reading.fail(
            f"the constant {element.name} is {default}, and an index needs an integer",
            span,
            f"give {element.name} an integer value",
        )
    reading.integers.setdefault(element.name, span)


def _is_whole(default: object) -> bool:
    if isinstance(default, Rational):
        return default.denominator == 1
    return isinstance(default, float) and default.is_integer()


@singledispatch
def is_index_expression(expr: Expr) -> bool:
    """Say whether an expression is made of what an index expression may have."""
    return False


@is_index_expression.register(IndexValue)
@is_index_expression.register(Extent)
@is_index_expression.register(AxisLength)
@is_index_expression.register(Element)
@is_index_expression.register(ArgReduce)
def _(expr: Expr) -> bool:
    return True


@is_index_expression.register
def _(expr: Number) -> bool:
    return expr.value.denominator == 1


@is_index_expression.register
def _(expr: Add) -> bool:
    return all(is_index_expression(term) for term in expr.terms)


@is_index_expression.register
def _(expr: Mul) -> bool:
    moving = [factor for factor in expr.factors if free_indices(factor)]
    return len(moving) <= 1 and all(is_index_expression(factor) for factor in expr.factors)


@is_index_expression.register(FloorDiv)
@is_index_expression.register(Mod)
def _(expr: FloorDiv | Mod) -> bool:
    fixed = not free_indices(expr.right) or isinstance(expr.right, Extent)
    return fixed and is_index_expression(expr.left) and is_index_expression(expr.right)


def note_subscript(
    name: str, axis: int, subscript: Expr, span: Span, scope: Scope, *, padded: bool
) -> None:
    """Note one subscript of a tensor that is read."""
    reading = scope.reading
    use = AxisUse(name, axis, subscript, span, scope.statement, padded=padded)
    reading.axis_uses.append(use)
    if _reads_a_tensor(subscript):
        reading.found("an integer tensor as a subscript", span)
    elif not isinstance(subscript, IndexValue):
        reading.found("index arithmetic", span)


def note_delta(left: Expr, right: Expr, span: Span, scope: Scope) -> None:
    """Note the two sides of a delta: they are compared."""
    scope.reading.comparisons.append((left, right))
    for side in (left, right):
        if _reads_a_tensor(side) and not isinstance(side, ArgReduce):
            scope.reading.found("an integer tensor in delta", span)
        elif not isinstance(side, (IndexValue, ArgReduce)):
            scope.reading.found("index arithmetic in delta", span)


def _reads_a_tensor(expr: Expr) -> bool:
    return any(
        isinstance(part, ArgReduce) or (isinstance(part, Element) and bool(part.subscripts))
        for part in walk(expr)
    )


def note_comparison(left: Expr, right: Expr, node: Syntax, scope: Scope) -> None:
    """Note a comparison of indices; what an index is compared with is an integer."""
    for side, other in ((left, right), (right, left)):
        if _is_pure(side) and is_index_expression(other):
            for element in _elements(other):
                note_integer(element, node.span, scope)
    scope.reading.comparisons.append((left, right))


def _is_pure(expr: Expr) -> bool:
    """Say whether an expression is index arithmetic with an index and without tensors."""
    parts = list(walk(expr))
    return (
        is_index_expression(expr)
        and any(isinstance(part, IndexValue) for part in parts)
        and not any(isinstance(part, (Element, ArgReduce)) for part in parts)
    )
