"""Affine and bilinear layers by hand: all the work in matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np


class AddBias:
    def forward(self, x: Any, b: Any) -> Any:
        return x + b

    def backward(self, dy: Any) -> Any:
        return dy, np.add.reduce(dy, 0)


class Affine:
    def forward(self, x: Any, W: Any, b: Any) -> Any:
        self.x, self.W = x, W
        y = x @ W
        y += b
        return y

    def backward(self, dy: Any) -> Any:
        return dy @ self.W.T, self.x.T @ dy, np.add.reduce(dy, 0)


class Bilinear:
    """y_nk = sum_{i,j} x_ni W_kij z_nj + b_k: the product with W is shared by y and dx."""

    def forward(self, x: Any, z: Any, W: Any, b: Any) -> Any:
        K, I, J = W.shape
        self.x, self.z, self.W = x, z, W
        self.W_z = (z @ W.reshape(K * I, J).T).reshape(len(x), K, I)
        y = np.matmul(self.W_z, x[:, :, None])[:, :, 0]
        y += b
        return y

    def backward(self, dy: Any) -> Any:
        K, I, J = self.W.shape
        dx = np.matmul(dy[:, None, :], self.W_z)[:, 0]
        dy_x = np.einsum("nk,ni->nki", dy, self.x).reshape(len(dy), K * I)
        dz = dy_x @ self.W.reshape(K * I, J)
        dW = (dy_x.T @ self.z).reshape(K, I, J)
        return dx, dz, dW, np.add.reduce(dy, 0)


class MixtureOfExperts:
    """Mixes the inputs rather than the outputs of the experts: one large product each way.

    y_nk = sum_{e,d} (g_ne x_nd) W_edk + sum_e g_ne b_ek; backward's u_ned = sum_k W_edk dy_nk
    serves both dx and dg.
    """

    def forward(self, x: Any, G: Any, W: Any, b: Any) -> Any:
        E, D, K = W.shape
        g = x @ G
        g -= g.max(1, keepdims=True)
        np.exp(g, out=g)
        g /= g.sum(1, keepdims=True)
        self.g_x = np.einsum("ne,nd->ned", g, x).reshape(len(x), E * D)
        self.x, self.G, self.W, self.b, self.g = x, G, W, b, g
        y = self.g_x @ W.reshape(E * D, K)
        y += g @ b
        return y

    def backward(self, dy: Any) -> Any:
        E, D, K = self.W.shape
        u = (dy @ self.W.reshape(E * D, K).T).reshape(len(dy), E, D)
        dg = np.matmul(u, self.x[:, :, None])[:, :, 0]
        dg += dy @ self.b.T
        dg -= np.vecdot(dg, self.g)[:, None]
        dg *= self.g
        dx = np.matmul(self.g[:, None, :], u)[:, 0]
        dx += dg @ self.G.T
        dW = (self.g_x.T @ dy).reshape(E, D, K)
        return dx, self.x.T @ dg, dW, self.g.T @ dy
