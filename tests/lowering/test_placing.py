"""Deltas are read as places: which indices are taps, how far places reach, what overlaps."""

from __future__ import annotations

import pytest

from symgrad.formats.text import to_text
from symgrad.language.expr import (
    AxisLength,
    Delta,
    Element,
    Expr,
    FloorDiv,
    Index,
    IndexValue,
    Number,
    add,
    mul,
    subtract,
)
from symgrad.lowering.indexing.placing import (
    Margins,
    Placement,
    as_slices,
    margins,
    overlaps,
    split_placements,
)

TWO, THREE = Number(2), Number(3)
X, W = AxisLength("x", 0), AxisLength("w", 0)
S, P = Element("s"), Element("p")
P_INDEX = Index("p", X)
ROWS = Index("i", add(FloorDiv(subtract(X, W), TWO), Number(1)))
U = Index("u", W)
K = Index("k", TWO)
J = Index("j", AxisLength("y", 0))
CONSTANTS = {"s", "p"}


def at(*terms: Expr) -> Placement:
    """Return the placement of a sum of terms along the index p."""
    return Placement(P_INDEX, add(*terms))


def index(value: Index) -> Expr:
    """Return an index as an expression."""
    return IndexValue(value)


@pytest.mark.parametrize(
    ("place", "summed", "position", "taps"),
    [
        ((mul(TWO, index(ROWS)), index(U)), [ROWS, U], ROWS, (U,)),
        ((index(U), mul(TWO, index(ROWS))), [ROWS, U], ROWS, (U,)),
        ((index(K), index(J)), [J, K], J, (K,)),
        ((index(J), index(U)), [J, U], J, (U,)),
        ((index(J), Number(1)), [J], J, ()),
        ((Number(1),), [], None, ()),
    ],
)
def test_an_index_that_an_access_bounds_runs_along_the_slice(
    place: tuple[Expr, ...], summed: list[Index], position: Index | None, taps: tuple[Index, ...]
) -> None:
    slices = as_slices([at(*place)], summed, CONSTANTS)
    assert slices is not None
    assert [found.index for found in slices.positions] == [position]
    assert slices.taps == taps


def test_an_index_that_runs_backwards_is_turned_round() -> None:
    slices = as_slices([at(THREE, mul(Number(-1), index(J)))], [J], CONSTANTS)
    assert slices is not None
    ((old, new),) = slices.flipped
    assert old is J
    assert slices.positions[0].index is new
    assert to_text(slices.positions[0].start) == "4 - size(y, 0)"


@pytest.mark.parametrize(
    "place",
    [
        Element("t", (index(J),)),
        FloorDiv(index(J), TWO),
        mul(index(J), index(U)),
    ],
)
def test_places_that_data_or_quotients_decide_are_no_slices(place: Expr) -> None:
    assert as_slices([Placement(P_INDEX, place)], [J, U], CONSTANTS) is None


def test_two_deltas_of_one_index_are_no_slices_without_a_tap() -> None:
    other = Placement(Index("q", X), index(J))
    assert as_slices([at(index(J)), other], [J], CONSTANTS) is None


def test_a_target_that_stands_elsewhere_is_no_place() -> None:
    delta = Delta(add(index(J), Number(1)), index(P_INDEX))
    element = Element("y", (index(J),))
    assert split_placements([delta, element], [J])[0] == [at(index(J), Number(1))]
    assert split_placements([delta, Element("x", (index(P_INDEX),))], [J])[0] == []


@pytest.mark.parametrize(
    ("place", "before", "behind", "signed"),
    [
        ((mul(TWO, index(ROWS)), index(U)), "0", "0", False),
        ((mul(TWO, index(ROWS)), index(U), Number(-1)), "1", "0", False),
        ((mul(TWO, index(ROWS)), index(U), mul(Number(-1), P)), "p", "-p", True),
        ((index(P_INDEX), index(K)), "0", "1", False),
        ((index(P_INDEX), mul(Number(-1), index(U))), "size(w, 0)", "0", False),
        ((index(P_INDEX), mul(S, index(U))), "0", "s*size(w, 0)", False),
    ],
)
def test_margins_hold_the_places_outside(
    place: tuple[Expr, ...], before: str, behind: str, signed: bool
) -> None:
    found = margins(at(*place), False)
    assert (to_text(found.before), to_text(found.behind)) == (before, behind)
    assert found.signed == signed


def test_places_known_to_be_inside_need_no_margins() -> None:
    assert margins(at(index(J), index(U)), True) == Margins()


@pytest.mark.parametrize(
    ("step", "tap", "found"),
    [(TWO, K, False), (THREE, K, False), (Number(1), K, True), (TWO, U, True), (S, K, True)],
)
def test_taps_below_the_stride_do_not_overlap(step: Expr, tap: Index, found: bool) -> None:
    placement = at(mul(step, index(ROWS)), index(tap))
    slices = as_slices([placement], [ROWS, tap], CONSTANTS)
    assert slices is not None
    assert overlaps([placement], slices) is found
