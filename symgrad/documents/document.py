"""Define the document of a derivation: what every format shows, in order, before it is spelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from symgrad.derivation.notes import Note
from symgrad.derivation.result import Derivation
from symgrad.derivation.steps import Step, Trail
from symgrad.language.expr import Element, Expr, Index, IndexValue
from symgrad.language.layer import Layer
from symgrad.language.lengths import Lengths
from symgrad.language.statement import Statement

if TYPE_CHECKING:
    from symgrad.rendering.docstring import Documented
    from symgrad.verification import Report


@dataclass(frozen=True)
class Line:
    """One line of a derivation: `= after`, and what a reader is told about it."""

    note: Note
    after: Expr


@dataclass(frozen=True)
class Section:
    """How the gradient by one value came about.

    Attributes:
        target: the value, with its indices.
        gradient: the gradient, with the same indices.
        lines: chain rule to result, in the detail that was asked for.
        result: the statement that it became; None for a gradient that was written into others.
        is_result: whether it is a gradient that backward returns.
    """

    target: Element
    gradient: Element
    lines: tuple[Line, ...]
    result: Statement | None
    is_result: bool

    @property
    def indices(self) -> tuple[Index, ...]:
        """The indices of the gradient, in order."""
        return tuple(s.index for s in self.target.subscripts if isinstance(s, IndexValue))


@dataclass(frozen=True)
class Document:
    """A derivation as it is shown.

    Attributes:
        derivation: what was derived.
        sections: one for each gradient, those of intermediate values before those that read them.
        report: what verification found, where it was asked for.
    """

    derivation: Derivation
    sections: tuple[Section, ...]
    report: Report | None = None

    @property
    def layer(self) -> Layer:
        """The layer."""
        return self.derivation.layer

    @property
    def formula(self) -> tuple[Statement, ...]:
        """The statements of the formula, every sum written out."""
        return self.layer.statements

    @property
    def values(self) -> tuple[Statement, ...]:
        """The intermediate values that the derivation names."""
        return self.derivation.intermediates

    @property
    def gradients(self) -> tuple[Statement, ...]:
        """The gradients, and the values of backward that they read, in backward's order."""
        return self.derivation.program.backward

    @property
    def lengths(self) -> Lengths:
        """How far the axes of every tensor reach, as the printers of `formats` take it."""
        return self.derivation.lengths

    @cached_property
    def partials(self) -> dict[str, str]:
        """The value that each gradient belongs to, as the printers of `formats` take it."""
        totals = {section.target.name for section in self.sections}
        found = {
            name: output
            for output, name in self.derivation.program.cotangents.items()
            if output not in totals  # an output that is read further has an adjoint of its own
        }
        return found | {s.gradient.name: s.target.name for s in self.sections}

    @cached_property
    def documented(self) -> Documented:
        """The array program, with what its docstring says beside it."""
        from symgrad.documents.code import documented

        return documented(self.derivation)

    @property
    def shapes(self) -> dict[str, tuple[str, ...]]:
        """The axes of inputs and outputs, a capital letter or a length each."""
        return dict(self.documented.plan.shapes)

    @cached_property
    def code(self) -> str:
        """The generated class, without the helpers around it."""
        from symgrad.documents.code import class_source

        return class_source(self.documented)

    @cached_property
    def statements(self) -> dict[str, str]:
        """The NumPy statements that compute each gradient, by the gradient's name."""
        from symgrad.documents.code import class_source, gradient_statements

        source = class_source(replace(self.documented, whole=True))
        return gradient_statements(source, tuple(self.derivation.program.gradients.values()))


def document(
    derivation: Derivation, detail: str = "normal", report: Report | None = None
) -> Document:
    """Return the document of a derivation.

    Args:
        derivation: what was derived.
        detail: one of DETAILS: `brief` has chain rule and result, `normal` a line for each kind of
            rule, `full` every use of every rule.
        report: the report of `symgrad.check`, to be shown with it.

    Raises:
        ValueError: an unknown detail.
    """
    if detail not in DETAILS:
        raise ValueError(f"no detail {detail!r}: it is one of {', '.join(DETAILS)}")
    results = {statement.name: statement for statement in derivation.program.backward}
    returned = set(derivation.program.gradients.values())
    sections = tuple(
        _section(trail, DETAILS[detail], results, returned) for trail in derivation.trails
    )
    return Document(derivation, sections, report)


Select = Callable[[Sequence[Step]], Sequence[Step]]


def _section(
    trail: Trail, select: Select, results: Mapping[str, Statement], returned: set[str]
) -> Section:
    lines = tuple(Line(step.note, step.after) for step in select(trail.steps))
    gradient = Element(trail.name, trail.target.subscripts)
    result = results.get(trail.name)
    return Section(trail.target, gradient, lines, result, trail.name in returned)


def _ends(steps: Sequence[Step]) -> Sequence[Step]:
    return steps if len(steps) < 2 else (steps[0], steps[-1])


def _one_for_each_rule(steps: Sequence[Step]) -> Sequence[Step]:
    return [list(run)[-1] for _, run in groupby(steps, key=lambda step: step.rule)]


def _all(steps: Sequence[Step]) -> Sequence[Step]:
    return steps


# which steps are shown
DETAILS: dict[str, Select] = {"brief": _ends, "normal": _one_for_each_rule, "full": _all}
