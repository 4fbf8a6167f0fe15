"""Name the axes of a program by letters, and find the lengths that follow from the inputs'."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from symgrad.formats.text import to_text
from symgrad.language.expr import (
    Add,
    AxisLength,
    Element,
    Expr,
    Index,
    IndexValue,
    Number,
    Reduce,
    bound_indices,
    split_coefficient,
    walk,
)
from symgrad.language.program import Program
from symgrad.lowering.expressions.constants import constants_of
from symgrad.lowering.expressions.elementwise import lower_extent
from symgrad.lowering.expressions.lengths import length_key, never_negative
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.nodes.arrays import Apply, Array, KeptExtent
from symgrad.lowering.nodes.traversal import rewrite
from symgrad.lowering.nodes.traversal import walk as walk_array
from symgrad.lowering.plans.lines import Line
from symgrad.lowering.plans.plan import Argument, Derived, Means

# operations that make a derived length worth reading where it is noted
WORTH_NOTING = 2
SPARE_LETTERS = "ijklmnpqrstuvwabcdefgh"


@dataclass(frozen=True)
class AxisNames:
    """One letter for each length that the axes of inputs and outputs have.

    Attributes:
        letters: the letters, by the keys of lengths that are equal.
    """

    letters: Mapping[Any, str]

    def of(self, extent: Expr) -> str | None:
        """Return the letter of a length, None where no axis has it."""
        return self.letters.get(length_key(extent))

    def letter(self, extent: Expr, scope: Scope) -> str | Array:
        """Return the letter of an extent, or how long it is where no axis has that length."""
        return self.of(extent) or lower_extent(extent, scope)

    def printed(self, extent: Expr) -> str:
        """Return the axis as docstrings show it: a capital letter or a length."""
        letter = self.of(extent)
        return letter.upper() if letter else to_text(extent)


def name_axes(program: Program, scope: Scope) -> AxisNames:
    """Choose the letters: those of the formula, or the next free ones where two would clash."""
    letters: dict[Any, str] = {}
    taken: set[str] = set()
    formula = {
        index.name
        for statement in program.layer.statements
        for part in walk(statement.value)
        for index in (*bound_indices(part), *statement.indices)
    }
    spare = sorted(SPARE_LETTERS, key=lambda letter: letter in formula)
    for extent, own in _named_lengths(program, scope):
        if length_key(extent) in letters or isinstance(extent, Number):
            continue
        choices = itertools.chain((own,), spare, (f"{own}{n}" for n in itertools.count(1)))
        # lengths are passed on as keywords, `_lengths(self, reason, i=...)`
        named = (choice for choice in choices if choice.isidentifier() and not iskeyword(choice))
        letter = next(choice for choice in named if choice not in taken)
        letters[length_key(extent)] = letter
        taken.add(letter)
    return AxisNames(letters)


def _named_lengths(program: Program, scope: Scope) -> Iterator[tuple[Expr, str]]:
    """Yield the lengths that need a letter, each with the one it would like.

    An axis that is read at bare indices alone has a right to its letter, then outputs have.
    """
    bare = _bare_axes(program)
    for name, axis, extent in _axes_of(program.layer.inputs, scope):
        if (name, axis) in bare:
            yield extent, _own_letter(program, name, axis)
    for names in (program.layer.outputs, program.layer.inputs):
        for name, axis, extent in _axes_of(names, scope):
            yield extent, _own_letter(program, name, axis)
    constants = constants_of(program.layer)
    for index in _indices(program):
        if index.extent is not None and not never_negative(constants.assumed(index.extent)):
            yield index.extent, index.name


def _axes_of(names: Iterable[str], scope: Scope) -> Iterator[tuple[str, int, Expr]]:
    for name in names:
        for axis, extent in enumerate(scope.tensors[name].extents):
            yield name, axis, extent


def _bare_axes(program: Program) -> set[tuple[str, int]]:
    return {
        (part.name, axis)
        for statement in program.layer.statements
        for part in walk(statement.value)
        if isinstance(part, Element)
        for axis, subscript in enumerate(part.subscripts)
        if isinstance(subscript, IndexValue)
    }


def _own_letter(program: Program, name: str, axis: int) -> str:
    axes = program.layer.axes.get(name, ())
    return axes[axis].name[0].lower() if axis < len(axes) else "i"


def arguments(names: Iterable[str], scope: Scope, axes: AxisNames) -> tuple[Argument, ...]:
    """Return the named tensors with the letters of their axes."""
    return tuple(
        Argument(
            name,
            tuple(axes.letter(extent, scope) for extent in scope.tensors[name].extents),
            name in scope.integers,
        )
        for name in names
    )


def derived_lengths(program: Program, scope: Scope, axes: AxisNames) -> tuple[Derived, ...]:
    """Return the lengths that inputs decide and no axis of theirs has, each once.

    They are those of outputs, which backward compares, and all that could come out negative.
    """
    inputs = {length_key(extent) for _, _, extent in _axes_of(program.layer.inputs, scope)}
    found: dict[str, Expr] = {}
    for extent, _ in _named_lengths(program, scope):
        letter = axes.of(extent)
        if letter is not None and length_key(extent) not in inputs:
            found.setdefault(letter, extent)
    constants = constants_of(program.layer)
    limits = {
        letter: None if never_negative(constants.assumed(extent)) else _limits(extent)
        for letter, extent in found.items()
    }
    return tuple(
        Derived(letter, lower_extent(extent, scope), _reason(limits[letter], limits.values()))
        for letter, extent in found.items()
    )


def read_noted_lengths(lines: Iterable[Line], derived: Iterable[Derived]) -> None:
    """Let forward read the derived lengths that are long to write as it has noted them."""
    noted = {
        length.length: KeptExtent(length.letter)
        for length in derived
        if sum(isinstance(part, Apply) for part in walk_array(length.length)) >= WORTH_NOTING
    }
    for line in lines:
        line.array = rewrite(line.array, noted.get)


def _indices(program: Program) -> Iterator[Index]:
    for statement in program.layer.statements:
        yield from statement.indices
        yield from statement.value.inner


Limits = tuple[AxisLength | None, AxisLength | None]


def _limits(extent: Expr) -> Limits:
    """Return (what is too long, what is too short) where a length comes out negative."""
    sums = [part for part in walk(extent) if isinstance(part, Add)]
    terms = [term for part in sums for term in part.terms] or [extent]
    signed: dict[bool, AxisLength] = {}
    for term in terms:
        for part in walk(term):
            if isinstance(part, AxisLength):
                signed.setdefault(split_coefficient(term)[0] < 0, part)
    return signed.get(True), signed.get(False)


def _reason(limits: Limits | None, others: Iterable[Limits | None]) -> str:
    """Return what is wrong, of tensors as a whole where more than one axis of both could be."""
    if limits is None:
        return ""
    long, short = limits
    if short is None:
        return "a constant is too small"
    pairs = [pair for pair in others if pair and _names(pair) == _names(limits)]
    spell = _whole_name if len(pairs) > 1 else _axis_name
    return (
        f"{spell(long)} is longer than {spell(short)} allows"
        if long
        else (f"{spell(short)} is too short")
    )


def _names(limits: Limits) -> list[str | None]:
    return [limit.name if limit else None for limit in limits]


def _whole_name(length: AxisLength) -> str:
    return length.name


def _axis_name(length: AxisLength) -> str:
    return f"axis {length.axis} of {length.name}"


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
