"""Lower a program to a plan: each statement to an array, then the passes that tidy them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from symgrad.errors import UnsupportedError
from symgrad.formats.text import statement_text
from symgrad.language.expr import AxisLength, Element, Expr, Number, walk
from symgrad.language.layer import Layer, Statement
from symgrad.language.magnitudes import is_beyond_floats
from symgrad.language.program import Program
from symgrad.lowering.blocking.blocks import cut_in_blocks
from symgrad.lowering.contracting.distances import formula_text
from symgrad.lowering.expressions.constants import constants_of
from symgrad.lowering.expressions.elementwise import Frame, lower, lower_extent
from symgrad.lowering.expressions.repeating import extent_of, repeated
from symgrad.lowering.expressions.scope import Scope, Tensor, is_finite, program_scope
from symgrad.lowering.expressions.shapes import (
    AxisNames,
    arguments,
    derived_lengths,
    mean_axes,
    name_axes,
    read_noted_lengths,
)
from symgrad.lowering.expressions.sizes import known_shapes
from symgrad.lowering.indexing.accesses import formula_accesses, formula_labels
from symgrad.lowering.indexing.checks import mean_checks, range_checks, step_checks
from symgrad.lowering.indexing.guards import guarded
from symgrad.lowering.indexing.indices import is_whole, lower_count, lower_index
from symgrad.lowering.indexing.pads import common_margins
from symgrad.lowering.nodes.arrays import Array, Contraction, KeptExtent, Size, Value, Variable
from symgrad.lowering.nodes.traversal import rewrite, variables
from symgrad.lowering.nodes.traversal import walk as walk_array
from symgrad.lowering.nodes.views import Indexed, Reshape
from symgrad.lowering.plans.filling import hoist, name_scatters
from symgrad.lowering.plans.finer_sums import take_from_finer_sums
from symgrad.lowering.plans.lines import Line, read_counts
from symgrad.lowering.plans.over_windows import reduce_over_windows
from symgrad.lowering.plans.plan import Assignment, Check, HelperCheck, Method, Plan
from symgrad.lowering.plans.sharing import (
    drop_unread,
    inline,
    inline_views,
    keep_dimensions,
    keep_dimensions_inside,
    share,
)
from symgrad.lowering.plans.short_places import shorten_places
from symgrad.lowering.plans.shortening import shorten
from symgrad.lowering.reducing.maxima import join_places
from symgrad.lowering.reducing.splitting import split_program
from symgrad.lowering.reducing.taking_out import take_out_gradients
from symgrad.lowering.scattering.joining import fill_parts, is_plain

# the forms that a product of two arrays may have
PRODUCTS = (Contraction, Indexed, Reshape)


def lower_program(program: Program) -> Plan:
    """Return the array program of a derived layer.

    Raises:
        UnsupportedError: where a gradient has a number that no float holds.
    """
    _refuse_numbers(program)
    program, places = join_places(program)
    program, comments = split_program(take_out_gradients(program))
    comments |= places
    scope = _scope(program)
    results = {*program.layer.outputs, *program.gradients.values()}
    given = {statement.name for statement in program.layer.statements}
    lines: list[Line] = []
    covers: list[HelperCheck] = []
    for _, group in groupby(program.forward, key=attrgetter("name")):
        parts = list(group)
        if len(parts) == 1 and is_plain(parts[0]):
            lines.append(_line(parts[0], scope, False, results, given))
        else:
            lines.append(_filled_line(parts, program.layer, scope, results, covers))
    axes = name_axes(program, scope)
    for output, name in program.cotangents.items():
        scope.tensors[name] = Tensor(scope.tensors[output].extents)
    scope.backward = True
    for statement in program.backward:
        lines.append(_line(statement, scope, True, results, set()))
    for line in lines:
        line.comment = comments.get(line.name, "")
    return _plan(program, _tidy(lines, scope), scope, axes, covers)


def _refuse_numbers(program: Program) -> None:
    for statement in (*program.forward, *program.backward):
        if is_beyond_floats(statement.value):
            raise UnsupportedError(
                f"{statement.name} has a number that no float holds",
                advice="write smaller numbers, or divide the layer by a power of ten",
            )


def _scope(program: Program) -> Scope:
    """Return the scope of the program's inputs, and what its formula says of them."""
    layer = program.layer
    scope = program_scope(program)
    scope.taken = frozenset(
        [*layer.inputs, *layer.constants, *program.cotangents.values()]
        + [statement.name for statement in (*program.forward, *program.backward)]
    )
    scope.checked = formula_labels(layer)
    derived = (statement.name for statement in program.backward)
    scope.trusted = frozenset([*program.cotangents.values(), *derived])
    scope.assigned = frozenset(statement.name for statement in layer.statements)
    scope.whole = constants_of(layer).whole
    scope.accesses = formula_accesses(layer)
    statements = (*program.forward, *program.backward)
    everything = replace(scope, tensors=_all_tensors(program, scope))
    values = [guarded(statement.value, everything) for statement in statements]
    scope.margins = common_margins(values, everything.tensors)
    return scope


