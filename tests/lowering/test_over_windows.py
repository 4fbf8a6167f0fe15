"""Windows that nothing else reads are reduced tap by tap, without a view of them."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import symgrad

REDUCED = "y[n,i,j] = {op}_{{u<p}} x[n,s*i+d*u+a,j] for i < (size(x,1) - d*(p-1) - a - 1)//s + 1"


def code(formula: str) -> str:
    """Return the code of forward."""
    text = symgrad.generate(symgrad.Layer("Tested", formula))
    return text[text.rindex("def forward") : text.rindex("def backward")]


@pytest.mark.parametrize(("op", "function"), [("sum", np.sum), ("max", np.max), ("min", np.min)])
def test_each_window_is_reduced(op: str, function: Any) -> None:
    names = {"p": 2, "s": 1, "d": 1, "a": 1}
    Reduced = symgrad.build(symgrad.Layer("Reduced", REDUCED.format(op=op), constants=names))
    x = np.random.default_rng(1).integers(-9, 9, (2, 23, 40)).astype(float)
    x[0, 5, 3] = np.nan
    for p, s, d, a, columns in product((1, 2, 5), (1, 2, 4), (1, 3), (1, 2), (0, 1, 40)):
        y = Reduced(p=p, s=s, d=d, a=a).forward(x[:, :, :columns])
        starts = range(a, 23 - d * (p - 1), s)
        rows = [x[:, first : first + d * (p - 1) + 1 : d, :columns] for first in starts]
        expected = np.stack([function(row, axis=1) for row in rows], axis=1)
        np.testing.assert_array_equal(y, expected)
        assert not np.shares_memory(y, x)


def test_a_sum_of_nothing_is_0_and_a_maximum_over_nothing_is_minus_infinity() -> None:
    for op, value in (("sum", 0.0), ("max", -np.inf), ("min", np.inf)):
        formula = f"y[n,i] = {op}_{{u<p}} x[n,i+u] for i < size(x,1)"
        layer = symgrad.build(symgrad.Layer("Reduced", formula, constants={"p": 1}))(p=0)
        np.testing.assert_array_equal(layer.forward(np.ones((2, 3))), np.full((2, 3), value))


def test_windows_of_two_axes_are_reduced_along_one_after_the_other() -> None:
    lines = code("y_ij = max_{u,v: u<3, v<2} x[2*i+u, j+v]")
    assert "y = _max_of_windows(_max_of_windows(x, 3, axis=0, step=2), 2, axis=1)" in lines
    assert "_by_places" not in lines
