"""Compile expressions into closures that evaluate their meaning, one element at a time.

Three passes: `compile_value` for scalars, `compile_integer` for subscripts and extents,
`compile_condition` for truth values. Nothing is rewritten: the closures are the definition that
derived and generated programs are compared with. A factor `Indicator` or `Delta` that is 0 makes
its product 0 whatever the other factors are; of `where` the branch taken alone is evaluated.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from functools import singledispatch
from typing import Any

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
)
from symgrad.language.functions import expand
from symgrad.oracle.frame import Evaluate, Frame
from symgrad.oracle.reads import read_error
from symgrad.oracle.reductions import ARGUMENT_REDUCERS, REDUCERS
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


@singledispatch
def compile_value(expr: Expr, scope: Scope) -> Evaluate:
    """Return a closure that gives the value of `expr` as a scalar of the scope's arithmetic."""
    raise TypeError(f"the oracle has no value for {type(expr).__name__}: {expr!r}")


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
    guards = [compile_truth(f, scope) for f in expr.factors if isinstance(f, (Indicator, Delta))]
    factors = [
        compile_value(f, scope) for f in expr.factors if not isinstance(f, (Indicator, Delta))
    ]
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
    then, otherwise = compile_value(expr.then, scope), compile_value(expr.otherwise, scope)
    return lambda frame: then(frame) if condition(frame) else otherwise(frame)


@compile_value.register(Indicator)
@compile_value.register(Delta)
def _(expr: Expr, scope: Scope) -> Evaluate:
    truth = compile_truth(expr, scope)
    zero, one = scope.arithmetic.number(0), scope.arithmetic.number(1)
    return lambda frame: one if truth(frame) else zero


@compile_value.register
def _(expr: Reduce, scope: Scope) -> Evaluate:
    loop = _compile_loop(expr.indices, expr.condition, scope)
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


def _compile_loop(
    indices: tuple[Index, ...], condition: Expr | None, scope: Scope
) -> Callable[[Frame], Any]:
    """Return a closure that sets the indices to each of their values that pass the condition."""
    slots = [scope.slot(index) for index in indices]
    extents = [compile_extent(index, scope) for index in indices]
    holds = None if condition is None else compile_condition(condition, scope)

    def loop(frame: Frame) -> Any:
        values = frame.values
        for at in itertools.product(*[range(extent(frame)) for extent in extents]):
            for slot, value in zip(slots, at, strict=True):
                values[slot] = value
            if holds is None or holds(frame):
                yield at

    return loop


# --- integers ------------------------------------------------------------------------------------


@singledispatch
def compile_integer(expr: Expr, scope: Scope) -> Evaluate:
    """Return a closure that gives the value of an index expression as an int."""
    raise TypeError(f"the oracle has no integer for {type(expr).__name__}: {expr!r}")


@compile_integer.register
def _(expr: Number, scope: Scope) -> Evaluate:
    if expr.value.denominator != 1:
        raise TypeError(f"{expr.value} is not an integer")
    value = expr.value.numerator
    return lambda frame: value


@compile_integer.register
def _(expr: IndexValue, scope: Scope) -> Evaluate:
    slot = scope.slot(expr.index)
    return lambda frame: frame.values[slot]


@compile_integer.register
def _(expr: Extent, scope: Scope) -> Evaluate:
    return compile_extent(expr.index, scope)


@compile_integer.register
def _(expr: AxisLength, scope: Scope) -> Evaluate:
    name, axis = expr.name, expr.axis
    return lambda frame: frame.tensors[name].shape[axis]


@compile_integer.register
def _(expr: Element, scope: Scope) -> Evaluate:
    value = compile_value(expr, scope)

    def evaluate(frame: Frame) -> int:
        scalar = value(frame)
        if scalar != int(scalar):
            raise ValueError(f"{expr.name} holds {scalar}, and is used as an integer")
        return int(scalar)

    return evaluate


@compile_integer.register
def _(expr: Add, scope: Scope) -> Evaluate:
    terms = [compile_integer(term, scope) for term in expr.terms]
    return lambda frame: sum(term(frame) for term in terms)


@compile_integer.register
def _(expr: Mul, scope: Scope) -> Evaluate:
    factors = [compile_integer(factor, scope) for factor in expr.factors]

    def evaluate(frame: Frame) -> int:
        product = 1
        for factor in factors:
            product *= factor(frame)
        return product

    return evaluate


@compile_integer.register
def _(expr: FloorDiv | Mod, scope: Scope) -> Evaluate:
    left, right = compile_integer(expr.left, scope), compile_integer(expr.right, scope)
    divide = operator.floordiv if isinstance(expr, FloorDiv) else operator.mod
    return lambda frame: divide(left(frame), right(frame))


@compile_integer.register
def _(expr: ArgReduce, scope: Scope) -> Evaluate:
    loop = _compile_loop((expr.index,), expr.condition, scope)
    body = compile_value(expr.body, scope)
    better = ARGUMENT_REDUCERS[expr.op]
    key = scope.key(expr)

    def search(frame: Frame) -> int:
        best, place = None, -1
        for (at,) in loop(frame):
            value = body(frame)
            if best is None or better(value, best):
                best, place = value, at
        return place

    def evaluate(frame: Frame) -> int:
        at = key(frame)
        if at not in frame.memo:
            frame.memo[at] = search(frame)
        return int(frame.memo[at])

    return evaluate


def compile_extent(index: Index, scope: Scope) -> Evaluate:
    """Return a closure that gives how far the index runs."""
    if index.extent is None:
        raise AssertionError(f"the extent of index {index.name} is not resolved")
    return compile_integer(index.extent, scope)


# --- conditions ----------------------------------------------------------------------------------


@singledispatch
def compile_condition(expr: Expr, scope: Scope) -> Evaluate:
    """Return a closure that says whether the condition holds."""
    raise TypeError(f"the oracle has no truth value for {type(expr).__name__}: {expr!r}")


@compile_condition.register
def _(expr: Compare, scope: Scope) -> Evaluate:
    holds = OPERATORS[expr.op]
    left, right = compile_value(expr.left, scope), compile_value(expr.right, scope)
    return lambda frame: holds(left(frame), right(frame))


@compile_condition.register
def _(expr: And | Or, scope: Scope) -> Evaluate:
    args = [compile_condition(arg, scope) for arg in expr.args]
    combine = all if isinstance(expr, And) else any
    return lambda frame: combine(arg(frame) for arg in args)


@compile_condition.register
def _(expr: Not, scope: Scope) -> Evaluate:
    arg = compile_condition(expr.arg, scope)
    return lambda frame: not arg(frame)


def compile_truth(expr: Indicator | Delta | Expr, scope: Scope) -> Evaluate:
    """Return a closure that says whether an `Indicator` or a `Delta` is 1."""
    if isinstance(expr, Indicator):
        return compile_condition(expr.condition, scope)
    if not isinstance(expr, Delta):
        raise TypeError(f"{type(expr).__name__} is neither an Indicator nor a Delta")
    left, right = compile_integer(expr.left, scope), compile_integer(expr.right, scope)
    return lambda frame: left(frame) == right(frame)
