"""Test whether an array is another sum of the right terms than the one that it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, combinations, permutations
from typing import Any

import numpy as np

from symgrad.errors import ShapeError
from symgrad.language.expr import Delta, Expr, IndexValue, Mul, Reduce, mul, walk
from symgrad.language.statement import Statement
from symgrad.oracle.machine import Machine
from symgrad.verification.diagnosis.rewriting import place_at
from symgrad.verification.diagnosis.trials import Evidence, Trial

Fields = dict[str, Any]
# what an array would be, from a call and the right array
Predict = Callable[[Trial, np.ndarray], Any]
# the most indices, bound ones included, whose terms are all written out
_MOST_AXES = 6


def run_statements(
    evidence: Evidence, trial: Trial, statements: list[Statement]
) -> np.ndarray | None:
    """Return the last of the statements' tensors in a trial; None where it has no value there."""
    try:
        tensors = Machine(statements, evidence.bench.functions).run(trial.tensors)
    except (ShapeError, ArithmeticError):
        return None
    return tensors[statements[-1].name].to_array()


def other_sum(evidence: Evidence) -> Fields | None:
    """Compare with the sum over every other choice of the indices of a statement's outer sum."""
    statement = evidence.target.statement
    if statement is None or len(statement.indices) != len(statement.subscripts):
        return None
    value = statement.value
    if not (isinstance(value, Reduce) and value.op == "sum" and value.condition is None):
        return None
    indices = (*statement.indices, *value.indices)
    if len(indices) > 4:
        return None
    terms = Statement(statement.name, tuple(map(_as_value, indices)), value.body)
    inside = place_at(evidence, statement).inside(value)
    letters = [inside.page.scope.letter(index) for index in indices]
    right = letters[len(statement.indices) :]
    everything = {
        id(trial): run_statements(evidence, trial, [*evidence.target.chain[:-1], terms])
        for trial in evidence.trials
    }
    for summed, order in _choices(len(indices), len(statement.indices)):
        words = ", ".join(letters[k] for k in summed)
        for kind in (np.sum, np.mean):

            def predict(trial: Trial, _: Any, kind: Any = kind, summed: Any = summed) -> Any:
                full = everything[id(trial)]
                return None if full is None else kind(full, axis=summed).transpose(order)  # noqa: B023

            if evidence.explained_by(predict):
                return {"text": _summed_text(kind is np.mean, words, ", ".join(right))}
    return None


def _summed_text(is_mean: bool, words: str, right: str) -> str:
    if not words:
        return f"is not summed over {right}"
    if is_mean and words == right:
        return f"is the mean over {right} in place of the sum"
    kind = "averaged" if is_mean else "summed"
    return f"is {kind} over {words}, and has to be summed over {right}"


def last_alone(evidence: Evidence) -> Fields | None:
    """Keep of the terms that meet at one place the last, as `dx[ids] += dy` does."""
    statement = evidence.target.statement
    scattered = None if statement is None else _scattered(statement)
    if statement is None or scattered is None:
        return None
    kept = len(statement.indices)
    indices = (*statement.indices, *scattered.indices)
    terms = Statement(statement.name, tuple(map(_as_value, indices)), scattered.body)
    for order in permutations(range(kept, len(indices))):

        def predict(trial: Trial, _: Any, order: Any = order) -> Any:
            full = run_statements(evidence, trial, [*evidence.target.chain[:-1], terms])
            if full is None:
                return None
            flat = full.transpose(*range(kept), *order).reshape(*full.shape[:kept], -1)
            last = flat.shape[-1] - 1 - (flat[..., ::-1] != 0).argmax(axis=-1)
            return np.take_along_axis(flat, last[..., None], axis=-1)[..., 0]

        if evidence.explained_by(predict):
            return {}
    return None


def _scattered(statement: Statement) -> Reduce | None:
    """Return the sum over deltas that a statement is, factors in front of it taken inside."""
    factors = statement.value.factors if isinstance(statement.value, Mul) else (statement.value,)
    sums = [part for part in factors if isinstance(part, Reduce) and part.op == "sum"]
    plain = len(statement.indices) == len(statement.subscripts)
    if len(sums) != 1 or not plain or len(statement.indices) + len(sums[0].indices) > _MOST_AXES:
        return None
    (one,) = sums
    if one.condition is not None or not any(isinstance(part, Delta) for part in walk(one.body)):
        return None
    others = [part for part in factors if part is not one]
    return Reduce("sum", one.indices, None, mul(*others, one.body))


def _choices(count: int, kept: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield the positions that are summed, with an order of the others; the right choice first."""
    right = tuple(range(kept, count))
    sets = chain.from_iterable(combinations(range(count), n) for n in range(count))
    for summed in sorted(sets, key=lambda chosen: chosen != right):
        for order in permutations(range(count - len(summed))):
            yield summed, order


def _as_value(index: Any) -> Expr:
    return IndexValue(index)
