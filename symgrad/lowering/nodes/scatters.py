"""Define the array nodes of scatters: arrays that are filled part by part.

A `Scatter` is written as statements: an allocation, and for each part an assignment to some of its
places, in loops where the part has them. It stands alone on the right of an assignment.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from symgrad.lowering.nodes.arrays import Apply, Array, Literal, PythonNumber, array_node
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.traversal import children, variables

ZERO, ONE = number(0), number(1)


@array_node
class LoopIndex(PythonNumber):
    """The variable of a loop, by its name."""

    name: str


@array_node
class Loop(PythonNumber):
    """A loop whose variable runs from 0 to length - 1."""

    index: LoopIndex
    length: Array


@array_node
class Run(PythonNumber):
    """The places start, start + step, ... of one axis, `count` of them; it may be a whole axis."""

    start: Array
    count: Array
    step: Array = ONE
    whole: bool = False


@array_node
class Spread(PythonNumber):
    """The places start + step*i + dilation*u of one axis: `count` of i, and `size` of the tap u."""

    start: Array
    count: Array
    step: Array
    size: Array
    dilation: Array


@array_node
class TapProduct(Array):
    """The sum of products of two arrays, as einsum takes `subscripts`, for all taps at once.

    It stands in a part of a scatter, whose `Spread` places have its last axes as their taps, in the
    order of their axes. The left array has no taps, the right one none of what they are added to.
    """

    left: Array
    right: Array
    subscripts: str

    @property
    def ndim(self) -> int:
        return len(self.subscripts.split("->")[1])


@array_node
class Part(PythonNumber):
    """One assignment or addition to some places of an array.

    Attributes:
        loops: the loops that it stands in, outermost first.
        places: for each axis of the array a run, a Python number, or an array of integers. Arrays
            of integers broadcast; their axes stand as in NumPy's indexing. With `TapProduct` also
            what the taps spread.
        array: what goes there; its axes are those of the places.
        sign: 1 to add it, -1 to subtract it.
        assigned: nothing else is put at the places, so that it may be assigned.
        fresh: pairs of numbers; nothing was put at the places before where each is less than its
            other, so that it may be assigned there. Empty where that isn't known.
    """

    loops: tuple[Loop, ...]
    places: tuple[Array, ...]
    array: Array
    sign: int = 1
    assigned: bool = False
    fresh: tuple[tuple[Array, Array], ...] = ()


@array_node
class Scatter(Array):
    """Zeros, or the array `base`, with the parts put in.

    `margins` holds for each axis what is allocated (before, after) it to hold the places that lie
    outside, and is cut off at the end. Where `signed`, they may be negative: the axis is
    allocated shorter then, and filled up with zeros. `cut` names the arrays whose first axis is
    that of the scatter, where it may be filled some places of this axis at a time.
    """

    shape: tuple[Array, ...]
    fills: tuple[Part, ...]
    margins: tuple[tuple[Array, Array], ...]
    signed: bool = False
    base: Array | None = None
    cut: tuple[str, ...] = ()

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def has_margins(self) -> bool:
        """Whether more is allocated than stays."""
        return any(margin != (ZERO, ZERO) for margin in self.margins)


@array_node
class Zeros(Array):
    """Zeros in a shape."""

    shape: tuple[Array, ...]

    @property
    def ndim(self) -> int:
        return len(self.shape)


@array_node
class Copy(Array):
    """A copy of an array, which may be written to."""

    array: Array

    @property
    def ndim(self) -> int:
        return self.array.ndim


@array_node
class Joined(Array):
    """Arrays one after another along an axis, or along a new one where `stacked`."""

    arrays: tuple[Array, ...]
    axis: int
    stacked: bool = False

    @property
    def ndim(self) -> int:
        return self.arrays[0].ndim + self.stacked


def bound_loops(array: Array) -> frozenset[str]:
    """Return the names of the loop variables that an array reads and that no loop in it binds."""
    cached: frozenset[str] | None = array.__dict__.get("_loops")
    if cached is None:
        inner = (bound_loops(child) for child in children(array))
        cached = frozenset().union(*inner)
        if isinstance(array, LoopIndex):
            cached = frozenset({array.name})
        if isinstance(array, Part):
            cached -= {loop.index.name for loop in array.loops}
        object.__setattr__(array, "_loops", cached)
    return cached


def is_in_loop(array: Array, name: str) -> bool:
    """Say whether a loop inside the array reads a name."""
    parts = array.fills if isinstance(array, Scatter) else ()
    return any(part.loops and any(v.name == name for v in variables(part)) for part in parts)


def merged(scatters: Sequence[tuple[int, Scatter]]) -> Scatter | None:
    """Return the sum of signed scatters as one; None where shapes or margins differ."""
    first = scatters[0][1]
    parts: dict[tuple[Any, ...], Part] = {}
    for sign, scatter in scatters:
        same = scatter.parts()[2:4] == first.parts()[2:4] and scatter.shape == first.shape
        if not same or scatter.base is not None:
            return None
        for part in scatter.fills:
            key: tuple[Any, ...] = (part.loops, part.places)
            if isinstance(part.array, TapProduct):
                key = (*key, part.array, len(parts))
            known = parts.get(key)
            if known is not None:
                parts[key] = _together(known, part, sign)
                continue
            alone = part.assigned and all(_disjoint(part, other) for other in parts.values())
            parts[key] = Part(part.loops, part.places, part.array, part.sign * sign, alone)
    return Scatter(first.shape, tuple(parts.values()), first.margins, first.signed)


def _together(part: Part, other: Part, sign: int) -> Part:
    """Return the sum of two parts at the same places as one."""
    signs = (part.sign, other.sign * sign)
    arrays = (part.array, other.array)
    if signs == (-1, 1):
        signs, arrays = (1, -1), (other.array, part.array)
    array = Apply("+" if signs[0] == signs[1] else "-", arrays)
    return Part(part.loops, part.places, array, signs[0], part.assigned)


def onto(base: Array, scatter: Scatter) -> Scatter:
    """Return the scatter put on top of an array of its shape."""
    parts = tuple(Part(p.loops, p.places, p.array, p.sign) for p in scatter.fills)
    return Scatter(scatter.shape, parts, scatter.margins, scatter.signed, base)


def _disjoint(part: Part, other: Part) -> bool:
    """Say whether two parts lie at different places of some axis, whatever the sizes are."""
    pairs = zip(part.places, other.places, strict=True)
    return any(_apart(place, beside) for place, beside in pairs)


def _apart(place: Array, beside: Array) -> bool:
    if isinstance(place, Literal) and isinstance(beside, Literal):
        return place != beside
    if not isinstance(place, Run) or not isinstance(beside, Run) or place.step != beside.step:
        return False
    if place.step == ONE:
        return place.start == _end(beside) or beside.start == _end(place)
    numbers = [_number(n) for n in (place.start, beside.start, place.step)]
    first, second, step = numbers
    return None not in numbers and (first - second) % step != 0  # type: ignore[operator]


def _number(array: Array) -> Fraction | None:
    value = array.value if isinstance(array, Literal) else None
    return value if isinstance(value, Fraction) else None


def _end(run: Run) -> Array | None:
    """Return the place behind a run of neighbours, where it is plain."""
    return run.count if run.start == ZERO else None
