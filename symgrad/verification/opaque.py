"""Give opaque functions a body for the time of a verification.

They are polynomials, since these take floats, arrays and 50-digit numbers alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

# a formula may read g''', its gradient one order more
ORDERS = 8


def stand_ins(names: Iterable[str]) -> dict[str, Callable[[Any], Any]]:
    """Return g, g_prime, ... as cubics which differ from name to name."""
    return {name: _polynomial(found) for name, found in polynomials(names).items()}


def polynomials(names: Iterable[str]) -> dict[str, tuple[float, ...]]:
    """Return the coefficients of g, g_prime, ..., that of x^0 first."""
    found: dict[str, tuple[float, ...]] = {}
    for number, name in enumerate(names):
        coefficients: tuple[float, ...] = (0.5, 1.0 + number, -0.75 - number, 0.25)
        for order in range(ORDERS):
            found[name + "_prime" * order] = coefficients
            coefficients = tuple(k * c for k, c in enumerate(coefficients))[1:]
    return found


def _polynomial(coefficients: tuple[float, ...]) -> Callable[[Any], Any]:
    def evaluate(x: Any) -> Any:
        value = 0 * x
        for coefficient in reversed(coefficients):
            value = value * x + coefficient
        return value

    return evaluate
