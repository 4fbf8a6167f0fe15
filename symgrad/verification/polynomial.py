"""Tell the layers that are polynomials in their inputs, which are smooth and lose few digits."""

from __future__ import annotations

from functools import lru_cache

from symgrad.language.accesses import is_decided_by_data
from symgrad.language.expr import (
    Add,
    AxisLength,
    Constant,
    Delta,
    Element,
    Expr,
    Extent,
    FloorDiv,
    IndexValue,
    Indicator,
    Mod,
    Mul,
    Number,
    Pad,
    Reduce,
    walk,
)
from symgrad.language.layer import Layer

_SCALARS = (Add, Mul, Number, Element, Pad, IndexValue, Extent, AxisLength)


@lru_cache(maxsize=256)
def is_polynomial(layer: Layer) -> bool:
    """Say whether the outputs are sums of products of inputs, as those of a convolution are.

    Such a layer has neither kinks nor ties, and nothing in it overflows before its value does.
    """
    return not layer.integers and all(
        _is_polynomial(statement.value) for statement in layer.statements
    )


def _is_polynomial(expr: Expr) -> bool:
    return all(_is_plain(part) for part in walk(expr))


def _is_plain(part: Expr) -> bool:
    if isinstance(part, Reduce):
        return part.op in ("sum", "mean") and not _reads(part.condition)
    if isinstance(part, (Indicator, Delta)):
        return not is_decided_by_data(part)
    return isinstance(part, (*_SCALARS, FloorDiv, Mod, Constant))


def _reads(condition: Expr | None) -> bool:
    return condition is not None and is_decided_by_data(condition)
