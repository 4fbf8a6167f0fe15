"""A scatter over taps fills a large array a few places of its first axis at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symgrad

CUT = [
    "y[n,c,i,j] = max_{u,v: u<3, v<2} x[n,c,2*i+u,j+v]",
    "y[n,c,i,j] = mean_{u,v: u<3, v<2} x[n,c,2*i+u,j+v]",
    "y[n,c,i] = sum_{u<3} tanh(x[n,c,2*i+u])*b_n",
    "y[n,c,i] = sum_{u<3} pad(x[n,c,2*i+u-1])*a_niu for i < size(x,2)//2",
    "y[i,c,n] = sum_{u<3} x[n,2*i+u,c]*tanh(a_n)",
    "y[n,c,i] = sum_{u<3} x[n,c,2*i+u]*a_niu + sum_{u<2} x[n,c,2*i+u] for i < size(x,2)//2 - 1",
]
WHOLE = [
    "y[i,c,n] = sum_{u<3} x[2*i+u,c,n]*a_iu",  # the first axis is the one that windows move along
    "y[n,c,i] = sum_{u<3} x[0,c,2*i+u]*a_niu",  # one place of the first axis is filled
    "y[n,c,i] = sum_{u<3} x[n,c,2*i+u]*x[c,n,u]",  # the sum reads x in two ways
    "y_ni = sum_{u<3} x[n,2*i+u]*a_iu",  # rows are no images
]


def classes(formula: str) -> tuple[Any, Any, str]:
    """Return the class, the same with one place in each block, and the code."""
    code = symgrad.generate(symgrad.Layer("Tested", formula))
    found = []
    for text in (code, code.replace("* 262144 //", "* 1 //")):
        names: dict[str, Any] = {}
        exec(compile(text, "generated", "exec"), names)
        found.append(names["Tested"])
    return found[0], found[1], code


@pytest.mark.parametrize("formula", CUT)
def test_blocks_of_one_place_give_the_same(formula: str) -> None:
    Plain, InBlocks, code = classes(formula)
    assert "for block in _blocks(" in code
    assert "* 262144 //" in code
    layer = symgrad.Layer("Tested", formula)
    lengths = {"n": 4, "c": 4, "o": 2, "i": 7, "j": 8, "u": 3, "v": 2}
    random = np.random.default_rng(1)
    arrays = [
        random.normal(size=[lengths.get(index.name, 7) for index in layer.axes[name]])
        for name in layer.inputs
    ]
    plain, blocks = Plain(), InBlocks()
    y = plain.forward(*arrays)
    np.testing.assert_array_equal(blocks.forward(*arrays), y)
    dy = random.normal(size=y.shape)
    pairs = zip(gradients(plain, dy), gradients(blocks, dy), strict=True)
    for own, cut in pairs:
        np.testing.assert_allclose(cut, own, rtol=1e-13, atol=1e-13)


def gradients(layer: Any, dy: Any) -> tuple[Any, ...]:
    """Return the gradients as a tuple."""
    found = layer.backward(dy)
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("formula", CUT)
def test_the_gradients_are_right(formula: str) -> None:
    report = symgrad.check(formula)
    assert report.ok, str(report)


@pytest.mark.parametrize("formula", WHOLE)
def test_an_array_whose_first_axis_is_not_free_is_filled_at_once(formula: str) -> None:
    assert "_blocks" not in classes(formula)[2]


def test_a_block_is_named_for_what_it_is_cut_from() -> None:
    code = classes("dx_block[n,c,i] = sum_{u<3} x[n,c,2*i+u]*a_niu")[2]
    assert "ddx_block_block = ddx_block[block]" in code
    assert "dx_block2 = dx[block]" in code or "dx_block = dx[block]" in code
