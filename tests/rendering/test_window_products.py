"""The functions that multiply windows agree with einsum, whatever the order and the block."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from symgrad.rendering.backends import BACKENDS
from symgrad.rendering.module import helper_sources

HELPERS = helper_sources(BACKENDS["numpy"].helpers)
USED = (
    "_add_window_products",
    "_block_bytes",
    "_most_work",
    "_pad",
    "_window_products",
    "_windows",
)
SOURCE = "\n\n".join(HELPERS[name] for name in USED)
BYTES = "1048576"
# what is changed in the functions, so that small arrays take every way through them
CHANGES = {
    "as it is": {},
    "blocks of one": {BYTES: "16"},
    "blocks of some": {BYTES: "400"},
    "as dots": {"sizes.get(last, 0) > 16": "last"},
    "as matrices": {"<= 64": "<= 0", BYTES: "400"},
    "tap by tap": {"set(moves[0]) == {1}": "False"},
    "tap by tap, in blocks": {"set(moves[0]) == {1}": "False", BYTES: "100"},
    "as windows": {"more <= most": "True", BYTES: "100"},
}
LENGTHS = {"n": 3, "o": 4, "c": 2, "g": 2, "i": 6, "j": 5, "k": 4, "u": 2, "v": 3, "t": 1}


@lru_cache
def function(name: str, change: str) -> Any:
    """Return one of the functions, changed in one of the ways."""
    source = SOURCE
    for old, new in CHANGES[change].items():
        assert old in source
        source = source.replace(old, new)
    names: dict[str, Any] = {"np": np, "lru_cache": lru_cache}
    exec(source, names)
    return names[name]


# subscripts, the letters that matrices are stacked along, the pairs (place, tap)
PRODUCTS = [
    ("ncijuv,ocuv->noij", "n", "iu jv"),
    ("ncijuv,noij->ocuv", "n", "iu jv"),
    ("nijcuv,uvco->nijo", "n", "iu jv"),
    ("nijcuv,nijo->uvco", "n", "iu jv"),
    ("ncijuv,cuv->ncij", "nc", "iu jv"),
    ("ncijuv,ncij->cuv", "nc", "iu jv"),
    ("nijcuv,cuv->nijc", "nc", "iu jv"),
    ("nijcuv,nijc->uvc", "nc", "iu jv"),
    ("ijuv,uv->ij", "", "iu jv"),
    ("ijuv,ij->uv", "", "iu jv"),
    ("iu,u->i", "", "iu"),
    ("nciu,nciu->", "", "iu"),
    ("ngciu,gocu->ngoi", "ng", "iu"),
    ("ngciu,ngoi->ogcu", "ng", "iu"),
    ("nciu,iocu->noi", "i", "iu"),
    ("nciu,noi->iocu", "i", "iu"),
    ("nciu,cu->ni", "n", "iu"),
    ("nciu,niu->nci", "ni", "iu"),
    ("nciu,nu->ic", "", "iu"),
    ("nciu,ou->ncoi", "nc", "iu"),
    ("ncijkuvt,ocuvt->noijk", "n", "iu jv kt"),
    ("ncijkuvt,cuvt->ncijk", "nc", "iu jv kt"),
    ("ncijkuvt,ncijk->cuvt", "nc", "iu jv kt"),
]
STEPS = [(1, 1), (2, 1), (1, 2), (3, 2)]


def windows(x: np.ndarray, letters: str, pairs: str, step: int, dilation: int) -> np.ndarray:
    """Return a view of windows of x, its axes the letters."""
    shape = [LENGTHS[letter] for letter in letters]
    strides = dict(zip(letters, x.strides, strict=False))
    steps = []
    for letter in letters:
        place = next((pair[0] for pair in pairs.split() if pair[1] == letter), None)
        placed = any(pair[0] == letter for pair in pairs.split())
        own = dilation * strides[place] if place else strides[letter] * (step if placed else 1)
        steps.append(own)
    return np.lib.stride_tricks.as_strided(x, shape, steps)


@pytest.mark.parametrize("change", [*CHANGES][:5])
@pytest.mark.parametrize(("subscripts", "lead", "pairs"), PRODUCTS)
def test_products_over_windows_are_those_of_einsum(
    subscripts: str, lead: str, pairs: str, change: str
) -> None:
    letters, others = subscripts.split("->")[0].split(",")
    rng = np.random.default_rng(3)
    taps = [pair[1] for pair in pairs.split()]
    whole = [letter for letter in letters if letter not in taps]
    for (step, dilation), order, backwards in product(STEPS, "CF", (False, True)):
        placed = {pair[0]: pair[1] for pair in pairs.split()}
        shape = [
            step * (LENGTHS[n] - 1) + dilation * (LENGTHS[placed[n]] - 1) + 1
            if n in placed
            else LENGTHS[n]
            for n in whole
        ]
        x = np.asarray(rng.normal(size=shape), order=order)  # type: ignore[call-overload]
        seen = windows(x, letters, pairs, step, dilation)
        if backwards:
            seen = seen[..., ::-1]
        other = rng.normal(size=[LENGTHS[n] for n in others])
        found = function("_window_products", change)(subscripts, seen, other, lead=lead)
        expected = np.einsum(subscripts, seen, other)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


# subscripts, and the axes that windows move along
SUMS = [
    ("noij,ocuv->ncijuv", (2, 3)),
    ("ncij,cuv->ncijuv", (2, 3)),
    ("nijo,uvco->nijcuv", (1, 2)),
    ("nijc,cuv->nijcuv", (1, 2)),
    ("i,u->iu", (0,)),
    ("ij,uv->ijuv", (0, 1)),
    ("ngoi,gocu->ngciu", (3,)),
    ("noijk,ocuvt->ncijkuvt", (2, 3, 4)),
    ("oi,ocu->ciu", (1,)),
    ("ino,uoc->cniu", (2,)),
    ("ni,nu->niu", (1,)),
]
PLACINGS = [
    ((1, 1, 1), (1, 1, 1), (0, 0, 0)),
    ((1, 1, 1), (2, 1, 3), (1, 2, 0)),
    ((2, 2, 2), (1, 1, 1), (0, 0, 0)),
    ((2, 1, 3), (1, 2, 1), (1, 0, 2)),
]


def placed_one_by_one(
    z: Any, products: Any, axis: Any, step: Any, dilation: Any, start: Any
) -> None:
    """Add each product to its place."""
    for tap in np.ndindex(*products.shape[z.ndim :]):
        target: list[slice] = [slice(None)] * z.ndim
        for n, own in enumerate(axis):
            first = start[n] + dilation[n] * tap[n]
            last = first + step[n] * (products.shape[own] - 1)
            target[own] = slice(first, last + 1, step[n])
        z[tuple(target)] += products[(..., *tap)]


@pytest.mark.parametrize(
    "change", [name for name in CHANGES if name not in ("as dots", "as matrices")]
)
@pytest.mark.parametrize(("subscripts", "axis"), SUMS)
@pytest.mark.parametrize("placing", PLACINGS)
def test_products_are_added_to_windows(
    subscripts: str, axis: tuple[int, ...], placing: Any, change: str
) -> None:
    given, kept = subscripts.split("->")
    left, right = given.split(",")
    step, dilation, start = (part[: len(axis)] for part in placing)
    if change == "as windows" and set(step) != {1}:
        pytest.skip("windows that move by 1 only")
    rng = np.random.default_rng(4)
    x = rng.normal(size=[LENGTHS[n] for n in left])
    other = rng.normal(size=[LENGTHS[n] for n in right])
    shape = [LENGTHS[n] for n in kept[: len(kept) - len(axis)]]
    for n, own in enumerate(axis):
        tap = LENGTHS[kept[len(shape) + n]]
        shape[own] = start[n] + step[n] * (shape[own] - 1) + dilation[n] * (tap - 1) + 2
    before = rng.normal(size=shape)
    expected, found = before.copy(), before.copy()
    placed_one_by_one(expected, np.einsum(subscripts, x, other), axis, step, dilation, start)
    options = {"axis": axis, "step": step, "dilation": dilation, "start": start}
    if len(axis) == 1:
        options = {name: value[0] for name, value in options.items()}
    function("_add_window_products", change)(found, subscripts, x, other, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_what_is_not_finite_stays_at_its_places(bad: float) -> None:
    x, other = np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3))
    other[0, 0, 0, 0] = bad
    found, expected = np.zeros((1, 1, 7, 7)), np.zeros((1, 1, 7, 7))
    function("_add_window_products", "as it is")(found, "noij,ocuv->ncijuv", x, other, axis=(2, 3))
    products = np.einsum("noij,ocuv->ncijuv", x, other)
    placed_one_by_one(expected, products, (2, 3), (1, 1), (1, 1), (0, 0))
    np.testing.assert_array_equal(found, expected)
    assert np.isfinite(found).any()
