"""Write exact rational numbers as people do: integers, short decimals, small quotients."""

from __future__ import annotations

from fractions import Fraction

LARGEST_QUOTIENT = 16  # 1/16 prints as a quotient, 0.05 as a decimal


def number_parts(value: Fraction) -> tuple[str, int]:
    """Return (numerator, denominator) of a number that is not negative.

    The denominator is 1 for an integer and for a decimal. Both read back exactly.
    """
    decimal = _decimal(value)
    if value.denominator <= LARGEST_QUOTIENT or decimal is None:
        return str(value.numerator), value.denominator
    return decimal, 1


def _decimal(value: Fraction) -> str | None:
    """Return the exact decimal, or None when its digits never end."""
    rest, digits = value.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest //= prime
            count += 1
        digits = max(digits, count)
    if rest != 1:
        return None
    scaled = value * 10**digits
    text = str(scaled.numerator).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}" if digits else text
