"""Look for the one change to the right formula that gives what was found.

A rule changes one node; every place of every statement is tried, and evaluated by the oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from symgrad.errors import ShapeError
from symgrad.formats.layout import Page
from symgrad.formats.naming import Scope
from symgrad.formats.text import TEXT
from symgrad.language.expr import Element, Expr, Pad
from symgrad.language.lengths import Lengths
from symgrad.language.statement import Statement
from symgrad.oracle.machine import Machine
from symgrad.verification.diagnosis.changing import RULES, WHOLE, Change, Place, Rule
from symgrad.verification.diagnosis.expanding import expanded
from symgrad.verification.diagnosis.trials import Evidence, Trial, chain_of

_MOST_CHANGES = 600


def changes(expr: Expr, place: Place, rule: Rule) -> Iterator[Change]:
    """Yield what a rule makes of each node, with the whole expression around it."""
    yield from rule(expr, place)
    if rule in WHOLE:
        return
    if isinstance(expr, (Element, Pad)):
        return
    inner = place.inside(expr)
    parts = expr.parts()
    for position, part in enumerate(parts):
        for sentence, new in _part_changes(part, inner, rule):
            build: Callable[..., Expr] = type(expr)
            yield sentence, build(*parts[:position], new, *parts[position + 1 :])


def _part_changes(part: Any, place: Place, rule: Rule) -> Iterator[tuple[str, Any]]:
    if isinstance(part, Expr):
        yield from changes(part, place, rule)
    elif isinstance(part, tuple):
        for position, item in enumerate(part):
            if isinstance(item, Expr):
                for sentence, new in changes(item, place, rule):
                    yield sentence, (*part[:position], new, *part[position + 1 :])


def explain_by_change(evidence: Evidence) -> str | None:
    """Return the first change of one place that gives what was found in every trial.

    What the gradient reads of forward is changed after its own statements, and expressions in which
    tensors are written out as sums after those that the derivation prints.
    """
    chain = _whole_chain(evidence)
    definitions = {s.name: s for s in chain if len(s.indices) == len(s.subscripts)}
    tried = 0
    for rule in (*RULES, *WHOLE):
        for statement in reversed(chain):
            place = place_at(evidence, statement)
            long = expanded(statement.value, definitions)
            for source in dict.fromkeys((statement.value, long)):
                for sentence, value in changes(source, place, rule):
                    tried += 1
                    if tried > _MOST_CHANGES:
                        return None
                    new = Statement(statement.name, statement.subscripts, value)
                    if _explains(evidence, chain, statement, new):
                        where = "" if statement is chain[-1] else f" (in {statement.name})"
                        return sentence + where
    return None


def _whole_chain(evidence: Evidence) -> tuple[Statement, ...]:
    """Return the statements that the target is computed by, those of forward before its own."""
    target, program = evidence.target, evidence.bench.program
    if not target.is_gradient or program is None or not target.chain:
        return target.chain
    return chain_of((*program.forward, *target.chain), target.chain[-1].name)


def _explains(
    evidence: Evidence, chain: Sequence[Statement], old: Statement, new: Statement
) -> bool:
    """Say whether the change gives what was found; what stands before it keeps its values."""
    after = chain[chain.index(old) :]

    def predict(trial: Trial, right: np.ndarray) -> Any:
        try:
            return _run_with(evidence, trial, after, old, new)
        except (ShapeError, ArithmeticError, ValueError, KeyError, IndexError):
            return None

    return evidence.explained_by(predict)


def run_chain(evidence: Evidence, trial: Trial, old: Statement, new: Statement) -> np.ndarray:
    """Return the target, computed with one statement in the place of another."""
    return _run_with(evidence, trial, evidence.target.chain, old, new)


def _run_with(
    evidence: Evidence, trial: Trial, chain: Sequence[Statement], old: Statement, new: Statement
) -> np.ndarray:
    changed = [new if statement is old else statement for statement in chain]
    tensors = Machine(changed, evidence.bench.functions).run(trial.tensors)
    return tensors[changed[-1].name].to_array()


def place_at(evidence: Evidence, statement: Statement) -> Place:
    """Return the place of a statement's right side."""
    bench = evidence.bench
    layer = bench.layer
    axes: dict[str, tuple[Any, ...]] = {
        name: tuple(index.extent for index in indices) for name, indices in layer.axes.items()
    }
    if bench.program is not None:
        for output, word in bench.program.cotangents.items():
            axes[word] = axes[output]
        for one in bench.program.forward:
            plain = len(one.indices) == len(one.subscripts)
            if plain:
                axes.setdefault(one.name, tuple(index.extent for index in one.indices))
    readable = set(_readable(evidence))
    axes = {name: value for name, value in axes.items() if name in readable}
    return Place(_page(statement, bench.lengths), evidence.target.upstream, axes)


def _readable(evidence: Evidence) -> list[str]:
    tensors = evidence.trials[0].tensors if evidence.trials else {}
    if evidence.target.is_gradient:
        return list(tensors)
    own = {statement.name for statement in evidence.target.chain}
    return [name for name in evidence.bench.layer.inputs if name not in own]


def printed(statement: Statement, expr: Expr, lengths: Lengths) -> str:
    """Return an expression over a statement's indices, as the statement would print it."""
    return Page(TEXT, Scope.around((expr,), statement.indices), None, lengths).text(expr)


def _page(statement: Statement, lengths: Lengths) -> Page:
    target = Element(statement.name, statement.subscripts)
    scope = Scope.around((target, statement.value), statement.indices)
    return Page(TEXT, scope, None, lengths)
