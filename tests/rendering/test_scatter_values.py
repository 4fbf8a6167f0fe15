"""Scatters compute what their statements mean: windows, gathers, literals, joined parts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from symgrad.derivation import derive
from symgrad.language.layer import Layer
from symgrad.oracle import evaluate, evaluate_statements
from symgrad.rendering import build
from tests.rendering.test_values import assert_close, listed, read_only

Shapes = Mapping[str, Sequence[int]]

CONV = "y[n,o,i] = sum_{c,u} pad(x[n,c,s*i+d*u-p])*w[o,c,u] "
CONV += "for i < (size(x,2) + 2*p - d*(size(w,2)-1) - 1)//s + 1"

# formula, shapes of the inputs that are no integers, integer inputs, constants
WINDOWS: list[tuple[str, Shapes, dict[str, Any], dict[str, int]]] = [
    (CONV, {"x": (2, 3, 8), "w": (4, 3, 3)}, {}, {"s": 2, "d": 2, "p": 1}),
    (CONV, {"x": (2, 3, 2), "w": (4, 3, 3)}, {}, {"s": 1, "d": 1, "p": 2}),
    (CONV, {"x": (2, 3, 9), "w": (4, 3, 3)}, {}, {"s": 3, "d": 1, "p": -2}),
    (CONV, {"x": (0, 3, 4), "w": (2, 3, 1)}, {}, {"s": 1, "d": 1, "p": 0}),
    ("y_no = sum_u x[n,2*o+u]*w_u", {"x": (2, 6), "w": (3,)}, {}, {}),
    ("y_no = sum_u x[n,2*o+u]*w_u", {"x": (1, 1), "w": (1,)}, {}, {}),
    ("y_no = sum_u x[n,2*o+u]*w_u", {"x": (2, 2), "w": (3,)}, {}, {}),
    ("y_ij = sum_{u,v} x[s*i+u,j+2*v]*w_uv", {"x": (6, 7), "w": (3, 2)}, {}, {"s": 2}),
    ("y_ni = max_{u: u<2} x[n,2*i+u]", {"x": (3, 7)}, {}, {}),
    ("y_ni = max_{u: u<3} x[n,2*i+u]", {"x": (3, 8)}, {}, {}),
    ("y_ij = max_{u,v: u<3, v<2} x[2*i+u,j+v]", {"x": (6, 5)}, {}, {}),
    ("y_ij = max_{u,v: u<2, v<2} pad(x[2*i+u-1,2*j+v], -inf) for i<3, j<3", {"x": (5, 6)}, {}, {}),
    ("y_ni = mean_{u<3} x[n,2*i+u]", {"x": (3, 7)}, {}, {}),
    ("y_i = (sum_{u<2} abs(x[2*i+u])^3)^(1/3)", {"x": (7,)}, {}, {}),
    ("y_i = sum_{k<=i} w_k*x[i-k]", {"w": (3,), "x": (5,)}, {}, {}),
    ("y_i = sum_{k<=i} w_k*x[i-k]", {"w": (5,), "x": (2,)}, {}, {}),
    ("y_i = sum_{k<=i} w_k*x[i-k]", {"w": (0,), "x": (2,)}, {}, {}),
    ("y_i = sum_u x[size(x,0)-1-2*i-u]*w_u for i < 2", {"x": (7,), "w": (3,)}, {}, {}),
    ("y_p = sum_{i,u} x_i*w_u*delta(p, 2*i+u) for p < 5", {"x": (4,), "w": (3,)}, {}, {}),
    ("y_p = sum_{i,u} x_i*w_u*delta(p+1, 2*i+u) for p < 9", {"x": (4,), "w": (3,)}, {}, {}),
    ("y_k = sum_{i,j} x_i*w_j*delta(i-j, k) for k < 5", {"x": (6,), "w": (3,)}, {}, {}),
    ("y_k = sum_{i,j: i<=j} x_i*w_j*delta(j-i, k) for k < 5", {"x": (3,), "w": (4,)}, {}, {}),
    ("y_i = logsumexp_{g<2} x[3*i+g//2]", {"x": (5,)}, {}, {}),
    ("y_ij = x[i+j,i]*w_j", {"x": (7, 5), "w": (3,)}, {}, {}),
    ("y_i = sum_u x[i+u,2*i+u]*w_u for i < 2", {"x": (7, 5), "w": (3,)}, {}, {}),
    (
        "y_kl = sum_{i,u} x_i*w_u*delta(i+u, k)*delta(i-u+1, l) for k<5, l<4",
        {"x": (3,), "w": (4,)},
        {},
        {},
    ),
    ("u_ij = x[i+j]*w_j; y_i = sum_j u_ij^2", {"x": (7,), "w": (3,)}, {}, {}),
]

PLACES: list[tuple[str, Shapes, dict[str, Any], dict[str, int]]] = [
    ("y_nj = w[t_n,j]", {"w": (5, 3)}, {"t": [1, 4, 1, 0]}, {}),
    ("y_nj = w[t_n,j]", {"w": (5, 3)}, {"t": np.zeros(0, int)}, {}),
    ("y_n = w[t_n]", {"w": (5,)}, {"t": [1, 4, 1, 0]}, {}),
    ("y_nj = sum_b w[t_nb,j]*s_nb", {"w": (4, 3), "s": (2, 3)}, {"t": [[0, 1, 1], [3, 3, 0]]}, {}),
    ("y_e = x[a_e,b_e]", {"x": (3, 4)}, {"a": [1, 2, 1], "b": [3, 0, 3]}, {}),
    ("y_ej = x[a_e,j,b_e]", {"x": (3, 2, 4)}, {"a": [1, 2, 1], "b": [3, 0, 3]}, {}),
    ("y = -mean_i p[i,t_i]", {"p": (3, 4)}, {"t": [1, 2, 1]}, {}),
    ("y_ij = p[i,t_i,j]", {"p": (3, 4, 2)}, {"t": [1, 2, 1]}, {}),
    ("y_ij = p[i,j,t_i]", {"p": (3, 2, 4)}, {"t": [1, 2, 1]}, {}),
    ("y_ij = p[t_i,j,i]", {"p": (4, 2, 3)}, {"t": [1, 2, 1]}, {}),
    ("y_ijk = p[i,j,k,t_ij]", {"p": (2, 3, 5, 4)}, {"t": [[1, 2, 1], [0, 0, 3]]}, {}),
    ("y_bij = x[b,t_bi,j]", {"x": (2, 4, 3)}, {"t": [[1, 3, 1], [0, 0, 2]]}, {}),
    ("y_i = pad(x[i+1], x[size(x,0)-1]) - x_i for i < size(x,0)", {"x": (5,)}, {}, {}),
    ("y = max_i x[i, size(x,1)-1-i]", {"x": (5, 5)}, {}, {}),
    ("y_j = x[j,n-1-j]", {"x": (2, 3)}, {}, {"n": 3}),
    ("y_i = sum_u x[i+u,t_i]*w_u", {"x": (7, 5), "w": (3,)}, {"t": [1, 0, 1, 4, 2]}, {}),
    (
        "y_vj = sum_e delta(v, dst_e)*x[src_e, j] for v < size(x,0)",
        {"x": (4, 3)},
        {"dst": [0, 1, 1], "src": [3, 3, 2]},
        {},
    ),
    ("y_kj = mean_i x_ij*delta(t_i, k) for k < 4", {"x": (3, 2)}, {"t": [1, 3, 1]}, {}),
    (
        "y_kl = sum_i x_i*delta(t_i, k)*delta(2*i+1, l) for k<4, l<6",
        {"x": (3,)},
        {"t": [1, 3, 1]},
        {},
    ),
    ("y_k = sum_i a_i*delta(k, argmax_j x_ij) for k < 3", {"x": (5, 4), "a": (5,)}, {}, {}),
    ("y_p = sum_i a_i*delta(p, (3*i+1)%4) for p < 4", {"a": (5,)}, {}, {}),
    ("y_k = sum_i x_i*delta(i//2, k) for k < 2", {"x": (5,)}, {}, {}),
    ("y_i = delta(i, 5)*a for i < 3", {"a": ()}, {}, {}),
]

SUMS: list[tuple[str, Shapes, dict[str, Any], dict[str, int]]] = [
    ("y_i = x[i+1]*h_i", {"x": (6,), "h": (3,)}, {}, {}),
    ("y_i = x[i+1]^2 - x_i for i < size(x,0)-1", {"x": (5,)}, {}, {}),
    ("y_i = x[i+1]^2 - x_i for i < size(x,0)-1", {"x": (1,)}, {}, {}),
    ("y_tj = x[t,1,j]*x[t,0,j]", {"x": (2, 3, 4)}, {}, {}),
    ("y_tj = x[t,1,j]*x[t,0,j]", {"x": (0, 2, 1)}, {}, {}),
    ("y_i = exp(x[i+1])*x[i] + x[2*i] for i<3", {"x": (6,)}, {}, {}),
    ("y_ij = x[i+1,j] + x[i,j] - x[i,t_j] for i < 2", {"x": (3, 4)}, {"t": [1, 2, 1, 0]}, {}),
    ("y_ij = x_ij - delta(j, t_i)", {"x": (3, 4)}, {"t": [1, 3, 0]}, {}),
    ("y_ij = w_j - delta(t_i, j)", {"w": (4,)}, {"t": [0, 3, 3]}, {}),
    ("y_ij = exp(x_ij) - 2*delta(j, t_i)*a_i", {"x": (3, 4), "a": (3,)}, {"t": [1, 3, 0]}, {}),
    (
        "p_ij = exp(x_ij)/sum_k exp(x_ik); y = -mean_i log(p[i,t_i])",
        {"x": (3, 4)},
        {"t": [1, 2, 1]},
        {},
    ),
]

PARTS: list[tuple[str, Shapes, dict[str, Any], dict[str, int]]] = [
    ("y[2*i]=a_i; y[2*i+1]=b_i", {"a": (3,), "b": (3,)}, {}, {}),
    ("y[2*i]=a_i; y[2*i+1]=b_i", {"a": (3,), "b": (2,)}, {}, {}),
    ("y[i,j]=x_ij^2; y[i,size(x,1)+j]=x_ij*z_ij", {"x": (3, 2), "z": (3, 2)}, {}, {}),
    ("y[i,j]=x_ij^2; y[i,size(x,1)+j]=x_ij*z_ij", {"x": (0, 2), "z": (0, 2)}, {}, {}),
    ("y[i,j]=x_j; y[i,size(x,0)+j]=z_ij", {"x": (3,), "z": (2, 4)}, {}, {}),
    ("y[size(x,0)+i]=z_i; y[i]=x_i", {"x": (3,), "z": (2,)}, {}, {}),
    ("y[i,0]=a_i; y[i,1]=b_i*a_i; y[i,2]=3", {"a": (3,), "b": (3,)}, {}, {}),
    (
        "y[0]=a; y[1+i]=x_i; y[size(x,0)+1+i]=z_i; u=sum_i y_i^2",
        {"a": (), "x": (3,), "z": (2,)},
        {},
        {},
    ),
    ("y[2*i+r]=x_ir", {"x": (3, 2)}, {}, {}),
    ("y[size(x,0)-1-i]=x_i", {"x": (3,)}, {}, {}),
]


@pytest.mark.parametrize(
    ("formula", "shapes", "integers", "constants"), [*WINDOWS, *PLACES, *SUMS, *PARTS]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_scatters_compute_the_statements_without_a_warning(
    formula: str,
    shapes: Shapes,
    integers: dict[str, Any],
    constants: dict[str, int],
    dtype: type,
) -> None:
    layer = Layer("Tested", formula, constants=constants)
    random = np.random.default_rng(5)
    inputs = {
        name: np.asarray(integers[name])
        if name in integers
        else random.normal(size=shapes[name]).astype(dtype)
        for name in layer.inputs
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(layer, inputs, dtype)


def check(layer: Layer, inputs: dict[str, np.ndarray], dtype: type) -> None:
    """Compare forward and both calls of backward with the meaning of layer and statements."""
    program = derive(layer).program
    known: dict[str, Any] = {
        name: array if name in layer.integers else array.astype(float)
        for name, array in inputs.items()
    }
    instance = build(layer)()
    results = listed(instance.forward(*map(read_only, inputs.values())), len(layer.outputs))
    meant = evaluate(layer, known)
    known.update(layer.constants)
    known.update(evaluate_statements(program.forward, known))
    for name, result in zip(layer.outputs, results, strict=True):
        assert_close(result, meant[name], dtype)
    random = np.random.default_rng(8)
    incoming = [read_only(random.normal(size=r.shape).astype(dtype)) for r in results]
    for output, gradient in zip(layer.outputs, incoming, strict=True):
        known[program.cotangents[output]] = gradient.astype(float)
    expected = evaluate_statements(program.backward, known)
    for _ in range(2):
        found = listed(instance.backward(*incoming), len(layer.wrt))
        for name, gradient in zip(layer.wrt, found, strict=True):
            assert_close(gradient, expected[program.gradients[name]], dtype)


@pytest.mark.parametrize(
    ("formula", "shapes"),
    [
        ("y[2*i]=a_i; y[2*i+1]=b_i", [(3,), (1,)]),
        ("y[2*i]=a_i; y[2*i+1]=b_i", [(2,), (3,)]),
        ("y[i]=a_i; y[2*i+1]=b_i", [(3,), (2,)]),
    ],
)
def test_parts_that_leave_gaps_or_overlap_are_refused(
    formula: str, shapes: list[tuple[int, ...]]
) -> None:
    instance = build(Layer("Tested", formula))()
    with pytest.raises(ValueError, match=r"^y"):
        instance.forward(*(np.ones(shape) for shape in shapes))


@pytest.mark.parametrize("columns", [0, 1, 127, 128, 200])
@pytest.mark.parametrize("ids", [[], [3], [4, 0, 4, 1, 4], [2] * 20 + [0, 1] * 8 + [5]])
def test_rows_that_occur_often_and_seldom_are_added_alike(columns: int, ids: list[int]) -> None:
    layer = build(Layer("Rows", "y_nd = w[t_n, d]", wrt=["w"]))()
    rng = np.random.default_rng(2)
    rows = np.array(ids, dtype=int)
    layer.forward(rng.normal(size=(6, columns)), rows)
    dy = rng.normal(size=(len(ids), columns))
    expected = np.zeros((6, columns))
    np.add.at(expected, rows, dy)
    np.testing.assert_allclose(layer.backward(dy), expected, rtol=1e-12, atol=1e-12)
