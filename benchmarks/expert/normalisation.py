"""Normalisations by hand: small factors first, full arrays as seldom as possible."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.expert.blocks import blocks


class LayerNorm:
    """Keeps the normalised rows and their scale."""

    def __init__(self, eps: float = 1e-5) -> None:
        self.eps = eps

    def forward(self, x: Any, gamma: Any, beta: Any) -> Any:
        self.gamma, self.normal, y = gamma, np.empty_like(x), np.empty_like(x)
        self.scale = np.empty(len(x), x.dtype)
        for x_block, normal, out, scale in blocks(x, self.normal, y, self.scale):
            mean = np.einsum("ij->i", x_block)
            mean /= x.shape[1]
            np.subtract(x_block, mean[:, None], out=normal)
            np.vecdot(normal, normal, out=scale)
            scale /= x.shape[1]
            scale += self.eps
            np.sqrt(scale, out=scale)
            np.reciprocal(scale, out=scale)
            normal *= scale[:, None]
            np.multiply(normal, gamma, out=out)
            out += beta
        return y

    def backward(self, dy: Any) -> Any:
        dx = np.empty_like(dy)
        dgamma, dbeta = np.zeros((2, dy.shape[1]), dy.dtype)
        for normal, dy_block, out, scale in blocks(self.normal, dy, dx, self.scale):
            dgamma += np.einsum("ij,ij->j", dy_block, normal)
            dbeta += np.add.reduce(dy_block, 0)
            np.multiply(dy_block, self.gamma, out=out)
            along = np.vecdot(out, normal) / dy.shape[1]
            level = np.einsum("ij->i", out) / dy.shape[1]
            out -= normal * along[:, None]
            out -= level[:, None]
            out *= scale[:, None]
        return dx, dgamma, dbeta


class RMSNorm:
    def __init__(self, eps: float = 1e-6) -> None:
        self.eps = eps

    def forward(self, x: Any, gamma: Any) -> Any:
        self.x, self.gamma = x, gamma
        self.scale = np.empty(len(x), x.dtype)
        y = np.empty_like(x)
        for x_block, out, scale in blocks(x, y, self.scale):
            np.vecdot(x_block, x_block, out=scale)
            scale /= x.shape[1]
            scale += self.eps
            np.sqrt(scale, out=scale)
            np.reciprocal(scale, out=scale)
            np.multiply(x_block, scale[:, None], out=out)
            out *= gamma
        return y

    def backward(self, dy: Any) -> Any:
        dx = np.empty_like(dy)
        dgamma = np.zeros_like(self.gamma)
        for x, dy_block, out, scale in blocks(self.x, dy, dx, self.scale):
            product = dy_block * x
            dgamma += scale @ product
            along = product @ self.gamma
            along *= scale**2 / dy.shape[1]
            np.multiply(x, along[:, None], out=product)
            np.multiply(dy_block, self.gamma, out=out)
            out -= product
            out *= scale[:, None]
        return dx, dgamma


class BatchNorm:
    """Keeps x less its mean; gamma and the scale are one factor."""

    def __init__(self, eps: float = 1e-5) -> None:
        self.eps = eps

    def forward(self, x: Any, gamma: Any, beta: Any) -> Any:
        mean = np.add.reduce(x, 0) / len(x)
        variance = np.zeros_like(mean)
        self.centred, y = np.empty_like(x), np.empty_like(x)
        for x_block, centred in blocks(x, self.centred):
            np.subtract(x_block, mean, out=centred)
            variance += np.einsum("ij,ij->j", centred, centred)
        self.scale = 1 / np.sqrt(variance / len(x) + self.eps)
        self.factor = gamma * self.scale
        for centred, out in blocks(self.centred, y):
            np.multiply(centred, self.factor, out=out)
            out += beta
        return y

    def backward(self, dy: Any) -> Any:
        dx = np.empty_like(dy)
        dbeta = np.add.reduce(dy, 0)
        along = np.einsum("ij,ij->j", dy, self.centred)
        slope = along * self.scale**2 / -len(dy)
        level = dbeta / len(dy)
        for centred, dy_block, out in blocks(self.centred, dy, dx):
            np.multiply(centred, slope, out=out)
            out += dy_block
            out -= level
            out *= self.factor
        return dx, along * self.scale, dbeta


class GroupNorm:
    """x (n, g, c, s): the sums over s come first, all else of them is small."""

    def __init__(self, eps: float = 1e-5) -> None:
        self.eps = eps

    def forward(self, x: Any, gamma: Any, beta: Any) -> Any:
        count = x.shape[2] * x.shape[3]
        self.gamma, self.centred, y = gamma, np.empty_like(x), np.empty_like(x)
        self.scale = np.empty(x.shape[:2], x.dtype)
        for x_block, centred, out, scale in blocks(x, self.centred, y, self.scale):
            mean = np.einsum("ngcs->ng", x_block) / count
            np.subtract(x_block, mean[:, :, None, None], out=centred)
            flat = centred.reshape(*scale.shape, count)
            scale[...] = 1 / np.sqrt(np.vecdot(flat, flat) / count + self.eps)
            np.multiply(centred, (scale[:, :, None] * gamma)[..., None], out=out)
            out += beta[..., None]
        return y

    def backward(self, dy: Any) -> Any:
        count = dy.shape[2] * dy.shape[3]
        dx = np.empty_like(dy)
        dgamma, dbeta = np.zeros_like(self.gamma), np.zeros_like(self.gamma)
        parts = (self.centred, dy, dx, self.scale)
        for centred, dy_block, out, scale in blocks(*parts):
            total = np.einsum("ngcs->ngc", dy_block)
            along = np.vecdot(dy_block, centred)
            dbeta += total.sum(0)
            dgamma += np.einsum("ngc,ng->gc", along, scale)
            level = np.einsum("ngc,gc->ng", total, self.gamma) * scale / count
            slope = np.einsum("ngc,gc->ng", along, self.gamma) * scale**3 / count
            np.multiply(dy_block, (scale[:, :, None] * self.gamma)[..., None], out=out)
            out -= centred * slope[:, :, None, None]
            out -= level[:, :, None, None]
        return dx, dgamma, dbeta
