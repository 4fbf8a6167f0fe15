"""Lower an expression to an array, one node at a time: the general way, right for every expression.

`lower` takes the frame, an order of (at least) the free indices of the expression; a combined array
has its axes in the order of the frame, a leaf has its own. Whoever combines values aligns them.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from functools import singledispatch

from symgrad.language.expr import (
    Add,
    And,
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
    Not,
    Number,
    OpaqueCall,
    Or,
    Power,
    StopGradient,
    Where,
    split_coefficient,
)
from symgrad.language.functions import FUNCTIONS, spelled
from symgrad.lowering.arrays import (
    Apply,
    Arange,
    Array,
    Contraction,
    Eye,
    Gather,
    Head,
    Hyperparameter,
    Literal,
    Opaque,
    Size,
    Tri,
    Value,
    Variable,
)
from symgrad.lowering.combine import (
    FALSE,
    TRUE,
    align,
    as_float,
    combine,
    divide,
    number,
    permute,
    scalar,
    truth,
    union,
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


# --- elements and indices ------------------------------------------------------------------------


@lower.register
def _(expr: IndexValue, scope: Scope, frame: Frame) -> Value:
    return Value(Arange(lower(Extent(expr.index), scope, ()).array), (expr.index,))


@lower.register
def _(expr: Element, scope: Scope, frame: Frame) -> Value:
    if expr.name in scope.constants:
        return scalar(Hyperparameter(expr.name))
    tensor = scope.tensors[expr.name]
    array: Array = Variable(expr.name, len(expr.subscripts), tensor.kind)
    indices = [s.index for s in expr.subscripts if isinstance(s, IndexValue)]
    if len(indices) < len(expr.subscripts):
        return _gather(array, expr, scope, frame)
    extents = zip(indices, tensor.extents, strict=True)
    stops = tuple(
        None if index.extent == extent else lower(Extent(index), scope, ()).array
        for index, extent in extents
    )
    if any(stop is not None for stop in stops):
        array = Head(array, stops)
    return diagonal(array, indices)


def diagonal(array: Array, indices: list[Index]) -> Value:
    """Return the array whose axes carry `indices`, with one axis for each different index."""
    axes = tuple(dict.fromkeys(indices))
    if len(axes) == len(indices):
        return Value(array, axes)
    letters = dict(zip(axes, "ijklmnopqrstuvwxyz", strict=False))
    spec = "".join(letters[index] for index in indices)
    result = "".join(letters[index] for index in axes)
    return Value(Contraction("einsum", (array,), f"{spec}->{result}"), axes)


def _gather(array: Array, expr: Element, scope: Scope, frame: Frame) -> Value:
    """Read at computed places: integer arrays over the free indices, which broadcast."""
    places = [lower(subscript, scope, frame) for subscript in expr.subscripts]
    axes = union(places, frame)
    return Value(Gather(array, tuple(align(place, axes) for place in places)), axes)


# --- arithmetic ----------------------------------------------------------------------------------


@lower.register
def _(expr: Add, scope: Scope, frame: Frame) -> Value:
    """Add terms of equal axes first, so that small arrays meet before they are broadcast."""
    terms = []
    for term in expr.terms:
        coefficient, rest = split_coefficient(term)
        sign = -1 if coefficient < 0 else 1
        value = as_float(lower(term if sign > 0 else Number(abs(coefficient)) * rest, scope, frame))
        terms.append((sign, value))
    everything = union([value for _, value in terms], frame)
    groups: dict[Frame, list[Signed]] = {}
    for sign, value in terms:
        groups.setdefault(union([value], frame), []).append((sign, value))
    parts: list[Signed] = []
    for axes, group in groups.items():
        parts.extend(group if axes == everything else [_add_signed(group, frame)])
    sign, total = _add_signed(parts, frame)
    return total if sign > 0 else combine("neg", (total,), frame)


def _add_signed(terms: list[Signed], frame: Frame) -> Signed:
    """Return (sign, value) with sign*value the sum; a positive term comes first if there is one."""
    first = next((n for n, (sign, _) in enumerate(terms) if sign > 0), 0)
    ordered = [terms[first], *terms[:first], *terms[first + 1 :]]
    total_sign, total = ordered[0]
    for sign, value in ordered[1:]:
        total = combine("+" if sign == total_sign else "-", (total, value), frame)
    return total_sign, total


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


@lower.register(FloorDiv)
@lower.register(Mod)
def _(expr: FloorDiv | Mod, scope: Scope, frame: Frame) -> Value:
    op = "//" if isinstance(expr, FloorDiv) else "%"
    values = (lower(expr.left, scope, frame), lower(expr.right, scope, frame))
    return combine(op, values, frame)


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


@lower.register
def _(expr: Delta, scope: Scope, frame: Frame) -> Value:
    return lower(Compare("==", expr.left, expr.right), scope, frame)


COMPARED = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@lower.register
def _(expr: Compare, scope: Scope, frame: Frame) -> Value:
    left, right = expr.left, expr.right
    if isinstance(left, Number) and not isinstance(right, Number):
        return lower(Compare(MIRRORED[expr.op], right, left), scope, frame)
    if isinstance(left, IndexValue) and left == right:
        return truth(expr.op in ("<=", ">=", "=="))
    if isinstance(left, Number) and isinstance(right, Number):
        return truth(COMPARED[expr.op](left.value, right.value))
    if isinstance(left, IndexValue) and isinstance(right, IndexValue):
        return compare_indices(expr.op, left.index, right.index, scope, frame)
    return combine(expr.op, (lower(left, scope, frame), lower(right, scope, frame)), frame)


def compare_indices(op: str, left: Index, right: Index, scope: Scope, frame: Frame) -> Value:
    """Compare two indices: an identity or triangular mask, rows in the order of the frame."""
    rows, columns = sorted((left, right), key=frame.index)
    if rows is right:
        op = MIRRORED[op]
    lengths = [lower(Extent(index), scope, ()).array for index in (rows, columns)]
    if op in ("==", "!="):
        eye: Array = Eye(*lengths)
        return Value(eye if op == "==" else Apply("not", (eye,)), (rows, columns))
    return Value(_triangle(op, lengths[0], lengths[1]), (rows, columns))


def _triangle(op: str, rows: Array, columns: Array) -> Array:
    """Return the mask row op column; `row <= column` is the transpose of a lower triangle."""
    if op in (">", ">="):
        return Tri(rows, columns, 0 if op == ">=" else -1)
    return permute(Tri(columns, rows, 0 if op == "<=" else -1), (1, 0))


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
