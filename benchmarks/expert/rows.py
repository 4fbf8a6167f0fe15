"""Layers that work along rows, or pick them, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.expert.blocks import blocks


class Softmax:
    def forward(self, x: Any) -> Any:
        self.y = np.empty_like(x)
        for x_block, y in blocks(x, self.y):
            np.subtract(x_block, x_block.max(1, keepdims=True), out=y)
            np.exp(y, out=y)
            total = np.einsum("ij->i", y)  # faster than y.sum(1)
            np.reciprocal(total, out=total)
            y *= total[:, None]
        return self.y

    def backward(self, dy: Any) -> Any:
        dx = np.empty_like(dy)
        for y, dy_block, out in blocks(self.y, dy, dx):
            np.subtract(dy_block, np.vecdot(dy_block, y)[:, None], out=out)
            out *= y
        return dx


class CrossEntropy:
    """Keeps exp(x - max) and the sums: the softmax itself is never an array."""

    def forward(self, x: Any, t: Any) -> Any:
        self.t, self.x_exp = t, np.empty_like(x)
        self.total = np.empty(len(x), x.dtype)
        x_max = np.empty_like(self.total)
        for x_block, e, total, top in blocks(x, self.x_exp, self.total, x_max):
            x_block.max(1, out=top)
            np.subtract(x_block, top[:, None], out=e)
            np.exp(e, out=e)
            np.einsum("ij->i", e, out=total)
        return (np.log(self.total) + x_max - x[np.arange(len(x)), t]).mean()

    def backward(self, dloss: Any) -> Any:
        scale = dloss / len(self.t)
        dx = self.x_exp * (scale / self.total)[:, None]
        dx[np.arange(len(dx)), self.t] -= scale
        return dx


class CumSum:
    def forward(self, x: Any) -> Any:
        return np.cumsum(x, 1)

    def backward(self, dy: Any) -> Any:
        return np.cumsum(dy[:, ::-1], 1)[:, ::-1]


class PairwiseSquaredDistance:
    """(x - z)^2 multiplied out, so that the work is one matrix product each."""

    def forward(self, x: Any, z: Any) -> Any:
        self.x, self.z = x, z
        y = (x * -2) @ z.T
        y += np.vecdot(x, x)[:, None]
        y += np.vecdot(z, z)
        return y

    def backward(self, dy: Any) -> Any:
        dx = np.einsum("ij->i", dy)[:, None] * self.x
        dx -= dy @ self.z
        dx *= 2
        dz = np.add.reduce(dy, 0)[:, None] * self.z
        dz -= dy.T @ self.x
        dz *= 2
        return dx, dz


class Embedding:
    """Adds the rows of ids that occur seldom by turns, in none of which an id occurs twice."""

    def forward(self, ids: Any, w: Any) -> Any:
        self.ids, self.w = ids.reshape(-1), w
        return np.take(w, ids, 0)

    def backward(self, dy: Any) -> Any:
        dw = np.zeros_like(self.w)
        rows = dy.reshape(len(self.ids), -1)
        if rows.size < 1 << 15:  # one flat axis: np.add.at is fast there
            flat = self.ids[:, None] * rows.shape[1] + np.arange(rows.shape[1])
            np.add.at(dw.reshape(-1), flat.reshape(-1), rows.reshape(-1))
            return dw
        order = np.argsort(self.ids, kind="stable")
        ids = self.ids[order]
        first = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))
        count = np.diff(first, append=len(ids))
        dw[ids[first]] = rows[order[first]]
        few = count <= 4
        for turn in range(1, 4):
            now = first[few & (count > turn)]
            dw[ids[now]] += rows[order[now + turn]]
        for start, often in zip(first[~few], count[~few], strict=True):
            np.add.reduce(rows[order[start : start + often]], 0, out=dw[ids[start]])
        return dw
