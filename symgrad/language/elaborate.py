"""Turn surface statements into statements of expressions, in the order of the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

# calls and reductions register themselves as values
import symgrad.language.calls
import symgrad.language.reductions  # noqa: F401
from symgrad.errors import Span
from symgrad.language.conditions import condition
from symgrad.language.convention import find_sums, free_letters
from symgrad.language.expr import (
    ArgReduce,
    Element,
    Expr,
    FloorDiv,
    Index,
    Mod,
    free_indices,
    walk,
)
from symgrad.language.index_expressions import (
    is_index_expression,
    note_integers,
    require_integer,
)
from symgrad.language.limits import BITS
from symgrad.language.magnitudes import is_beyond_floats
from symgrad.language.misuse import refuse_misuse
from symgrad.language.reductions import take_bounds
from symgrad.language.scope import AxisUse, Reading, Scope
from symgrad.language.statement import Statement
from symgrad.language.syntax import (
    Apply,
    Assignment,
    Comparison,
    Let,
    Logic,
    Name,
    Syntax,
    Tensor,
    ungroup,
    walk_syntax,
)
from symgrad.language.tokens import Names
from symgrad.language.values import value


def elaborate(
    text: str,
    statements: Sequence[Syntax],
    names: Names,
    constants: Mapping[str, object],
    declared: frozenset[str],
) -> tuple[Reading, tuple[Statement, ...]]:
    """Return the statements with their expressions, and all that was found while reading them.

    Indices have no extent yet.

    Raises:
        FormulaError: at the first mistake.
    """
    scalars = _scalars(statements, constants, declared)
    reading = Reading(text, names, constants, scalars, declared)
    assignments = [node for node in statements if isinstance(node, Assignment)]
    if not assignments:
        reading.fail("the formula has no statement", statements[0], "write y_i = f(x_i)")
    _note_targets(reading, assignments)
    done: list[Statement] = []
    for node in statements:
        if isinstance(node, Let):
            _define(node, reading)
        elif isinstance(node, Assignment):
            done.append(_assign(node, len(done), reading))
    _check_integers(reading, done)
    return reading, tuple(done)


def _check_integers(reading: Reading, statements: Sequence[Statement]) -> None:
    """An assigned tensor in a subscript must have integer values, and so must what it is made of.

    The last statement comes first: `k_n = 2*t_n` makes t an integer input where k is a subscript.
    """
    for statement in reversed(statements):
        span = reading.integers.get(statement.name)
        if span is None:
            continue
        if not is_index_expression(statement.value):
            reading.fail(
                f"{statement.name} is used as an integer, and its values are none",
                span,
                "a subscript reads an integer input, argmax_k or index arithmetic",
            )
        note_integers(statement.value, span, reading)


def _scalars(
    statements: Sequence[Syntax], constants: Mapping[str, object], declared: frozenset[str]
) -> frozenset[str]:
    """Return the names that can be no index: constants, scalar targets, declared scalars."""
    tensors: set[str] = set()
    targets: set[str] = set()
    for statement in statements:
        for node in walk_syntax(statement):
            if isinstance(node, Tensor):
                tensors.add(node.name)
            elif isinstance(node, Apply) and node.function in ("size", "inv", "det", "logdet"):
                tensors.update(arg.name for arg in node.args[:1] if isinstance(arg, Name))
        if isinstance(statement, Assignment) and isinstance(statement.target, Name):
            targets.add(statement.target.name)
    return frozenset(constants) | targets | (declared - tensors)


def _define(node: Let, reading: Reading) -> None:
    name = node.function
    if name in reading.lets:
        reading.fail(
            f"the function {name} is defined twice",
            [reading.lets[name].name_span, node.name_span],
            "use another name for one of the two",
        )
    parameters = [parameter.name for parameter in node.parameters]
    for position, parameter in enumerate(parameters):
        if parameter in parameters[:position]:
            reading.fail(
                f"{name} has two arguments {parameter}",
                node.parameters[position],
                f"give each argument of {name} a name of its own",
            )
    refuse_misuse(node.body, parameters, reading)
    reading.lets[name] = node


def _note_targets(reading: Reading, assignments: Sequence[Assignment]) -> None:
    """Note which statement assigns which name, and refuse names that can't be assigned."""
    plain: dict[str, Span] = {}
    for number, node in enumerate(assignments):
        target = node.target
        if not isinstance(target, (Name, Tensor)):
            _refuse_target(reading, node)
        if target.name in reading.constants:
            reading.fail(
                f"{target.name} is assigned and declared as a constant",
                target,
                "use another name on the left-hand side, or drop the constant",
            )
        if target.name in (*reading.names.functions, *reading.names.opaque):
            reading.fail(
                f"{target.name} is assigned and is a function too",
                target,
                "use another name for one of the two",
            )
        if all(isinstance(part, Name) for part in target.parts):
            if target.name in plain:
                reading.fail(
                    f"{target.name} is assigned twice",
                    [plain[target.name], target.span],
                    "use another name for one of the two",
                )
            plain[target.name] = target.span
        reading.targets.setdefault(target.name, []).append(number)


