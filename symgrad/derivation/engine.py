"""Derive the gradients of a layer: from statements to a program, with the steps that led there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count

from symgrad.derivation.adjoint import Reverse, differentiate
from symgrad.derivation.candidates import name_products, offer_softmax
from symgrad.derivation.desugar import desugar
from symgrad.derivation.factor import Order, factored, reading_order
from symgrad.derivation.graph import Definition, Graph
from symgrad.derivation.names import name_intermediates, unique
from symgrad.derivation.normalise import normalise
from symgrad.derivation.parts import statements_of
from symgrad.derivation.result import Derivation, Gradient
from symgrad.derivation.rules import pad_masked_reads
from symgrad.derivation.schedule import Schedule, rename_elements, schedule
from symgrad.derivation.stabilise import stabilise
from symgrad.derivation.steps import Trail, free_letters, trail_of
from symgrad.derivation.terms import Term
from symgrad.language.expr import (
    ZERO,
    ArgReduce,
    Element,
    Expr,
    Index,
    IndexValue,
    Pad,
    element_names,
    rename,
    walk,
)
from symgrad.language.layer import Layer, Statement
from symgrad.language.lengths import Lengths
from symgrad.language.program import Program


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
    leaves = {name: layer.axes[name] for name in layer.inputs}
    reverse = differentiate(graph, inputs, cotangents, leaves, _checked_integers(layer))
    return _Assembly(layer, graph, cotangents, inputs, reverse).derivation()


def forward_graph(layer: Layer) -> Graph:
    """Return the layer's statements in stable single-assignment form."""
    graph = Graph()
    plain = [
        Statement(s.name, tuple(map(desugar, s.subscripts)), desugar(s.value))
        for s in layer.statements
    ]
    normalise(stabilise(plain), graph, layer.axes)
    graph = name_products(graph, set(layer.wrt), set(layer.inputs))
    offer_softmax(graph)
    return graph


def _checked_integers(layer: Layer) -> tuple[str, ...]:
    """Return the integer inputs that stand nowhere under `pad`, which takes any value."""
    padded = {
        name
        for statement in layer.statements
        for part in walk(statement.value)
        if isinstance(part, Pad)
        for subscript in part.element.subscripts
        for name in element_names(subscript)
    }
    return tuple(name for name in layer.integers if name not in padded)


def _incoming_names(layer: Layer) -> dict[str, str]:
    taken = _user_names(layer)
    names: dict[str, str] = {}
    for output in layer.outputs:
        names[output] = gradient_name(output, taken | set(names.values()))
    return names


