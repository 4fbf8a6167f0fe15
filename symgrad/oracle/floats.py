"""Evaluate the primitives of the function table in float64, by IEEE's rules, never raising."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from symgrad.oracle.arithmetic import Arithmetic
from symgrad.oracle.kinked import KINKED_FUNCTIONS

INF = math.inf
NAN = math.nan


def _total(
    function: Callable[[float], float], beyond: float = INF, pole: float = NAN, at: float = NAN
) -> Callable[[float], float]:
    """Return `function` with `beyond` where it overflows, `pole` at `at`, NaN where undefined."""

    def evaluate(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return beyond
        except ValueError:
            return pole if x == at else NAN

    return evaluate


def power(base: float, exponent: float) -> float:
    """Return base^exponent; 0^0 is 1, 0^-1 is inf, (-1)^0.5 is NaN."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -INF if base < 0 and exponent % 2 == 1 else INF
    except ValueError:
        if base == 0:
            return math.copysign(INF, base) if exponent % 2 == 1 else INF
        return NAN


def sigmoid(x: float) -> float:
    """Return 1/(1 + e^-x); neither tail overflows."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    scaled = math.exp(x)
    return scaled / (1.0 + scaled)


def softplus(x: float) -> float:
    """Return log(1 + e^x); neither tail overflows."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x))) if x == x else x


def _whole(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: float(function(x)) if math.isfinite(x) else x


def _polygamma(order: float, x: float) -> float:
    from mpmath import fp

    if x == INF:
        return INF if order == 0 else 0.0
    if x <= 0 and x % 1 == 0:
        return NAN if x else INF if order % 2 else -INF
    try:
        return float(fp.psi(int(order), x)) if math.isfinite(x) else NAN
    except (ZeroDivisionError, OverflowError):
        return INF if order % 2 else -INF


def _sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(INF, x)


def _atanh(x: float) -> float:
    return math.copysign(INF, x) if abs(x) == 1 else _total(math.atanh)(x)


def _lgamma(x: float) -> float:
    return INF if x == -INF or (x <= 0 and x % 1 == 0) else _total(math.lgamma)(x)


FLOAT_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": _total(math.exp),
    "expm1": _total(math.expm1),
    "log": _total(math.log, pole=-INF, at=0.0),
    "log1p": _total(math.log1p, pole=-INF, at=-1.0),
    "sin": _total(math.sin),
    "cos": _total(math.cos),
    "tan": _total(math.tan),
    "asin": _total(math.asin),
    "acos": _total(math.acos),
    "atan": math.atan,
    "sinh": _sinh,
    "cosh": _total(math.cosh),
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": _total(math.acosh),
    "atanh": _atanh,
    "erf": math.erf,
    "erfc": math.erfc,
    "lgamma": _lgamma,
    "digamma": lambda x: _polygamma(0, x),
    "trigamma": lambda x: _polygamma(1, x),
    "polygamma": _polygamma,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "round": _whole(round),
    "atan2": math.atan2,
    "hypot": math.hypot,
    "pow": power,
    **KINKED_FUNCTIONS,
}


def _number(value: float | int | Fraction) -> float:
    return float(value)


FLOAT = Arithmetic(
    number=_number,
    power=power,
    functions=FLOAT_FUNCTIONS,
    constants={"pi": math.pi, "inf": INF},
    to_float=float,
)