def _refuse_target(reading: Reading, node: Assignment) -> NoReturn:
    written = reading.written(node.target)
    if isinstance(node.target, Apply):
        advice = f"write let {written} = ... for a function of your own"
    else:
        advice = "write one name with its indices on the left-hand side: y_ij = ..."
    reading.fail(f"{written} can't be assigned", node.target, advice)


def _assign(node: Assignment, number: int, reading: Reading) -> Statement:
    target = node.target
    assert isinstance(target, (Name, Tensor))
    left = _left_indices(target, number, reading)
    refuse_misuse(node.value, tuple(left), reading)
    letters = free_letters(node.value, frozenset(left), reading.scalars)
    scope = Scope(reading, number, target.name, _whole_word(target, reading), indices=left)
    places = {use.index.name: use.span for use in reading.index_uses if use.statement == number}
    subscripts = _left_subscripts(target, scope)
    sums = find_sums(reading.text, node.value, letters, places)
    scope = replace(scope, subscripts=subscripts, sums=sums)
    _refuse_shared_letters(node, reading)
    _take_for_clause(node, scope)
    result = value(node.value, scope)
    if is_beyond_floats(result):
        raise BITS.error(reading.text, [node.value.span])
    reading.note_rank(target.name, len(subscripts), target.span)
    if isinstance(result, ArgReduce):
        reading.arg_targets[target.name] = result.index
    is_whole = not subscripts and is_index_expression(result) and not free_indices(result)
    if is_whole and not reading.is_decided_by_data(result):
        reading.whole[target.name] = result
    return Statement(target.name, subscripts, result)


def _whole_word(target: Name | Tensor, reading: Reading) -> str:
    """Return `x_mean` for a target that is read as x with the indices m, e, a, n."""
    word = len(target.parts) > 2 and not {"[", "{"} & set(reading.written(target))
    return reading.written(target) if word else target.name


def _left_indices(target: Name | Tensor, number: int, reading: Reading) -> dict[str, Index]:
    """Make the indices of the left-hand side: names alone, and names in its index arithmetic."""
    found: dict[str, Index] = {}
    alone = [part for part in target.parts if isinstance(part, Name)]
    for name in alone:
        if name.name in reading.scalars:
            _refuse_shared(name, reading)
        if name.name in found:
            advice = f"use two letters and a delta: {target.name}_ij = ...*delta(i, j)"
            word = _whole_word(target, reading)
            if word != target.name:
                advice = f"every letter behind _ is an index; write {word}[] for a scalar"
            reading.fail(f"index {name.name} stands twice on the left-hand side", name, advice)
        found[name.name] = reading.new_index(name.name, name.span, number, left=True)
    for part in target.parts:
        for name in _moving_names(part):
            if name.name not in reading.scalars and name.name not in found:
                index = reading.new_index(name.name, name.span, number, left=True)
                found[name.name] = index
    return found


def _moving_names(part: Syntax) -> list[Name]:
    """Return the names in index arithmetic, those inside `size` left out."""
    if isinstance(part, (Apply, Tensor)):
        return []
    if isinstance(part, Name):
        return [part]
    return [name for inner in part.parts for name in _moving_names(inner)]


def _left_subscripts(target: Name | Tensor, scope: Scope) -> tuple[Expr, ...]:
    subscripts: list[Expr] = []
    for axis, part in enumerate(target.parts):
        expr = require_integer(value(part, scope), part, scope)
        subscripts.append(expr)
        if any(map(_is_no_part, walk(expr))):
            scope.reading.fail(
                f"{scope.reading.written(part)} can't tell where {target.name} is assigned",
                part,
                "assign sums of indices and integers, or move it to the right-hand side: "
                f"{target.name}_p = sum_i delta(p, {scope.reading.written(part)})*...",
            )
        scope.reading.axis_uses.append(
            AxisUse(scope.target, axis, expr, part.span, scope.statement, target=True)
        )
    return tuple(subscripts)


def _is_no_part(expr: Expr) -> bool:
    """Say whether a left-hand subscript can't be laid out beside others: `//`, `%` and tensors."""
    return isinstance(expr, (FloorDiv, Mod, ArgReduce)) or (
        isinstance(expr, Element) and bool(expr.subscripts)
    )


def _refuse_shared_letters(node: Assignment, reading: Reading) -> None:
    """After a bare underscore every letter is an index, so none may be the name of a scalar."""
    for part in walk_syntax(node.value):
        if isinstance(part, Tensor) and not {"[", "{"} & set(reading.written(part)):
            for name in part.subscripts:
                if isinstance(name, Name) and name.name in reading.scalars:
                    _refuse_shared(name, reading)


def _refuse_shared(name: Name, reading: Reading) -> NoReturn:
    reading.fail(
        f"{name.name} is a scalar and an index here",
        name,
        f"use another letter for the index, or another name for the scalar {name.name}",
    )


def _take_for_clause(node: Assignment, scope: Scope) -> None:
    if not node.bounds:
        return
    reading = scope.reading
    left = tuple(scope.indices.values())
    for part in node.bounds:
        bounds = isinstance(ungroup(part), (Comparison, Logic))
        if not bounds or take_bounds([condition(part, scope.last())], left, scope) is not None:
            reading.fail(
                f"{reading.written(part)} gives no bound to an index of the left-hand side",
                part,
                "write for i < n, with an index of the left-hand side and no index in the bound",
            )
