"""Place the nodes of a graph in columns, left to right, with few crossings and short edges.

The steps are those of Sugiyama, Tagawa and Toda 1981: columns by the longest path, places in
between for edges that pass a column, order by the mean of the neighbours, then heights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 24  # for the order
SETTLING = 200  # for the heights
# how much an edge wants to be level: between nodes, from a node to a place it passes, between those
STRAIGHT = (1.0, 2.0, 30.0)


@dataclass(frozen=True)
class Slot:
    """A place in a column: a node, or a point which an edge passes."""

    column: int
    node: int | None
    height: float


@dataclass(frozen=True)
class Placement:
    """Where everything stands.

    Attributes:
        columns: the column of each node.
        heights: the height of the middle of each node.
        routes: for each edge (source, target) the heights at which it passes the columns between.
        height: how high the whole is.
    """

    columns: tuple[int, ...]
    heights: tuple[float, ...]
    routes: Mapping[tuple[int, int], tuple[float, ...]]
    height: float


def place(reads: Sequence[Sequence[int]], height: float, passing: float) -> Placement:
    """Return places for nodes, each after those that it reads.

    Args:
        reads: the nodes that each node reads.
        height: how much height a node takes.
        passing: how much an edge takes that passes a column.
    """
    columns = _columns(reads)
    slots, links, routes = _slots(reads, columns, height, passing)
    order = _ordered(slots, links)
    middles = _heights(order, slots, links)
    top = min(m - s.height / 2 for m, s in zip(middles, slots, strict=True))
    middles = [m - top for m in middles]
    total = max(m + s.height / 2 for m, s in zip(middles, slots, strict=True))
    passed = {edge: tuple(middles[slot] for slot in route) for edge, route in routes.items()}
    return Placement(tuple(columns), tuple(middles[: len(reads)]), passed, total)


def _columns(reads: Sequence[Sequence[int]]) -> list[int]:
    """Return the column of each node; what reads nothing stands just before its first reader."""
    columns: list[int] = []
    for sources in reads:
        columns.append(1 + max((columns[source] for source in sources), default=-1))
    for node, sources in enumerate(reads):
        readers = [columns[other] for other, read in enumerate(reads) if node in read]
        if not sources and readers:
            columns[node] = min(readers) - 1
    return columns


def _slots(
    reads: Sequence[Sequence[int]], columns: Sequence[int], height: float, passing: float
) -> tuple[list[Slot], list[tuple[int, int]], dict[tuple[int, int], list[int]]]:
    """Return the slots, the links between slots of neighbouring columns, and the routes."""
    slots = [Slot(column, node, height) for node, column in enumerate(columns)]
    links: list[tuple[int, int]] = []
    routes: dict[tuple[int, int], list[int]] = {}
    for target, sources in enumerate(reads):
        for source in dict.fromkeys(sources):
            route = []
            last = source
            for column in range(columns[source] + 1, columns[target]):
                slots.append(Slot(column, None, passing))
                route.append(len(slots) - 1)
                links.append((last, route[-1]))
                last = route[-1]
            links.append((last, target))
            routes[source, target] = route
    return slots, links, routes


def _ordered(slots: Sequence[Slot], links: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return the slots of each column, top to bottom, in the order with the fewest crossings."""
    count = 1 + max(slot.column for slot in slots)
    order = [[s for s, slot in enumerate(slots) if slot.column == c] for c in range(count)]
    before, after = _neighbours(slots, links)
    best, fewest = [list(column) for column in order], _crossings(order, links)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for column in range(count) if forward else reversed(range(count)):
            neighbours = before if forward else after
            places = {slot: p for row in order for p, slot in enumerate(row)}
            keys = {
                slot: _mean([places[n] for n in neighbours[slot]], places[slot])
                for slot in order[column]
            }
            order[column].sort(key=lambda slot: keys[slot])
        crossings = _crossings(order, links)
        if crossings < fewest:
            best, fewest = [list(column) for column in order], crossings
    return best


def _neighbours(
    slots: Sequence[Slot], links: Sequence[tuple[int, int]]
) -> tuple[list[list[int]], list[list[int]]]:
    before: list[list[int]] = [[] for _ in slots]
    after: list[list[int]] = [[] for _ in slots]
    for left, right in links:
        before[right].append(left)
        after[left].append(right)
    return before, after


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(order: Sequence[Sequence[int]], links: Sequence[tuple[int, int]]) -> int:
    places = {slot: (c, p) for c, row in enumerate(order) for p, slot in enumerate(row)}
    by_column: dict[int, list[tuple[int, int]]] = {}
    for left, right in links:
        by_column.setdefault(places[left][0], []).append((places[left][1], places[right][1]))
    return sum(
        (a - c) * (b - d) < 0
        for pairs in by_column.values()
        for n, (a, b) in enumerate(pairs)
        for c, d in pairs[n + 1 :]
    )


def _heights(
    order: Sequence[Sequence[int]], slots: Sequence[Slot], links: Sequence[tuple[int, int]]
) -> list[float]:
    """Return the middle of each slot: near its neighbours', and never over one another."""
    pulls: list[list[tuple[int, float]]] = [[] for _ in slots]
    for left, right in links:
        weight = STRAIGHT[(slots[left].node is None) + (slots[right].node is None)]
        pulls[left].append((right, weight))
        pulls[right].append((left, weight))
    weights = [sum(weight for _, weight in pull) or 1.0 for pull in pulls]
    middles = [0.0] * len(slots)
    for sweep in range(SETTLING):
        for column in order if sweep % 2 == 0 else reversed(order):
            wanted = [
                sum(middles[n] * w for n, w in pulls[s]) / weights[s] if pulls[s] else middles[s]
                for s in column
            ]
            apart = _apart(wanted, column, slots, weights)
            for slot, middle in zip(column, apart, strict=True):
                middles[slot] = middle
    return [round(middle, 1) for middle in middles]


def _apart(
    wanted: Sequence[float],
    column: Sequence[int],
    slots: Sequence[Slot],
    weights: Sequence[float],
) -> list[float]:
    """Return heights as near as can be to those wanted, in order and without overlaps.

    With the room that the slots above take subtracted, this is isotonic regression: neighbours in
    the wrong order are pooled at their mean.
    """
    offsets = [0.0]
    for above, below in pairwise(column):
        offsets.append(offsets[-1] + (slots[above].height + slots[below].height) / 2)
    pools: list[tuple[float, float, int]] = []  # mean, weight, count
    for slot, want, offset in zip(column, wanted, offsets, strict=True):
        pools.append((want - offset, weights[slot], 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (upper, v, m), (lower, w, n) = pools[-2:]
            pools[-2:] = [((upper * v + lower * w) / (v + w), v + w, m + n)]
    levels = [mean for mean, _, count in pools for _ in range(count)]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]
