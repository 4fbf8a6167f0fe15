"""Attention by hand: the scores are one array, worked on in place."""

from __future__ import annotations

from typing import Any

import numpy as np


def softmax_in_place(s: Any) -> None:
    """Replace scores by their softmax along the last axis."""
    s -= s.max(-1, keepdims=True)
    np.exp(s, out=s)
    total = np.einsum("...j->...", s)
    np.reciprocal(total, out=total)
    s *= total[..., None]


class Attention:
    """q (n, i, d), k (n, j, d), v (n, j, e): y = softmax(q k^T/sqrt(d)) v."""

    def forward(self, q: Any, k: Any, v: Any) -> Any:
        self.scale = q.shape[-1] ** -0.5
        self.q, self.k, self.v = q * self.scale, k, v  # q is smaller than the scores
        self.a = self.q @ k.swapaxes(1, 2)
        softmax_in_place(self.a)
        self.y = self.a @ v
        return self.y

    def backward(self, dy: Any) -> Any:
        ds = dy @ self.v.swapaxes(1, 2)
        ds -= np.vecdot(dy, self.y)[..., None]
        ds *= self.a
        dq = ds @ self.k
        dq *= self.scale
        return dq, ds.swapaxes(1, 2) @ self.q, self.a.swapaxes(1, 2) @ dy


class CausalAttention:
    """Takes a few queries at a time, with the keys up to the last of them: half of the scores."""

    queries = 64

    def forward(self, q: Any, k: Any, v: Any) -> Any:
        self.scale = q.shape[-1] ** -0.5
        self.q, self.k, self.v, self.a = q * self.scale, k, v, []
        self.y = np.empty((*q.shape[:2], v.shape[2]), q.dtype)
        size = min(self.queries, q.shape[1])
        later = np.triu(np.full((size, size), -np.inf, q.dtype), 1)
        for rows in self.blocks():
            size = rows.stop - rows.start
            a = self.q[:, rows] @ k[:, : rows.stop].swapaxes(1, 2)
            a[:, :, rows] += later[:size, :size]
            softmax_in_place(a)
            np.matmul(a, v[:, : rows.stop], out=self.y[:, rows])
            self.a.append(a)
        return self.y

    def blocks(self) -> Any:
        """Yield the slices of queries that are taken together."""
        length = self.q.shape[1]
        for start in range(0, length, self.queries):
            yield slice(start, min(start + self.queries, length))

    def backward(self, dy: Any) -> Any:
        dq, dk, dv = np.empty_like(self.q), np.zeros_like(self.k), np.zeros_like(self.v)
        along = np.vecdot(dy, self.y)[..., None]
        for rows, a in zip(self.blocks(), self.a, strict=True):
            ds = dy[:, rows] @ self.v[:, : rows.stop].swapaxes(1, 2)
            ds -= along[:, rows]
            ds *= a
            np.matmul(ds, self.k[:, : rows.stop], out=dq[:, rows])
            dk[:, : rows.stop] += ds.swapaxes(1, 2) @ self.q[:, rows]
            dv[:, : rows.stop] += a.swapaxes(1, 2) @ dy[:, rows]
        dq *= self.scale
        return dq, dk, dv
