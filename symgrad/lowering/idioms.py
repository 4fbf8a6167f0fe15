"""Hold the idioms: special array forms, tried in order before the general lowering.

An idiom takes an expression, the scope and the frame, and returns a value, or None where it does
not apply. Its docstring states the law. To add one, write the function and put it into IDIOMS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symgrad.language.expr import (
    ArgReduce,
    Compare,
    Delta,
    Element,
    Expr,
    Extent,
    Index,
    IndexValue,
    Mul,
    Reduce,
    free_indices,
    substitute,
)
from symgrad.lowering.arrays import Cumulative, Helper, Value
from symgrad.lowering.combine import align, as_float, union
from symgrad.lowering.elementwise import MIRRORED, Frame, lower
from symgrad.lowering.scope import Scope, natural_frame

Idiom = Callable[[Expr, Scope, Frame], Value | None]


def apply_idioms(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """Return the value by the first idiom that answers, None where none does."""
    for idiom in IDIOMS:
        value = idiom(expr, scope, frame)
        if value is not None:
            return value
    return None


def _without(expr: Mul, factor: Expr) -> Expr:
    rest = tuple(other for other in expr.factors if other is not factor)
    return rest[0] if len(rest) == 1 else Mul(rest)


# --- deltas --------------------------------------------------------------------------------------


def place_at_argmax(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """delta(k, m_i)*a_i, with m_i integers: zeros along k, and a_i at the place m_i."""
    for delta, index, place in _computed_deltas(expr, scope):
        rest = _without(expr, delta)  # type: ignore[arg-type]
        if index in free_indices(rest) or index in free_indices(place):
            continue
        values = [as_float(lower(rest, scope, frame)), lower(place, scope, frame)]
        if values[0].array.kind == "weak":
            continue
        inner = union(values, frame)
        axes = tuple(i for i in frame if i in inner or i is index)
        length = lower(Extent(index), scope, ()).array
        options = (("axis", axes.index(index)), ("length", length))
        arrays = tuple(align(value, inner) for value in values)
        return Value(Helper("_place", arrays, len(axes), options), axes)
    return None


def _computed_deltas(expr: Expr, scope: Scope) -> Sequence[tuple[Expr, Index, Expr]]:
    """Return (delta, index, integer) for the deltas of an index and computed integers."""
    found = []
    for factor in expr.factors if isinstance(expr, Mul) else ():
        if isinstance(factor, Delta):
            for side, other in ((factor.left, factor.right), (factor.right, factor.left)):
                computed = isinstance(other, ArgReduce) or (
                    isinstance(other, Element) and scope.tensors[other.name].kind == "int"
                )
                if isinstance(side, IndexValue) and computed:
                    found.append((factor, side.index, other))
    return found


def diagonal_matrix(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """delta(i, j)*a_i = diag(a), for i and j of one extent."""
    for factor in expr.factors if isinstance(expr, Mul) else ():
        if not isinstance(factor, Delta):
            continue
        left, right = factor.left, factor.right
        if not isinstance(left, IndexValue) or not isinstance(right, IndexValue):
            continue
        rest = substitute(_without(expr, factor), {right.index: left})  # type: ignore[arg-type]
        same = left.index.extent == right.index.extent and left != right
        if same and free_indices(rest) == {left.index}:
            value = as_float(lower(rest, scope, (left.index,)))
            if value.array.ndim != 1:
                continue  # where(i < i, a, b) does not depend on i after all
            axes = tuple(i for i in frame if i in (left.index, right.index))
            return Value(Helper("np.diag", (value.array,), 2), axes)
    return None


# --- running reductions --------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """The condition `source op target` of a reduction over source; both run equally far."""

    source: Index
    target: Index
    op: str


def running_step(condition: Expr | None, indices: Sequence[Index]) -> Step | None:
    """Return the step of a condition that compares a reduced index with another of equal extent."""
    if not isinstance(condition, Compare) or condition.op == "==":
        return None
    left, right = condition.left, condition.right
    if not isinstance(left, IndexValue) or not isinstance(right, IndexValue):
        return None
    op, source, target = condition.op, left.index, right.index
    if source not in indices:
        op, source, target = MIRRORED[op], target, source
    if source not in indices or target in indices or source.extent != target.extent:
        return None
    return Step(source, target, op)


def running_reduction(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """max_{k<=j} x_ik = maximum.accumulate along k; the same for min and prod."""
    if not isinstance(expr, Reduce) or expr.op not in ("prod", "max", "min"):
        return None
    step = running_step(expr.condition, expr.indices)
    if step is None or step.op not in ("<=", ">=") or len(expr.indices) > 1:
        return None
    free = free_indices(expr.body)
    if step.target in free or step.source not in free:
        return None
    value = as_float(lower(expr.body, scope, natural_frame(expr.body)))
    axis = value.axes.index(step.source)
    axes = tuple(step.target if index is step.source else index for index in value.axes)
    return Value(Cumulative(expr.op, value.array, axis, step.op == ">="), axes)


def product_of_others(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """prod_{l != k} x_il: products of what stands before and after, right where factors are 0."""
    if not isinstance(expr, Reduce) or expr.op != "prod" or len(expr.indices) > 1:
        return None
    step = running_step(expr.condition, expr.indices)
    free = free_indices(expr.body)
    if step is None or step.op != "!=" or step.target in free or step.source not in free:
        return None
    value = as_float(lower(expr.body, scope, natural_frame(expr.body)))
    axes = tuple(step.target if index is step.source else index for index in value.axes)
    options = (("axis", value.axes.index(step.source)),)
    return Value(Helper("_product_of_others", (value.array,), len(axes), options), axes)


IDIOMS: tuple[Idiom, ...] = (
    place_at_argmax,
    diagonal_matrix,
    product_of_others,
    running_reduction,
)
