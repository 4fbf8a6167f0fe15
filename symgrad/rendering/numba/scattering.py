"""Write scatters into windows as kernels: zeros, and loops that add to computed places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.lowering.nodes.arrays import Apply, Array, Variable
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.scatters import Part, Run, Scatter, Spread, TapProduct
from symgrad.lowering.nodes.traversal import rewrite
from symgrad.lowering.plans.plan import Assignment
from symgrad.rendering.numba.entries import Reading, entry_at, has_entries, number_at, stepped
from symgrad.rendering.numba.nodes import Place
from symgrad.rendering.numba.sweeping import Loops
from symgrad.rendering.numba.sweeps import Assign, Entry, If, Nest, Output, Step, nested
from symgrad.rendering.print_scatters import plus, times

ZERO, ONE = number(0), number(1)


def scattered(assignment: Assignment, reading: Reading) -> Nest | None:
    """Zeros with parts added at runs of places; rows are the first axes, which all parts fill."""
    array = assignment.array
    if not isinstance(array, Scatter) or array.base is not None or array.has_margins:
        return None
    if not all(_is_plain(part) for part in array.fills):
        return None
    rows = _whole_axes(array)
    if not 0 < rows < array.ndim:
        return None
    loops = tuple(reading.new_loop(length) for length in array.shape)
    places = tuple(map(Place, loops))
    body: list[Step] = [nested(loops[rows:], Assign(Entry(assignment.name, places), ZERO))]
    for part in array.fills:
        added = Added(assignment.name, part, loops[:rows], reading)
        body.append(added.step())
    outputs = (Output(assignment.name, array.shape),)
    return Nest(outputs, loops[:rows], reading.lengths, tuple(body), reading.fixed())


def _is_plain(part: Part) -> bool:
    if not all(isinstance(place, (Run, Spread)) for place in part.places):
        return False
    if isinstance(part.array, TapProduct):
        readable = has_entries(part.array.left) and has_entries(part.array.right)
        return readable and is_outer(part.array)
    return has_entries(part.array) and not any(isinstance(p, Spread) for p in part.places)


def is_outer(array: TapProduct) -> bool:
    """Say whether nothing is summed in a product over taps."""
    inputs, result = array.subscripts.split("->")
    return set(inputs) <= {",", *result}


def _whole_axes(array: Scatter) -> int:
    """Return how many of the first axes all parts fill."""
    count = 0
    for places in zip(*(part.places for part in array.fills), strict=True):
        if not all(isinstance(place, Run) and place.whole for place in places):
            break
        count += 1
    return count


@dataclass(frozen=True)
class Moving:
    """The places start + step*position + width*tap along one axis."""

    start: Array
    step: Array
    position: int


class Added:
    """The loops that add one part to an array."""

    def __init__(self, name: str, part: Part, rows: Loops, reading: Reading):
        self.part, self.reading, self.name = part, reading, name
        self.rows = rows
        for loop in part.loops:
            reading.letters[loop.index.name] = reading.new_loop(loop.length)
        taps = [reading.letters[loop.index.name] for loop in part.loops]
        self.moving: list[Moving] = []
        for place in part.places[len(rows) :]:
            if isinstance(place, Spread):
                tap = reading.new_loop(place.size)
                taps.append(tap)
                start = stepped(place.start, place.dilation, Place(tap))
                self._moves(start, place.step, place.count)
                reading.shape_numbers.update(dict.fromkeys((place.size, place.dilation)))
            elif isinstance(place, Run):
                self._moves(number_at(place.start, reading), place.step, place.count)
        self.taps = tuple(taps)
        reading.shape_numbers.update(dict.fromkeys(reading.lengths[tap] for tap in taps))

    def _moves(self, start: Array, step: Array, count: Array) -> None:
        self.reading.shape_numbers[step] = None
        self.moving.append(Moving(start, step, self.reading.new_loop(count)))

    def step(self) -> Step:
        """Return the loops.

        Along a row places follow one another only where the step is 1; the taps of one position
        are added one after another where not.
        """
        positions = tuple(moving.position for moving in self.moving)
        if not self.taps:
            return nested(positions, self._assign(self._value(), {}))
        *others, last = positions
        *early, late = self.taps
        assign = self._assign(self._value(), {})
        along = nested((*others, *self.taps, last), assign)
        solved = self._solved()
        if solved is not None:
            sizes = [self.reading.lengths[tap] for tap in self.taps]
            apart = Apply("<=", (sizes[-1], self.moving[-1].step))
            beside = nested((*others, *early, last, late), assign)
            return If(apart, (beside,), (nested(positions, *solved),))
        step = self.moving[-1].step
        if step == ONE:
            return along
        beside = nested((*others, *early, last, late), assign)
        return If(Apply("==", (step, ONE)), (along,), (beside,))

    def _assign(self, value: Array, taps: dict[int, Array]) -> Assign:
        """Return the line that adds a value, with some taps replaced."""
        places: list[Array] = [Place(loop) for loop in self.rows]
        for moving in self.moving:
            start = _with(moving.start, taps)
            places.append(plus(stepped(ZERO, moving.step, Place(moving.position)), start))
        operator = "" if self.part.assigned else "+" if self.part.sign > 0 else "-"
        value = Apply("neg", (value,)) if self.part.assigned and self.part.sign < 0 else value
        return Assign(Entry(self.name, tuple(places)), value, f"{operator}=")

    def _places(self) -> tuple[Array, ...]:
        return tuple(map(Place, (*self.rows, *(moving.position for moving in self.moving))))

    def _value(self) -> Array:
        array = self.part.array
        if not isinstance(array, TapProduct):
            return entry_at(array, self._places(), self.reading)
        inputs, result = array.subscripts.split("->")
        known = dict(zip(result, (*self._places(), *map(Place, self.taps)), strict=True))
        factors = [
            entry_at(factor, tuple(known[n] for n in letters), self.reading)
            for factor, letters in zip((array.left, array.right), inputs.split(","), strict=True)
        ]
        return Apply("*", tuple(factors))

    def _solved(self) -> tuple[Step, ...] | None:
        """Return what adds to the one tap whose number an array holds; None where none does.

        sum_{u,v} a*[p = k*u + v] is a at u = p//k, v = p%k, for p below the number of taps.
        """
        numbered: Array = ZERO
        count: Array = ONE
        for tap in self.taps:
            size = self.reading.lengths[tap]
            numbered = stepped(Place(tap), size, numbered)
            count = size if count == ONE else times(count, size)
        array = self._value()
        found = _where_equal(array, numbered)
        if found is None or self.reading.counts.get(found[1].name) != count:
            return None
        value, entry = found
        rest = Variable(self.reading.new_name("rest"), 0, "int")
        lines: list[Step] = [Assign(rest, entry)]
        taps: dict[int, Array] = {}
        for tap in reversed(self.taps[1:]):
            size = self.reading.lengths[tap]
            place = Variable(self.reading.new_name("tap"), 0, "int")
            lines += [Assign(place, Apply("%", (rest, size))), Assign(rest, size, "//=")]
            taps[tap] = place
        taps[self.taps[0]] = rest
        return (*lines, self._assign(value, taps))


def _with(array: Array, taps: dict[int, Array]) -> Array:
    def visit(part: Array) -> Array | None:
        return taps.get(part.loop) if isinstance(part, Place) else None

    return rewrite(array, visit)


def _where_equal(array: Array, numbered: Array) -> tuple[Array, Entry] | None:
    """Return what a product takes where an entry is a number, and the entry."""
    factors: Sequence[Array] = array.args if isinstance(array, Apply) and array.op == "*" else ()
    for factor, other in zip(factors, reversed(factors), strict=True):
        if isinstance(factor, Apply) and factor.op == "==" and factor.args[1] == numbered:
            entry = factor.args[0]
            if isinstance(entry, Entry) and other.kind == "float":
                return other, entry
    return None
