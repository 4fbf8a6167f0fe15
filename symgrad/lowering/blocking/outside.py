"""Say what an array holds outside of a half plane of two of its axes, if that is one number.

    s_ij = where(j <= i, x_ij, -inf)    -inf for j > i
    exp(s_ij - m_i)                     0
    exp(s_ij - m_i)*(dy_ij - d_i)       0, as inputs and incoming gradients are finite

What is not computed there needs no number: None.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import singledispatch

from symgrad.lowering.blocking.axis_cuts import Axes, Uncut, inner_cuts, is_wide
from symgrad.lowering.blocking.diagonals import (
    COLUMN,
    ROW,
    Conditions,
    Cuts,
    HalfPlane,
    half_plane,
)
from symgrad.lowering.nodes.arrays import (
    Apply,
    Array,
    Cast,
    Contraction,
    Expand,
    Literal,
    Permute,
    Reduction,
    Variable,
)

# functions that are 0 at 0
KEEP_ZERO = frozenset(
    "abs sign expm1 log1p sqrt square sin tan asin atan sinh tanh asinh atanh relu leaky_relu elu "
    "selu gelu gelu_tanh silu mish hardtanh hardswish softsign erf floor ceil round".split()
)
# functions that are 0 at -inf
VANISH = frozenset("exp sigmoid softplus hardsigmoid relu".split())
# what a reduction may leave out
NEUTRAL = {"sum": 0.0, "prod": 1.0, "max": -math.inf, "min": math.inf, "any": 0.0, "all": 1.0}


@dataclass
class Outside:
    """What is known of the values outside of half planes.

    Attributes:
        axes: what is known of the axes.
        conditions: what conditions are made of.
        values: for names their value outside of half planes, where it is one number.
        needs_rows: whether that takes it that no row of the half planes is empty.
    """

    axes: Axes
    conditions: Conditions
    values: dict[tuple[str, HalfPlane], float] = field(default_factory=dict)
    needs_rows: bool = False


def value_outside(array: Array, cuts: Cuts, plane: HalfPlane, known: Outside) -> float | None:
    """Return the number that an array with both axes holds outside of a half plane.

    A truth value counts as 0 or 1.
    """
    if array.kind == "weak":
        return _number(array)
    if not is_wide(cuts):
        return None
    own = half_plane(array, cuts, known.conditions)
    if own is not None and plane.holds(own):
        return 0.0
    try:
        return _value(array, cuts, plane, known)
    except Uncut:
        return None


def _number(array: Array) -> float | None:
    """Return a number that is written out."""
    if isinstance(array, Apply) and array.op == "neg":
        value = _number(array.args[0])
        return None if value is None else -value
    if not isinstance(array, Literal):
        return None
    infinities = {"inf": math.inf, "-inf": -math.inf}
    return infinities.get(array.value) if isinstance(array.value, str) else float(array.value)


@singledispatch
def _value(array: Array, cuts: Cuts, plane: HalfPlane, known: Outside) -> float | None:
    return None


@_value.register
def _(array: Variable, cuts: Cuts, plane: HalfPlane, known: Outside) -> float | None:
    return known.values.get((array.name, plane))


@_value.register(Cast)
@_value.register(Expand)
@_value.register(Permute)
def _(array: Cast | Expand | Permute, cuts: Cuts, plane: HalfPlane, known: Outside) -> float | None:
    (inner,) = inner_cuts(array, cuts, known.axes)
    return value_outside(array.array, inner, plane, known)


@_value.register
def _(array: Reduction, cuts: Cuts, plane: HalfPlane, known: Outside) -> float | None:
    (inner,) = inner_cuts(array, cuts, known.axes)
    value = value_outside(array.array, inner, plane, known)
    return value if array.op in ("max", "min") or value == 0 == NEUTRAL.get(array.op) else None


@_value.register
def _(array: Contraction, cuts: Cuts, plane: HalfPlane, known: Outside) -> float | None:
    pairs = zip(array.args, inner_cuts(array, cuts, known.axes), strict=True)
    values = [value_outside(arg, inner, plane, known) for arg, inner in pairs]
    return 0.0 if 0 in values else None


@_value.register
def _(array: Apply, cuts: Cuts, plane: HalfPlane, known: Outside) -> float | None:
    pairs = list(zip(array.args, inner_cuts(array, cuts, known.axes), strict=True))
    values = [value_outside(arg, inner, plane, known) for arg, inner in pairs]
    rule = _RULES.get(array.op)
    if rule is not None:
        found = rule(values)
    elif array.op in KEEP_ZERO and values[0] == 0:
        found = 0.0
    else:
        found = 0.0 if array.op in VANISH and values[0] == -math.inf else None
    if found is None or math.isnan(found):
        return None
    if array.op in ("+", "-", "/"):
        # a maximum over nothing is -inf, and -inf - -inf is no number; a sum over nothing is 0
        varying = [p for p, value in zip(pairs, values, strict=True) if value is None]
        axes = [set(inner) for arg, inner in varying if arg.kind != "weak"]
        if any(COLUMN in cut and ROW not in cut for cut in axes):
            return None
        known.needs_rows |= bool(axes)
    return found


Values = Sequence[float | None]


def _product(values: Values) -> float | None:
    left, right = values
    if 0 in values:
        return 0.0
    return None if left is None or right is None else left * right


def _quotient(values: Values) -> float | None:
    left, right = values
    return 0.0 if left == 0 and right != 0 else None


def _total(values: Values) -> float | None:
    left, right = values
    if left is None or right is None:
        known = left if right is None else right
        return known if known is not None and math.isinf(known) else None
    return left + right


def _difference(values: Values) -> float | None:
    return _total((values[0], None if values[1] is None else -values[1]))


def _choice(values: Values) -> float | None:
    condition, then, otherwise = values
    if condition is not None:
        return then if condition else otherwise
    return then if then == otherwise else None


def _both(values: Values) -> float | None:
    return 0.0 if 0 in values else 1.0 if None not in values else None


def _either(values: Values) -> float | None:
    return 1.0 if 1 in values else 0.0 if None not in values else None


def _negated(values: Values) -> float | None:
    return None if values[0] is None else -values[0]


def _not(values: Values) -> float | None:
    return None if values[0] is None else 1.0 - values[0]


def _power(values: Values) -> float | None:
    left, right = values
    return 0.0 if left == 0 and right is not None and right > 0 else None


_RULES = {
    "*": _product,
    "/": _quotient,
    "+": _total,
    "-": _difference,
    "neg": _negated,
    "**": _power,
    "where": _choice,
    "and": _both,
    "or": _either,
    "not": _not,
}


def is_neutral(array: Array, inner: Sequence[Cuts], plane: HalfPlane, known: Outside) -> bool:
    """Say whether a reduction may leave out what lies outside of a half plane."""
    if isinstance(array, Reduction):
        value = value_outside(array.array, inner[0], plane, known)
        return value is not None and value == NEUTRAL.get(array.op)
    if not isinstance(array, Contraction):
        return False
    pairs = zip(array.args, inner, strict=True)
    return any(value_outside(arg, cuts, plane, known) == 0 for arg, cuts in pairs)
