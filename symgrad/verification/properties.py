"""State what every layer class must keep to, one function a claim.

A claim returns what is wrong, "" when nothing is, None when it can't be judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgrad.errors import ShapeError
from symgrad.language.layer import Layer
from symgrad.language.program import Program
from symgrad.oracle.frame import Functions
from symgrad.verification import constants
from symgrad.verification.comparison import compare
from symgrad.verification.implementation import Implementation, Outcome
from symgrad.verification.integers import refused_integers, with_entry
from symgrad.verification.reference import (
    evaluate_forward,
    settled_gradients,
    settled_outputs,
    stable_values,
)
from symgrad.verification.samples import (
    FAR_KINKS,
    KINKS,
    LARGE,
    SAMPLERS,
    Sample,
    Sampler,
    draw_cotangents,
    draw_inside_domain,
)
from symgrad.verification.sizes import (
    draw_distinct,
    empty_setting,
    fit,
    free_extents,
    lengthened,
    other_sizes,
)
from symgrad.verification.spans import Setting

KINK_SIZES = (2, 4)
KINK_DRAWS = 3


@dataclass(frozen=True)
class Case:
    """A class under test, its formula, and the call that was compared."""

    layer: Layer
    subject: Implementation
    program: Program | None
    functions: Functions
    sample: Sample
    outcome: Outcome
    generated: bool
    seed: int


Claim = Callable[[Case], str | None]


def arguments_unchanged(case: Case) -> str | None:
    """Forward and backward write to no argument."""
    if case.outcome.forward_error or case.outcome.backward_error:
        return None
    return f"{', '.join(case.outcome.changed)} was written to" if case.outcome.changed else ""


def backward_repeats(case: Case) -> str | None:
    """A second call of backward returns the same."""
    outcome = case.outcome
    if outcome.forward_error or outcome.backward_error:
        return None
    for name, first in outcome.gradients.items():
        again = outcome.again[name]
        if isinstance(first, np.ndarray) != isinstance(again, np.ndarray):
            return f"the gradient by {name} differs in the second call"
        if first is not None and first.dtype.kind == "f" and not _same(first, again):
            return f"the gradient by {name} differs in the second call"
    return ""


def _same(first: np.ndarray, again: np.ndarray) -> bool:
    return np.array_equal(first, again, equal_nan=again.dtype.kind == "f")


def float32_stays(case: Case) -> str | None:
    """float32 arguments give float32 outputs and gradients."""
    if case.outcome.forward_error or case.outcome.backward_error:
        return None
    if all(value.dtype.kind != "f" for value in case.sample.inputs.values()):
        return None
    inputs = {
        name: value.astype(np.float32) if value.dtype.kind == "f" else value
        for name, value in case.sample.inputs.items()
    }
    incoming = {name: value.astype(np.float32) for name, value in case.sample.cotangents.items()}
    outcome = case.subject.run(inputs, incoming)
    if outcome.forward_error or outcome.backward_error:
        return outcome.forward_error or outcome.backward_error
    results = {**outcome.outputs, **{f"d{n}": value for n, value in outcome.gradients.items()}}
    for name, value in results.items():
        if value is None or value.dtype != np.float32:
            return f"{name} is {getattr(value, 'dtype', None)}"
    return ""


def extents_of_one(case: Case) -> str | None:
    """Every axis may have length 1, or the least that a window needs."""
    if not free_extents(case.layer):
        return None
    setting = fit(case.layer, {}, scalar=1, least=1)
    sample = _draw(case, setting, SAMPLERS, np.random.default_rng(case.seed + 1))
    return _disagreement(case, sample)


def empty_axes(case: Case) -> str | None:
    """Any axis may have length 0, where that leaves something to compute.

    What refuses the empty axis is not judged: a read at a fixed place may be in range for none.
    Nor is NaN: a factor 1/size(k) in front of a sum over nothing is inf*0, behind the sum it is 0.
    """
    if not case.generated:
        return None
    message: str | None = None
    extents = free_extents(case.layer)
    for empty in (*([extent] for extent in extents), extents):
        setting = empty_setting(case.layer, empty)
        try:
            sample = _draw(case, setting, SAMPLERS, np.random.default_rng(case.seed + 3))
        except ShapeError:
            continue
        outcome = case.subject.run(sample.inputs, sample.cotangents)
        if "raised ValueError" not in outcome.forward_error:
            message = _disagreement(case, sample, judge_nan=False)
        if message:
            break
    return message


def other_constants(case: Case) -> str | None:
    """Constants that it takes, such as a stride or an epsilon, may have other values.

    So they may on the shortest axes: a window may fit by its padding alone.
    """
    message: str | None = None
    for turn, values in enumerate(constants.other_constants(case.layer)):
        taken = {name: value for name, value in values.items() if case.subject.takes([name])}
        if not taken:
            continue
        rng = np.random.default_rng(case.seed + 2)
        drawn = lengthened(draw_distinct(case.layer, rng, taken), turn)
        for setting in (drawn, fit(case.layer, {}, scalar=1, least=1, constants=taken)):
            try:
                sample = _draw(case, setting, SAMPLERS, rng, taken)
            except ShapeError:  # a formula need not have a value for every constant
                continue
            message = _disagreement(case, sample)
            if message:
                return f"with {_listed(taken)} {message}"
    return message


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def ties_and_kinks(case: Case) -> str | None:
    """At ties and kinks the gradient is the one of the function table."""
    if case.program is None or not case.generated:
        return None
    message: str | None = None
    for draw in range(KINK_DRAWS):
        rng = np.random.default_rng([case.seed, draw])
        # powers of two: their means are exact, so that a tie stays one in any order of summation
        extents = free_extents(case.layer)
        sizes = {extent: KINK_SIZES[k % len(KINK_SIZES)] for k, extent in enumerate(extents)}
        message = _disagreement(case, _draw(case, fit(case.layer, sizes), KINKS, rng))
        if not message:
            return message
    return message


def far_kinks(case: Case) -> str | None:
    """The same for kinks farther from 0."""
    if case.program is None or not case.generated:
        return None
    extents = free_extents(case.layer)
    # 15 values are to be met
    pool = {1: (16,), 2: (4,)}.get(len(extents), KINK_SIZES)
    sizes = {extent: pool[k % len(pool)] for k, extent in enumerate(extents)}
    rng = np.random.default_rng(case.seed + 4)
    return _disagreement(case, _draw(case, fit(case.layer, sizes), FAR_KINKS, rng))


def large_inputs(case: Case) -> str | None:
    """Inputs whose exponentials overflow give numbers where the stable form of the formula does.

    Their digits are not judged: sin(1e9) has few that are right.
    """
    if case.program is None or not case.generated:
        return None
    extents = free_extents(case.layer)
    sizes = {extent: KINK_SIZES[k % len(KINK_SIZES)] for k, extent in enumerate(extents)}
    rng = np.random.default_rng(case.seed + 5)
    sample = _draw(case, fit(case.layer, sizes), LARGE, rng)
    outcome = case.subject.run(sample.inputs, sample.cotangents)
    if outcome.forward_error or outcome.backward_error:
        return outcome.forward_error or outcome.backward_error
    outputs, gradients = stable_values(case.program, sample, case.functions)
    rows = [(name, outcome.outputs[name], right, 1.0) for name, right in outputs.items()]
    for name, right in gradients.items():
        rows.append((case.subject.gradients[name], outcome.gradients[name], right, sample.size))
    judged = (
        compare(name, found, _nan_where_finite(found, right), unit)
        for name, found, right, unit in rows
    )
    return next((comparison.detail for comparison in judged if not comparison.ok), "")


def other_lengths(case: Case) -> str | None:
    """Axes may be longer by one, so that a stride or a half leaves a remainder.

    The parts of a formula need not fit together for every length.
    """
    if not free_extents(case.layer):
        return None
    message: str | None = None
    rng = np.random.default_rng(case.seed + 7)
    drawn = draw_distinct(case.layer, rng)
    for turn in (0, 1):
        try:
            sample = _draw(case, lengthened(drawn, turn), SAMPLERS, rng)
        except ShapeError:
            continue
        message = _disagreement(case, sample)
        if message:
            break
    return message


def out_of_range(case: Case) -> str | None:
    """Integers that the formula refuses raise ValueError.

    What is written by hand may leave that to NumPy.
    """
    if not case.generated:
        return None
    layer, rng = case.layer, np.random.default_rng(case.seed + 8)
    message: str | None = None
    for setting in (draw_distinct(layer, rng), fit(layer, {}, scalar=1, least=1)):
        sample = _draw(case, setting, SAMPLERS, rng)
        for name, value in refused_integers(layer, setting, sample.inputs, case.functions):
            inputs = with_entry(sample.inputs, name, value)
            outcome = case.subject.run(inputs, sample.cotangents)
            message = ""
            if "raised ValueError" not in outcome.forward_error:
                return f"{name} = {value} raises no ValueError"
    return message


def no_trace_of_earlier_calls(case: Case) -> str | None:
    """A call with other shapes before, on the same object, changes nothing.

    Generated classes keep parameters by reference, so that other values may have been in them.
    """
    if case.outcome.forward_error or case.outcome.backward_error:
        return None
    rng = np.random.default_rng(case.seed + 6)
    setting = draw_distinct(case.layer, rng)
    sample = _draw(case, setting, SAMPLERS, rng)
    earlier = _draw(case, other_sizes(case.layer, setting), SAMPLERS, rng)
    fresh = case.subject.run(sample.inputs, sample.cotangents)
    found = case.subject.run_after(
        earlier.inputs, sample.inputs, sample.cotangents, in_place=case.generated
    )
    if found is None or fresh.forward_error or fresh.backward_error:
        return None
    if found.forward_error:
        return f"the second call {found.forward_error}"
    for kind in ("outputs", "gradients"):
        for name, right in getattr(fresh, kind).items():
            value = getattr(found, kind)[name]
            if right is not None and (value is None or not _same(np.asarray(right), value)):
                label = name if kind == "outputs" else case.subject.gradients[name]
                return f"{label} depends on the call before"
    return ""


PROPERTIES: dict[str, Claim] = {
    "arguments unchanged": arguments_unchanged,
    "backward twice the same": backward_repeats,
    "float32 in, float32 out": float32_stays,
    "extents of 1": extents_of_one,
    "extents of 0": empty_axes,
    "other lengths": other_lengths,
    "other constants": other_constants,
    "ties and kinks": ties_and_kinks,
    "kinks far from 0": far_kinks,
    "large inputs": large_inputs,
    "integers out of range": out_of_range,
    "earlier calls leave no trace": no_trace_of_earlier_calls,
}


def _draw(
    case: Case,
    setting: Setting,
    samplers: dict[str, Sampler],
    rng: np.random.Generator,
    values: Mapping[str, Any] | None = None,
) -> Sample:
    inputs, outputs = draw_inside_domain(
        case.layer,
        setting,
        rng,
        lambda inputs: evaluate_forward(
            case.layer, inputs, case.functions, constants=setting.constants
        ),
        samplers,
    )
    return Sample(setting.shapes, inputs, draw_cotangents(outputs, rng), values or {})


def _disagreement(case: Case, sample: Sample, *, judge_nan: bool = True) -> str:
    """Return where the class departs from the formula and its derived program, "" when nowhere."""
    outcome = case.subject.run(sample.inputs, sample.cotangents, sample.constants)
    if outcome.forward_error:
        return f"forward {outcome.forward_error}"
    rights = settled_outputs(case.layer, sample, case.functions)
    rows = [(name, outcome.outputs[name], value, 1.0) for name, value in rights.items()]
    if case.program is not None:
        if outcome.backward_error:
            return f"backward {outcome.backward_error}"
        for name, rule in settled_gradients(case.program, sample, case.functions).items():
            label = case.subject.gradients[name]
            rows.append((label, outcome.gradients[name], rule, sample.size))
    if not judge_nan:
        rows = [
            (label, found, _nan_where(found, right), unit) for label, found, right, unit in rows
        ]
    judged = (compare(*row) for row in rows)
    return next((comparison.detail for comparison in judged if not comparison.ok), "")


def _nan_where_finite(found: Any, right: np.ndarray) -> np.ndarray:
    """Return the right values, NaN where `found` is a finite number."""
    if found is None or np.shape(found) != np.shape(right):
        return right
    return np.where(np.isfinite(np.asarray(found, float)), np.nan, right)


def _nan_where(found: Any, right: np.ndarray) -> np.ndarray:
    """Return the right values, NaN where `found` is, which stands for what is not judged."""
    if found is None or np.shape(found) != np.shape(right):
        return right
    return np.where(np.isnan(np.asarray(found, float)), np.nan, right)
