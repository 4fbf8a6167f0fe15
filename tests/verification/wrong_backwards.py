"""Layers as people write them by hand, each with one place where a mistake is put in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from symgrad import Layer

Change = Callable[..., Any]

GROUP_NORM = Layer(
    "GroupNorm",
    "m_ng = mean_{k,p} x_ngkp\n"
    "v_ng = mean_{k,p} (x_ngkp - m_ng)^2\n"
    "y_ngkp = a_gk*(x_ngkp - m_ng)/sqrt(v_ng + eps) + b_gk",
    constants={"eps": 1e-5},
    params=["a", "b"],
)
IN_GROUP = {"axis": (2, 3), "keepdims": True}


def group_norm(change: Change) -> type:
    """`change(layer, dy, dx_hat, dx)` returns dx, and may set da and db."""

    class GroupNorm:
        def __init__(self, a: Any, b: Any, eps: float = 1e-5) -> None:
            self.a, self.b, self.eps = a, b, eps

        def forward(self, x: Any) -> Any:
            self.r = 1 / np.sqrt(x.var(**IN_GROUP) + self.eps)
            self.x_hat = (x - x.mean(**IN_GROUP)) * self.r
            return self.a[:, :, None] * self.x_hat + self.b[:, :, None]

        def backward(self, dy: Any) -> Any:
            g = dy * self.a[:, :, None]
            shared = g.mean(**IN_GROUP) + self.x_hat * (g * self.x_hat).mean(**IN_GROUP)
            self.da, self.db = (dy * self.x_hat).sum(axis=(0, 3)), dy.sum(axis=(0, 3))
            return change(self, dy, g, self.r * (g - shared))

    return GroupNorm


ATTENTION = Layer(
    "Attention",
    "s_qk = sum_d Q_qd*K_kd/sqrt(size(d))\n"
    "a_qk = exp(s_qk)/sum_l exp(s_ql)\n"
    "o_qv = sum_k a_qk*V_kv",
)


def attention(change: Change) -> type:
    """`change(layer, do, da, ds)` returns another ds."""

    class Attention:
        def forward(self, Q: Any, K: Any, V: Any) -> Any:
            self.Q, self.K, self.V, self.scale = Q, K, V, Q.dtype.type(Q.shape[1] ** -0.5)
            s = Q @ K.T * self.scale
            e = np.exp(s - s.max(axis=1, keepdims=True))
            self.a = e / e.sum(axis=1, keepdims=True)
            return self.a @ V

        def backward(self, do: Any) -> Any:
            da = do @ self.V.T
            right = self.a * (da - (da * self.a).sum(axis=1, keepdims=True))
            ds = change(self, do, da, right * self.scale)
            return ds @ self.K, ds.T @ self.Q, self.a.T @ do

    return Attention


CONVOLUTION = Layer(
    "Conv2d", "y[n,o,i,j] = sum_{u,v} x[n,i+u,j+v]*w[o,u,v] + b_o", params=["w", "b"]
)


def convolution(change: Change) -> type:
    """`change(dy)` returns db."""

    class Conv2d:
        def __init__(self, w: Any, b: Any) -> None:
            self.w, self.b = w, b

        def forward(self, x: Any) -> Any:
            self.x, self.windows = x, sliding_window_view(x, self.w.shape[1:], axis=(1, 2))
            return np.einsum("nijuv,ouv->noij", self.windows, self.w) + self.b[:, None, None]

        def backward(self, dy: Any) -> Any:
            self.db, self.dw = change(dy), np.einsum("noij,nijuv->ouv", dy, self.windows)
            dx = np.zeros_like(self.x)
            for u, v in np.ndindex(self.w.shape[1:]):
                rows, columns = slice(u, u + dy.shape[2]), slice(v, v + dy.shape[3])
                dx[:, rows, columns] += np.einsum("noij,o->nij", dy, self.w[:, u, v])
            return dx

    return Conv2d


POOL = Layer(
    "Pool", "y_ni = mean_{u<kernel} x[n, stride*i+u]", constants={"kernel": 2, "stride": 2}
)


def pool(change: Change) -> type:
    """`change(layer, dx, place, value)` puts the share of a window's gradient at its place."""

    class Pool:
        def __init__(self, kernel: int = 2, stride: int = 2) -> None:
            self.kernel, self.stride = kernel, stride

        def forward(self, x: Any) -> Any:
            self.x = x
            windows = sliding_window_view(x, self.kernel, axis=1)[:, :: self.stride]
            return windows.mean(axis=2, dtype=x.dtype)

        def backward(self, dy: Any) -> Any:
            dx = np.zeros_like(self.x)
            for i, u in np.ndindex(dy.shape[1], self.kernel):
                change(self, dx, (i, u), dy[:, i])
            return dx

    return Pool


EMBEDDING = Layer("Embedding", "y_nd = table[ids_n, d]", params=["table"])


def embedding(change: Change) -> type:
    """`change(zeros, ids, dy)` returns the gradient of the table."""

    class Embedding:
        def __init__(self, table: Any) -> None:
            self.table = table

        def forward(self, ids: Any) -> Any:
            self.ids = ids
            return self.table[ids]

        def backward(self, dy: Any) -> None:
            self.dtable = change(np.zeros_like(self.table), self.ids, dy)

    return Embedding


def one_input(forward: Change, backward: Change) -> type:
    """A layer of one input: `forward(x)`, and `backward(x, *incoming)`."""

    class OneInput:
        def forward(self, x: Any) -> Any:
            self.x = x
            return forward(x)

        def backward(self, *incoming: Any) -> Any:
            return backward(self.x, *incoming)

    return OneInput


BILINEAR = Layer("Bilinear", "y_no = sum_{i,j} x_ni*w_oij*z_nj")


def bilinear(change: Change) -> type:
    """`change(dy, dx, dw, dz)` returns the gradients."""

    class Bilinear:
        def forward(self, x: Any, w: Any, z: Any) -> Any:
            self.given = x, w, z
            return np.einsum("ni,oij,nj->no", x, w, z)

        def backward(self, dy: Any) -> Any:
            x, w, z = self.given
            dx = np.einsum("no,oij,nj->ni", dy, w, z)
            dw = np.einsum("no,ni,nj->oij", dy, x, z)
            return change(dy, dx, dw, np.einsum("no,oij,ni->nj", dy, w, x))

    return Bilinear
