"""Define the layers that move through an array, in plain NumPy, to compare the catalogue with.

Nothing here knows of index notation: windows are slices and views, sums over edges are loops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

Array = np.ndarray
Slices = tuple[slice, ...]


def places(length: int, taps: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Return how many places a window has along an axis."""
    return (length + 2 * padding - dilation * (taps - 1) - 1) // stride + 1


def padded(x: Array, padding: int, value: float = 0.0) -> Array:
    """Return x with `padding` more entries on both sides of every axis from the third on."""
    return np.pad(x, [(0, 0)] * 2 + [(padding, padding)] * (x.ndim - 2), constant_values=value)


def inside(x: Array, padding: int) -> Array:
    """Return x without `padding` entries on both sides of every axis from the third on."""
    kept = tuple(slice(padding, length - padding) for length in x.shape[2:])
    return x[(slice(None), slice(None), *kept)]


def taps(
    kernel: Sequence[int], counts: Sequence[int], stride: int, dilation: int
) -> Iterator[tuple[tuple[int, ...], Slices]]:
    """Yield each tap of a window with what it reads of the padded array."""
    for at in product(*map(range, kernel)):
        yield (
            at,
            (
                slice(None),
                slice(None),
                *(
                    slice(dilation * u, dilation * u + stride * (n - 1) + 1, stride)
                    for u, n in zip(at, counts, strict=True)
                ),
            ),
        )


