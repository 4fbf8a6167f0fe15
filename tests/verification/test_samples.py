"""Shapes and inputs fit the formula, whatever it reads them for."""

from __future__ import annotations

import numpy as np
import pytest

from symgrad import Layer
from symgrad.verification.samples import draw_samples, draw_sizes, shapes_of

RNG = np.random.default_rng(0)


def shapes(text: str) -> dict[str, tuple[int, ...]]:
    layer = Layer("L", text)
    return shapes_of(layer, draw_sizes(layer, np.random.default_rng(1)))


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


def test_integers_stay_below_what_they_are_compared_with() -> None:
    layer = Layer("L", "y_ij = where(j < t_i, x_ij, 0)")
    sizes = shapes_of(layer, draw_sizes(layer, RNG))
    for inputs in draw_samples(layer, sizes, RNG):
        assert inputs["t"].dtype.kind == "i"
        assert inputs["t"].max() < sizes["x"][1]
        assert inputs["x"].dtype == np.float64


def test_integers_stay_below_the_axis_they_select_from() -> None:
    layer = Layer("L", "loss = -mean_i log_p[i, t_i]")
    sizes = shapes_of(layer, draw_sizes(layer, RNG))
    largest = max(int(inputs["t"].max()) for inputs in draw_samples(layer, sizes, RNG))
    assert largest < sizes["log_p"][1]
