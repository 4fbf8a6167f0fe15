"""Find the cheapest order in which to multiply several arrays, pair by pair."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from symgrad.language.expr import Index
from symgrad.lowering.expressions.elementwise import Frame
from symgrad.lowering.expressions.scope import nominal_size
from symgrad.lowering.nodes.arrays import Value

# a matrix product does this many multiplications in the time of one elementwise multiplication
MATMUL_SPEEDUP = 8

Indices = frozenset[Index]
Tree = int | tuple["Tree", "Tree"]


def needed(members: Iterable[int], axes: Sequence[Indices], out: Indices) -> Indices:
    """Return the indices which a product of some operands keeps for the others and the result."""
    inside = set(members)
    held: Indices = frozenset().union(*(axes[n] for n in inside))
    outside = [axes[n] for n in range(len(axes)) if n not in inside]
    return held & out.union(*outside)


Lengths = Mapping[Index, float]


def nominal_lengths(operands: Sequence[Value], out: Indices, frame: Frame) -> Lengths:
    """Return the lengths that costs are counted with.

    Of unknown ones the first of the array with the most axes count as the shortest: the leading
    axes of weights (experts, heads, output channels) are short as a rule, and what merges them
    multiplies matrices in the order of memory.
    """
    result = tuple(index for index in frame if index in out)
    largest = max([result, *(value.axes for value in operands)], key=len)
    order = [*largest, *frame, *(index for value in operands for index in value.axes)]
    places = enumerate(dict.fromkeys(order))
    return {index: nominal_size((index,)) * (1 + place / 1000) for place, index in places}


def pair_cost(left: Indices, right: Indices, result: Indices, lengths: Lengths) -> float:
    """Return what one pairwise contraction costs, in elementwise multiplications."""
    involved = left | right
    multiplications = math.prod(lengths[index] for index in involved)
    summed = involved - result
    matrix = summed and left - right and right - left
    traffic = sum(math.prod(lengths[i] for i in part) for part in (left, right, result))
    return multiplications / (MATMUL_SPEEDUP if matrix else 1) + traffic


def best_tree(
    axes: Sequence[Indices], out: Indices, lengths: Lengths, ready: frozenset[tuple[int, int]]
) -> Tree:
    """Return the cheapest tree over all operands; the first in reading order at equal cost."""
    best: dict[tuple[int, ...], tuple[float, Tree]] = {(n,): (0.0, n) for n in range(len(axes))}
    for pair in ready:
        best[pair] = (0.0, pair)
    for count in range(2, len(axes) + 1):
        for members in combinations(range(len(axes)), count):
            if members not in best:
                best[members] = _best_split(members, best, axes, out, lengths)
    return best[tuple(range(len(axes)))][1]


def _best_split(
    members: tuple[int, ...],
    best: dict[tuple[int, ...], tuple[float, Tree]],
    axes: Sequence[Indices],
    out: Indices,
    lengths: Lengths,
) -> tuple[float, Tree]:
    found: tuple[float, Tree] | None = None
    result = needed(members, axes, out)
    for size in range(len(members) - 1, 0, -1):
        for left in combinations(members, size):
            if left[0] != members[0]:  # the mirror image of a split that has been seen
                continue
            right = tuple(n for n in members if n not in left)
            parts = [needed(part, axes, out) for part in (left, right)]
            cost = best[left][0] + best[right][0] + pair_cost(parts[0], parts[1], result, lengths)
            if found is None or cost < found[0]:
                found = cost, (best[left][1], best[right][1])
    if found is None:
        raise AssertionError("nothing to split")
    return found


def members_of(tree: Tree) -> tuple[int, ...]:
    """Return the operands of a tree, in order."""
    return (tree,) if isinstance(tree, int) else (*members_of(tree[0]), *members_of(tree[1]))
