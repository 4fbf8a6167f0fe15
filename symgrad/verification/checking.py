"""Verify a layer class against its formula, and against what every layer must keep to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from symgrad.errors import ShapeError, UnsupportedError
from symgrad.language.layer import Layer
from symgrad.language.lengths import NO_LENGTHS, Lengths
from symgrad.language.program import Program
from symgrad.oracle.frame import Functions
from symgrad.verification.case import Case
from symgrad.verification.comparison import compare
from symgrad.verification.implementation import Implementation, Outcome
from symgrad.verification.opaque import stand_ins
from symgrad.verification.properties import PROPERTIES
from symgrad.verification.reference import (
    Gradient,
    evaluate_forward,
    reference_gradients,
    settled_outputs,
)
from symgrad.verification.report import Comparison, Property, Report
from symgrad.verification.samples import (
    Arrays,
    Sample,
    draw_cotangents,
    draw_in_setting,
    draw_inside_domain,
)

DRAWS = 8


def check(
    layer: Layer | str,
    implementation: Any = None,
    seed: int = 0,
    *,
    backend: str = "numpy",
    buffers: bool = False,
) -> Report:
    """Verify the generated class, or what somebody wrote by hand, against the formula.

    Args:
        layer: a Layer, or the text of a formula.
        implementation: what is verified; default, the generated class. A class with forward and
            backward, whose parameters go to forward, to the constructor or to attributes; a pair
            of functions (forward, backward), with or without a cache; a torch.autograd.Function.
        seed: what the random shapes, inputs and incoming gradients are drawn from.
        backend: what the generated class computes with, where that is verified.
        buffers: whether it is given `buffers=True`, and writes over its results of the call before.

    Returns:
        A report; `report.ok` says whether everything holds, `report.gradients["b"].diagnosis`
        what is wrong with a gradient that was written by hand.

    Raises:
        ImplementationError: the implementation is of none of these kinds.
    """
    if isinstance(layer, str):
        layer = Layer("Layer", layer)
    if implementation is None:
        made = _generated(layer, backend, buffers)
        program = derived_program(layer)
        return verify(layer, made, program, seed, generated=True, buffers=buffers)
    program, lengths = _derived(layer)
    return verify(layer, implementation, program, seed, lengths=lengths)


def _generated(layer: Layer, backend: str, buffers: bool) -> Any:
    """Return the generated class, or what makes its objects with buffers."""
    from symgrad.rendering import build

    if buffers:
        return partial(build(layer, backend=backend, buffers=True), buffers=True)
    return build(layer, backend=backend)


def derived_program(layer: Layer) -> Program | None:
    """Return the derived statements; None when the formula can't be derived yet."""
    return _derived(layer)[0]


def _derived(layer: Layer) -> tuple[Program | None, Lengths]:
    from symgrad.derivation import derive

    try:
        derivation = derive(layer)
    except UnsupportedError:
        return None, NO_LENGTHS
    return derivation.program, derivation.lengths


def verify(
    layer: Layer,
    implementation: Any,
    program: Program | None,
    seed: int = 0,
    generated: bool = False,
    lengths: Lengths = NO_LENGTHS,
    buffers: bool = False,
) -> Report:
    """Verify a class against its formula and, where there is one, its derived program.

    Args:
        layer: the formula.
        implementation: the class.
        program: the derivation's statements, or None to go by numerical gradients alone.
        seed: what the random numbers are drawn from.
        generated: whether ties and kinks follow the function table, so that they are checked too.
            What is not generated gets a diagnosis where it is wrong.
        lengths: how far the axes of tensors reach, for the formulas that a diagnosis prints.
        buffers: whether it may write over its results of the call before.
    """
    rng = np.random.default_rng(seed)
    functions = stand_ins(layer.opaque)
    sample, outputs, references = _draw(layer, program, functions, rng)
    names = {} if program is None else program.gradients
    attributes = {name: names.get(name, f"d{name}") for name in layer.wrt}
    subject = Implementation(implementation, layer, functions, attributes, not generated)
    outcome = subject.run(sample.inputs, sample.cotangents)
    case = Case(layer, subject, program, functions, sample, outcome, generated, seed, buffers)
    report = Report(
        layer.name,
        sample.shapes,
        _compare_outputs(outcome, outputs),
        {name: _compare_gradient(case, name, gradient) for name, gradient in references.items()},
        _properties(case),
        _notes(program, outputs, references),
    )
    trusted = program is None or all(part.trusted for part in references.values())
    if generated or not trusted:
        return report
    from symgrad.verification.diagnosis import diagnosed
    from symgrad.verification.diagnosis.trials import Bench

    bench = Bench(layer, subject, program, functions, seed, lengths)
    return diagnosed(bench, report, sample)


def _draw(
    layer: Layer, program: Program | None, functions: Functions, rng: np.random.Generator
) -> tuple[Sample, Mapping[str, np.ndarray], Mapping[str, Gradient]]:
    """Return a sample away from kinks, where there is one among DRAWS, with what is right there."""

    def forward(inputs: Arrays) -> Mapping[str, np.ndarray]:
        return evaluate_forward(layer, inputs, functions)

    setting, drawn = draw_in_setting(layer, rng, forward)
    for draw in range(DRAWS):
        inputs, outputs = drawn if not draw else draw_inside_domain(layer, setting, rng, forward)
        cotangents = draw_cotangents(outputs, rng)
        sample = Sample(setting.shapes, inputs, cotangents, outputs=outputs)
        references = reference_gradients(layer, program, sample, functions, rng)
        if all(gradient.smooth for gradient in references.values()):
            break
    return sample, settled_outputs(layer, sample, functions), references


def _compare_outputs(outcome: Outcome, outputs: Mapping[str, np.ndarray]) -> dict[str, Comparison]:
    if outcome.forward_error:
        return {name: _failed(name, f"forward {outcome.forward_error}") for name in outputs}
    return {name: compare(name, outcome.outputs[name], value) for name, value in outputs.items()}


def _compare_gradient(case: Case, name: str, gradient: Gradient) -> Comparison:
    label, outcome = case.subject.gradients[name], case.outcome
    if outcome.backward_error:
        return _failed(label, f"backward {outcome.backward_error}")
    found = compare(label, outcome.gradients[name], gradient.values, case.sample.size)
    if gradient.trusted or gradient.numerical is None:
        return replace(found, numerical=gradient.numerical)
    wrong = "the derived formula disagrees with numerical differences"
    message = "; ".join(filter(None, (found.detail, wrong)))
    return replace(
        found, numerical=gradient.numerical, ok=found.ok and not case.generated, message=message
    )


def _failed(label: str, message: str) -> Comparison:
    return Comparison(label, False, np.inf, message=message)


def _properties(case: Case) -> tuple[Property, ...]:
    found = []
    for name, claim in PROPERTIES.items():
        try:
            message = claim(case)
        except ShapeError:
            message = None
        if message is not None:
            found.append(Property(name, not message, message))
    return tuple(found)


def _notes(
    program: Program | None,
    outputs: Mapping[str, np.ndarray],
    references: Mapping[str, Gradient],
) -> tuple[str, ...]:
    notes = [] if program else ["the formula is not derived: numerical gradients alone"]
    notes += [
        f"rounding decides {np.count_nonzero(np.isnan(values))} of {values.size} entries of {name}"
        for name, values in outputs.items()
        if np.isnan(values).any()
    ]
    notes += [
        f"the gradient by {name} meets a kink: its rule is compared, not its differences"
        for name, gradient in references.items()
        if not gradient.smooth
    ]
    return tuple(notes)
