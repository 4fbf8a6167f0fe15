"""A verification draws its inputs well, and compares with the derived program and its kinks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symgrad import Layer, check
from symgrad.language.program import Program
from symgrad.verification import verify
from symgrad.verification.reference import settled

RELU = Layer("ReLU", "y_ij = relu(x_ij)")


def program(layer: Layer, backward: str) -> Program:
    """Return a program with a backward pass written as a formula, gradients named d + name."""
    derived = Layer("Backward", backward)
    cotangents = {name: f"d{name}" for name in layer.outputs}
    gradients = {name: f"d{name}" for name in layer.wrt}
    return Program(layer, layer.statements, derived.statements, cotangents, gradients)


class ReLU:
    """relu with a gradient of 0 at 0."""

    def forward(self, x: Any) -> Any:
        self.x = np.asarray(x)
        return np.maximum(x, 0)

    def backward(self, dy: Any) -> Any:
        return np.asarray(dy) * (self.x > 0)


class ReLUWithSlopeAt0(ReLU):
    """relu with a gradient of 1 at 0."""

    def backward(self, dy: Any) -> Any:
        return np.asarray(dy) * (self.x >= 0)


RULE = program(RELU, "dx_ij = where(x_ij > 0, dy_ij, 0)")


def test_a_class_that_follows_its_rule_passes() -> None:
    report = verify(RELU, ReLU, RULE, generated=True)
    assert report.ok, str(report)
    assert [claim.name for claim in report.properties] == [
        "arguments unchanged",
        "results unchanged",
        "backward twice the same",
        "float32 in, float32 out",
        "any kind of array",
        "extents of 1",
        "extents of 0",
        "other lengths",
        "ties and kinks",
        "kinks far from 0",
        "large inputs",
        "no trace of earlier calls",
    ]
    assert report.gradients["x"].numerical is not None
    assert report.gradients["x"].numerical < 1e-12


def test_a_generated_class_that_leaves_its_rule_at_a_kink_is_reported() -> None:
    report = verify(RELU, ReLUWithSlopeAt0, RULE, generated=True)
    assert [claim.name for claim in report.properties if not claim.ok] == [
        "ties and kinks",
        "kinks far from 0",
    ]
    assert report.gradients["x"].ok


def test_a_class_by_hand_chooses_its_own_value_at_a_kink() -> None:
    assert verify(RELU, ReLUWithSlopeAt0, RULE).ok


class Doubled(ReLU):
    """relu with twice its gradient."""

    def backward(self, dy: Any) -> Any:
        return 2 * super().backward(dy)


def test_a_wrong_derivation_is_reported_though_the_class_follows_it() -> None:
    wrong = program(RELU, "dx_ij = where(x_ij > 0, 2*dy_ij, 0)")
    report = verify(RELU, Doubled, wrong, generated=True)
    assert not report.gradients["x"].ok
    assert "the derived formula disagrees" in report.gradients["x"].message


def test_a_wrong_derivation_is_reported_though_the_class_is_right() -> None:
    wrong = program(RELU, "dx_ij = where(x_ij > 0, 1.001*dy_ij, 0)")
    assert not verify(RELU, ReLU, wrong, generated=True).ok


def test_a_right_class_by_hand_does_not_suffer_from_a_wrong_derivation() -> None:
    wrong = program(RELU, "dx_ij = where(x_ij > 0, 2*dy_ij, 0)")
    report = verify(RELU, ReLU, wrong)
    assert report.gradients["x"].error < 1e-12


def test_the_extents_are_distinct_and_shared_as_the_formula_says() -> None:
    layer = Layer("Affine", "y_ij = sum_k x_ik*W_kj + b_j")

    class Wrong:
        def forward(self, x: Any, W: Any, b: Any) -> Any:
            raise ValueError

        def backward(self, dy: Any) -> Any:
            raise ValueError

    shapes = verify(layer, Wrong, None).shapes
    assert shapes["x"][1] == shapes["W"][0]
    assert shapes["W"][1:] == shapes["b"]
    assert len({*shapes["x"], *shapes["W"]}) == 3
    assert set(shapes["x"]) <= {2, 3, 5, 7}


class Elementwise:
    """A function of numbers and its derivative, as a layer."""

    def __init__(self, function: Any, derivative: Any) -> None:
        self.function, self.derivative = function, derivative

    def __call__(self) -> Elementwise:
        return self

    def forward(self, x: Any) -> Any:
        self.x = x
        return self.function(x)

    def backward(self, dy: Any) -> Any:
        return dy * self.derivative(self.x)


DOMAINS = {
    "log(x_i)": Elementwise(np.log, lambda x: 1 / x),
    "sqrt(x_i)": Elementwise(np.sqrt, lambda x: x.dtype.type(0.5) / np.sqrt(x)),
    "acosh(x_i)": Elementwise(np.arccosh, lambda x: 1 / np.sqrt(x * x - 1)),
    "atanh(x_i)": Elementwise(np.arctanh, lambda x: 1 / (1 - x * x)),
    "asin(x_i)": Elementwise(np.arcsin, lambda x: 1 / np.sqrt(1 - x * x)),
    "1/x_i": Elementwise(lambda x: 1 / x, lambda x: -1 / (x * x)),
    "abs(x_i)": Elementwise(np.abs, np.sign),
    "round(x_i)": Elementwise(np.round, np.zeros_like),
}


@pytest.mark.parametrize("value", DOMAINS)
def test_inputs_are_drawn_inside_the_domain(value: str) -> None:
    report = verify(Layer("L", f"y_i = {value}"), DOMAINS[value], None)
    assert report.ok, str(report)
    wrong = Elementwise(DOMAINS[value].function, lambda x: 1.001 * DOMAINS[value].derivative(x) + 1)
    assert not verify(Layer("L", f"y_i = {value}"), wrong, None).gradients["x"].ok


def test_each_input_is_drawn_in_a_domain_of_its_own() -> None:
    layer = Layer("L", "y_i = acosh(x_i) + asin(z_i)")

    class Sum:
        def forward(self, x: Any, z: Any) -> Any:
            self.x, self.z = x, z
            return np.arccosh(x) + np.arcsin(z)

        def backward(self, dy: Any) -> Any:
            return dy / np.sqrt(self.x * self.x - 1), dy / np.sqrt(1 - self.z * self.z)

    report = verify(layer, Sum, None)
    assert report.ok, str(report)


def test_several_outputs_take_an_incoming_gradient_each() -> None:
    layer = Layer("L", "y_ij = 2*x_ij; z_j = sum_i x_ij")

    class Both:
        def forward(self, x: Any) -> Any:
            return 2 * x, x.sum(axis=0)

        def backward(self, dy: Any, dz: Any) -> Any:
            return 2 * dy + dz

    assert verify(layer, Both, None).ok

    class Forgetful(Both):
        def backward(self, dy: Any, dz: Any) -> Any:
            return 2 * dy

    report = verify(layer, Forgetful, None)
    assert not report.gradients["x"].ok


def test_opaque_functions_are_given_to_the_constructor() -> None:
    layer = Layer("L", "opaque g\ny_ij = g(x_ij)")

    class Opaque:
        def __init__(self, g: Any, g_prime: Any, **others: Any) -> None:
            self.g, self.g_prime = g, g_prime

        def forward(self, x: Any) -> Any:
            self.x = x
            return self.g(x)

        def backward(self, dy: Any) -> Any:
            return dy * self.g_prime(self.x)

    report = verify(layer, Opaque, None)
    assert report.ok, str(report)


def test_a_formula_whose_output_is_infinite_in_places_is_judged_where_it_is_finite() -> None:
    layer = Layer("L", "y_ik = where(k <= i, s_ik, -inf)")

    class Masked:
        def forward(self, s: Any) -> Any:
            self.mask = np.tril(np.ones(s.shape, dtype=bool))
            return np.where(self.mask, s, s.dtype.type(-np.inf))

        def backward(self, dy: Any) -> Any:
            return np.where(self.mask, dy, dy.dtype.type(0))

    report = verify(layer, Masked, None)
    assert report.ok, str(report)


def test_the_same_seed_gives_the_same_report() -> None:
    assert verify(RELU, ReLU, RULE, seed=3) == verify(RELU, ReLU, RULE, seed=3)


def test_what_rounding_decides_is_left_open() -> None:
    exact = np.array([1.0, -1.0, 5.0, np.inf])
    rounded = np.array([1.0 + 1e-12, 1.0, np.nan, np.inf])
    np.testing.assert_array_equal(settled(exact, rounded), [1, np.nan, 5, np.inf])


def test_a_parameter_whose_gradient_is_called_like_an_attribute_is_found() -> None:
    report = check(Layer("L", "y_ij = x_ij*type_j", params=("type",)))
    assert report.ok, str(report)
