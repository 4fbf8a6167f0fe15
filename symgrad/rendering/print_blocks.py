"""Print methods that compute a few rows at a time: a function of rows, and its call."""

from __future__ import annotations

from collections.abc import Sequence, Set

from symgrad.lowering.arrays import Variable
from symgrad.lowering.names import unique_name
from symgrad.lowering.plan import Assignment, Method, Plan
from symgrad.lowering.storage import steps_of
from symgrad.rendering.code import python_name
from symgrad.rendering.numpy_printer import Names
from symgrad.rendering.statements import BODY, assignment_lines, return_lines, too_long
from symgrad.rendering.wrapping import INDENT, wrap_call

INNER = BODY + INDENT


def block_lines(
    plan: Plan,
    method: Method,
    reads: Sequence[str],
    live: Set[str],
    names: Names,
    taken: set[str],
    buffers: bool,
    last: bool,
    before: Sequence[Assignment] = (),
    loud: Set[str] = frozenset(),
) -> list[str]:
    """Return the statements of a method in which large arrays are computed by blocks of rows.

    Args:
        plan: the plan.
        method: its method forward, or what backward computes and returns.
        reads: names of the arrays whose rows it reads.
        live: names that are read behind the assignments.
        names: how names print outside of the function.
        taken: names that a new part may not take.
        buffers: whether the results may go to the arrays of the call before.
        last: whether the call may become the return statement.
        before: the assignments of the method that ran before.
        loud: names from forward that may hold infinities.
    """
    results = [Variable(a.name, a.array.ndim) for a in method.assignments if a.name in live]
    function = unique_name("of_rows", taken)
    inside = Names({name: text for name, text in names.attributes.items() if name not in reads})
    rows = Method((), (), method.assignments, tuple(results))
    steps = steps_of(plan, rows, (), too_long(inside, INNER), before)
    params = [python_name(name) for name in reads]
    lines = ["", *wrap_call(f"def {function}", params, ":", BODY)]
    lines += assignment_lines(rows, steps, inside, taken, None, True, loud, INNER)
    lines.append("")
    targets = [python_name(result.name) for result in results]
    args = [function, *(names.text(name) for name in reads)]
    call = "_in_blocks"
    if buffers:
        quoted = ", ".join(f'"{result.name}"' for result in results)
        call, args = "_in_buffers", ["self", f"({quoted}{',' * (len(results) == 1)})", *args]
    if last and tuple(results) == method.returns:
        return [*lines, *wrap_call(f"return {call}", args, "")]
    lines += wrap_call(f"{', '.join(targets)} = {call}", args, "")
    return [*lines, *return_lines(method.returns, names)]
