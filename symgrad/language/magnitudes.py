"""Find numbers that no float holds: they would become infinite or 0 where they are computed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from symgrad.language.expr import Expr, Number, Power, walk
from symgrad.language.limits import LARGEST_NUMBER, LEAST_NUMBER

_DECADES = 300


def magnitudes(expr: Expr) -> Iterator[Fraction]:
    """Yield how large each number in an expression is; a power like 10^100 is one number."""
    for part in walk(expr):
        if isinstance(part, Number):
            yield abs(part.value)
        if not isinstance(part, Power):
            continue
        base, exponent = part.base, part.exponent
        if isinstance(base, Number) and isinstance(exponent, Number) and _is_held(base.value):
            yield _power(abs(base.value), exponent.value)


def is_beyond_floats(expr: Expr) -> bool:
    """Say whether a number in an expression is too large or too small for a float."""
    return any(part and not _is_held(part) for part in magnitudes(expr))


def _is_held(value: Fraction) -> bool:
    return LEAST_NUMBER <= abs(value) <= LARGEST_NUMBER


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    """Return base^exponent, as a float has it; just beyond the range where it is far outside."""
    decades = Fraction(math.log10(base)) * exponent
    if abs(decades) > _DECADES:
        return LARGEST_NUMBER * 10 if decades > 0 else LEAST_NUMBER / 10
    return Fraction(10.0 ** float(decades))
