"""Evaluate the primitives of the function table with many digits and without overflow.

A formula such as exp(x_ij)/sum_k exp(x_ik) overflows in float64 while its value is harmless. Here
every intermediate is held with 50 digits and an unbounded exponent, so that the result is the
mathematical value: it judges stability, and differences of it are derivatives to 30 digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from symgrad.oracle.arithmetic import Arithmetic
from symgrad.oracle.floats import FLOAT_FUNCTIONS
from symgrad.oracle.kinked import KINKED_FUNCTIONS

DIGITS = 50
# beyond this argument e^x is taken as inf or 0: a tower of exponentials would fill the memory
LARGEST_EXPONENT = 10**12


@lru_cache(maxsize=1)
def precise_arithmetic() -> Arithmetic:
    """Return the arithmetic of 50 digits."""
    from mpmath.ctx_mp import MPContext

    context = MPContext()
    context.dps = DIGITS

    def number(value: Any) -> Any:
        if isinstance(value, Fraction):
            return context.mpf(value.numerator) / value.denominator
        return context.mpf(value)

    return Arithmetic(
        number=number,
        power=_power(context),
        functions=_functions(context),
        constants={"pi": +context.pi, "inf": context.inf},
        to_float=float,
    )


def _power(context: Any) -> Callable[[Any, Any], Any]:
    def power(base: Any, exponent: Any) -> Any:
        if base != base or exponent != exponent:
            return context.nan
        if base == 0 or not context.isfinite(base) or not context.isfinite(exponent):
            return context.mpf(FLOAT_FUNCTIONS["pow"](float(base), float(exponent)))
        if exponent == -1:
            return 1 / base
        if exponent == int(exponent) and abs(exponent) < LARGEST_EXPONENT:
            return base ** int(exponent)
        if base < 0:
            return context.nan
        return _bounded_exp(context, exponent * context.log(base))

    return power


def _bounded_exp(context: Any, x: Any) -> Any:
    if abs(x) > LARGEST_EXPONENT:
        return context.inf if x > 0 else context.mpf(0)
    return context.exp(x)


def _functions(context: Any) -> dict[str, Callable[..., Any]]:
    exp: Callable[[Any], Any] = lambda x: _bounded_exp(context, x)  # noqa: E731
    analytic: dict[str, Callable[..., Any]] = {
        "exp": exp,
        "expm1": lambda x: context.expm1(x) if abs(x) < 1 else exp(x) - 1,
        "log": context.log,
        "log1p": context.log1p,
        "sin": context.sin,
        "cos": context.cos,
        "tan": context.tan,
        "asin": context.asin,
        "acos": context.acos,
        "atan": context.atan,
        "sinh": lambda x: context.sinh(x) if abs(x) < 1 else (exp(x) - exp(-x)) / 2,
        "cosh": lambda x: (exp(x) + exp(-x)) / 2,
        "tanh": context.tanh,
        "asinh": context.asinh,
        "acosh": context.acosh,
        "atanh": context.atanh,
        "erf": context.erf,
        "erfc": context.erfc,
        "lgamma": lambda x: context.re(context.loggamma(x)),
        "digamma": context.digamma,
        "trigamma": lambda x: context.psi(1, x),
        "polygamma": lambda order, x: context.psi(int(order), x),
        "sigmoid": lambda x: 1 / (1 + exp(-x)),
        "softplus": lambda x: context.log1p(exp(x)) if x < 0 else x + context.log1p(exp(-x)),
        "floor": context.floor,
        "ceil": context.ceil,
        "round": context.nint,
        "atan2": context.atan2,
        "hypot": context.hypot,
        "pow": _power(context),
    }
    return {name: _real(context, name, f) for name, f in analytic.items()} | KINKED_FUNCTIONS


def _real(context: Any, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` with the float64 rules at inf, NaN, poles, and outside of its domain."""
    by_ieee = FLOAT_FUNCTIONS[name]

    def evaluate(*args: Any) -> Any:
        if all(context.isfinite(arg) for arg in args):
            try:
                value = function(*args)
            except (ValueError, ZeroDivisionError, OverflowError):
                return context.mpf(by_ieee(*map(float, args)))
            return context.nan if isinstance(value, context.mpc) else value
        if any(math.isnan(float(arg)) for arg in args):
            return context.nan
        return context.mpf(by_ieee(*map(float, args)))

    return evaluate
