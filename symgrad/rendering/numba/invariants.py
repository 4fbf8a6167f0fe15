"""Compute once a row what does not depend on the place in the row."""

from __future__ import annotations

from symgrad.lowering.nodes.arrays import Apply, Array
from symgrad.lowering.nodes.traversal import rewrite
from symgrad.lowering.plans.names import fresh_name
from symgrad.rendering.numba.grouping import loops_in
from symgrad.rendering.numba.nodes import Element
from symgrad.rendering.numba.statements import Statement


def _of_rows(name: str, body: Array, reader: Statement) -> Statement:
    return Statement(name, body, (0,), (0,), "", frozenset(), "float", {}, reader.part)


def hoisted(members: list[Statement], taken: set[str]) -> list[Statement]:
    """Return the statements with those in front that compute parts of them for the outer loop.

    Args:
        members: the statements of a kernel.
        taken: names in use; new ones are added.
    """
    found: list[Statement] = []
    known: dict[Array, Element] = {}
    for member in members:
        parts: list[Statement] = []

        def visit(array: Array, member: Statement = member, parts: list = parts) -> Array | None:  # type: ignore[type-arg]
            if not isinstance(array, Apply) or array.kind != "float" or loops_in(array) != {0}:
                return None
            if array not in known:
                name = fresh_name(array, taken)
                taken.add(name)
                known[array] = Element(name, (0,))
                parts.append(_of_rows(name, array, member))
            return known[array]

        inner = len(member.loops) > 1
        changed = member.with_body(rewrite(member.body, visit)) if inner else member
        found += [*parts, changed]
    return found
