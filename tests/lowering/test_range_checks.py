"""A read that can leave its tensor is an error at the call, before anything is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symgrad import Layer, build, generate

X = np.arange(12.0).reshape(3, 4)
LINE = np.arange(5.0)

# formula, constants, arguments, message
MISTAKES: list[tuple[str, dict[str, float], list[Any], str]] = [
    ("y_i = x_i*x[i+1]", {}, [LINE], "x: axis 0 has length 5 and is read at 1..5"),
    ("y_i = x[i-1] for i < 3", {}, [LINE], "x: axis 0 has length 5 and is read at -1..1"),
    ("y_i = x[3-2*i] for i < 3", {}, [LINE], "x: axis 0 has length 5 and is read at -1..3"),
    (
        "y_iu = x[s*i+u] for i < 3, u < 2",
        {"s": 2},
        [LINE],
        "x: axis 0 has length 5 and is read at 0..5",
    ),
    ("y_i = x[i,4]", {}, [X], "x: axis 1 has length 4 and is read at 4..4"),
    ("y_i = sum_{k<6} x_ik", {}, [X], "x: axis 1 has length 4 and is read at 0..5"),
    ("y_i = x[i//2] for i < 12", {}, [LINE], r"i//2 must be in 0..4 \(axis 0 of x\), found 5"),
    ("y_nj = x[t_n, j]", {}, [X, [0, 3]], r"t must be in 0..2 \(axis 0 of x\), found 3"),
    ("y_nj = x[t_n, j]", {}, [X, [0, -1]], r"t must be in 0..2 \(axis 0 of x\), found -1"),
    ("y_n = x[t_n + 1]", {}, [LINE, [1, 4]], r"t_n \+ 1 must be in 0..4 \(axis 0 of x\), found 5"),
    (
        "y_ij = where(j == t_i, x_ij, 0)",
        {},
        [[0, 1, 4], X],
        r"t must be in 0..3 \(index j\), found 4",
    ),
    (
        "y_i = sum_j delta(j, t_i)*x_ij",
        {},
        [[0, -1, 1], X],
        r"t must be in 0..3 \(index j\), found -1",
    ),
    (
        "y_i = sum_{k<=i+1} w_k*x[i-k]",
        {},
        [LINE[:2], LINE[:2]],
        r"i - k must be in 0..1 \(axis 0 of x\), found -1",
    ),
    (
        "y_p = sum_u x[p+u]*w_u",
        {},
        [LINE, np.ones(7)],
        "axis 0 of w is longer than axis 0 of x allows: axis p would have length -1",
    ),
    (
        "y_pq = sum_{u,v} x[p+u,q+v]*w_uv",
        {},
        [X, np.ones((2, 6))],
        "w is longer than x allows: axis q would have length -1",
    ),
    (
        "y_i = x[i+2] for i < size(x,0)-2",
        {},
        [LINE[:1]],
        "axis 0 of x is too short: axis i would have length -1",
    ),
    ("y = mean_{i<size(x,0)-1} x[i+1]", {}, [LINE[:1]], "the mean over i has no element"),
    (
        "h_i = sum_u x[i+u]*w_u; g_i = sum_u z[i+u]*v_u; y_i = h_i*g_i",
        {},
        [LINE, LINE[:2], LINE, LINE[:3]],
        "g: axis 0 has length 3, and its index runs over 4 places",
    ),
    ("y_i = x[i%size(w,0)]*w[0] for i < 3", {}, [LINE, LINE[:0]], r"size\(w, 0\) divides an index"),
    (
        "k_i = t_i + 1; y_i = x[k_i]",
        {},
        [[1, 4], LINE],
        r"k_i must be in 0..4 \(axis 0 of x\), found 5",
    ),
    (
        "s_n = sum_{t: t+1 < size(y,1)} a[y_nt, y[n,t+1]]",
        {},
        [X, [[0, 1], [2, 4]]],
        r"y must be in 0..3 \(axis 1 of a\), found 4",
    ),
    ("k_i = t_i + 1; y_i = x[k_i]", {}, [[0.5], LINE], "t must hold integers, not float64"),
]


@pytest.mark.parametrize(("formula", "constants", "arguments", "message"), MISTAKES)
def test_a_read_outside_is_named_with_its_tensor_axis_and_range(
    formula: str, constants: dict[str, float], arguments: list[Any], message: str
) -> None:
    layer = build(Layer("Read", formula, constants=constants))(**constants)
    with pytest.raises(ValueError, match=message):
        layer.forward(*map(np.asarray, arguments))


PROVEN = [
    "y_i = x[i+1] - x[i] for i < size(x,0)-1",
    "y_nop = sum_{c,u} x[n,c,s*p+u]*w_ocu",
    "y_i = sum_{k<=i} w_k*x[i-k]",
    "y_i = sum_{k: k+i < size(x,0)} w_k*x[i+k] for i < size(x,0)",
    "y_ij = x[size(x,0)-1-i, j]",
    "y_i = x[i//s] for i < s*size(x,0)",
    "y_i = x[(i+1)%size(x,0)] for i < size(x,0)",
    "y_i = pad(x[i-3]) for i < 4",
    "s_n = sum_t u_nt*x_nt + sum_{t: t+1 < size(x,1)} x[n,t+1]",
]


@pytest.mark.parametrize("formula", PROVEN)
def test_a_read_that_is_provably_inside_is_not_checked(formula: str) -> None:
    constants = {"s": 2} if "s*" in formula or "//s" in formula else {}
    source = generate(Layer("Read", formula, constants=constants))
    assert "_check_r" not in source


@pytest.mark.parametrize(
    ("constants", "message"),
    [
        ({"s": 2.5}, "s must be a whole number of 1 or more, found 2.5"),
        ({"s": 0}, "s must be a whole number of 1 or more, found 0"),
        ({"p": 0.5}, "p must be a whole number, found 0.5"),
        ({"n": -1}, "n must be a whole number of 0 or more, found -1"),
    ],
)
def test_constants_of_index_arithmetic_are_checked_by_the_constructor(
    constants: dict[str, float], message: str
) -> None:
    formula = "y_i = pad(x[s*i-p]) for i < n"
    made = build(Layer("Read", formula, constants={"s": 2, "p": 1, "n": 3}))
    with pytest.raises(ValueError, match=message):
        made(**constants)


def test_whole_floats_are_taken_as_whole_numbers() -> None:
    made = build(Layer("Read", "y_i = pad(x[s*i-p]) for i < 3", constants={"s": 2, "p": 1}))
    np.testing.assert_array_equal(made(s=2.0).forward(LINE), [0, 1, 3])


def test_nothing_is_read_where_an_index_of_the_subscript_has_no_values() -> None:
    made = build(Layer("Read", "y_iu = x[2*i+u] for i < n, u < 9", constants={"n": 1}))
    assert made(n=0).forward(LINE).shape == (0, 9)
    with pytest.raises(ValueError, match=r"read at 0..8"):
        made(n=1).forward(LINE)


def test_a_scalar_integer_may_be_a_step_and_a_length() -> None:
    layer = build("y_k = sum_{u<2} x[s*k+u]")()
    np.testing.assert_array_equal(layer.forward(np.arange(6.0), 3), [1, 7])
    np.testing.assert_array_equal(layer.backward(np.array([1.0, 2.0])), [1, 1, 0, 2, 2, 0])


def test_labels_are_in_range_of_the_very_axis_they_index() -> None:
    formula = "y_n = w[t_n] + sum_{m: t_m < size(x,0)} x[t_m]"
    found = build(formula)().forward(np.arange(5.0), np.array([4, 0]), np.ones(3))
    np.testing.assert_array_equal(found, [5, 1])


def test_a_read_that_leaves_its_filter_reads_nothing_outside() -> None:
    layer = build("y_i = sum_{j<i} x[t_i+1] for i < 2")()
    np.testing.assert_array_equal(layer.forward(np.ones(2), np.array([5, 0])), [0, 1])
