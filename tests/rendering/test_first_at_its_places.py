"""A turn of a loop over taps assigns where no turn before it has put anything, and else adds."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import symgrad

SUMS = "y[i,j] = sum_{u,v: u<p, v<q} x[s*i+d*u,t*j+v]"


def code(formula: str, **constants: int) -> str:
    """Return the code of backward."""
    text = symgrad.generate(symgrad.Layer("Tested", formula, constants=constants))
    return text[text.rindex("def backward") :]


@pytest.mark.parametrize("sizes", [*product((1, 2, 4), (1, 3), (1, 2, 3), (2, 3), (1, 2, 3))])
def test_taps_that_meet_are_added(sizes: tuple[int, ...]) -> None:
    constants = dict(zip("pqstd", sizes, strict=True))
    p, q, s, t, d = sizes
    layer = symgrad.build(symgrad.Layer("Tested", SUMS, constants=constants))()
    y = layer.forward(np.random.default_rng(1).normal(size=(17, 11)))
    dy = np.random.default_rng(2).integers(1, 9, y.shape).astype(float)
    dx = np.zeros((17, 11))
    for i, j in np.ndindex(y.shape):
        for u, v in product(range(p), range(q)):
            dx[s * i + d * u, t * j + v] += dy[i, j]
    np.testing.assert_array_equal(layer.backward(dy), dx)


def test_the_tap_is_compared_with_the_step() -> None:
    lines = code("y_i = sum_{u<4} x[s*i+2*u]^2", s=3)
    assert (
        """
            if 2 * u < self.s:  # the first at its places
                dx_part[...] = dx_tap
            else:
                dx_part += dx_tap
"""
        in lines
    )


@pytest.mark.parametrize(
    "formula",
    [
        "y_i = sum_{u<4} x[i+u]^2",  # the first turn alone is the first at its places
        "y_i = sum_{u,v: u<4, v<3} x[2*i+u+2*v]^2*b_v",  # two taps may be at one place
        "y_i = sum_{u<4} x[2*i-u+4]^2",  # the turns come down
        "y_i = sum_{u<2} x[2*i+u]^2",  # no taps meet: each is assigned
    ],
)
def test_no_tap_is_compared_where_that_says_nothing(formula: str) -> None:
    assert "the first at its places" not in code(formula)


@pytest.mark.parametrize(
    "formula",
    [
        "y_i = sum_{u,v: u<4, v<3} x[2*i+u+2*v]^2*b_v",
        "y_i = sum_{u<4} x[2*i-u+4]*w_u for i < 3",
        "y_ij = sum_{u<3} x[2*i+u,2*j+u]*w_u",
        "y_i = -(sum_{u<3} x[2*i+u])",
        "y_i = sum_{u<4} pad(x[3*i+2*u-1])*w_u for i < size(x,0)",
        "y_i = sum_{u<3} x[2*i+u]*w_u + sum_{u<3} x[2*i+u+1]*b_u + x_i for i < size(x,0)//2 - 2",
    ],
)
def test_a_gradient_by_such_taps_is_right(formula: str) -> None:
    report = symgrad.check(formula)
    assert report.ok, f"{formula}\n{report}"
