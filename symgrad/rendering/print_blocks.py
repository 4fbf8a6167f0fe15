"""Print runs of assignments that compute a few rows at a time: a function of rows, and its call."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from symgrad.lowering.blocking.row_runs import Run
from symgrad.lowering.nodes.arrays import Variable
from symgrad.lowering.plans.names import unique_name
from symgrad.lowering.plans.plan import Method, Plan
from symgrad.lowering.plans.storage import Facts, steps_of
from symgrad.rendering.code import python_name
from symgrad.rendering.numpy_printer import Names
from symgrad.rendering.statements import BODY, assignment_lines, too_long
from symgrad.rendering.wrapping import INDENT, wrap_call

INNER = BODY + INDENT
# the body of a function of rows that only calls another function
CALL = re.compile(r"\s*return ([\w.]+)\((\w+)\)")


def run_lines(
    plan: Plan,
    run: Run,
    results: Sequence[str],
    names: Names,
    taken: set[str],
    buffers: bool,
    last: bool,
    before: Facts,
    loud: Set[str],
) -> list[str]:
    """Return the statements of a run in which large arrays are computed by blocks of rows.

    Args:
        plan: the plan.
        run: the run.
        results: names of what is read after it, sums over the rows last.
        names: how names print outside of the function.
        taken: names that a new part may not take.
        buffers: whether the results may go to the arrays of the call before.
        last: whether the call is to be the return statement.
        before: what is known of what ran before.
        loud: names from before that may hold infinities.
    """
    ranks = {assignment.name: assignment.array.ndim for assignment in run.assignments}
    returned = tuple(Variable(name, ranks[name]) for name in results)
    method = Method((), (), run.assignments, returned)
    inner = {*run.reads, *ranks}
    inside = Names({name: text for name, text in names.attributes.items() if name not in inner})
    steps = steps_of(plan, method, (), too_long(inside, INNER), before)
    given = [argument.name for argument in (*plan.forward.arguments, *plan.backward.arguments)]
    reads = sorted(run.reads, key=lambda name: given.index(name) if name in given else len(given))
    params = [python_name(name) for name in reads]
    body = assignment_lines(method, steps, inside, taken, None, True, loud, INNER)
    called = CALL.fullmatch(body[0]) if len(body) == 1 else None
    lines: list[str] = []
    if called is not None and [called[2]] == params:
        function = called[1]
    else:
        function = unique_name("of_rows", taken)
        taken.add(function)
        lines = ["", *wrap_call(f"def {function}", params, ":", BODY), *body, ""]
    args = [function, *(names.text(name) for name in reads)]
    call = "_in_blocks"
    sums = sum(name in run.sums for name in results)
    if buffers:
        kept = ", ".join(f'"{name}"' for name in results[: len(results) - sums])
        kept += "," * (len(results) - sums == 1)
        call, args = "_in_buffers", ["self", f"({kept})", *args]
    args += [f"passes={run.passes}", *([f"sums={sums}"] if sums else [])]
    args += [] if run.threads else ["threads=1"]
    head = "return" if last else f"{', '.join(map(names.text, results))} ="
    return [*lines, *wrap_call(f"{head} {call}", args, "")]
