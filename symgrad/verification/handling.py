"""State how a layer class treats arrays: what it takes, what it leaves alone, of which type.

A claim returns what is wrong, "" when nothing is, None when it can't be judged.
"""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np

from symgrad.verification.case import Case
from symgrad.verification.comparison import compare
from symgrad.verification.implementation import Outcome
from symgrad.verification.samples import Arrays


def arguments_unchanged(case: Case) -> str | None:
    """Forward and backward write to no argument."""
    if case.outcome.forward_error or case.outcome.backward_error:
        return None
    return f"{', '.join(case.outcome.changed)} was written to" if case.outcome.changed else ""


def results_stay(case: Case) -> str | None:
    """Neither backward nor, but for buffers, another call writes to what was returned."""
    outcome = case.outcome
    if outcome.forward_error or outcome.backward_error:
        return None
    if outcome.overwritten:
        return f"backward writes to {', '.join(outcome.overwritten)}, which forward returned"
    if not case.generated or case.buffers:
        return ""
    found = case.after_another[1]
    if found is None or found.forward_error or not found.overwritten:
        return ""
    return f"the second call writes to {', '.join(found.overwritten)} of the first"


def backward_repeats(case: Case) -> str | None:
    """A second call of backward returns the same."""
    outcome = case.outcome
    if outcome.forward_error or outcome.backward_error:
        return None
    for name, first in outcome.gradients.items():
        again = outcome.again[name]
        if isinstance(first, np.ndarray) != isinstance(again, np.ndarray):
            return f"the gradient by {name} differs in the second call"
        if first is not None and first.dtype.kind == "f" and not same_entries(first, again):
            return f"the gradient by {name} differs in the second call"
    return ""


def same_entries(first: np.ndarray, again: np.ndarray) -> bool:
    """Say whether two arrays are the same, NaN included."""
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
    return _after_float64(case, inputs, incoming, outcome) if case.generated else ""


def _after_float64(case: Case, inputs: Arrays, incoming: Arrays, right: Outcome) -> str:
    """Say what a call with float64 before changes; parameters keep their arrays and type."""
    found = case.subject.run_after(case.sample.inputs, inputs, incoming, in_place=False)
    if found is None:
        return ""
    if found.forward_error:
        return f"after a call in float64 {found.forward_error}"
    for kind in ("outputs", "gradients"):
        for name, value in getattr(found, kind).items():
            own = getattr(right, kind)[name]
            if value.dtype != own.dtype or not same_entries(own, value):
                label = name if kind == "outputs" else case.subject.gradients[name]
                return f"{label} depends on a call in float64 before"
    return ""


def any_kind_of_array(case: Case) -> str | None:
    """Arrays with gaps that can't be written to, and lists of whole numbers, are as good as others.

    What is written by hand may ask for arrays of its own kind.
    """
    inputs, cotangents = case.sample.inputs, case.sample.cotangents
    if not case.generated or case.outcome.forward_error or case.outcome.backward_error:
        return None
    message = _departure(case, case.outcome, case.subject.run(inputs, cotangents, prepare=_spaced))
    if message:
        return f"given arrays with gaps, {message}"
    # integers have no -0
    whole = {name: np.rint(value) + 0.0 for name, value in cotangents.items()}
    rounded = {n: np.rint(v) + 0.0 if v.dtype.kind == "f" else v for n, v in inputs.items()}
    right = case.subject.run(rounded, whole)
    found = case.subject.run(rounded, whole, prepare=lambda value: value.astype(int).tolist())
    message = _departure(case, right, found)
    return f"given lists of whole numbers, {message}" if message else ""


def _spaced(array: np.ndarray) -> np.ndarray:
    """Return the array as a view of every other place of a longer one, read-only."""
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]) if array.ndim else (), array.dtype)
    spaced = wide[..., ::2] if array.ndim else wide
    spaced[...] = array
    spaced.flags.writeable = False
    return spaced


# what says in a generated module how large arrays are computed, and for which small ones are large
SIZES = {"_block_bytes": 2, "_band_rows": 1, "_most_work": 1000}


def large_arrays(case: Case) -> str | None:
    """Large arrays, which are computed by blocks, are what small ones are."""
    if not case.generated or case.outcome.forward_error or case.outcome.backward_error:
        return None
    made = getattr(case.subject.subject, "func", case.subject.subject)
    module = made.forward.__globals__
    sizes = {name: size for name, size in SIZES.items() if name in module}
    if not sizes:
        return None
    own = {name: module[name] for name in sizes}
    module.update({name: partial(int, size) for name, size in sizes.items()})
    try:
        found = case.subject.run(case.sample.inputs, case.sample.cotangents)
    finally:
        module.update(own)
    return _departure(case, case.outcome, found)


def own_results_as_arguments(case: Case) -> str | None:
    """What a class with buffers returned may be given to it: it is read before it is written."""
    outcome = case.outcome
    if not case.buffers or outcome.forward_error or outcome.backward_error:
        return None
    inputs, cotangents = case.sample.inputs, case.sample.cotangents
    given = [n for n, v in inputs.items() if n not in case.layer.params and v.dtype.kind == "f"]
    labels = [*case.layer.outputs, *case.subject.gradients.values()]
    for argument, label, view in itertools.product((*given, *cotangents), labels, (False, True)):
        pair = case.subject.run_on_result(inputs, cotangents, argument, label, view=view)
        message = "" if pair is None else _departure(case, *pair)
        if message:
            name = argument if argument in given else f"d{argument}"
            return f"given its own {label} as {name}, {message}"
    return ""


def _departure(case: Case, right: Outcome, found: Outcome) -> str:
    """Say how an outcome departs from another; nothing where the other failed."""
    if right.forward_error or right.backward_error:
        return ""
    if found.forward_error or found.backward_error or found.changed:
        return found.forward_error or found.backward_error or "writes to it"
    rows = [(name, found.outputs[name], value) for name, value in right.outputs.items()]
    labels = case.subject.gradients
    rows += [(labels[n], found.gradients[n], value) for n, value in right.gradients.items()]
    judged = (compare(*row, case.sample.size) for row in rows)
    return next((comparison.detail for comparison in judged if not comparison.ok), "")
