"""Derive the gradients of a layer: from statements to a program, with the steps that led there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from symgrad.derivation.adjoint import Reverse, differentiate
from symgrad.derivation.candidates import name_products, offer_softmax
from symgrad.derivation.desugar import desugar
from symgrad.derivation.factor import Order, factored, reading_order
from symgrad.derivation.graph import Definition, Graph
from symgrad.derivation.names import name_intermediates
from symgrad.derivation.normalise import normalise
from symgrad.derivation.schedule import Schedule, rename_elements, schedule
from symgrad.derivation.stabilise import stabilise
from symgrad.derivation.steps import Step, Trail, free_letters, trail_of
from symgrad.language.expr import ZERO, Element, Expr, Index, IndexValue, element_names, walk
from symgrad.language.layer import Layer, Statement
from symgrad.language.program import Program

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True)
class Gradient:
    """The gradient of the loss by one input.

    Attributes:
        input: the input's name.
        statement: `dx_ij = ...`, over inputs, incoming gradients and named values.
    """

    input: str
    statement: Statement
    _record: _Assembly = field(repr=False, compare=False)

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
    _record: _Assembly = field(repr=False, compare=False)

    @cached_property
    def trails(self) -> tuple[Trail, ...]:
        """The steps of every gradient, those of intermediate values too, in backward's order."""
        return tuple(self._record.trail(target) for target in self._record.reverse.adjoints)

    @cached_property
    def intermediates(self) -> tuple[Statement, ...]:
        """The values that the steps name beside the formula's own, as statements."""
        return self._record.intermediates()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All recorded steps, in order."""
        return tuple(step for trail in self.trails for step in trail.steps)

    def gradient_lines(self) -> list[str]:
        """Return the gradients, and the values of backward that they read, as printed formulas."""
        from symgrad.formats.text import statement_text

        return [statement_text(statement) for statement in self.program.backward]

    def value_lines(self) -> list[str]:
        """Return the named forward values that the gradients read and the formula does not name."""
        from symgrad.formats.text import statement_text

        own = {statement.name for statement in self.layer.statements}
        read = {name for s in self.program.backward for name in element_names(s.value)}
        return [
            statement_text(statement)
            for statement in self.program.forward
            if statement.name in read and statement.name not in own
        ]

    def __str__(self) -> str:
        lines = self.gradient_lines()
        values = self.value_lines()
        return "\n".join([*lines, *(f"  with {line}" for line in values)])

    def latex(self) -> str:
        """Return all steps as a LaTeX aligned environment."""
        from symgrad.formats.derivation import derivation_latex

        return derivation_latex(self)

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"


def derive(layer: Layer | str) -> Derivation:
    """Derive the gradient of the loss by every input in `layer.wrt`.

    Args:
        layer: a Layer, or a formula's text.

    Raises:
        FormulaError: the text is no formula.
        UnsupportedError: the formula uses a construct that can't be derived yet.

    >>> print(derive("y_ij = x_ij + b_j").gradients["b"])
    db_j = sum_i dy_ij
    """
    layer = Layer("Layer", layer) if isinstance(layer, str) else layer
    layer.raise_unsupported()
    graph = forward_graph(layer)
    cotangents = _incoming_names(layer)
    inputs = {name: _input_definition(name, layer) for name in layer.wrt}
    reverse = differentiate(graph, inputs, cotangents, frozenset(layer.inputs))
    return _Assembly(layer, graph, cotangents, inputs, reverse).derivation()


def forward_graph(layer: Layer) -> Graph:
    """Return the layer's statements in stable single-assignment form."""
    graph = Graph()
    plain = [Statement(s.name, s.subscripts, desugar(s.value)) for s in layer.statements]
    normalise(stabilise(plain), graph)
    graph = name_products(graph, set(layer.wrt), set(layer.inputs))
    offer_softmax(graph)
    return graph


def _incoming_names(layer: Layer) -> dict[str, str]:
    taken = _user_names(layer)
    return {output: gradient_name(output, taken) for output in layer.outputs}


def gradient_name(name: str, taken: set[str]) -> str:
    """Return d + name, or grad_ + name where the user has taken that."""
    return f"grad_{name}" if f"d{name}" in taken else f"d{name}"


def _user_names(layer: Layer) -> set[str]:
    assigned = {statement.name for statement in layer.statements}
    return {*layer.inputs, *layer.constants, *layer.opaque, *assigned}


