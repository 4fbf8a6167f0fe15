"""Compile values and conditions into closures that evaluate their meaning, element by element.

Nothing is rewritten: the closures are the definition that derived and generated programs are
compared with. A factor `Indicator` or `Delta` that is 0 makes its product 0 whatever the other
factors are; of `where` the branch taken alone counts, but the reads of both must stay inside.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from symgrad.language.accesses import is_decided_by_data
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
    walk,
)
from symgrad.language.functions import expand
from symgrad.oracle.frame import Evaluate, Frame
from symgrad.oracle.integers import compile_loop, conjuncts
from symgrad.oracle.passes import compile_condition, compile_integer, compile_value
from symgrad.oracle.reads import read_error
from symgrad.oracle.reductions import REDUCERS
from symgrad.oracle.scope import Scope
from symgrad.oracle.spelling import function_of

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


# --- values --------------------------------------------------------------------------------------


@compile_value.register
def _(expr: Number, scope: Scope) -> Evaluate:
    value = scope.arithmetic.number(expr.value)
    return lambda frame: value


@compile_value.register
def _(expr: Constant, scope: Scope) -> Evaluate:
    value = scope.arithmetic.constants[expr.name]
    return lambda frame: value


@compile_value.register(IndexValue)
@compile_value.register(Extent)
@compile_value.register(AxisLength)
@compile_value.register(FloorDiv)
@compile_value.register(Mod)
@compile_value.register(ArgReduce)
def _(expr: Expr, scope: Scope) -> Evaluate:
    integer = compile_integer(expr, scope)
    number = scope.arithmetic.number
    return lambda frame: number(integer(frame))


@compile_value.register
def _(expr: Element, scope: Scope) -> Evaluate:
    name = expr.name
    position = _compile_position(expr.subscripts, scope)

    def evaluate(frame: Frame) -> Any:
        at = position(frame)
        try:
            return frame.tensors[name].cells[at]
        except KeyError:
            raise read_error(name, at, frame) from None

    return evaluate


def _compile_position(subscripts: tuple[Expr, ...], scope: Scope) -> Evaluate:
    if all(isinstance(subscript, IndexValue) for subscript in subscripts):
        slots = [scope.slot(subscript.index) for subscript in subscripts]  # type: ignore[attr-defined]
        return lambda frame: tuple([frame.values[slot] for slot in slots])
    parts = [compile_integer(subscript, scope) for subscript in subscripts]
    return lambda frame: tuple([part(frame) for part in parts])


@compile_value.register
def _(expr: Pad, scope: Scope) -> Evaluate:
    name = expr.element.name
    position = _compile_position(expr.element.subscripts, scope)
    outside = compile_value(expr.value, scope)

    def evaluate(frame: Frame) -> Any:
        cells = frame.tensors[name].cells
        at = position(frame)
        return cells[at] if at in cells else outside(frame)

    return evaluate


@compile_value.register
def _(expr: Add, scope: Scope) -> Evaluate:
    first, *others = [compile_value(term, scope) for term in expr.terms]

    def evaluate(frame: Frame) -> Any:
        total = first(frame)
        for other in others:
            total = total + other(frame)
        return total

    return evaluate


@compile_value.register
def _(expr: Mul, scope: Scope) -> Evaluate:
    zeros = [f for f in expr.factors if isinstance(f, (Indicator, Delta))]
    guards = [compile_condition(f, scope) for f in zeros]
    factors = [compile_value(f, scope) for f in expr.factors if f not in zeros]
    zero, one = scope.arithmetic.number(0), scope.arithmetic.number(1)

    def evaluate(frame: Frame) -> Any:
        for guard in guards:
            if not guard(frame):
                return zero
        product = one
        for factor in factors:
            product = product * factor(frame)
        return product

    return evaluate


@compile_value.register
def _(expr: Power, scope: Scope) -> Evaluate:
    base = compile_value(expr.base, scope)
    power = scope.arithmetic.power
    if isinstance(expr.exponent, Number) and expr.exponent.value.denominator == 1:
        whole = expr.exponent.value.numerator
        return lambda frame: power(base(frame), whole)
    exponent = compile_value(expr.exponent, scope)
    return lambda frame: power(base(frame), exponent(frame))


@compile_value.register
def _(expr: Call, scope: Scope) -> Evaluate:
    expanded = expand(expr)
    if not isinstance(expanded, Call) or expanded.function != expr.function:
        return compile_value(expanded, scope)
    function = function_of(expr.function, scope.arithmetic)
    args = [compile_value(arg, scope) for arg in expr.args]
    if len(args) == 1:
        argument = args[0]
        return lambda frame: function(argument(frame))
    return lambda frame: function(*[arg(frame) for arg in args])


@compile_value.register
def _(expr: OpaqueCall, scope: Scope) -> Evaluate:
    name = expr.function + "_prime" * expr.order
    if name not in scope.functions:
        raise ValueError(f"the opaque function {name} is not given: functions={{{name!r}: ...}}")
    function, number = scope.functions[name], scope.arithmetic.number
    argument = compile_value(expr.arg, scope)
    return lambda frame: number(function(argument(frame)))


@compile_value.register
def _(expr: StopGradient, scope: Scope) -> Evaluate:
    body = compile_value(expr.body, scope)
    key = scope.key(expr)

    def evaluate(frame: Frame) -> Any:
        if frame.stops is None:
            return body(frame)
        at = key(frame)
        if at not in frame.stops:
            frame.stops[at] = body(frame)
        return frame.stops[at]

    return evaluate


@compile_value.register
def _(expr: Where, scope: Scope) -> Evaluate:
    condition = compile_condition(expr.condition, scope)
    branches = compile_value(expr.otherwise, scope), compile_value(expr.then, scope)
    checked = [_may_leave(expr.otherwise), _may_leave(expr.then)]

    def evaluate(frame: Frame) -> Any:
        taken = bool(condition(frame))
        if checked[not taken]:
            branches[not taken](frame)
        return branches[taken](frame)

    return evaluate


def _may_leave(expr: Expr) -> bool:
    """Say whether an expression may read outside of a tensor: only a plain axis surely does not."""
    return any(
        not isinstance(subscript, IndexValue) or not isinstance(subscript.index.extent, AxisLength)
        for part in walk(expr)
        if isinstance(part, Element)
        for subscript in part.subscripts
    )


@compile_value.register(Indicator)
@compile_value.register(Delta)
def _(expr: Expr, scope: Scope) -> Evaluate:
    truth = compile_condition(expr, scope)
    zero, one = scope.arithmetic.number(0), scope.arithmetic.number(1)
    return lambda frame: one if truth(frame) else zero


@compile_value.register
def _(expr: Reduce, scope: Scope) -> Evaluate:
    guards = conjuncts(expr.condition)
    if expr.op == "sum":
        guards += _factors_of_one(expr.body)
    loop = compile_loop(expr.indices, guards, scope)
    body = compile_value(expr.body, scope)
    reduce = REDUCERS[expr.op]
    key = scope.key(expr)
    arithmetic = scope.arithmetic

    def evaluate(frame: Frame) -> Any:
        at = key(frame)
        if at not in frame.memo:
            frame.memo[at] = reduce([body(frame) for _ in loop(frame)], arithmetic)
        return frame.memo[at]

    return evaluate


# --- conditions ----------------------------------------------------------------------------------


@compile_condition.register
def _(expr: Compare, scope: Scope) -> Evaluate:
    holds = OPERATORS[expr.op]
    left, right = compile_value(expr.left, scope), compile_value(expr.right, scope)
    return lambda frame: holds(left(frame), right(frame))


@compile_condition.register
def _(expr: And | Or, scope: Scope) -> Evaluate:
    # a condition on indices guards the reads of the others, wherever it stands
    args = [compile_condition(arg, scope) for arg in sorted(expr.args, key=is_decided_by_data)]
    combine = all if isinstance(expr, And) else any
    return lambda frame: combine(arg(frame) for arg in args)


@compile_condition.register
def _(expr: Not, scope: Scope) -> Evaluate:
    arg = compile_condition(expr.arg, scope)
    return lambda frame: not arg(frame)


def _factors_of_one(body: Expr) -> tuple[Expr, ...]:
    """Return the factors of a summand without which it is 0, and which read nothing."""
    factors = body.factors if isinstance(body, Mul) else (body,)
    ones = (factor for factor in factors if isinstance(factor, (Delta, Indicator)))
    return tuple(factor for factor in ones if not is_decided_by_data(factor))


@compile_condition.register
def _(expr: Indicator, scope: Scope) -> Evaluate:
    return compile_condition(expr.condition, scope)


@compile_condition.register
def _(expr: Delta, scope: Scope) -> Evaluate:
    left, right = compile_integer(expr.left, scope), compile_integer(expr.right, scope)
    return lambda frame: left(frame) == right(frame)
