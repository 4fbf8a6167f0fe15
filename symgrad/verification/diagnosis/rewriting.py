"""Look for the one change to the right formula that gives what was found.

A rule changes one node; every place of every statement is tried, and evaluated by the oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np

from symgrad.errors import ShapeError
from symgrad.formats.layout import Page
from symgrad.formats.naming import Scope
from symgrad.formats.text import TEXT
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Compare,
    Element,
    Expr,
    Index,
    IndexValue,
    Mul,
    Number,
    Pad,
    Power,
    Reduce,
    Where,
    freshen,
    mul,
    substitute,
)
from symgrad.language.lengths import Lengths
from symgrad.language.statement import Statement
from symgrad.oracle.machine import Machine
from symgrad.verification.diagnosis.trials import Evidence, Trial

_MOST_CHANGES = 400
_EXPONENTS = tuple(map(Fraction, ("1", "2", "-1", "1/2", "-1/2", "3", "-3/2", "-2")))
_NEIGHBOURS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Place:
    """Where a node stands: the indices in sight, how they print, and what it may read.

    Attributes:
        page: prints what stands there.
        upstream: the incoming gradients.
        axes: the extents of each tensor that the statements read.
    """

    page: Page
    upstream: tuple[str, ...]
    axes: dict[str, tuple[Any, ...]]

    @property
    def indices(self) -> tuple[Index, ...]:
        """The indices in sight, outermost first."""
        return tuple(self.page.scope.letters)

    def text(self, expr: Expr) -> str:
        """Return a node as the formula prints it."""
        return self.page.text(expr)

    def inside(self, expr: Expr) -> Place:
        """Return the place inside of a node that binds indices."""
        if not expr.bound:
            return self
        scope = self.page.scope.bind(expr.bound, expr.children)
        page = Page(self.page.notation, scope, None, self.page.lengths)
        return Place(page, self.upstream, self.axes)


Change = tuple[str, Expr]
Rule = Callable[[Expr, Place], Iterator[Change]]


def keep_diagonal(expr: Expr, place: Place) -> Iterator[Change]:
    """Keep one term of a sum: that at an index in sight."""
    if isinstance(expr, Reduce) and expr.op == "sum" and len(expr.indices) == 1:
        own = expr.indices[0]
        for index in place.indices:
            if index.extent == own.extent and index not in expr.body.free:
                letter = place.inside(expr).page.scope.letter(own)
                at = f"{letter} = {place.page.scope.letter(index)}"
                body = freshen(substitute(expr.body, {own: IndexValue(index)}))
                text = place.text(expr)
                yield f"of {text} the term {at} alone is there: the cross terms are missing", body


def reduce_other_axis(expr: Expr, place: Place) -> Iterator[Change]:
    """Reduce over a free index of the body in place of the bound one."""
    if not isinstance(expr, Reduce) or len(expr.indices) != 1:
        return
    own = expr.indices[0]
    takers = [i for i in place.indices if i.extent == own.extent and i not in expr.body.free]
    for free in expr.body.free_in_order:
        if free is own or free not in place.indices:
            continue
        for taker in takers:
            fresh = free.fresh()
            moved = substitute(expr.body, {own: IndexValue(taker), free: IndexValue(fresh)})
            letters = place.page.scope.letter(free), place.inside(expr).page.scope.letter(own)
            text = place.text(expr)
            sentence = f"in {text} the {expr.op} is over {letters[0]} in place of {letters[1]}"
            yield sentence, freshen(Reduce(expr.op, (fresh,), None, moved))


def lose_place(expr: Expr, place: Place) -> Iterator[Change]:
    """Put a reduction's value along another axis, as without keepdims."""
    if isinstance(expr, Reduce):
        for free in expr.free_in_order:
            for other in place.indices:
                if free in place.indices and other not in expr.free:
                    letters = (place.page.scope.letter(i) for i in (free, other))
                    text = "{} lies along axis {}, it belongs along {}: keepdims=True is missing"
                    old, new = letters
                    sentence = text.format(place.text(expr), new, old)
                    yield sentence, substitute(freshen(expr), {free: IndexValue(other)})


def confuse_mean(expr: Expr, place: Place) -> Iterator[Change]:
    """Take the mean for the sum, and the other way round."""
    swap = {"mean": "sum", "sum": "mean"}
    if isinstance(expr, Reduce) and expr.op in swap:
        other = swap[expr.op]
        sentence = f"a {other} stands in place of the {expr.op} in {place.text(expr)}"
        yield sentence, Reduce(other, expr.indices, expr.condition, expr.body)


def drop_factor(expr: Expr, place: Place) -> Iterator[Change]:
    """Leave out a factor."""
    if isinstance(expr, Mul):
        for position, factor in enumerate(expr.factors):
            rest = (*expr.factors[:position], *expr.factors[position + 1 :])
            yield f"the factor {place.text(factor)} is missing", _product(rest)


