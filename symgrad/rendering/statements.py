"""Write the statements of a method, as lines of NumPy code."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from itertools import pairwise

from symgrad.lowering.nodes.arrays import Array, Variable
from symgrad.lowering.plans.plan import Assignment, Method
from symgrad.lowering.plans.steps import Step
from symgrad.rendering.numpy_printer import Names, to_numpy
from symgrad.rendering.print_steps import step_lines
from symgrad.rendering.warnings import may_warn_needlessly
from symgrad.rendering.wrapping import INDENT, WIDTH

BODY = INDENT * 2


def assignment_lines(
    method: Method,
    steps: Sequence[Step],
    names: Names,
    taken: set[str],
    output: str | None,
    last: bool,
    loud: Set[str] = frozenset(),
    body: str = BODY,
) -> list[str]:
    """Return the statements that assign, and the return statement.

    Args:
        method: the method.
        steps: its steps.
        names: how names print.
        taken: names that a new part may not take.
        output: the attribute that the last assignment goes to, if any.
        last: whether the last assignment may become the return statement.
        loud: names from forward that may hold infinities.
        body: blanks in front of the statements.
    """
    silenced = _spanned(method.assignments, may_warn_needlessly(method.assignments, loud))
    lines: list[str] = []
    silent = False
    for step in steps:
        quiet = step.source.name in silenced
        if quiet and not silent:
            lines.append(f'{body}with np.errstate(all="ignore"):  # branches that are not taken')
        silent = quiet
        indent = body + INDENT if quiet else body
        final = step is steps[-1] and not quiet
        target = _target(step, method.returns, names, final and last)
        lines += step_lines(step, target, indent, names, taken)
    if not any(line.lstrip().startswith("return ") for line in lines):
        lines += return_lines(method.returns, names, body)
    return lines if output is None else _returned(lines, output)


def _spanned(assignments: Sequence[Assignment], loud: set[str]) -> set[str]:
    """Add the assignments that stand between two silenced ones, so that one block holds them."""
    places = [n for n, assignment in enumerate(assignments) if assignment.name in loud]
    between = {
        assignments[n].name
        for first, second in pairwise(places)
        if second - first <= 3
        for n in range(first, second)
    }
    return loud | between


def _returned(lines: list[str], output: str) -> list[str]:
    return lines if lines[-1].endswith(f"return {output}") else [*lines, f"{BODY}return {output}"]


def _target(step: Step, returns: Sequence[Array], names: Names, may_return: bool) -> str:
    alone = len(returns) == 1 and isinstance(returns[0], Variable)
    text = names.text(step.name)
    if may_return and alone and returns[0].name == step.name and "." not in text:  # type: ignore[attr-defined]
        return text if step.over == step.name else "return"
    return text


def return_lines(returns: Sequence[Array], names: Names, body: str = BODY) -> list[str]:
    """Return the return statement; none where nothing is returned."""
    texts = [to_numpy(array, names).text for array in returns]
    if not texts:
        return []
    line = f"{body}return {', '.join(texts)}"
    if len(line) <= WIDTH or len(texts) == 1:
        return [line]
    return [f"{body}return (", *(f"{body}{INDENT}{text}," for text in texts), f"{body})"]


def too_long(names: Names, body: str = BODY) -> Callable[[str, Array], bool]:
    """Return what says of a name and an array whether `name = array` is too long for a line."""

    def is_long(name: str, array: Array) -> bool:
        return len(f"{body}{names.text(name)} = {to_numpy(array, names).text}") > WIDTH

    return is_long