def _input_definition(name: str, layer: Layer) -> Definition:
    """Return the input with an index of its own for each axis."""
    letters: list[Index] = []
    for index in layer.axes[name]:
        taken = {other.name for other in letters}
        letter = index.name
        if letter in taken:
            letter = next(c for c in "ijklmnopqrstuvwabcdefgh" if c not in taken)
        letters.append(index.fresh(letter))
    element = Element(name, tuple(IndexValue(index) for index in letters))
    return Definition(name, tuple(letters), element)


@dataclass
class _Assembly:
    """Put final names on what was derived, and build statements, program and trails from it."""

    layer: Layer
    graph: Graph
    cotangents: dict[str, str]
    inputs: dict[str, Definition]
    reverse: Reverse

    def derivation(self) -> Derivation:
        counts = self.reverse.uses(list(self.inputs))
        statements = [
            self._statement(target)
            for target in self.reverse.adjoints
            if target in self.inputs or counts.get(target)
        ]
        statements += [self._zero(n) for n in self.inputs if n not in self.reverse.adjoints]
        results = [self.reverse.names[name] for name in self.inputs]
        plan = schedule(self.graph, self.layer.outputs, statements, results)
        program = self._program(plan)
        by_name = {statement.name: statement for statement in program.backward}
        gradients = {
            name: Gradient(name, by_name[program.gradients[name]], self) for name in self.layer.wrt
        }
        return Derivation(self.layer, program, gradients, self)

    @cached_property
    def names(self) -> dict[str, str]:
        """Final names of intermediates and adjoints."""
        taken = _user_names(self.layer) | set(self.cotangents.values())
        taken |= {gradient_name(name, taken) for name in self.inputs}
        names = name_intermediates(self.graph, taken)
        users = _user_names(self.layer)
        for target, provisional in self.reverse.names.items():
            if provisional.startswith("d:"):
                final = gradient_name(names.get(target, target), users)
                if final in self.cotangents.values():
                    final = f"{final}_total"
                names[provisional] = final
        return names

    @cached_property
    def order(self) -> Order:
        appearing = [n for s in self.layer.statements for n in element_names(s.value)]
        assigned = [statement.name for statement in self.layer.statements]
        ranks = {n: place for place, n in enumerate(dict.fromkeys([*appearing, *assigned]))}
        gradients = [*self.cotangents.values(), *self.reverse.names.values()]
        return reading_order(ranks, {n: place for place, n in enumerate(dict.fromkeys(gradients))})

    def _statement(self, target: str) -> Statement:
        adjoint = self.reverse.adjoints[target]
        value = factored(adjoint.terms, self.order)
        subscripts = tuple(IndexValue(index) for index in adjoint.indices)
        return Statement(self.reverse.names[target], subscripts, value)

    def _zero(self, name: str) -> Statement:
        return Statement(self.reverse.names[name], self.inputs[name].element().subscripts, ZERO)

    def _final(self, statement: Statement) -> Statement:
        name = self.names.get(statement.name, statement.name)
        value = rename_elements(statement.value, self.names)
        return Statement(name, statement.subscripts, value)

    def _program(self, plan: Schedule) -> Program:
        return Program(
            self.layer,
            tuple(self._final(s) for s in plan.forward.values()),
            tuple(self._final(s) for s in plan.backward.values()),
            self.cotangents,
            {name: self.names[self.reverse.names[name]] for name in self.layer.wrt},
        )

    def trail(self, target: str) -> Trail:
        """Return the steps of the gradient by one value; none when no path leads to it."""
        adjoint = self.reverse.adjoints.get(target)
        if adjoint is None:
            return Trail(self.inputs[target].element(), self.names[self.reverse.names[target]], ())
        result = factored(adjoint.terms, self.order)
        letters = free_letters(self._letters())
        return trail_of(adjoint, result, self.reverse.names, self.names, letters, self.order)

    def _letters(self) -> Sequence[str]:
        letters = [index.name for axes in self.layer.axes.values() for index in axes]
        scalars = [name for name, axes in self.layer.axes.items() if not axes]
        return [*letters, *scalars, *self.layer.constants]

    def intermediates(self) -> tuple[Statement, ...]:
        """Return the definitions that the trails mention, in order."""
        mentioned = {
            part.name
            for target in self.reverse.adjoints
            for part in self._mentions(target)
            if isinstance(part, Element)
        }
        return tuple(
            self._final(Statement(d.name, d.element().subscripts, d.body))
            for d in self.graph
            if not d.written and d.name in mentioned
        )

    def _mentions(self, target: str) -> list[Expr]:
        adjoint = self.reverse.adjoints[target]
        parts = [adjoint.target, *(path.source for path in adjoint.paths)]
        bases = [b for line in adjoint.lines for term in line.terms for b, _ in term.factors]
        return [*parts, *(inner for base in bases for inner in walk(base))]
