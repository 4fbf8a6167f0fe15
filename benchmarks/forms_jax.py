"""Each layer in JAX, from arrays in the layer's order to its outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


def batch_norm(x: Any, gamma: Any, beta: Any) -> Any:
    centred = x - x.mean(0)
    return gamma * centred * jax.lax.rsqrt((centred**2).mean(0) + 1e-5) + beta


def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
    centred = x - x.mean(1, keepdims=True)
    return gamma * centred * jax.lax.rsqrt((centred**2).mean(1, keepdims=True) + 1e-5) + beta


def group_norm(x: Any, gamma: Any, beta: Any) -> Any:
    centred = x - x.mean((2, 3), keepdims=True)
    scale = jax.lax.rsqrt((centred**2).mean((2, 3), keepdims=True) + 1e-5)
    return gamma[..., None] * centred * scale + beta[..., None]


def rms_norm(x: Any, gamma: Any) -> Any:
    return gamma * x * jax.lax.rsqrt((x**2).mean(1, keepdims=True) + 1e-6)


def attention(q: Any, k: Any, v: Any) -> Any:
    return jax.nn.softmax(q @ k.swapaxes(1, 2) * q.shape[-1] ** -0.5, -1) @ v


def causal_attention(q: Any, k: Any, v: Any) -> Any:
    s = q @ k.swapaxes(1, 2) * q.shape[-1] ** -0.5
    earlier = jnp.tril(jnp.ones(s.shape[1:], bool))
    return jax.nn.softmax(jnp.where(earlier, s, -jnp.inf), -1) @ v


def bilinear(x: Any, z: Any, W: Any, b: Any) -> Any:
    return jnp.einsum("ni,kij,nj->nk", x, W, z) + b


def squared_distance(x: Any, z: Any) -> Any:
    return (x * x).sum(1)[:, None] - 2 * x @ z.T + (z * z).sum(1)


def convolution(x: Any, w: Any, b: Any, stride: int, padding: int) -> Any:
    y = jax.lax.conv_general_dilated(x, w, (stride, stride), [(padding, padding)] * 2)
    return y + b[:, None, None]


def convolution_1d(x: Any, w: Any, b: Any) -> Any:
    return jax.lax.conv_general_dilated(x, w, (1,), "VALID") + b[:, None]


def depthwise_convolution(x: Any, w: Any, b: Any, padding: int) -> Any:
    ends = [(padding, padding)] * 2
    y = jax.lax.conv_general_dilated(x, w[:, None], (1, 1), ends, feature_group_count=len(w))
    return y + b[:, None, None]


def max_pool(x: Any, kernel: int, stride: int) -> Any:
    window, strides = (1, 1, kernel, kernel), (1, 1, stride, stride)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, strides, "VALID")


def mean_pool(x: Any, kernel: int, stride: int) -> Any:
    window, strides = (1, 1, kernel, kernel), (1, 1, stride, stride)
    total = jax.lax.reduce_window(x, 0.0, jax.lax.add, window, strides, "VALID")
    return total / kernel**2


def cross_entropy(x: Any, t: Any) -> Any:
    log_p = jax.nn.log_softmax(x, 1)
    return -jnp.take_along_axis(log_p, t[:, None], 1).mean()


def mixture_of_experts(x: Any, G: Any, W: Any, b: Any) -> Any:
    h = jnp.einsum("nd,edk->nek", x, W) + b
    return jnp.einsum("ne,nek->nk", jax.nn.softmax(x @ G, 1), h)


def lstm_cell(x: Any, h: Any, c: Any, *params: Any) -> Any:
    i, f, g, o = (
        x @ W + h @ U + b for W, U, b in zip(params[0::3], params[1::3], params[2::3], strict=True)
    )
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def gru_cell(x: Any, h: Any, *params: Any) -> Any:
    Wr, Ur, br, Wz, Uz, bz, Wc, bc, Uc, ac = params
    r = jax.nn.sigmoid(x @ Wr + h @ Ur + br)
    z = jax.nn.sigmoid(x @ Wz + h @ Uz + bz)
    c = jnp.tanh(x @ Wc + bc + r * (h @ Uc + ac))
    return (1 - z) * c + z * h


JAX: dict[str, Callable[..., Any]] = {
    "AddBias": lambda x, b: x + b,
    "Affine": lambda x, W, b: x @ W + b,
    "Attention": attention,
    "AvgPool2d": mean_pool,
    "BatchNorm": batch_norm,
    "Bilinear": bilinear,
    "CausalAttention": causal_attention,
    "Conv1d": convolution_1d,
    "Conv2d": convolution,
    "CrossEntropy": cross_entropy,
    "CumSum": lambda x: jnp.cumsum(x, 1),
    "DepthwiseConv2d": depthwise_convolution,
    "Embedding": lambda ids, w: w[ids],
    "GELU": lambda x: jax.nn.gelu(x, approximate=False),
    "GELUTanh": lambda x: jax.nn.gelu(x, approximate=True),
    "GRUCell": gru_cell,
    "GroupNorm": group_norm,
    "LSTMCell": lstm_cell,
    "LayerNorm": layer_norm,
    "MaxPool2d": max_pool,
    "MixtureOfExperts": mixture_of_experts,
    "PairwiseSquaredDistance": squared_distance,
    "RMSNorm": rms_norm,
    "ReLU": jax.nn.relu,
    "Sigmoid": jax.nn.sigmoid,
    "Softmax": lambda x: jax.nn.softmax(x, 1),
    "Softplus": jax.nn.softplus,
    "Tanh": jnp.tanh,
}
