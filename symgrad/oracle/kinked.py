"""Define the functions with a kink by comparisons, for scalars of either arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def sign(x: Any) -> Any:
    """Return -1, 0 or 1, and NaN for NaN."""
    return x if x != x else type(x)((x > 0) - (x < 0))


def relu(x: Any) -> Any:
    """Return the larger of x and 0, and NaN for NaN."""
    return x if x > 0 or x != x else type(x)(0)


def larger(a: Any, b: Any) -> Any:
    """Return the larger, a at a tie, NaN when one is NaN."""
    return a if a >= b or a != a else b


def smaller(a: Any, b: Any) -> Any:
    """Return the smaller, a at a tie, NaN when one is NaN."""
    return a if a <= b or a != a else b


def clip(x: Any, low: Any, high: Any) -> Any:
    """Return x between the bounds; the upper bound wins when they cross."""
    return smaller(larger(x, low), high)


def softsign(x: Any) -> Any:
    """Return x/(1 + |x|), NaN at infinity as the formula has it."""
    return x / (1 + abs(x))


def hardtanh(x: Any) -> Any:
    """Return x between -1 and 1."""
    return clip(x, type(x)(-1), type(x)(1))


def hardsigmoid(x: Any) -> Any:
    """Return x/6 + 1/2 between 0 and 1."""
    return clip(x / 6 + type(x)(1) / 2, type(x)(0), type(x)(1))


def hardswish(x: Any) -> Any:
    """Return 0 below -3, x above 3, x*(x + 3)/6 between."""
    if x <= -3:
        return type(x)(0)
    return x if x >= 3 else x * (x + 3) / 6


KINKED_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "sign": sign,
    "relu": relu,
    "max": larger,
    "min": smaller,
    "clip": clip,
    "softsign": softsign,
    "hardtanh": hardtanh,
    "hardsigmoid": hardsigmoid,
    "hardswish": hardswish,
}
