"""Name the axes of a program by letters, and say which arguments forward must reject."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from symgrad.language.expr import (
    AxisLength,
    Element,
    Expr,
    IndexValue,
    Indicator,
    Number,
    Reduce,
    bound_indices,
    element_names,
    walk,
)
from symgrad.language.program import Program
from symgrad.lowering.arrays import Apply, Array, Reduction, Size
from symgrad.lowering.elementwise import lower, lower_extent
from symgrad.lowering.plan import Argument, Check, Means
from symgrad.lowering.scope import Scope, natural_frame

SPARE_LETTERS = "ijklmnpqrstuvwabcdefgh"


@dataclass(frozen=True)
class AxisNames:
    """One letter for each length that the inputs' axes have."""

    letters: Mapping[Expr, str]

    def letter(self, extent: Expr, scope: Scope) -> str | Array:
        """Return the letter of an extent, or how long it is where no axis has that length."""
        return self.letters.get(extent) or lower_extent(extent, scope)

    def printed(self, extent: Expr) -> str:
        """Return the axis as docstrings show it: a capital letter or a length."""
        if extent in self.letters:
            return self.letters[extent].upper()
        return str(extent.value) if isinstance(extent, Number) else "N"


def name_axes(program: Program, scope: Scope) -> AxisNames:
    """Choose the letters: those of the formula, or the next free ones where two would clash."""
    letters: dict[Expr, str] = {}
    taken: set[str] = set()
    formula = {
        index.name
        for statement in program.layer.statements
        for part in walk(statement.value)
        for index in (*bound_indices(part), *statement.indices)
    }
    spare = sorted(SPARE_LETTERS, key=lambda letter: letter in formula)
    for name in (*program.layer.inputs, *program.layer.outputs):
        if name not in scope.tensors:
            continue
        for axis, extent in enumerate(scope.tensors[name].extents):
            if extent in letters or not isinstance(extent, AxisLength):
                continue
            own = _own_letter(program, name, axis)
            choices = itertools.chain((own,), spare, (f"{own}{n}" for n in itertools.count(1)))
            letter = next(choice for choice in choices if choice not in taken)
            letters[extent] = letter
            taken.add(letter)
    return AxisNames(letters)


def _own_letter(program: Program, name: str, axis: int) -> str:
    axes = program.layer.axes.get(name, ())
    return axes[axis].name[0].lower() if axis < len(axes) else "i"


def arguments(names: Iterable[str], scope: Scope, axes: AxisNames) -> tuple[Argument, ...]:
    """Return the named tensors with the letters of their axes."""
    return tuple(
        Argument(
            name,
            tuple(axes.letter(extent, scope) for extent in scope.tensors[name].extents),
            scope.tensors[name].kind == "int",
        )
        for name in names
    )


# --- checks --------------------------------------------------------------------------------------


def forward_checks(program: Program, scope: Scope) -> tuple[list[Check], list[Check]]:
    """Return what forward rejects: (of the arguments, of values that it computes)."""
    early: dict[str, Check] = {}
    late: dict[str, Check] = {}
    for statement in program.layer.statements:
        for part in walk(statement.value):
            if isinstance(part, Element) and part.name in program.layer.inputs:
                for check in _bound_checks(part, scope):
                    early.setdefault(check.message, check)
            if isinstance(part, Reduce) and part.op == "mean" and part.condition is not None:
                target = early if _reads_inputs(part, program) else late
                check = _condition_check(part, scope)
                target.setdefault(check.message, check)
    return list(early.values()), list(late.values())


def _reads_inputs(mean: Reduce, program: Program) -> bool:
    if mean.condition is None:
        return True
    return all(name in program.layer.inputs for name in element_names(mean.condition))


def _bound_checks(element: Element, scope: Scope) -> Iterable[Check]:
    """An index with a bound of its own must not run past the axis."""
    for axis, subscript in enumerate(element.subscripts):
        if not isinstance(subscript, IndexValue):
            continue
        extent = subscript.index.extent
        if extent is None or isinstance(extent, AxisLength):
            continue
        size = Size(element.name, axis)
        message = f"{element.name}: axis {axis} is shorter than index {subscript.index.name} runs"
        yield Check(Apply("<", (size, lower_extent(extent, scope))), message)


def mean_axes(program: Program) -> tuple[Means, ...]:
    """Return the axes of inputs which a mean without a condition runs over."""
    found: dict[str, dict[int, None]] = {}
    for statement in program.layer.statements:
        for part in walk(statement.value):
            if isinstance(part, Reduce) and part.op == "mean" and part.condition is None:
                for index in part.indices:
                    if isinstance(index.extent, AxisLength):
                        found.setdefault(index.extent.name, {})[index.extent.axis] = None
    return tuple(Means(name, tuple(sorted(axes))) for name, axes in found.items())


def _condition_check(mean: Reduce, scope: Scope) -> Check:
    condition = mean.condition
    if condition is None:
        raise AssertionError("a mean without a condition needs no count")
    frame = natural_frame(Indicator(condition), mean.indices)
    mask = lower(condition, scope, frame)
    axes = tuple(n for n, index in enumerate(mask.axes) if index in mean.indices)
    passed: Array = Reduction("any", mask.array, axes) if axes else mask.array
    if passed.ndim:
        passed = Reduction("all", passed, tuple(range(passed.ndim)))
    letters = ", ".join(index.name for index in mean.indices)
    return Check(Apply("never", (passed,)), f"the mean over {letters} has no element that passes")
