"""Compute what a layer's outputs and gradients must be at one sample, from the formula alone.

The derived backward statements, evaluated element by element with 50 digits, give every entry. They
are believed where numerical differences of the formula confirm them; where these disagree, the
numerical gradient is the reference and the derivation is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from symgrad.language.layer import Layer
from symgrad.language.program import Program
from symgrad.oracle.evaluation import arithmetic_of
from symgrad.oracle.frame import Functions
from symgrad.oracle.machine import Machine
from symgrad.verification.numerical import Differences
from symgrad.verification.polynomial import is_polynomial
from symgrad.verification.samples import Arrays, Sample

AGREEMENT = 1e-9


@dataclass(frozen=True)
class Gradient:
    """The right gradient by one input.

    Attributes:
        values: the entries; NaN where none is right (a kink, and no rule that was derived).
        numerical: how far the derived formula is from numerical differences, relative to its
            size along a random direction; None when there was nothing to compare.
        smooth: whether no kink was met.
        trusted: whether the values are those of the derived formula.
    """

    values: np.ndarray
    numerical: float | None
    smooth: bool
    trusted: bool


def evaluate_program(
    program: Program, sample: Sample, functions: Functions, precise: bool = True
) -> dict[str, np.ndarray]:
    """Return the gradient by each input, by evaluating the derived statements."""
    statements = (*program.forward, *program.backward)
    machine = Machine(statements, functions, arithmetic_of(precise))
    incoming = {program.cotangents[name]: value for name, value in sample.cotangents.items()}
    constants = {**program.layer.constants, **sample.constants}
    tensors = machine.run({**constants, **sample.inputs, **incoming})
    arrays = machine.arrays(tensors)
    return {name: arrays[gradient] for name, gradient in program.gradients.items()}


def evaluate_forward(
    layer: Layer,
    inputs: Arrays,
    functions: Functions,
    precise: bool = True,
    constants: Mapping[str, object] | None = None,
) -> dict[str, np.ndarray]:
    """Return the outputs, by evaluating the formula."""
    machine = Machine(layer.statements, functions, arithmetic_of(precise))
    arrays = machine.arrays(machine.run({**layer.constants, **(constants or {}), **inputs}))
    return {name: arrays[name] for name in layer.outputs}


def settled_outputs(layer: Layer, sample: Sample, functions: Functions) -> dict[str, np.ndarray]:
    """Return the outputs; NaN where rounding decides them, as it does not in a polynomial."""
    exact = sample.outputs
    if exact is None:
        exact = evaluate_forward(layer, sample.inputs, functions, True, sample.constants)
    if is_polynomial(layer):
        return dict(exact)
    rounded = evaluate_forward(layer, sample.inputs, functions, False, sample.constants)
    return {name: settled(value, rounded[name]) for name, value in exact.items()}


def settled_gradients(
    program: Program, sample: Sample, functions: Functions
) -> dict[str, np.ndarray]:
    """Return the derived gradients; NaN where they are not finite or rounding decides them."""
    exact = evaluate_program(program, sample, functions)
    finite = {name: np.where(np.isfinite(value), value, np.nan) for name, value in exact.items()}
    if is_polynomial(program.layer):
        return finite
    rounded = evaluate_program(program, sample, functions, precise=False)
    return {name: settled(value, rounded[name]) for name, value in finite.items()}


def stable_values(
    program: Program, sample: Sample, functions: Functions
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return outputs and gradients; NaN where even the derived statements lose them in float64.

    The derived statements are rewritten to be stable, so that exp(x)/sum exp(x) keeps its value
    for x = 1000. What overflows in them all the same is not asked of an implementation.
    """
    statements = (*program.forward, *program.backward)
    incoming = {program.cotangents[name]: value for name, value in sample.cotangents.items()}
    env = {**program.layer.constants, **sample.constants, **sample.inputs, **incoming}
    exact, rounded = (
        (machine := Machine(statements, functions, arithmetic_of(precise))).arrays(machine.run(env))
        for precise in (True, False)
    )
    stable = {
        name: np.where(np.isfinite(rounded[name]), settled(value, rounded[name]), np.nan)
        for name, value in exact.items()
    }
    outputs = {name: stable[name] for name in program.layer.outputs}
    return outputs, {name: stable[gradient] for name, gradient in program.gradients.items()}


def settled(exact: np.ndarray, rounded: np.ndarray) -> np.ndarray:
    """Return the exact values; NaN where rounding alone decides on which side of a jump one is.

    Where float64 overflows, the exact value is what a stable implementation has to return.
    """
    with np.errstate(invalid="ignore"):
        agrees = np.isclose(exact, rounded, rtol=1e-7, atol=1e-9)
    return np.where(agrees | ~np.isfinite(rounded), exact, np.nan)


def reference_gradients(
    layer: Layer,
    program: Program | None,
    sample: Sample,
    functions: Functions,
    rng: np.random.Generator,
) -> dict[str, Gradient]:
    """Return the right gradient by each input in `layer.wrt`."""
    differences = Differences(layer, sample.inputs, sample.cotangents, functions)
    derived = {} if program is None else evaluate_program(program, sample, functions)
    return {name: _reference(name, sample, differences, derived, rng) for name in layer.wrt}


def _reference(
    name: str,
    sample: Sample,
    differences: Differences,
    derived: Mapping[str, np.ndarray],
    rng: np.random.Generator,
) -> Gradient:
    if name not in derived:
        values = differences.gradient(name)
        return Gradient(values, None, not np.isnan(values).any(), False)
    rule = derived[name]
    if rule.shape != sample.inputs[name].shape:
        return Gradient(differences.gradient(name), np.inf, True, False)
    if not np.isfinite(rule).all():
        return Gradient(rule, None, False, True)
    direction = rng.normal(size=rule.shape)
    slope = differences.slope(name, {at: float(d) for at, d in np.ndenumerate(direction)})
    if not slope.is_smooth:
        return Gradient(rule, None, False, True)
    size = max(float(np.abs(rule * direction).sum()), abs(slope.value))
    error = abs(float((rule * direction).sum()) - slope.value)
    relative = error / size if size else error
    if error <= AGREEMENT * size + 1e-15 * sample.size:
        return Gradient(rule, relative, True, True)
    return Gradient(differences.gradient(name), relative, True, False)
