"""Define the array nodes of reads: subscripts, windows, strided views, padded arrays.

`Indexed`, `Windows` and `Strided` are views wherever no array of integers indexes: they cost
nothing, and are computed again rather than kept. A `Padded` array and a gather are copies.
"""

from __future__ import annotations

from symgrad.lowering.nodes.arrays import Array, array_node
from symgrad.lowering.nodes.combine import number

ZERO, ONE = number(0), number(1)

# start, stop and step of a slice, None where one is left out
Slice = tuple[Array | None, Array | None, Array | None]
Item = Array | Slice
WHOLE: Slice = (None, None, None)


@array_node
class Indexed(Array):
    """`array[items]`, one item for each axis, by NumPy's rules.

    An item is a slice; a Python integer, which takes the axis away; or an array of integers. Those
    broadcast, and their axes stand where the first of them stands, Python integers counted as
    such; at the front where a slice stands between two of them.
    """

    array: Array
    items: tuple[Item, ...]

    @property
    def ndim(self) -> int:
        advanced = [item.ndim for item in self.items if isinstance(item, Array)]
        return len(self.items) - len(advanced) + max(advanced, default=0)

    @property
    def kind(self) -> str:
        return self.array.kind

    @property
    def is_view(self) -> bool:
        """Whether no array of integers indexes."""
        return all(not isinstance(item, Array) or item.kind == "weak" for item in self.items)


@array_node
class Windows(Array):
    """array[..., start + step*i + dilation*u, ...]: i runs along `axis`, u along a new last axis.

    `size` says how far u runs; `count` how far i, None where as far as the axis allows.
    """

    array: Array
    axis: int
    size: Array
    step: Array = ONE
    dilation: Array = ONE
    start: Array = ZERO
    count: Array | None = None

    @property
    def ndim(self) -> int:
        return self.array.ndim + 1

    @property
    def kind(self) -> str:
        return self.array.kind


@array_node
class Strided(Array):
    """array[start + sum_a p_a*steps_a] at the place p of the given shape.

    `start` has one number for each axis of the array, `steps` one such tuple for each axis of the
    result: x[j, n-1-j] starts at (0, n-1) and moves by (1, -1).
    """

    array: Array
    start: tuple[Array, ...]
    steps: tuple[tuple[Array, ...], ...]
    shape: tuple[Array, ...]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def kind(self) -> str:
        return self.array.kind


@array_node
class Padded(Array):
    """The array with `value` around it.

    `widths` holds for each axis how many entries are put (before, after) it, None for an axis that
    stays; a negative number takes entries off instead. `value` is a number or an array of no axes.
    """

    array: Array
    widths: tuple[tuple[Array, Array] | None, ...]
    value: Array

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def kind(self) -> str:
        return self.array.kind


@array_node
class Reshape(Array):
    """The same entries, in order, in another shape, which the array `like` may have."""

    array: Array
    shape: tuple[Array, ...]
    like: Array | None = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def kind(self) -> str:
        return self.array.kind
