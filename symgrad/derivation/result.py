"""Define what a derivation is: the program, the gradients, and the steps that led to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from symgrad.derivation.steps import Step, Trail
from symgrad.language.expr import element_names
from symgrad.language.layer import Layer, Statement
from symgrad.language.lengths import Lengths
from symgrad.language.program import Program

if TYPE_CHECKING:
    import sympy

    from symgrad.documents import Document


class Record(Protocol):
    """What the engine noted while it worked; trails are written out when they are asked for."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The values that have a gradient, in the order of backward."""

    @property
    def lengths(self) -> Lengths:
        """How far the axes of every tensor reach, incoming gradients and named values too."""

    def trail(self, target: str) -> Trail:
        """Return the steps of the gradient by one value."""

    def intermediates(self) -> tuple[Statement, ...]:
        """Return the values that the trails name beside the formula's own."""

    def definitions(self) -> tuple[Statement, ...]:
        """Return every value that the outputs are computed from, in order."""


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

        return statement_text(self.statement, self._record.lengths, ranges=True)

    def latex(self) -> str:
        """Return the gradient as a LaTeX formula."""
        from symgrad.formats.latex import statement_latex

        return statement_latex(self.statement, self._record.lengths, ranges=True)

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
    def definitions(self) -> tuple[Statement, ...]:
        """Every value that the outputs are computed from, one operation or few in each, in order.

        Those that the steps speak of are among them, under the same names.
        """
        return self._record.definitions()

    @cached_property
    def intermediates(self) -> tuple[Statement, ...]:
        """The values that the steps name beside the formula's own, as statements."""
        return self._record.intermediates()

    @property
    def lengths(self) -> Lengths:
        """How far the axes of every tensor reach, incoming gradients and named values too."""
        return self._record.lengths

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

        return [statement_text(s, self.lengths, ranges=True) for s in self.program.backward]

    def value_lines(self) -> list[str]:
        """Return `values` as printed formulas."""
        from symgrad.formats.text import statement_text

        return [statement_text(statement, self.lengths) for statement in self.values]

    def __str__(self) -> str:
        lines = self.gradient_lines()
        values = self.value_lines()
        return "\n".join([*lines, *(f"  with {line}" for line in values)])

    def document(self, detail: str = "normal") -> Document:
        """Return what documents show; `detail` is brief, normal or full.

        Raises:
            ValueError: an unknown detail.
        """
        from symgrad.documents import document

        return document(self, detail)

    def latex(
        self, *, detail: str = "normal", language: str = "en", standalone: bool = False
    ) -> str:
        """Return all steps as LaTeX: displays for a paper, or a document that compiles by itself.

        Args:
            detail: `brief`, `normal` or `full`.
            language: the language of the captions, `en` or `ja`.
            standalone: whether to write a whole document.
        """
        return self._written("latex", detail, language=language, standalone=standalone)

    def markdown(self, *, detail: str = "normal", language: str = "en") -> str:
        """Return the derivation as Markdown that GitHub and Jupyter render."""
        return self._written("markdown", detail, language=language)

    def html(self, *, detail: str = "normal", language: str = "en") -> str:
        """Return the derivation as an HTML page that needs no network."""
        return self._written("html", detail, language=language)

    def json(self, *, detail: str = "normal", language: str = "en") -> dict[str, Any]:
        """Return the derivation as plain values: a layer of `derivation.schema.json`."""
        from symgrad.documents.json_form import layer_object

        return layer_object(self.document(detail), language)

    def _written(self, form: str, detail: str, **options: Any) -> str:
        from symgrad.documents.formats import FORMATS, Options

        return FORMATS[form].render([self.document(detail)], Options(**options))

    def _repr_html_(self) -> str:
        from symgrad.documents.html import fragment

        return fragment(self.document())

    def _repr_latex_(self) -> str:
        from symgrad.documents.latex import display

        return display(self.document())
