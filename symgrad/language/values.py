"""Turn surface nodes into expressions: numbers, names, tensors and arithmetic.

`value` is open: calls, conditions and reductions register themselves in modules of their own.
"""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch
from typing import NoReturn

from symgrad.errors import Span
from symgrad.language.expr import (
    INFINITY,
    MINUS_ONE,
    Constant,
    Delta,
    Element,
    Expr,
    FloorDiv,
    IndexValue,
    Mod,
    Mul,
    Number,
    Reduce,
    add,
    mul,
    power,
)
from symgrad.language.functions import FUNCTIONS
from symgrad.language.index_expressions import (
    names_an_index,
    note_delta,
    note_subscript,
    require_integer,
    require_positive,
)
from symgrad.language.limits import BITS
from symgrad.language.scope import Scope
from symgrad.language.syntax import (
    Chain,
    Group,
    Name,
    Negative,
    Numeral,
    Raised,
    Sum,
    Syntax,
    Tensor,
    walk_syntax,
)
from symgrad.language.tokens import function_names, nearest

_CONSTANTS = {"inf": INFINITY, "pi": Constant("pi"), "π": Constant("pi")}


@singledispatch
def value(node: Syntax, scope: Scope) -> Expr:
    """Return what a surface node means as a value.

    Raises:
        FormulaError: where it means nothing, or something that is no value.
    """
    raise AssertionError(f"no meaning for {type(node).__name__}")


@value.register
def _(node: Numeral, scope: Scope) -> Expr:
    return Number(node.value)


@value.register
def _(node: Group, scope: Scope) -> Expr:
    return value(node.body, scope)


@value.register
def _(node: Negative, scope: Scope) -> Expr:
    return mul(MINUS_ONE, value(node.body, scope))


@value.register
def _(node: Sum, scope: Scope) -> Expr:
    terms = [value(term, scope) for term in node.terms]
    signed = [
        mul(MINUS_ONE, term) if sign == "-" else term
        for sign, term in zip(("+", *node.signs), terms, strict=True)
    ]
    return add(*signed)


@value.register
def _(node: Raised, scope: Scope) -> Expr:
    base, exponent = value(node.base, scope), value(node.exponent, scope)
    if isinstance(base, Number) and isinstance(exponent, Number):
        BITS.check(int(_bits(base) * abs(exponent.value)), scope.reading.text, [node.span])
        if base.value == 0 and exponent.value < 0:
            _refuse_zero_divisor(node, scope)
    return power(base, exponent)


@value.register
def _(node: Chain, scope: Scope) -> Expr:
    summed = scope.sums.get(node, ())
    indices = {
        letter: scope.reading.new_index(letter, _place(node, letter), scope.statement)
        for letter in summed
    }
    inner = scope.with_indices(indices)
    result = _product(node, inner)
    return Reduce("sum", tuple(indices.values()), None, result) if indices else result


def _place(node: Syntax, letter: str) -> Span:
    """Return the first place of a name in a node."""
    names = (part for part in walk_syntax(node) if isinstance(part, Name))
    return next(name.span for name in names if name.name == letter)


def _product(node: Chain, scope: Scope) -> Expr:
    factors = [value(node.items[0], scope)]
    for operator, item in zip(node.operators, node.items[1:], strict=True):
        right = value(item, scope)
        if operator == "*":
            factors.append(right)
        elif operator == "/":
            if isinstance(right, Number) and right.value == 0:
                _refuse_zero_divisor(item, scope)
            factors.append(power(right, MINUS_ONE))
        else:
            left = require_integer(mul(*factors), node, scope)
            factors = [_whole_division(operator, left, right, item, scope)]
    result = mul(*factors)
    coefficient = result.factors[0] if isinstance(result, Mul) else result
    if isinstance(coefficient, Number):
        BITS.check(_bits(coefficient), scope.reading.text, [node.span])
    return result


def _refuse_zero_divisor(node: Syntax, scope: Scope) -> None:
    scope.reading.fail("a division by zero", node, "divide by something else")