def repeat_factor(expr: Expr, place: Place) -> Iterator[Change]:
    """Multiply by a factor twice."""
    if isinstance(expr, Mul):
        for factor in expr.factors:
            if not isinstance(factor, Number):
                again = Mul((*expr.factors, freshen(factor)))
                yield f"the factor {place.text(factor)} is there twice", again


def drop_term(expr: Expr, place: Place) -> Iterator[Change]:
    """Leave out a term, or turn its sign."""
    if isinstance(expr, Add):
        for position, term in enumerate(expr.terms):
            before, after = expr.terms[:position], expr.terms[position + 1 :]
            text = place.text(term)
            yield f"the term {text} is missing", Add((*before, *after))
            turned = Add((*before, mul(MINUS_ONE, term), *after))
            yield f"the term {text} has the wrong sign", turned


def forget_upstream(expr: Expr, place: Place) -> Iterator[Change]:
    """Take 1 for the incoming gradient."""
    if isinstance(expr, Element) and expr.name in place.upstream:
        yield f"the incoming gradient {place.text(expr)} is missing in one place", ONE


def transpose_operand(expr: Expr, place: Place) -> Iterator[Change]:
    """Read a tensor with its axes in another order."""
    if isinstance(expr, Element) and 1 < len(expr.subscripts) <= 4:
        for order in permutations(expr.subscripts):
            if order != expr.subscripts:
                other = Element(expr.name, order)
                yield f"{place.text(other)} stands in place of {place.text(expr)}", other


def read_other_tensor(expr: Expr, place: Place) -> Iterator[Change]:
    """Read another tensor of the same axes."""
    if isinstance(expr, Element):
        for name, axes in place.axes.items():
            if name != expr.name and axes == place.axes.get(expr.name):
                other = Element(name, expr.subscripts)
                yield f"{place.text(other)} stands in place of {place.text(expr)}", other


def change_exponent(expr: Expr, place: Place) -> Iterator[Change]:
    """Raise to another power."""
    if isinstance(expr, Power) and isinstance(expr.exponent, Number):
        for value in _EXPONENTS:
            if value != expr.exponent.value:
                other = expr.base if value == 1 else Power(expr.base, Number(value))
                yield f"{place.text(other)} stands in place of {place.text(expr)}", other


def change_mask(expr: Expr, place: Place) -> Iterator[Change]:
    """Leave a mask out, or exchange its branches."""
    if isinstance(expr, Where):
        condition = place.text(expr.condition)
        yield f"the mask {condition} is missing", expr.then
        turned = Where(expr.condition, expr.otherwise, expr.then)
        yield f"the mask {condition} is the wrong way round", turned


def change_comparison(expr: Expr, place: Place) -> Iterator[Change]:
    """Compare with the neighbouring operator."""
    if isinstance(expr, Compare):
        other = Compare(_NEIGHBOURS[expr.op], expr.left, expr.right)
        yield f"{place.text(other)} stands in place of {place.text(expr)}", other


RULES: tuple[Rule, ...] = (
    drop_factor,
    drop_term,
    keep_diagonal,
    confuse_mean,
    reduce_other_axis,
    lose_place,
    transpose_operand,
    read_other_tensor,
    change_exponent,
    change_mask,
    change_comparison,
    forget_upstream,
    repeat_factor,
)


def _product(factors: Sequence[Expr]) -> Expr:
    if not factors:
        return ONE
    return factors[0] if len(factors) == 1 else Mul(tuple(factors))


def changes(expr: Expr, place: Place, rule: Rule) -> Iterator[Change]:
    """Yield what a rule makes of each node, with the whole expression around it."""
    yield from rule(expr, place)
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
    """Return the first change of one place that gives what was found in every trial."""
    chain = evidence.target.chain
    tried = 0
    for rule in RULES:
        for statement in reversed(chain):
            place = place_at(evidence, statement)
            for sentence, value in changes(statement.value, place, rule):
                tried += 1
                if tried > _MOST_CHANGES:
                    return None
                new = Statement(statement.name, statement.subscripts, value)
                if _explains(evidence, statement, new):
                    where = "" if statement is chain[-1] else f" (in {statement.name})"
                    return sentence + where
    return None


def _explains(evidence: Evidence, old: Statement, new: Statement) -> bool:
    def predict(trial: Trial, right: np.ndarray) -> Any:
        try:
            return run_chain(evidence, trial, old, new)
        except (ShapeError, ArithmeticError, ValueError, KeyError, IndexError):
            return None

    return evidence.explained_by(predict)


def run_chain(evidence: Evidence, trial: Trial, old: Statement, new: Statement) -> np.ndarray:
    """Return the target, computed with one statement in the place of another."""
    chain = [new if statement is old else statement for statement in evidence.target.chain]
    machine = Machine(chain, evidence.bench.functions)
    tensors = machine.run(trial.tensors)
    return tensors[chain[-1].name].to_array()


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