def _all_tensors(program: Program, scope: Scope) -> dict[str, Tensor]:
    """Return every tensor of the program, with the lengths of its axes."""
    tensors = dict(scope.tensors)
    for statement in program.forward:
        indices = statement.indices
        if not is_plain(statement):
            indices = program.layer.axes[statement.name]
        tensors[statement.name] = Tensor(tuple(map(extent_of, indices)))
    for output, name in program.cotangents.items():
        tensors[name] = tensors[output]
    for statement in program.backward:
        tensors[statement.name] = Tensor(tuple(map(extent_of, statement.indices)))
    return tensors


# --- statements ----------------------------------------------------------------------------------


def _line(
    statement: Statement, scope: Scope, backward: bool, results: set[str], given: set[str]
) -> Line:
    target = statement.indices
    value = _lower_value(guarded(statement.value, scope), scope, target)
    result = statement.name in results
    array = repeated(value, target, scope, result)
    scope.define(statement, "weak" if array.kind == "weak" else array.kind)
    scope.computed.update(part for part in walk_array(array) if isinstance(part, PRODUCTS))
    return Line(
        statement.name,
        array,
        backward,
        tuple(index.name for index in target),
        formula_text(statement),
        statement.name in given,
        result,
    )


def _lower_value(expr: Expr, scope: Scope, target: Frame) -> Value:
    """Return the array of a statement; arithmetic of integer tensors stays exact, as integers."""
    read = (part.name for part in walk(expr) if isinstance(part, Element))
    integers = any(scope.tensors[name].kind == "int" for name in read if name in scope.tensors)
    fractions = (scope.constants - scope.whole).intersection(expr.names)
    if integers and not fractions and is_whole(expr, scope):
        return lower_index(expr, scope, target)
    return lower(expr, scope, target)


def _filled_line(
    parts: Sequence[Statement],
    layer: Layer,
    scope: Scope,
    results: set[str],
    covers: list[HelperCheck],
) -> Line:
    """Return the line of a tensor that several statements fill."""
    name, axes = parts[0].name, layer.axes[parts[0].name]
    parts = [replace(part, value=guarded(part.value, scope)) for part in parts]
    value, check = fill_parts(parts, axes, scope)
    covers += [] if check is None else [check]
    finite = all(is_finite(part.value, scope.tensors) for part in parts)
    extents = tuple(extent_of(index) for index in axes)
    scope.tensors[name] = Tensor(extents, "float", finite)
    return Line(
        name,
        repeated(value, axes, scope, True),
        False,
        tuple(index.name for index in axes),
        "; ".join(statement_text(part) for part in parts),
        True,
        name in results,
    )


# --- passes --------------------------------------------------------------------------------------


def _tidy(lines: list[Line], scope: Scope) -> list[Line]:
    """Run the passes, in the order in which each can rely on the one before."""
    taken = {*scope.tensors, *scope.constants}
    shorten(lines, taken)
    name_scatters(lines, taken)
    drop_unread(lines)
    inline_views(lines)
    take_from_finer_sums(lines, scope.tensors)
    share(lines, taken)
    inline(lines)
    drop_unread(lines)
    hoist(lines, taken)
    for line in lines:
        line.array = keep_dimensions_inside(line.array)
    share(lines, taken)
    shorten_places(lines)
    lines = keep_dimensions(reduce_over_windows(lines))
    return cut_in_blocks(lines, scope)


def _plan(
    program: Program,
    lines: list[Line],
    scope: Scope,
    axes: AxisNames,
    covers: Sequence[HelperCheck],
) -> Plan:
    layer = program.layer
    early, late = mean_checks(program, scope)
    ranges = range_checks(program, scope)
    derived = derived_lengths(program, scope, axes)
    forward_lines = [line for line in lines if not line.backward]
    read_noted_lengths(forward_lines, derived)
    backward_lines = [line for line in lines if line.backward]
    kept = _kept(program, forward_lines, backward_lines)
    backward_lines = _sizes_in_backward(program, backward_lines, kept, scope, axes)
    forward = _method(forward_lines, layer.outputs, early, late)
    gradients = tuple(program.gradients.items())
    backward = _method(backward_lines, [name for _, name in gradients], (), ())
    return Plan(
        layer,
        Method(
            arguments(layer.inputs, scope, axes),
            *forward,
            mean_axes(program),
            derived,
            step_checks(layer, scope),
            (*ranges, *covers),
        ),
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
    computed: dict[Array, Size] = {}
    for name in present:
        known = scope.tensors[name].extents if name in scope.tensors else ()
        for axis, extent in enumerate(known):
            if isinstance(extent, AxisLength):
                homes.setdefault(extent, Size(name, axis))
            elif not isinstance(extent, Number):
                for length in (lower_extent(extent, scope), lower_count(extent, scope)):
                    computed.setdefault(length, Size(name, axis))

    shapes = known_shapes(present, scope)

    def visit(part: Array) -> Array | None:
        if isinstance(part, Reshape) and part.shape in shapes:
            return replace(part, array=rewrite(part.array, visit), like=shapes[part.shape])
        if part in computed:
            return computed[part]
        if not isinstance(part, Size):
            return None
        extent = scope.tensors[part.name].extents[part.axis]
        home = homes.get(extent)
        if home is not None:
            return home
        letter = axes.of(extent)
        if letter is None:
            raise AssertionError(f"{part} has no letter")
        return KeptExtent(letter)

    for line in lines:
        line.array = rewrite(line.array, visit)
    return lines
