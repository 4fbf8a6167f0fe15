"""Turn surface reductions into `Reduce` and `ArgReduce`, and take bounds out of conditions."""

from __future__ import annotations

from symgrad.language.conditions import condition
from symgrad.language.convention import bound_name
from symgrad.language.expr import (
    ARG_REDUCTIONS,
    ONE,
    And,
    ArgReduce,
    Compare,
    Expr,
    Index,
    IndexValue,
    Reduce,
    add,
    conjunction,
)
from symgrad.language.index_expressions import is_index_expression, names_an_index, refuse_far
from symgrad.language.scope import Scope
from symgrad.language.syntax import Name, Reduction, Syntax, ungroup
from symgrad.language.values import value


@value.register
def _(node: Reduction, scope: Scope) -> Expr:
    _check_form(node, scope)
    indices = {}
    for item in node.items:
        name = _bound(item, node, scope)
        indices[name.name] = scope.reading.new_index(name.name, name.span, scope.statement)
    inner = scope.with_indices(indices)
    conditions = [
        condition(item, inner)
        for item in (*node.items, *node.conditions)
        if not isinstance(ungroup(item), Name)
    ]
    condition_left = take_bounds(conditions, tuple(indices.values()), inner)
    body = value(node.body, inner)
    bound = tuple(indices.values())
    if node.op in ARG_REDUCTIONS:
        return ArgReduce(node.op, bound[0], condition_left, body)
    return Reduce(node.op, bound, condition_left, body)


def _check_form(node: Reduction, scope: Scope) -> None:
    if node.op in ARG_REDUCTIONS and len(node.items) > 1:
        scope.reading.fail(
            f"{node.op} takes one index", node.name_span, f"write {node.op}_k for one index"
        )
    if scope.parameters is not None:
        scope.reading.fail(
            f"the body of a let function has the reduction {node.op}",
            node.name_span,
            "reduce in a statement, and pass the result as an argument",
        )


def _bound(item: Syntax, node: Reduction, scope: Scope) -> Name:
    reading = scope.reading
    name = bound_name(item)
    if name is None:
        written = reading.written(item)
        reading.fail(
            f"{written} begins with no index that {node.op} could bind",
            item,
            f"write the index first, as in {node.op}_{{k<=j}}, or the conditions after a colon: "
            f"{node.op}_{{k: {written}}}",
        )
    if name.name in reading.scalars:
        reading.fail(
            f"{name.name} is a scalar and an index here",
            name,
            f"use another letter for the index, or another name for the scalar {name.name}",
        )
    return name


def take_bounds(conditions: list[Expr], indices: tuple[Index, ...], scope: Scope) -> Expr | None:
    """Give each index the bound that a condition states, and return the conditions that stay."""
    reading = scope.reading
    kept: list[Expr] = []
    parts = [part for c in conditions for part in (c.args if isinstance(c, And) else (c,))]
    for part in parts:
        found = None if reading.is_decided_by_data(part) else bound_of(part, indices)
        use = reading.use_of(found[0]) if found else None
        if found and use is not None and use.bound is None:
            refuse_far(found[1], use.span, reading)
            use.bound = found[1]
        else:
            kept.append(part)
    return conjunction(*kept)


def bound_of(part: Expr, indices: tuple[Index, ...]) -> tuple[Index, Expr] | None:
    """Return (index, how many values it has) when a condition is `index < n` or `index <= n`."""
    if not isinstance(part, Compare):
        return None
    op, left, right = part.op, part.left, part.right
    if op in (">", ">="):
        op, left, right = {">": "<", ">=": "<="}[op], right, left
    if op not in ("<", "<=") or not isinstance(left, IndexValue) or left.index not in indices:
        return None
    if names_an_index(right) or not is_index_expression(right):
        return None
    return left.index, right if op == "<" else add(right, ONE)
