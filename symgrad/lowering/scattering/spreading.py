"""Write terms that read 0 outside as terms that put what they read to its places.

pad(a[i-1]) - pad(a_i) is sum_k a_k*delta(k+1, i) - sum_k a_k*delta(k, i): one array is filled by
slices, where each pad would be an array of its own.
"""

from __future__ import annotations

from symgrad.language.affine import affine
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Delta,
    Element,
    Expr,
    Index,
    IndexValue,
    Mul,
    Pad,
    Reduce,
    free_indices,
    mul,
    subtract,
)
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.indexing.placing import Placement, is_inside

# so many padded terms are worth an array that all of them are put into
SPREAD = 2


def spread(total: Add, scope: Scope) -> Add:
    """Return the sum with its padded terms as sums with deltas, if there are several."""
    terms = [_spread_term(term, scope) for term in total.terms]
    changed = sum(new is not old for new, old in zip(terms, total.terms, strict=True))
    return Add(tuple(terms)) if changed >= SPREAD else total


def _spread_term(term: Expr, scope: Scope) -> Expr:
    factors = term.factors if isinstance(term, Mul) else (term,)
    pads = [factor for factor in factors if isinstance(factor, Pad) and factor.value == ZERO]
    if len(pads) != 1:
        return term
    element = pads[0].element
    others = [factor for factor in factors if factor is not pads[0]]
    moved = [n for n, s in enumerate(element.subscripts) if not _is_own(s, n, element, scope)]
    subscripts = list(element.subscripts)
    deltas: list[Expr] = []
    sums: list[Index] = []
    for axis in moved:
        form = affine(element.subscripts[axis])
        if form is None or len(form.coefficients) != 1:
            return term
        target, step = form.coefficients[0]
        if step not in (ONE, MINUS_ONE) or _occurs(target, axis, element, others):
            return term
        index = Index(target.name, scope.tensors[element.name].extents[axis])
        sums.append(index)
        subscripts[axis] = IndexValue(index)
        # what stands at index = step*target + start goes to target = step*(index - start)
        place = mul(step, subtract(IndexValue(index), form.constant))
        if not is_inside(Placement(target, place)):
            return term
        deltas.append(Delta(place, IndexValue(target)))
    if not moved:
        return term
    body = mul(*others, Element(element.name, tuple(subscripts)), *deltas)
    return Reduce("sum", tuple(sums), None, body)


def _is_own(subscript: Expr, axis: int, element: Element, scope: Scope) -> bool:
    """Say whether a subscript is an index that runs along the whole axis."""
    length = scope.tensors[element.name].extents[axis]
    return isinstance(subscript, IndexValue) and subscript.index.extent == length


def _occurs(target: Index, axis: int, element: Element, others: list[Expr]) -> bool:
    """Say whether an index stands anywhere else in a term."""
    beside = [s for n, s in enumerate(element.subscripts) if n != axis]
    return any(target in free_indices(part) for part in (*beside, *others))