def convolution(
    x: Array, w: Array, b: Array, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Array:
    """Return the convolution of x (N, C, places) with w (O, C, taps), tap after tap."""
    x = padded(x, padding)
    kernel = w.shape[2:]
    sizes = zip(x.shape[2:], kernel, strict=True)
    counts = [places(length, k, stride, 0, dilation) for length, k in sizes]
    y = np.zeros((x.shape[0], w.shape[0], *counts))
    for at, read in taps(kernel, counts, stride, dilation):
        y += np.einsum("nc...,oc->no...", x[read], w[(slice(None), slice(None), *at)])
    return y + b.reshape(-1, *(1 for _ in kernel))


def convolution_gradients(
    x: Array, w: Array, dy: Array, stride: int = 1, padding: int = 0, dilation: int = 1
) -> tuple[Array, Array, Array]:
    """Return dx, dw and db of `convolution`, tap after tap."""
    x = padded(x, padding)
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for at, read in taps(w.shape[2:], dy.shape[2:], stride, dilation):
        tap = (slice(None), slice(None), *at)
        dx[read] += np.einsum("no...,oc->nc...", dy, w[tap])
        dw[tap] = np.einsum("nox,ncx->oc", flat(dy), flat(x[read]))
    return inside(dx, padding), dw, flat(dy).sum(axis=(0, 2))


def flat(x: Array) -> Array:
    """Return x with all axes from the third on as one."""
    return x.reshape(*x.shape[:2], -1)


def grouped(x: Array, w: Array, b: Array, **window: int) -> Array:
    """Return the convolution of each group of x (N, G, C, places) with its w (G, O, C, taps)."""
    parts = zip(x.swapaxes(0, 1), w, b, strict=True)
    return np.stack([convolution(*part, **window) for part in parts], axis=1)


def grouped_gradients(x: Array, w: Array, dy: Array, **window: int) -> tuple[Array, Array, Array]:
    """Return dx, dw and db of `grouped`, group after group."""
    parts = zip(x.swapaxes(0, 1), w, dy.swapaxes(0, 1), strict=True)
    dx, dw, db = zip(*(convolution_gradients(*part, **window) for part in parts), strict=True)
    return np.stack(dx, axis=1), np.stack(dw), np.stack(db)


def transposed(x: Array, w: Array, b: Array, stride: int = 1, padding: int = 0) -> Array:
    """Return the array in which each entry of x (N, C, places) is spread by w (C, O, taps)."""
    kernel = w.shape[2:]
    lengths = [stride * (n - 1) + k for n, k in zip(x.shape[2:], kernel, strict=True)]
    y = np.zeros((x.shape[0], w.shape[1], *lengths))
    for at, written in taps(kernel, x.shape[2:], stride, 1):
        y[written] += np.einsum("nc...,co->no...", x, w[(slice(None), slice(None), *at)])
    return inside(y, padding) + b.reshape(-1, *(1 for _ in kernel))


def transposed_gradients(
    x: Array, w: Array, dy: Array, stride: int = 1, padding: int = 0
) -> tuple[Array, Array, Array]:
    """Return dx, dw and db of `transposed`, tap after tap."""
    dy_padded = padded(dy, padding)
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for at, written in taps(w.shape[2:], x.shape[2:], stride, 1):
        tap = (slice(None), slice(None), *at)
        dx += np.einsum("no...,co->nc...", dy_padded[written], w[tap])
        dw[tap] = np.einsum("ncx,nox->co", flat(x), flat(dy_padded[written]))
    return dx, dw, flat(dy).sum(axis=(0, 2))


def windows(
    x: Array, kernel: int, stride: int, padding: int = 0, value: float = 0.0, dilation: int = 1
) -> Array:
    """Return the windows of images, (N, C, kernel, kernel, height, width)."""
    x = padded(x, padding, value)
    counts = [places(length, kernel, stride, 0, dilation) for length in x.shape[2:]]
    result = np.empty((*x.shape[:2], kernel, kernel, *counts))
    for (u, v), read in taps((kernel, kernel), counts, stride, dilation):
        result[:, :, u, v] = x[read]
    return result


def folded(
    x: Array,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    lengths: Sequence[int] | None = None,
) -> Array:
    """Return the images in which windows (N, C, kernel, kernel, height, width) are added up."""
    kernel, counts = x.shape[2:4], x.shape[4:]
    if lengths is None:
        sizes = zip(counts, kernel, strict=True)
        lengths = [stride * (n - 1) + dilation * (k - 1) + 1 - 2 * padding for n, k in sizes]
    y = np.zeros((*x.shape[:2], *(length + 2 * padding for length in lengths)))
    for (u, v), written in taps(kernel, counts, stride, dilation):
        y[written] += x[:, :, u, v]
    return inside(y, padding)


def first_of_largest(x: Array) -> Array:
    """Return 1 at the first of the largest entries of each window, 0 elsewhere."""
    rows = x.reshape(*x.shape[:2], -1, *x.shape[4:])
    places = np.arange(rows.shape[2])[:, None, None]
    return (places == rows.argmax(axis=2, keepdims=True)).astype(float).reshape(x.shape)


def response_norm(x: Array, window: int, alpha: float, beta: float, k: float) -> Array:
    """Return x over a power of the mean square of the channels around each."""
    result = np.empty_like(x)
    for c in range(x.shape[1]):
        start = c - window // 2
        near = x[:, max(start, 0) : start + window]
        result[:, c] = x[:, c] / (k + alpha * (near**2).sum(axis=1) / window) ** beta
    return result


def rotated(x: Array, base: float = 10000.0) -> Array:
    """Return x (batch, place, channel), each pair of channels turned as a complex number."""
    pairs = x[..., ::2] + 1j * x[..., 1::2]
    speeds = base ** (-np.arange(0, x.shape[-1], 2) / x.shape[-1])
    turned = pairs * np.exp(1j * np.arange(x.shape[1])[:, None] * speeds)
    return np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)


def graph_convolution(x: Array, src: Array, dst: Array, U: Array, W: Array, b: Array) -> Array:
    """Return the nodes' own channels by U and the sum over their incoming edges by W."""
    adjacency = np.zeros((len(x), len(x)))
    for source, target in zip(src, dst, strict=True):
        adjacency[target, source] += 1
    return x @ U + adjacency @ x @ W + b
