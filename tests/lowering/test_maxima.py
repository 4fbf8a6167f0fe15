"""The place of an extreme over a window is one number, found where the entries equal it."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import symgrad

POOL = "y[n,i,j] = {op}_{{u,v: u<p, v<q}} x[n,s*i+d*u,t*j+v]"
SIZES = [
    {"p": 2, "q": 2, "s": 2, "t": 2, "d": 1},
    {"p": 3, "q": 2, "s": 2, "t": 3, "d": 1},
    {"p": 3, "q": 3, "s": 1, "t": 2, "d": 2},
    {"p": 2, "q": 4, "s": 3, "t": 2, "d": 3},
    {"p": 1, "q": 1, "s": 2, "t": 1, "d": 1},
    {"p": 5, "q": 1, "s": 2, "t": 1, "d": 2},
]
SHAPES = [(2, 13, 11), (1, 13, 7), (0, 13, 7), (40, 9, 12)]


def methods(formula: str) -> str:
    """Return the code of the class behind its docstring."""
    text = symgrad.generate(symgrad.Layer("Tested", formula))
    return text.split("\nclass Tested:")[1].split('"""\n', 1)[1].strip()


def drawn(kind: str, shape: tuple[int, ...]) -> Any:
    """Return numbers of one of the kinds that a search may meet."""
    random = np.random.default_rng(3)
    x = random.integers(0, 3, shape).astype(float)
    if kind == "signed zeros":
        return np.where(x > 1, -0.0, 0.0)
    for value in {"nan": [np.nan], "infinite": [np.inf, -np.inf], "lowest": [-np.inf]}.get(
        kind, []
    ):
        x[random.random(shape) < (0.9 if kind == "lowest" else 0.1)] = value
    return x


def by_hand(x: Any, dy: Any, op: str, sizes: dict[str, int]) -> tuple[Any, Any]:
    """Return (y, dx), each window's entries searched in index order."""
    p, q, s, t, d = (sizes[name] for name in "pqstd")
    y, dx = np.empty(dy.shape), np.zeros(x.shape)
    for n, i, j in np.ndindex(dy.shape):
        places = [(n, s * i + d * u, t * j + v) for u, v in product(range(p), range(q))]
        entries = np.array([x[place] for place in places])
        first = entries.argmax() if op == "max" else entries.argmin()
        y[n, i, j] = entries[first]
        dx[places[first]] += dy[n, i, j]
    return y, dx


@pytest.mark.parametrize("op", ["max", "min"])
@pytest.mark.parametrize("kind", ["ties", "signed zeros", "nan", "infinite", "lowest"])
def test_the_first_place_in_index_order_gets_the_gradient(op: str, kind: str) -> None:
    Pool = symgrad.build(symgrad.Layer("Pool", POOL.format(op=op), constants=SIZES[0]))
    for sizes, shape in product(SIZES, SHAPES):
        pool, x = Pool(**sizes), drawn(kind, shape)
        x_before = x.copy()
        y = pool.forward(x)
        dy = np.random.default_rng(5).integers(1, 9, y.shape).astype(float)
        expected_y, expected_dx = by_hand(x, dy, op, sizes)
        np.testing.assert_array_equal(y, expected_y)
        np.testing.assert_array_equal(pool.backward(dy), expected_dx)
        np.testing.assert_array_equal(x, x_before)


def test_the_letters_of_a_maximum_give_the_order_among_equals() -> None:
    x = np.zeros((3, 3))
    x[0, 1] = x[1, 0] = 1
    for letters, first in (("u,v", (0, 1)), ("v,u", (1, 0))):
        formula = f"y_ij = max_{{{letters}: u<2, v<2}} x[i+u, j+v]"
        layer = symgrad.build(symgrad.Layer("Pool", formula))()
        layer.forward(x)
        dx = layer.backward(np.array([[1.0, 0], [0, 0]]))
        assert np.argwhere(dx).tolist() == [list(first)]


def test_a_maximum_over_windows_keeps_one_number_for_each() -> None:
    code = methods("y_ij = max_{u,v: u<3, v<2} x[2*i+u, j+v]")
    assert "y_place = _first_equal(x_windows, y, axis=(2, 3))" in code
    assert "dy * (self.y_place == 2 * u + v)" in code
    assert "self.y_place = y_place" in code
    assert "_argmax" not in code


def test_windows_of_three_axes_have_one_place() -> None:
    code = methods("y_ijk = max_{u,v,w: u<3, v<2, w<4} x[i+u, j+v, k+w]")
    assert "dy * (self.y_place == 8 * u + 4 * v + w)" in code


def test_places_that_the_gradient_reads_by_themselves_stay_apart() -> None:
    """A maximum over whole axes places its gradient at the argmax, without a loop."""
    assert "_first_equal" not in methods("y_n = max_{u,v} x_nuv")
    assert "_first_equal" not in methods("y_i = min_j sum_k (x_ik - w_jk)^2")


def test_a_part_of_a_maximum_that_is_an_output_is_computed_once() -> None:
    layer = symgrad.Layer(
        "Tested", "z_iuj = max_{v<2} x[i+u,j+v] for u < 2; y_ij = max_u z_iuj", outputs=["z", "y"]
    )
    report = symgrad.check(layer)
    assert report.ok, str(report)
    assert symgrad.generate(layer).count("_max_by_places(") == 1 + 2  # the helper, and z and y


@pytest.mark.parametrize(
    "formula",
    [
        "y_i = max_{u<3} exp(x[2*i+u])",
        "y_i = max_{u<3} pad(x[2*i+u-1], -inf) for i < 4",
        "y_ij = max_{u,v: u<2, v<3} x[i+u, j+v]*x[i+1, j+1]",
        "y_ij = max_{u,v: u<2, v<2} x[3*i+u, j+v] + max_{u,v: u<3, v<2} x[3*i+u, j+v]",
        "m_i = max_{u<2} x[2*i+u]; y_i = max_{u<3} m[i+u]",
        "y_i = max_{u<size(w,0)} x[i+u] + w_i for i < size(w,0)",
        "y_i = max_{u<=i} x[i-u] for i < size(x,0)",
    ],
)
def test_the_gradient_of_an_extreme_over_windows_is_right(formula: str) -> None:
    report = symgrad.check(formula)
    assert report.ok, f"{formula}\n{report}"
