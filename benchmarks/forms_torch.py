"""Each layer in PyTorch eager: the usual formulations, of which the fastest counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

Arrays = Sequence[Any]


@dataclass(frozen=True)
class Form:
    """A formulation, from tensors in the layer's order to its outputs.

    Attributes:
        function: from tensors and the layer's constants to the output, or a tuple of them.
        pack: from the layer's arrays to those that PyTorch's own function wants; done once.
        unpack: from the gradients by those to the layer's; done for the comparison alone.
    """

    function: Callable[..., Any]
    pack: Callable[[Arrays], Arrays] = tuple
    unpack: Callable[[Arrays], Arrays] = tuple


def attention(q: Any, k: Any, v: Any) -> Any:
    return torch.softmax(q @ k.mT * q.shape[-1] ** -0.5, -1) @ v


def causal_attention(q: Any, k: Any, v: Any) -> Any:
    later = torch.full((q.shape[-2], k.shape[-2]), -torch.inf, dtype=q.dtype).triu(1)
    return torch.softmax(q @ k.mT * q.shape[-1] ** -0.5 + later, -1) @ v


def fused_attention(causal: bool) -> Callable[..., Any]:
    def function(q: Any, k: Any, v: Any) -> Any:
        return F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=causal)[0]

    return function


def depthwise_convolution(x: Any, w: Any, b: Any, padding: int) -> Any:
    return F.conv2d(x, w[:, None], b, padding=padding, groups=len(w))


def group_norm(x: Any, gamma: Any, beta: Any) -> Any:
    N, G, C, S = x.shape
    return F.group_norm(x.view(N, G * C, S), G, gamma.view(-1), beta.view(-1)).view(x.shape)


def mixture_of_experts(x: Any, G: Any, W: Any, b: Any) -> Any:
    h = torch.matmul(x, W) + b[:, None]
    return torch.einsum("ne,enk->nk", torch.softmax(x @ G, 1), h)


def mixture_by_products(x: Any, G: Any, W: Any, b: Any) -> Any:
    g = torch.softmax(x @ G, 1)
    h = torch.baddbmm(b[:, None], x.expand(len(W), *x.shape), W)
    return torch.bmm(g[:, None], h.transpose(0, 1))[:, 0]


def squared_distance(x: Any, z: Any) -> Any:
    return (x * x).sum(1)[:, None] - 2 * x @ z.T + (z * z).sum(1)


def lstm_cell(x: Any, h: Any, c: Any, *params: Any) -> Any:
    def affine(gate: int) -> Any:
        W, U, b = params[3 * gate : 3 * gate + 3]
        return x @ W + h @ U + b

    i, f, g, o = map(affine, range(4))
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def pack_lstm(arrays: Arrays) -> Arrays:
    """Stack the gates as torch.nn.LSTMCell keeps them."""
    W, U, b = arrays[3::3], arrays[4::3], arrays[5::3]
    stacked = [np.concatenate([w.T for w in weights]) for weights in (W, U)]
    return *arrays[:3], *stacked, np.concatenate(b)


def unpack_lstm(gradients: Arrays) -> Arrays:
    *states, W, U, b = gradients
    gates = zip(np.split(W, 4), np.split(U, 4), np.split(b, 4), strict=True)
    return *states, *(part for w, u, bias in gates for part in (w.T, u.T, bias))


def own_lstm_cell(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> Any:
    return torch.lstm_cell(x, (h, c), W, U, b, torch.zeros_like(b))


def gru_cell(x: Any, h: Any, *params: Any) -> Any:
    Wr, Ur, br, Wz, Uz, bz, Wc, bc, Uc, ac = params
    r = torch.sigmoid(x @ Wr + h @ Ur + br)
    z = torch.sigmoid(x @ Wz + h @ Uz + bz)
    c = torch.tanh(x @ Wc + bc + r * (h @ Uc + ac))
    return (1 - z) * c + z * h


def pack_gru(arrays: Arrays) -> Arrays:
    """Stack the gates as torch.nn.GRUCell keeps them."""
    x, h, Wr, Ur, br, Wz, Uz, bz, Wc, bc, Uc, ac = arrays
    W, U = (np.concatenate([w.T for w in group]) for group in ((Wr, Wz, Wc), (Ur, Uz, Uc)))
    return x, h, W, U, np.concatenate((br, bz, bc)), np.concatenate((0 * br, 0 * bz, ac))


def unpack_gru(gradients: Arrays) -> Arrays:
    x, h, W, U, b, a = gradients
    Wr, Wz, Wc = (part.T for part in np.split(W, 3))
    Ur, Uz, Uc = (part.T for part in np.split(U, 3))
    br, bz, bc = np.split(b, 3)
    return x, h, Wr, Ur, br, Wz, Uz, bz, Wc, bc, Uc, np.split(a, 3)[2]


TORCH: dict[str, tuple[Form, ...]] = {
    "AddBias": (Form(lambda x, b: x + b),),
    "Affine": (Form(lambda x, W, b: torch.addmm(b, x, W)),),
    "Attention": (Form(fused_attention(False)), Form(attention)),
    "AvgPool2d": (Form(lambda x, kernel, stride: F.avg_pool2d(x, kernel, stride)),),
    "BatchNorm": (
        Form(lambda x, gamma, beta: F.batch_norm(x, None, None, gamma, beta, training=True)),
    ),
    "Bilinear": (
        Form(F.bilinear),
        Form(lambda x, z, W, b: torch.einsum("ni,kij,nj->nk", x, W, z) + b),
    ),
    "CausalAttention": (Form(fused_attention(True)), Form(causal_attention)),
    "Conv1d": (Form(F.conv1d),),
    "Conv2d": (Form(lambda x, w, b, stride, padding: F.conv2d(x, w, b, stride, padding)),),
    "CrossEntropy": (Form(F.cross_entropy),),
    "CumSum": (Form(lambda x: x.cumsum(1)),),
    "DepthwiseConv2d": (Form(depthwise_convolution),),
    "Embedding": (Form(F.embedding),),
    "GELU": (Form(F.gelu),),
    "GELUTanh": (Form(lambda x: F.gelu(x, approximate="tanh")),),
    "GRUCell": (Form(torch.gru_cell, pack_gru, unpack_gru), Form(gru_cell)),
    "GroupNorm": (Form(group_norm),),
    "LSTMCell": (Form(own_lstm_cell, pack_lstm, unpack_lstm), Form(lstm_cell)),
    "LayerNorm": (Form(lambda x, gamma, beta: F.layer_norm(x, gamma.shape, gamma, beta)),),
    "MaxPool2d": (Form(lambda x, kernel, stride: F.max_pool2d(x, kernel, stride)),),
    "MixtureOfExperts": (Form(mixture_by_products), Form(mixture_of_experts)),
    "PairwiseSquaredDistance": (
        Form(squared_distance),
        Form(lambda x, z: torch.cdist(x, z).square()),
    ),
    "RMSNorm": (Form(lambda x, gamma: F.rms_norm(x, gamma.shape, gamma, 1e-6)),),
    "ReLU": (Form(F.relu),),
    "Sigmoid": (Form(torch.sigmoid),),
    "Softmax": (Form(lambda x: torch.softmax(x, 1)),),
    "Softplus": (Form(F.softplus),),
    "Tanh": (Form(torch.tanh),),
}