def gradient_name(name: str, taken: set[str]) -> str:
    """Return d + name, or grad_ + name where the user has taken that (then with a number)."""
    names = chain((f"d{name}", f"grad_{name}"), (f"grad_{name}{n}" for n in count(2)))
    return next(found for found in names if found not in taken)


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
        reserved = set(taken)
        for name in self.inputs:
            reserved.add(gradient_name(name, reserved))
        names = name_intermediates(self.graph, reserved)
        for target, provisional in self.reverse.names.items():
            if provisional.startswith("d:"):
                names[provisional] = self._adjoint_name(target, names.get(target, target), taken)
                taken.add(names[provisional])
        return names

    def _adjoint_name(self, target: str, name: str, taken: set[str]) -> str:
        """Return the gradient's name; an output that is read has a total beside what comes in."""
        if target not in self.cotangents:
            return gradient_name(name, taken)
        total = "_total" if self.graph[target].indices else "total"
        return unique(f"{self.cotangents[target]}{total}", taken)

    @cached_property
    def order(self) -> Order:
        appearing = [n for s in self.layer.statements for n in element_names(s.value)]
        assigned = [statement.name for statement in self.layer.statements]
        ranks = {n: place for place, n in enumerate(dict.fromkeys([*appearing, *assigned]))}
        gradients = [*self.cotangents.values(), *self.reverse.names.values()]
        return reading_order(ranks, {n: place for place, n in enumerate(dict.fromkeys(gradients))})

    def _statement(self, target: str) -> Statement:
        adjoint = self.reverse.adjoints[target]
        value = factored(self._shown_terms(target), self.order)
        subscripts = tuple(IndexValue(index) for index in adjoint.indices)
        return Statement(self.reverse.names[target], subscripts, value)

    def _shown_terms(self, target: str) -> list[Term]:
        terms = self.reverse.adjoints[target].terms
        return [pad_masked_reads(term, self.reverse.context) for term in terms]

    def _zero(self, name: str) -> Statement:
        return Statement(self.reverse.names[name], self.inputs[name].element().subscripts, ZERO)

    def _final(self, statement: Statement) -> Statement:
        """Return the statement under its final name; an intermediate's in the layer's letters."""
        name = self.names.get(statement.name, statement.name)
        value = rename_elements(statement.value, self.names)
        target = self.reverse.sources.get(statement.name, statement.name)
        if target not in self.graph or self.graph[target].written:
            return Statement(name, statement.subscripts, value)
        mapping = self._layer_letters(statement.indices)
        subscripts = tuple(IndexValue(mapping[index]) for index in statement.indices)
        return Statement(name, subscripts, rename(value, mapping))

    def _layer_letters(self, indices: Sequence[Index]) -> dict[Index, Index]:
        """Return each index with the letter that its range has in outputs and inputs."""
        mapping: dict[Index, Index] = {}
        for index in indices:
            taken = {new.name for new in mapping.values()}
            letters = self._letters_of_ranges.get(index.extent, {})
            letter = next((letter for letter in letters if letter not in taken), index.name)
            mapping[index] = index.fresh(letter)
        return mapping

    @cached_property
    def _letters_of_ranges(self) -> dict[Expr | None, dict[str, None]]:
        """The letters of the axes that have a range, those of the last outputs first."""
        statements = [statement.name for statement in reversed(self.layer.statements)]
        letters: dict[Expr | None, dict[str, None]] = {}
        for name in dict.fromkeys((*statements, *self.layer.inputs)):
            for axis in self.layer.axes[name]:
                letters.setdefault(axis.extent, {})[axis.name] = None
        return letters

    def _program(self, plan: Schedule) -> Program:
        return Program(
            self.layer,
            tuple(p for s in plan.forward.values() for p in statements_of(self._final(s))),
            tuple(self._final(s) for s in plan.backward.values()),
            self.cotangents,
            {name: self.names[self.reverse.names[name]] for name in self.layer.wrt},
        )

    @property
    def targets(self) -> tuple[str, ...]:
        """The values that have an adjoint, in the order of backward."""
        return tuple(self.reverse.adjoints)

    def trail(self, target: str) -> Trail:
        """Return the steps of the gradient by one value; none when no path leads to it."""
        adjoint = self.reverse.adjoints.get(target)
        if adjoint is None:
            return Trail(self.inputs[target].element(), self.names[self.reverse.names[target]], ())
        result = factored(self._shown_terms(target), self.order)
        letters = free_letters(self._letters())
        return trail_of(adjoint, result, self.reverse.names, self.names, letters, self.order)

    @cached_property
    def lengths(self) -> Lengths:
        """How far the axes of every tensor reach, incoming gradients and named values too."""
        axes: dict[str, Sequence[Index]] = dict(self.layer.axes)
        axes |= {self.names.get(d.name, d.name): d.indices for d in self.graph}
        axes |= {name: axes[output] for output, name in self.cotangents.items()}
        gradients = self.reverse.adjoints.items()
        axes |= {self.names[self.reverse.names[n]]: a.indices for n, a in gradients if a.paths}
        places = {
            self.names.get(d.name, d.name): d.body.index.extent
            for d in self.graph
            if isinstance(d.body, ArgReduce)
        }
        reach = {name: tuple(i.extent for i in indices) for name, indices in axes.items()}
        return Lengths(reach, places)

    def _letters(self) -> Sequence[str]:
        letters = [index.name for axes in self.layer.axes.values() for index in axes]
        return [*letters, *self.layer.axes, *self.layer.constants]

    def intermediates(self) -> tuple[Statement, ...]:
        """Return the definitions that the trails mention, in order."""
        mentioned = {
            part.name: None
            for target in self.reverse.adjoints
            for part in self._mentions(target)
            if isinstance(part, Element)
        }
        shown = self.graph.needed([name for name in mentioned if name in self.graph])
        return self._definitions(d for d in self.graph if not d.written and d.name in shown)

    def definitions(self) -> tuple[Statement, ...]:
        """Return every value that the outputs are computed from, in order."""
        needed = self.graph.needed(self.layer.outputs)
        return self._definitions(d for d in self.graph if d.name in needed)

    def _definitions(self, found: Iterable[Definition]) -> tuple[Statement, ...]:
        return tuple(self._final(Statement(d.name, d.element().subscripts, d.body)) for d in found)

    def _mentions(self, target: str) -> list[Expr]:
        adjoint = self.reverse.adjoints[target]
        parts = [adjoint.target, *(path.source for path in adjoint.paths)]
        bases = [b for line in adjoint.lines for term in line.terms for b, _ in term.factors]
        return [*parts, *(inner for base in bases for inner in walk(base))]
