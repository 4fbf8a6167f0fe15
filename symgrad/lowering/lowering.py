"""Lower a program to a plan: each statement to an array, then the passes that tidy them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symgrad.formats.text import statement_text
from symgrad.language.expr import AxisLength, Expr
from symgrad.language.layer import Statement
from symgrad.language.program import Program
from symgrad.lowering.arrays import Array, Fill, KeptExtent, Size, Value, Variable
from symgrad.lowering.combine import align, float_array, transpose
from symgrad.lowering.elementwise import Frame, lower, lower_extent
from symgrad.lowering.lines import Line, read_counts
from symgrad.lowering.plan import Assignment, Check, Method, Plan
from symgrad.lowering.scope import Scope, Tensor, program_scope
from symgrad.lowering.shapes import AxisNames, arguments, forward_checks, mean_axes, name_axes
from symgrad.lowering.sharing import (
    drop_unread,
    inline,
    inline_views,
    keep_dimensions,
    keep_dimensions_inside,
    share,
)
from symgrad.lowering.splitting import split_program
from symgrad.lowering.traversal import rewrite, variables


def lower_program(program: Program) -> Plan:
    """Return the array program of a derived layer."""
    program, comments = split_program(program)
    scope = program_scope(program)
    results = {*program.layer.outputs, *program.gradients.values()}
    given = {statement.name for statement in program.layer.statements}
    lines: list[Line] = []
    for statement in program.forward:
        lines.append(_line(statement, scope, False, results, given))
    axes = name_axes(program, scope)
    for output, name in program.cotangents.items():
        scope.tensors[name] = Tensor(scope.tensors[output].extents)
    for statement in program.backward:
        lines.append(_line(statement, scope, True, results, set()))
    for line in lines:
        line.comment = comments.get(line.name, "")
    return _plan(program, _tidy(lines, scope), scope, axes)


# --- statements ----------------------------------------------------------------------------------


def _line(
    statement: Statement, scope: Scope, backward: bool, results: set[str], given: set[str]
) -> Line:
    target = statement.indices
    value = lower(statement.value, scope, target)
    result = statement.name in results
    array = _full(value, target, scope, result)
    scope.define(statement, "weak" if array.kind == "weak" else array.kind)
    return Line(
        statement.name,
        array,
        backward,
        tuple(index.name for index in target),
        statement_text(statement),
        statement.name in given,
        result,
    )


def _full(value: Value, target: Frame, scope: Scope, result: bool) -> Array:
    """Return the array over all axes of the statement's left side, as floats or integers."""
    value = transpose(value, target)
    array = value.array if value.array.kind == "int" and not result else float_array(value.array)
    if len(value.axes) == len(target) and not (result and array.kind == "weak"):
        return array
    if not value.axes:
        shape = tuple(lower_extent(_extent(index.extent), scope) for index in target)
        return Fill(array, shape, tuple(range(len(target))))
    return _repeat(Value(array, value.axes), target, scope).array


def _repeat(value: Value, target: Frame, scope: Scope) -> Value:
    """Return the value repeated along the indices that it lacks, one after another."""
    for index in target:
        if index not in value.axes:
            axes = tuple(i for i in target if i is index or i in value.axes)
            shape = tuple(lower_extent(_extent(i.extent), scope) for i in axes)
            value = Value(Fill(align(value, axes), shape, (axes.index(index),)), axes)
    return value


def _extent(extent: Expr | None) -> Expr:
    if extent is None:
        raise AssertionError("an index of a left side has no extent")
    return extent


# --- passes --------------------------------------------------------------------------------------


def _tidy(lines: list[Line], scope: Scope) -> list[Line]:
    """Run the passes, in the order in which each can rely on the one before."""
    taken = {*scope.tensors, *scope.constants}
    drop_unread(lines)
    inline_views(lines)
    share(lines, taken)
    inline(lines)
    drop_unread(lines)
    for line in lines:
        line.array = keep_dimensions_inside(line.array)
    share(lines, taken)
    return keep_dimensions(lines)


def _plan(program: Program, lines: list[Line], scope: Scope, axes: AxisNames) -> Plan:
    layer = program.layer
    early, late = forward_checks(program, scope)
    forward_lines = [line for line in lines if not line.backward]
    backward_lines = [line for line in lines if line.backward]
    kept = _kept(program, forward_lines, backward_lines)
    backward_lines = _sizes_in_backward(program, backward_lines, kept, scope, axes)
    forward = _method(forward_lines, layer.outputs, early, late)
    gradients = tuple(program.gradients.items())
    backward = _method(backward_lines, [name for _, name in gradients], (), ())
    return Plan(
        layer,
        Method(arguments(layer.inputs, scope, axes), *forward, mean_axes(program)),
        Method(arguments(program.cotangents.values(), scope, axes), *backward),
        kept,
        gradients,
        tuple(
            (name, tuple(axes.printed(extent) for extent in scope.tensors[name].extents))
            for name in dict.fromkeys((*layer.inputs, *layer.outputs))
        ),
    )


Parts = tuple[tuple[Check, ...], tuple[Assignment, ...], tuple[Array, ...], tuple[Check, ...]]


def _method(
    lines: Sequence[Line], results: Iterable[str], early: Iterable[Check], late: Iterable[Check]
) -> Parts:
    """Return the parts of a method; a result that is only another name is returned as that."""
    counts = read_counts(lines)
    by_name = {line.name: line for line in lines}
    returns: list[Array] = []
    dropped: set[str] = set()
    for name in results:
        line = by_name[name]
        if isinstance(line.array, Variable) and not counts.get(name):
            dropped.add(name)
            returns.append(line.array)
        else:
            returns.append(line.variable)
    assignments = tuple(
        Assignment(line.name, line.array, line.axes, line.formula, line.comment)
        for line in lines
        if line.name not in dropped
    )
    return tuple(early), assignments, tuple(returns), tuple(late)


def _kept(program: Program, forward: Sequence[Line], backward: Sequence[Line]) -> tuple[str, ...]:
    """Return what forward keeps: inputs and assigned names that backward reads, params apart."""
    read = {variable.name for line in backward for variable in variables(line.array)}
    names = [*program.layer.inputs, *(line.name for line in forward)]
    return tuple(name for name in names if name in read and name not in program.layer.params)


def _sizes_in_backward(
    program: Program,
    lines: list[Line],
    kept: Sequence[str],
    scope: Scope,
    axes: AxisNames,
) -> list[Line]:
    """Read sizes from arrays that backward has anyway, or from the extents noted by forward."""
    present = [*program.cotangents.values(), *kept, *program.layer.params]
    homes: dict[Expr, Size] = {}
    for name in present:
        known = scope.tensors[name].extents if name in scope.tensors else ()
        for axis, extent in enumerate(known):
            if isinstance(extent, AxisLength):
                homes.setdefault(extent, Size(name, axis))

    def visit(part: Array) -> Array | None:
        if not isinstance(part, Size):
            return None
        extent = scope.tensors[part.name].extents[part.axis]
        home = homes.get(extent)
        if home is not None:
            return home
        return KeptExtent(axes.letters[extent])

    for line in lines:
        line.array = rewrite(line.array, visit)
    return lines
