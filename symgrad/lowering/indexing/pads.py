"""Lower `pad(x[...], v)`, and reads that a filter guards: the array is padded, then read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from symgrad.language.affine import divided, is_nonnegative, largest, simplified, smallest
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Compare,
    Element,
    Expr,
    FloorDiv,
    Mod,
    Mul,
    Number,
    Pad,
    Where,
    add,
    conjunction,
    free_indices,
    mul,
    subtract,
    walk,
)
from symgrad.lowering.expressions.elementwise import Frame, lower
from symgrad.lowering.expressions.lengths import same_length
from symgrad.lowering.expressions.scope import Scope, Tensor
from symgrad.lowering.indexing.gathers import gather
from symgrad.lowering.indexing.indices import lower_count
from symgrad.lowering.indexing.reads import lower_read
from symgrad.lowering.indexing.subscripts import Access, access
from symgrad.lowering.nodes.arrays import Array, Value, Variable
from symgrad.lowering.nodes.combine import as_float
from symgrad.lowering.nodes.views import Padded

Width = tuple[Expr, Expr]
Margins = dict[tuple[str, Expr], tuple[Width | None, ...]]


@lower.register
def _(expr: Pad, scope: Scope, frame: Frame) -> Value:
    """Return the entries of the padded array; a value that has indices is chosen afterwards."""
    if free_indices(expr.value):
        return _chosen(expr, scope, frame)
    value = as_float(lower(expr.value, scope, ())).array
    element = expr.element
    tensor = scope.tensors[element.name]
    array: Array = Variable(element.name, len(element.subscripts), tensor.kind)
    widths: list[Width] = []
    for subscript, length in zip(element.subscripts, tensor.extents, strict=True):
        width = padding(subscript, length)
        if width is None or access(subscript, length, scope) is None:
            return _picked(element, value, scope, frame)
        widths.append(width)
    margins = scope.margins.get((element.name, expr.value), (None,) * len(widths))
    widths = [margin or width for width, margin in zip(widths, margins, strict=True)]
    subscripts = [add(s, width[0]) for s, width in zip(element.subscripts, widths, strict=True)]
    lengths = [simplified(add(n, *width)) for n, width in zip(tensor.extents, widths, strict=True)]
    longer = padded(array, widths, value, scope)
    return lower_read(longer, element.name, subscripts, lengths, scope, frame)


def common_margins(values: Iterable[Expr], tensors: Mapping[str, Tensor]) -> Margins:
    """Return how far all reads of one tensor padded with one value leave each axis together.

    They share one padded array then. None stands for an axis at which some amount is no number.
    """
    found: Margins = {}
    for part in (part for value in values for part in walk(value)):
        if not isinstance(part, Pad) or free_indices(part.value):
            continue
        element = part.element
        lengths = tensors[element.name].extents
        widths = tuple(padding(s, n) for s, n in zip(element.subscripts, lengths, strict=True))
        known = found.get((element.name, part.value), widths)
        wider = (_wider(a, b) for a, b in zip(known, widths, strict=True))
        found[element.name, part.value] = tuple(wider)
    return found


def _wider(left: Width | None, right: Width | None) -> Width | None:
    """Return the larger amounts of both, None where numbers alone would tell which is larger."""
    if left is None or right is None:
        return None
    before, after = (_larger(a, b) for a, b in zip(left, right, strict=True))
    return None if before is None or after is None else (before, after)


def _larger(left: Expr, right: Expr) -> Expr | None:
    if same_length(left, right):
        return left
    if isinstance(left, Number) and isinstance(right, Number):
        return left if left.value > right.value else right
    return None


def padded(array: Array, widths: Sequence[Width], value: Array, scope: Scope) -> Array:
    """Return the array with a value around it; itself where nothing has to be added."""
    if all(width == (ZERO, ZERO) for width in widths):
        return array
    counts = tuple(
        None
        if width == (ZERO, ZERO)
        else (lower_count(width[0], scope), lower_count(width[1], scope))
        for width in widths
    )
    return Padded(array, counts, value)


def padding(subscript: Expr, length: Expr) -> Width | None:
    """Return how far a subscript leaves an axis at either end; None where data decide.

    It is 0 at an end that is provably never left. Where only the numbers tell, it may be negative:
    then it says how many entries at that end are never read.
    """
    low, high = smallest(subscript), largest(subscript)
    if low is None or high is None:
        return None
    return _excess(mul(MINUS_ONE, low)), _excess(add(high, ONE, mul(MINUS_ONE, length)))


def _excess(amount: Expr) -> Expr:
    """Return an upper bound of an amount that is short to write, 0 where it is never positive."""
    bound = simplified(amount)
    if is_nonnegative(mul(MINUS_ONE, bound)):
        return ZERO
    while (simpler := _without_quotient(bound)) is not None:
        bound = simpler
    return ZERO if is_nonnegative(mul(MINUS_ONE, bound)) else bound


def _without_quotient(expr: Expr) -> Expr | None:
    """Replace one s*(a//s) by a, which is at least as much."""
    terms = expr.terms if isinstance(expr, Add) else (expr,)
    for term in terms:
        factors = term.factors if isinstance(term, Mul) else (term,)
        for factor in factors:
            if not isinstance(factor, FloorDiv):
                continue
            times, rest = divided(mul(*(f for f in factors if f is not factor)), factor.right)
            if rest == ZERO and is_nonnegative(times):
                others = (other for other in terms if other is not term)
                return simplified(add(*others, mul(times, factor.left)))
    return None


# --- places that data decide ---------------------------------------------------------------------


def _picked(element: Element, value: Array, scope: Scope, frame: Frame) -> Value:
    """Read the array with one more entry, the value, at the end of the axes that may be left."""
    tensor = scope.tensors[element.name]
    array: Array = Variable(element.name, len(element.subscripts), tensor.kind)
    widths: list[Width] = []
    accesses: list[Access | None] = []
    for subscript, length in zip(element.subscripts, tensor.extents, strict=True):
        inside = is_inside(subscript, length)
        widths.append((ZERO, ZERO if inside else ONE))
        accesses.append(access(subscript, length, scope) if inside else None)
    ends = {
        axis: lower_count(length, scope)
        for axis, (length, form) in enumerate(zip(tensor.extents, accesses, strict=True))
        if widths[axis] != (ZERO, ZERO)
    }
    longer = padded(array, widths, value, scope)
    return gather(longer, element.subscripts, accesses, scope, frame, element.name, ends)


def is_inside(subscript: Expr, length: Expr, given: Sequence[Expr] = ()) -> bool:
    """Say whether a subscript is proven to stay inside an axis.

    Args:
        subscript: the index expression.
        length: the length of the axis.
        given: what is known to be at least 0 wherever it is read.
    """
    if isinstance(subscript, FloorDiv) and not free_indices(subscript.right):
        return is_inside(subscript.left, mul(subscript.right, length), given)  # divisors are >= 1
    if isinstance(subscript, Mod) and not free_indices(subscript.right):
        return same_length(subscript.right, length) or is_nonnegative(
            subtract(length, subscript.right)
        )
    room = subtract(subtract(length, ONE), subscript)
    return _is_proven(subscript, given) and _is_proven(room, given)


def _is_proven(expr: Expr, given: Sequence[Expr]) -> bool:
    """Say whether a number is proven to be 0 or more; n - n//2 is, as twice of it is."""
    if is_nonnegative(expr, given):
        return True
    extents = (index.extent for index in expr.free_in_order if index.extent is not None)
    divisors = {
        part.right: None
        for bound in extents
        for part in walk(bound)
        if isinstance(part, FloorDiv) and isinstance(part.right, Number)
    }
    return not given and any(is_nonnegative(mul(divisor, expr)) for divisor in divisors)


def _chosen(expr: Pad, scope: Scope, frame: Frame) -> Value:
    """Choose between the entries and a value that has indices."""
    element = expr.element
    lengths = scope.tensors[element.name].extents
    conditions = [
        condition
        for subscript, length in zip(element.subscripts, lengths, strict=True)
        if not is_inside(subscript, length)
        for condition in (Compare(">=", subscript, ZERO), Compare("<", subscript, length))
    ]
    inside = conjunction(*conditions)
    if inside is None:
        return lower(element, scope, frame)
    return lower(Where(inside, Pad(element, ZERO), expr.value), scope, frame)
