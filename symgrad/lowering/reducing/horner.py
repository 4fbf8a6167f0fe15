"""Multiply a polynomial by a number through its coefficients, the lowest power taken out.

c*(x + a*x^3) is x*(c*a*x^2 + c): numbers are multiplied once, and arrays one time less.
"""

from __future__ import annotations

from fractions import Fraction

from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Element,
    Expr,
    Mul,
    Number,
    mul,
    power,
    split_coefficient,
    split_power,
)
from symgrad.lowering.expressions.elementwise import Frame, lower
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.nodes.arrays import Value

# an element, and the coefficient of each of its powers
Polynomial = tuple[Element, dict[int, Fraction]]


def scaled_polynomial(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """c*(x + a*x^3) = x*(c*a*x^2 + c), for numbers a and c. Ends: no number is left in front."""
    factors = expr.factors if isinstance(expr, Mul) else ()
    numbers = [factor for factor in factors if not factor.names and not factor.free_in_order]
    if all(number in (ONE, MINUS_ONE) for number in numbers):
        return None
    for factor in factors:
        found = _polynomial(factor)
        if found is not None:
            others = [part for part in factors if part is not factor and part not in numbers]
            return lower(mul(*others, *_scaled(found, numbers)), scope, frame)
    return None


def _polynomial(expr: Expr) -> Polynomial | None:
    """Return a sum as a polynomial of an array that a number can go into.

    It can't where a power above the lowest has the coefficient 1, which costs nothing yet.
    """
    if not isinstance(expr, Add):
        return None
    bases: dict[Expr, None] = {}
    coefficients: dict[int, Fraction] = {}
    for term in expr.terms:
        coefficient, rest = split_coefficient(term)
        base, exponent = split_power(rest)
        if not isinstance(exponent, Number) or exponent.value.denominator != 1:
            return None
        if rest != ONE:
            bases[base] = None
        coefficients[0 if rest == ONE else int(exponent.value)] = coefficient
    base, *others = bases
    lowest = min(coefficients)
    higher = [abs(c) for exponent, c in coefficients.items() if exponent > lowest]
    if others or lowest < 0 or 1 in higher or len(coefficients) < len(expr.terms):
        return None
    return (base, coefficients) if isinstance(base, Element) and base.subscripts else None


def _scaled(polynomial: Polynomial, numbers: list[Expr]) -> tuple[Expr, Expr]:
    """Return the lowest power, and the sum that is left of a polynomial times numbers."""
    base, coefficients = polynomial
    lowest = min(coefficients)
    terms = [
        mul(*numbers, Number(coefficient), power(base, Number(Fraction(exponent - lowest))))
        for exponent, coefficient in sorted(coefficients.items(), reverse=True)
    ]
    return power(base, Number(Fraction(lowest))), Add(tuple(terms))
