"""Pad the reads that only a filter keeps inside their tensor."""

from __future__ import annotations

from functools import singledispatch

from symgrad.language.expr import (
    ZERO,
    ArgReduce,
    Delta,
    Element,
    Expr,
    IndexValue,
    Indicator,
    Mul,
    Pad,
    Reduce,
    map_parts,
)
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.indexing.accesses import label, place_key
from symgrad.lowering.indexing.pads import is_inside
from symgrad.lowering.indexing.placing import access


def guarded(expr: Expr, scope: Scope) -> Expr:
    """Return the expression with 0 read outside wherever a filter guards a read.

    An array holds the places at which the filter fails too, so a read that is not inside at all of
    them is padded; what it reads outside never counts. Derivation may take a read out of its
    filter. So a read stays only if it is proven inside, or checked at the call without a filter; or
    if it is of a gradient, which is read in range unless a filter stands around it.
    """
    return _padded(expr, scope, False)


@singledispatch
def _padded(expr: Expr, scope: Scope, filtered: bool) -> Expr:
    """Return the expression with its reads padded, where a filter stands around it."""
    return map_parts(expr, lambda part: _padded(part, scope, filtered))


@_padded.register
def _(expr: Element, scope: Scope, filtered: bool) -> Expr:
    inner = _inside_subscripts(expr, scope, filtered)
    trusted = not filtered and expr.name in scope.trusted
    if trusted or expr.name in scope.constants or expr.name in scope.ready:
        return inner
    return inner if _stays_inside(expr, scope) else Pad(inner, ZERO)


def _stays_inside(element: Element, scope: Scope) -> bool:
    """Say whether an element is read in range at all places: proven, or checked at the call."""
    lengths = scope.tensors[element.name].extents
    return all(
        isinstance(subscript, IndexValue)
        or is_inside(subscript, length)
        or is_checked(subscript, length, scope)
        for subscript, length in zip(element.subscripts, lengths, strict=True)
    )


def is_checked(subscript: Expr, length: Expr, scope: Scope) -> bool:
    """Say whether forward has checked the places: the formula reads them, or they are labels."""
    keys = (access(subscript, length), place_key(subscript, length))
    return label(subscript, length) in scope.checked or not scope.accesses.isdisjoint(keys)


def _inside_subscripts(element: Element, scope: Scope, filtered: bool) -> Element:
    subscripts = tuple(_padded(part, scope, filtered) for part in element.subscripts)
    return Element(element.name, subscripts)


@_padded.register
def _(expr: Pad, scope: Scope, filtered: bool) -> Expr:
    element = _inside_subscripts(expr.element, scope, filtered)
    lengths = scope.tensors[element.name].extents
    whole = all(
        not isinstance(subscript, IndexValue) or is_inside(subscript, length)
        for subscript, length in zip(element.subscripts, lengths, strict=True)
    )
    if whole and _stays_inside(expr.element, scope):
        return element
    return Pad(element, _padded(expr.value, scope, filtered))


@_padded.register
def _(expr: Mul, scope: Scope, filtered: bool) -> Expr:
    masks = any(isinstance(factor, (Indicator, Delta)) for factor in expr.factors)
    return map_parts(expr, lambda part: _padded(part, scope, filtered or masks))


@_padded.register(Reduce)
@_padded.register(ArgReduce)
def _(expr: Reduce | ArgReduce, scope: Scope, filtered: bool) -> Expr:
    inner = filtered or expr.condition is not None
    return map_parts(expr, lambda part: _padded(part, scope, inner))
