"""Say what stands at a place of an array expression: index arithmetic takes the place of views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import singledispatch

from symgrad.lowering.nodes.arrays import (
    Apply,
    Arange,
    Array,
    Cast,
    Expand,
    Eye,
    Fill,
    Literal,
    Permute,
    Size,
    Tri,
    Variable,
)
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.scatters import LoopIndex
from symgrad.lowering.nodes.traversal import children, rewrite
from symgrad.lowering.nodes.views import WHOLE, Indexed, Windows
from symgrad.lowering.nodes.windows import WindowProduct
from symgrad.lowering.plans.names import unique_name
from symgrad.lowering.plans.over_windows import OverWindows
from symgrad.rendering.numba.functions import is_scalar_operation
from symgrad.rendering.numba.fusible import UnitAxes, length_of, unit_axes
from symgrad.rendering.numba.nodes import Element, Place
from symgrad.rendering.numba.sweeps import Entry, is_fixed
from symgrad.rendering.print_scatters import plus, times

Places = tuple[Array, ...]
Top = OverWindows | WindowProduct
ZERO, ONE = number(0), number(1)
LEAVES = (Variable, Expand, Permute, Cast, Tri, Eye, Arange, Fill, Windows)


@dataclass
class Reading:
    """What is known while entries are written out.

    Attributes:
        units: the axes of length 1.
        lengths: how far loops run, which grows.
        params: the layer's parameters.
        taken: names in use, which grows.
        counts: for arrays that hold numbers from 0 on, how many numbers there are.
        letters: the loops of variables that loops of scatters have.
        shape_numbers: numbers that say how windows lie, which grows.
        tops: what stands for the entries of reduced windows, by node and places, which grows.
        loops: how many loops have a number, which grows.
    """

    units: UnitAxes
    params: frozenset[str]
    taken: set[str]
    counts: Mapping[str, Array]
    letters: dict[str, int] = field(default_factory=dict)
    lengths: dict[int, Array] = field(default_factory=dict)
    shape_numbers: dict[Array, None] = field(default_factory=dict)
    tops: dict[tuple[Top, Places], Variable] = field(default_factory=dict)
    loops: int = 0

    def new_loop(self, length: Array) -> int:
        """Return the number of a new loop."""
        self.loops += 1
        self.lengths[self.loops - 1] = length
        return self.loops - 1

    def new_name(self, base: str) -> str:
        """Return a name that is not taken, and take it."""
        name = unique_name(base, self.taken)
        self.taken.add(name)
        return name

    def fixed(self) -> tuple[Array, ...]:
        """Return the numbers that machine code is made for."""
        return tuple(n for n in self.shape_numbers if is_fixed(n, self.params))

    def note(self, place: Array, length: Array) -> None:
        """Note how far the loop runs whose variable is a place."""
        if isinstance(place, Place):
            self.lengths.setdefault(place.loop, length)


def has_entries(array: Array) -> bool:
    """Say whether `entry_at` can say what stands at each place."""
    if array.kind == "weak":
        return True
    if isinstance(array, Apply):
        plain = is_scalar_operation(array)
    elif isinstance(array, OverWindows):
        plain = True
    elif isinstance(array, WindowProduct):
        plain = multiplies_taps(array)
    elif isinstance(array, Indexed):
        plain = all(_is_plain(item) for item in array.items)
    else:
        plain = isinstance(array, LEAVES)
    return plain and all(has_entries(child) for child in children(array))


def multiplies_taps(array: WindowProduct) -> bool:
    """Say whether a product is summed over places in windows alone, each of its own windows."""
    inputs, result = array.subscripts.split("->")
    windows, other = inputs.split(",")
    taps = windows[_depth(array.windows) :]
    return set(windows) - set(result) == set(taps) and set(other) <= set(windows)


def _depth(array: Array) -> int:
    """Return how many axes the array under windows has."""
    while isinstance(array, Windows):
        array = array.array
    return array.ndim


def _is_plain(item: Array | tuple[Array | None, ...]) -> bool:
    """Say whether a subscript is a number from 0 on, or a whole axis."""
    if isinstance(item, Array):
        return isinstance(item, LoopIndex) or (isinstance(item, Literal) and _counts(item))
    return item == WHOLE


def _counts(array: Literal) -> bool:
    return isinstance(array.value, Fraction) and array.value >= 0


@singledispatch
def entry_at(array: Array, places: Places, reading: Reading) -> Array:
    """Return the entry of an array, for which `has_entries` holds, at a place for each axis."""
    if array.kind == "weak":
        return number_at(array, reading)
    raise AssertionError(f"{type(array).__name__} has no entries inside of loops")


def number_at(array: Array, reading: Reading) -> Array:
    """Return a number with loops' variables and names as kernels have them."""

    def visit(part: Array) -> Array | None:
        if isinstance(part, LoopIndex):
            return Place(reading.letters[part.name])
        return Element(part.name, (), part.kind) if isinstance(part, Variable) else None

    return rewrite(array, visit)


def stepped(start: Array, step: Array, place: Array) -> Array:
    """Return start + step*place."""
    return plus(_scaled(step, place), start)


def _scaled(step: Array, place: Array) -> Array:
    return ZERO if place == ZERO else times(step, place)


