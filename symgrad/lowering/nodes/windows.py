"""Multiply windows by other arrays, and reduce them place by place: what is fast over windows.

A view of windows has more entries than its array, in an order that no matrix product takes. The
function that multiplies it copies a few windows at a time as matrices (im2col): those of
x[n, c, i + u, j + v] have the axes (N, C*U*V, I*J), whichever of both groups is summed. Backward
copies them again: they would be much larger than the array, and cost no more than the copies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from symgrad.language.expr import Element, Index, Number
from symgrad.lowering.nodes.arrays import Apply, Array, Cast, Helper, Permute, Value, array_node
from symgrad.lowering.nodes.combine import reduce_axes
from symgrad.lowering.nodes.views import Indexed, Windows

Axes = tuple[int, ...]
Frame = tuple[Index, ...]


@array_node
class Matrices(Array):
    """The array as a stack of matrices: `rows` and `columns` are merged axes, the others lead.

    No rows or no columns make an axis of length 1.
    """

    array: Array
    rows: Axes
    columns: Axes

    @property
    def ndim(self) -> int:
        return self.array.ndim - len(self.rows) - len(self.columns) + 2

    @property
    def kind(self) -> str:
        return self.array.kind


@array_node
class WindowProduct(Array):
    """The sum of products of a view of windows and another array, as einsum takes `subscripts`.

    `lead` holds the letters of the windows' axes along which matrices are stacked. They only say
    how it is computed: a printer may leave them aside.
    """

    windows: Array
    other: Array
    subscripts: str
    lead: str = ""

    def key(self) -> tuple[object, ...]:
        letters = dict.fromkeys(filter(str.isalpha, self.subscripts))
        numbers = {ord(letter): chr(ord("A") + n) for n, letter in enumerate(letters)}
        spelled = (text.translate(numbers) for text in (self.subscripts, self.lead))
        return (self.windows, self.other, *spelled)

    @property
    def ndim(self) -> int:
        return len(self.subscripts.split("->")[1])


def is_windows(array: Array) -> bool:
    """Say whether the array is a view of windows, its axes in any order and direction."""
    if isinstance(array, Permute) or (isinstance(array, Indexed) and _is_sliced(array)):
        return is_windows(array.array)
    return isinstance(array, Windows)


def _is_sliced(array: Indexed) -> bool:
    return not any(isinstance(item, Array) for item in array.items)


def plain_order(value: Value) -> Value:
    """Return the value with its axes in the order of its array, before they are permuted."""
    array = value.array
    if not isinstance(array, Permute):
        return value
    return plain_order(Value(array.array, _inner_axes(array, value.axes)))


def _inner_axes(array: Permute, axes: Frame) -> Frame:
    return tuple(axes[array.order.index(axis)] for axis in range(array.ndim))


def under_windows(value: Value) -> Value:
    """f(x[i+u]) = (f(x))[i+u]: apply an elementwise function before windows, to fewer entries."""
    if not isinstance(value.array, (Apply, Cast)):
        return value
    moved = _under_windows(value.array)
    return value if moved is None else Value(moved, value.axes)


def _under_windows(array: Array) -> Array | None:
    """Return the array as windows, None where it is no function of windows that lie alike."""
    if is_windows(array):
        return array
    if isinstance(array, Permute):
        inner = _under_windows(array.array)
        return None if inner is None else Permute(inner, array.order)
    if not isinstance(array, (Apply, Cast)):
        return None
    args = array.args if isinstance(array, Apply) else (array.array,)
    moved = {arg: _under_windows(arg) for arg in args if arg.ndim}
    found = [inner for inner in moved.values() if inner is not None]
    if len(found) < len(moved) or len({_placing(inner) for inner in found}) != 1:
        return None
    sources = [_source(moved.get(arg) or arg) for arg in args]
    function = Apply(array.op, tuple(sources)) if isinstance(array, Apply) else Cast(sources[0])
    return _replace_source(found[0], function)


def _source(array: Array) -> Array:
    """Return the array that the windows are of."""
    return _source(array.array) if is_windows(array) else array  # type: ignore[attr-defined]


def _replace_source(array: Array, source: Array) -> Array:
    if not is_windows(array):
        return source
    inner = _replace_source(array.array, source)  # type: ignore[attr-defined]
    return replace(array, array=inner)  # type: ignore[type-var]


def _placing(array: Array) -> tuple[object, ...]:
    """Return how windows lie, and the rank of the array that they are of."""
    if not is_windows(array):
        return (array.ndim,)
    inner = _placing(array.array)  # type: ignore[attr-defined]
    return (type(array).__name__, *array.parts()[1:], *inner)


# --- the layout ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """A stack of matrices: which indices stay apart, and which are merged."""

    lead: Frame
    rows: Frame
    columns: Frame


def window_layout(value: Value, batch: Iterable[Index], summed: Iterable[Index]) -> Layout | None:
    """Return the layout of windows, or None where it would be no matrix.

    The group (the summed indices, or the other operand's lack) that holds the last place inside
    the windows is merged whole; of the other group, what stands from the first index on that
    places windows. Exchanging the groups changes nothing, so that a product and its gradient by
    the other operand share the layout. The columns are the group of the array's last axis.
    """
    order, source, placed = _axes_of_view(value)
    last = next((index for index in reversed(order) if index not in batch), None)
    if last is None:
        return None
    inner = [i for i in order if i not in batch and (i in summed) == (last in summed)]
    across = [i for i in order if i not in batch and i not in inner]
    across = across[next((n for n, index in enumerate(across) if index in placed), 0) :]
    if not across:
        return None
    lead = tuple(index for index in order if index not in (*inner, *across))
    groups = [tuple(sorted(group, key=source.__getitem__)) for group in (inner, across)]
    columns = max(groups, key=lambda group: max((source[i], i not in inner) for i in group))
    rows = groups[0] if columns is groups[1] else groups[1]
    return Layout(lead, rows, columns)


def _axes_of_view(value: Value) -> tuple[Frame, dict[Index, int], set[Index]]:
    """Return the indices in the order of the view, their axes in its array, those that place."""
    view, order = value.array, value.axes
    while isinstance(view, (Permute, Indexed)):
        if isinstance(view, Permute):
            order = _inner_axes(view, order)
        view = view.array
    source = {index: axis for axis, index in enumerate(order)}
    placed = set()
    while isinstance(view, Windows):
        placed.add(order[view.axis])
        source[order[view.ndim - 1]] = view.axis
        view = view.array
    return order, source, placed


def plain_layout(value: Value, batch: Iterable[Index], summed: Iterable[Index]) -> Layout | None:
    """Return the layout of an array that merges its axes without a copy, None where none does.

    The last axes of one group give the columns, those in front of them, all of the other group,
    the rows.
    """
    last = value.axes[-1]
    if isinstance(value.array, Permute) or last in batch:
        return None
    outer = [i for i in value.axes if i not in batch and (i in summed) == (last in summed)]
    inner = [i for i in value.axes if i not in batch and i not in outer]
    columns = _trailing(value.axes, outer)
    rest = value.axes[: len(value.axes) - len(columns)]
    rows = _trailing(rest, inner)
    if not rows or len(rows) != len(inner):
        return None
    return Layout(rest[: len(rest) - len(rows)], rows, columns)


def _trailing(axes: Frame, group: Iterable[Index]) -> Frame:
    count = 0
    while count < len(axes) and axes[-1 - count] in group:
        count += 1
    return axes[len(axes) - count :]


# --- reductions ----------------------------------------------------------------------------------

BY_PLACES = ("sum", "max", "min")
# an axis of at most this known length is short
SHORT = 16


def reduce_windows(op: str, value: Value, indices: Iterable[Index]) -> Value:
    """Reduce along indices; over windows and short axes a place at a time.

    NumPy's reductions take the entries of the result one by one, each with a few entries only.
    """
    gone = set(indices)
    value = under_windows(value)
    if op in BY_PLACES:
        value = _reduce_nested(op, value, gone)
    axes = tuple(n for n, index in enumerate(value.axes) if index in gone)
    few = is_windows(value.array) or all(_is_short(value.axes[axis]) for axis in axes)
    if not axes or len(axes) == len(value.axes) or op not in BY_PLACES or not few:
        return reduce_axes(op, value, gone)
    kept = tuple(index for index in value.axes if index not in gone)
    options = (("axis", axes[0] if len(axes) == 1 else axes),)
    return Value(Helper(f"_{op}_by_places", (value.array,), len(kept), options), kept)


def _reduce_nested(op: str, value: Value, gone: set[Index]) -> Value:
    """Reduce windows along one axis before those along the next are laid over what is left.

    Windows of U by V places take U + V passes so, instead of U*V.
    """
    outer = value.array
    if not isinstance(outer, Windows) or not isinstance(outer.array, Windows):
        return value
    inner = outer.array
    if not gone.issuperset(value.axes[-2:]) or outer.axis == inner.ndim - 1:
        return value
    first = _reduce_nested(op, Value(inner, value.axes[:-1]), gone)
    options = (("axis", first.array.ndim - 1),)
    reduced = Helper(f"_{op}_by_places", (first.array,), first.array.ndim - 1, options)
    return Value(replace(outer, array=reduced), (*first.axes[:-1], value.axes[-1]))


def _is_short(index: Index) -> bool:
    """Say whether an axis is as long as a small number or a constant, such as a kernel's size."""
    extent = index.extent
    known = isinstance(extent, Number) and extent.value <= SHORT
    return known or isinstance(extent, Element)
