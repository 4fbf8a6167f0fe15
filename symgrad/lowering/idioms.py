"""Hold the idioms: special array forms, tried in order before the general lowering.

An idiom takes an expression, the scope and the frame, and returns a value, or None where it does
not apply. Its docstring states the law. To add one, write the function and put it into IDIOMS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symgrad.language.expr import (
    ArgReduce,
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
    walk,
)
from symgrad.lowering.arrays import Helper, Value
from symgrad.lowering.combine import align, as_float, transpose, union
from symgrad.lowering.elementwise import Frame, lower
from symgrad.lowering.running import (
    gradient_of_products,
    product_of_others,
    running_argmax,
    running_reduction,
)
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


def add_at_argmax(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """sum_j a_ij*delta(k, m_ij): zeros along k, to which each a_ij is added at its place.

    It is for sums where the delta would be an array of more axes than the result and all it reads.
    """
    if not isinstance(expr, Reduce) or (expr.op, expr.condition) != ("sum", None):
        return None
    for delta, index, place in _computed_deltas(expr.body, scope):
        rest = _without(expr.body, delta)  # type: ignore[arg-type]
        gone = set(expr.indices)
        own = free_indices(place)
        if index in free_indices(rest) | own | gone or not gone <= own | free_indices(rest):
            continue
        sizes = [len(free_indices(part)) for part in walk(rest) if isinstance(part, Element)]
        if own.isdisjoint(gone) or len(own) + 1 <= max([*sizes, len(free_indices(expr))]):
            continue
        values = [as_float(lower(rest, scope, natural_frame(rest))), lower(place, scope, frame)]
        if values[0].array.kind == "weak":
            continue
        kept = tuple(i for i in frame if i in free_indices(expr) and i is not index)
        inner = (*kept, *(i for i in expr.indices))
        length = lower(Extent(index), scope, ()).array
        options = (("axes", len(expr.indices)), ("length", length))
        arrays = tuple(align(value, inner) for value in values)
        return transpose(
            Value(Helper("_add_at", arrays, len(kept) + 1, options), (*kept, index)), frame
        )
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


IDIOMS: tuple[Idiom, ...] = (
    place_at_argmax,
    add_at_argmax,
    diagonal_matrix,
    product_of_others,
    running_reduction,
    running_argmax,
    gradient_of_products,
)
