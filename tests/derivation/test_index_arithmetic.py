"""Gradients of formulas with index arithmetic, gathers, `pad` and parts: what they print, and mean.

The meaning is that of the oracle: forward as the formula has it, backward against differences.
"""

from collections.abc import Mapping

import numpy as np
import pytest

import symgrad
from symgrad.oracle import evaluate, evaluate_statements

Shapes = Mapping[str, tuple[int, ...]]
STEP = 1e-6

# formula, constants, shapes, numbers of different integers, the gradients as they print
ROWS = (
    (
        "y[n,o,i] = sum_{c,u} x[n,c,2*i+u]*w[o,c,u]",
        {},
        {"x": (2, 3, 8), "w": (4, 3, 3)},
        {},
        "dx_nci = sum_{o,j,u} dy_noj*w_ocu*delta(i, 2*j+u) for i < size(x,2)\n"
        "dw_ocu = sum_{n,i} dy_noi*x[n,c,2*i+u] for u < size(w,2)",
    ),
    (
        "y[n,o,i] = sum_{c,u} pad(x[n,c,s*i+d*u-p])*w[o,c,u]"
        " for i < (size(x,2) + 2*p - d*(size(w,2) - 1) - 1)//s + 1",
        {"s": 2, "d": 2, "p": 1},
        {"x": (1, 2, 8), "w": (3, 2, 3)},
        {},
        "dx_nci = sum_{o,j,u} dy_noj*w_ocu*delta(i, s*j+d*u-p) for i < size(x,2)\n"
        "dw_ocu = sum_{n,i} dy_noi*pad(x[n,c,s*i+d*u-p]) for u < size(w,2)",
    ),
    (
        "y[n,o,p] = sum_{c,i,u} x[n,c,i]*w[c,o,u]*delta(p, s*i+u)"
        " for p < (size(x,2) - 1)*s + size(w,2)",
        {"s": 2},
        {"x": (2, 2, 3), "w": (2, 3, 3)},
        {},
        "dx_nci = sum_{o,u} dy[n,o,s*i+u]*w_cou\ndw_cou = sum_{n,i} dy[n,o,s*i+u]*x_nci",
    ),
    (
        "y[n,o,p] = sum_{c,i,u} x[n,c,i]*w[c,o,u]*delta(p, s*i+u-1)"
        " for p < (size(x,2) - 1)*s + size(w,2) - 2",
        {"s": 2},
        {"x": (2, 2, 3), "w": (2, 3, 3)},
        {},
        "dx_nci = sum_{o,u} pad(dy[n,o,s*i+u-1])*w_cou for i < size(x,2)\n"
        "dw_cou = sum_{n,i} pad(dy[n,o,s*i+u-1])*x_nci for u < size(w,2)",
    ),
    (
        "y_i = x[i+1] - x[i] for i < size(x,0) - 1",
        {},
        {"x": (5,)},
        {},
        "dx_i = pad(dy[i-1]) - pad(dy_i) for i < size(x,0)",
    ),
    ("y_i = x[size(x,0)-1-i]^2", {}, {"x": (4,)}, {}, "dx_i = 2*dy[size(i)-i-1]*x_i"),
    (
        "y_j = x[j, size(x,1)-1-j]",
        {},
        {"x": (3, 3)},
        {},
        "dx_ji = dy_j*delta(i, size(i)-j-1) for i < size(x,1)",
    ),
    (
        "y_i = x[(i+1) % size(x,0)] for i < size(x,0)",
        {},
        {"x": (4,)},
        {},
        "dx_i = dy[(i-1)%size(i)]",
    ),
    (
        "y_i = x[i % size(x,0)] for i < 3*size(x,0)",
        {},
        {"x": (4,)},
        {},
        "dx_i = sum_{q<3} dy[size(i)*q+i]",
    ),
    ("y_i = x[i//2] for i < 2*size(x,0)", {}, {"x": (4,)}, {}, "dx_i = sum_{r<2} dy[2*i+r]"),
    (
        "y_i = x[i//2]*w_i for i < 7",
        {},
        {"x": (4,), "w": (7,)},
        {},
        "dx_i = sum_{r: r<2, 2*i+r<7} dy[2*i+r]*w[2*i+r] for i < size(x,0)\n"
        "dw_i = sum_j dy_j*x[j//2]*delta(j, i) for i < size(w,0)",
    ),
    (
        "y_t = x[t,0]*x[t,1]",
        {},
        {"x": (3, 4)},
        {},
        "dx_tn = dy_t*(x[t,1]*delta(n, 0) + x[t,0]*delta(n, 1)) for n < size(x,1)",
    ),
    (
        "y_i = sum_{k<=i} w_k*x[i-k]",
        {},
        {"x": (4,), "w": (4,)},
        {},
        "dw_k = sum_{i>=k} dy_i*x[i-k]\n"
        "dx_i = sum_{j,k: k<=j} dy_j*w_k*delta(i, j-k) for i < size(x,0)",
    ),
    (
        "y_nj = w[t_n, j]*v[u_n, t_n]",
        {},
        {"w": (4, 3), "t": (5,), "v": (2, 4), "u": (5,)},
        {"t": 4, "u": 2},
        "dw_mj = sum_n dy_nj*v[u_n, t_n]*delta(m, t_n) for m < size(w,0)\n"
        "dv_mp = sum_{n,j} dy_nj*w[t_n, j]*delta(m, u_n)*delta(p, t_n)"
        " for m < size(v,0), p < size(v,1)",
    ),
    (
        "y_vj = sum_e delta(v, dst_e)*x[src_e, j] for v < size(x,0)",
        {},
        {"x": (3, 2), "dst": (5,), "src": (5,)},
        {"dst": 3, "src": 3},
        "dx_nj = sum_e dy[dst_e, j]*delta(n, src_e) for n < size(x,0)",
    ),
    (
        "p_ij = exp(x_ij)/sum_k exp(x_ik)\nloss = -mean_i log(p[i, t_i])",
        {},
        {"x": (3, 4), "t": (3,)},
        {"t": 4},
        "dx_ij = dloss*(p_ij - delta(j, t_i))/size(i)",
    ),
    (
        "y[n,i] = max_{u<3} x[n,2*i+u]",
        {},
        {"x": (2, 7)},
        {},
        "dx_ni = sum_{j,u: u<3} dy_nj*delta(u, argmax_{v<3} x[n,2*j+v])*delta(i, 2*j+u)"
        " for i < size(x,1)",
    ),
    (
        "y_i = pad(x[i-1], v)^2*w_i for i < size(x,0) + 2",
        {},
        {"x": (3,), "v": (), "w": (5,)},
        {},
        "dx_i = 2*dy[i+1]*x_i*w[i+1]\n"
        "dv = 2*sum_{i: i<size(x,0)+2, i-1<0 or i-1>=size(x,0)} dy_i*pad(x[i-1], v)*w_i\n"
        "dw_i = sum_j dy_j*pad(x[j-1], v)^2*delta(j, i) for i < size(w,0)",
    ),
    (
        "y[i, j] = x_ij*b_i\ny[i, size(x,1)+j] = z_ij",
        {},
        {"x": (2, 3), "b": (2,), "z": (2, 4)},
        {},
        "dx_ij = dy_ij*b_i for j < size(x,1)\ndb_i = sum_j dy_ij*x_ij\ndz_ij = dy[i,size(x,1)+j]",
    ),
    (
        "y[i,0] = a_i\ny[i,1] = b_i",
        {},
        {"a": (3,), "b": (3,)},
        {},
        "da_i = dy[i,0]\ndb_i = dy[i,1]",
    ),
    (
        "h[i, j] = x_ij\nh[i, size(x,1)+j] = z_ij\ny_i = sum_j tanh(h_ij)",
        {},
        {"x": (2, 3), "z": (2, 2)},
        {},
        "dh_ij = dy_i*(1 - h_tanh_ij^2)\ndx_ij = dh_ij for j < size(x,1)\n"
        "dz_ij = dh[i,size(x,1)+j]",
    ),
    (
        "h[i, 0] = a_i\nh[i, 1] = a_i*b_i\ny_i = sum_j h_ij^2",
        {},
        {"a": (3,), "b": (3,)},
        {},
        "dh_ij = 2*dy_i*h_ij\nda_i = dh[i,0] + dh[i,1]*b_i\ndb_i = dh[i,1]*a_i",
    ),
)


