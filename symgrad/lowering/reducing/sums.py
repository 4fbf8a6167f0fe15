"""Lower sums of products: what does not depend on the sum comes out, the rest is contracted."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symgrad.language.expr import (
    MINUS_ONE,
    Delta,
    Element,
    Expr,
    Extent,
    Index,
    Indicator,
    Mul,
    Number,
    Power,
    Reduce,
    free_indices,
)
from symgrad.lowering.contracting.contraction import contract
from symgrad.lowering.contracting.factors import sum_parts
from symgrad.lowering.expressions.elementwise import Frame, lower
from symgrad.lowering.expressions.scope import Scope, is_finite, natural_frame
from symgrad.lowering.nodes.arrays import Array, Cumulative, Helper, Value
from symgrad.lowering.nodes.combine import as_float, combine, multiply, number, scalar
from symgrad.lowering.reducing.products import lower_product, mask_value, scaled_operand
from symgrad.lowering.reducing.running import running_step

TWO = Number(Fraction(2))


def lower_sum(expr: Reduce, scope: Scope, frame: Frame) -> Value:
    """Return the sum of a product, by pulling out, summing early, and contracting."""
    indices, factors = sum_parts(expr)
    bound = set(indices)
    outside = [factor for factor in factors if bound.isdisjoint(free_indices(factor))]
    inside = [factor for factor in factors if not bound.isdisjoint(free_indices(factor))]
    unused = [i for i in indices if not any(i in free_indices(factor) for factor in inside)]
    outside.extend(Extent(index) for index in unused)
    scaled = scaled_operand(inside, outside, free_indices(expr), scope)
    inside, outside = (inside, outside) if scaled is None else (scaled, [])
    sums = [
        _lower_component(component, [i for i in indices if i not in unused], scope, frame)
        for component in _components(inside, bound)
    ]
    if not outside and len(sums) == 1:
        return sums[0]
    finite = all(is_finite(factor, scope.tensors) for factor in inside)
    return lower_product(outside, scope, (*frame, *indices), sums, finite)


def _as_dot(factors: list[Expr]) -> list[Expr]:
    """Write a square that stands alone as two factors: its sum is the dot product with itself."""
    alone = factors[0] if len(factors) == 1 else None
    if isinstance(alone, Power) and alone.exponent == TWO and isinstance(alone.base, Element):
        return [alone.base, alone.base]
    return factors


def _components(factors: Sequence[Expr], bound: set[Index]) -> list[list[Expr]]:
    """Return the factors in groups that share no summed index: the sum of each is its own."""
    groups: list[tuple[set[Index], list[int]]] = []
    for position, factor in enumerate(factors):
        own = bound & free_indices(factor)
        members = [position]
        rest = []
        for indices, positions in groups:
            if own.isdisjoint(indices):
                rest.append((indices, positions))
            else:
                own = own | indices
                members = positions + members
        groups = [*rest, (set(own), members)]
    groups.sort(key=lambda group: min(group[1]))
    return [[factors[n] for n in sorted(positions)] for _, positions in groups]


def _lower_component(
    factors: Sequence[Expr], indices: Sequence[Index], scope: Scope, frame: Frame
) -> Value:
    masks = [factor for factor in factors if isinstance(factor, (Indicator, Delta))]
    others = [factor for factor in factors if not isinstance(factor, (Indicator, Delta))]
    used = [i for i in indices if any(i in free_indices(factor) for factor in factors)]
    if len(masks) == 1:
        running = running_sum(others, masks[0], used, scope, frame)
        if running is not None:
            return running
    operands = _operands(_as_dot(others), scope)
    if masks:
        operands = _masked(others, operands, masks, scope, (*frame, *indices))
    full = tuple(dict.fromkeys((*frame, *indices)))
    total = contract([as_float(value) for value in operands], used, full, scope)
    present = {index for value in operands for index in value.axes}
    for index in used:
        if index not in present:
            total = multiply(total, lower(Extent(index), scope, full), full)
    return total


PARTIAL_SUMS = {"<": "_sum_before", ">": "_sum_after", "!=": "_sum_of_others"}


def running_sum(
    factors: Sequence[Expr], mask: Expr, indices: Sequence[Index], scope: Scope, frame: Frame
) -> Value | None:
    """sum_{k<=j} x_ik = cumsum along k; k<j and k != j by a helper, exact beside large terms."""
    step = running_step(mask.condition if isinstance(mask, Indicator) else None, indices)
    body = Mul(tuple(factors)) if len(factors) > 1 else next(iter(factors), None)
    if step is None or body is None or step.target in free_indices(body):
        return None
    if step.source not in free_indices(body):
        return None
    others = tuple(index for index in indices if index is not step.source)
    inner = Reduce("sum", others, None, body) if others else body
    value = as_float(lower(inner, scope, natural_frame(inner)))
    axis = value.axes.index(step.source)
    total: Array
    if step.op in PARTIAL_SUMS:
        options = (("axis", axis),)
        total = Helper(PARTIAL_SUMS[step.op], (value.array,), value.array.ndim, options)
    else:
        total = Cumulative("sum", value.array, axis, step.op == ">=")
    axes = tuple(step.target if index is step.source else index for index in value.axes)
    return Value(total, axes)


def _operands(factors: Sequence[Expr], scope: Scope) -> list[Value]:
    """Lower each factor in its own order of axes; a divisor joins a factor that has its indices."""
    groups: list[tuple[Expr, list[Expr]]] = []
    for factor in factors:
        divides = isinstance(factor, Power) and factor.exponent == MINUS_ONE
        home = next(
            (g for head, g in groups if divides and free_indices(head) >= free_indices(factor)),
            None,
        )
        if home is None:
            groups.append((factor, [factor]))
        else:
            home.append(factor)
    values = []
    for _, members in groups:
        body = members[0] if len(members) == 1 else Mul(tuple(members))
        values.append(lower(body, scope, natural_frame(body)))
    return values


def _masked(
    factors: Sequence[Expr],
    operands: list[Value],
    masks: Sequence[Expr],
    scope: Scope,
    frame: Frame,
) -> list[Value]:
    """Add the mask as an operand; where a factor may be infinite, choose 0 instead of 0*inf."""
    unsafe = [factor for factor in factors if not is_finite(factor, scope.tensors)]
    body = Mul((*unsafe, *masks)) if unsafe else Mul(tuple(masks))
    order = natural_frame(body, frame)
    mask = mask_value(masks, scope, order)
    if not unsafe:
        return [*operands, mask]
    safe = [factor for factor in factors if is_finite(factor, scope.tensors)]
    product = lower_product(unsafe, scope, order)
    chosen = combine("where", (mask, as_float(product), scalar(number(0))), order)
    return [*_operands(safe, scope), chosen]
