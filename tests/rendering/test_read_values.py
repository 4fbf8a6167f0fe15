"""Generated code reads the same entries as the oracle, on tiny shapes, extents 0 and 1 too."""

from __future__ import annotations

import numpy as np
import pytest

from symgrad import Layer, build
from symgrad.oracle import evaluate

# formula, constants
READS: list[tuple[str, dict[str, int]]] = [
    ("y_i = x[i+1]*2", {}),
    ("y_i = x[i+1] - x[i] for i < size(x,0)-1", {}),
    ("y_i = x[2*i]", {}),
    ("y_i = x[2*i+1] for i<n", {"n": 2}),
    ("y_ij = x[size(x,0)-1-i, j]", {}),
    ("y_i = x[size(x,0)-1-2*i] for i < 2", {}),
    ("y_i = x[3-i] for i<3", {}),
    ("y_i = x[n-i] for i<n", {"n": 2}),
    ("y_j = x[j, size(x,0)-1-j]", {}),
    ("y_ij = x[i+j] for i<3", {}),
    ("y_ij = x[i-j] for i<2,j<2", {}),
    ("y_i = sum_{j<=i} x[i-j]*w_j", {}),
    ("y_ij = x[i, i+j]", {}),
    ("y_ij = x[i+j, j]", {}),
    ("y_ijk = x[i+j+k] for i<2, j<2", {}),
    ("y_ijk = x[i+2*j-k+1] for i<2, j<2, k<2", {}),
    ("y_nop = sum_{c,u} x[n,c,s*p+u]*w_ocu", {"s": 2}),
    ("y_np = sum_u x[n,s*p+d*u]*w_u", {"s": 2, "d": 2}),
    ("y_np = sum_u x[n,p+size(w,0)-1-u]*w_u", {}),
    (
        "y_np = sum_u pad(x[n,s*p+d*u-q])*w_u for p < (size(x,1)+2*q-d*(size(w,0)-1)-1)//s+1",
        {"s": 2, "d": 1, "q": 1},
    ),
    (
        "y_np = sum_u pad(x[n,s*p+d*u-q])*w_u for p < (size(x,1)+2*q-d*(size(w,0)-1)-1)//s+1",
        {"s": 3, "d": 2, "q": 2},
    ),
    ("y_ij = pad(x[i-1,j+1], 5) for i < size(x,0)+2, j < size(x,1)", {}),
    ("y_i = pad(x[i-1])+2*pad(x[i])+3*pad(x[i+1]) for i < size(x,0)", {}),
    ("y_i = pad(x[q-i], a) for i < 4", {"q": 2}),
    ("y_i = pad(x[i+q]) for i < 4", {"q": -1}),
    ("y_i = pad(x[i-q]) for i < 4", {"q": -1}),
    ("y_i = pad(x[3-2*i], -inf) for i < 4", {}),
    ("y_ij = pad(x[i-j]) for i<4, j<3", {}),
    ("y_ij = pad(x[i-1, i+j-2], b_j) for i<4", {}),
    ("y_j = pad(x[j-1, j+1]) for j < 3", {}),
    ("y_ncij = max_{u,v: u<2, v<2} x[n,c,2*i+u,2*j+v]", {}),
    (
        "y_ncij = max_{u,v: u<3, v<3} pad(x[n,c,2*i+u-1,2*j+v-1], -inf) "
        "for i<(size(x,2)-1)//2+1, j<(size(x,3)-1)//2+1",
        {},
    ),
    ("y_nj = w[t_n, j]", {}),
    ("y_n = w[t_n, 0]", {}),
    ("y_nm = w[t_nm, 1, u_m]", {}),
    ("y_njm = w[t_n, j, u_m]", {}),
    ("y_i = p[i, t_i]", {}),
    ("y_ib = p[b, i, t_i]", {}),
    ("y_ibc = p[b, t_i, c, i]", {}),
    ("y_ibc = p[t_i, b, i, c]", {}),
    ("y_nu = x[t_n+u] for u<2", {}),
    ("y_n = x[size(x,0)-1-t_n]", {}),
    ("y_n = x[t_n - 1]", {}),
    ("y_nj = x[2*t_n, j+1]", {}),
    ("y_nj = x[t_n, j] for j<2", {}),
    ("y_nj = x[t_n, size(x,1)-1-j]", {}),
    ("y_nu = pad(x[t_n + u - 1], a) for u<3", {}),
    ("y_nj = pad(x[t_n-1, j])", {}),
    ("y_nj = pad(x[t_n-1, j+1], 2) for j < size(x,1)", {}),
    ("y_nj = pad(x[t_n-1, j-1], b_j)", {}),
    ("y_nij = x[n, i//2, j//3] for i < 2*size(x,1), j < 3*size(x,2)", {}),
    ("y_i = x[i//2] for i < 3", {}),
    ("y_i = x[i//2] for i<2*size(x,0)-1", {}),
    ("y_i = x[i//s] for i < s*size(x,0)", {"s": 3}),
    ("y_ij = x[(i+k)%size(x,0), j] for i < size(x,0)", {"k": 3}),
    ("y_i = x[(i+1)%size(x,0)] for i < 5", {}),
    ("y_i = x[i%3] for i < 7", {}),
    ("y_i = x[i%3, i//3] for i<6", {}),
    ("y_ij = x[i%2, j, i//2] for i<2*size(x,2)", {}),
    (
        "y_nchw = x[n, c*r*r + (h%r)*r + w%r, h//r, w//r] "
        "for c < size(x,1)//(r*r), h < r*size(x,2), w < r*size(x,3)",
        {"r": 2},
    ),
    ("y_ti = x[t,i,0]", {}),
    ("y = x[0,1]", {}),
    ("y_i = x[1,i+1]", {}),
    ("y_i = x[i,i,1]", {}),
    ("y_i = x[i,i+1]", {}),
    ("y_i = sum_{k<=i} w_k*x[i-k]", {}),
    ("y_i = sum_{k: k+i<size(x,0)} w_k*x[i+k] for i < size(x,0)", {}),
    ("y_i = max_{k<=i} w_k*x[i-k]", {}),
    ("y_i = sum_{k: k<=i} x[i-k,k]", {}),
    ("y_i = sum_{k: k<=i} w_k*log(abs(x[i-k]))", {}),
    ("y_i = mean_{k: k<=i and k<3} x[i-k]", {}),
    ("y_i = sum_{k: t_k <= i} w_k*x[i-t_k] for i<3", {}),
    ("y_i = sum_{k: k<=i} w_k*x[t_i-k]", {}),
    ("y_i = prod_{k: k<i} x[i-k-1] for i<4", {}),
    ("y_i = logsumexp_{k: k<=i} x[i-k] for i<4", {}),
    ("y_i = sum_{k: k<=i+1} w_k*x[i-k]", {}),
    ("y_nj = where(j==t_n, x_nj, 0)", {}),
    ("y_n = sum_j delta(j, t_n)*x_nj", {}),
    ("y_n = sum_{j != t_n} x_nj", {}),
    ("y_nj = where(j <= t_n+1, x_nj, 0)", {}),
    ("y_ij = where(i <= j+1, x_ij, 0)", {}),
    ("y_ij = where(2*i > j, x_ij, 0)", {}),
    ("y_ij = where(i+1 == j, x_ij, 0)", {}),
    ("y_ij = where((i+j)%2==0, x_ij, 0)", {}),
    ("y_ij = where(i//2 < j, x_ij, 0)", {}),
    ("y_i = (2*i+1)*x_i", {}),
    ("y_i = x[size(x,0)-1-2*i]", {}),
    ("y_i = x[size(x,0)-1-s*i]", {"s": 3}),
    ("y_i = x[2-i] for i<3", {}),
    ("y_ij = x[5-2*i,j] for i<3", {}),
    ("y_ij = x[4-2*i,size(x,1)-1-j] for i<3", {}),
    ("y_i = x[size(x,0)-1-i] for i<2", {}),
    ("y_i = x[6-s*i] for i<3", {"s": 2}),
    ("y_i = x[6-s*i] for i<3", {"s": 3}),
    ("y_np = sum_u x[n,p*s+6-d*u]*w_u for p<2", {"s": 1, "d": 2}),
    ("y_i = x[(s-1)*i] for i<3", {"s": 1}),
    ("y_i = x[(s-2)*i+3] for i<3", {"s": 1}),
    ("y_ij = x[size(x,1)*i+j, j] for i<2", {}),
    ("y_ij = x[size(w,0)*i+j]*w_j for i<2", {}),
    ("y_ni = x[t_n, (s-1)*i] for i<2", {"s": 1}),
    ("k_i = t_i + 1; y_i = x[k_i]", {}),
    ("y_i = pad(x[(s-2)*i+1]) for i<3", {"s": 1}),
    ("y_i = pad(x[4-s*i]) for i<4", {"s": 2}),
    ("y_i = pad(x[s*i-3])*w[2-i] for i<3", {"s": 2}),
    ("y_i = (i//2)*x_i", {}),
    ("y_i = x_i/(i+1)", {}),
    ("y_ij = x[i, u_j]*x[t_i, j]", {}),
    ("y_ij = x[t_i, u_j]", {}),
    ("y_ij = x[t_i, t_j]", {}),
    ("y_i = x[t[u_i]]", {}),
    ("y_i = x[t[i+1]]", {}),
    ("y_i = x[k+i] for i<2", {}),
    ("y_ij = x[3*i+j] for i < size(x,0)//3, j<3", {}),
    ("y_ijk = x[6*i+2*j+k] for i < size(x,0)//6, j<3, k<2", {}),
    ("y_i = x[2*i+i]", {}),
    ("y_i = sum_{k<i} x[i-1-k]*x[k] for i<size(x,0)", {}),
    ("y_gnp = sum_u x[n,g,p+u]*w[g,u]", {}),
    ("y_nfp = sum_{c,u} x[n,m*(f//k)+c,p+u]*w_fcu for f<size(w,0)", {"m": 1, "k": 2}),
    ("y_i = pad(x[i//2 - 1]) for i<6", {}),
    ("y_i = pad(x[i%3]) for i<6", {}),
    ("y_tij = cumx[t, i, 2*j+1]", {}),
    ("y_i = min_{u<2} x[2*i+1-u]", {}),
    ("y_ij = x[i+j, size(x,1)-1-j] for i<2", {}),
    ("y_nk = x[n, t_n+k] for k<2", {}),
    ("y_nk = x[n, t_k]", {}),
    ("y_nk = pad(x[n, t_n-k]) for k<3", {}),
]
EXTENTS = (0, 1, 2, 3, 4, 5, 6, 8)
CASES = 12


