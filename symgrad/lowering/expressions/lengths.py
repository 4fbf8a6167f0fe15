"""Compare lengths of axes whatever the order in which they are written, and know their sign."""

from __future__ import annotations

from collections import Counter
from typing import Any

from symgrad.language.affine import is_nonnegative, simplified
from symgrad.language.expr import (
    ONE,
    Add,
    Call,
    Element,
    Expr,
    FloorDiv,
    Mul,
    Number,
    Power,
    add,
    mul,
    subtract,
)


def same_length(left: Expr, right: Expr) -> bool:
    """Say whether two numbers without indices are one: `n + 2*p` and `2*p + n`."""
    return bool(length_key(left) == length_key(right))


def never_negative(length: Expr) -> bool:
    """Say whether a length is proven to be 0 or more; a//q + k is where a + k*q is."""
    found = simplified(length)
    terms = found.terms if isinstance(found, Add) else (found,)
    quotients = [term for term in terms if isinstance(term, FloorDiv)]
    if len(quotients) == 1 and is_nonnegative(subtract(quotients[0].right, ONE)):
        rest = add(*(term for term in terms if term is not quotients[0]))
        return is_nonnegative(add(quotients[0].left, mul(rest, quotients[0].right)))
    return is_nonnegative(found)


def is_step(step: Expr) -> bool:
    """Say whether what multiplies an index is known not to be 0: numbers and constants.

    Constants that multiply an index are at least 1; a length, or a difference, may be 0.
    """
    factors = step.factors if isinstance(step, Mul) else (step,)
    bases = [factor.base if isinstance(factor, Power) else factor for factor in factors]
    return all(
        isinstance(base, Number) or (isinstance(base, Element) and not base.subscripts)
        for base in bases
    )


def length_key(expr: Expr) -> Any:
    """Return a key that equal numbers share, as far as multiplying out and sorting shows it."""
    return _key(simplified(expr))


def _key(part: Any) -> Any:
    if isinstance(part, (Add, Mul)) or (isinstance(part, Call) and part.function in ("min", "max")):
        items = part.args if isinstance(part, Call) else part.children
        counted = Counter(_key(item) for item in items)
        return (type(part).__name__, frozenset(counted.items()))
    if isinstance(part, Expr):
        return (type(part).__name__, *(_key(item) for item in part.parts()))
    return tuple(_key(item) for item in part) if isinstance(part, tuple) else part
