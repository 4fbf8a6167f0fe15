"""Write sums at computed places as a kernel: a walk over all that is added, for some rows each."""

from __future__ import annotations

from symgrad.lowering.nodes.arrays import Apply, Array, Helper, Literal, Variable
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.plans.plan import Assignment
from symgrad.rendering.numba.entries import Reading, entry_at, has_entries
from symgrad.rendering.numba.nodes import Place
from symgrad.rendering.numba.sweeping import Loops
from symgrad.rendering.numba.sweeps import Assign, Entry, If, Nest, NewRow, Output, Step, nested

ZERO = number(0)
# the rows of a share, which are the places along the first axis
START, STOP = Variable("start", 0, "int"), Variable("stop", 0, "int")


def added_at_places(assignment: Assignment, reading: Reading) -> Nest | None:
    """dw_mj = sum_t dy_tj*delta(m, ids_t): each thread adds what falls into its own rows.

    What falls outside of the array is no part of it.
    """
    array = assignment.array
    if not isinstance(array, Helper) or array.function != "_add_at":
        return None
    values, *places = array.arrays
    shape = dict(array.options)["shape"]
    if not all(map(has_entries, array.arrays)) or len(places) != len(shape):
        return None
    width = max(place.ndim for place in places)
    if width == 0 or width > values.ndim:
        return None
    loops = tuple(reading.new_loop(length) for length in shape)
    moving = tuple(range(reading.loops, reading.loops + values.ndim))
    reading.loops += values.ndim
    at = tuple(map(Place, moving))
    value = entry_at(values, at, reading)
    found = [entry_at(place, at[width - place.ndim : width], reading) for place in places]
    if any(loop not in reading.lengths for loop in moving) or reading.tops:
        return None
    rest = moving[width:]
    whole = tuple(reading.lengths[loop] for loop in (*loops, *rest))
    target = Entry(assignment.name, (*found, *at[width:]))
    before: Step
    if rest and len(places) == 1:
        before, add = _first_or_added(target, value, rest, reading)
    else:
        entry = Entry(assignment.name, tuple(map(Place, (*loops, *rest))))
        before = nested((*loops, *rest), Assign(entry, ZERO))
        add = _inside(rest, Assign(target, value, "+="))
    inside = If(_between(found, shape), (add,), ())
    output = Output(assignment.name, whole, zeros=isinstance(before, Assign))
    body = (before, nested(moving[:width], inside))
    return Nest((output,), loops[:1], reading.lengths, body, (), own_rows=True)


def _inside(loops: Loops, step: Step) -> Step:
    return nested(loops, step) if loops else step


def _first_or_added(
    target: Entry, value: Array, rest: Loops, reading: Reading
) -> tuple[Assign, Step]:
    """Return the line in front, and what assigns what comes first to a row and adds the rest.

    Rows that nothing comes to stay as they were allocated, zeros that no one has written.
    """
    name = reading.new_name("seen")
    seen = Assign(Variable(name, 1, "bool"), NewRow(Apply("-", (STOP, START)), "bool"))
    flag = Entry(name, (Apply("-", (target.places[0], START)),), "bool")
    first = (Assign(flag, Literal("True")), nested(rest, Assign(target, value)))
    return seen, If(flag, (nested(rest, Assign(target, value, "+=")),), first)


def _between(places: list[Array], shape: tuple[Array, ...]) -> Array:
    """Return the condition that places lie in the rows of a share, and inside of other axes."""
    bounds = [(START, STOP), *((ZERO, length) for length in shape[1:])]
    condition: Array | None = None
    for place, (first, end) in zip(places, bounds, strict=True):
        inside = Apply("and", (Apply("<=", (first, place)), Apply("<", (place, end))))
        condition = inside if condition is None else Apply("and", (condition, inside))
    if condition is None:
        raise AssertionError("a place has one number at least")
    return condition
