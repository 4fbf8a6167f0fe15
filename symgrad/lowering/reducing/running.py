"""Lower reductions over what stands before, after or beside each place, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.language.expr import (
    And,
    ArgReduce,
    Compare,
    Expr,
    Index,
    IndexValue,
    Mul,
    Reduce,
    free_indices,
    mul,
)
from symgrad.lowering.expressions.elementwise import MIRRORED, Frame, lower
from symgrad.lowering.expressions.scope import Scope, natural_frame
from symgrad.lowering.nodes.arrays import Array, Cumulative, Helper, Literal, Value
from symgrad.lowering.nodes.combine import align, as_float, combine, number, reduce_axes

# what a reduction over nothing is
FIRST: dict[str, Array] = {"prod": number(1), "max": Literal("-inf"), "min": Literal("inf")}


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


def _along(expr: Expr, scope: Scope, step: Step) -> tuple[Value, int] | None:
    """Return an array along the source of a step, and that axis; None where both indices occur."""
    free = free_indices(expr)
    if step.target in free or step.source not in free:
        return None
    value = as_float(lower(expr, scope, natural_frame(expr)))
    return (value, value.axes.index(step.source)) if step.source in value.axes else None


def _renamed(value: Value, step: Step) -> tuple[Index, ...]:
    return tuple(step.target if index is step.source else index for index in value.axes)


def running_reduction(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """max_{k<=j} x_ik = maximum.accumulate along k; the same for min and prod, and for k<j."""
    if not isinstance(expr, Reduce) or expr.op not in FIRST or len(expr.indices) > 1:
        return None
    step = running_step(expr.condition, expr.indices)
    found = _along(expr.body, scope, step) if step is not None and step.op != "!=" else None
    if step is None or found is None:
        return None
    value, axis = found
    total: Array = Cumulative(expr.op, value.array, axis, step.op in (">", ">="))
    if step.op in ("<", ">"):
        options = (("axis", axis), ("step", 1 if step.op == "<" else -1))
        total = Helper("_moved", (total, FIRST[expr.op]), len(value.axes), options)
    return Value(total, _renamed(value, step))


def product_of_others(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """prod_{l != k} x_il: products of what stands before and after, right where factors are 0."""
    if not isinstance(expr, Reduce) or expr.op != "prod" or len(expr.indices) > 1:
        return None
    step = running_step(expr.condition, expr.indices)
    found = _along(expr.body, scope, step) if step is not None and step.op == "!=" else None
    if step is None or found is None:
        return None
    value, axis = found
    options = (("axis", axis),)
    helper = Helper("_product_of_others", (value.array,), len(value.axes), options)
    return Value(helper, _renamed(value, step))


def running_argmax(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """argmax_{k<=j} x_ik: the last place so far where a new largest entry stood."""
    if not isinstance(expr, ArgReduce):
        return None
    step = running_step(expr.condition, (expr.index,))
    found = _along(expr.body, scope, step) if step is not None and step.op in ("<=", ">=") else None
    if step is None or found is None:
        return None
    value, axis = found
    if expr.op == "argmin":
        value = combine("neg", (value,), value.axes)
    options: tuple[tuple[str, object], ...] = (("axis", axis),)
    if step.op == ">=":
        options += (("reverse", True),)
    helper = Helper("_running_argmax", (value.array,), len(value.axes), options, "int")
    return Value(helper, _renamed(value, step))


# --- their gradients -----------------------------------------------------------------------------


def gradient_of_products(expr: Expr, scope: Scope, frame: Frame) -> Value | None:
    """sum_{j>=k} a_j*prod_{l<=j, l != k} x_l: one pass instead of an array over j, k and l."""
    if not isinstance(expr, Reduce) or expr.op != "sum":
        return None
    step = running_step(expr.condition, expr.indices)
    factors = expr.body.factors if isinstance(expr.body, Mul) else ()
    products = [factor for factor in factors if isinstance(factor, Reduce) and factor.op == "prod"]
    if step is None or len(products) != 1 or not _skips(products[0], step):
        return None
    rest = mul(*(factor for factor in factors if factor is not products[0]))
    kept = free_indices(products[0]) | {step.source}
    early = [index for index in expr.indices if index not in kept]
    rest = Reduce("sum", tuple(early), None, rest) if early else rest
    inner = Step(products[0].indices[0], step.target, step.op)
    left, right = _along(rest, scope, step), _along(products[0].body, scope, inner)
    if left is None or right is None or step.source in free_indices(products[0].body):
        return None
    incoming = Value(left[0].array, _renamed(left[0], step))
    factor = Value(right[0].array, _renamed(right[0], inner))
    axes = tuple(dict.fromkeys((*factor.axes, *incoming.axes)))
    arrays = (align(incoming, axes), align(factor, axes))
    options: tuple[tuple[str, object], ...] = (("axis", axes.index(step.target)),)
    if step.op in ("<", ">"):
        options += (("strict", True),)
    if step.op in ("<", "<="):
        options += (("reverse", True),)
    name = "_other_products_gradient" if step.op == "!=" else "_running_product_gradient"
    total = Value(Helper(name, arrays, len(axes), options), axes)
    return reduce_axes("sum", total, [i for i in expr.indices if i is not step.source])


def _skips(product: Reduce, step: Step) -> bool:
    """Say whether a product is over l with l != k beside what l<=j says, for the step j>=k."""
    condition = product.condition
    if not isinstance(condition, And) or len(condition.args) != 2 or len(product.indices) != 1:
        return False
    steps = [running_step(part, product.indices) for part in condition.args]
    found = {(s.target, s.op) for s in steps if s is not None}
    return found == {(step.target, "!="), (step.source, MIRRORED.get(step.op, step.op))}
