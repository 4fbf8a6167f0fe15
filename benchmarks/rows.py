"""The table of what is measured: a row for each layer, in several sizes and two types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symgrad.language.layer import Layer


@dataclass(frozen=True)
class Row:
    """A layer with the sizes to measure it in.

    Attributes:
        name: what tables call it.
        layer: a layer of the catalogue, or the name of the one that `formula` gives.
        arrays: each input with its axes; `ids:nt<v` holds integers below extent v.
        sizes: the extents of the axes by name; tiny shows the cost of a call, cache stays in the
            cache, large leaves it (or is large enough for matrix products to dominate).
        constants: the layer's constants where they are not its defaults.
        product: does it contain a matrix product?
        formula: for a layer that is not in the catalogue.
    """

    name: str
    layer: str
    arrays: str
    sizes: Mapping[str, str]
    constants: Mapping[str, Any] = field(default_factory=dict)
    product: bool = False
    formula: str = ""

    def extents(self, size: str) -> dict[str, int]:
        """Return the length of each axis in a size."""
        pairs = (part.split("=") for part in self.sizes[size].split())
        return {axis: int(length) for axis, length in pairs}

    def definition(self) -> Layer:
        """Return the layer."""
        import symgrad
        from symgrad.catalogue import entry

        return symgrad.Layer(self.layer, self.formula) if self.formula else entry(self.layer)


def elementwise(name: str, layer: str) -> Row:
    """Return the row of an activation of x (i, j)."""
    return Row(name, layer, "x:ij", SIZES_OF_ROWS)


SIZES_OF_ROWS = {
    "tiny": "i=32 j=64",
    "cache": "i=512 j=1000",
    "large": "i=16384 j=768",
}
SIZES_OF_BATCHES = {
    "tiny": "n=32 c=64",
    "cache": "n=2048 c=256",
    "large": "n=32768 c=384",
}
SIZES_OF_ATTENTION = {
    "tiny": "n=2 i=16 j=16 d=16 e=16",
    "cache": "n=8 i=128 j=128 d=64 e=64",
    "large": "n=16 i=512 j=512 d=64 e=64",
}
SIZES_OF_CONVOLUTIONS = {
    "tiny": "n=2 c=3 o=4 h=8 w=8 u=3 v=3",
    "cache": "n=8 c=16 o=16 h=28 w=28 u=3 v=3",
    "large": "n=16 c=64 o=64 h=56 w=56 u=3 v=3",
}
SIZES_OF_POOLS = {
    "tiny": "n=2 c=3 h=8 w=8",
    "cache": "n=16 c=32 h=28 w=28",
    "large": "n=32 c=64 h=80 w=80",
}
SIZES_OF_CELLS = {
    "tiny": "n=4 d=16 k=16 m=16",
    "cache": "n=32 d=100 k=100 m=100",
    "large": "n=128 d=512 k=512 m=512",
}
LSTM = " ".join(f"W{gate}:dk U{gate}:mk b{gate}:k" for gate in "ifgo")

ROWS = (
    Row(
        "affine",
        "Affine",
        "x:ik W:kj b:j",
        {
            "tiny": "i=32 k=128 j=10",
            "cache": "i=256 k=512 j=512",
            "large": "i=2048 k=1024 j=1024",
        },
        product=True,
    ),
    Row("bias add", "AddBias", "x:ij b:j", SIZES_OF_ROWS),
    elementwise("relu", "ReLU"),
    elementwise("sigmoid", "Sigmoid"),
    elementwise("tanh", "Tanh"),
    elementwise("gelu", "GELU"),
    elementwise("gelu tanh", "GELUTanh"),
    elementwise("softplus", "Softplus"),
    elementwise("softmax", "Softmax"),
    Row(
        "cross entropy",
        "CrossEntropy",
        "x:ij t:i<j",
        {
            "tiny": "i=32 j=10",
            "cache": "i=512 j=1000",
            "large": "i=2048 j=10000",
        },
    ),
    Row("layer norm", "LayerNorm", "x:ij gamma:j beta:j", SIZES_OF_ROWS),
    Row("batch norm", "BatchNorm", "x:nc gamma:c beta:c", SIZES_OF_BATCHES),
    Row("rms norm", "RMSNorm", "x:ij gamma:j", SIZES_OF_ROWS),
    Row(
        "group norm",
        "GroupNorm",
        "x:ngcs gamma:gc beta:gc",
        {
            "tiny": "n=4 g=2 c=4 s=16",
            "cache": "n=8 g=8 c=8 s=784",
            "large": "n=32 g=16 c=16 s=1024",
        },
    ),
    Row("attention", "Attention", "q:nid k:njd v:nje", SIZES_OF_ATTENTION, product=True),
    Row(
        "causal attention", "CausalAttention", "q:nid k:njd v:nje", SIZES_OF_ATTENTION, product=True
    ),
    Row(
        "bilinear",
        "Bilinear",
        "x:ni z:nj W:kij b:k",
        {
            "tiny": "n=16 i=8 j=8 k=4",
            "cache": "n=64 i=64 j=64 k=32",
            "large": "n=256 i=128 j=128 k=64",
        },
        product=True,
    ),
    Row(
        "pairwise distance",
        "PairwiseSquaredDistance",
        "x:ik z:jk",
        {
            "tiny": "i=16 j=16 k=8",
            "cache": "i=256 j=256 k=64",
            "large": "i=2000 j=2000 k=64",
        },
        product=True,
    ),
    Row(
        "convolution",
        "Conv2d",
        "x:nchw w:ocuv b:o",
        SIZES_OF_CONVOLUTIONS,
        {"stride": 1, "padding": 1},
        product=True,
    ),
    Row(
        "convolution stride 2",
        "Conv2d",
        "x:nchw w:ocuv b:o",
        SIZES_OF_CONVOLUTIONS,
        {"stride": 2, "padding": 1},
        product=True,
    ),
    Row(
        "convolution 1-D",
        "Conv1d",
        "x:ncl w:ocu b:o",
        {
            "tiny": "n=2 c=3 o=4 l=16 u=3",
            "cache": "n=8 c=32 o=32 l=256 u=5",
            "large": "n=32 c=64 o=64 l=1024 u=5",
        },
        product=True,
    ),
    Row(
        "depthwise convolution",
        "DepthwiseConv2d",
        "x:nchw w:cuv b:c",
        {
            "tiny": "n=2 c=3 h=8 w=8 u=3 v=3",
            "cache": "n=16 c=32 h=28 w=28 u=3 v=3",
            "large": "n=32 c=64 h=80 w=80 u=3 v=3",
        },
        {"padding": 1},
        product=True,
    ),
    Row("max pooling", "MaxPool2d", "x:nchw", SIZES_OF_POOLS, {"kernel": 2, "stride": 2}),
    Row("max pooling 3x3", "MaxPool2d", "x:nchw", SIZES_OF_POOLS, {"kernel": 3, "stride": 2}),
    Row("average pooling", "AvgPool2d", "x:nchw", SIZES_OF_POOLS, {"kernel": 2, "stride": 2}),
    Row(
        "embedding",
        "Embedding",
        "ids:nt<v w:vd",
        {
            "tiny": "n=4 t=8 v=100 d=16",
            "cache": "n=8 t=128 v=4000 d=128",
            "large": "n=16 t=1024 v=50000 d=256",
        },
    ),
    Row(
        "GRU cell",
        "GRUCell",
        "x:nd h:nk Wr:dk Ur:mk br:k Wz:dk Uz:mk bz:k Wc:dk bc:k Uc:mk ac:k",
        SIZES_OF_CELLS,
        product=True,
    ),
    Row("LSTM cell", "LSTMCell", f"x:nd h_prev:nk c_prev:nk {LSTM}", SIZES_OF_CELLS, product=True),
    Row(
        "mixture of experts",
        "MixtureOfExperts",
        "x:nd G:de W:edk b:ek",
        {
            "tiny": "n=8 d=16 e=4 k=8",
            "cache": "n=64 d=128 e=8 k=128",
            "large": "n=512 d=256 e=8 k=256",
        },
        product=True,
    ),
    Row("cumulative sum", "CumSum", "x:ij", SIZES_OF_ROWS),
)

DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Case:
    """A row in one size and one type, with its arrays."""

    row: Row
    size: str
    dtype: str

    @property
    def name(self) -> str:
        """Return row/size/type, which patterns are compared with."""
        return f"{self.row.name}/{self.size}/{self.dtype}"

    @cached_property
    def layer(self) -> Layer:
        """Return the layer."""
        return self.row.definition()

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Return random arrays by name, in the layer's order: the same in every run."""
        import numpy as np

        random = np.random.default_rng(0)
        extents = self.row.extents(self.size)
        found: dict[str, Any] = {}
        for name, axes, below in declared(self.row.arrays):
            shape = [extents[axis] for axis in axes]
            if below:
                found[name] = random.integers(0, extents[below], shape)
            else:
                # weights are scaled so that sums over an input stay near 1
                scale = shape[-2] ** -0.5 if name[0] in "WUG" and len(shape) > 1 else 1.0
                found[name] = (scale * random.normal(size=shape)).astype(self.dtype)
        return found


def declared(arrays: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, axes and the extent that integers stay below ("" for floats)."""
    for part in arrays.split():
        name, axes = part.split(":")
        axes, _, below = axes.partition("<")
        yield name, axes, below


def cases(
    pattern: str = "", sizes: Sequence[str] = (), dtypes: Sequence[str] = DTYPES
) -> list[Case]:
    """Return the cases whose name or row fits one of the comma-separated patterns.

    A pattern with `*` or `?` must fit a whole row or a whole name; else a part of it is enough.
    """
    patterns = [part.strip() for part in pattern.split(",") if part.strip()]

    def fits(case: Case) -> bool:
        return not patterns or any(
            fnmatchcase(case.name, part) or fnmatchcase(case.row.name, part) or part in case.name
            for part in patterns
        )

    every = (Case(row, size, dtype) for row in ROWS for size in row.sizes for dtype in dtypes)
    return [case for case in every if (not sizes or case.size in sizes) and fits(case)]
