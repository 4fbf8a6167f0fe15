"""Fill large arrays a few places of their first axis at a time, which then stay in the cache.

A scatter over windows goes over its array once for each tap. Of a batch of images each loop over
the taps takes a few images alone; the arrays that it reads are cut in the same places.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import singledispatch

from symgrad.lowering.expressions.elementwise import lower_extent
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.nodes.arrays import (
    Apply,
    Array,
    Cast,
    Contraction,
    Expand,
    Literal,
    Permute,
    Variable,
)
from symgrad.lowering.nodes.scatters import ZERO, Part, Run, Scatter
from symgrad.lowering.nodes.traversal import variables, walk
from symgrad.lowering.nodes.views import WHOLE, Indexed, Reshape
from symgrad.lowering.plans.lines import Line
from symgrad.lowering.plans.memory import Known, lengths

Names = tuple[str, ...]


def cut_in_blocks(lines: list[Line], scope: Scope) -> list[Line]:
    """Note for each scatter over taps which arrays are cut with its first axis, if all can be."""
    known = Known()
    for name, tensor in scope.tensors.items():
        known.names[name] = tuple(lower_extent(extent, scope) for extent in tensor.extents)
    for line in lines:
        if isinstance(line.array, Scatter):
            line.array = _cut(line.array, known)
        if len(known.names.get(line.name, ())) != line.array.ndim:
            known.names[line.name] = lengths(line.array, known)
    return lines


def _cut(scatter: Scatter, known: Known) -> Scatter:
    """Return the scatter with the names that are cut; as it is where one axis says nothing."""
    if scatter.base is not None or scatter.ndim < 3 or scatter.margins[0] != (ZERO, ZERO):
        return scatter
    along = Along(scatter.shape[0], known)
    names: set[str] = set()
    for part in scatter.fills:
        found = along.part(part)
        if not found:
            return scatter
        names.update(found)
    return replace(scatter, cut=tuple(sorted(names)))


@dataclass(frozen=True)
class Along:
    """Find the arrays whose first axis is the first one of a result.

    Attributes:
        length: the length of the axis.
        known: the lengths of names.
    """

    length: Array
    known: Known

    def part(self, part: Part) -> Names | None:
        """Return the names for what a part puts; None where cutting them isn't cutting the part."""
        first = part.places[0]
        if not part.loops or not isinstance(first, Run) or not first.whole:
            return None
        if part.array.ndim != sum(isinstance(place, Run) for place in part.places):
            return None
        found = leading(part.array, 0, self)
        if not found or self._is_read_besides(part, found):
            return None
        return found

    def _is_read_besides(self, part: Part, names: Names) -> bool:
        """Say whether a part reads one of the names, or the length, in another way."""
        read = [variable.name for variable in variables(part.array)]
        if any(read.count(name) != names.count(name) for name in names):
            return True
        # of the places' lengths the first one, and that of arrays that get another shape
        allowed = 1 + sum(isinstance(inner, Reshape) for inner in walk(part.array))
        counted = sum(inner == self.length for inner in walk(part))
        return not isinstance(self.length, Literal) and counted > allowed


@singledispatch
def leading(array: Array, axis: int, along: Along) -> Names | None:
    """Return the names of the arrays that an axis of the result is the first of.

    A name that is read twice is there twice. None where an array is not cut by cutting others.
    """
    return () if array.kind == "weak" else None


def _joined(found: Iterable[Names | None]) -> Names | None:
    total: Names = ()
    for names in found:
        if names is None:
            return None
        total += names
    return total


@leading.register
def _(array: Variable, axis: int, along: Along) -> Names | None:
    own = lengths(array, along.known)
    return (array.name,) if axis == 0 and own[:1] == (along.length,) else None


@leading.register
def _(array: Apply, axis: int, along: Along) -> Names | None:
    """Arguments of fewer axes have the last ones."""
    missing = [(arg, axis - array.ndim + arg.ndim) for arg in array.args]
    return _joined(leading(arg, own, along) for arg, own in missing if own >= 0)


@leading.register
def _(array: Cast, axis: int, along: Along) -> Names | None:
    return leading(array.array, axis, along)


@leading.register
def _(array: Permute, axis: int, along: Along) -> Names | None:
    return leading(array.array, array.order[axis], along)


@leading.register
def _(array: Expand, axis: int, along: Along) -> Names | None:
    own = array.layout[axis]
    return () if own is None else leading(array.array, own, along)


@leading.register
def _(array: Indexed, axis: int, along: Along) -> Names | None:
    slices = [n for n, item in enumerate(array.items) if not isinstance(item, Array)]
    if not array.is_view or array.items[slices[axis]] != WHOLE:
        return None
    return leading(array.array, slices[axis], along)


@leading.register
def _(array: Contraction, axis: int, along: Along) -> Names | None:
    inputs, result = array.subscripts.split("->")
    pairs = zip(array.args, inputs.split(","), strict=True)
    own = [(arg, letters.index(result[axis])) for arg, letters in pairs if result[axis] in letters]
    return _joined(leading(arg, place, along) for arg, place in own)


@leading.register
def _(array: Reshape, axis: int, along: Along) -> Names | None:
    """What is merged or split are the axes behind the first."""
    if axis != 0 or array.shape[0] != along.length:
        return None
    return leading(array.array, 0, along) or None
