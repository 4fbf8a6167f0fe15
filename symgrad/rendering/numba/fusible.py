"""Take assignments apart: elementwise expressions, reductions over their axes, and the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from symgrad.lowering.nodes.arrays import (
    Apply,
    Arange,
    Array,
    Cast,
    Contraction,
    Cumulative,
    Expand,
    Eye,
    Fill,
    Opaque,
    Permute,
    Reduction,
    Size,
    Tri,
    Variable,
)
from symgrad.lowering.nodes.traversal import map_children, walk
from symgrad.lowering.nodes.views import Indexed
from symgrad.lowering.plans.names import fresh_name, unique_name
from symgrad.lowering.plans.plan import Assignment
from symgrad.rendering.numba.functions import is_scalar_operation
from symgrad.rendering.numba.sweeps import Nest

REDUCTIONS = ("sum", "max", "min")
UnitAxes = dict[str, tuple[bool, ...]]


@dataclass(frozen=True)
class Part:
    """An assignment, or a part of one that has been given a name.

    Attributes:
        assignment: name, array, letters.
        fusible: whether it is elementwise, or one reduction of an elementwise expression.
        hoisted: whether the name is new, so that it may be put back into the one that reads it.
        nest: the kernel of its own that computes it, if any, which may compute others too.
    """

    assignment: Assignment
    fusible: bool
    hoisted: bool = False
    nest: Nest | None = None

    def names(self) -> set[str]:
        """Return the names that it computes."""
        outputs = self.nest.outputs if self.nest is not None else ()
        return {self.name, *(output.name for output in outputs)}

    @property
    def name(self) -> str:
        """The name."""
        return self.assignment.name

    @property
    def array(self) -> Array:
        """What is computed."""
        return self.assignment.array


def is_elementwise(array: Array) -> bool:
    """Say whether the node computes each entry from the entries at its place."""
    if isinstance(array, Apply):
        return is_scalar_operation(array)
    return array.kind == "weak" or isinstance(
        array, (Variable, Expand, Permute, Cast, Tri, Eye, Arange, Fill)
    )


def is_reduction(array: Array) -> bool:
    """Say whether the node reduces axes of floats by an operation that loops accumulate."""
    if isinstance(array, Contraction):
        return is_sum_over_one(array)
    return (
        isinstance(array, Reduction)
        and array.op in (*REDUCTIONS, "mean")
        and array.array.kind == "float"
    )


def is_sum_over_one(array: Contraction) -> bool:
    """Say whether one factor has all indices, so that the products are no more than its entries."""
    left, right = array.subscripts.split("->")
    letters = set(left) - {","}
    terms = left.split(",")
    return (
        array.kind == "float"
        and all(arg.kind == "float" for arg in array.args)
        and len(terms) == len(array.args)
        and any(set(term) == letters and len(term) == len(letters) for term in terms)
        and len(set(right)) == len(right)
    )


def take_apart(
    assignment: Assignment,
    taken: set[str],
    known: dict[Array, Variable],
    units: UnitAxes,
    promised: dict[Array, Assignment],
) -> list[Part]:
    """Return the parts of an assignment, the assignment itself last.

    Args:
        assignment: what is computed.
        taken: names in use; new ones are added.
        known: the names of arrays that have been computed, which grows.
        units: the axes of length 1 of the arrays so far; new ones are added.
        promised: later assignments by what they compute, each of which may come before its turn.
    """
    parts: list[Part] = []

    def named(array: Array, original: Array, fusible: bool) -> Array:
        if original not in known:
            given = promised.get(original)
            name = _part_name(array, taken) if given is None else given.name
            taken.add(name)
            known[original] = Variable(name, array.ndim, array.kind)
            units[name] = unit_axes(array, units)
            made = Assignment(name, array, ()) if given is None else replace(given, array=array)
            parts.append(Part(made, fusible, hoisted=given is None))
        return known[original]

    def visit(array: Array) -> Array:
        if array.kind == "weak" or isinstance(array, Variable):
            return array
        if is_elementwise(array):
            return map_children(array, visit)
        if not is_reduction(array):
            return named(array, array, False)
        counted = with_count(array, units)
        if counted is None:
            return named(array, array, False)
        if isinstance(counted, Apply):
            return visit(counted)
        return named(map_children(counted, visit), array, True)

    whole = assignment.array
    if whole in known and known[whole].name == assignment.name:
        return []
    array: Array | None = whole
    if is_reduction(whole):
        array = with_count(whole, units)
    if array is None or array.kind == "weak" or not (is_elementwise(array) or is_reduction(array)):
        return [Part(assignment, False)]
    if is_reduction(whole):
        known[whole] = Variable(assignment.name, whole.ndim, whole.kind)
    array = map_children(array, visit)
    return [*parts, Part(replace(assignment, array=array), True)]


def _part_name(array: Array, taken: set[str]) -> str:
    """Return a name for a part: `x_t` for the entries of x at t, else by what it holds."""
    if isinstance(array, Indexed) and isinstance(array.array, Variable):
        places = [item.name for item in array.items if isinstance(item, Variable)]
        return unique_name(
            "_".join([array.array.name, *places, *(["part"] if not places else [])]), taken
        )
    return fresh_name(array, taken)


def with_count(array: Array, units: UnitAxes) -> Array | None:
    """Write a mean as a sum over the number of entries; return other nodes as they are.

    None where no array says how many entries there are.
    """
    if not isinstance(array, Reduction) or array.op != "mean":
        return array
    count: Array | None = None
    for axis in array.axes:
        length = length_of(array.array, axis, units)
        if length is None:
            return None
        count = length if count is None else Apply("*", (count, length))
    if count is None:
        return None
    return Apply("/", (Reduction("sum", array.array, array.axes, array.keepdims), count))


def length_of(array: Array, axis: int, units: UnitAxes) -> Array | None:
    """Return the length of an axis, read from an array that has it; None where none is plain.

    An argument is read rather than an array that the method has computed.
    """
    found = list(_lengths(array, axis, units))
    return min(found, key=lambda size: size.name in units, default=None)


def _lengths(array: Array, axis: int, units: UnitAxes) -> Iterator[Size]:
    if isinstance(array, Variable) and not unit_axes(array, units)[axis]:
        yield Size(array.name, axis)
    if isinstance(array, Apply):
        for arg in array.args:
            inner = axis - (array.ndim - arg.ndim)
            if inner >= 0:
                yield from _lengths(arg, inner, units)
    if isinstance(array, Expand):
        source = array.layout[axis]
        if source is not None:
            yield from _lengths(array.array, source, units)
    if isinstance(array, Permute):
        yield from _lengths(array.array, array.order[axis], units)
    if isinstance(array, Cast):
        yield from _lengths(array.array, axis, units)


def unit_axes(array: Array, known: UnitAxes) -> tuple[bool, ...]:
    """Say for each axis whether it has length 1 because it was put in to broadcast."""
    if isinstance(array, Variable):
        return known.get(array.name, (False,) * array.ndim)
    if isinstance(array, Apply):
        return _broadcast([unit_axes(arg, known) for arg in array.args], array.ndim)
    if isinstance(array, Expand):
        inner = unit_axes(array.array, known)
        return tuple(axis is None or inner[axis] for axis in array.layout)
    if isinstance(array, Permute):
        inner = unit_axes(array.array, known)
        return tuple(inner[axis] for axis in array.order)
    if isinstance(array, Cast | Cumulative | Opaque):
        return unit_axes(array.array, known)
    if isinstance(array, Contraction):
        return _contracted(array, known)
    if isinstance(array, Indexed) and not any(isinstance(i, Array) and i.ndim for i in array.items):
        inner = unit_axes(array.array, known)
        pairs = zip(array.items, inner, strict=True)
        return tuple(unit for item, unit in pairs if not isinstance(item, Array))
    if isinstance(array, Reduction):
        inner = unit_axes(array.array, known)
        gone = [axis in array.axes for axis in range(array.array.ndim)]
        if array.keepdims:
            return tuple(g or u for g, u in zip(gone, inner, strict=True))
        return tuple(u for g, u in zip(gone, inner, strict=True) if not g)
    return (False,) * array.ndim


def _contracted(array: Contraction, known: UnitAxes) -> tuple[bool, ...]:
    inputs, result = array.subscripts.split("->")
    unit: dict[str, bool] = {}
    for arg, letters in zip(array.args, inputs.split(","), strict=True):
        for letter, one in zip(letters, unit_axes(arg, known), strict=True):
            unit[letter] = unit.get(letter, True) and one
    return tuple(unit[letter] for letter in result)


def _broadcast(units: Iterable[tuple[bool, ...]], ndim: int) -> tuple[bool, ...]:
    padded = [(True,) * (ndim - len(axes)) + axes for axes in units]
    return tuple(all(axes[axis] for axes in padded) for axis in range(ndim))


def names_in(array: Array) -> set[str]:
    """Return the names of the arrays that an expression reads, sizes excluded."""
    return {part.name for part in walk(array) if isinstance(part, Variable)}
