"""Build expressions in normal form: flattened, numbers folded, equal factors and terms combined.

Reading order is kept: factors and terms stand in the order of first appearance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from symgrad.language.base import Expr
from symgrad.language.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    And,
    Constant,
    Delta,
    Indicator,
    Mul,
    Number,
    Power,
)

LARGEST_FOLDED_EXPONENT = 64
_UNIT = ONE.value


def as_expr(value: Expr | int | Fraction) -> Expr:
    """Return a number as an expression."""
    return value if isinstance(value, Expr) else Number(Fraction(value))


def is_number(expr: Expr, value: int | Fraction | None = None) -> bool:
    """Say whether `expr` is a rational number (that number, when `value` is given)."""
    return isinstance(expr, Number) and (value is None or expr.value == value)


def split_coefficient(expr: Expr) -> tuple[Fraction, Expr]:
    """Return (c, rest) with expr = c*rest, c the rational coefficient in front."""
    if isinstance(expr, Number):
        return expr.value, ONE
    if isinstance(expr, Mul) and isinstance(expr.factors[0], Number):
        rest = expr.factors[1:]
        return expr.factors[0].value, rest[0] if len(rest) == 1 else Mul(rest)
    return _UNIT, expr


def split_power(expr: Expr) -> tuple[Expr, Expr]:
    """Return (base, exponent) with expr = base^exponent."""
    return (expr.base, expr.exponent) if isinstance(expr, Power) else (expr, ONE)


def add(*terms: Expr) -> Expr:
    """Return the sum: flattened, equal terms combined, the number last."""
    coefficients: dict[Expr, Fraction] = {}
    for term in _flatten(Add, terms):
        coefficient, rest = split_coefficient(term)
        known = coefficients.get(rest)
        coefficients[rest] = coefficient if known is None else known + coefficient
    number = coefficients.pop(ONE, None)
    kept = [_scaled(c, rest) for rest, c in coefficients.items() if c]
    if number:
        kept.append(Number(number))
    if not kept:
        return ZERO
    return kept[0] if len(kept) == 1 else Add(tuple(kept))


def _scaled(coefficient: Fraction, rest: Expr) -> Expr:
    """Return coefficient*rest; a rest that is no product or power is in normal form as it is."""
    if coefficient is _UNIT and not isinstance(rest, (Mul, Power)):
        return rest
    return mul(Number(coefficient), rest)


def mul(*factors: Expr) -> Expr:
    """Return the product: flattened, equal bases combined, the number in front; brackets stay."""
    number = _UNIT
    exponents: dict[Expr, Expr] = {}
    for factor in _flatten(Mul, factors):
        if isinstance(factor, Number):
            number = _product(number, factor.value)
            continue
        base, exponent = split_power(factor)
        if isinstance(base, (Indicator, Delta)):
            exponents[base] = ONE
            continue
        known = exponents.get(base)
        if known is None:
            exponents[base] = exponent
        elif _combinable(known, exponent):
            exponents[base] = add(known, exponent)
        else:
            exponents[factor] = add(exponents.get(factor, ZERO), ONE)
    if not number:
        return ZERO
    kept: list[Expr] = []
    for base, exponent in _with_joined_roots(exponents).items():
        factor = base if exponent is ONE else power(base, exponent)
        if isinstance(factor, Number):
            number = _product(number, factor.value)
        else:
            kept.append(factor)
    if number is not _UNIT and number != 1:
        kept.insert(0, Number(number))
    if not kept:
        return ONE
    return kept[0] if len(kept) == 1 else Mul(tuple(kept))


def _product(left: Fraction, right: Fraction) -> Fraction:
    """Return left*right; most factors are the very 1 that stands for no number."""
    return right if left is _UNIT else left if right is _UNIT else left * right


def _with_joined_roots(exponents: dict[Expr, Expr]) -> dict[Expr, Expr]:
    """Write sqrt(2)*sqrt(pi) as sqrt(2*pi): the same root of constants once."""
    roots: dict[Expr, list[Expr]] = {}
    for base, exponent in exponents.items():
        if not isinstance(base, (Number, Constant)) or not isinstance(exponent, Number):
            continue
        if exponent.value.denominator != 1:
            roots.setdefault(exponent, []).append(base)
    joined = {base: e for e, bases in roots.items() if len(bases) > 1 for base in bases}
    if not joined:
        return exponents
    rest = {base: e for base, e in exponents.items() if base not in joined}
    fronts = {mul(*bases): e for e, bases in roots.items() if len(bases) > 1}
    return {**fronts, **rest}


def _combinable(left: Expr, right: Expr) -> bool:
    return isinstance(left, Number) and isinstance(right, Number)


def power(base: Expr, exponent: Expr) -> Expr:
    """Return base^exponent, folded where that is exact for every real base in the domain.

    (b^m)^n becomes b^(m*n) for integer n alone: sqrt(x^2) is |x|, not x.
    """
    if exponent is ONE:
        return base
    if is_number(exponent, 0):
        return ONE
    if is_number(exponent, 1) or is_number(base, 1):
        return base
    if isinstance(exponent, Number) and exponent.value.denominator == 1:
        whole = exponent.value.numerator
        if (
            isinstance(base, Number)
            and abs(whole) <= LARGEST_FOLDED_EXPONENT
            and (base.value != 0 or whole > 0)
        ):
            return Number(base.value**whole)
        if isinstance(base, Power):
            return power(base.base, mul(base.exponent, exponent))
        if isinstance(base, Mul):
            return mul(*(power(factor, exponent) for factor in base.factors))
    if isinstance(base, (Indicator, Delta)) and isinstance(exponent, Number) and exponent.value > 0:
        return base
    return Power(base, exponent)


def _flatten(kind: type, parts: Iterable[Expr]) -> Iterator[Expr]:
    for part in parts:
        if type(part) is kind:
            yield from _flatten(kind, part.parts()[0])
        else:
            yield part


def subtract(left: Expr, right: Expr) -> Expr:
    """Return left - right."""
    return add(left, mul(MINUS_ONE, right))


def divide(left: Expr, right: Expr) -> Expr:
    """Return left/right."""
    return mul(left, power(right, MINUS_ONE))


def conjunction(*conditions: Expr | None) -> Expr | None:
    """Return the condition that all of them hold; None is the condition that always holds."""
    found: dict[Expr, None] = {}
    for condition in conditions:
        if isinstance(condition, And):
            found.update(dict.fromkeys(condition.args))
        elif condition is not None:
            found[condition] = None
    if not found:
        return None
    parts = tuple(found)
    return parts[0] if len(parts) == 1 else And(parts)
