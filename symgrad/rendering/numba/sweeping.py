"""Write windows, running sums and extremes over columns as kernels that compute where they read.

Each form is a function from what is assigned to a `Nest`, or to None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.lowering.nodes.arrays import (
    Apply,
    Array,
    Cumulative,
    Helper,
    Literal,
    Reduction,
    Variable,
)
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.traversal import rewrite
from symgrad.lowering.nodes.views import Windows
from symgrad.lowering.nodes.windows import WindowProduct
from symgrad.lowering.plans.over_windows import OverWindows
from symgrad.lowering.plans.plan import Assignment
from symgrad.rendering.numba.entries import (
    Places,
    Reading,
    Top,
    entry_at,
    has_entries,
    stepped,
    window_places,
)
from symgrad.rendering.numba.nodes import Place
from symgrad.rendering.numba.sweeps import (
    Assign,
    Entry,
    For,
    Nest,
    NewRow,
    Output,
    Precedes,
    Short,
    Step,
    is_fixed,
    nested,
)
from symgrad.rendering.print_scatters import times

Loops = tuple[int, ...]
ZERO, ONE = number(0), number(1)
STARTS = {"sum": ZERO, "prod": ONE, "max": Literal("-inf"), "min": Literal("inf")}
OPERATORS = {"sum": "+=", "prod": "*="}
EXTREMES = ("max", "min")


def axes_of(array: Array, reading: Reading) -> tuple[Loops, Places]:
    """Return new loops for the axes of an array, and their variables."""
    loops = tuple(range(reading.loops, reading.loops + array.ndim))
    reading.loops += array.ndim
    return loops, tuple(map(Place, loops))


def shape_of(loops: Loops, reading: Reading) -> tuple[Array, ...] | None:
    """Return how far loops run; None where that is not known of one."""
    if any(loop not in reading.lengths for loop in loops):
        return None
    return tuple(reading.lengths[loop] for loop in loops)


def joined(op: str, total: Array, value: Array) -> Assign:
    """Return the assignment that takes one more value into a sum, product or extreme."""
    if op in OPERATORS:
        return Assign(total, value, OPERATORS[op])
    return Assign(total, Apply(op, (total, value)))


# --- windows -------------------------------------------------------------------------------------


def reduced_windows(assignment: Assignment, reading: Reading) -> Nest | None:
    """A sum or an extreme of each window, and what is computed of it entry by entry."""
    array = assignment.array
    if array.kind != "float" or not array.ndim or not has_entries(array):
        return None
    loops, places = axes_of(array, reading)
    value = entry_at(array, places, reading)
    if len(reading.tops) != 1:
        return None
    (((top, at), total),) = reading.tops.items()
    op, base, taps = _inside(top, at, reading)
    shape = shape_of(loops, reading)
    if len(reading.tops) != 1 or shape is None:
        return None
    target = Entry(assignment.name, places)
    rows, body = _window_loops(loops, taps, reading, Totals(op, total, target, base, value))
    outputs = (Output(assignment.name, shape),)
    return Nest(outputs, rows, reading.lengths, body, reading.fixed())


def _inside(top: Top, places: Places, reading: Reading) -> tuple[str, Array, Loops]:
    """Return the operation of a reduced window, what it takes, and the loops in index order."""
    if isinstance(top, WindowProduct):
        return ("sum", *_product(top, places, reading))
    array: Array = top
    taps: Loops = ()
    while isinstance(array, OverWindows) and array.op == top.op:
        loop = reading.new_loop(array.size)
        taps = (loop, *taps)
        places = window_places(array, places, Place(loop), reading)
        array = array.array
    return top.op, entry_at(array, places, reading), taps


def _product(top: WindowProduct, places: Places, reading: Reading) -> tuple[Array, Loops]:
    inputs, result = top.subscripts.split("->")
    windows, other = inputs.split(",")
    known: dict[str, Array] = dict(zip(result, places, strict=True))
    taps = tuple(range(reading.loops, reading.loops + len(windows) - len(result)))
    reading.loops += len(taps)
    known |= dict(zip((n for n in windows if n not in known), map(Place, taps), strict=True))
    left = entry_at(top.windows, tuple(known[n] for n in windows), reading)
    right = entry_at(top.other, tuple(known[n] for n in other), reading)
    return Apply("*", (left, right)), taps


class Totals:
    """What is accumulated in windows: into `total`, and the place of an extreme into `place`."""

    def __init__(self, op: str, total: Variable, target: Entry, base: Array, value: Array):
        self.op, self.total, self.target, self.base, self.value = op, total, target, base, value
        self.started: tuple[Assign, ...] = (Assign(total, STARTS[op]),)
        self.stored: tuple[Assign, ...] = (Assign(target, value),)
        self.opened: tuple[Assign, ...] = (Assign(target, STARTS[op]),)
        self.read: tuple[Assign, ...] = (Assign(total, target),)
        self.written: tuple[Assign, ...] = (Assign(target, total),)
        self.taken: tuple[Assign, ...] = (joined(op, total, base),)

    def with_places(self, entry: Entry, place: Array, names: Sequence[str]) -> None:
        """Note where extremes stand first: `place` numbers the place in the window."""
        found, value = Variable(names[0], 0, "int"), Variable(names[1], 0)
        new = Variable(names[2], 0, "bool")
        self.started += (Assign(found, Short(ZERO)),)
        self.stored += (Assign(entry, found),)
        self.opened += (Assign(entry, ZERO),)
        self.read += (Assign(found, Short(entry)),)
        self.written += (Assign(entry, found),)
        self.taken = (
            Assign(value, self.base),
            Assign(new, Precedes(self.op, value, self.total)),
            Assign(self.total, Apply("where", (new, value, self.total))),
            Assign(found, Apply("where", (new, Short(place), found))),
        )

    def finished(self) -> tuple[Assign, ...]:
        """Return what is left to do when the target holds totals."""
        if self.value == self.total:
            return ()
        whole = rewrite(self.value, lambda part: self.target if part == self.total else None)
        return (Assign(self.target, whole),)


def _window_loops(
    loops: Loops, taps: Loops, reading: Reading, totals: Totals
) -> tuple[Loops, tuple[Step, ...]]:
    """Return the loops of rows, and the body: totals of a row at a time, all taps but the last.

    The loop over the last taps stands innermost and is unrolled, so that the one around it, along
    the row, is vectorized.
    """
    rows = loops[:-2] or loops[:1]
    inner = tuple(loop for loop in loops if loop not in rows)
    if not inner:
        return rows, (*totals.started, nested(taps, *totals.taken), *totals.stored)
    *middle, last = inner
    unrolled = taps[-1:] if is_fixed(reading.lengths[taps[-1]], reading.params) else ()
    outer = taps[: len(taps) - len(unrolled)]
    taken = (nested(unrolled, *totals.taken),) if unrolled else totals.taken
    if not outer:
        return rows, (nested(inner, *totals.started, *taken, *totals.stored),)
    end = totals.finished()
    steps = (
        For(last, totals.opened),
        nested((*outer, last), *totals.read, *taken, *totals.written),
        *((For(last, end),) if end else ()),
    )
    return rows, ((nested(tuple(middle), *steps),) if middle else steps)


def extremes_with_places(extreme: Assignment, place: Assignment, reading: Reading) -> Nest | None:
    """The extreme of each window and the number of the first place where it stands."""
    top, helper = extreme.array, place.array
    if not isinstance(top, OverWindows) or top.op not in EXTREMES or not has_entries(top):
        return None
    if not isinstance(helper, Helper) or helper.function != "_first_equal":
        return None
    windows, other = helper.arrays
    if other != Variable(extreme.name, top.ndim) or not has_entries(windows):
        return None
    loops, places = axes_of(top, reading)
    op, base, taps = _inside(top, places, reading)
    at = (*places, *map(Place, taps))
    shape = shape_of(loops, reading)
    if len(at) != windows.ndim or shape is None or _tap_axes(helper) != range(len(loops), len(at)):
        return None
    sizes = tuple(reading.lengths[tap] for tap in taps)
    if entry_at(windows, at, reading) != base or _sizes(windows) != sizes or reading.tops:
        return None
    total = Variable(reading.new_name("largest" if op == "max" else "smallest"), 0)
    totals = Totals(op, total, Entry(extreme.name, places), base, total)
    numbered: Array = ZERO
    count: Array = ONE
    for tap, size in zip(taps, sizes, strict=True):
        numbered = stepped(Place(tap), size, numbered)
        count = size if count == ONE else times(count, size)
    names = [reading.new_name(name) for name in ("place", "value", "new")]
    totals.with_places(Entry(place.name, places, "int"), numbered, names)
    rows, body = _window_loops(loops, taps, reading, totals)
    outputs = (Output(extreme.name, shape), Output(place.name, shape, "int", count))
    return Nest(outputs, rows, reading.lengths, body, reading.fixed())


def _tap_axes(helper: Helper) -> range | None:
    axes = dict(helper.options).get("axis")
    listed = axes if isinstance(axes, tuple) else (axes,)
    found = range(listed[0], listed[0] + len(listed))
    return found if tuple(found) == listed else None


def _sizes(array: Array) -> tuple[Array, ...]:
    """Return the sizes of windows of windows, in the order of their axes."""
    return (*_sizes(array.array), array.size) if isinstance(array, Windows) else ()


def is_gradient_of_taps(array: WindowProduct) -> bool:
    """Say whether a product keeps the taps of windows, behind other axes of theirs."""
    inputs, result = array.subscripts.split("->")
    windows, other = inputs.split(",")
    taps = windows[len(windows) - len(_sizes(array.windows)) :]
    kept = result[: len(result) - len(taps)]
    inside = set(taps) <= set(result) <= set(windows) and set(other) <= set(windows) - set(taps)
    return inside and bool(taps) and bool(kept) and not set(kept) & set(taps)


def gradient_of_taps(assignment: Assignment, reading: Reading) -> Nest | None:
    """dw_cuv = sum_{n,i,j} dy_ncij*z[n,c,i+u,j+v]: the sums of a row over its last axes first."""
    array = assignment.array
    if not isinstance(array, WindowProduct) or not is_gradient_of_taps(array):
        return None
    if not has_entries(array.windows) or not has_entries(array.other):
        return None
    inputs, result = array.subscripts.split("->")
    windows, other = inputs.split(",")
    taps = windows[len(windows) - len(_sizes(array.windows)) :]
    kept = [n for n in result if n not in taps]
    known = {letter: loop for loop, letter in enumerate(windows)}
    reading.loops = len(windows)
    places = {letter: Place(loop) for letter, loop in known.items()}
    left = entry_at(array.windows, tuple(places[n] for n in windows), reading)
    right = entry_at(array.other, tuple(places[n] for n in other), reading)
    summed = [n for n in windows if n not in result]
    shape = shape_of(tuple(known[n] for n in result), reading)
    if not summed or shape is None or reading.tops:
        return None
    target = Entry(assignment.name, tuple(places[n] for n in result))
    total = Variable(reading.new_name("total"), 0)
    early, late = summed[:-2], summed[-2:]

    def loops(letters: Sequence[str]) -> Loops:
        return tuple(known[n] for n in letters)

    body = (
        nested(loops(taps), Assign(target, ZERO)),
        nested(
            loops([*early, *taps]),
            Assign(total, ZERO),
            nested(loops(late), Assign(total, Apply("*", (left, right)), "+=")),
            Assign(target, total, "+="),
        ),
    )
    outputs = (Output(assignment.name, shape),)
    return Nest(outputs, loops(kept), reading.lengths, body, reading.fixed())


# --- along an axis -------------------------------------------------------------------------------


def _running_node(array: Array) -> tuple[Cumulative | None, bool]:
    """Return what runs along an axis, and whether each place leaves itself out."""
    if isinstance(array, Cumulative):
        return array, False
    if isinstance(array, Helper) and array.function in ("_sum_before", "_sum_after"):
        ((_, axis),) = array.options
        reverse = array.function == "_sum_after"
        return Cumulative("sum", array.arrays[0], axis, reverse), True
    if isinstance(array, Helper) and array.function == "_moved":
        whole, first = array.arrays
        axis, step = (value for _, value in array.options)
        if isinstance(whole, Cumulative) and whole.axis == axis and first == STARTS[whole.op]:
            return (whole, True) if (step < 0) == whole.reverse else (None, False)
    return None, False


def running(assignment: Assignment, reading: Reading) -> Nest | None:
    """Running sums, products and extremes: one walk along the axis, from either end."""
    array, strict = _running_node(assignment.array)
    if array is None or not has_entries(array.array):
        return None
    loops, places = axes_of(array, reading)
    along = loops[array.axis]
    value = entry_at(array.array, places, reading)
    shape = shape_of(loops, reading)
    if shape is None or reading.tops:
        return None
    target: Array = Entry(assignment.name, places)
    if array.reverse:
        turned = Apply("-", (Apply("-", (shape[array.axis], ONE)), Place(along)))
        value, target = (_replaced(part, Place(along), turned) for part in (value, target))
    outputs = (Output(assignment.name, shape),)
    name = reading.new_name("total")
    if along == loops[-1]:
        total = Variable(name, 0)
        steps = (joined(array.op, total, value), Assign(target, total))
        body: tuple[Step, ...] = (
            Assign(total, STARTS[array.op]),
            For(along, steps[::-1] if strict else steps),
        )
        return Nest(outputs, loops[:-1], reading.lengths, body, ())
    last = loops[-1]
    before, between = loops[: array.axis], loops[array.axis + 1 : -1]
    row = Entry(name, (Place(last),))
    steps = (joined(array.op, row, value), Assign(target, row))
    body = (
        For(last, (Assign(row, STARTS[array.op]),)),
        nested((along, last), *(steps[::-1] if strict else steps)),
    )
    body = (nested(between, *body),) if between else body
    body = (Assign(Variable(name, 1), NewRow(shape[-1])), *body)
    rows = before or (last,)
    return Nest(outputs, rows, reading.lengths, body, (), own_rows=not before)


def _replaced(array: Array, part: Array, other: Array) -> Array:
    return rewrite(array, lambda node: other if node == part else None)


def _is_scattered(array: Reduction) -> bool:
    """Say whether some reduced axis stands in front of one that stays."""
    kept = [axis for axis in range(array.array.ndim) if axis not in array.axes]
    return bool(kept) and min(array.axes) < max(kept)


def extremes_of_columns(assignment: Assignment, reading: Reading) -> Nest | None:
    """max_i x_ij: rows are compared one after another, and no column is walked along alone."""
    array = assignment.array
    if not isinstance(array, Reduction) or array.op not in EXTREMES or array.keepdims:
        return None
    inner = array.array
    if inner.kind != "float" or not _is_scattered(array) or not has_entries(inner):
        return None
    loops, places = axes_of(inner, reading)
    value = entry_at(inner, places, reading)
    kept = tuple(loop for loop in loops if loop not in array.axes)
    gone = tuple(loop for loop in loops if loop in array.axes)
    shape = shape_of(kept, reading)
    if shape is None or shape_of(gone, reading) is None or reading.tops:
        return None
    target = Entry(assignment.name, tuple(map(Place, kept)))
    start, update = Assign(target, STARTS[array.op]), joined(array.op, target, value)
    outputs = (Output(assignment.name, shape),)
    if loops[-1] in gone:
        total = Variable(reading.new_name("largest" if array.op == "max" else "smallest"), 0)
        body: tuple[Step, ...] = (
            Assign(total, STARTS[array.op]),
            nested(gone, joined(array.op, total, value)),
            Assign(target, total),
        )
        return Nest(outputs, kept, reading.lengths, body, ())
    last = kept[-1]
    body = (For(last, (start,)), nested((*gone, last), update))
    rows = kept[:-1] or (last,)
    return Nest(outputs, rows, reading.lengths, body, (), own_rows=rows == (last,))
