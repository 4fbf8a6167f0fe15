"""Define the array that holds one number outside of a band along the diagonal of two axes."""

from __future__ import annotations

from symgrad.lowering.nodes.arrays import Array, array_node


@array_node
class Banded(Array):
    """A new array, written over with a number where column - row is not from `least` to `greatest`.

    `axes` are those of the rows and of the columns. The array is a part of a larger one, from which
    the `slices` of rows and of columns have cut it. A limit that is None is none.
    """

    array: Array
    value: Array
    axes: tuple[int, int]
    least: Array | None
    greatest: Array | None
    slices: tuple[str, str] = ("", "")

    @property
    def ndim(self) -> int:
        return self.array.ndim
