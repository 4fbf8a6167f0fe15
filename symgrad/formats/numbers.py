"""Write exact rational numbers as people do: integers, decimals, small quotients, 1e-12."""

from __future__ import annotations

from fractions import Fraction

LARGEST_QUOTIENT = 16  # 1/16 prints as a quotient, 0.05 as a decimal
MOST_ZEROS = 6  # 0.000001 prints as a decimal, 1e-7 with an exponent; so do 1000000 and 1e7


def number_parts(value: Fraction) -> tuple[str, int]:
    """Return (numerator, denominator) of a number that is not negative.

    The denominator is 1 for an integer and for a decimal. Both read back exactly.
    """
    decimal = _decimal(value)
    if value.denominator <= LARGEST_QUOTIENT or decimal is None:
        return _shortened(str(value.numerator)), value.denominator
    return _shortened(decimal), 1


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


def _shortened(text: str) -> str:
    """Return a decimal with many zeros at an end with an exponent: 2.5e-9, 1e30."""
    whole, _, behind = text.partition(".")
    digits = (whole + behind).strip("0")
    if behind and int(whole) == 0:
        exponent = len(behind.lstrip("0")) - len(behind) - 1
    elif not behind:
        exponent = len(whole) - 1
    else:
        return text
    zeros = -exponent if behind else len(whole) - len(digits)
    if zeros <= MOST_ZEROS:
        return text
    return f"{digits[0]}{'.' * (len(digits) > 1)}{digits[1:]}e{exponent}"
