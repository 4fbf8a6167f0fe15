"""Lower the elements of tensors: as views where the subscripts are affine, else as gathers."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.language.expr import (
    MINUS_ONE,
    Add,
    Element,
    Expr,
    FloorDiv,
    Index,
    IndexValue,
    Mod,
    free_indices,
    mul,
    subtract,
)
from symgrad.lowering.expressions.elementwise import Frame, lower
from symgrad.lowering.expressions.lengths import same_length
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.indexing.gathers import gather
from symgrad.lowering.indexing.indices import lower_index
from symgrad.lowering.indexing.merges import merge, splits
from symgrad.lowering.indexing.subscripts import access, extent
from symgrad.lowering.indexing.viewing import view
from symgrad.lowering.nodes.arrays import Array, Helper, Hyperparameter, Value, Variable
from symgrad.lowering.nodes.combine import scalar


@lower.register
def _(expr: Element, scope: Scope, frame: Frame) -> Value:
    if expr.name in scope.ready:
        return scope.ready[expr.name]
    if expr.name in scope.constants:
        return scalar(Hyperparameter(expr.name))
    tensor = scope.tensors[expr.name]
    array = Variable(expr.name, len(expr.subscripts), tensor.kind)
    return lower_read(array, expr.name, expr.subscripts, tensor.extents, scope, frame)


def lower_read(
    array: Array,
    name: str,
    subscripts: Sequence[Expr],
    lengths: Sequence[Expr],
    scope: Scope,
    frame: Frame,
) -> Value:
    """Return the entries of an array at index expressions, one for each axis.

    Args:
        array: what is read.
        name: what it is in the formula.
        subscripts: one index expression for each axis.
        lengths: the lengths of its axes.
        scope: the names in use.
        frame: an order of the indices.
    """
    found = splits(subscripts)
    if found:
        for split in found:
            subscripts = [split.apply(subscript) for subscript in subscripts]
        inner = tuple(part for split in found for part in (split.quotient, split.remainder))
        value = lower_read(array, name, subscripts, lengths, scope, (*frame, *inner))
        return merge(value, found, scope)
    array, subscripts, lengths = rearranged(array, subscripts, lengths, scope)
    forms = [
        access(subscript, length, scope)
        for subscript, length in zip(subscripts, lengths, strict=True)
    ]
    known = [form for form in forms if form is not None]
    if len(known) == len(forms):
        return view(array, known, scope)
    return gather(array, subscripts, forms, scope, frame, name)


# --- whole rearrangements ------------------------------------------------------------------------


def rearranged(
    array: Array, subscripts: Sequence[Expr], lengths: Sequence[Expr], scope: Scope
) -> tuple[Array, Sequence[Expr], Sequence[Expr]]:
    """Return the array with axes repeated for x[i//2] and rolled for x[(i+k)%n], read plainly.

    Only where the index runs over the whole of what comes out, and stands nowhere else.
    """
    subscripts, lengths = list(subscripts), list(lengths)
    for axis, subscript in enumerate(subscripts):
        others = [part for n, part in enumerate(subscripts) if n != axis]
        moved = _repeated(subscript, lengths[axis]) or _rolled(subscript, lengths[axis])
        if moved is None or any(moved[1] in free_indices(other) for other in others):
            continue
        function, index, amount = moved
        arrays = (array, lower_index(amount, scope, ()).array)
        array = Helper(function, arrays, array.ndim, (("axis", axis),), array.kind)
        subscripts[axis], lengths[axis] = IndexValue(index), extent(index)
    return array, subscripts, lengths


Rearrangement = tuple[str, Index, Expr]


def _repeated(subscript: Expr, length: Expr) -> Rearrangement | None:
    """x[i//q], i over all q*n places: every entry q times."""
    if not isinstance(subscript, FloorDiv) or not isinstance(subscript.left, IndexValue):
        return None
    index, times = subscript.left.index, subscript.right
    if free_indices(times) or not same_length(extent(index), mul(times, length)):
        return None
    return "np.repeat", index, times


def _rolled(subscript: Expr, length: Expr) -> Rearrangement | None:
    """x[(i+k) % n], i over all n places: the entries moved back by k."""
    if not isinstance(subscript, Mod):
        return None
    left = subscript.left
    indices = [
        t for t in (left.terms if isinstance(left, Add) else ()) if isinstance(t, IndexValue)
    ]
    if len(indices) != 1 or not same_length(subscript.right, length):
        return None
    index = indices[0].index
    shift = subtract(left, indices[0])
    if free_indices(shift) or not same_length(extent(index), length):
        return None
    return "np.roll", index, mul(MINUS_ONE, shift)
