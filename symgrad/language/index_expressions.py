"""Check index expressions: what may stand in a subscript, in `delta` or beside an index."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import singledispatch
from numbers import Rational, Real

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
    Power,
    children,
    split_coefficient,
    walk,
)
from symgrad.language.limits import PLACES
from symgrad.language.magnitudes import magnitudes
from symgrad.language.scope import AxisUse, Reading, Scope
from symgrad.language.syntax import Syntax


def require_integer(expr: Expr, node: Syntax, scope: Scope) -> Expr:
    """Return `expr` when it is an index expression, and note the tensors it reads as integers.

    Raises:
        FormulaError: when it is none: `x[i/2]`, `x[sin(i)]`, `x[i*j]`.
    """
    if not is_index_expression(expr):
        scope.reading.fail(f"{scope.reading.written(node)} is not an integer", node, _advice(expr))
    note_integers(expr, node.span, scope.reading)
    refuse_far(expr, node.span, scope.reading)
    for step in steps(expr):
        require_positive(step, node.span, scope)
    return expr


def refuse_far(expr: Expr, span: Span, reading: Reading) -> None:
    """Refuse a number in index arithmetic that no array is long enough for."""
    PLACES.check(max(map(math.ceil, magnitudes(expr)), default=0), reading.text, [span])


def _advice(expr: Expr) -> str:
    parts = list(walk(expr))
    if any(isinstance(part, Mul) and len(_moving(part)) > 1 for part in parts):
        return "multiply an index by integers and constants alone, never by an index or a tensor"
    if any(isinstance(part, Mul) and not _is_whole(split_coefficient(part)[0]) for part in parts):
        return "write // for whole division: x[i//2]"
    return "write integers, indices, + - * // %, size(...) or elements of integer tensors"


def _moving(product: Mul) -> list[Expr]:
    return [factor for factor in product.factors if names_an_index(factor)]


def names_an_index(expr: Expr) -> bool:
    """Say whether the value of an expression changes with an index; `size(k)` does not."""
    return any(isinstance(part, IndexValue) for part in walk(expr))


def steps(expr: Expr) -> Iterator[Element]:
    """Yield the constants that multiply an index or divide."""
    if isinstance(expr, (Element, ArgReduce)):
        return
    if isinstance(expr, (FloorDiv, Mod)):
        yield from _constants(expr.right)
    if isinstance(expr, Mul) and _moving(expr):
        yield from _constants(expr)
    for part in children(expr):
        yield from steps(part)


def _constants(product: Expr) -> Iterator[Element]:
    for factor in product.factors if isinstance(product, Mul) else (product,):
        base = factor.base if isinstance(factor, Power) else factor
        if isinstance(base, Element):
            yield base


def require_positive(step: Expr, span: Span, scope: Scope) -> None:
    """Refuse a step or a divisor that is less than 1, where that is known."""
    name = step.name if isinstance(step, Element) else ""
    value = step.value if isinstance(step, Number) else scope.reading.constants.get(name)
    if isinstance(value, Real) and value < 1:
        scope.reading.fail(
            f"the constant {name} is {value}, and it multiplies an index or divides"
            if name
            else f"{value} is no divisor for // and %",
            span,
            f"give {name} a value of 1 or more" if name else "divide by 1 or more",
        )


def _elements(expr: Expr) -> Iterator[Element]:
    """Yield the elements whose values make the index; those below an argmax are compared only."""
    if isinstance(expr, ArgReduce):
        return
    if isinstance(expr, Element):
        yield expr
    for part in children(expr):
        yield from _elements(part)


def note_integers(expr: Expr, span: Span, reading: Reading) -> None:
    """Note the tensors that an index expression is made of."""
    for element in _elements(expr):
        note_integer(element, span, reading)


def note_integer(element: Element, span: Span, reading: Reading) -> None:
    """Note that a tensor is used where only an integer makes sense."""
    default = reading.constants.get(element.name)
    if default is not None and not _is_whole(default):
        reading.fail(
            f"the constant {element.name} is {default}, and an index needs an integer",
            span,
            f"give {element.name} an integer value",
        )
    if isinstance(default, (int, float)):
        PLACES.check(abs(int(default)), reading.text, [span])
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
    return len(_moving(expr)) <= 1 and all(is_index_expression(factor) for factor in expr.factors)


@is_index_expression.register
def _(expr: Power) -> bool:
    """A constant may stand there squared: `c*s*s`."""
    exponent = expr.exponent
    whole = isinstance(exponent, Number) and exponent.value.denominator == 1 and exponent.value > 0
    return whole and not names_an_index(expr.base) and is_index_expression(expr.base)


@is_index_expression.register(FloorDiv)
@is_index_expression.register(Mod)
def _(expr: FloorDiv | Mod) -> bool:
    return (
        not names_an_index(expr.right)
        and is_index_expression(expr.left)
        and is_index_expression(expr.right)
    )


def note_subscript(
    name: str, axis: int, subscript: Expr, span: Span, scope: Scope, *, padded: bool
) -> None:
    """Note one subscript of a tensor that is read."""
    reading = scope.reading
    if isinstance(subscript, Number) and subscript.value < 0 and not padded:
        reading.fail(
            f"{subscript.value} is outside of {name}: places are counted from 0",
            span,
            f"write size({name}, {axis}) - {-subscript.value} to count from the end",
        )
    use = AxisUse(name, axis, subscript, span, scope.statement, padded=padded)
    reading.axis_uses.append(use)


def note_delta(left: Expr, right: Expr, scope: Scope) -> None:
    """Note the two sides of a delta: they are compared."""
    scope.reading.comparisons.append((left, right))


def note_comparison(left: Expr, right: Expr, node: Syntax, scope: Scope) -> None:
    """Note a comparison of indices; what an index is compared with is an integer."""
    for side, other in ((left, right), (right, left)):
        if _is_pure(side) and is_index_expression(other):
            for element in _elements(other):
                note_integer(element, node.span, scope.reading)
    scope.reading.comparisons.append((left, right))


def _is_pure(expr: Expr) -> bool:
    """Say whether an expression is index arithmetic with an index and without tensors."""
    parts = list(walk(expr))
    return (
        is_index_expression(expr)
        and any(isinstance(part, IndexValue) for part in parts)
        and not any(isinstance(part, (Element, ArgReduce)) for part in parts)
    )