def forward(layer: symgrad.Layer, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    values = evaluate(layer, inputs)
    return {name: values[name] for name in layer.outputs}


def differences(
    layer: symgrad.Layer, inputs: dict[str, np.ndarray], incoming: Mapping[str, np.ndarray], by: str
) -> np.ndarray:
    """Return the gradient of sum dy*y by one input, by central differences."""
    gradient = np.zeros(inputs[by].shape)
    for place in np.ndindex(*gradient.shape):
        sides = []
        for step in (STEP, -STEP):
            moved = inputs[by].copy()
            moved[place] += step
            outputs = forward(layer, {**inputs, by: moved})
            sides.append(sum((outputs[name] * incoming[name]).sum() for name in outputs))
        gradient[place] = (sides[0] - sides[1]) / (2 * STEP)
    return gradient


@pytest.mark.parametrize(("formula", "constants", "shapes", "counts", "printed"), ROWS)
def test_gradient_as_it_prints_and_as_it_is(
    formula: str, constants: dict[str, int], shapes: Shapes, counts: dict[str, int], printed: str
) -> None:
    layer = symgrad.Layer("Layer", formula, constants=constants)
    derivation = symgrad.derive(layer)
    program = derivation.program
    assert [line for line in derivation.gradient_lines() if "argmax =" not in line] == (
        printed.split("\n")
    )
    rng = np.random.default_rng(3)
    inputs = {
        name: rng.integers(counts[name], size=shapes[name])
        if name in counts
        else rng.normal(size=shapes[name])
        for name in layer.inputs
    }
    outputs = forward(layer, inputs)
    values = evaluate_statements(program.forward, {**layer.constants, **inputs})
    for name, output in outputs.items():
        np.testing.assert_allclose(values[name], output, rtol=1e-12, atol=1e-12)
    incoming = {name: rng.normal(size=output.shape) for name, output in outputs.items()}
    env = {**layer.constants, **inputs, **values}
    env |= {program.cotangents[name]: value for name, value in incoming.items()}
    computed = evaluate_statements(program.backward, env)
    for name, gradient in program.gradients.items():
        expected = differences(layer, inputs, incoming, name)
        np.testing.assert_allclose(computed[gradient], expected, rtol=1e-6, atol=1e-7)
