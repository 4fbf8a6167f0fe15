"""Define what a derivation is: the program, the gradients, and the steps that led to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from symgrad.derivation.steps import Step, Trail
from symgrad.language.expr import element_names
from symgrad.language.layer import Layer, Statement
from symgrad.language.program import Program

if TYPE_CHECKING:
    import sympy


class Record(Protocol):
    """What the engine noted while it worked; trails are written out when they are asked for."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The values that have a gradient, in the order of backward."""

    def trail(self, target: str) -> Trail:
        """Return the steps of the gradient by one value."""

    def intermediates(self) -> tuple[Statement, ...]:
        """Return the values that the trails name beside the formula's own."""


@dataclass(frozen=True)
class Gradient:
    """The gradient of the loss by one input.

    Attributes:
        input: the input's name.
        statement: `dx_ij = ...`, over inputs, incoming gradients and named values.
    """

    input: str
    statement: Statement
    _record: Record = field(repr=False, compare=False)

    @property
    def trail(self) -> Trail:
        """The steps that led to it, those of intermediate values apart."""
        return self._record.trail(self.input)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The lines of its derivation: chain rule, deltas, rules, result."""
        return self.trail.steps

    def __str__(self) -> str:
        from symgrad.formats.text import statement_text

        return statement_text(self.statement)

    def latex(self) -> str:
        """Return the gradient as a LaTeX formula."""
        from symgrad.formats.latex import statement_latex

        return statement_latex(self.statement)

    def sympy(self) -> sympy.Expr:
        """Return the right-hand side as plain SymPy: Sum, KroneckerDelta, Indexed, own dummies."""
        from symgrad.formats.sympy_form import to_sympy

        return to_sympy(self.statement.value)


@dataclass(frozen=True)
class Derivation:
    """Everything that was derived for a layer: its program, its gradients, the steps.

    Attributes:
        layer: the layer.
        program: forward and backward as statements; printed formulas and code both come from it.
        gradients: by input, in the order of `layer.wrt`.
    """

    layer: Layer
    program: Program
    gradients: Mapping[str, Gradient]
    _record: Record = field(repr=False, compare=False)

    @cached_property
    def trails(self) -> tuple[Trail, ...]:
        """The steps of every gradient, those of intermediate values too, in backward's order."""
        return tuple(self._record.trail(target) for target in self._record.targets)

    @cached_property
    def intermediates(self) -> tuple[Statement, ...]:
        """The values that the steps name beside the formula's own, as statements."""
        return self._record.intermediates()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All recorded steps, in order."""
        return tuple(step for trail in self.trails for step in trail.steps)

    @cached_property
    def values(self) -> tuple[Statement, ...]:
        """The forward values that the gradients read and the formula does not name, in order."""
        own = {statement.name for statement in self.layer.statements}
        found: set[str] = set()
        wanted = [name for s in self.program.backward for name in element_names(s.value)]
        for statement in reversed(self.program.forward):
            if statement.name in wanted and statement.name not in own:
                found.add(statement.name)
                wanted += element_names(statement.value)
        return tuple(s for s in self.program.forward if s.name in found)

    def gradient_lines(self) -> list[str]:
        """Return the gradients, and the values of backward that they read, as printed formulas."""
        from symgrad.formats.text import statement_text

        return [statement_text(statement) for statement in self.program.backward]

    def value_lines(self) -> list[str]:
        """Return `values` as printed formulas."""
        from symgrad.formats.text import statement_text

        return [statement_text(statement) for statement in self.values]

    def __str__(self) -> str:
        lines = self.gradient_lines()
        values = self.value_lines()
        return "\n".join([*lines, *(f"  with {line}" for line in values)])

    def latex(self) -> str:
        """Return all steps as LaTeX: an aligned environment for each gradient."""
        from symgrad.formats.derivation import derivation_latex

        return derivation_latex(self)

    def _repr_latex_(self) -> str:
        return self.latex().replace("\\[", "$$").replace("\\]", "$$")
