"""Layers in the form that 'Deep Learning from Scratch' (Saito 2016, 2018) made well known.

Written afresh, plainly, as a reader of the books would; a class takes all inputs in forward, as
the experts do. One thing differs: no 1e-7 is added inside the logarithm, which costs no time and
would bias the loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np


class Affine:
    def forward(self, x: Any, W: Any, b: Any) -> Any:
        self.x, self.W = x, W
        return np.dot(x, W) + b

    def backward(self, dout: Any) -> Any:
        dx = np.dot(dout, self.W.T)
        return dx, np.dot(self.x.T, dout), np.sum(dout, axis=0)


class Relu:
    def forward(self, x: Any) -> Any:
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout: Any) -> Any:
        dx = dout.copy()
        dx[self.mask] = 0
        return dx


class Sigmoid:
    def forward(self, x: Any) -> Any:
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, dout: Any) -> Any:
        return dout * (1.0 - self.out) * self.out


def softmax(x: Any) -> Any:
    x = x - x.max(axis=1, keepdims=True)
    x = np.exp(x)
    x /= x.sum(axis=1, keepdims=True)
    return x


class Softmax:
    def forward(self, x: Any) -> Any:
        self.out = softmax(x)
        return self.out

    def backward(self, dout: Any) -> Any:
        dx = self.out * dout
        dx -= self.out * np.sum(dx, axis=1, keepdims=True)
        return dx


class SoftmaxWithLoss:
    def forward(self, x: Any, t: Any) -> Any:
        self.t = t
        self.y = softmax(x)
        batch_size = self.y.shape[0]
        return -np.sum(np.log(self.y[np.arange(batch_size), t])) / batch_size

    def backward(self, dout: Any) -> Any:
        batch_size = self.t.shape[0]
        dx = self.y.copy()
        dx[np.arange(batch_size), self.t] -= 1
        dx *= dout
        return dx / batch_size


class BatchNormalization:
    def forward(self, x: Any, gamma: Any, beta: Any) -> Any:
        self.gamma, self.batch_size = gamma, x.shape[0]
        mu = x.mean(axis=0)
        self.xc = x - mu
        var = np.mean(self.xc**2, axis=0)
        self.std = np.sqrt(var + 1e-5)
        self.xn = self.xc / self.std
        return gamma * self.xn + beta

    def backward(self, dout: Any) -> Any:
        dbeta = dout.sum(axis=0)
        dgamma = np.sum(self.xn * dout, axis=0)
        dxn = self.gamma * dout
        dxc = dxn / self.std
        dstd = -np.sum((dxn * self.xc) / (self.std * self.std), axis=0)
        dvar = 0.5 * dstd / self.std
        dxc += (2.0 / self.batch_size) * self.xc * dvar
        dmu = np.sum(dxc, axis=0)
        return dxc - dmu / self.batch_size, dgamma, dbeta


def im2col(x: Any, height: int, width: int, stride: int, pad: int) -> Any:
    N, C, H, W = x.shape
    out_h = (H + 2 * pad - height) // stride + 1
    out_w = (W + 2 * pad - width) // stride + 1
    img = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], "constant")
    col = np.zeros((N, C, height, width, out_h, out_w))
    for y in range(height):
        for u in range(width):
            col[:, :, y, u] = img[
                :, :, y : y + stride * out_h : stride, u : u + stride * out_w : stride
            ]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * out_h * out_w, -1)


def col2im(col: Any, shape: Any, height: int, width: int, stride: int, pad: int) -> Any:
    N, C, H, W = shape
    out_h = (H + 2 * pad - height) // stride + 1
    out_w = (W + 2 * pad - width) // stride + 1
    col = col.reshape(N, out_h, out_w, C, height, width).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1))
    for y in range(height):
        for u in range(width):
            img[:, :, y : y + stride * out_h : stride, u : u + stride * out_w : stride] += col[
                :, :, y, u
            ]
    return img[:, :, pad : H + pad, pad : W + pad]


class Convolution:
    def __init__(self, stride: int = 1, padding: int = 0) -> None:
        self.stride, self.pad = stride, padding

    def forward(self, x: Any, W: Any, b: Any) -> Any:
        FN, _, FH, FW = W.shape
        N, _, H, width = x.shape
        out_h = 1 + (H + 2 * self.pad - FH) // self.stride
        out_w = 1 + (width + 2 * self.pad - FW) // self.stride
        self.x, self.W = x, W
        self.col = im2col(x, FH, FW, self.stride, self.pad)
        self.col_W = W.reshape(FN, -1).T
        out = np.dot(self.col, self.col_W) + b
        return out.reshape(N, out_h, out_w, -1).transpose(0, 3, 1, 2)

    def backward(self, dout: Any) -> Any:
        FN, _, FH, FW = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, FN)
        db = np.sum(dout, axis=0)
        dW = np.dot(self.col.T, dout).transpose(1, 0).reshape(self.W.shape)
        dcol = np.dot(dout, self.col_W.T)
        return col2im(dcol, self.x.shape, FH, FW, self.stride, self.pad), dW, db


class Pooling:
    def __init__(self, kernel: int, stride: int) -> None:
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Any) -> Any:
        N, C, H, W = x.shape
        out_h = 1 + (H - self.kernel) // self.stride
        out_w = 1 + (W - self.kernel) // self.stride
        col = im2col(x, self.kernel, self.kernel, self.stride, 0)
        col = col.reshape(-1, self.kernel**2)
        self.x, self.arg_max = x, np.argmax(col, axis=1)
        out = np.max(col, axis=1)
        return out.reshape(N, out_h, out_w, C).transpose(0, 3, 1, 2)

    def backward(self, dout: Any) -> Any:
        dout = dout.transpose(0, 2, 3, 1)
        dmax = np.zeros((dout.size, self.kernel**2))
        dmax[np.arange(self.arg_max.size), self.arg_max.flatten()] = dout.flatten()
        dmax = dmax.reshape((*dout.shape, self.kernel**2))
        dcol = dmax.reshape(dmax.shape[0] * dmax.shape[1] * dmax.shape[2], -1)
        return col2im(dcol, self.x.shape, self.kernel, self.kernel, self.stride, 0)


class Embedding:
    def forward(self, ids: Any, W: Any) -> Any:
        self.ids, self.W = ids, W
        return W[ids]

    def backward(self, dout: Any) -> Any:
        dW = np.zeros_like(self.W)
        np.add.at(dW, self.ids, dout)
        return dW


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


class LSTM:
    """One step; the book keeps the four gates in one weight, which is put together here."""

    def forward(self, x: Any, h_prev: Any, c_prev: Any, *params: Any) -> Any:
        self.Wx, self.Wh = np.hstack(params[0::3]), np.hstack(params[1::3])
        b = np.hstack(params[2::3])
        A = np.dot(x, self.Wx) + np.dot(h_prev, self.Wh) + b
        i, f, g, o = np.hsplit(A, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c_next = f * c_prev + g * i
        h_next = o * np.tanh(c_next)
        self.cache = (x, h_prev, c_prev, i, f, g, o, c_next)
        return h_next, c_next

    def backward(self, dh_next: Any, dc_next: Any) -> Any:
        x, h_prev, c_prev, i, f, g, o, c_next = self.cache
        tanh_c_next = np.tanh(c_next)
        ds = dc_next + (dh_next * o) * (1 - tanh_c_next**2)
        dc_prev = ds * f
        di, df, do, dg = ds * g, ds * c_prev, dh_next * tanh_c_next, ds * i
        di *= i * (1 - i)
        df *= f * (1 - f)
        do *= o * (1 - o)
        dg *= 1 - g**2
        dA = np.hstack((di, df, dg, do))
        dWh, dWx, db = np.dot(h_prev.T, dA), np.dot(x.T, dA), dA.sum(axis=0)
        dx, dh_prev = np.dot(dA, self.Wx.T), np.dot(dA, self.Wh.T)
        parts = zip(np.hsplit(dWx, 4), np.hsplit(dWh, 4), np.split(db, 4), strict=True)
        return dx, dh_prev, dc_prev, *(part for gate in parts for part in gate)


BOOK: dict[str, type] = {
    "Affine": Affine,
    "BatchNorm": BatchNormalization,
    "Conv2d": Convolution,
    "CrossEntropy": SoftmaxWithLoss,
    "Embedding": Embedding,
    "LSTMCell": LSTM,
    "MaxPool2d": Pooling,
    "ReLU": Relu,
    "Sigmoid": Sigmoid,
    "Softmax": Softmax,
}
