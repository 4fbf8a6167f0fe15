"""Turn surface conditions into conditions on values and indices."""

from __future__ import annotations

from symgrad.language.expr import And, Compare, Expr, Not, Or
from symgrad.language.index_expressions import note_comparison
from symgrad.language.scope import Scope
from symgrad.language.syntax import Comparison, Logic, Name, Syntax, ungroup, walk_syntax
from symgrad.language.values import value


def condition(node: Syntax, scope: Scope) -> Expr:
    """Return what a surface node means as a condition.

    Raises:
        FormulaError: where it is a value.
    """
    node = ungroup(node)
    if isinstance(node, Comparison):
        return _comparison(node, scope)
    if isinstance(node, Logic):
        args = tuple(condition(arg, scope) for arg in node.args)
        if node.op == "not":
            return Not(args[0])
        return And(args) if node.op == "and" else Or(args)
    return scope.reading.fail(
        f"{scope.reading.written(node)} is a value, and a condition stands here",
        node,
        f"compare it with something: {scope.reading.written(node)} > 0",
    )


def _comparison(node: Comparison, scope: Scope) -> Expr:
    operands = [value(operand, scope) for operand in node.operands]
    found: list[Expr] = []
    for op, left, right in zip(node.operators, operands, operands[1:], strict=False):
        note_comparison(left, right, node, scope)
        found.append(Compare(op, left, right))
    return found[0] if len(found) == 1 else And(tuple(found))


@value.register(Comparison)
@value.register(Logic)
def _(node: Syntax, scope: Scope) -> Expr:
    words = {part.name for part in walk_syntax(node) if isinstance(part, Name)}
    advice = f"write where({scope.reading.written(node)}, 1, 0)"
    if "if" in words or "else" in words:
        advice = "write where(condition, a, b)"
    return scope.reading.fail("a condition stands where a value is needed", node, advice)