def draw(layer: Layer, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return inputs of one shape for each length; integers small enough to be in range at times."""
    sizes: dict[object, int] = {}
    inputs = {}
    for name in layer.inputs:
        lengths = [index.extent for index in layer.axes[name]]
        shape = [sizes.setdefault(length, int(rng.choice(EXTENTS))) for length in lengths]
        whole = name in layer.integers
        inputs[name] = rng.integers(0, 3, size=shape) if whole else rng.normal(size=shape)
    return inputs


@pytest.mark.parametrize(("formula", "constants"), READS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_reads_agree_with_the_oracle(formula: str, constants: dict[str, int]) -> None:
    layer = Layer("Read", formula, constants=constants, wrt=[])
    made = build(layer)()
    rng = np.random.default_rng(0)
    for _ in range(CASES):
        inputs = draw(layer, rng)
        arguments = [inputs[name] for name in layer.inputs]
        try:
            expected = evaluate(layer, inputs)[layer.outputs[0]]
        except ValueError:
            with pytest.raises(ValueError):  # noqa: PT011
                made.forward(*arguments)
            continue
        try:
            found = made.forward(*arguments)
        except ValueError:
            # checks know shapes and integers alone: they refuse what no element would read
            assert not expected.size or any(not array.size for array in arguments)
            continue
        assert np.shape(found) == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
