"""Refuse names that differ in a formula and would be one name in Python: lambda and lambda_."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from symgrad.errors import FormulaError
from symgrad.lowering.nodes.arrays import Opaque
from symgrad.lowering.nodes.scatters import Loop
from symgrad.lowering.nodes.traversal import walk
from symgrad.lowering.plans.plan import Plan
from symgrad.rendering.code import attribute, python_name
from symgrad.rendering.numpy_printer import opaque_name


def require_distinct(plan: Plan) -> None:
    """Check that the variables and the attributes of a class have names of their own.

    Raises:
        FormulaError: two names of the formula become one.
    """
    _require_distinct(_variables(plan), python_name)
    _require_distinct(_attributes(plan), attribute)


def _require_distinct(names: Iterable[str], spell: Callable[[str], str]) -> None:
    found: dict[str, str] = {}
    for name in names:
        other = found.setdefault(spell(name), name)
        if other != name:
            raise FormulaError(
                f"{other} and {name} would both be {spell(name)} in Python",
                advice=f"use another name than {max(other, name, key=len)}",
            )


def _variables(plan: Plan) -> list[str]:
    names = [*plan.layer.inputs, *plan.layer.constants, *_callables(plan)]
    for method in (plan.forward, plan.backward):
        names += [argument.name for argument in method.arguments]
        names += [assignment.name for assignment in method.assignments]
        loops = (part for array in method.arrays() for part in walk(array))
        names += [part.index.name for part in loops if isinstance(part, Loop)]
    return names


def _attributes(plan: Plan) -> list[str]:
    stored = [gradient for name, gradient in plan.gradients if name in plan.layer.params]
    return [*plan.layer.params, *stored, *plan.layer.constants, *plan.kept, *_callables(plan)]


def _callables(plan: Plan) -> list[str]:
    parts = (p for m in (plan.forward, plan.backward) for a in m.arrays() for p in walk(a))
    orders = {(p.function, p.order): None for p in parts if isinstance(p, Opaque)}
    return [opaque_name(*key) for key in orders]
