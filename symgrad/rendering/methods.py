"""Write the methods of a generated class, as lines of NumPy code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from symgrad.language.layer import Layer
from symgrad.lowering.blocking.band_loops import band_loops
from symgrad.lowering.blocking.bands import Bands
from symgrad.lowering.blocking.row_runs import runs_of
from symgrad.lowering.expressions.constants import constants_of
from symgrad.lowering.nodes.arrays import Array, Opaque, Size, Variable
from symgrad.lowering.nodes.scatters import Loop
from symgrad.lowering.nodes.traversal import walk as walk_array
from symgrad.lowering.plans.plan import (
    Argument,
    Check,
    Derived,
    HelperCheck,
    Method,
    Plan,
)
from symgrad.rendering.bodies import names_in
from symgrad.rendering.code import attribute, python_name, tuple_text
from symgrad.rendering.docstring import backward_docstring, forward_docstring
from symgrad.rendering.fitting import fit
from symgrad.rendering.numpy_printer import Names, opaque_name, to_numpy
from symgrad.rendering.print_bands import body_of, kept_lists
from symgrad.rendering.statements import BODY
from symgrad.rendering.wrapping import INDENT, WIDTH, wrap_call

# an attribute that is read more often gets a local name
READS = 2


# --- the constructor -----------------------------------------------------------------------------


def constructor(plan: Plan, buffers: bool = False) -> list[str]:
    """Return the lines of __init__; none where the layer has nothing to be given."""
    layer = plan.layer
    functions = opaque_functions(plan)
    options = [opaque_name(name, order) for name, order in functions]
    options += [f"{python_name(n)}={number_text(v)}" for n, v in layer.constants.items()]
    options += ["buffers=False"] if buffers else []
    params = [python_name(name) for name in layer.params]
    if not params and not options:
        return []
    args = ["self", *params, *(["*", *options] if options else [])]
    lines = wrap_call("def __init__", args, ":", INDENT)
    for name in layer.params:
        args = [f'"{name}"', python_name(name)]
        args += ["integer=True"] if name in layer.integers else []
        lines += wrap_call(f"{attribute(name)} = _parameter", args, "")
    lines += [f"{BODY}{attribute(opaque_name(*f))} = {opaque_name(*f)}" for f in functions]
    lines += [f"{BODY}{line}" for line in constant_lines(layer)]
    lines += [f"{BODY}self._buffers = {{}} if buffers else None"] if buffers else []
    return lines


def constant_lines(layer: Layer) -> list[str]:
    """Return the statements that keep the constants: whole ones checked, the others as floats."""
    asked = constants_of(layer)
    lines = []
    for name in layer.constants:
        plain = python_name(name)
        value = f"float({plain})"
        if name in asked.whole:
            least = f", least={asked.least[name]}" if name in asked.least else ""
            value = f'_whole("{name}", {plain}{least})'
        lines.append(f"{attribute(name)} = {value}")
    return lines


def opaque_functions(plan: Plan) -> list[tuple[str, int]]:
    """Return (function, order) for each callable that the class takes: g, g_prime, ..."""
    highest = dict.fromkeys(plan.layer.opaque, 1)
    for method in (plan.forward, plan.backward):
        for array in method.arrays():
            for part in walk_array(array):
                if isinstance(part, Opaque):
                    highest[part.function] = max(highest.get(part.function, 1), part.order)
    return [(name, order) for name, top in highest.items() for order in range(top + 1)]


def number_text(value: Fraction | float | int) -> str:
    """Return a default value as Python text, `1e-5` rather than `1e-05`."""
    if isinstance(value, Fraction) and value.denominator == 1:
        return str(value.numerator)
    text = str(value) if isinstance(value, int) else repr(float(value))
    return text.replace("e-0", "e-").replace("inf", "np.inf")


# --- forward and backward ------------------------------------------------------------------------


def forward_lines(plan: Plan, buffers: bool = False, whole: bool = False) -> list[str]:
    """Return the lines of forward.

    Args:
        plan: the plan.
        buffers: whether it can write over its results of before.
        whole: whether it computes large arrays in one go as well.
    """
    layer = plan.layer
    names = Names()
    taken = _taken(plan)
    given = [python_name(name) for name in layer.inputs if name not in layer.params]
    lines = wrap_call("def forward", ["self", *given], ":", INDENT)
    lines.append(f'{BODY}"""{forward_docstring(plan)}"""')
    lines += take_arguments(plan.forward.arguments, "_inputs", layer.params, names)
    for means in plan.forward.means:
        name = python_name(means.name)
        args = [f'"{means.name}"', name, *map(str, means.axes)]
        lines += wrap_call("_not_empty", args, "")
    lines += range_lines(plan.forward, names, _taken(plan))
    lines += check_lines(plan.forward.checks, names)
    lines += _spare_lines(plan.forward.arguments, layer.params) if buffers else []
    bands = None if whole else band_loops(plan)
    body = body_of(plan, plan.forward, set(plan.kept), names, taken, buffers, whole, bands)
    output = _only_kept_output(plan)
    if output is not None and not body.is_overwritten(output):
        own = Names({output: attribute(output)})
        return [*lines, *body.lines(own, output=attribute(output))]
    after = [*check_lines(plan.forward.late_checks, names), *_keep(plan, kept_lists(body))]
    return [*lines, *body.lines(names, after)]


def _spare_lines(arguments: Iterable[Argument], params: Sequence[str]) -> list[str]:
    """Return the line that keeps arguments from being written to."""
    arrays = [python_name(a.name) for a in arguments if a.axes and a.name not in params]
    return wrap_call("_spare", ["self", *arrays], "") if arrays else []


def _only_kept_output(plan: Plan) -> str | None:
    """Return the output, if forward keeps it alone and returns it alone."""
    outputs = plan.layer.outputs
    assigned = [assignment.name for assignment in plan.forward.assignments]
    if len(outputs) == 1 and plan.kept == outputs and assigned[-1:] == list(outputs):
        return None if plan.forward.late_checks else outputs[0]
    return None


def _taken(plan: Plan) -> set[str]:
    names = {*plan.layer.inputs, *plan.layer.constants}
    for method in (plan.forward, plan.backward):
        names.update(assignment.name for assignment in method.assignments)
        names.update(argument.name for argument in method.arguments)
        for array in method.arrays():
            names.update(p.index.name for p in walk_array(array) if isinstance(p, Loop))
    return names


def _keep(plan: Plan, kept: dict[str, str]) -> list[str]:
    """Return the lines that keep arrays; `kept` says what stands for some, and what else is."""
    names = {name: kept.get(name, python_name(name)) for name in plan.kept}
    return _pairs([(attribute(name), text) for name, text in (names | kept).items()])


def _pairs(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return lines that assign the second of each pair to the first, as many in a line as fit."""
    lines: list[str] = []
    chosen: list[tuple[str, str]] = []
    for pair in pairs:
        if chosen and len(_pairs_line([*chosen, pair])) > WIDTH:
            lines.append(_pairs_line(chosen))
            chosen = []
        chosen.append(pair)
    return [*lines, _pairs_line(chosen)] if chosen else lines


