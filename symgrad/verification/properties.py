"""State what every layer class must keep to, one function a claim.

A claim returns what is wrong, "" when nothing is, None when it can't be judged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from symgrad.language.expr import Expr
from symgrad.language.layer import Layer
from symgrad.language.program import Program
from symgrad.oracle.frame import Functions
from symgrad.verification.comparison import compare
from symgrad.verification.implementation import Implementation, Outcome
from symgrad.verification.reference import (
    evaluate_forward,
    settled_gradients,
    settled_outputs,
)
from symgrad.verification.samples import (
    KINKS,
    SAMPLERS,
    Sample,
    Sampler,
    draw_cotangents,
    draw_inside_domain,
    free_extents,
    shapes_of,
)

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
    """Every axis may have length 1."""
    if not free_extents(case.layer):
        return None
    sizes = dict.fromkeys(free_extents(case.layer), 1)
    sample = _draw(case, sizes, SAMPLERS, np.random.default_rng(case.seed + 1))
    return _disagreement(case, sample)


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
        message = _disagreement(case, _draw(case, sizes, KINKS, rng))
        if not message:
            return message
    return message


PROPERTIES: dict[str, Claim] = {
    "arguments unchanged": arguments_unchanged,
    "backward twice the same": backward_repeats,
    "float32 in, float32 out": float32_stays,
    "extents of 1": extents_of_one,
    "ties and kinks": ties_and_kinks,
}


def _draw(
    case: Case, sizes: dict[Expr, int], samplers: dict[str, Sampler], rng: np.random.Generator
) -> Sample:
    shapes = shapes_of(case.layer, sizes)
    inputs, outputs = draw_inside_domain(
        case.layer,
        shapes,
        rng,
        lambda inputs: evaluate_forward(case.layer, inputs, case.functions),
        samplers,
    )
    return Sample(shapes, inputs, draw_cotangents(outputs, rng))


def _disagreement(case: Case, sample: Sample) -> str:
    """Return where the class departs from the formula and its derived program, "" when nowhere."""
    outcome = case.subject.run(sample.inputs, sample.cotangents)
    if outcome.forward_error:
        return f"forward {outcome.forward_error}"
    found = [
        compare(name, outcome.outputs[name], value)
        for name, value in settled_outputs(case.layer, sample, case.functions).items()
    ]
    if case.program is not None:
        if outcome.backward_error:
            return f"backward {outcome.backward_error}"
        for name, rule in settled_gradients(case.program, sample, case.functions).items():
            label = case.subject.gradients[name]
            found.append(compare(label, outcome.gradients[name], rule, sample.size))
    return next((comparison.detail for comparison in found if not comparison.ok), "")
