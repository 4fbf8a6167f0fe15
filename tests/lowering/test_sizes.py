"""No array is larger than inputs and outputs need it, and splitting a difference stays accurate."""

from __future__ import annotations

import numpy as np
import pytest

from symgrad import build
from symgrad.derivation import derive
from symgrad.lowering import lower
from symgrad.lowering.nodes.traversal import walk

# formula, the largest number of axes that an array may have
RANKS = [
    ("y_ij = sum_k x_ik*w_kj + b_j", 2),
    ("y_ij = sum_k (x_ik - w_jk)^2", 2),
    ("y_ij = exp(-sum_k (x_ik - w_jk)^2)", 2),
    ("y_ij = sum_k a_ik*(x_jk - w_ik)", 2),
    ("y_ij = sum_k (a_ik + b_jk)*c_k", 2),
    ("y_ij = sum_k (x_ik*w_kj + v_k)", 2),
    ("y_i = sum_{k != i} x_k", 1),
    ("y_ij = sum_{k<=j} x_ik", 2),
    ("y_i = prod_k x_ik", 2),
    ("y = mean_{i,j} sum_k (x_ik - w_jk)^2", 2),
    ("y_i = mean_j sum_k (x_ik - w_jk)^2", 2),
    ("y_i = min_j sum_k (x_ik - w_jk)^2", 2),
    ("y = mean_i min_j sum_k (x_ik - w_jk)^2 + mean_j min_i sum_k (x_ik - w_jk)^2", 2),
    ("y_ij = sum_{d,e} (x_id - m_jd)*P_de*(x_ie - m_je)", 2),
    ("y_ij = prod_{k<=j} x_ik", 2),
    ("y_ij = prod_{k>j} x_ik", 2),
    ("y_ij = prod_{k != j} x_ik", 2),
    ("y = sum_i a_i*x_i*prod_{j<i} (1 - a_j)", 1),
    ("y_ij = max_{k<=j} x_ik", 2),
    ("y_j = min_{k>=j} x_k", 1),
    ("y_ij = exp(x_ij)/sum_k exp(x_ik)", 2),
]


@pytest.mark.parametrize(("formula", "rank"), RANKS)
def test_no_array_has_more_axes_than_needed(formula: str, rank: int) -> None:
    plan = lower(derive(formula).program)
    arrays = [*plan.forward.arrays(), *plan.backward.arrays()]
    assert max(part.ndim for array in arrays for part in walk(array)) <= rank


def test_squared_distances_keep_their_accuracy_at_an_offset_of_1000_in_float32() -> None:
    random = np.random.default_rng(3)
    x, w = (random.normal(size=(n, 16)).astype(np.float32) + 1000 for n in (50, 40))
    dy = random.normal(size=(50, 40)).astype(np.float32)
    instance = build("y_ij = sum_k (x_ik - w_jk)^2")()
    y = instance.forward(x, w)
    dx, dw = instance.backward(dy)
    difference = x.astype(float)[:, None] - w.astype(float)
    bound = np.finfo(np.float32).eps * 8 * 2 * 16
    assert np.abs(y - (difference**2).sum(axis=2)).max() < bound
    weighted = 2 * dy.astype(float)[:, :, None] * difference
    scale = np.abs(weighted).sum(axis=1).max()
    assert np.abs(dx - weighted.sum(axis=1)).max() < scale * 4e-7
    assert np.abs(dw + weighted.sum(axis=0)).max() < scale * 4e-7


def test_the_distance_of_a_row_to_itself_is_never_negative() -> None:
    x = np.random.default_rng(4).normal(size=(20, 5)).astype(np.float32)
    y = build("y_ij = sqrt(sum_k (x_ik - w_jk)^2)")().forward(x, x.copy())
    assert (y >= 0).all()


def test_sums_beside_a_large_term_do_not_cancel() -> None:
    x = np.array([1e20, 1.0, 2.0])
    np.testing.assert_array_equal(build("y_i = sum_{k != i} x_k")().forward(x)[0], 3.0)
    np.testing.assert_array_equal(build("y_i = sum_{k>i} x_k")().forward(x), [3.0, 2.0, 0.0])
