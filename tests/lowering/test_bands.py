"""What a mask leaves out of a product is not computed: rows go in blocks, with their columns."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import symgrad

ATTENTION = "s_nij = where({}, {}, -inf); a_nij = exp(s_nij)/sum_l exp(s_nil); {}"
SCORES, VALUES = "sum_d q_nid*k_njd", "y_nie = sum_j a_nij*v_nje"
CUT = [
    ATTENTION.format("j <= i", SCORES, VALUES),
    ATTENTION.format("j <= i + 1", f"g*({SCORES}) + b_ij", VALUES),
    ATTENTION.format("j < i", SCORES, VALUES),  # the first row has nothing to choose from
    ATTENTION.format("j >= i", SCORES, VALUES),
    ATTENTION.format("j <= i and j >= i - 2", SCORES, VALUES),
    ATTENTION.format("i - j < w and i >= j", SCORES, VALUES),
    ATTENTION.format("j <= i + size(k,1) - size(q,1)", SCORES, VALUES),
    ATTENTION.format("j <= i", f"{SCORES} - m_n*(i-j)", VALUES),
    "s_ijn = where(j <= i, sum_d q_idn*k_jdn, -inf); a_ijn = exp(s_ijn)/sum_l exp(s_iln)"
    "; y_ien = sum_j a_ijn*v_jen",
    "s_nhij = where(j <= i, sum_d q_nihd*k_njhd, -inf); a_nhij = exp(s_nhij)/sum_l exp(s_nhil)"
    "; y_nihe = sum_j a_nhij*v_njhe",
    "q_nie = sum_d x_nid*u_de; s_nij = where(j <= i, sum_e q_nie*q_nje, -inf)"
    "; a_nij = exp(s_nij)/sum_l exp(s_nil); z_nie = sum_j a_nij*q_nje"
    "; r_nij = where(j <= i, sum_e z_nie*z_nje, -inf); b_nij = exp(r_nij)/sum_l exp(r_nil)"
    "; y_nie = sum_j b_nij*z_nje",
    "y_nie = sum_{j<=i} tanh(sum_d q_nid*k_njd)*v_nje",
    "y_nie = sum_{j<i} (sum_d q_nid*k_njd)*exp(-g*(i-j))*v_nje",
    "l_ni = logsumexp_{j<=i} (sum_d q_nid*k_njd)",
    "s_nij = where(j <= i and j > i - 4, (sum_d q_nid*k_njd)^2, 0); y_nie = sum_j s_nij*v_nje",
    "s_jni = where(j <= i, sum_d q_nid*k_njd, -inf); a_jni = exp(s_jni)/sum_l exp(s_lni)"
    "; y_nie = sum_j a_jni*v_nje",
    "s_nij = where(j <= i, x_nij, 0); y_nie = sum_j s_nij*tanh(sum_d q_nid*k_njd)*v_nje",
    ATTENTION.format("j <= i and j < 3", SCORES, VALUES),  # whole columns count for no row
    "y_bi = sum_{j<=i} w_ij*x_bj",
    "c_njk = sum_{i>=j} x_nij*z_nik",
]
WHOLE = [
    ATTENTION.format("j <= i or j < 2", SCORES, VALUES),  # some columns count for every row
    "a_nij = where(j <= i, cos(sum_d q_nid*k_njd), 0); y_nie = sum_j cos(a_nij)*v_nje",  # cos 0
    "y_nij = where(j <= i, x_nij, 0)",  # no product
    "l_ij = where(j <= i, x_ij, 0); y_ik = sum_j l_ij*l_kj",  # one mask, cut in two ways
]
# of two axes more rows, as many, or fewer; one, or none
LENGTHS = [(7, 4), (5, 5), (4, 9), (1, 3), (0, 3), (3, 0)]
OTHERS = {"n": 2, "h": 3, "d": 3, "e": 4, "b": 2, "k": 3}


def layer_of(formula: str) -> symgrad.Layer:
    return symgrad.Layer("Tested", formula, constants={"w": 3} if "w and" in formula else {})


def class_of(layer: symgrad.Layer, rows: int) -> Any:
    """Return the class with so many rows in a block."""
    code = symgrad.generate(layer, buffers=True)
    code = code.replace("    return 64\n", f"    return {rows}\n")
    names: dict[str, Any] = {}
    exec(compile(code, "generated", "exec"), names)
    return names["Tested"]


def results(layer: Any, arrays: list[np.ndarray]) -> list[np.ndarray]:
    y = layer.forward(*arrays)
    dy = np.random.default_rng(2).normal(size=np.shape(y)).astype(y.dtype)
    first, again = layer.backward(dy), layer.backward(dy)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    return [np.array(y), *map(np.array, first)]


@pytest.mark.parametrize("formula", CUT)
def test_blocks_of_some_rows_give_what_all_rows_give(formula: str) -> None:
    layer = layer_of(formula)
    assert "_band_blocks(" in symgrad.generate(layer)
    Plain, ByTwo = class_of(layer, 64), class_of(layer, 2)
    random = np.random.default_rng(1)
    for i, j in LENGTHS:
        lengths = OTHERS | {"i": i, "j": j}
        shapes = [[lengths[x.name] for x in layer.axes[name]] for name in layer.inputs]
        arrays = [random.normal(size=shape) for shape in shapes]
        with np.errstate(invalid="ignore", divide="ignore"):
            wanted = results(Plain(), arrays)
            found = [results(made, arrays) for made in (ByTwo(), ByTwo(buffers=True))]
        for values in found:
            for value, own in zip(values, wanted, strict=True):
                assert value.dtype == own.dtype
                np.testing.assert_allclose(value, own, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("formula", [CUT[0], CUT[4], CUT[8], CUT[10], CUT[12]])
def test_blocks_of_two_rows_pass_every_check(formula: str) -> None:
    layer = layer_of(formula)
    report = symgrad.check(layer, implementation=class_of(layer, 2))
    assert report.ok, str(report)


@pytest.mark.parametrize("formula", WHOLE)
def test_what_counts_everywhere_is_computed_in_one_go(formula: str) -> None:
    assert "_band_blocks" not in symgrad.generate(layer_of(formula))


def test_causal_attention_reads_as_written_by_hand() -> None:
    code = symgrad.generate(layer_of(CUT[0]))
    assert code[code.index("        blocks =") : code.index("        self.q")] == (
        """\
        blocks = _band_blocks(q.shape[1], k.shape[1], last=0, every=True)
        y = np.empty((q.shape[0], q.shape[1], v.shape[2]), self.dtype)
        a_blocks = []
        for i, j in blocks:
            s = q[:, i] @ k[:, j].transpose(0, 2, 1)
            _fill_outside(s, -np.inf, i, j, last=0)
            s -= s.max(axis=2, keepdims=True, initial=-np.inf)
            a = np.exp(s, out=s)
            a /= np.einsum("nil->ni", a)[:, :, None]
            y[:, i] = a @ v[:, j]
            a_blocks.append(a)
