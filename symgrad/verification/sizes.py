"""Draw sizes of axes on which a layer can be judged: distinct, and long enough for its windows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from symgrad.language.expr import (
    ArgReduce,
    AxisLength,
    Delta,
    Element,
    Expr,
    FloorDiv,
    Index,
    Mod,
    Pad,
    Reduce,
    bound_indices,
    children,
    walk,
)
from symgrad.language.layer import Agreement, Layer
from symgrad.verification.spans import Setting, span

# the more axes, the smaller: the number of elements is the product of their sizes; a shift by one
# place forwards and one backwards are the same on an axis of length 2
SIZES = {3: (3, 5, 7), 6: (2, 3, 4, 5)}
SMALLEST_SIZES = (2, 3)
# windows want two places at least; a formula may have none
LEAST_PLACES = 2
# the lengths of a tensor that follow from the inputs' by index arithmetic, in some order
PLACES = (2, 3, 4)
# settings that are drawn, for the best of them to be taken
_SETTINGS = 8
_MOST_STEPS = 60
# an axis counts as one that a window needs when making it this much longer gives more places
_FAR = 12

Room = Callable[[Setting], int]
NO_PLACES: Mapping[Expr, int] = {}


@dataclass(frozen=True)
class Read:
    """One subscript outside of `pad`; `free` says that no index in it is filtered."""

    name: str
    axis: int
    subscript: Expr
    free: bool


def free_extents(layer: Layer) -> tuple[Expr, ...]:
    """Return the extents that the shapes of the inputs decide, in the order of the inputs."""
    indices = [index for name in layer.inputs for index in layer.axes[name]]
    found = {i.extent: None for i in indices if isinstance(i.extent, AxisLength)}
    return tuple(found)


def draw_sizes(layer: Layer, rng: np.random.Generator) -> dict[Expr, int]:
    """Return a size for each extent that the inputs give, distinct up to four of them."""
    extents = free_extents(layer)
    sizes = next((s for most, s in SIZES.items() if len(extents) <= most), SMALLEST_SIZES)
    pool = tuple(itertools.islice(itertools.cycle(sizes), max(len(sizes), len(extents))))
    order = rng.permutation(len(pool))
    return {extent: pool[int(k)] for extent, k in zip(extents, order, strict=False)}


def draw_places(layer: Layer, rng: np.random.Generator) -> dict[Expr, int]:
    """Return how far indices run at least whose extents follow from lengths of the inputs.

    The axes of one tensor get distinct numbers.
    """
    free = set(free_extents(layer))
    places: dict[Expr, int] = {}
    for statement in layer.statements:
        order = itertools.cycle(rng.permutation(PLACES).tolist())
        for index in layer.axes[statement.name]:
            if index.extent is not None and index.extent not in free:
                places.setdefault(index.extent, next(order))
    return places


def draw_distinct(
    layer: Layer, rng: np.random.Generator, constants: Mapping[str, object] | None = None
) -> Setting:
    """Return the one of some drawn settings in which the fewest axes are equally long.

    An output as high as it is wide would pass for one whose axes were exchanged.
    """
    drawn = (
        fit(layer, draw_sizes(layer, rng), places=draw_places(layer, rng), constants=constants)
        for _ in range(_SETTINGS)
    )
    return min(drawn, key=_coincidences)


def lengthened(setting: Setting, more: int) -> Setting:
    """Return the setting with axes longer by `more` than what the outputs need.

    A stride leaves a remainder at one of two neighbouring lengths, and none at the other. Where
    windows move along axes, these alone are meant.
    """
    windows = _windows(setting.layer)
    moved = [e for e in setting.sizes if e in windows and _gives_places(setting, e)]
    for extent in moved:
        shorter = _with_more(setting, [extent], -1)
        while setting.sizes[extent] > 1 and _output_lengths(shorter) == _output_lengths(setting):
            setting, shorter = shorter, _with_more(shorter, [extent], -1)
    sizes = _with_more(setting, moved or list(setting.sizes), more).sizes
    return fit(setting.layer, sizes, constants=setting.constants)


def _gives_places(setting: Setting, extent: Expr) -> bool:
    """Say whether an axis that is longer makes an output longer, as that of a kernel does not."""
    before, after = map(_output_lengths, (setting, _with_more(setting, [extent], _FAR)))
    return any(new > old for old, new in zip(before, after, strict=True))


def _output_lengths(setting: Setting) -> list[int]:
    layer = setting.layer
    return [setting.extent(index) for name in layer.outputs for index in layer.axes[name]]


def _windows(layer: Layer) -> set[Expr]:
    """Return the lengths of axes that index arithmetic makes extents of."""
    return {part for index in _indices(layer) for part in _lengths(index)}


def _coincidences(setting: Setting) -> tuple[int, int]:
    """Return how many pairs of axes of one tensor are equally long, then the sum of all lengths."""
    layer = setting.layer
    shapes = [[setting.extent(index) for index in indices] for indices in layer.axes.values()]
    pairs = (pair for shape in shapes for pair in itertools.combinations(shape, 2))
    return sum(one == other for one, other in pairs), sum(map(sum, shapes))


def draw_settings(layer: Layer, rng: np.random.Generator) -> Iterator[Setting]:
    """Yield settings to try: distinct sizes first, then what odd formulas may need.

    The parts of a tensor may fit together for equal or for particular sizes alone.
    """
    first = draw_distinct(layer, rng)
    # a stride leaves a remainder at one of two neighbouring lengths
    windows = _windows(layer)
    longer = {e: size + int(e in windows and rng.integers(2)) for e, size in first.sizes.items()}
    yield min((first, fit(layer, longer)), key=lambda one: _coincidences(one)[0])
    yield first
    for size in (2, 3, 4):
        yield fit(layer, dict.fromkeys(free_extents(layer), size))
    parts = len(layer.statements) > len({statement.name for statement in layer.statements})
    for _ in range(200 if parts else 20):
        drawn = {extent: int(rng.integers(1, 6)) for extent in free_extents(layer)}
        yield fit(layer, drawn, scalar=int(rng.integers(1, 4)), least=1)


def fit(
    layer: Layer,
    sizes: Mapping[Expr, int],
    *,
    scalar: int = 2,
    least: int = LEAST_PLACES,
    places: Mapping[Expr, int] = NO_PLACES,
    constants: Mapping[str, object] | None = None,
) -> Setting:
    """Return a setting of at least these sizes in which windows fit and reads stay inside.

    Args:
        layer: the layer that is called.
        sizes: what each free extent is at least.
        scalar: the value of the integer inputs on which extents depend.
        least: how many places an index has that only arithmetic bounds.
        places: how many those of particular extents have.
        constants: the constants, where they are not the layer's own.
    """
    scalars = dict.fromkeys(extent_scalars(layer), scalar)
    known = {extent: sizes.get(extent, 1) for extent in free_extents(layer)}
    setting = Setting(layer, known, scalars, {**layer.constants, **(constants or {})})
    reads = [r for r in reads_of(layer) if r.free]
    indices = {i: None for i in _indices(layer) if i.extent not in known}
    wanted = {index: places.get(_extent(index), least) for index in indices}
    for _ in range(_MOST_STEPS):
        longer = _longer(setting, reads, wanted)
        if longer is None:
            break
        setting = longer
    return setting


def other_sizes(layer: Layer, setting: Setting) -> Setting:
    """Return a setting with other sizes, but for the axes of parameters."""
    kept = {index.extent for name in layer.params for index in layer.axes[name]}
    sizes = {e: size + (e not in kept) for e, size in setting.sizes.items()}
    found = fit(layer, sizes, constants=setting.constants)
    same = all(found.shapes[name] == setting.shapes[name] for name in layer.params)
    return found if same else setting


def empty_setting(layer: Layer, empty: Sequence[Expr]) -> Setting:
    """Return the setting where these extents are 0 and the others as long as windows need."""
    setting = fit(layer, {})
    return replace(setting, sizes={e: 0 if e in empty else n for e, n in setting.sizes.items()})


def _longer(setting: Setting, reads: list[Read], wanted: Mapping[Index, int]) -> Setting | None:
    """Return the setting with longer axes where one is too short, None when nothing is needed."""
    for room, extent in _rooms(setting, reads, wanted):
        if room(setting) < 0:
            grown = _grown(setting, room, extent)
            if grown is not None:
                return grown
    return None


def _rooms(
    setting: Setting, reads: list[Read], wanted: Mapping[Index, int]
) -> Iterator[tuple[Room, Expr | None]]:
    """Yield what must not be negative, with the extent that is to grow first.

    That are the places of an index, those before and behind reads, and differences of lengths.
    """
    for index, least in wanted.items():
        yield partial(_places, index, least), index.extent
    for read in reads:
        axis = setting.layer.axes[read.name][read.axis]
        yield partial(_room, read, axis), axis.extent
    for part in setting.layer.agreements:
        yield partial(_difference, part), part.own


def _extent(index: Index) -> Expr:
    assert index.extent is not None, "extents are resolved"
    return index.extent


def _places(index: Index, least: int, setting: Setting) -> int:
    return setting.extent(index) - least


def _room(read: Read, axis: Index, setting: Setting) -> int:
    low, high = span(read.subscript, setting)
    return min(setting.extent(axis) - 1 - high, low)


def _difference(part: Agreement, setting: Setting) -> int:
    return -abs(span(part.own, setting)[0] - span(part.extent, setting)[0])


def _grown(setting: Setting, room: Room, extent: Expr | None) -> Setting | None:
    """Return the setting with one more on the axis, or on all of them, that gives more room."""
    parts = [] if extent is None else list(walk(extent))
    free = sorted(setting.sizes, key=lambda one: one not in parts)
    for extents in (*([one] for one in free), free):
        if any(room(_with_more(setting, extents, more)) > room(setting) for more in (1, _FAR)):
            return _with_more(setting, extents, 1)
    return None


def _with_more(setting: Setting, extents: Sequence[Expr], more: int) -> Setting:
    sizes = {e: size + more * (e in extents) for e, size in setting.sizes.items()}
    return replace(setting, sizes=sizes)


def _lengths(index: Index) -> tuple[Expr, ...]:
    """Return the lengths of axes in an extent that is more than one of them."""
    extent = index.extent
    if extent is None or isinstance(extent, AxisLength):
        return ()
    return tuple(part for part in walk(extent) if isinstance(part, AxisLength))


def _indices(layer: Layer) -> Iterator[Index]:
    """Yield every index of the layer, axes of assigned tensors included."""
    for statement in layer.statements:
        yield from layer.axes[statement.name]
        for part in (*statement.subscripts, statement.value):
            yield from part.free_in_order
            for inner in walk(part):
                yield from bound_indices(inner)


def extent_scalars(layer: Layer) -> tuple[str, ...]:
    """Return the integer inputs without axes on which extents depend, in the layer's order."""
    axes = (index for name in layer.inputs for index in layer.axes[name])
    extents = (index.extent for index in (*_indices(layer), *axes))
    names = {name for extent in extents if extent is not None for name in extent.names}
    return tuple(name for name in layer.integers if name in names and not layer.ranks[name])


