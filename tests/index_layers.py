"""Hold a call of each layer that moves through an array, with its definition and PyTorch's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special

from tests import definitions

Array = np.ndarray

rng = np.random.default_rng(11)


def normal(*shape: int) -> Array:
    return rng.normal(size=shape)


@dataclass(frozen=True)
class Call:
    """One call of a layer.

    Attributes:
        name: the layer of the catalogue.
        arguments: an array for each input, parameters included, in the layer's order.
        definition: what the layer is, a function of the arguments and constants in NumPy.
        torch: the same in PyTorch, a function of the module torch, the tensors and the constants;
            None where PyTorch has no such function.
        constants: values of the layer's constants, where they are not the defaults.
    """

    name: str
    arguments: tuple[Array, ...]
    definition: Callable[..., Array]
    torch: Callable[..., Any] | None = None
    constants: Mapping[str, Any] = field(default_factory=dict)


def functional(name: str) -> Callable[..., Any]:
    """Return a call of `torch.nn.functional`."""
    return lambda torch, *tensors, **constants: getattr(torch.nn.functional, name)(
        *tensors, **constants
    )


# --- the layers in NumPy that are one line -------------------------------------------------------


def depthwise(x: Array, w: Array, b: Array, **window: int) -> Array:
    y = definitions.grouped(x[:, :, None], w[:, None, None], b[:, None], **window)
    return y[:, :, 0]


def log_softmax(x: Array) -> Array:
    return special.log_softmax(x, axis=1)


def nll(log_p: Array, t: Array) -> Array:
    return -np.mean([row[label] for row, label in zip(log_p, t, strict=True)])


def label_smoothing(x: Array, t: Array, smoothing: float = 0.1) -> Array:
    target = (1 - smoothing) * np.eye(x.shape[1])[t] + smoothing / x.shape[1]
    return -(target * log_softmax(x)).sum(axis=1).mean()


def multi_margin(x: Array, t: Array, margin: float = 1.0) -> Array:
    losses = [
        sum(max(0, margin - row[label] + other) for j, other in enumerate(row) if j != label)
        for row, label in zip(x, t, strict=True)
    ]
    return np.mean(losses) / x.shape[1]


def total_variation(x: Array) -> Array:
    return sum(np.abs(np.diff(x, axis=axis)).sum() for axis in (2, 3)) / len(x)


def glu(x: Array) -> Array:
    value, gate = np.split(x, 2, axis=1)
    return value * special.expit(gate)


def pixel_shuffle(x: Array, r: int = 2) -> Array:
    n, c, height, width = x.shape
    blocks = x.reshape(n, c // r**2, r, r, height, width).transpose(0, 1, 4, 2, 5, 3)
    return blocks.reshape(n, c // r**2, height * r, width * r)


def skip_gram(center: Array, context: Array, negative: Array, w: Array, v: Array) -> Array:
    total = 0.0
    for own, near, far in zip(center, context, negative, strict=True):
        total += np.log(special.expit(w[own] @ v[near]))
        total += np.log(special.expit(-v[far] @ w[own])).sum()
    return -total / len(center)


def alibi(q: Array, k: Array, v: Array) -> Array:
    heads, queries, keys = q.shape[1], np.arange(q.shape[2]), np.arange(k.shape[2])
    distance = queries[:, None] - keys
    slopes = (2.0 ** (-8 / heads)) ** np.arange(1, heads + 1)
    bias = np.where(distance >= 0, -slopes[:, None, None] * distance, -np.inf)
    return special.softmax(q @ k.swapaxes(2, 3) / np.sqrt(q.shape[-1]) + bias, axis=-1) @ v


# --- the same in PyTorch -------------------------------------------------------------------------


def torch_grouped(torch: Any, x: Any, w: Any, b: Any, **window: int) -> Any:
    y = torch.nn.functional.conv2d(
        x.flatten(1, 2), w.flatten(0, 1), b.flatten(), groups=len(w), **window
    )
    return y.unflatten(1, b.shape)


def torch_depthwise(torch: Any, x: Any, w: Any, b: Any, **window: int) -> Any:
    return torch.nn.functional.conv2d(x, w[:, None], b, groups=len(w), **window)


def torch_unfold(torch: Any, x: Any, kernel: int = 2, **window: int) -> Any:
    rows = torch.nn.functional.unfold(x, kernel, **window)
    window.setdefault("stride", 1)
    counts = [definitions.places(length, kernel, **window) for length in x.shape[2:]]
    return rows.reshape(*x.shape[:2], kernel, kernel, *counts)


def torch_fold(torch: Any, x: Any, stride: int = 1, padding: int = 0, dilation: int = 1) -> Any:
    counts, kernel = x.shape[4:], x.shape[2:4]
    size = [
        stride * (n - 1) + dilation * (k - 1) + 1 - 2 * padding
        for n, k in zip(counts, kernel, strict=True)
    ]
    rows = x.reshape(len(x), -1, counts[0] * counts[1])
    return torch.nn.functional.fold(rows, size, kernel, dilation, padding, stride)


def torch_pool(name: str) -> Callable[..., Any]:
    def pool(torch: Any, x: Any, kernel: int = 2, stride: int = 2, padding: int = 0) -> Any:
        return getattr(torch.nn.functional, name)(x, kernel, stride, padding)

    return pool


def torch_lp_pool(torch: Any, x: Any, p: int = 2, kernel: int = 2, stride: int = 2) -> Any:
    return torch.nn.functional.lp_pool2d(x, p, kernel, stride)


def torch_response_norm(torch: Any, x: Any, window: int, **constants: float) -> Any:
    return torch.nn.functional.local_response_norm(x, window, **constants)


def torch_alibi(torch: Any, q: Any, k: Any, v: Any) -> Any:
    heads, places = q.shape[1], torch.arange(q.shape[2])
    distance = places[:, None] - places
    slopes = 2.0 ** (-8 * torch.arange(1, heads + 1, dtype=torch.float64) / heads)
    bias = torch.where(distance >= 0, -slopes[:, None, None] * distance, -torch.inf)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))


def torch_skip_gram(torch: Any, center: Any, context: Any, negative: Any, w: Any, v: Any) -> Any:
    log = torch.nn.functional.logsigmoid
    near = log((w[center] * v[context]).sum(dim=1))
    far = log(-torch.einsum("nd,nkd->nk", w[center], v[negative])).sum(dim=1)
    return -(near + far).mean()


# --- the calls -----------------------------------------------------------------------------------

ids = np.array([[3, 0, 3], [1, 4, 0]])
table = normal(6, 4)
labels = np.array([2, 0, 4, 2])
scores = normal(4, 5)
images = normal(2, 3, 7, 6)
window = normal(5, 3, 3, 2)
bias = normal(5)
edges = (np.array([0, 2, 2, 3, 0, 0, 2]), np.array([1, 1, 0, 2, 1, 3, 2]))
sequences = tuple(normal(2, 3, 4, d) for d in (5, 5, 2))

CALLS = (
    # convolutions
    Call(
        "Conv1d",
        (normal(2, 3, 9), normal(5, 3, 3), bias),
        definitions.convolution,
        functional("conv1d"),
        {"stride": 2, "padding": 1, "dilation": 2},
    ),
    Call(
        "Conv2d",
        (images, window, bias),
        definitions.convolution,
        functional("conv2d"),
        {"stride": 2, "padding": 1, "dilation": 2},
    ),
    Call("Conv2d", (images, window, bias), definitions.convolution, functional("conv2d")),
    Call(
        "Conv3d",
        (normal(2, 3, 4, 5, 3), normal(2, 3, 2, 3, 1), normal(2)),
        definitions.convolution,
        functional("conv3d"),
        {"stride": 2, "padding": 1},
    ),
    Call(
        "GroupedConv2d",
        (normal(2, 3, 2, 5, 4), normal(3, 4, 2, 2, 3), normal(3, 4)),
        definitions.grouped,
        torch_grouped,
        {"padding": 1},
    ),
    Call(
        "DepthwiseConv2d",
        (images, normal(3, 3, 2), normal(3)),
        depthwise,
        torch_depthwise,
        {"stride": 2, "padding": 1},
    ),
    Call(
        "ConvTranspose1d",
        (normal(2, 3, 4), normal(3, 5, 3), bias),
        definitions.transposed,
        functional("conv_transpose1d"),
        {"stride": 2, "padding": 1},
    ),
    Call(
        "ConvTranspose2d",
        (normal(2, 3, 4, 3), normal(3, 2, 3, 2), normal(2)),
        definitions.transposed,
        functional("conv_transpose2d"),
        {"stride": 2, "padding": 1},
    ),
    Call(
        "Unfold2d",
        (images,),
        lambda x, kernel, stride, padding, dilation: definitions.windows(
            x, kernel, stride, padding, dilation=dilation
        ),
        torch_unfold,
        {"kernel": 3, "stride": 2, "padding": 1, "dilation": 2},
    ),
    Call(
        "Fold2d",
        (normal(2, 3, 2, 3, 3, 4),),
        definitions.folded,
        torch_fold,
        {"stride": 2, "padding": 1, "dilation": 2},
    ),
    # pooling
    Call(
        "AvgPool2d",
        (images,),
        lambda x, **constants: definitions.windows(x, **constants).mean(axis=(2, 3)),
        torch_pool("avg_pool2d"),
        {"kernel": 3, "stride": 2, "padding": 1},
    ),
    Call(
        "MaxPool2d",
        (images - 3,),
        lambda x, **constants: definitions.windows(x, value=-np.inf, **constants).max(axis=(2, 3)),
        torch_pool("max_pool2d"),
        {"kernel": 3, "stride": 2, "padding": 1},
    ),
    Call(
        "LpPool2d",
        (np.abs(images) + 0.1,),
        lambda x, p: (definitions.windows(x, 2, 2) ** p).sum(axis=(2, 3)) ** (1 / p),
        torch_lp_pool,
        {"p": 3},
    ),
    Call(
        "GlobalAvgPool2d",
        (images,),
        lambda x: x.sum(axis=(2, 3)) / 42,
        lambda torch, x: torch.nn.functional.adaptive_avg_pool2d(x, 1)[:, :, 0, 0],
    ),
    # picking and moving
    Call("Embedding", (ids, table), lambda ids, w: w[ids], functional("embedding")),
    Call(
        "EmbeddingBag",
        (ids, table),
        lambda ids, w: w[ids].mean(axis=1),
        functional("embedding_bag"),
    ),
    Call(
        "SkipGram",
        (labels, labels[::-1] + 1, rng.integers(0, 6, (4, 3)), table, normal(6, 4)),
        skip_gram,
        torch_skip_gram,
    ),
    Call(
        "GraphConv",
        (normal(5, 4), *edges, normal(4, 3), normal(4, 3), normal(3)),
        definitions.graph_convolution,
    ),
    Call(
        "Concat",
        (normal(4, 3), normal(4, 5)),
        lambda x, z: np.concatenate([x, z], axis=1),
        lambda torch, x, z: torch.cat([x, z], dim=1),
    ),
    Call(
        "Stack",
        (normal(4, 3), normal(4, 3)),
        lambda x, z: np.stack([x, z], axis=-1),
        lambda torch, x, z: torch.stack([x, z], dim=-1),
    ),
    Call("Flip", (scores,), lambda x: x[:, ::-1], lambda torch, x: torch.flip(x, [1])),
    Call(
        "Roll",
        (scores,),
        lambda x, shift: np.roll(x, shift, axis=1),
        lambda torch, x, shift: torch.roll(x, shift, 1),
        {"shift": 2},
    ),
    Call(
        "Roll",
        (scores,),
        lambda x, shift: np.roll(x, shift, axis=1),
        lambda torch, x, shift: torch.roll(x, shift, 1),
        {"shift": -7},
    ),
    Call(
        "OneHotMask",
        (scores, labels),
        lambda x, t: x * np.eye(x.shape[1])[t],
        lambda torch, x, t: x * torch.nn.functional.one_hot(t, x.shape[1]),
    ),
    Call(
        "PixelShuffle",
        (normal(2, 12, 3, 4),),
        pixel_shuffle,
        lambda torch, x: torch.nn.functional.pixel_shuffle(x, 2),
    ),
    Call(
        "NearestUpsample2d",
        (images,),
        lambda x, scale: x.repeat(scale, axis=2).repeat(scale, axis=3),
        lambda torch, x, scale: torch.nn.functional.interpolate(x, scale_factor=scale),
        {"scale": 3},
    ),
    Call(
        "CumSum",
        (scores,),
        lambda x: np.cumsum(x, axis=1),
        lambda torch, x: torch.cumsum(x, dim=1),
    ),
    Call("GLU", (normal(4, 6),), glu, functional("glu")),
    # attention and normalisation
    Call("ALiBiAttention", sequences, alibi, torch_alibi),
    Call("RoPE", (normal(2, 5, 6),), definitions.rotated),
    Call(
        "LocalResponseNorm",
        (2 * normal(2, 7, 3, 2),),
        definitions.response_norm,
        torch_response_norm,
        {"window": 4, "alpha": 0.3, "beta": 0.6, "k": 1.5},
    ),
    Call(
        "LocalResponseNorm",
        (2 * normal(2, 7, 3, 2),),
        definitions.response_norm,
        torch_response_norm,
        {"window": 5, "alpha": 0.3, "beta": 0.6, "k": 1.5},
    ),
    # losses
    Call(
        "CrossEntropy",
        (scores, labels),
        lambda x, t: nll(log_softmax(x), t),
        functional("cross_entropy"),
    ),
    Call(
        "LabelSmoothing",
        (scores, labels),
        label_smoothing,
        lambda torch, x, t: torch.nn.functional.cross_entropy(x, t, label_smoothing=0.1),
    ),
    Call("NLL", (log_softmax(scores), labels), nll, functional("nll_loss")),
    Call("MultiMargin", (scores, labels), multi_margin, functional("multi_margin_loss")),
    Call(
        "TotalVariation",
        (images,),
        total_variation,
        lambda torch, x: (
            (torch.diff(x, dim=2).abs().sum() + torch.diff(x, dim=3).abs().sum()) / len(x)
        ),
    ),
)
