"""Count in polynomials of axis lengths: `2*I*J*K + I*J`, and what they come to at given lengths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

# a product of symbols with their exponents, sorted
Monomial = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Polynomial:
    """A polynomial with rational coefficients; equal ones are equal objects.

    Attributes:
        terms: (product of symbols, coefficient), highest degree first, no coefficient 0.
    """

    terms: tuple[tuple[Monomial, Fraction], ...] = ()

    def __add__(self, other: Polynomial) -> Polynomial:
        return _collected([*self.terms, *other.terms])

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + other * constant(-1)

    def __mul__(self, other: Polynomial) -> Polynomial:
        return _collected(
            (_product(left, right), first * second)
            for left, first in self.terms
            for right, second in other.terms
        )

    def at(self, numbers: Mapping[str, int]) -> int:
        """Return the value at the given lengths, rounded down."""
        total = Fraction(0)
        for factors, coefficient in self.terms:
            for symbol, exponent in factors:
                coefficient *= numbers[symbol] ** exponent
            total += coefficient
        return int(total)

    def with_lengths(self, lengths: Mapping[str, Polynomial]) -> Polynomial:
        """Return the polynomial with some symbols written out."""
        total = Polynomial()
        for factors, coefficient in self.terms:
            term = constant(coefficient)
            for name, exponent in factors:
                term = term * product([lengths.get(name, symbol(name))] * exponent)
            total = total + term
        return total

    def __str__(self) -> str:
        text = ""
        for factors, coefficient in self.terms:
            sign = "-" if coefficient < 0 else "+"
            text += f" {sign} {_term(factors, abs(coefficient))}"
        return text.removeprefix(" + ").replace(" - ", "-", text.startswith(" - ")) or "0"


def constant(number: int | Fraction) -> Polynomial:
    """Return a number as a polynomial."""
    return _collected([((), Fraction(number))])


def symbol(name: str) -> Polynomial:
    """Return a length that has a name."""
    return Polynomial(((((name, 1),), Fraction(1)),))


def product(lengths: Iterable[Polynomial]) -> Polynomial:
    """Return how many elements an array with these lengths has."""
    total = constant(1)
    for length in lengths:
        total = total * length
    return total


def _collected(terms: Iterable[tuple[Monomial, Fraction]]) -> Polynomial:
    found: dict[Monomial, Fraction] = {}
    for factors, coefficient in terms:
        found[factors] = found.get(factors, Fraction(0)) + coefficient
    kept = [(factors, coefficient) for factors, coefficient in found.items() if coefficient]
    kept.sort(key=lambda term: (-sum(exponent for _, exponent in term[0]), term[0]))
    return Polynomial(tuple(kept))


def _product(left: Monomial, right: Monomial) -> Monomial:
    exponents = dict(left)
    for name, exponent in right:
        exponents[name] = exponents.get(name, 0) + exponent
    return tuple(sorted(exponents.items()))


def _term(factors: Monomial, coefficient: Fraction) -> str:
    parts = [name if exponent == 1 else f"{name}^{exponent}" for name, exponent in factors]
    return "*".join([str(coefficient), *parts] if coefficient != 1 or not parts else parts)
