"""Bound index arithmetic by numbers, once the axes have sizes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import singledispatch

from symgrad.language.expr import (
    Add,
    ArgReduce,
    AxisLength,
    Call,
    Element,
    Expr,
    Extent,
    FloorDiv,
    Index,
    IndexValue,
    Mod,
    Mul,
    Number,
    Power,
)
from symgrad.language.layer import Layer

Span = tuple[int, int]


@dataclass(frozen=True)
class Setting:
    """What fixes the shapes of a call.

    Attributes:
        layer: the layer that is called.
        sizes: the length of each extent that the inputs' shapes decide.
        scalars: values of the integer inputs without axes on which extents depend.
        constants: the constants, all of them.
        integers: the least and the greatest value of the other integer tensors, where it is known.
    """

    layer: Layer
    sizes: Mapping[Expr, int]
    scalars: Mapping[str, int] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=dict)
    integers: Mapping[str, Span] = field(default_factory=dict)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each input."""
        return {
            name: tuple(max(0, self.extent(index)) for index in self.layer.axes[name])
            for name in self.layer.inputs
        }

    def extent(self, index: Index) -> int:
        """Return how far an index runs; less than 0 where a window is longer than its axis."""
        assert index.extent is not None, "extents are resolved"
        return span(index.extent, self)[1]

    def values(self) -> dict[str, object]:
        """Return constants and scalars, on which extents depend beside the sizes."""
        return {**self.constants, **self.scalars}


@singledispatch
def span(expr: Expr, setting: Setting) -> Span:
    """Return the least and the greatest value of an index expression, or bounds of them."""
    raise TypeError(f"no bounds for {type(expr).__name__}: {expr!r}")


@span.register
def _(expr: Number, setting: Setting) -> Span:
    return math.floor(expr.value), math.ceil(expr.value)


@span.register
def _(expr: IndexValue, setting: Setting) -> Span:
    return 0, max(0, setting.extent(expr.index) - 1)


@span.register
def _(expr: ArgReduce, setting: Setting) -> Span:
    return 0, max(0, setting.extent(expr.index) - 1)


@span.register
def _(expr: Extent, setting: Setting) -> Span:
    extent = setting.extent(expr.index)
    return extent, extent


@span.register
def _(expr: AxisLength, setting: Setting) -> Span:
    size = setting.sizes.get(expr)
    if size is None:
        index = setting.layer.axes[expr.name][expr.axis]
        size = 1 if index.extent == expr else setting.extent(index)
    return size, size


@span.register
def _(expr: Element, setting: Setting) -> Span:
    value = setting.values().get(expr.name)
    if isinstance(value, (int, float)) or (value is not None and not expr.subscripts):
        return int(value), int(value)  # type: ignore[call-overload]
    return setting.integers.get(expr.name, (0, 0))


@span.register
def _(expr: Add, setting: Setting) -> Span:
    spans = [span(term, setting) for term in expr.terms]
    return sum(low for low, _ in spans), sum(high for _, high in spans)


@span.register
def _(expr: Mul, setting: Setting) -> Span:
    result = (1, 1)
    for factor in expr.factors:
        ends = [a * b for a, b in itertools.product(result, span(factor, setting))]
        result = (min(ends), max(ends))
    return result


@span.register
def _(expr: Power, setting: Setting) -> Span:
    exponent = span(expr.exponent, setting)[0]
    low, high = span(expr.base, setting)
    return low**exponent, high**exponent


@span.register
def _(expr: FloorDiv, setting: Setting) -> Span:
    low, high = span(expr.left, setting)
    divisor = max(1, span(expr.right, setting)[0])
    return low // divisor, high // divisor


@span.register
def _(expr: Mod, setting: Setting) -> Span:
    low, high = span(expr.left, setting)
    divisor = max(1, span(expr.right, setting)[0])
    if low // divisor == high // divisor:
        return low % divisor, high % divisor
    return 0, divisor - 1


@span.register
def _(expr: Call, setting: Setting) -> Span:
    choose = {"min": min, "max": max}[expr.function]
    spans = [span(arg, setting) for arg in expr.args]
    return choose(low for low, _ in spans), choose(high for _, high in spans)
