"""Define the arrays of a loop over blocks: parts of others, and what is added to others."""

from __future__ import annotations

from symgrad.lowering.nodes.arrays import Array, Variable, array_node


@array_node
class Cut(Variable):
    """The part of a named array that a block computes with: `k[:, j]`, with a slice j.

    `cuts` says for each axis which slice it has, empty where it is whole.
    """

    cuts: tuple[str, ...] = ()


@array_node
class Added(Array):
    """What a block adds to an array that holds the sum over all blocks."""

    array: Array

    @property
    def ndim(self) -> int:
        return self.array.ndim