def _pairs_line(pairs: Sequence[tuple[str, str]]) -> str:
    left, right = (", ".join(side) for side in zip(*pairs, strict=True))
    return f"{BODY}{left} = {right}"


def backward_lines(plan: Plan, buffers: bool = False, whole: bool = False) -> list[str]:
    """Return the lines of backward; see `forward_lines`."""
    layer = plan.layer
    arguments = plan.backward.arguments
    default = "=1.0" if len(arguments) == 1 and not arguments[0].axes else ""
    given = [python_name(argument.name) + default for argument in arguments]
    lines = wrap_call("def backward", ["self", *given], ":", INDENT)
    lines.append(f'{BODY}"""{backward_docstring(plan)}"""')
    reads = plan.backward.reads()
    sized = {p.name for a in plan.backward.arrays() for p in walk_array(a) if isinstance(p, Size)}
    read = [name for name in layer.params if reads.get(name) or name in sized]
    stored = [*plan.kept, *read]
    bands = None if whole else band_loops(plan)
    lists = () if bands is None else bands.lists
    # functions of rows take what they read
    cut = set() if whole or bands is not None else _cut_in_backward(plan)
    often = [n for n in stored if reads.get(n, 0) > READS and n not in lists and n not in cut]
    names = Names({name: attribute(name) for name in stored if name not in often})
    lines += take_arguments(arguments, "_gradients", (), Names())
    lines += _pairs([(python_name(name), attribute(name)) for name in often])
    lines += _spare_lines(arguments, ()) if buffers else []
    return [*lines, *_backward_body(plan, names, buffers, whole, bands)]


def _cut_in_backward(plan: Plan) -> set[str]:
    """Return the names of the arrays that backward takes by blocks of rows."""
    live = names_in(plan.backward.returns)
    runs = runs_of(plan, plan.backward.assignments, live, plan.forward.assignments)
    return {name for run in runs for name in run.reads}


