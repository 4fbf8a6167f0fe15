"""Decide how the range of a reduction is written: its operation, bounds and conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.formats.products import as_divisor, divide_by_ranges, multiply_out
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    And,
    AxisLength,
    Compare,
    Element,
    Expr,
    Index,
    IndexValue,
    Indicator,
    Mul,
    Not,
    Power,
    Reduce,
    free_indices,
    walk,
)
from symgrad.language.lengths import NO_LENGTHS, Lengths

MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
REFUTED = {"<": ">=", "<=": ">"}


@dataclass(frozen=True)
class Range:
    """A reduction as it is printed.

    Attributes:
        op: the operation.
        indices: the bound indices.
        bounded: those of them whose bound must be written, since no axis in the body gives it.
        conditions: all of these hold.
        body: what is reduced.
    """

    op: str
    indices: tuple[Index, ...]
    bounded: tuple[Index, ...]
    conditions: tuple[Expr, ...]
    body: Expr

    @property
    def begins_with_index(self) -> bool:
        """Whether the first condition is a comparison that begins with the first index, `k<=j`."""
        first = self.conditions[0] if self.conditions else None
        return isinstance(first, Compare) and first.left == IndexValue(self.indices[0])


def range_of(expr: Reduce, lengths: Lengths = NO_LENGTHS) -> Range:
    """Return the form in which a reduction is printed.

    `lengths` holds how far the axes of tensors reach: an index that stands alone on an axis of its
    own length needs no bound.
    """
    conditions = conjuncts(expr.condition)
    op, body = expr.op, expr.body
    if op == "sum":
        found, body = _hoist_indicators(expr)
        conditions += found
        if not conditions:
            op, body = _as_mean(Reduce(op, expr.indices, None, body))
    conditions = tuple(_index_first(condition, expr.indices) for condition in conditions)
    conditions = tuple(_never_a_bound(condition) for condition in conditions)
    parts = [part for inside in (body, *conditions) for part in walk(inside)]
    free = [i for i in expr.indices if not _is_axis(i, parts, lengths)]
    bounded = tuple(i for i in free if _needs_bound(i, expr.indices, parts, conditions))
    return Range(op, expr.indices, bounded, conditions, body)


def conjuncts(condition: Expr | None) -> tuple[Expr, ...]:
    """Return the conditions that all must hold; None stands for none."""
    if condition is None:
        return ()
    return condition.args if isinstance(condition, And) else (condition,)


def _hoist_indicators(expr: Reduce) -> tuple[tuple[Expr, ...], Expr]:
    """sum_k [k <= j]*b_k = sum_{k<=j} b_k, for conditions on indices alone."""
    body = expr.body
    factors = body.factors if isinstance(body, Mul) else (body,)
    hoisted = [
        part
        for part in factors
        if isinstance(part, Indicator) and _is_condition_on(part, expr.indices)
    ]
    if not hoisted:
        return (), body
    rest = tuple(part for part in factors if part not in hoisted)
    conditions = [item for part in hoisted for item in conjuncts(part.condition)]
    if len(rest) > 1:
        return tuple(conditions), Mul(rest)
    return tuple(conditions), rest[0] if rest else ONE


def _is_condition_on(part: Indicator, indices: tuple[Index, ...]) -> bool:
    if free_indices(part).isdisjoint(indices):
        return False
    if any(isinstance(inner, (Element, Reduce)) for inner in walk(part)):
        return False
    return not any(_reads_as_bound(item) for item in conjuncts(part.condition))


def _reads_as_bound(condition: Expr) -> bool:
    """Say whether a condition would be read as the extent of its index: `k<3`, but not `k<=j`."""
    if not isinstance(condition, Compare):
        return False
    sides = ((condition.left, condition.right), (condition.right, condition.left))
    return any(isinstance(side, IndexValue) and not free_indices(other) for side, other in sides)


def _as_mean(expr: Reduce) -> tuple[str, Expr]:
    """sum_k b_k/size(k) = mean_k b_k."""
    factors = expr.body.factors if isinstance(expr.body, Mul) else (expr.body,)
    divisors = {factor: as_divisor(factor) for factor in factors}
    lengths = [pair for pair in divisors.values() if pair and isinstance(pair[0], AxisLength)]
    rest = divide_by_ranges(expr, lengths)
    if rest is None:
        return expr.op, expr.body
    above = [factor for factor in factors if divisors[factor] not in lengths]
    above += [Power(multiply_out(divisor), MINUS_ONE) for divisor in rest]
    if len(above) > 1:
        return "mean", Mul(tuple(above))
    return "mean", above[0] if above else ONE


def _index_first(condition: Expr, indices: tuple[Index, ...]) -> Expr:
    """Write `j >= k` as `k <= j` where k is bound here and j is not."""
    if not isinstance(condition, Compare):
        return condition
    bound = [IndexValue(index) for index in indices]
    if condition.left not in bound and condition.right in bound:
        return Compare(MIRRORED[condition.op], condition.right, condition.left)
    return condition


def _never_a_bound(condition: Expr) -> Expr:
    """Write `k < 3`, which would be read as the extent of k, as `not (k >= 3)`."""
    if isinstance(condition, Compare) and condition.op in REFUTED and _reads_as_bound(condition):
        return Not(Compare(REFUTED[condition.op], condition.left, condition.right))
    return condition


def _is_axis(index: Index, parts: Sequence[Expr], lengths: Lengths) -> bool:
    """Say whether the axes on which an index stands alone are known to be as long as it runs."""
    found = [
        length
        for part in parts
        if isinstance(part, Element)
        for subscript, length in zip(part.subscripts, lengths.of(part.name), strict=False)
        if subscript == IndexValue(index) and length is not None
    ]
    return bool(found) and all(length == index.extent for length in found)


def _needs_bound(
    index: Index, bound: tuple[Index, ...], parts: Sequence[Expr], conditions: tuple[Expr, ...]
) -> bool:
    """Say whether the extent of an index would not be read from where it stands.

    It is read from an axis, or else from the indices of an outer scope that it is compared with.
    """
    if index.extent is None:
        return False
    if not isinstance(index.extent, AxisLength):
        return True
    value = IndexValue(index)
    if any(isinstance(part, Element) and value in part.subscripts for part in parts):
        return False
    if not any(_compared_with(value, condition) for condition in conditions):
        return True
    partners = [partner for part in parts for partner in _compared_with(value, part)]
    return any(partner in bound or partner.extent != index.extent for partner in partners)


def _compared_with(value: IndexValue, part: Expr) -> tuple[Index, ...]:
    """Return the index that `part` compares an index with, if it does."""
    if not isinstance(part, Compare):
        return ()
    sides = {part.left: part.right, part.right: part.left}
    other = sides.get(value)
    return (other.index,) if isinstance(other, IndexValue) else ()