def index_constants(layer: Layer) -> dict[str, int]:
    """Return the constants that subscripts and extents are made of, with their values."""
    axes = (index for name in layer.inputs for index in layer.axes[name])
    parts = [i.extent for i in (*_indices(layer), *axes) if i.extent is not None]
    for statement in layer.statements:
        for part in walk(statement.value):
            if isinstance(part, Element):
                parts += part.subscripts
            elif isinstance(part, (FloorDiv, Mod, Delta)):
                parts.append(part)
    names = {name for part in parts for name in part.names}
    return {name: int(value) for name, value in layer.constants.items() if name in names}


def reads_of(layer: Layer) -> Iterator[Read]:
    """Yield the subscripts of tensors that are read outside of `pad`, in the order of the text."""
    for statement in layer.statements:
        yield from _reads(statement.value, layer, frozenset())


def _reads(expr: Expr, layer: Layer, filtered: frozenset[Index]) -> Iterator[Read]:
    if isinstance(expr, Pad):
        for subscript in expr.element.subscripts:
            yield from _reads(subscript, layer, filtered)
        yield from _reads(expr.value, layer, filtered)
        return
    if isinstance(expr, Element) and expr.name in layer.axes:
        for axis, subscript in enumerate(expr.subscripts):
            yield Read(expr.name, axis, subscript, filtered.isdisjoint(subscript.free))
    if isinstance(expr, (Reduce, ArgReduce)) and expr.condition is not None:
        filtered = filtered.union(expr.bound)
    for part in children(expr):
        yield from _reads(part, layer, filtered)
