"""Running sums of large arrays are those of NumPy, and no less accurate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symgrad.rendering.backends import BACKENDS
from symgrad.rendering.module import helper_sources

NAMES: dict[str, Any] = {"np": np}
exec(helper_sources(BACKENDS["numpy"].helpers)["_cumsum"], NAMES)
CASES = [
    ((300, 700), 1),
    ((300, 701), 1),
    ((700, 300), 0),
    ((40, 100, 80), 1),
    ((40, 30, 100), 2),
    ((1, 40000), 1),
    ((40000,), 0),
    ((40000, 2), 0),
    ((3, 5), 1),
    ((0, 5), 1),
    ((5, 0), 1),
]


def plain(x: np.ndarray, axis: int, reverse: bool) -> np.ndarray:
    """Return NumPy's running sums."""
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("shape", "axis"), CASES)
def test_running_sums_are_as_accurate_as_those_of_numpy(
    shape: tuple[int, ...], axis: int, dtype: type, reverse: bool
) -> None:
    x = np.random.default_rng(5).uniform(-0.5, 1.5, shape).astype(dtype)
    for array in (x, np.asfortranarray(x), x[..., ::-1]):
        found = NAMES["_cumsum"](array, axis=axis, reverse=reverse)
        expected = plain(array, axis, reverse)
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        exact = plain(array.astype(np.longdouble), axis, reverse)
        error, allowed = (np.abs(y - exact).max(initial=0) for y in (found, expected))
        assert error <= 1.1 * allowed


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("bad", [[np.inf], [np.nan], [np.inf, -np.inf], [3e38, 3e38, -3e38]])
def test_sums_that_are_not_finite_reach_no_earlier_place(
    bad: list[float], axis: int, reverse: bool
) -> None:
    x = np.random.default_rng(6).normal(size=(400, 400)).astype(np.float32)
    for n, value in enumerate(bad):
        x[200 + n, 200 + n] = value
        x[10, 200 + n] = value
        x[200 + n, 10] = value
    with np.errstate(all="ignore"):
        found, expected = NAMES["_cumsum"](x, axis=axis, reverse=reverse), plain(x, axis, reverse)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_a_large_array_with_infinities_gives_no_warning() -> None:
    x = np.ones((300, 700), np.float32)
    x[5, 5] = np.inf
    with np.errstate(all="raise"):
        assert np.isinf(NAMES["_cumsum"](x, axis=1)[5, 5:]).all()
