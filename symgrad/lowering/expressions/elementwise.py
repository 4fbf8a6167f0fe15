"""Lower an expression to an array, one node at a time: the general way, right for every expression.

`lower` takes the frame, an order of (at least) the free indices of the expression; a combined array
has its axes in the order of the frame, a leaf has its own. Whoever combines values aligns them.
"""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch

from symgrad.language.expr import (
    ZERO,
    And,
    AxisLength,
    Call,
    Compare,
    Constant,
    Element,
    Expr,
    Extent,
    Index,
    IndexValue,
    Indicator,
    Mul,
    Not,
    Number,
    OpaqueCall,
    Or,
    Power,
    StopGradient,
    Where,
    replace,
    walk,
)
from symgrad.language.functions import FUNCTIONS, spelled
from symgrad.lowering.expressions.scope import Scope, is_finite
from symgrad.lowering.nodes.arrays import (
    Arange,
    Array,
    Literal,
    Opaque,
    Size,
    Value,
)
from symgrad.lowering.nodes.combine import (
    FALSE,
    TRUE,
    as_float,
    combine,
    divide,
    multiply,
    number,
    scalar,
    truth,
)

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


# powers up to this are products, each rounded: half as many units in the last place off at most
LARGEST_PRODUCT = 16


def raise_to(base: Value, exponent: Expr, scope: Scope, frame: Frame) -> Value:
    """Return base**exponent: squares, products and roots, or the general power.

    NumPy computes x**3 by a logarithm and an exponential, 5 to 300 times slower than x * x * x.
    """
    if not isinstance(exponent, Number):
        return combine("**", (base, as_float(lower(exponent, scope, frame))), frame)
    whole, half = divmod(exponent.value, 1)
    known = half in (0, Fraction(1, 2)) and whole <= LARGEST_PRODUCT
    if not known or base.array.kind == "weak":
        return combine("**", (base, scalar(Literal(exponent.value))), frame)
    if not half:
        return _product_of_powers(base, int(whole), frame)
    root = combine("sqrt", (base,), frame)
    if not whole:
        return root
    return combine("*", (_product_of_powers(base, int(whole), frame), root), frame)


def _product_of_powers(base: Value, exponent: int, frame: Frame) -> Value:
    """x^6 = (x^3)^2 and x^7 = x^6*x: squares, which NumPy knows, and single factors."""
    if exponent == 1:
        return base
    if exponent % 2 == 0:
        root = _product_of_powers(base, exponent // 2, frame)
        return combine("**", (root, scalar(number(2))), frame)
    if exponent == 3:
        return combine("*", (combine("*", (base, base), frame), base), frame)
    return combine("*", (_product_of_powers(base, exponent - 1, frame), base), frame)


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
    for form in CHOICES:
        value = form(expr, condition, scope, frame)
        if value is not None:
            return value
    branches = [as_float(lower(part, scope, frame)) for part in (expr.then, expr.otherwise)]
    return combine("where", (condition, *branches), frame)


# --- choices without np.where --------------------------------------------------------------------
# which waits for every entry of a mask that it can't foresee, 5 to 25 times as long


def by_parts(expr: Where, condition: Value, scope: Scope, frame: Frame) -> Value | None:
    """where(x > 0, x, s*x) = max(x, 0) + s*min(x, 0): of each number one part is 0, exactly."""
    test = expr.condition
    if not isinstance(test, Compare) or test.right != ZERO or not isinstance(test.left, Element):
        return None
    if test.op not in MIRRORED or test.op in ("==", "!=") or not test.left.subscripts:
        return None
    branches = [expr.then, expr.otherwise]
    upper, lower_part = branches if test.op in (">", ">=") else reversed(branches)
    if not all(_is_multiple(part, test.left, scope) for part in branches):
        return None
    positive = _with_factor(upper, test.left, Call("max", (test.left, ZERO)))
    negative = _with_factor(lower_part, test.left, Call("min", (test.left, ZERO)))
    return combine("+", [lower(part, scope, frame) for part in (positive, negative)], frame)


def _is_multiple(expr: Expr, base: Expr, scope: Scope) -> bool:
    """Say whether an expression is s*base for a finite s that does not read the base."""
    factors = list(expr.factors) if isinstance(expr, Mul) else [expr]
    if factors.count(base) != 1:
        return False
    factors.remove(base)
    return all(is_finite(factor, scope.tensors) and base not in walk(factor) for factor in factors)


def _with_factor(expr: Expr, base: Expr, new: Expr) -> Expr:
    return replace(expr, lambda part: new if part == base else None)


def by_masks(expr: Where, condition: Value, scope: Scope, frame: Frame) -> Value | None:
    """where(c, dy, s*dy) = dy*c + s*(dy*~c), of incoming gradients: they are finite."""
    branches = (expr.then, expr.otherwise)
    read = [part for branch in branches for part in walk(branch) if isinstance(part, Element)]
    arrays = [part.name for part in read if part.subscripts]
    if not arrays or not scope.trusted.issuperset(arrays) or not condition.axes:
        return None
    values = [as_float(lower(branch, scope, frame)) for branch in branches]
    if any(value.array.kind == "weak" for value in values):
        return None
    other = combine("not", (condition,), frame)
    parts = [multiply(values[0], condition, frame), multiply(values[1], other, frame)]
    return combine("+", parts, frame)


CHOICES = (by_parts, by_masks)


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
