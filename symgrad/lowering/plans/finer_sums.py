"""Take a sum from a finer one that is computed anyway, so that both share a pass.

sum_{n,s} a_ncs*b_ncs is the sum over n of sum_s a_ncs*b_ncs, and mean_n a_nc is sum_n a_nc over the
length of n: of large arrays that are reduced in several ways each is read once.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace

from symgrad.lowering.nodes.arrays import Apply, Array, Contraction, Reduction, Size, Variable
from symgrad.lowering.nodes.scatters import bound_loops
from symgrad.lowering.nodes.traversal import walk
from symgrad.lowering.plans.lines import Line, replace_in


@dataclass(frozen=True)
class Sum:
    """A reduction: its node, what is summed, and which axes of that it keeps."""

    node: Array
    summed: Hashable
    kept: tuple[int, ...]

    def from_finer(self, finer: Sum) -> Array:
        """Return the array, from a sum that keeps these axes and others."""
        gone = tuple(n for n, axis in enumerate(finer.kept) if axis not in self.kept)
        total = Reduction("sum", finer.node, gone) if gone else finer.node
        return Apply("/", (total, _count(self.node))) if _is_mean(self) else total


def take_from_finer_sums(lines: list[Line], tensors: Container[str]) -> list[Line]:
    """Rewrite the sums of forward, then those of backward. Ends: each gets a finer source once.

    Args:
        lines: the lines of a program.
        tensors: the names whose lengths are known.
    """
    for backward in (False, True):
        own = [line for line in lines if line.backward == backward]
        known: dict[Array, Array | None] = {}
        for sums in _of_one_array(_sums(own, tensors)):
            sums += [each for mean in sums for each in _useful_sum(mean, sums)]
            known |= {each.node: _rewritten(each, sums) for each in sums}
        replace_in(own, lambda array, known=known: known.get(array))  # type: ignore[misc]
    return lines


def _of_one_array(sums: Iterable[Sum]) -> Iterable[list[Sum]]:
    """Return the different sums in groups, one for each array that is summed."""
    groups: dict[Hashable, list[Sum]] = {}
    for each in dict.fromkeys(sums):
        groups.setdefault(each.summed, []).append(each)
    return groups.values()


def _useful_sum(mean: Sum, sums: Iterable[Sum]) -> Iterator[Sum]:
    """Yield the sum of a mean, where it is finer than another sum."""
    if not _is_mean(mean) or not isinstance(mean.node, Reduction):
        return
    if any(set(other.kept) < set(mean.kept) for other in sums):
        yield Sum(replace(mean.node, op="sum"), mean.summed, mean.kept)


def _is_mean(each: Sum) -> bool:
    return isinstance(each.node, Reduction) and each.node.op == "mean"


def _rewritten(coarse: Sum, sums: Iterable[Sum]) -> Array | None:
    """Return the array from the smallest finer sum; None where there is none."""
    mean = _is_mean(coarse)
    finer = [
        other
        for other in sums
        if not _is_mean(other)
        and (set(coarse.kept) < set(other.kept) or (mean and coarse.kept == other.kept))
    ]
    source = min(finer, key=lambda other: len(other.kept), default=None)
    return None if source is None else coarse.from_finer(source)


def _sums(lines: Iterable[Line], tensors: Container[str]) -> Iterator[Sum]:
    for line in lines:
        for part in walk(line.array):
            found = None if bound_loops(part) else _as_sum(part, tensors)
            if found is not None:
                yield found


def _as_sum(array: Array, tensors: Container[str]) -> Sum | None:
    if isinstance(array, Reduction) and array.op in ("sum", "mean") and not array.keepdims:
        inner = array.array
        known = isinstance(inner, Variable) and inner.name in tensors
        if array.op == "mean" and not known:
            return None
        kept = tuple(axis for axis in range(inner.ndim) if axis not in array.axes)
        return Sum(array, ("sum", inner), kept)
    if isinstance(array, Contraction) and array.form in ("vecdot", "einsum", "vdot"):
        *spelled, result = array.subscripts.replace("->", ",").split(",")
        if len(spelled) != 2 or spelled[0] != spelled[1] or len(set(spelled[0])) < len(spelled[0]):
            return None
        kept = tuple(spelled[0].index(letter) for letter in result)
        return (
            Sum(array, ("dot", frozenset(array.args)), kept)
            if kept == tuple(sorted(kept))
            else None
        )
    return None


def _count(mean: Array) -> Array:
    """Return how many elements each mean takes."""
    if not isinstance(mean, Reduction) or not isinstance(mean.array, Variable):
        raise AssertionError("the mean of an expression is its own")
    lengths: list[Array] = [Size(mean.array.name, axis) for axis in mean.axes]
    total = lengths[0]
    for length in lengths[1:]:
        total = Apply("*", (total, length))
    return total