def _whole_division(operator: str, left: Expr, right: Expr, item: Syntax, scope: Scope) -> Expr:
    if names_an_index(right):
        scope.reading.fail(
            f"{scope.reading.written(item)} divides by {operator}, and it has an index",
            item,
            f"write a number, a constant or size(x, 0) behind {operator}",
        )
    divisor = require_integer(right, item, scope)
    if isinstance(divisor, Number) and divisor.value == 0:
        _refuse_zero_divisor(item, scope)
    require_positive(divisor, item.span, scope)
    if isinstance(left, Number) and isinstance(divisor, Number):
        whole = Fraction(left.value // divisor.value)
        return Number(whole if operator == "//" else left.value - whole * divisor.value)
    return FloorDiv(left, divisor) if operator == "//" else Mod(left, divisor)


def _bits(number: Number) -> int:
    return number.value.numerator.bit_length() + number.value.denominator.bit_length()


@value.register
def _(node: Name, scope: Scope) -> Expr:
    name = node.name
    if scope.parameters is not None and name in scope.parameters:
        return scope.reading.copy(scope.parameters[name])
    if name in scope.indices:
        return IndexValue(scope.indices[name])
    known = name in scope.reading.declared or name in scope.reading.targets
    if name in _CONSTANTS and not known:
        return _CONSTANTS[name]
    if not known:
        _refuse_function_name(node, scope)
    if name == scope.target:
        _refuse_own_target(name, node, scope)
    scope.read(name, 0, node.span)
    return Element(name)


def _refuse_function_name(node: Name, scope: Scope) -> None:
    """Explain `exp x_ij` and `sum x_ij`."""
    name = node.name
    if name in ("sum", "mean", "prod", "logsumexp"):
        scope.reading.fail(
            f"{name} stands without its indices",
            node,
            f"write {name}_k or {name}_{{k,l}}, then what is reduced",
        )
    if name in FUNCTIONS:
        scope.reading.fail(
            f"{name} is a function and stands here without its argument",
            node,
            f"write {name}(...)",
        )


@value.register
def _(node: Tensor, scope: Scope) -> Expr:
    reading = scope.reading
    summed = scope.sums.get(node, ())
    indices = {
        letter: reading.new_index(letter, _place(node, letter), scope.statement)
        for letter in summed
    }
    inner = scope.with_indices(indices)
    known = node.name in reading.declared or node.name in reading.targets
    if node.name in ("delta", "δ") and len(node.subscripts) == 2 and not known:
        element: Expr = delta(node.subscripts[0], node.subscripts[1], inner)
    else:
        element = read_element(node, inner)
    return Reduce("sum", tuple(indices.values()), None, element) if indices else element


def delta(left: Syntax, right: Syntax, scope: Scope) -> Expr:
    """Return the Kronecker delta of two index expressions."""
    first = require_integer(value(left, scope), left, scope)
    second = require_integer(value(right, scope), right, scope)
    note_delta(first, second, scope)
    return Delta(first, second)


def read_element(node: Tensor, scope: Scope, *, padded: bool = False) -> Element:
    """Return the element that is read, and note its axes."""
    scope.read(node.name, len(node.subscripts), node.span)
    if scope.parameters is not None and node.subscripts:
        scope.reading.fail(
            "the body of a let function reads a tensor",
            node,
            "use its arguments, constants and scalars; pass the element as an argument",
        )
    subscripts = []
    for axis, part in enumerate(node.subscripts):
        subscript = require_integer(value(part, scope), part, scope)
        note_subscript(node.name, axis, subscript, part.span, scope, padded=padded)
        subscripts.append(subscript)
    element = Element(node.name, tuple(subscripts))
    if node.name == scope.target:
        _check_recurrence(element, node, scope)
    return element


def _check_recurrence(element: Element, node: Tensor, scope: Scope) -> None:
    """A statement may read its own left side at a shifted place along one index."""
    shifted = any(
        isinstance(left, IndexValue)
        and part != left
        and isinstance(add(part, mul(MINUS_ONE, left)), Number)
        for part, left in zip(element.subscripts, scope.subscripts, strict=False)
    )
    if not shifted:
        _refuse_own_target(node.name, node, scope)
    scope.reading.found("a recurrence", node.span)


def _refuse_own_target(name: str, node: Syntax, scope: Scope) -> NoReturn:
    advice = f"use another name on the left, or read an earlier place: {name}[t-1, ...]"
    if scope.whole_target != name:
        advice = f"{scope.whole_target} is {name} with indices; write {scope.whole_target}[] " + (
            "for a scalar of that name"
        )
    scope.reading.fail(f"{name} is read before its assignment, in its own statement", node, advice)


def closest_function(word: str, scope: Scope) -> str | None:
    """Return the function of the language or of the formula that is most like `word`."""
    known = function_names(scope.reading.names)
    return nearest(word, known) or nearest(word.lower(), known)
