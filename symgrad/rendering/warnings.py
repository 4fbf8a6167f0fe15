"""Find the arrays whose computation may warn although the value that warns is never taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from symgrad.lowering.expressions.scope import BOUNDED
from symgrad.lowering.nodes.arrays import Apply, Array, Contraction, Hyperparameter, Variable
from symgrad.lowering.nodes.banded import Banded
from symgrad.lowering.nodes.traversal import children, walk
from symgrad.lowering.plans.plan import Assignment

# operations that keep finite numbers finite and never warn, beside the bounded functions
QUIET = BOUNDED | {"+", "-", "*", "neg", "where", "and", "or", "not", "never"}
QUIET |= {"<", "<=", ">", ">=", "==", "!="}


def is_quiet(array: Array) -> bool:
    """Say whether computing the array from finite numbers never warns."""
    return all(_is_quiet_node(part) for part in walk(array))


def _is_quiet_node(array: Array) -> bool:
    if not isinstance(array, Apply):
        return True
    if array.op == "/":
        return array.args[1].kind == "weak"
    if array.op in ("exp", "expm1"):
        return _is_capped(array.args[0])
    if array.op == "**":
        if array.kind == "weak" and not any(isinstance(p, Hyperparameter) for p in walk(array)):
            return True  # Python's own, of lengths
        return array.args[1].kind == "weak" and array.args[1].parts()[0] == 2
    return array.op in QUIET


def _is_capped(array: Array) -> bool:
    """Say whether the array is a minimum with a number, so that exp stays finite."""
    return isinstance(array, Apply) and array.op == "min" and array.args[1].kind == "weak"


def branches(array: Array) -> Iterator[Array]:
    """Yield the branches of every choice inside the array."""
    for part in walk(array):
        if isinstance(part, Apply) and part.op == "where":
            yield from part.args[1:]
        elif isinstance(part, Banded):
            yield part.array


def loud_names(assignments: Sequence[Assignment], known: Set[str] = frozenset()) -> set[str]:
    """Return the names whose arrays may hold infinities: computed loudly, or from such."""
    loud = set(known)
    for assignment in assignments:
        if not is_quiet(assignment.array) or not loud.isdisjoint(_names(assignment.array)):
            loud.add(assignment.name)
    return loud


def may_warn_needlessly(
    assignments: Sequence[Assignment], known: Set[str] = frozenset()
) -> set[str]:
    """Return the names whose computation may warn about branches that are not taken.

    Args:
        assignments: the lines of a method.
        known: names from the other method that may hold infinities.
    """
    found: set[str] = set()
    loud = loud_names(assignments, known)
    for assignment in reversed(assignments):
        chosen = list(branches(assignment.array))
        if any(not is_quiet(branch) or _reads(branch, loud) for branch in chosen):
            found.add(assignment.name)
        for branch in chosen:
            found.update(name for name in _names(branch) if name in loud)
    return found & {assignment.name for assignment in assignments}


def _names(array: Array) -> Iterator[str]:
    return (part.name for part in walk(array) if isinstance(part, Variable))


def _reads(array: Array, names: set[str]) -> bool:
    """Say whether arithmetic on loud names could warn: inf - inf, 0*inf."""
    if isinstance(array, Variable):
        return False
    return any(
        isinstance(part, (Apply, Contraction))
        and any(isinstance(child, Variable) and child.name in names for child in children(part))
        for part in walk(array)
    )
