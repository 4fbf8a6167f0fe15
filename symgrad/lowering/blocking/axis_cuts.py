"""Follow two axes through array expressions: which axis of each part runs over which of the two.

One of them is cut into blocks of rows, the other into the columns that a block of rows needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import singledispatch

from symgrad.lowering.blocking.diagonals import COLUMN, ROW, WHOLE_AXIS, Cuts
from symgrad.lowering.nodes.arrays import (
    Apply,
    Arange,
    Array,
    Cast,
    Contraction,
    Expand,
    Eye,
    Permute,
    Reduction,
    Tri,
    Variable,
)
from symgrad.lowering.plans.memory import ONE, Known, Lengths, lengths


class Uncut(Exception):
    """An expression can't be computed by blocks; never seen outside of the lowering."""


@dataclass
class Axes:
    """What is known of the axes of arrays.

    Attributes:
        seed: a condition on both axes.
        seed_cuts: which of its axes are the two.
        known: how long the axes of names are.
        names: the cuts of names that are computed by blocks.
    """

    seed: Array
    seed_cuts: Cuts
    known: Known
    names: dict[str, Cuts] = field(default_factory=dict)


def is_wide(cuts: Iterable[str]) -> bool:
    """Say whether an array has both axes."""
    return {ROW, COLUMN} <= set(cuts)


def merged(first: Cuts, second: Cuts) -> Cuts:
    """Return the cuts of one array that are known from two sides.

    Raises:
        Uncut: they are not the same.
    """
    for one, other in zip(first, second, strict=True):
        if one and other and one != other:
            raise Uncut
    found = tuple(one or other for one, other in zip(first, second, strict=True))
    if sum(map(bool, found)) != len({cut for cut in found if cut}):
        raise Uncut  # the diagonal of two axes over one index
    return found


def extents(array: Array, known: Known) -> Lengths:
    """Return how long the axes of an array are, those of conditions on places too."""
    if isinstance(array, Arange):
        return (array.length,)
    if isinstance(array, (Tri, Eye)):
        return (array.rows, array.columns)
    if isinstance(array, Cast):
        return extents(array.array, known)
    if isinstance(array, Expand):
        inner = extents(array.array, known)
        return tuple(ONE if axis is None else inner[axis] for axis in array.layout)
    if isinstance(array, Permute):
        inner = extents(array.array, known)
        return tuple(inner[axis] for axis in array.order)
    if isinstance(array, Apply):
        return _joined([extents(arg, known) for arg in array.args], array.ndim)
    return lengths(array, known)


def _joined(parts: Sequence[Lengths], rank: int) -> Lengths:
    result: list[Array | None] = [ONE] * rank
    for found in parts:
        for place, length in enumerate(reversed(found), start=1):
            if result[-place] == ONE or (result[-place] is None and length != ONE):
                result[-place] = length
    return tuple(result)


# --- from the inside out -------------------------------------------------------------------------


def cuts_of(array: Array, axes: Axes) -> Cuts:
    """Return the cuts of an array that follow from its parts."""
    return axes.seed_cuts if array == axes.seed else _cuts_of(array, axes)


@singledispatch
def _cuts_of(array: Array, axes: Axes) -> Cuts:
    return (WHOLE_AXIS,) * array.ndim


@_cuts_of.register
def _(array: Variable, axes: Axes) -> Cuts:
    return axes.names.get(array.name, (WHOLE_AXIS,) * array.ndim)


@_cuts_of.register
def _(array: Cast, axes: Axes) -> Cuts:
    return cuts_of(array.array, axes)


@_cuts_of.register
def _(array: Apply, axes: Axes) -> Cuts:
    found = (WHOLE_AXIS,) * array.ndim
    for arg in array.args:
        inner = cuts_of(arg, axes)
        found = merged(found, (WHOLE_AXIS,) * (array.ndim - arg.ndim) + inner)
    return found


@_cuts_of.register
def _(array: Expand, axes: Axes) -> Cuts:
    inner = cuts_of(array.array, axes)
    return tuple(WHOLE_AXIS if axis is None else inner[axis] for axis in array.layout)


@_cuts_of.register
def _(array: Permute, axes: Axes) -> Cuts:
    inner = cuts_of(array.array, axes)
    return tuple(inner[axis] for axis in array.order)


@_cuts_of.register
def _(array: Reduction, axes: Axes) -> Cuts:
    inner = enumerate(cuts_of(array.array, axes))
    if array.keepdims:
        return tuple(WHOLE_AXIS if axis in array.axes else cut for axis, cut in inner)
    return tuple(cut for axis, cut in inner if axis not in array.axes)


