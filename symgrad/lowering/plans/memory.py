"""Say of an array expression which memory its result has: how long, in which type, whose."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from functools import singledispatch

from symgrad.language.functions import FUNCTIONS
from symgrad.lowering.nodes.arrays import (
    Apply,
    Array,
    Cast,
    Contraction,
    Cumulative,
    Expand,
    Fill,
    Helper,
    Opaque,
    Permute,
    Reduction,
    Size,
    Variable,
)
from symgrad.lowering.nodes.banded import Banded
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.scatters import Copy, Joined, Scatter, Zeros
from symgrad.lowering.nodes.traversal import children
from symgrad.lowering.nodes.views import WHOLE, Indexed, Padded, Reshape
from symgrad.lowering.nodes.windows import Matrices, WindowProduct
from symgrad.lowering.plans.over_windows import OverWindows

ONE = number(1)

# for each axis its length, None where nothing says it; ONE for an axis that broadcasts
Lengths = tuple[Array | None, ...]


@dataclass(frozen=True)
class Known:
    """The lengths of the names that a method assigns, and of arrays that were asked for."""

    names: dict[str, Lengths] = field(default_factory=dict)
    found: dict[Array, Lengths] = field(default_factory=dict, repr=False)


# --- lengths -------------------------------------------------------------------------------------


def lengths(array: Array, known: Known) -> Lengths:
    """Return the lengths of an array's axes, given those of the names that a method assigns."""
    found = known.found.get(array)
    if found is None:
        found = known.found[array] = _lengths(array, known)
    return found


@singledispatch
def _lengths(array: Array, known: Known) -> Lengths:
    return (None,) * array.ndim


@_lengths.register
def _(array: Variable, known: Known) -> Lengths:
    found = known.names.get(array.name)
    return own_lengths(array) if found is None else found


def own_lengths(array: Variable) -> Lengths:
    """Return the lengths that an array says itself."""
    return tuple(Size(array.name, axis) for axis in range(array.ndim))


@_lengths.register
def _(array: Apply, known: Known) -> Lengths:
    result: list[Array | None] = [ONE] * array.ndim
    for arg in array.args:
        for place, length in enumerate(reversed(lengths(arg, known)), start=1):
            if result[-place] == ONE or (result[-place] is None and length != ONE):
                result[-place] = length
    return tuple(result)


@_lengths.register
def _(array: Expand, known: Known) -> Lengths:
    inner = lengths(array.array, known)
    return tuple(ONE if axis is None else inner[axis] for axis in array.layout)


@_lengths.register
def _(array: Permute, known: Known) -> Lengths:
    inner = lengths(array.array, known)
    return tuple(inner[axis] for axis in array.order)


@_lengths.register
def _(array: Indexed, known: Known) -> Lengths:
    if not array.is_view:
        return (None,) * array.ndim
    inner = zip(array.items, lengths(array.array, known), strict=True)
    return tuple(
        length if item == WHOLE else None for item, length in inner if not isinstance(item, Array)
    )


@_lengths.register
def _(array: Reduction, known: Known) -> Lengths:
    inner = lengths(array.array, known)
    if array.keepdims:
        return tuple(ONE if axis in array.axes else n for axis, n in enumerate(inner))
    return tuple(n for axis, n in enumerate(inner) if axis not in array.axes)


@_lengths.register(Banded)
@_lengths.register(Cast)
@_lengths.register(Copy)
@_lengths.register(Cumulative)
def _(array: Banded | Cast | Copy | Cumulative, known: Known) -> Lengths:
    return lengths(array.array, known)


@_lengths.register(Fill)
@_lengths.register(Reshape)
@_lengths.register(Scatter)
@_lengths.register(Zeros)
def _(array: Fill | Reshape | Scatter | Zeros, known: Known) -> Lengths:
    return array.shape


@_lengths.register
def _(array: Matrices, known: Known) -> Lengths:
    inner = lengths(array.array, known)
    merged = (*array.rows, *array.columns)
    return (*(n for axis, n in enumerate(inner) if axis not in merged), None, None)


@_lengths.register
def _(array: Contraction, known: Known) -> Lengths:
    inputs, result = array.subscripts.split("->")
    found: dict[str, Array | None] = {}
    for arg, letters in zip(array.args, inputs.split(","), strict=True):
        for letter, length in zip(letters, lengths(arg, known), strict=True):
            if found.get(letter) in (None, ONE):
                found[letter] = length
    return tuple(found[letter] for letter in result)


