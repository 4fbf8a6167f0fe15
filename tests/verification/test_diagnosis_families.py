"""Mistakes of each family, in layers of many kinds, are named for what they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad import Layer
from tests.verification.wrong_backwards import (
    ATTENTION,
    BILINEAR,
    CONVOLUTION,
    EMBEDDING,
    GROUP_NORM,
    IN_GROUP,
    POOL,
    Change,
    attention,
    bilinear,
    convolution,
    embedding,
    group_norm,
    one_input,
    pool,
)

Diagnoses = dict[str, str]


def diagnoses(layer: Layer | str, implementation: Any) -> Diagnoses:
    """Return the diagnosis of each array that is wrong."""
    report = symgrad.check(layer, implementation)
    arrays = {**report.outputs, **report.gradients}
    return {name: part.diagnosis for name, part in arrays.items() if not part.ok}


# --- factors that are lengths --------------------------------------------------------------------

OVER = (0, 2, 3)
SCALES: dict[str, Change] = {
    "1/(size(n)*size(i)*size(j)): divided by size(n)*size(i)*size(j)": lambda d: d.mean(OVER),
    "1/size(i): divided by size(i)": lambda d: d.sum(OVER) / d.shape[2],
    "1/size(j): divided by size(j)": lambda d: d.sum(OVER) / d.shape[3],
    "1/(size(n)*size(j)): divided by size(n)*size(j)": lambda d: d.mean((0, 3)).sum(1),
    "1/(size(i)*size(j)): divided by size(i)*size(j)": lambda d: d.mean((2, 3)).sum(0),
    "size(i)^2": lambda d: d.sum(OVER) * d.shape[2] ** 2,
    "size(i)/size(j)": lambda d: d.sum(OVER) * d.shape[2] / d.shape[3],
    "size(n)/2": lambda d: d.sum(OVER) * len(d) / 2,
    "2/(size(n)*size(i)*size(j))": lambda d: 2 * d.mean(OVER),
    "1/(size(n)*size(i)*size(j) - 1): divided by size(n)*size(i)*size(j) - 1": (
        lambda d: d.sum(OVER) / (d[:, 0].size - 1)
    ),
    "1/sqrt(size(n)*size(i)*size(j)): divided by sqrt(size(n)*size(i)*size(j))": (
        lambda d: d.sum(OVER) / np.sqrt(d[:, 0].size)
    ),
}


@pytest.mark.parametrize("factor", SCALES)
def test_a_factor_of_lengths_that_follow_from_the_inputs_is_told_from_a_number(factor: str) -> None:
    found = diagnoses(CONVOLUTION, convolution(SCALES[factor]))
    assert found == {"b": f"is scaled by {factor}"}


def test_a_right_convolution_passes() -> None:
    assert symgrad.check(CONVOLUTION, convolution(lambda dy: dy.sum(axis=OVER))).ok


# --- parts of the formula ------------------------------------------------------------------------


def _group(first: Change, second: Change) -> type:
    """Return a group norm of which the two means of dx are changed."""
    return group_norm(
        lambda layer, dy, g, dx: layer.r * (g - first(g) - layer.x_hat * second(g * layer.x_hat))
    )


def _mean(g: Any) -> Any:
    return g.mean(**IN_GROUP)


def test_a_right_group_norm_passes() -> None:
    assert symgrad.check(GROUP_NORM, _group(_mean, _mean)).ok


@pytest.mark.parametrize(
    ("first", "second", "diagnosis"),
    [
        (np.zeros_like, _mean, "the term -v_rsqrt_ng*mean_{l,q} dy_nglq*a_gl is missing"),
        (
            np.zeros_like,
            np.zeros_like,
            "the terms -v_rsqrt_ng*mean_{l,q} dy_nglq*a_gl and "
            "-v_rsqrt_ng*x_hat_ngkp*mean_{l,q} dy_nglq*a_gl*x_hat_nglq are missing",
        ),
        (
            lambda g: g.sum(**IN_GROUP),
            _mean,
            "the term -v_rsqrt_ng*mean_{l,q} dy_nglq*a_gl is scaled by size(k)*size(p)",
        ),
        (
            lambda g: g.mean(axis=3, keepdims=True),
            _mean,
            "mean_{l,q} dy_nglq*a_gl is taken over q alone",
        ),
    ],
)
def test_what_is_wrong_with_a_term_is_named(first: Change, second: Change, diagnosis: str) -> None:
    assert diagnoses(GROUP_NORM, _group(first, second)) == {"x": diagnosis}


def test_the_names_that_the_derivation_made_are_explained() -> None:
    report = symgrad.check(GROUP_NORM, _group(np.zeros_like, _mean))
    text = "\n".join(report.gradients["x"].explanation)
    assert "where      x_centered_ngkp = x_ngkp - m_ng\n" in text
    assert "v_rsqrt_ng = 1/sqrt(v_ng + eps)\n" in text


ATTENTIONS: list[tuple[Change, str]] = [
    (
        lambda layer, do, da, ds: ds / layer.scale,
        "is scaled by sqrt(size(d)): the division by sqrt(size(d)) is missing",
    ),
    (
        lambda layer, do, da, ds: layer.scale * layer.a * (1 - layer.a) * da,
        "of sum_l a_ql*sum_v V_lv*do_qv the term l = k alone is there: the cross terms are "
        "missing (in ds)",
    ),
    (
        lambda layer, do, da, ds: (
            layer.scale * layer.a * (da - (da * layer.a).sum(axis=0, keepdims=True))
        ),
        "in sum_l a_ql*sum_v V_lv*do_qv the sum is over q in place of l (in ds)",
    ),
]


@pytest.mark.parametrize(("change", "diagnosis"), ATTENTIONS)
def test_a_mistake_in_the_softmax_of_an_attention_is_named(change: Change, diagnosis: str) -> None:
    assert diagnoses(ATTENTION, attention(change)) == {"Q": diagnosis, "K": diagnosis}


def test_a_right_attention_passes() -> None:
    assert symgrad.check(ATTENTION, attention(lambda layer, do, da, ds: ds)).ok


# --- scatters and constants ----------------------------------------------------------------------


def _assign_rows(table: Any, ids: Any, dy: Any) -> Any:
    table[ids] += dy
    return table


def _add_rows(table: Any, ids: Any, dy: Any) -> Any:
    np.add.at(table, ids, dy)
    return table


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_add_rows, {}),
        (
            _assign_rows,
            {
                "table": "holds the last of the terms that meet at a place, not their sum, as "
                "dx[ids] += dy does: np.add.at adds all"
            },
        ),
        (
            lambda *a: _add_rows(*a) / len(a[2]),
            {"table": "is scaled by 1/size(n): divided by size(n)"},
        ),
        (
            lambda table, ids, dy: dy,
            {"table": "is dy itself: the derivative of the layer is missing"},
        ),
    ],
)
def test_mistakes_in_a_scatter_are_named(change: Change, found: Diagnoses) -> None:
    assert diagnoses(EMBEDDING, embedding(change)) == found


def _add(layer: Any, dx: Any, place: Any, value: Any) -> None:
    i, u = place
    dx[:, layer.stride * i + u] += value / layer.kernel


def _forget_kernel(layer: Any, dx: Any, place: Any, value: Any) -> None:
    _add(layer, dx, place, value * layer.kernel)


def _fixed_kernel(layer: Any, dx: Any, place: Any, value: Any) -> None:
    _add(layer, dx, place, value * layer.kernel / 2)


def test_a_right_pool_passes() -> None:
    assert symgrad.check(POOL, pool(_add)).ok


def test_a_constant_that_is_left_out_is_told_from_a_number() -> None:
    found = diagnoses(POOL, pool(_forget_kernel))
    assert found == {"x": "is scaled by kernel: the division by kernel is missing"}


def test_a_number_in_place_of_a_constant_is_reported() -> None:
    found = diagnoses(POOL, pool(_fixed_kernel))
    assert found["x"].startswith("is right in general, wrong only for other constants: with kernel")


# --- formulas of one input -----------------------------------------------------------------------

MOMENTS = Layer("Moments", "m_i = mean_j x_ij\nv_i = mean_j (x_ij - m_i)^2", outputs=["m", "v"])
CUMULATIVE = "y_ij = sum_{k<=j} x_ik"
LARGEST = "y_i = max_j x_ij"
SQUARE = "y_ij = sum_{k,l} x_ik*b_kl*x_jl"


def _moments(x: Any) -> Any:
    return x.mean(axis=1), x.var(axis=1)


def _moments_back(x: Any, dm: Any, dv: Any, count: int | None = None) -> Any:
    centered = x - x.mean(axis=1, keepdims=True)
    width = x.shape[1]
    return dm[:, None] / width + 2 * dv[:, None] * centered / (count or width)


def _cumulative(x: Any) -> Any:
    return x.cumsum(axis=1)


def _winner(x: Any, dy: Any, least: bool = False) -> Any:
    dx = np.zeros_like(x)
    dx[np.arange(len(x)), x.argmin(axis=1) if least else x.argmax(axis=1)] = dy
    return dx


ONE_INPUT: list[tuple[Layer | str, type, Diagnoses]] = [
    (MOMENTS, one_input(_moments, _moments_back), {}),
    (
        MOMENTS,
        one_input(_moments, lambda x, dm, dv: _moments_back(x, dv, dm)),
        {"x": "the incoming gradients dm and dv are exchanged"},
    ),
    (
        MOMENTS,
        one_input(_moments, lambda x, dm, dv: _moments_back(x, dm, dv, x.shape[1] - 1)),
        {"x": "the term 2*dv_i*x_centered_ij/size(j) is scaled by size(j)/(size(j) - 1)"},
    ),
    (
        MOMENTS,
        one_input(lambda x: _moments(x)[::-1], _moments_back),
        {"m": "is v: the two are swapped", "v": "is m: the two are swapped"},
    ),
    (CUMULATIVE, one_input(_cumulative, lambda x, dy: dy[:, ::-1].cumsum(axis=1)[:, ::-1]), {}),
    (
        CUMULATIVE,
        one_input(_cumulative, lambda x, dy: dy.cumsum(axis=1)),
        {"x": "k >= j stands in place of k <= j"},
    ),
    (
        CUMULATIVE,
        one_input(_cumulative, lambda x, dy: dy[::-1].cumsum(axis=0)[::-1]),
        {"x": "sum_{j>=k} dy_ij runs along i in place of k"},
    ),
    (LARGEST, one_input(lambda x: x.max(axis=1), _winner), {}),
    (
        LARGEST,
        one_input(lambda x: x.max(axis=1), lambda x, dy: np.repeat(dy[:, None], x.shape[1], 1)),
        {"x": "the factor delta(j, x_argmax_i) is missing"},
    ),
    (
        LARGEST,
        one_input(lambda x: x.max(axis=1), lambda x, dy: _winner(x, dy, least=True)),
        {"x": "the argmin stands in place of the argmax in argmax_j x_ij (in x_argmax)"},
    ),
]


@pytest.mark.parametrize("row", range(len(ONE_INPUT)))
def test_mistakes_in_layers_of_one_input_are_named(row: int) -> None:
    layer, implementation, found = ONE_INPUT[row]
    assert diagnoses(layer, implementation) == found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda dy, *g: g, {}),
        (
            lambda dy, dx, dw, dz: (dx, dw.transpose(0, 2, 1), dz),
            {"w": "is transposed, its axes in the order [0, 2, 1]"},
        ),
        (lambda dy, dx, dw, dz: (-dx, dw, dz), {"x": "has the wrong sign"}),
        (
            lambda dy, dx, dw, dz: (dz, dw, dx),
            {"x": "is dz: the two are swapped", "z": "is dx: the two are swapped"},
        ),
        (lambda dy, dx, dw, dz: (dx, dw, None), {"z": "is missing (None)"}),
    ],
)
def test_mistakes_in_one_of_several_gradients_are_named(change: Change, found: Diagnoses) -> None:
    assert diagnoses(BILINEAR, bilinear(change)) == found


def test_a_matrix_that_is_transposed_in_both_terms_is_named() -> None:
    class Congruence:
        def forward(self, x: Any, b: Any) -> Any:
            self.x, self.b = x, b
            return x @ b @ x.T

        def backward(self, dy: Any) -> Any:
            dx = dy @ self.x @ self.b + dy.T @ self.x @ self.b.T
            return dx, self.x.T @ dy @ self.x

    found = diagnoses(SQUARE, Congruence)
    assert list(found) == ["x"]
    assert "is transposed wherever it is read" in found["x"]


def test_a_prediction_that_is_no_number_explains_nothing() -> None:
    halved = group_norm(lambda layer, dy, g, dx: dx / np.sqrt(1 - layer.eps * layer.r**2))
    assert "no simple explanation" in diagnoses(GROUP_NORM, halved)["x"]
