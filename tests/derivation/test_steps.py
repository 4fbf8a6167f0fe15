"""Every recorded step of every derivation has the value of the gradient that it leads to."""

import itertools
from collections.abc import Mapping

import numpy as np
import pytest

import symgrad
from symgrad.catalogue import catalog
from symgrad.derivation import Derivation
from symgrad.derivation.parts import statements_of
from symgrad.derivation.steps import Trail
from symgrad.language.expr import walk
from symgrad.language.layer import Statement
from symgrad.language.program import Partial
from symgrad.oracle import evaluate_statements
from symgrad.verification.opaque import stand_ins
from symgrad.verification.samples import draw_cotangents, draw_inside_domain
from symgrad.verification.sizes import fit, free_extents

LAYERS = {name: layer for name, layer in catalog().items() if not layer.unsupported}
FORMULAS = (
    "y = max_{i,j} x_ij*w_j",
    "y_i = prod_j x_ij",
    "y_i = prod_{j<=i} x_ij",
    "y_i = sum_{j<=i} x_j",
    "y_i = mean_{j<=i} x_j",
    "y_i = x_ii",
    "y = sum_{i,j} x_i*a_ij*x_j",
    "y_i = where(x_i > 0, x_i*log(x_i), 0)",
    "y_ij = where(j <= i, exp(x_ij)/sum_{k: k <= i} exp(x_ik), 0)",
    "y_ij = exp(x_ij) + exp(x_ji)",
    "y_i = (exp(x_i) - exp(-x_i))/(exp(x_i) + exp(-x_i))",
    "y_i = x_i^a_i",
    "y_i = stop_gradient(x_i)*x_i^2",
    "d_ij = sqrt(sum_k (x_ik - z_jk)^2)",
    "opaque f\ny_ij = f(x_ij)\nz_ij = x_ij*y_ij*b_j",
)
SIZES = (2, 3)

Values = dict[str, np.ndarray]


def forward_values(derivation: Derivation, inputs: Values, functions: Mapping) -> Values:
    """Return every value of forward that a step may mention, inlined ones included."""
    record = derivation._record
    finished = (
        record._final(Statement(d.name, d.element().subscripts, d.body)) for d in record.graph
    )
    statements = [part for statement in finished for part in statements_of(statement)]
    env = {**derivation.layer.constants, **inputs}
    return evaluate_statements(statements, env, functions=functions)


def environment(derivation: Derivation) -> tuple[Values, Mapping]:
    """Return inputs, forward values and incoming gradients, each drawn within its domain."""
    layer = derivation.layer
    rng = np.random.default_rng(5)
    functions = stand_ins(layer.opaque)
    sizes = dict(zip(free_extents(layer), itertools.cycle(SIZES), strict=False))
    inputs, values = draw_inside_domain(
        layer,
        fit(layer, sizes),
        rng,
        lambda drawn: forward_values(derivation, drawn, functions),
    )
    outputs = {name: values[name] for name in layer.outputs}
    cotangents = draw_cotangents(outputs, rng)
    incoming = {derivation.program.cotangents[name]: value for name, value in cotangents.items()}
    return {**layer.constants, **inputs, **values, **incoming}, functions


def step_values(trail: Trail, env: Values, functions: Mapping) -> list[np.ndarray]:
    """Return the value of each step but the chain rule, which holds derivatives of elements."""
    steps = [s for s in trail.steps if not any(isinstance(p, Partial) for p in walk(s.after))]
    return [
        evaluate_statements(
            [Statement(trail.name, trail.target.subscripts, step.after)], env, functions=functions
        )[trail.name]
        for step in steps
    ]


@pytest.mark.parametrize("name", [*LAYERS, *FORMULAS])
def test_every_step_has_the_value_of_the_gradient(name: str) -> None:
    derivation = symgrad.derive(LAYERS.get(name, name))
    env, functions = environment(derivation)
    for trail in derivation.trails:
        values = step_values(trail, env, functions)
        assert np.isfinite(values[-1]).all()
        for value in values:
            np.testing.assert_allclose(value, values[-1], rtol=1e-9, atol=1e-12)
        env[trail.name] = values[-1]
    program = derivation.program
    computed = evaluate_statements(program.backward, env, functions=functions)
    for gradient in program.gradients.values():
        if gradient in env:
            np.testing.assert_allclose(computed[gradient], env[gradient], rtol=1e-9, atol=1e-12)


def test_each_step_begins_with_what_the_one_before_it_led_to() -> None:
    for trail in symgrad.derive("y_ij = exp(x_ij)/sum_k exp(x_ik)").trails:
        first, *others = trail.steps
        assert first.before is None
        assert [step.before for step in others] == [step.after for step in trail.steps[:-1]]


def test_a_gradient_that_a_wrong_step_leads_to_is_seen() -> None:
    derivation = symgrad.derive("y_ij = sum_k x_ik*w_kj")
    env, functions = environment(derivation)
    values = step_values(derivation.gradients["x"].trail, env, functions)
    assert not np.allclose(values[0], 1.001 * values[-1])
