"""Sort the factors of a product into what stands above and below the line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from symgrad.formats.numbers import number_parts
from symgrad.language.expr import (
    Delta,
    Expr,
    Extent,
    Index,
    Indicator,
    Mul,
    Number,
    Power,
    Reduce,
)

Divisor = tuple[Expr, Fraction]  # base and positive exponent


@dataclass(frozen=True)
class Product:
    """A product as it is printed.

    Attributes:
        negative: whether a minus sign stands in front.
        numerator: the number in front, "1" when there is none to print.
        above: the factors of the numerator, in order, without the number.
        below: the factors of the denominator, the number first.
        indicators: conditions outside of which the product is 0.
        deltas: Kronecker deltas, which stand last.
    """

    negative: bool
    numerator: str
    above: tuple[Expr, ...]
    below: tuple[Expr, ...]
    indicators: tuple[Expr, ...] = ()
    deltas: tuple[Expr, ...] = ()


def split_product(factors: Iterable[Expr]) -> Product:
    """Sort factors, and write a sum divided by its range as a mean."""
    number = Fraction(1)
    above: list[Expr] = []
    below: list[Divisor] = []
    for factor in _flatten(factors):
        divisor = as_divisor(factor)
        if isinstance(factor, Number):
            number *= factor.value
        elif divisor is not None:
            below.append(divisor)
        else:
            above.append(factor)
    above, below = _take_means(above, below)
    numerator, denominator = number_parts(abs(number))
    divisors: list[Expr] = [Number(Fraction(denominator))] if denominator != 1 else []
    divisors += [multiply_out(divisor) for divisor in below]
    return Product(
        negative=number < 0,
        numerator=numerator,
        above=tuple(part for part in above if not isinstance(part, (Indicator, Delta))),
        below=tuple(divisors),
        indicators=tuple(part.condition for part in above if isinstance(part, Indicator)),
        deltas=tuple(part for part in above if isinstance(part, Delta)),
    )


def _flatten(factors: Iterable[Expr]) -> Iterator[Expr]:
    for factor in factors:
        if isinstance(factor, Mul):
            yield from _flatten(factor.factors)
        else:
            yield factor


def as_divisor(factor: Expr) -> Divisor | None:
    """Return (base, exponent) of a factor that divides by base^exponent."""
    if not isinstance(factor, Power) or not isinstance(factor.exponent, Number):
        return None
    exponent = factor.exponent.value
    return (factor.base, -exponent) if exponent < 0 else None


def multiply_out(divisor: Divisor) -> Expr:
    """Return base^exponent of a divisor."""
    base, exponent = divisor
    return base if exponent == 1 else Power(base, Number(exponent))


def _take_means(above: list[Expr], below: list[Divisor]) -> tuple[list[Expr], list[Divisor]]:
    """sum_k(b_k)/size(k) = mean_k b_k. Ends: each use removes one divisor for each index."""
    kept: list[Expr] = []
    for factor in above:
        rest = divide_by_ranges(factor, below) if isinstance(factor, Reduce) else None
        if isinstance(factor, Reduce) and rest is not None:
            factor, below = Reduce("mean", factor.indices, None, factor.body), rest
        kept.append(factor)
    return kept, below


def divide_by_ranges(expr: Reduce, below: list[Divisor]) -> list[Divisor] | None:
    """Return `below` without the range of each index of a plain sum, or None if one is missing."""
    if expr.op != "sum" or expr.condition is not None:
        return None
    for index in expr.indices:
        found = next((n for n, divisor in enumerate(below) if _is_range(divisor, index)), None)
        if found is None:
            return None
        base, exponent = below[found]
        left = [(base, exponent - 1)] if exponent != 1 else []
        below = [*below[:found], *left, *below[found + 1 :]]
    return below


def _is_range(divisor: Divisor, index: Index) -> bool:
    base, exponent = divisor
    extent = base.index.extent if isinstance(base, Extent) else base
    return index.extent is not None and extent == index.extent and exponent.denominator == 1
