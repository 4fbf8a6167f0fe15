"""Cells of recurrent networks by hand.

The gates' gradients lie side by side, so that each weight's gradient comes from one matrix product.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def sigmoid(a: Any) -> None:
    """Replace a by sigmoid(a)."""
    a *= 0.5
    np.tanh(a, out=a)
    a *= 0.5
    a += 0.5


def affine(x: Any, W: Any, h: Any, U: Any, b: Any) -> Any:
    """Return x W + h U + b."""
    a = x @ W
    a += h @ U
    a += b
    return a


class LSTMCell:
    def forward(self, x: Any, h_prev: Any, c_prev: Any, *params: Any) -> Any:
        self.x, self.h_prev, self.c_prev = x, h_prev, c_prev
        self.W, self.U = params[0::3], params[1::3]
        i, f, g, o = (
            affine(x, W, h_prev, U, b) for W, U, b in zip(self.W, self.U, params[2::3], strict=True)
        )
        for gate in (i, f, o):
            sigmoid(gate)
        np.tanh(g, out=g)
        c = f * c_prev
        c += i * g
        self.gates, self.tanh_c = (i, f, g, o), np.tanh(c)
        return o * self.tanh_c, c

    def backward(self, dh: Any, dc: Any) -> Any:
        i, f, g, o = self.gates
        K = dh.shape[1]
        gates = np.empty((len(dh), 4 * K), dh.dtype)
        di, df, dg, do = (gates[:, k * K : (k + 1) * K] for k in range(4))
        dc_all = self.tanh_c * self.tanh_c
        np.subtract(1, dc_all, out=dc_all)
        dc_all *= o
        dc_all *= dh
        dc_all += dc
        for out, gate, first, second in (
            (di, i, dc_all, g),
            (df, f, dc_all, self.c_prev),
            (do, o, dh, self.tanh_c),
        ):
            np.subtract(1, gate, out=out)
            out *= gate
            out *= first
            out *= second
        np.multiply(g, g, out=dg)
        np.subtract(1, dg, out=dg)
        dg *= i
        dg *= dc_all
        parts = (di, df, dg, do)
        dx, dh_prev = (
            sum_of_products(parts, [weight.T for weight in weights]) for weights in (self.W, self.U)
        )
        dW, dU, db = self.x.T @ gates, self.h_prev.T @ gates, np.add.reduce(gates, 0)
        cuts = [slice(k * K, (k + 1) * K) for k in range(4)]
        params = [part for cut in cuts for part in (dW[:, cut], dU[:, cut], db[cut])]
        return dx, dh_prev, dc_all * f, *params


def sum_of_products(left: Any, right: Any) -> Any:
    """Return the sum of the matrix products of two lists."""
    total = left[0] @ right[0]
    for one, other in zip(left[1:], right[1:], strict=True):
        total += one @ other
    return total


class GRUCell:
    def forward(self, x: Any, h: Any, *params: Any) -> Any:
        Wr, Ur, br, Wz, Uz, bz, Wc, bc, Uc, ac = params
        self.x, self.h, self.W, self.U = x, h, (Wr, Wz, Wc), (Ur, Uz, Uc)
        r, z = affine(x, Wr, h, Ur, br), affine(x, Wz, h, Uz, bz)
        sigmoid(r)
        sigmoid(z)
        self.inner = h @ Uc
        self.inner += ac
        c = x @ Wc
        c += bc
        c += r * self.inner
        np.tanh(c, out=c)
        self.r, self.z, self.c = r, z, c
        y = h - c  # y = c + z (h - c)
        y *= z
        y += c
        return y

    def backward(self, dy: Any) -> Any:
        r, z, c, K = self.r, self.z, self.c, dy.shape[1]
        # of r, z, and c's part in h; then c's part in x
        gates = np.empty((len(dy), 4 * K), dy.dtype)
        dr, dz, dinner, dc = (gates[:, k * K : (k + 1) * K] for k in range(4))
        np.subtract(1, z, out=dz)
        np.multiply(dy, dz, out=dinner)
        np.multiply(c, c, out=dc)
        np.subtract(1, dc, out=dc)
        dc *= dinner
        dz *= z
        dz *= dy
        dz *= self.h - c
        np.multiply(dc, r, out=dinner)
        np.subtract(1, r, out=dr)
        dr *= dinner
        dr *= self.inner
        dx = sum_of_products((dr, dz, dc), [W.T for W in self.W])
        dh = sum_of_products((dr, dz, dinner), [U.T for U in self.U])
        dh += dy * z
        dW = self.x.T @ gates
        dU, db = self.h.T @ gates[:, : 3 * K], np.add.reduce(gates, 0)
        at = [slice(k * K, (k + 1) * K) for k in range(4)]
        first = [part for k in (0, 1) for part in (dW[:, at[k]], dU[:, at[k]], db[at[k]])]
        return dx, dh, *first, dW[:, at[3]], db[at[3]], dU[:, at[2]], db[at[2]]