@entry_at.register
def _(array: Variable, places: Places, reading: Reading) -> Array:
    if not places:
        return Element(array.name, (), array.kind)
    units = unit_axes(array, reading.units)
    for axis, place in enumerate(places):
        if not units[axis]:
            reading.note(place, Size(array.name, axis))
    shown = tuple(ZERO if one else place for place, one in zip(places, units, strict=True))
    return Entry(array.name, shown, array.kind)


@entry_at.register
def _(array: Literal, places: Places, reading: Reading) -> Array:
    return array


@entry_at.register
def _(array: Apply, places: Places, reading: Reading) -> Array:
    if array.kind == "weak":
        return number_at(array, reading)
    args = (entry_at(arg, places[len(places) - arg.ndim :], reading) for arg in array.args)
    return Apply(array.op, tuple(args))


@entry_at.register
def _(array: Expand, places: Places, reading: Reading) -> Array:
    inner = {axis: p for axis, p in zip(array.layout, places, strict=True) if axis is not None}
    return entry_at(array.array, tuple(inner[axis] for axis in sorted(inner)), reading)


@entry_at.register
def _(array: Permute, places: Places, reading: Reading) -> Array:
    inner = dict(zip(array.order, places, strict=True))
    return entry_at(array.array, tuple(inner[axis] for axis in sorted(inner)), reading)


@entry_at.register
def _(array: Cast, places: Places, reading: Reading) -> Array:
    return Cast(entry_at(array.array, places, reading))


@entry_at.register
def _(array: Arange, places: Places, reading: Reading) -> Array:
    reading.note(places[0], array.length)
    return places[0]


@entry_at.register(Tri)
@entry_at.register(Eye)
def _(array: Tri | Eye, places: Places, reading: Reading) -> Array:
    row, column = places
    reading.note(row, array.rows)
    reading.note(column, array.columns)
    if isinstance(array, Eye):
        return Apply("==", (row, column))
    return Apply("<=", (column, plus(row, number(array.offset))))


@entry_at.register
def _(array: Fill, places: Places, reading: Reading) -> Array:
    for place, length in zip(places, array.shape, strict=True):
        reading.note(place, length)
    inner = array.array
    if inner.ndim == 0:
        return Cast(entry_at(inner, (), reading))
    if inner.ndim < len(places):
        kept = tuple(place for n, place in enumerate(places) if n not in array.missing)
        return entry_at(inner, kept, reading)
    kept = tuple(ZERO if axis in array.missing else p for axis, p in enumerate(places))
    return entry_at(inner, kept, reading)


@entry_at.register
def _(array: Indexed, places: Places, reading: Reading) -> Array:
    rest = iter(places)
    found = (number_at(i, reading) if isinstance(i, Array) else next(rest) for i in array.items)
    return entry_at(array.array, tuple(found), reading)


@entry_at.register
def _(array: Windows, places: Places, reading: Reading) -> Array:
    *outer, tap = places
    reading.note(tap, array.size)
    return entry_at(array.array, window_places(array, outer, tap, reading), reading)


def count_of(array: Windows | OverWindows, reading: Reading) -> Array | None:
    """Return how many windows there are along their axis; None where that is not known."""
    if array.count is not None:
        return array.count
    length = _length(array.array, array.axis, reading)
    if length is None:
        return None
    reach = plus(_product(array.dilation, plus(array.size, number(-1))), array.start)
    last = Apply("-", (length, plus(reach, ONE)))
    return plus(last if array.step == ONE else Apply("//", (last, array.step)), ONE)


def _product(left: Array, right: Array) -> Array:
    return left if right == ONE else times(left, right)


def _length(array: Array, axis: int, reading: Reading) -> Array | None:
    """Return the length of an axis; None where no array shows it."""
    if not isinstance(array, (Windows, OverWindows)):
        return length_of(array, axis, reading.units)
    if axis == array.axis:
        return count_of(array, reading)
    return array.size if axis == array.array.ndim else _length(array.array, axis, reading)


def window_places(
    array: Windows | OverWindows, places: Sequence[Array], tap: Array, reading: Reading
) -> Places:
    """Return where windows read their array, for the place of a window and one in it."""
    place = places[array.axis]
    count = count_of(array, reading)
    if count is not None:
        reading.note(place, count)
    reading.shape_numbers.update(dict.fromkeys((array.size, array.step, array.dilation)))
    start = plus(_scaled(array.dilation, tap), array.start)
    inner = plus(_scaled(array.step, place), start)
    return (*places[: array.axis], inner, *places[array.axis + 1 :])


@entry_at.register
def _(array: OverWindows, places: Places, reading: Reading) -> Array:
    return _top(array, places, reading)


@entry_at.register
def _(array: WindowProduct, places: Places, reading: Reading) -> Array:
    return _top(array, places, reading)


def _top(array: Top, places: Places, reading: Reading) -> Array:
    """Return the variable for an entry that is a sum or an extreme."""
    if (array, places) not in reading.tops:
        op = array.op if isinstance(array, OverWindows) else "sum"
        name = {"sum": "total", "max": "largest", "min": "smallest"}[op]
        reading.tops[array, places] = Variable(reading.new_name(name), 0)
    return reading.tops[array, places]