@_lengths.register
def _(array: WindowProduct, known: Known) -> Lengths:
    inputs, result = array.subscripts.split("->")
    found: dict[str, Array | None] = {}
    for arg, letters in zip((array.windows, array.other), inputs.split(","), strict=True):
        for letter, length in zip(letters, lengths(arg, known), strict=True):
            found[letter] = found.get(letter) or length
    return tuple(found[letter] for letter in result)


def fits(target: Lengths, others: Lengths) -> bool:
    """Say whether `others` broadcasts into an array of the lengths of `target`.

    Axes that stand at one place run over one index, so that they are as long as each other unless
    one of them is there to broadcast.
    """
    if len(others) > len(target):
        return False
    pairs = zip(reversed(target), reversed(others), strict=False)
    return all(other == ONE or (length is not None and length != ONE) for length, other in pairs)


# --- types ---------------------------------------------------------------------------------------


def is_exact(array: Array, inexact: Set[str]) -> bool:
    """Say whether an array has the layer's type, or one that does not widen what it meets.

    SciPy's functions and those of the user may return another type, of float16 for one.

    Args:
        array: the array.
        inexact: names of arrays that may have another type.
    """
    if array.kind in ("weak", "bool"):
        return True
    if isinstance(array, Helper):
        return array.function in NEW and all(is_exact(arg, inexact) for arg in array.arrays)
    if array.kind == "int" or isinstance(array, Opaque):
        return False
    if isinstance(array, Variable):
        return array.name not in inexact
    if isinstance(array, (Cast, Zeros)) or (isinstance(array, Scatter) and array.base is None):
        return True
    if isinstance(array, (Indexed, Reshape)):
        return is_exact(array.array, inexact)
    if isinstance(array, Apply) and _calls_scipy(array.op):
        return False
    return all(is_exact(child, inexact) for child in children(array))


def _calls_scipy(op: str) -> bool:
    row = FUNCTIONS.get(op)
    # the module's own functions, such as _erf, return the type of their argument
    return row is not None and "special." in (row.numpy or "")


# --- owners --------------------------------------------------------------------------------------


def is_new(array: Array) -> bool:
    """Say whether computing an array of one axis or more allocates memory that nothing else holds.

    A function that the user gives may return its argument.
    """
    rule = _ALLOCATES.get(type(array))
    return rule is not None and rule(array)


# functions of the module whose results are new arrays of the layer's type
NEW = frozenset({"_centre", "_squared_distances", "_merged_distances"})

_ALLOCATES: dict[type[Array], Callable[..., bool]] = {
    Apply: lambda array: array.kind != "weak",
    Banded: lambda array: True,  # it is written over a new array
    Cast: lambda array: True,
    Contraction: lambda array: len(array.args) > 1,  # an einsum of one array may be a view of it
    Copy: lambda array: True,
    Cumulative: lambda array: True,
    Fill: lambda array: True,
    Helper: lambda array: array.function in (*NEW, "_first_equal"),
    Indexed: lambda array: any(isinstance(i, Array) and i.ndim for i in array.items),
    Joined: lambda array: True,
    OverWindows: lambda array: True,
    Reduction: lambda array: bool(array.axes),
    Scatter: lambda array: True,
    WindowProduct: lambda array: True,
    Zeros: lambda array: True,
}


def is_private(array: Array) -> bool:
    """Say whether nothing else holds the memory of an array: it is new, or a view of a new one."""
    if isinstance(array, (Permute, Expand, Padded, Reshape)) or _drops_short_axes(array):
        return is_private(array.array)  # type: ignore[attr-defined]
    return is_new(array)


def _drops_short_axes(array: Array) -> bool:
    """Say whether an array is another one without some axes of length 1."""
    if not isinstance(array, Indexed) or not array.is_view:
        return False
    inner = zip(array.items, lengths(array.array, Known()), strict=True)
    return all(item == WHOLE or (isinstance(item, Array) and n == ONE) for item, n in inner)


def shared(array: Array) -> Set[str]:
    """Return the names of the arrays whose memory the array may lie in."""
    if isinstance(array, Variable):
        return {array.name}
    if is_new(array):
        return frozenset()
    return frozenset().union(*map(shared, children(array)))
