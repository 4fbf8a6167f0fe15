"""Find the cases of a layer's tests: arguments that can be judged, and what comes out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from symgrad.errors import ShapeError
from symgrad.language.layer import Layer
from symgrad.language.program import Program
from symgrad.oracle.frame import Functions
from symgrad.testfiles.draws import Specs, draw_specs
from symgrad.testfiles.trials import Trial, trials
from symgrad.verification.constants import Constants
from symgrad.verification.integers import refused_integers
from symgrad.verification.numerical import Differences
from symgrad.verification.opaque import stand_ins
from symgrad.verification.reference import (
    evaluate_forward,
    settled_gradients,
    settled_outputs,
    stable_values,
)
from symgrad.verification.samples import Sample
from symgrad.verification.sizes import other_sizes
from symgrad.verification.spans import Setting

# draws for each way to draw the inputs
SEEDS = 3

Arrays = Mapping[str, np.ndarray]
# the functions of the test file itself, by name
Namespace = Mapping[str, Any]


@dataclass(frozen=True)
class FoundCase:
    """A case as the test file states it.

    Attributes:
        specs: the text that draws each input.
        outputs: the values of the formula; NaN where they are left open.
        gradients: the right ones where they are written out; None where differences serve.
        seed: what the numbers are drawn from.
        constants: those that are not the layer's own.
        earlier: the texts that draw inputs of other shapes.
        refused: integer inputs with a first entry that is out of range.
    """

    specs: Specs
    outputs: Arrays
    gradients: Arrays | None
    seed: int
    constants: Constants = field(default_factory=dict)
    earlier: Specs = field(default_factory=dict)
    refused: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True)
class Subject:
    """A layer with what is needed to judge cases of it.

    `passes` runs the tests of the file on a case with the generated class.
    """

    layer: Layer
    program: Program
    draw: Callable[[FoundCase], tuple[Arrays, list[np.ndarray]]]
    passes: Callable[[FoundCase], bool]

    @property
    def functions(self) -> Functions:
        """Callables for the functions that the formula leaves open."""
        return stand_ins(self.layer.opaque)


def find_cases(subject: Subject) -> dict[str, FoundCase]:
    """Return the cases of a layer by name, each of which its generated class has passed.

    Raises:
        ValueError: there is none of a kind that a layer may not be without.
    """
    found = {}
    for trial in trials(subject.layer):
        case = _find(subject, trial)
        if case is not None:
            found[trial.name] = case
        elif trial.needed:
            raise ValueError(f"{subject.layer.name} passes no test on any of its samples")
    return found


def _find(subject: Subject, trial: Trial) -> FoundCase | None:
    """Return the first case that passes; gradients are written out where slopes never agree."""
    for written in dict.fromkeys((trial.written, True)):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for candidate in islice(_candidates(subject, trial, written), trial.attempts):
                if candidate is not None and subject.passes(candidate):
                    return candidate
    return None


def _candidates(subject: Subject, trial: Trial, written: bool) -> Iterator[FoundCase | None]:
    for setting in trial.settings(subject.layer):
        for specs in draw_specs(subject.layer, setting, trial.samplers):
            for seed in range(SEEDS):
                try:
                    case = _evaluated(subject, trial, setting, specs, seed, written)
                except ShapeError:
                    break
                yield case


def _evaluated(
    subject: Subject, trial: Trial, setting: Setting, specs: Specs, seed: int, written: bool
) -> FoundCase | None:
    """Return the case with its values; None where they are not finite but should be."""
    case = FoundCase(specs, {}, None, seed, trial.constants)
    inputs, _ = subject.draw(case)
    first = evaluate_forward(
        subject.layer, dict(inputs), subject.functions, constants=setting.constants
    )
    earlier = _earlier(subject.layer, setting) if trial.needed else {}
    refused = refused_integers(subject.layer, setting, inputs, subject.functions)
    listed = () if trial.written else tuple(refused)
    case = FoundCase(specs, first, None, seed, trial.constants, earlier, listed)
    _, incoming = subject.draw(case)
    cotangents = dict(zip(first, incoming, strict=True))
    sample = Sample(setting.shapes, dict(inputs), cotangents, trial.constants)
    if trial.kinked and not _meets_kink(subject, sample):
        return None
    outputs, gradients = _right_values(subject, trial, sample, written)
    if not written and not all(np.isfinite(value).all() for value in outputs.values()):
        return None
    if all(np.isnan(value).all() for value in outputs.values()):
        return None
    return replace(case, outputs=outputs, gradients=gradients)


def _right_values(
    subject: Subject, trial: Trial, sample: Sample, written: bool
) -> tuple[Arrays, Arrays | None]:
    layer, program, functions = subject.layer, subject.program, subject.functions
    if trial.written:
        return stable_values(program, sample, functions)
    outputs = settled_outputs(layer, sample, functions)
    return outputs, settled_gradients(program, sample, functions) if written else None


def _meets_kink(subject: Subject, sample: Sample) -> bool:
    """Say whether some gradient is one thing from the left and another from the right."""
    layer, rng = subject.layer, np.random.default_rng(0)
    differences = Differences(layer, sample.inputs, sample.cotangents, subject.functions)
    for name in layer.wrt:
        direction = np.asarray(rng.normal(size=sample.shapes[name]))
        slope = differences.slope(name, {at: float(d) for at, d in np.ndenumerate(direction)})
        if not slope.is_smooth:
            return True
    return False


def _earlier(layer: Layer, setting: Setting) -> Specs:
    """Return how to draw other inputs for an object whose parameters stay in shape."""
    other = other_sizes(layer, setting)
    specs = next(draw_specs(layer, other, {"normal": "between(0.5, 2.0, {})"}))
    return {name: text for name, text in specs.items() if name not in layer.params}
