"""State what every layer class must keep to, one function a claim.

A claim returns what is wrong, "" when nothing is, None when it can't be judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symgrad.errors import ShapeError
from symgrad.verification import constants
from symgrad.verification.case import Case
from symgrad.verification.comparison import compare
from symgrad.verification.handling import (
    any_kind_of_array,
    arguments_unchanged,
    backward_repeats,
    float32_stays,
    large_arrays,
    own_results_as_arguments,
    results_stay,
    same_entries,
)
from symgrad.verification.integers import refused_integers, with_entry
from symgrad.verification.polynomial import is_polynomial
from symgrad.verification.reference import (
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
)
from symgrad.verification.sizes import (
    draw_distinct,
    empty_setting,
    fit,
    free_extents,
    lengthened,
)

KINK_SIZES = (2, 4)
KINK_DRAWS = 3
EQUAL_SIZE = 3


Claim = Callable[[Case], str | None]


def extents_of_one(case: Case) -> str | None:
    """Every axis may have length 1, or the least that a window needs."""
    if not free_extents(case.layer):
        return None
    setting = fit(case.layer, {}, scalar=1, least=1)
    sample = case.draw(setting, SAMPLERS, np.random.default_rng(case.seed + 1))
    return _disagreement(case, sample)


def equal_extents(case: Case) -> str | None:
    """Axes may be equally long, so that buffers of other arrays would fit."""
    if not case.buffers or not free_extents(case.layer):
        return None
    setting = fit(case.layer, dict.fromkeys(free_extents(case.layer), EQUAL_SIZE))
    return _disagreement(case, case.draw(setting, SAMPLERS, np.random.default_rng(case.seed + 9)))


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
            sample = case.draw(setting, SAMPLERS, np.random.default_rng(case.seed + 3))
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
                sample = case.draw(setting, SAMPLERS, rng, taken)
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
    if case.program is None or not case.generated or is_polynomial(case.layer):
        return None
    message: str | None = None
    for draw in range(KINK_DRAWS):
        rng = np.random.default_rng([case.seed, draw])
        # powers of two: their means are exact, so that a tie stays one in any order of summation
        extents = free_extents(case.layer)
        sizes = {extent: KINK_SIZES[k % len(KINK_SIZES)] for k, extent in enumerate(extents)}
        message = _disagreement(case, case.draw(fit(case.layer, sizes), KINKS, rng))
        if not message:
            return message
    return message


def far_kinks(case: Case) -> str | None:
    """The same for kinks farther from 0."""
    if case.program is None or not case.generated or is_polynomial(case.layer):
        return None
    extents = free_extents(case.layer)
    # 15 values are to be met
    pool = {1: (16,), 2: (4,)}.get(len(extents), KINK_SIZES)
    sizes = {extent: pool[k % len(pool)] for k, extent in enumerate(extents)}
    rng = np.random.default_rng(case.seed + 4)
    return _disagreement(case, case.draw(fit(case.layer, sizes), FAR_KINKS, rng))


def large_inputs(case: Case) -> str | None:
    """Inputs whose exponentials overflow give numbers where the stable form of the formula does.

    Their digits are not judged: sin(1e9) has few that are right.
    """
    if case.program is None or not case.generated or is_polynomial(case.layer):
        return None
    extents = free_extents(case.layer)
    sizes = {extent: KINK_SIZES[k % len(KINK_SIZES)] for k, extent in enumerate(extents)}
    rng = np.random.default_rng(case.seed + 5)
    sample = case.draw(fit(case.layer, sizes), LARGE, rng)
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
            sample = case.draw(lengthened(drawn, turn), SAMPLERS, rng)
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
    if not case.generated or not case.layer.integers:
        return None
    layer, rng = case.layer, np.random.default_rng(case.seed + 8)
    message: str | None = None
    for setting in (draw_distinct(layer, rng), fit(layer, {}, scalar=1, least=1)):
        sample = case.draw(setting, SAMPLERS, rng)
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
    fresh, found = case.after_another
    if found is None or fresh.forward_error or fresh.backward_error:
        return None
    if found.forward_error:
        return f"the second call {found.forward_error}"
    for kind in ("outputs", "gradients"):
        for name, right in getattr(fresh, kind).items():
            value = getattr(found, kind)[name]
            if right is not None and (value is None or not same_entries(np.asarray(right), value)):
                label = name if kind == "outputs" else case.subject.gradients[name]
                return f"{label} depends on the call before"
    return ""


PROPERTIES: dict[str, Claim] = {
    "arguments unchanged": arguments_unchanged,
    "results unchanged": results_stay,
    "backward twice the same": backward_repeats,
    "float32 in, float32 out": float32_stays,
    "any kind of array": any_kind_of_array,
    "large arrays": large_arrays,
    "extents of 1": extents_of_one,
    "equal extents": equal_extents,
    "extents of 0": empty_axes,
    "other lengths": other_lengths,
    "other constants": other_constants,
    "ties and kinks": ties_and_kinks,
    "kinks far from 0": far_kinks,
    "large inputs": large_inputs,
    "integers out of range": out_of_range,
    "no trace of earlier calls": no_trace_of_earlier_calls,
    "own results as arguments": own_results_as_arguments,
}


def _disagreement(case: Case, sample: Sample, *, judge_nan: bool = True) -> str:
    """Return where the class departs from the formula and its derived program, "" when nowhere."""
    outcome = case.subject.run(sample.inputs, sample.cotangents, sample.constants)
    if outcome.forward_error:
        return f"forward {outcome.forward_error}"
    written = (*outcome.changed, *outcome.overwritten)
    if written and case.generated:
        return f"{', '.join(written)} was written to"
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
