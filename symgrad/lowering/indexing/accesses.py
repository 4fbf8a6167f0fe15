"""Note where a formula reads its tensors: a read outside is an error at the call."""

from __future__ import annotations

from collections.abc import Iterator

from symgrad.language.expr import (
    ArgReduce,
    Compare,
    Delta,
    Element,
    Expr,
    IndexValue,
    Pad,
    Reduce,
)
from symgrad.language.layer import Layer
from symgrad.lowering.expressions.lengths import length_key
from symgrad.lowering.indexing.placing import access


def formula_accesses(layer: Layer) -> frozenset[object]:
    """Return keys of the places that are read without a filter, and so in range, as checked."""
    keys = {
        key
        for statement in layer.statements
        for element in _checked_reads(statement.value)
        for subscript, axis in zip(element.subscripts, layer.axes[element.name], strict=True)
        for key in (access(subscript, axis.extent), place_key(subscript, axis.extent))
    }
    return frozenset(keys - {None})


def place_key(place: Expr, extent: Expr | None) -> object:
    """Return a key of any places along an axis: equal up to the names of indices."""
    indices = place.free_in_order
    if extent is None or any(index.extent is None for index in indices):
        return None
    names = {index: number for number, index in enumerate(indices)}
    ranges = tuple(length_key(index.extent) for index in indices if index.extent is not None)
    return place.alpha_key(names), ranges, length_key(extent)


def formula_labels(layer: Layer) -> frozenset[object]:
    """Return keys of integer inputs and of the lengths that bound their values, as checked."""
    found: set[object] = set()
    for statement in layer.statements:
        for element in _checked_reads(statement.value):
            for subscript, axis in zip(element.subscripts, layer.axes[element.name], strict=True):
                found.add(label(subscript, axis.extent))
        found.update(_compared(statement.value))
    return frozenset(found - {None})


def label(place: Expr, extent: Expr | None) -> object:
    """Return the key of a tensor's element as a place along an axis; None for other places."""
    if not isinstance(place, Element) or not place.subscripts or extent is None:
        return None
    return place.name, length_key(extent)


def _checked_reads(expr: Expr) -> Iterator[Element]:
    """Yield the elements that are read under no filter and no `pad`."""
    if isinstance(expr, Pad) or (
        isinstance(expr, (Reduce, ArgReduce)) and expr.condition is not None
    ):
        return
    if isinstance(expr, Element) and expr.subscripts:
        yield expr
    for child in expr.children:
        yield from _checked_reads(child)


def _compared(expr: Expr) -> Iterator[object]:
    """Yield the keys of elements that are compared with a bare index."""
    equal = isinstance(expr, Delta) or (isinstance(expr, Compare) and expr.op in ("==", "!="))
    if equal and isinstance(expr, (Delta, Compare)):
        for side, other in ((expr.left, expr.right), (expr.right, expr.left)):
            if isinstance(other, IndexValue):
                yield label(side, other.index.extent)
    for child in expr.children:
        yield from _compared(child)
