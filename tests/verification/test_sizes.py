"""Sizes and constants are such that no mistake passes for want of a difference."""

from __future__ import annotations

import numpy as np
import pytest

import symgrad
from symgrad import Layer
from symgrad.rendering import load_class
from symgrad.verification import verify
from symgrad.verification.constants import other_constants
from symgrad.verification.integers import refused_integers
from symgrad.verification.sizes import draw_distinct, lengthened
from symgrad.verification.spans import Setting
from tests.mutations.judges import Judge

CONVOLUTION = Layer(
    "Conv2d",
    "y[n,o,i,j] = sum_{c,u,v} x[n,c,stride*i+u,stride*j+v]*w[o,c,u,v]",
    constants={"stride": 1},
)


def shape_of(setting: Setting, name: str) -> list[int]:
    return [setting.extent(index) for index in setting.layer.axes[name]]


@pytest.mark.parametrize("seed", range(5))
def test_an_output_is_not_as_high_as_it_is_wide(seed: int) -> None:
    setting = draw_distinct(CONVOLUTION, np.random.default_rng(seed))
    _, _, height, width = shape_of(setting, "y")
    assert height != width


@pytest.mark.parametrize("seed", range(5))
def test_the_axes_of_a_tensor_differ_where_they_are_few(seed: int) -> None:
    layer = Layer("L", "y_ijk = sum_l x_ijl*w_lk")
    shapes = draw_distinct(layer, np.random.default_rng(seed)).shapes.values()
    assert all(len(set(shape)) == len(shape) for shape in shapes)


def test_a_stride_leaves_no_remainder_and_then_one() -> None:
    layer = Layer("L", "y_i = sum_{u<3} x[stride*i+u]", constants={"stride": 4})
    drawn = draw_distinct(layer, np.random.default_rng(0))
    lengths = [lengthened(drawn, more).shapes["x"][0] for more in (0, 1)]
    assert [(length - 3) % 4 for length in lengths] == [0, 1]


def test_without_windows_every_axis_becomes_longer() -> None:
    drawn = draw_distinct(Layer("L", "y_ij = x_ij"), np.random.default_rng(0))
    longer = lengthened(drawn, 1)
    pairs = zip(drawn.shapes["x"], longer.shapes["x"], strict=True)
    assert [new - old for old, new in pairs] == [1, 1]


def test_constants_differ_from_their_defaults_and_a_window_from_its_stride() -> None:
    layer = Layer(
        "L",
        "y_i = alpha*mean_{u<kernel} x[stride*i+u]^p + eps",
        constants={"kernel": 2, "stride": 2, "p": 2, "alpha": 0.75, "eps": 1e-5},
    )
    turns = list(other_constants(layer))
    assert turns == [
        {"kernel": 3, "stride": 4, "p": 3, "alpha": 0.12, "eps": 0.37001},
        {"kernel": 4, "stride": 3, "p": 4, "alpha": 0.49, "eps": 0.74001},
    ]
    assert all(one["kernel"] != one["stride"] for one in turns)


def test_a_layer_without_constants_has_no_others() -> None:
    assert not list(other_constants(Layer("L", "y_i = x_i")))


def test_integers_just_outside_of_their_range_are_refused() -> None:
    layer = Layer("L", "loss = -mean_i p[i, t_i]")
    setting = draw_distinct(layer, np.random.default_rng(0))
    inputs = {"p": np.zeros(setting.shapes["p"]), "t": np.zeros(setting.shapes["t"], int)}
    found = set(refused_integers(layer, setting, inputs, {}))
    assert found == {("t", -1), ("t", setting.shapes["p"][1])}


def test_integers_that_are_compared_by_size_are_refused_nowhere() -> None:
    layer = Layer("L", "y_ij = where(j < t_i, x_ij, 0)")
    setting = draw_distinct(layer, np.random.default_rng(0))
    inputs = {name: np.zeros(shape, int) for name, shape in setting.shapes.items()}
    assert not list(refused_integers(layer, setting, inputs, {}))


# a generated module, what is replaced in it, the claim that fails
SPOILED = [
    ("OneHotMask", "places >= length", "places > length", "integers out of range"),
    ("LayerNorm", "np.sqrt(v + self.eps)", "np.sqrt(v + 1e-5)", "other constants"),
]


@pytest.mark.parametrize(("name", "old", "new", "claim"), SPOILED)
def test_check_and_the_generated_tests_find_it(name: str, old: str, new: str, claim: str) -> None:
    judge = Judge(symgrad.catalog()[name])
    assert old in judge.source
    changed = judge.source.replace(old, new)
    assert judge.check_catches(changed)
    assert judge.tests_catch(changed)
    report = verify(judge.layer, load_class(changed, name), judge.program, 0, generated=True)
    assert claim in [found.name for found in report.properties if not found.ok]


def test_generated_tests_hold_other_lengths_other_constants_and_refusals() -> None:
    layer = Layer("Pick", "y_i = scale*x[i, t_i]", constants={"scale": 2})
    text = symgrad.generate_tests(layer)
    cases = ("distinct sizes", "extents of 1", "other lengths", "other constants")
    assert all(f'"{case}"' in text for case in cases)
    assert 'refused=(("t", -1), ("t", ' in text