@_cuts_of.register
def _(array: Contraction, axes: Axes) -> Cuts:
    found = letter_cuts(array, axes)
    return tuple(found[letter] for letter in array.subscripts.split("->")[1])


def letter_cuts(array: Contraction, axes: Axes, result: Cuts | None = None) -> dict[str, str]:
    """Return the cut of each letter of a contraction, given those of its result if known."""
    spelled, kept = array.subscripts.split("->")
    found = dict.fromkeys((c for c in spelled if c.isalpha()), WHOLE_AXIS)
    known = [
        (letters, cuts_of(arg, axes))
        for letters, arg in zip(spelled.split(","), array.args, strict=True)
    ]
    for letters, cuts in [*known, *([] if result is None else [(kept, result)])]:
        for letter, cut in zip(letters, cuts, strict=True):
            if cut and found[letter] and cut != found[letter]:
                raise Uncut
            found[letter] = found[letter] or cut
    cut_letters = [cut for cut in found.values() if cut]
    if len(cut_letters) != len(set(cut_letters)):
        raise Uncut
    return found


# --- from the outside in -------------------------------------------------------------------------


def inner_cuts(array: Array, cuts: Cuts, axes: Axes) -> list[Cuts]:
    """Return the cuts of what stands directly inside an array whose own cuts are given.

    Raises:
        Uncut: for a node that is not computed by blocks.
    """
    return _inner_cuts(array, cuts, axes)


@singledispatch
def _inner_cuts(array: Array, cuts: Cuts, axes: Axes) -> list[Cuts]:
    raise Uncut


@_inner_cuts.register
def _(array: Cast, cuts: Cuts, axes: Axes) -> list[Cuts]:
    return [cuts]


@_inner_cuts.register
def _(array: Apply, cuts: Cuts, axes: Axes) -> list[Cuts]:
    total = merged(cuts, cuts_of(array, axes))
    return [_broadcast(arg, total[array.ndim - arg.ndim :], axes) for arg in array.args]


def _broadcast(array: Array, cuts: Cuts, axes: Axes) -> Cuts:
    """Return the cuts of an array that broadcasts: axes of length 1 stay as they are."""
    found = extents(array, axes.known)
    if any(cut and length is None for cut, length in zip(cuts, found, strict=True)):
        raise Uncut
    return tuple(
        WHOLE_AXIS if length == ONE else cut for cut, length in zip(cuts, found, strict=True)
    )


@_inner_cuts.register
def _(array: Expand, cuts: Cuts, axes: Axes) -> list[Cuts]:
    inner = [WHOLE_AXIS] * array.array.ndim
    for axis, cut in zip(array.layout, cuts, strict=True):
        if axis is not None:
            inner[axis] = cut
    return [tuple(inner)]


@_inner_cuts.register
def _(array: Permute, cuts: Cuts, axes: Axes) -> list[Cuts]:
    return [tuple(cuts[array.order.index(axis)] for axis in range(array.ndim))]


@_inner_cuts.register
def _(array: Reduction, cuts: Cuts, axes: Axes) -> list[Cuts]:
    inner = list(cuts_of(array.array, axes))
    kept = [n for n in range(len(inner)) if array.keepdims or n not in array.axes]
    for axis, cut in zip(kept, cuts, strict=True):
        if axis not in array.axes:
            inner[axis] = inner[axis] or cut
    return [tuple(inner)]


@_inner_cuts.register
def _(array: Contraction, cuts: Cuts, axes: Axes) -> list[Cuts]:
    found = letter_cuts(array, axes, cuts)
    spelled = array.subscripts.split("->")[0].split(",")
    return [
        _broadcast(arg, tuple(found[letter] for letter in letters), axes)
        for letters, arg in zip(spelled, array.args, strict=True)
    ]


def summed_cuts(array: Array, inner: Sequence[Cuts]) -> set[str]:
    """Return which of the two axes a reduction or a contraction takes away."""
    if isinstance(array, Reduction):
        return {inner[0][axis] for axis in array.axes} - {WHOLE_AXIS}
    if isinstance(array, Contraction):
        spelled, kept = array.subscripts.split("->")
        pairs = zip("".join(spelled.split(",")), [c for cuts in inner for c in cuts], strict=True)
        return {cut for letter, cut in pairs if cut and letter not in kept}
    return set()