def _backward_body(
    plan: Plan, names: Names, buffers: bool, whole: bool, bands: Bands | None
) -> list[str]:
    """Assign gradients, store those of params, and return the others in order."""
    params = plan.layer.params
    inputs = [name for name, _ in plan.gradients]
    returns = dict(zip(inputs, plan.backward.returns, strict=True))
    kept = [array for name, array in returns.items() if name not in params]
    stored = [(dict(plan.gradients)[n], a) for n, a in returns.items() if n in params]
    method = Method((), (), plan.backward.assignments, tuple(kept))
    reads = method.reads()
    live = names_in(array for _, array in stored)
    before = plan.forward.assignments
    body = body_of(plan, method, live, names, _taken(plan), buffers, whole, bands, before)
    direct = {
        name
        for name, array in stored
        if _is_named(array, name) and not reads.get(name) and not body.is_overwritten(name)
    }
    names = Names({**names.attributes, **{name: attribute(name) for name in direct}})
    stored = [(name, array) for name, array in stored if name not in direct]
    stores = [f"{BODY}{attribute(name)} = {to_numpy(a, names).text}" for name, a in stored]
    return body.lines(names, stores)


def _is_named(array: Array, name: str) -> bool:
    return isinstance(array, Variable) and array.name == name


def take_arguments(
    arguments: Iterable[Argument], function: str, params: Sequence[str], names: Names
) -> list[str]:
    """Return the lines that check arguments and bring them to one type."""
    lines: list[str] = []
    for integer, helper in ((False, function), (True, "_integers")):
        chosen = [argument for argument in arguments if argument.integer == integer]
        if not chosen and (integer or function == "_gradients"):
            continue
        left = ", ".join(python_name(argument.name) for argument in chosen)
        args = ["self", *(_argument_text(argument, params, names) for argument in chosen)]
        if len(f"{BODY}{left} = {helper}(") > WIDTH:
            lines += [f"{BODY}(", *(f"{BODY}{INDENT}{name}," for name in left.split(", "))]
            left = ")"
        lines += wrap_call(f"{left} = {helper}" if left else helper, args, "")
    return lines


def _argument_text(argument: Argument, params: Sequence[str], names: Names) -> str:
    name = python_name(argument.name)
    value = attribute(argument.name) if argument.name in params else name
    if all(isinstance(axis, str) and len(axis) == 1 for axis in argument.axes):
        axes = '"' + "".join(str(axis) for axis in argument.axes) + '"'
    else:
        items = [f'"{a}"' if isinstance(a, str) else to_numpy(a, names).text for a in argument.axes]
        axes = f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    return f"{name}=({value}, {axes})"


def range_lines(method: Method, names: Names, taken: set[str]) -> list[str]:
    """Return the lines that note the lengths which follow from the inputs', and check reads."""
    lines = [line for check in method.step_checks for line in _check_call(check, names)]
    # those that are never negative come first, without a reason
    reasons = sorted({derived.reason: "" for derived in method.derived}, key=bool)
    for reason in reasons:
        lengths = []
        for derived in method.derived:
            if derived.reason == reason:
                *parts, last = _fitted_length(derived, names, taken)
                lines += [f"{BODY}{part}" for part in parts]
                lengths.append(last)
        lines += wrap_call("_lengths", ["self", *([f'"{reason}"'] if reason else []), *lengths], "")
    return [*lines, *(line for check in method.range_checks for line in _check_call(check, names))]


def _check_call(check: HelperCheck, names: Names) -> list[str]:
    return wrap_call(check.function, [_check_argument(arg, names) for arg in check.args], "")


def _fitted_length(derived: Derived, names: Names, taken: set[str]) -> list[str]:
    """Return `letter=length`, behind assignments of parts that would make it too long."""

    def text(array: Array) -> str:
        return to_numpy(array, names).text

    width = WIDTH - len(BODY) - len(INDENT)
    pieces = fit(derived.letter, derived.letter, derived.length, text, taken, width)
    return [
        *(f"{python_name(name)} = {text(array)}" for name, array in pieces[:-1]),
        f"{derived.letter}={text(pieces[-1][1])}",
    ]


def _check_argument(arg: str | int | Array | tuple[Array, ...], names: Names) -> str:
    if isinstance(arg, str):
        return f'"{arg}"'
    if isinstance(arg, tuple):
        return tuple_text([to_numpy(part, names).text for part in arg])
    return to_numpy(arg, names).text if isinstance(arg, Array) else str(arg)


def check_lines(checks: Iterable[Check], names: Names) -> list[str]:
    """Return the lines that raise ValueError."""
    lines: list[str] = []
    for check in checks:
        lines.append(f"{BODY}if {to_numpy(check.condition, names).text}:")
        lines += wrap_call("raise ValueError", [f'"{check.message}"'], "", BODY + INDENT)
    return lines
