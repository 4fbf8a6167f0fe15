"""Walk expressions, rename and replace their indices, and compare them up to bound names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import is_not
from typing import Any

from symgrad.language.affine import simplified
from symgrad.language.base import Expr, Index
from symgrad.language.nodes import Delta, Element, Extent, IndexValue


def children(expr: Expr) -> tuple[Expr, ...]:
    """Return the expressions directly inside `expr`, in reading order."""
    return expr.children


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield `expr` and everything inside it, outermost first, in reading order."""
    stack = [expr]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children))


def bound_indices(expr: Expr) -> tuple[Index, ...]:
    """Return the indices that this very node binds."""
    return expr.bound


def free_indices(expr: Expr) -> frozenset[Index]:
    """Return the indices that occur free in `expr` (unordered: never iterate it into output)."""
    return expr.free


def ordered_free_indices(expr: Expr) -> tuple[Index, ...]:
    """Return the free indices in the order of their first appearance."""
    return expr.free_in_order


def element_names(expr: Expr) -> tuple[str, ...]:
    """Return the names of the tensors and scalars read, in the order of first appearance."""
    return expr.names


def map_parts(expr: Expr, function: Callable[[Expr], Expr]) -> Expr:
    """Return the node with `function` applied to the expressions directly inside it."""
    if not expr.children:
        return expr
    changed = False
    parts: list[Any] = []
    for part in expr.parts():
        new: Any = part
        if isinstance(part, Expr):
            new = function(part)
            changed = changed or new is not part
        elif isinstance(part, tuple) and part and isinstance(part[0], Expr):
            new = tuple([function(item) for item in part])
            changed = changed or any(map(is_not, new, part))
        parts.append(new)
    return type(expr)(*parts) if changed else expr


def rename(expr: Expr, mapping: Mapping[Index, Index]) -> Expr:
    """Replace indices by indices, bound ones included."""
    if not mapping:
        return expr
    return substitute(expr, {old: IndexValue(new) for old, new in mapping.items()}, mapping)


def substitute(
    expr: Expr, mapping: Mapping[Index, Expr], binders: Mapping[Index, Index] | None = None
) -> Expr:
    """Replace free indices by index expressions; subscripts and deltas stay in normal form.

    The caller sees to it that no replacement mentions an index which `expr` binds: `freshen` first.
    """
    binders = binders or {}
    arithmetic = any(not isinstance(new, IndexValue) for new in mapping.values())

    def visit(part: Expr) -> Expr:
        if isinstance(part, IndexValue):
            return mapping.get(part.index, part)
        if isinstance(part, Extent):
            new = mapping.get(part.index)
            return Extent(new.index) if isinstance(new, IndexValue) else part
        if mapping.keys().isdisjoint(part.free) and binders.keys().isdisjoint(part.inner):
            return part
        if part.bound:
            return type(part)(*(_rebound(field, binders, visit) for field in part.parts()))
        if arithmetic and isinstance(part, (Element, Delta)):
            return map_parts(part, lambda subscript: simplified(visit(subscript)))
        return map_parts(part, visit)

    return visit(expr)


def _rebound(field: Any, binders: Mapping[Index, Index], visit: Callable[[Expr], Expr]) -> Any:
    """Return a field of a node that binds indices, with these replaced."""
    if isinstance(field, Index):
        return binders.get(field, field)
    if isinstance(field, Expr):
        return visit(field)
    if isinstance(field, tuple):
        return tuple(_rebound(item, binders, visit) for item in field)
    return field


def freshen(expr: Expr) -> Expr:
    """Give every index that is bound inside `expr` a new object."""
    return rename(expr, {index: index.fresh() for index in expr.inner})


def replace(expr: Expr, function: Callable[[Expr], Expr | None]) -> Expr:
    """Rewrite from the outside in: where `function` returns an expression, it stands instead."""
    new = function(expr)
    return new if new is not None else map_parts(expr, lambda part: replace(part, function))


def alpha_key(expr: Expr, names: Mapping[Index, int] | None = None) -> Any:
    """Return a key that is equal for expressions which differ only in the names of bound indices.

    Free indices count as themselves unless `names` numbers them.
    """
    return expr.alpha_key(names or {})
