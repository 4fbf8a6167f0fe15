"""The best NumPy that we know for each layer, written by hand.

A class takes every input in `forward`, in the formula's order, and returns the gradients from
`backward`, in the same order. Outputs and gradients are fresh arrays; what a class makes for itself
it works on in place. `backward` may be called twice. Constants are keywords of the constructor.
"""

from __future__ import annotations

from benchmarks.expert.attention import Attention, CausalAttention
from benchmarks.expert.elementwise import GELU, GELUTanh, ReLU, Sigmoid, Softplus, Tanh
from benchmarks.expert.images import AvgPool2d, Conv2d, MaxPool2d
from benchmarks.expert.linear import AddBias, Affine, Bilinear, MixtureOfExperts
from benchmarks.expert.normalisation import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from benchmarks.expert.recurrent import GRUCell, LSTMCell
from benchmarks.expert.rows import CrossEntropy, CumSum, Embedding, PairwiseSquaredDistance, Softmax

EXPERTS: dict[str, type] = {
    expert.__name__: expert
    for expert in (
        AddBias,
        Affine,
        Attention,
        AvgPool2d,
        BatchNorm,
        Bilinear,
        CausalAttention,
        Conv2d,
        CrossEntropy,
        CumSum,
        Embedding,
        GELU,
        GELUTanh,
        GRUCell,
        GroupNorm,
        LSTMCell,
        LayerNorm,
        MaxPool2d,
        MixtureOfExperts,
        PairwiseSquaredDistance,
        RMSNorm,
        ReLU,
        Sigmoid,
        Softmax,
        Softplus,
        Tanh,
    )
}
