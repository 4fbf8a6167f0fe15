"""Products that need not be computed: numbers go into polynomials, gradients in front of sums."""

from __future__ import annotations

import pytest

from symgrad import check, derive
from symgrad.catalogue import entry
from symgrad.formats.text import to_text
from symgrad.language.layer import Layer
from symgrad.lowering import lower
from symgrad.lowering.reducing.taking_out import take_out_gradients
from symgrad.rendering.numpy_printer import Names, to_numpy
from tests.running import program_of

FORWARD = [
    # the lowest power comes out, the number goes in
    ("y_i = pi*(x_i + 0.5*x_i^3)", "x * (0.5 * np.pi * x**2 + np.pi)"),
    ("y_i = pi*(2*x_i^2 + 0.5*x_i^3)", "x**2 * (0.5 * np.pi * x + 2 * np.pi)"),
    ("y_i = pi*(0.5*x_i^2 - 2)", "0.5 * np.pi * x**2 - 2 * np.pi"),
    # the number would be one product more
    ("y_i = pi*(x_i^2 - 2)", "np.pi * (x**2 - 2)"),
    # no polynomial of one array
    ("y_i = pi*(0.5*x_i^2 + 2*z_i)", "np.pi * (0.5 * x**2 + 2 * z)"),
    ("y_i = pi*(0.5*x_i^2 + 2/x_i)", "np.pi * (0.5 * x**2 + 2 / x)"),
    ("y_i = pi*(0.5*x_i^2 + 2*exp(x_i))", "np.pi * (0.5 * x**2 + 2 * x_exp)"),
    ("y = pi*(0.5*s^2 + s)", "np.pi * (0.5 * s**2 + s)"),
]


@pytest.mark.parametrize(("formula", "value"), FORWARD)
def test_a_number_goes_into_a_polynomial_where_that_saves_a_product(formula, value):
    plan = lower(program_of(Layer("Tested", formula)))
    assert to_numpy(plan.forward.assignments[-1].array, Names()).text == value


@pytest.mark.parametrize("formula", [formula for formula, _ in FORWARD if "/x_i" not in formula])
def test_the_layer_is_right(formula):
    report = check(formula)
    assert report.ok, report


def backward(layer: Layer) -> list[str]:
    program = take_out_gradients(derive(layer).program)
    return [f"{s.name} = {to_text(s.value)}" for s in program.backward]


def test_what_all_terms_share_comes_out_of_them():
    first, *others = backward(entry("GELUTanh"))
    assert not others
    assert first == (
        "dx = dy_ij*(sqrt(2/pi)*x_ij*(1 - x_tanh_ij^2)*(0.134145*x_ij^2 + 1) + x_tanh_ij + 1)/2"
    )


@pytest.mark.parametrize("name", ["Softmax", "LayerNorm", "GRUCell", "LSTMCell", "Mish", "GLU"])
def test_adjoints_that_are_read_twice_or_hold_sums_stay(name):
    program = derive(entry(name)).program
    assert take_out_gradients(program) == program
