"""Layers over windows of images by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

COLUMNS = 1 << 20  # elements of the columns of a group of images: they stay in the cache


class Conv2d:
    """Windows as columns of a matrix, for a few images at a time in one buffer.

    With stride 1 the rows of an image lie end to end, so that a tap copies one run of memory; the
    products then have columns between the rows' ends too, which are dropped.
    """

    def __init__(self, stride: int = 1, padding: int = 0) -> None:
        self.stride, self.padding = stride, padding

    def forward(self, x: Any, w: Any, b: Any) -> Any:
        p, s = self.padding, self.stride
        N, C, H, W = x.shape
        O, _, U, V = w.shape
        z = np.zeros((N, C, H + 2 * p, W + 2 * p), x.dtype)
        z[:, :, p : p + H, p : p + W] = x
        I, J = (z.shape[2] - U) // s + 1, (z.shape[3] - V) // s + 1
        self.row = z.shape[3] if s == 1 else J  # of the products, the columns between included
        self.length = (I - 1) * self.row + J
        self.w, self.padded = w, z.shape
        self.z = z.reshape(N, C, -1) if s == 1 else z
        y = np.empty((N, O, I, J), x.dtype)
        self.columns = self.buffer(I, J)
        wide = np.empty((len(self.columns), O, I, self.row), x.dtype)
        for images, columns in self.groups(self.columns):
            self.fill(columns, images)
            products = self.products(wide[: len(columns)])
            np.matmul(w.reshape(O, -1), self.matrix(columns), out=products)
            np.add(wide[: len(columns), :, :, :J], b[:, None, None], out=y[images])
        return y

    def buffer(self, I: int, J: int) -> Any:
        """Return an empty array (n, c, u, v, places) for the columns of a group of images."""
        N, C = self.z.shape[:2]
        shape = (C, *self.w.shape[2:], *((self.length,) if self.stride == 1 else (I, J)))
        return np.empty((max(1, min(N, COLUMNS // math.prod(shape))), *shape), self.z.dtype)

    def groups(self, buffer: Any) -> Any:
        """Yield slices of images, each with as much of the buffer."""
        N, size = len(self.z), len(buffer)
        for start in range(0, N, size):
            yield slice(start, start + size), buffer[: min(size, N - start)]

    def matrix(self, columns: Any) -> Any:
        """Return columns as a matrix (window, place) for each image."""
        return columns.reshape(len(columns), -1, self.length)

    def products(self, wide: Any) -> Any:
        """Return the matrix (output, place) of each image in an array with whole rows."""
        return wide.reshape(*wide.shape[:2], -1)[:, :, : self.length]

    def taps(self, I: int, J: int) -> Any:
        """Yield each tap of the window with its places in z."""
        s = self.stride
        for u in range(self.w.shape[2]):
            for v in range(self.w.shape[3]):
                first = u * self.padded[3] + v
                flat = (slice(first, first + self.length),)
                yield u, v, flat if s == 1 else (slice(u, u + s * I, s), slice(v, v + s * J, s))

    def fill(self, columns: Any, images: slice) -> None:
        """Copy the windows of some images into the columns."""
        for u, v, places in self.taps(*columns.shape[-2:]):
            columns[:, :, u, v] = self.z[(images, slice(None), *places)]

    def backward(self, dy: Any) -> Any:
        N, O, I, J = dy.shape
        w = self.w.reshape(O, -1)
        dz, dw = np.zeros_like(self.z), np.zeros_like(w)
        dcolumns = np.empty_like(self.columns)
        wide = np.zeros((len(dcolumns), O, I, self.row), dy.dtype)
        for images, columns in self.groups(self.columns):
            if len(columns) < N:  # copies in the cache cost less than keeping all columns
                self.fill(columns, images)
            wide[: len(columns), :, :, :J] = dy[images]
            dproducts, dpart = self.products(wide[: len(columns)]), dcolumns[: len(columns)]
            dw += np.matmul(dproducts, self.matrix(columns).swapaxes(1, 2)).sum(0)
            np.matmul(w.T, dproducts, out=self.matrix(dpart))
            for u, v, places in self.taps(I, J):
                dz[(images, slice(None), *places)] += dpart[:, :, u, v]
        p, (_, _, height, width) = self.padding, self.padded
        dx = dz.reshape(self.padded)[:, :, p : height - p, p : width - p]
        return dx, dw.reshape(self.w.shape), np.einsum("noij->o", dy)


class MaxPool2d:
    """Windows of 2 by 2: of two rows, then of two neighbours, each in one pass.

    Among equal values the upper one of a pair, then the left one gets the gradient.
    """

    def __init__(self, kernel: int = 2, stride: int = 2) -> None:
        if not kernel == stride == 2:
            raise NotImplementedError("written for windows of 2 by 2")

    def forward(self, x: Any) -> Any:
        N, C, H, W = x.shape
        pairs = x.reshape(-1, 2, W)
        upper, lower = pairs[:, 0], pairs[:, 1]
        self.is_upper = upper >= lower
        columns = np.maximum(upper, lower).reshape(-1, 2)
        left, right = columns[:, 0], columns[:, 1]
        self.is_left = left >= right
        return np.maximum(left, right).reshape(N, C, H // 2, W // 2)

    def backward(self, dy: Any) -> Any:
        N, C, I, J = dy.shape
        dy = dy.reshape(-1)
        columns = np.empty((dy.size, 2), dy.dtype)
        np.multiply(dy, self.is_left, out=columns[:, 0])
        np.subtract(dy, columns[:, 0], out=columns[:, 1])
        columns = columns.reshape(-1, 2 * J)
        dx = np.empty((len(columns), 2, 2 * J), dy.dtype)
        np.multiply(columns, self.is_upper, out=dx[:, 0])
        np.subtract(columns, dx[:, 0], out=dx[:, 1])
        return dx.reshape(N, C, 2 * I, 2 * J)


class AvgPool2d:
    """Windows of 2 by 2: two rows added, then two neighbours, each in one pass."""

    def __init__(self, kernel: int = 2, stride: int = 2) -> None:
        if not kernel == stride == 2:
            raise NotImplementedError("written for windows of 2 by 2")

    def forward(self, x: Any) -> Any:
        N, C, H, W = x.shape
        pairs = x.reshape(-1, 2, W)
        columns = np.add(pairs[:, 0], pairs[:, 1]).reshape(-1, 2)
        y = np.add(columns[:, 0], columns[:, 1])
        y *= 0.25
        return y.reshape(N, C, H // 2, W // 2)

    def backward(self, dy: Any) -> Any:
        N, C, I, J = dy.shape
        rows = dy.reshape(-1, J) * 0.25
        dx = np.empty((len(rows), 2, J, 2), dy.dtype)
        dx[:, 0, :, 0] = rows
        dx[:, 0, :, 1] = rows
        dx[:, 1] = dx[:, 0]
        return dx.reshape(N, C, 2 * I, 2 * J)
