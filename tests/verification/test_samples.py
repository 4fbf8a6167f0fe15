"""Shapes and inputs fit the formula, whatever it reads them for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

import symgrad
from symgrad import Layer, ShapeError
from symgrad.oracle import evaluate
from symgrad.verification.samples import draw_in_setting, draw_samples
from symgrad.verification.sizes import draw_settings, draw_sizes, fit, index_constants

RNG = np.random.default_rng(0)


def shapes(text: str, **constants: int) -> dict[str, tuple[int, ...]]:
    layer = Layer("L", text, constants=constants)
    return fit(layer, draw_sizes(layer, np.random.default_rng(1))).shapes


def test_an_axis_that_is_read_up_to_a_bound_reaches_it() -> None:
    assert shapes("y_i = sum_{k<9} x_ik")["x"][1] >= 9


def test_axes_that_share_an_index_have_one_extent() -> None:
    found = shapes("h_ij = x_ij*z_ji\ny_i = sum_k h_ki")
    assert found["x"] == found["z"][::-1]


def test_scalars_have_no_axes() -> None:
    assert shapes("y_i = alpha*x_i")["alpha"] == ()


@pytest.mark.parametrize("rank", [4, 6, 9])
def test_many_axes_are_short(rank: int) -> None:
    letters = ",".join("abcdefghm"[:rank])
    found = shapes(f"y = sum_{{{letters}}} x[{letters}]")["x"]
    assert len(found) == rank
    assert np.prod(found) <= 20000


def drawn(text: str, **constants: int) -> tuple[Mapping[str, tuple[int, ...]], list[dict]]:
    layer = Layer("L", text, constants=constants)
    setting = next(draw_settings(layer, RNG))
    return setting.shapes, list(draw_samples(layer, setting, RNG))


def test_integers_stay_below_what_they_are_compared_with() -> None:
    found, samples = drawn("y_ij = where(j < t_i, x_ij, 0)")
    for inputs in samples:
        assert inputs["t"].dtype.kind == "i"
        assert inputs["t"].max() < found["x"][1]
        assert inputs["x"].dtype == np.float64


def test_integers_stay_below_the_axis_they_select_from() -> None:
    found, samples = drawn("loss = -mean_i log_p[i, t_i]")
    assert max(int(inputs["t"].max()) for inputs in samples) < found["log_p"][1]


# each has an extent that arithmetic gives
WINDOWS = [
    "y_i = sum_u x[i+u]*w_u",
    "y[n,o,i,j] = sum_{c,u,v} x[n,c,2*i+u,2*j+v]*w[o,c,u,v]",
    "y[n,c,i,j] = max_{u,v: u<2, v<2} x[n,c,2*i+u,2*j+v]",
    "y_i = x[2*i+1]*z[3*i]",
    "y_ti = x[t,i,4]",
    "y_i = x[7-i]",
    "h_i = x[i+2]\ny_i = h[i+3]",
    "y[n,c,i,j] = x[n, 4*c + (i%2)*2 + j%2, i//2, j//2]",
]


@pytest.mark.parametrize("text", WINDOWS)
def test_windows_fit_into_their_axes_twice(text: str) -> None:
    layer = Layer("L", text)
    for setting in list(draw_settings(layer, np.random.default_rng(3)))[:5]:
        for inputs in draw_samples(layer, setting, RNG):
            outputs = evaluate(layer, inputs)
            assert min(outputs["y"].shape) >= 2


def test_the_smallest_sample_has_one_place() -> None:
    layer = Layer("L", "y_i = sum_{u<3} x[2*i+u]*w_u")
    assert fit(layer, {}, scalar=1, least=1).shapes == {"x": (3,), "w": (3,)}


GATHERS = [
    "y_ij = w[t_i, j]",
    "y_ij = w[t_i - 1, j]",
    "y_ij = x[2*t_i + j]*b_j",
    "y_i = x[t_i + s_i]",
    "y_i = x[t_i, s_i]",
    "y_i = x[t_i // 2]",
    "y_i = x[size(x,0) - 1 - t_i]",
    "y_ij = where(j == t_i, x_ij, 0)",
    "y_vj = sum_e delta(v, d_e)*x[s_e, j] for v < size(x,0)",
    "y_i = x[s*i] + z[i//s]",
    "y = sum_{k<n} x_k",
    "y_i = sum_{j: j % q == 0} x_ij",
]


@pytest.mark.parametrize("text", GATHERS)
def test_integers_keep_every_read_inside(text: str) -> None:
    layer = Layer("L", text)
    setting = next(draw_settings(layer, np.random.default_rng(5)))
    for inputs in draw_samples(layer, setting, RNG):
        evaluate(layer, inputs)


PARTS = [
    "y[2*i] = x_i; y[2*i+1] = z_i",
    "y[2*i, 2*j] = x_ij; y[2*i, 2*j+1] = 2*x_ij; y[2*i+1, j] = z_ij",
    "h_ij = x_ij; h[i, size(x,1)+j] = z_ij; y_ik = sum_j h_ij*w_jk",
    "h_i = sum_u x[i+u]*w_u; g_i = sum_u z[i+u]*v_u; y_i = h_i*g_i + h_i",
    "y[i,j] = a_ij; y[size(a,0)+i,j] = b_ij; y[i,size(a,1)+j] = c_ij; "
    "y[size(a,0)+i,size(a,1)+j] = d_ij",
]


@pytest.mark.parametrize("text", PARTS)
def test_sizes_are_found_for_which_parts_fit_together(text: str) -> None:
    layer = Layer("L", text)
    _, (_, outputs) = draw_in_setting(layer, RNG, lambda inputs: evaluate(layer, inputs))
    assert outputs["y"].size >= 2


def test_constants_in_subscripts_and_extents_are_found() -> None:
    layer = Layer(
        "L",
        "y_i = sum_{u<k} pad(x[s*i + u - p])*eps for i < size(x,0)//q",
        constants={"k": 2, "s": 1, "p": 1, "q": 2, "eps": 0.5},
    )
    assert index_constants(layer) == {"k": 2, "s": 1, "p": 1, "q": 2}


def test_a_formula_without_a_value_at_any_length_is_shown_with_the_read_that_leaves() -> None:
    with pytest.raises(ShapeError) as caught:
        symgrad.check("y_i = sum_{u<3} x[i+u] + x_i")
    assert str(caught.value).startswith(
        "no lengths were found for which the formula has a value: x:"
    )
    line, caret = str(caught.value).splitlines()[1:3]
    assert caret.index("^") == line.index("i+u")
    assert "pad(x[i+2])" in str(caught.value)
