"""Lower an expression to an array, one node at a time: the general way, right for every expression.

`lower` takes the frame, an order of (at least) the free indices of the expression; a combined array
has its axes in the order of the frame, a leaf has its own. Whoever combines values aligns them.
"""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch

from symgrad.language.expr import (
    And,
    AxisLength,
    Call,
    Constant,
    Expr,
    Extent,
    Index,
    IndexValue,
    Indicator,
    Not,
    Number,
    OpaqueCall,
    Or,
    Power,
    StopGradient,
    Where,
)
from symgrad.language.functions import FUNCTIONS, spelled
from symgrad.lowering.arrays import (
    Arange,
    Array,
    Literal,
    Opaque,
    Size,
    Value,
)
from symgrad.lowering.combine import (
    FALSE,
    TRUE,
    as_float,
    combine,
    divide,
    number,
    scalar,
    truth,
)
from symgrad.lowering.scope import Scope

Frame = tuple[Index, ...]
Signed = tuple[int, Value]


@singledispatch
def lower(expr: Expr, scope: Scope, frame: Frame) -> Value:
    """Return the value of `expr`, as an array over its free indices.

    Raises:
        AssertionError: for a node that has no array form.
    """
    raise AssertionError(f"cannot lower {type(expr).__name__}")


# --- numbers and sizes ---------------------------------------------------------------------------


@lower.register
def _(expr: Number, scope: Scope, frame: Frame) -> Value:
    return scalar(Literal(expr.value))


@lower.register
def _(expr: Constant, scope: Scope, frame: Frame) -> Value:
    return scalar(Literal(expr.name))


def lower_extent(extent: Expr, scope: Scope) -> Array:
    """Return how far an index runs, as a Python integer."""
    return lower(extent, scope, ()).array


@lower.register
def _(expr: Extent, scope: Scope, frame: Frame) -> Value:
    if expr.index.extent is None:
        raise AssertionError(f"index {expr.index} has no extent")
    return scalar(lower_extent(expr.index.extent, scope))


@lower.register
def _(expr: AxisLength, scope: Scope, frame: Frame) -> Value:
    extent = scope.tensors[expr.name].extents[expr.axis]
    if extent == expr or not isinstance(extent, AxisLength):
        return scalar(Size(expr.name, expr.axis))
    return scalar(Size(extent.name, extent.axis))


# --- indices ------------------------------------------------------------------------


@lower.register
def _(expr: IndexValue, scope: Scope, frame: Frame) -> Value:
    return Value(Arange(lower(Extent(expr.index), scope, ()).array), (expr.index,))


# --- arithmetic ----------------------------------------------------------------------------------


@lower.register
def _(expr: Power, scope: Scope, frame: Frame) -> Value:
    exponent = expr.exponent
    if isinstance(exponent, Number) and exponent.value < 0:
        below = lower(Power(expr.base, Number(-exponent.value)), scope, frame)
        if exponent.value == -1:
            below = lower(expr.base, scope, frame)
        return divide(scalar(number(1)), below, frame)
    base = as_float(lower(expr.base, scope, frame))
    return raise_to(base, exponent, scope, frame)


def raise_to(base: Value, exponent: Expr, scope: Scope, frame: Frame) -> Value:
    """Return base**exponent: sqrt, products for small whole numbers, or the general power."""
    if isinstance(exponent, Number):
        if exponent.value == Fraction(1, 2):
            return combine("sqrt", (base,), frame)
        if exponent.value == Fraction(3, 2):
            return combine("*", (base, combine("sqrt", (base,), frame)), frame)
        if exponent.value == 3:
            square = combine("*", (base, base), frame)
            return combine("*", (square, base), frame)
        return combine("**", (base, scalar(Literal(exponent.value))), frame)
    return combine("**", (base, as_float(lower(exponent, scope, frame))), frame)


# --- functions -----------------------------------------------------------------------------------


@lower.register
def _(expr: Call, scope: Scope, frame: Frame) -> Value:
    plain = FUNCTIONS[expr.function].numpy is not None and len(expr.args) == _arity(expr)
    expanded = expr if plain and expr.function == "softplus" else spelled(expr)
    if expanded is not expr:
        return lower(expanded, scope, frame)
    args = tuple(as_float(lower(arg, scope, frame)) for arg in expr.args)
    if expr.function == "clip" and args[0].array.kind == "weak":
        # np.clip makes an array of float64 of a number; maximum and minimum leave it weak
        return combine("min", (combine("max", args[:2], frame), args[2]), frame)
    return combine(expr.function, args, frame)


def _arity(call: Call) -> int:
    return FUNCTIONS[call.function].arity


@lower.register
def _(expr: OpaqueCall, scope: Scope, frame: Frame) -> Value:
    arg = as_float(lower(expr.arg, scope, frame))
    return Value(Opaque(expr.function, expr.order, arg.array), arg.axes)


@lower.register
def _(expr: StopGradient, scope: Scope, frame: Frame) -> Value:
    return lower(expr.body, scope, frame)


# an operator with its sides exchanged
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


# --- conditions ----------------------------------------------------------------------------------


@lower.register
def _(expr: Where, scope: Scope, frame: Frame) -> Value:
    condition = lower(expr.condition, scope, frame)
    if isinstance(condition.array, Literal):
        taken = expr.then if condition.array.value == "True" else expr.otherwise
        return as_float(lower(taken, scope, frame))
    branches = [as_float(lower(part, scope, frame)) for part in (expr.then, expr.otherwise)]
    return combine("where", (condition, *branches), frame)


@lower.register
def _(expr: Indicator, scope: Scope, frame: Frame) -> Value:
    return lower(expr.condition, scope, frame)


@lower.register(And)
@lower.register(Or)
def _(expr: And | Or, scope: Scope, frame: Frame) -> Value:
    op, neutral = ("and", TRUE) if isinstance(expr, And) else ("or", FALSE)
    values = [lower(arg, scope, frame) for arg in expr.args]
    decided = [value for value in values if value.array in (TRUE, FALSE)]
    if any(value.array != neutral for value in decided):
        return truth(neutral == FALSE)
    values = [value for value in values if value.array != neutral] or decided
    total = values[0]
    for value in values[1:]:
        total = combine(op, (total, value), frame)
    return total


@lower.register
def _(expr: Not, scope: Scope, frame: Frame) -> Value:
    value = lower(expr.arg, scope, frame)
    if value.array in (TRUE, FALSE):
        return truth(value.array == FALSE)
    return combine("not", (value,), frame)