"""
    )
    assert code[code.index("        dq = ") :] == (
        """\
        dq = np.empty_like(self.q)
        dk = np.zeros_like(self.k)
        dv = np.zeros_like(self.v)
        for (i, j), a in zip(self.blocks, self.a):
            dqk = dy[:, i] @ self.v[:, j].transpose(0, 2, 1)
            dqk -= np.vecdot(dy[:, i], self.y[:, i])[:, :, None]
            dqk *= a
            dq[:, i] = dqk @ self.k[:, j]
            dk[:, j] += dqk.transpose(0, 2, 1) @ self.q[:, i]
            dv[:, j] += a.transpose(0, 2, 1) @ dy[:, i]
        return dq, dk, dv
"""
    )


def test_scores_are_written_over_where_the_mask_is_false() -> None:
    masks = {
        "j <= i + 1": "last=1",
        "j > i": "first=1",
        "j <= i and j >= i - 2": "first=-2, last=0",
        "j <= i + size(k,1) - size(q,1)": "last=k.shape[1] - q.shape[1]",
    }
    for mask, limits in masks.items():
        code = symgrad.generate(layer_of(ATTENTION.format(mask, SCORES, VALUES)))
        assert f"            _fill_outside(s, -np.inf, i, j, {limits})\n" in code
        assert "np.where(" not in code
        assert "np.tri(" not in code


@pytest.mark.parametrize(
    "mask",
    ["j <= i and j < 3", "j <= i and j <= i + 2", "j <= i and not j < i - 2"],
)
def test_a_choice_by_another_mask_stays(mask: str) -> None:
    code = symgrad.generate(layer_of(ATTENTION.format(mask, SCORES, VALUES)))
    assert "s = np.where(mask[i, j], " in code
    assert "_fill_outside" not in code


@pytest.mark.parametrize("axes", [None, (0, 2), (2, 1)])
def test_filling_the_outside_of_a_band_is_a_choice(axes: tuple[int, int] | None) -> None:
    names: dict[str, Any] = {}
    exec(compile(symgrad.generate(layer_of(CUT[4])), "generated", "exec"), names)
    limits = (None, -9, -3, -1, 0, 1, 2, 9, -math.inf, math.inf)
    slices = [slice(0, 3), slice(2, 5), slice(5, 6), slice(4, 4), slice(1, 8)]
    for i, j, first, last in itertools.product(slices, slices, limits, limits):
        places = np.arange(j.start, j.stop) - np.arange(i.start, i.stop)[:, None]
        inside = np.ones(places.shape, bool)
        inside &= True if first is None else places >= first
        inside &= True if last is None else places <= last
        x = np.full((2, *places.shape), np.nan, np.float32)
        wanted = np.where(inside, x, np.float32(-np.inf))
        given = x if axes is None else np.moveaxis(x, (-2, -1), axes)
        found = names["_fill_outside"](given, -np.inf, i, j, first=first, last=last, axes=axes)
        assert found is given  # x is a view of it
        np.testing.assert_array_equal(x, wanted)


@pytest.mark.parametrize("formula", [CUT[0], CUT[4], CUT[6], CUT[7]])
def test_what_the_mask_leaves_out_may_be_anything(formula: str) -> None:
    layer = layer_of(formula)
    random = np.random.default_rng(3)
    lengths = OTHERS | {"i": 5, "j": 5}
    shapes = [[lengths[x.name] for x in layer.axes[name]] for name in layer.inputs]
    arrays = [random.normal(size=shape) for shape in shapes]
    first = class_of(layer, 2)().forward(*arrays).copy()
    arrays[layer.inputs.index("k")][:, 4] = np.nan, np.inf, -np.inf  # read by the last row alone
    with np.errstate(invalid="ignore"):
        again = class_of(layer, 2)().forward(*arrays)
    np.testing.assert_array_equal(again[:, :4], first[:, :4])
    assert np.isnan(again[:, 4]).all()


def test_a_window_needs_few_columns_for_a_block() -> None:
    names: dict[str, Any] = {}
    code = symgrad.generate(layer_of(CUT[4]))
    exec(compile(code, "generated", "exec"), names)
    blocks = names["_band_blocks"](130, 130, first=-2, last=0)
    assert blocks == [
        (slice(0, 64), slice(0, 64)),
        (slice(64, 128), slice(62, 128)),
        (slice(128, 130), slice(126, 130)),
    ]
    assert names["_band_blocks"](130, 100, last=-1, every=True) == [(slice(0, 130), slice(0, 100))]
    assert names["_band_blocks"](64, 100, last=0) == [(slice(0, 64), slice(0, 100))]
