"""Hold the idioms: special array forms, tried in order before the general lowering.

An idiom takes an expression, the scope and the frame, and returns a value, or None where it does
not apply. Its docstring states the law. To add one, write the function and put it into IDIOMS.
"""

from __future__ import annotations

from collections.abc import Callable

from symgrad.language.expr import (
    Add,
    Delta,
    Element,
    Expr,
    IndexValue,
    Mul,
    free_indices,
    mul,
    substitute,
    walk,
)
from symgrad.lowering.expressions.elementwise import Frame, lower
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.nodes.arrays import Helper, Value
from symgrad.lowering.nodes.combine import as_float
from symgrad.lowering.nodes.scatters import Scatter
from symgrad.lowering.reducing.horner import scaled_polynomial
from symgrad.lowering.reducing.running import (
    gradient_of_products,
    product_of_others,
    running_argmax,
    running_reduction,
)
from symgrad.lowering.scattering.scatter import distributed, scatter

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


def scatter_each_term(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """a*(b*delta(0, n) + c*delta(1, n)) = a*b*delta(0, n) + a*c*delta(1, n), each at its place."""
    terms = distributed(expr)
    return None if terms is None else lower(terms, scope, frame)


def scale_base_and_scatter(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """s*(a - delta(j, t)) = s*a - s*delta(j, t), for a scalar s: s*a is new, and takes the delta.

    The other way round a would be copied first, so as not to be written to.
    """
    totals = [f for f in expr.factors if isinstance(f, Add)] if isinstance(expr, Mul) else []
    if len(totals) != 1 or not isinstance(expr, Mul) or len(totals[0].terms) != 2:
        return None
    total = totals[0]
    scalars = [factor for factor in expr.factors if factor is not total]
    bases = [term for term in total.terms if not any(isinstance(p, Delta) for p in walk(term))]
    if len(bases) != 1 or not isinstance(bases[0], Element):
        return None
    if any(free_indices(scalar) for scalar in scalars):
        return None
    if not isinstance(lower(total, scope, frame).array, Scatter):
        return None
    return lower(Add(tuple(mul(*scalars, term) for term in total.terms)), scope, frame)


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
    scatter,
    scatter_each_term,
    scale_base_and_scatter,
    diagonal_matrix,
    product_of_others,
    running_reduction,
    running_argmax,
    gradient_of_products,
    scaled_polynomial,
)
