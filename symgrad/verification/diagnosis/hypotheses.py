"""State what may be wrong with an array, each hypothesis with its test on numbers.

The first that explains every sample exactly is the diagnosis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, combinations, permutations
from typing import Any

import numpy as np

from symgrad.language.expr import ONE, Element, Expr, replace
from symgrad.language.statement import Statement
from symgrad.verification.diagnosis.divisions import is_left_out
from symgrad.verification.diagnosis.rewriting import explain_by_change
from symgrad.verification.diagnosis.scales import divisor_of, factor_between, name_of_factors
from symgrad.verification.diagnosis.summing import (
    Fields,
    Predict,
    last_alone,
    other_sum,
    run_statements,
)
from symgrad.verification.diagnosis.terms import explain_by_terms
from symgrad.verification.diagnosis.trials import Evidence, Trial, as_numbers, close

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Hypothesis:
    """One thing that may be wrong.

    Attributes:
        name: what it is.
        sentence: how a report says it, with the fields that the test returns.
        test: returns the fields where it explains the evidence, else None.
    """

    name: str
    sentence: str
    test: Callable[[Evidence], Fields | None]


# --- what is no array of finite numbers ----------------------------------------------------------


def _missing(evidence: Evidence) -> Fields | None:
    found = [evidence.target.found(trial.outcome) for trial in evidence.trials]
    return {} if all(value is None or _is_none(value) for value in found) else None


def _is_none(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == object and value.item() is None


def _no_numbers(evidence: Evidence) -> Fields | None:
    found = evidence.target.found(evidence.trials[0].outcome)
    return {} if found is not None and as_numbers(found) is None else None


def _not_finite(evidence: Evidence) -> Fields | None:
    _, found, right = evidence.first
    if found is None or found.shape != right.shape:
        return None
    bad = ~np.isfinite(found) & np.isfinite(right)
    if not bad.any():
        return None
    place = tuple(int(k) for k in np.argwhere(bad)[0])
    rest = close(np.where(bad, right, found), right)
    where = f"{list(place)}" if place else "its only entry"
    return {
        "value": "NaN" if np.isnan(found[place]) else "infinite",
        "count": int(bad.sum()),
        "size": found.size,
        "place": where,
        "rest": ", right elsewhere" if rest and not bad.all() else "",
    }


# --- the whole array -----------------------------------------------------------------------------


def _zero(evidence: Evidence) -> Fields | None:
    return {} if evidence.explained_by(lambda _, right: np.zeros_like(right)) else None


def _the_other(label: str) -> Predict:
    return lambda trial, right: trial.rights[label]


def _swapped(evidence: Evidence) -> Fields | None:
    target = evidence.target
    for other in evidence.bench.targets():
        if other.is_gradient != target.is_gradient or other.label == target.label:
            continue
        if evidence.explained_by(_the_other(other.label)):
            return {"other": other.label}
    return None


def _in_order(order: tuple[int, ...]) -> Predict:
    return lambda trial, right: right.transpose(order)


def _sign(evidence: Evidence) -> Fields | None:
    return {} if evidence.explained_by(lambda _, right: -right) else None


def _asrun_statements(evidence: Evidence, statements: list[Statement]) -> Predict:
    return lambda trial, right: run_statements(evidence, trial, statements)


def _upstream(evidence: Evidence) -> Fields | None:
    names = evidence.target.upstream
    sets = chain.from_iterable(combinations(names, n) for n in range(1, len(names) + 1))
    for chosen in sets:

        def to_one(part: Expr, chosen: tuple[str, ...] = chosen) -> Expr | None:
            return ONE if isinstance(part, Element) and part.name in chosen else None

        statements = [
            Statement(s.name, s.subscripts, replace(s.value, to_one)) for s in evidence.target.chain
        ]
        if evidence.explained_by(_asrun_statements(evidence, statements)):
            return {"upstream": " and ".join(chosen)}
    return None


def _upstream_itself(evidence: Evidence) -> Fields | None:
    for name in evidence.target.upstream:
        if evidence.explained_by(_tensor(name)):
            return {"upstream": name}
    return None


def _tensor(name: str) -> Predict:
    return lambda trial, _: trial.tensors[name].to_array()


def _scaled(evidence: Evidence) -> Fields | None:
    factors, trials = [], []
    for trial, found, right in evidence.pairs:
        if found is None or found.shape != right.shape or not np.isfinite(found).all():
            return None
        factor = factor_between(found, right)
        if factor is None or not close(found, factor * right) or not factor:
            return None
        factors.append(factor)
        trials.append(trial)
    if len(evidence.pairs) < 2 and evidence.pairs[0][1].size < 2:
        return None
    name = name_of_factors(factors, trials)
    if name is None or name == "1":
        return None
    return {"factor": name, "remark": _remark(evidence, name, factors, trials)}


def _remark(evidence: Evidence, name: str, factors: list[float], trials: list[Trial]) -> str:
    """Return what a factor means, where it is made of lengths."""
    if name.startswith("1/") and not name[2:].isdigit():
        return f": divided by {divisor_of(name)}"
    if is_left_out(evidence, factors, trials):
        return f": the division by {name} is missing"
    return ""


# --- the shape -----------------------------------------------------------------------------------


def _transposed(evidence: Evidence) -> Fields | None:
    rank = evidence.first[2].ndim
    for order in permutations(range(rank)):
        if order == tuple(range(rank)) or rank > 5:
            continue
        if evidence.explained_by(_in_order(order)):
            return {"order": "" if rank == 2 else f", its axes in the order {list(order)}"}
    return None


def _along(predict: Callable[[np.ndarray, Shape], Any], axes: Shape) -> Predict:
    return lambda trial, right: predict(right, axes)


def _reduced(predict: Callable[[np.ndarray, Shape], Any]) -> Callable[[Evidence], Fields | None]:
    """Return a test that compares over each choice of axes of the array that should be there."""

    def test(evidence: Evidence) -> Fields | None:
        rank = evidence.first[2].ndim
        sets = chain.from_iterable(combinations(range(rank), n) for n in range(1, rank + 1))
        for axes in sets:
            if evidence.explained_by(_along(predict, axes)):
                return {"axes": _axes(axes)}
        return None

    return test


def _axes(axes: Shape) -> str:
    return f"{'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"


def _not_summed(evidence: Evidence) -> Fields | None:
    """Sum the found array over axes that it has too many, or that should be shorter."""
    rank = max((found.ndim for _, found, _ in evidence.pairs if found is not None), default=0)
    sets = chain.from_iterable(combinations(range(rank), n) for n in range(1, rank + 1))
    for axes in sets:
        fits = all(
            found is not None
            and found.ndim == rank
            and found.shape != right.shape
            and close(found.sum(axis=axes), right)
            for _, found, right in evidence.pairs
        )
        if fits:
            return {"axes": _axes(axes), **_shapes(evidence)}
    return None


def _reshaped(evidence: Evidence) -> Fields | None:
    fits = all(
        found is not None and found.size == right.size and close(found.reshape(right.shape), right)
        for _, found, right in evidence.pairs
    )
    return _shapes(evidence) if fits else None


def _to_broadcast(evidence: Evidence) -> Fields | None:
    for _, found, right in evidence.pairs:
        try:
            if found is None or not close(np.broadcast_to(found, right.shape), right):
                return None
        except ValueError:
            return None
    return _shapes(evidence)


def _other_shape(evidence: Evidence) -> Fields | None:
    _, found, right = evidence.first
    return None if found is None or found.shape == right.shape else _shapes(evidence)


def _shapes(evidence: Evidence) -> Fields:
    _, found, right = evidence.first
    return {"found": found.shape, "right": right.shape}


# --- the incoming gradient -----------------------------------------------------------------------


def _power_of_upstream(evidence: Evidence) -> int | None:
    """Return n where an incoming gradient twice as large gives 2^n times the array, n not 1."""
    if not evidence.target.is_gradient:
        return None
    powers = set()
    for trial, found, _ in evidence.pairs:
        doubled = {name: 2 * value for name, value in trial.sample.cotangents.items()}
        outcome = evidence.bench.subject.run(trial.sample.inputs, doubled)
        again = as_numbers(evidence.target.found(outcome))
        powers.add(next((n for n in (1, 0, 2) if _is_times(again, found, 2.0**n)), -1))
    power = powers.pop() if len(powers) == 1 else 1
    return power if power in (0, 2) else None


def _is_times(again: Any, found: Any, factor: float) -> bool:
    return again is not None and found is not None and close(again, factor * found)


def _independent(evidence: Evidence) -> Fields | None:
    return {} if _power_of_upstream(evidence) == 0 else None


def _quadratic(evidence: Evidence) -> Fields | None:
    return {} if _power_of_upstream(evidence) == 2 else None


# --- a part of the array -------------------------------------------------------------------------


def _partly(evidence: Evidence) -> Fields | None:
    """Say along which axis the wrong entries have one place, the first or the last."""
    slabs: set[tuple[int, str]] | None = None
    for _, found, right in evidence.pairs:
        if found is None or found.shape != right.shape:
            return None
        wrong = ~np.isclose(found, right, rtol=1e-7, atol=1e-9)
        if not wrong.any() or wrong.all():
            return None
        here = {
            (axis, word)
            for axis, length in enumerate(found.shape)
            for word, place in (("first", 0), ("last", length - 1))
            if length > 1 and np.all(np.nonzero(wrong)[axis] == place)
        }
        slabs = here if slabs is None else slabs & here
    if not slabs:
        return None
    axis, word = min(slabs)
    return {"axis": axis, "word": word}


def _text_of(explain: Callable[[Evidence], str | None]) -> Callable[[Evidence], Fields | None]:
    def test(evidence: Evidence) -> Fields | None:
        text = explain(evidence)
        return None if text is None else {"text": text}

    return test


HYPOTHESES: tuple[Hypothesis, ...] = (
    Hypothesis("missing", "is missing (None)", _missing),
    Hypothesis("no numbers", "is no array of numbers", _no_numbers),
    Hypothesis(
        "not finite", "is {value} in {count} of {size} entries, first at {place}{rest}", _not_finite
    ),
    Hypothesis("zero", "is 0 everywhere", _zero),
    Hypothesis("sign", "has the wrong sign", _sign),
    Hypothesis(
        "upstream itself",
        "is {upstream} itself: the derivative of the layer is missing",
        _upstream_itself,
    ),
    Hypothesis("swapped", "is {other}: the two are swapped", _swapped),
    Hypothesis(
        "upstream",
        "is not multiplied by the incoming gradient: it is what {upstream} = 1 gives",
        _upstream,
    ),
    Hypothesis("scaled", "is scaled by {factor}{remark}", _scaled),
    Hypothesis("transposed", "is transposed{order}", _transposed),
    Hypothesis("wrong sum", "{text}", other_sum),
    Hypothesis(
        "not summed", "is not summed over {axes}: its shape is {found}, not {right}", _not_summed
    ),
    Hypothesis("reshaped", "has the right entries in the shape {found}, not {right}", _reshaped),
    Hypothesis(
        "summed",
        "is summed over {axes}, which it has to keep",
        _reduced(lambda right, axes: right.sum(axis=axes)),
    ),
    Hypothesis(
        "to broadcast", "has shape {found} and has to be broadcast to {right}", _to_broadcast
    ),
    Hypothesis("terms", "{text}", _text_of(explain_by_terms)),
    Hypothesis("one change", "{text}", _text_of(explain_by_change)),
    Hypothesis(
        "last alone",
        "holds the last of the terms that meet at a place, not their sum, as dx[ids] += dy does: "
        "np.add.at adds all",
        last_alone,
    ),
    Hypothesis(
        "summed and kept",
        "is summed over {axes}, each entry holds the sum",
        _reduced(
            lambda right, axes: np.broadcast_to(right.sum(axis=axes, keepdims=True), right.shape)
        ),
    ),
    Hypothesis("independent", "does not depend on the incoming gradient", _independent),
    Hypothesis("quadratic", "has the incoming gradient in it twice", _quadratic),
    Hypothesis("partly", "is wrong at the {word} place of axis {axis} alone", _partly),
    Hypothesis("shape", "has shape {found}, not {right}: no simple explanation", _other_shape),
)
UNEXPLAINED = "no simple explanation: none of the usual mistakes gives these numbers"


def explain(evidence: Evidence) -> str:
    """Return the sentence of the first hypothesis that explains the evidence."""
    for hypothesis in HYPOTHESES:
        fields = hypothesis.test(evidence)
        if fields is not None:
            return hypothesis.sentence.format(**fields)
    return UNEXPLAINED
