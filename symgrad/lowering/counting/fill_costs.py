"""Count what helper functions cost, and arrays that are filled part by part."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.lowering.counting.axis_lengths import Shape
from symgrad.lowering.counting.costs import NONE, ONE, TWO, Made, Tally, broadcast, cost, lengths_of
from symgrad.lowering.counting.polynomials import Polynomial, constant, product
from symgrad.lowering.nodes.arrays import Array, Helper
from symgrad.lowering.nodes.scatters import Copy, Joined, Part, Run, Scatter, Spread, TapProduct
from symgrad.lowering.nodes.views import Padded

# what the functions at the top of a module do with each element of their largest argument
HELPER_OPERATIONS = {"_logsumexp": 4, "_argmax": 1, "_add_at": 1}
# those whose cost is that of a matrix product
DISTANCES = frozenset({"_squared_distances", "_merged_distances"})
# those that only move entries
MOVES = frozenset({"np.take", "np.repeat", "np.roll", "np.diag", "_place", "_moved"})


# --- helpers -------------------------------------------------------------------------------------


@cost.register
def _(array: Helper, tally: Tally) -> Made:
    args = [tally.visit(arg) for arg in array.arrays]
    shape = _helper_shape(array, args, tally)
    if array.function in MOVES:
        moved = [Made(shape, args[0].width), *args[1:]]
        return tally.add(NONE, moved, shape, array.kind)
    largest = max((arg.shape for arg in args), key=lambda own: _number(own, tally))
    passes = HELPER_OPERATIONS.get(array.function, 1)
    flops = constant(passes) * product(largest)
    if array.function in DISTANCES:
        summed = dict(array.options).get("summed", 1)
        inner = args[0].shape[len(args[0].shape) - summed :]
        flops = TWO * product(shape) * product(inner)
    return tally.add(flops, args, shape, array.kind)


def _number(shape: Shape, tally: Tally) -> int:
    return product(shape).at(tally.lengths.numbers)


def _helper_shape(array: Helper, args: Sequence[Made], tally: Tally) -> Shape:
    options = dict(array.options)
    first = args[0].shape
    axis = options.get("axis", 0)
    match array.function:
        case "_squared_distances" | "_merged_distances":
            rows = first[: len(first) - options.get("summed", 1)]
            start = options.get("batch", array.rank - 2)
            return (*rows, *args[1].shape[start : start + array.rank - len(rows)])
        case "np.take":
            return (*first[:axis], *args[1].shape, *first[axis + 1 :])
        case "np.repeat":
            length = first[axis] * tally.lengths.of(array.arrays[1])
            return (*first[:axis], length, *first[axis + 1 :])
        case "np.diag":
            return (first[0], first[0])
        case "_place":
            return (*first[:axis], tally.lengths.of(options["length"]), *first[axis:])
        case "_add_at":
            rest = array.rank - len(options["shape"])
            return (*lengths_of(options["shape"], tally), *first[len(first) - rest :])
    if array.rank == len(first):
        return first
    gone = axis if isinstance(axis, tuple) else (axis,)
    return tuple(length for place, length in enumerate(first) if place not in gone)


# --- arrays that are filled ----------------------------------------------------------------------


@cost.register
def _(array: Padded, tally: Tally) -> Made:
    made = tally.visit(array.array)
    of = tally.lengths.of
    shape = tuple(
        length if width is None else tally.lengths.short(length + of(width[0]) + of(width[1]))
        for length, width in zip(made.shape, array.widths, strict=True)
    )
    return tally.add(NONE, [made], shape, array.kind)


@cost.register
def _(array: Joined, tally: Tally) -> Made:
    args = [tally.visit(part) for part in array.arrays]
    first, axis = args[0].shape, array.axis
    if array.stacked:
        shape = (*first[:axis], constant(len(args)), *first[axis:])
    else:
        length = NONE
        for arg in args:
            length += arg.shape[axis]
        shape = (*first[:axis], length, *first[axis + 1 :])
    return tally.add(NONE, args, shape, "float")


@cost.register
def _(array: Copy, tally: Tally) -> Made:
    made = tally.visit(array.array)
    return tally.add(NONE, [made], made.shape, "float")


@cost.register
def _(array: Scatter, tally: Tally) -> Made:
    of = tally.lengths.of
    shape = tuple(
        tally.lengths.short(of(length) + of(before) + of(behind))
        for length, (before, behind) in zip(array.shape, array.margins, strict=True)
    )
    base = [] if array.base is None else [tally.visit(array.base)]
    made = base[0] if base and base[0].fresh else tally.add(NONE, base, shape, "float")
    for part in array.fills:
        _count_part(part, tally)
    return tally.seen(made, lengths_of(array.shape, tally))


def _count_part(part: Part, tally: Tally) -> None:
    """Count a part as often as its loops run; its arrays are as large in each turn."""
    if isinstance(part.array, TapProduct):
        _count_tap_product(part, part.array, tally)
        return
    inner = Tally(tally.lengths, tally.width)
    made = inner.visit(part.array)
    turns = product(tally.lengths.of(loop.length) for loop in part.loops)
    counts = [tally.lengths.of(p.count) for p in part.places if isinstance(p, Run)]
    chosen = [tally.visit(p).shape for p in part.places if _is_chosen(p)]
    target = Made((*counts, *broadcast(chosen)), tally.width)
    if part.assigned:
        inner.moved += made.bytes + target.bytes
    else:
        inner.flops += product(target.shape)
        inner.moved += made.bytes + TWO * target.bytes
    tally.flops += turns * inner.flops
    tally.moved += turns * inner.moved
    tally.allocated += inner.allocated


def _count_tap_product(part: Part, taps: TapProduct, tally: Tally) -> None:
    """Count the products for all taps and their sums; the products stay in the cache."""
    args = [tally.visit(array) for array in (taps.left, taps.right)]
    spelled, result = taps.subscripts.split("->")
    lengths: dict[str, Polynomial] = {}
    for letters, arg in zip(spelled.split(","), args, strict=True):
        lengths.update(zip(letters, arg.shape, strict=True))
    pairs = product(lengths.values())
    added = product(lengths[letter] for letter in result)
    tally.flops += (pairs if set(result) == set(lengths) else TWO * pairs) + added
    target = [_reached(place, tally) for place in part.places]
    for made in (*args, *[Made(tuple(target), tally.width)] * 2):
        tally.moved += made.bytes


def _reached(place: Array, tally: Tally) -> Polynomial:
    of = tally.lengths.of
    if not isinstance(place, Spread):
        return of(place.count)  # type: ignore[attr-defined]
    steps = (of(place.count) - ONE) * of(place.step)
    return steps + (of(place.size) - ONE) * of(place.dilation) + ONE


def _is_chosen(place: Array) -> bool:
    return not isinstance(place, Run) and place.kind != "weak"
