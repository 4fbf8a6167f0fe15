"""Squared distances are accurate at every pair, however close, and gradients at every offset."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symgrad import build

EPS = {dtype: float(np.finfo(dtype).eps) for dtype in (np.float32, np.float64)}
# units of eps: a matrix product is taken above 1/32 of its terms, each wrong by an eps or two
UNITS = 64
DTYPES = [np.float32, np.float64]


def exact(x: Any, z: Any, weight: Any = 1) -> Any:
    """Return sum_k weight*(x_ik - z_jk)^2 in long doubles, as the formula has it."""
    wide = np.longdouble
    with np.errstate(all="ignore"):
        gaps = np.asarray(x, wide)[:, None] - np.asarray(z, wide)
        return (np.asarray(weight, wide) * gaps**2).sum(axis=2)


def product(x: Any, z: Any) -> Any:
    """Return the distances by a matrix product, the way that loses digits."""
    d = np.vecdot(x, x)[:, None] + np.vecdot(z, z) - 2 * x @ z.T
    return np.maximum(d, 0)


def require_close(d: Any, wanted: Any, dtype: Any, units: float = UNITS) -> None:
    """Compare relative to each entry; what overflows, underflows or is NaN is that in both."""
    info = np.finfo(dtype)
    assert d.dtype == dtype
    np.testing.assert_array_equal(np.isnan(d), np.isnan(wanted))
    np.testing.assert_array_equal(np.isinf(d), abs(wanted) > info.max)
    finite = np.isfinite(d)
    error = abs(d[finite] - wanted[finite])
    tiny = 100 * float(info.smallest_subnormal)
    assert (error <= units * float(info.eps) * abs(wanted[finite]) + tiny).all()


# --- data: so many pairs of rows that a matrix product is taken ----------------------------------

Rows = Callable[[np.random.Generator, int], Any]
ROWS: dict[str, Rows] = {
    "normal": lambda rng, depth: rng.normal(size=(130, depth)),
    "offset": lambda rng, depth: rng.normal(size=(130, depth)) + 1e4,
    "clusters": lambda rng, depth: (
        rng.normal(size=(130, depth)) * 1e-3 + 1e3 * rng.integers(0, 5, size=(130, 1))
    ),
    "one line": lambda rng, depth: np.linspace(-1, 1, 130)[:, None] + np.zeros(depth),
    "many scales": lambda rng, depth: 10 ** rng.uniform(-9, 9, size=(130, depth)),
    "large": lambda rng, depth: rng.normal(size=(130, depth)) * 1e18,
    "tiny": lambda rng, depth: rng.normal(size=(130, depth)) * 1e-17,
    "overflow": lambda rng, depth: rng.normal(size=(130, depth)) * 3e19,
    "whole": lambda rng, depth: rng.integers(0, 2, size=(130, depth)),
    "constant": lambda rng, depth: np.full((130, depth), 7.1),
}


def sample(name: str, dtype: Any, depth: int) -> tuple[Any, Any]:
    """Return two arrays of rows, with outliers and rows in both."""
    x = ROWS[name](np.random.default_rng(5), depth).astype(dtype)
    x[3] = x[100] = x[4]
    x[120] *= dtype(1e9)
    return x[:70], x[70:]


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [4, 17, 64])
@pytest.mark.parametrize("name", ROWS)
def test_every_distance_has_a_small_relative_error(name: str, depth: int, dtype: Any) -> None:
    x, z = sample(name, dtype, depth)
    # on one line all products of a row are alike, and round alike: the worst case
    units = 48 * (depth + 3) if name == "one line" else UNITS
    layer = build("d_ij = sum_k (x_ik - z_jk)^2")()
    require_close(layer.forward(x, z), exact(x, z), dtype, units)
    require_close(layer.forward(x, x), exact(x, x), dtype, units)


@pytest.mark.parametrize("name", ["offset", "clusters", "one line", "many scales"])
def test_the_data_shows_what_a_matrix_product_loses(name: str) -> None:
    x, z = sample(name, np.float64, 17)
    with pytest.raises(AssertionError):
        require_close(product(x, z), exact(x, z), np.float64)


def test_an_outlier_far_away_leaves_small_distances_exact() -> None:
    x, z = np.array([[0.0], [1.0], [1e9]]), np.array([[0.0], [2.0]])
    d = build("d_ij = sum_k (x_ik - z_jk)^2")().forward(x, z)
    np.testing.assert_array_equal(d, [[0, 4], [1, 1], [1e18, (1e9 - 2) ** 2]])


def test_equal_rows_have_distance_0() -> None:
    x = (np.random.default_rng(4).normal(size=(60, 9)) + 300).astype(np.float32)
    d = build("d_ij = sqrt(sum_k (x_ik - x_jk)^2)")().forward(x)
    np.testing.assert_array_equal(np.diag(d), 0)
    assert (d + np.eye(60) > 0).all()


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_what_is_not_finite_stays_in_its_row_and_column(backend: str) -> None:
    x, z = sample("clusters", np.float32, 17)
    x[5], x[6, 2], x[7, 1], z[8, 2] = np.nan, np.inf, -np.inf, np.inf
    layer = build("d_ij = sum_k (x_ik - z_jk)^2", backend=backend)()
    require_close(layer.forward(x, z), exact(x, z), np.float32)
    x, z = sample("clusters", np.float32, 17)
    x[5] = np.nan
    layer.forward(x, z)
    dx, dz = layer.backward(np.ones((70, 60), np.float32))
    assert np.isnan(dx[5]).all()
    assert np.isfinite(np.delete(dx, 5, 0)).all()
    assert np.isnan(dz).all()


# --- the family ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("subscripts", ["k", "ik", "jk"])
def test_weights_keep_the_accuracy(subscripts: str, dtype: Any) -> None:
    x, z = sample("clusters", dtype, 17)
    shape = {"k": (17,), "ik": (70, 17), "jk": (60, 17)}[subscripts]
    w = np.random.default_rng(6).uniform(0.1, 2, shape).astype(dtype)
    wide = {"k": w, "ik": w.reshape(-1, 1, 17), "jk": w}[subscripts]
    layer = build(f"d_ij = sum_k w_{subscripts}*(x_ik - z_jk)^2")()
    require_close(layer.forward(w, x, z), exact(x, z, wide), dtype)


def test_weights_of_both_signs_lose_only_what_their_sum_does() -> None:
    x, z = sample("clusters", np.float64, 17)
    w = np.random.default_rng(6).normal(size=17)
    d = build("d_ij = sum_k w_k*(x_ik - z_jk)^2")().forward(w, x, z)
    assert (abs(d - exact(x, z, w)) <= UNITS * EPS[np.float64] * exact(x, z, abs(w))).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_keep_the_accuracy(dtype: Any) -> None:
    x, z = sample("clusters", dtype, 17)
    d = build("d_ij = sum_k (x_ik + z_jk)^2")().forward(x, -z)
    require_close(d, exact(x, z), dtype)
    d = build("d_ji = sum_k (2*x_ik - z_jk)^2")().forward(x, 2 * z)
    require_close(d, 4 * exact(x, z).T, dtype)


# formula, and the axes of x, z, a weight and the result
FORMS = [
    ("d_nij = sum_k (x_nik - z_njk)^2", "nik,njk,,nij"),
    ("d_nij = sum_{k,l} (x_nikl - z_njkl)^2", "nikl,njkl,,nij"),
    ("d_inj = sum_k (x_nik - z_jk)^2", "nik,jk,,inj"),
    ("d_ijn = sum_{k,l} w_kl*(x_nikl - z_jkl)^2", "nikl,jkl,kl,ijn"),
    ("d_nij = sum_k w_nk*(x_nik - z_njk)^2", "nik,njk,nk,nij"),
    ("d_nij = sum_k w_ik*(x_nik - z_njk)^2", "nik,njk,ik,nij"),
    ("d_nij = sum_k w_j*(x_nik - z_njk)^2", "nik,njk,j,nij"),
    ("l_i = sum_{j,k} w_ij*(x_ik - z_jk)^2", "ik,jk,ij,i"),
    ("l_k = sum_{i,j} w_j*(x_ik - z_jk)^2", "ik,jk,j,k"),
    ("l_i = sum_{j,k} (x_ik - z_jk)^2", "ik,jk,,i"),
    ("l_j = sum_{i,k} (x_ik - z_jk)^2", "ik,jk,,j"),
    ("l_ni = sum_{j,k} (x_nik - z_njk)^2", "nik,njk,,ni"),
    ("l = sum_{i,j,k} (x_ik - z_jk)^2", "ik,jk,,"),
    ("l_i = sum_{j,k} where(j <= i, 1, 0)*(x_ik - z_jk)^2", "ik,jk,tri,i"),
    ("l_i = sum_{j,k: j <= i} (x_ik - z_jk)^2", "ik,jk,tri,i"),
    ("l_n = sum_{i,j,k} w_ij*(x_nik - z_njk)^2", "nik,njk,ij,n"),
]


def wide_sum(axes: list[str], arrays: list[Any]) -> Any:
    """Return the weighted sum of squared differences over the axes that the result lacks."""
    x_axes, z_axes, w_axes, out = axes
    letters = "".join(dict.fromkeys(x_axes + z_axes + w_axes))
    wide = [np.asarray(array, np.longdouble) for array in arrays]
    ones = [np.ones(SIZES[letter], np.longdouble) for letter in letters]
    spread = [
        np.einsum(f"{own},{','.join(letters)}->{letters}", array, *ones)
        for own, array in zip((x_axes, z_axes, w_axes), wide, strict=True)
    ]
    return np.einsum(f"{letters}->{out}", spread[2] * (spread[0] - spread[1]) ** 2)


SIZES = {"n": 3, "i": 40, "j": 30, "k": 6, "l": 4}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("formula", "axes"), FORMS)
def test_each_form_is_accurate(formula: str, axes: str, dtype: Any) -> None:
    rng = np.random.default_rng(8)
    x_axes, z_axes, w_axes, out = axes.split(",")
    masked = w_axes == "tri"
    w_axes = "ij" if masked else w_axes

    def rows(letters: str) -> Any:
        shape = [SIZES[letter] for letter in letters]
        summed = len(letters) - letters.index("k")
        groups = rng.integers(0, 3, size=(*shape[:-summed], *[1] * summed))
        return (rng.normal(size=shape) * 0.01 + 50 * groups + 1000).astype(dtype)

    x, z = rows(x_axes), rows(z_axes)
    w = rng.uniform(0.5, 2, [SIZES[letter] for letter in w_axes]).astype(dtype)
    if masked:
        w = np.tri(SIZES["i"], SIZES["j"], dtype=dtype)
    elif not w_axes:
        w = np.ones((), dtype)
    layer = build(formula)()
    given = {"w": w, "x": x, "z": z}
    names = [name for name in layer.forward.__code__.co_varnames[1:4] if name in given]
    names = [name for name in names if name != "w" or (w_axes and not masked)]
    d = np.asarray(layer.forward(**{name: given[name] for name in names}))
    wanted = wide_sum([x_axes, z_axes, w_axes, out], [x, z, w])
    units = UNITS if formula.startswith("d_") else 1000
    require_close(d, wanted, dtype, units)


@pytest.mark.parametrize("shape", [(0, 3, 2), (3, 0, 2), (3, 2, 0), (1, 1, 1), (200, 1, 90)])
@pytest.mark.parametrize("dtype", [np.float16, *DTYPES])
def test_extents_of_0_and_1(shape: tuple[int, int, int], dtype: Any) -> None:
    i, j, k = shape
    rng = np.random.default_rng(2)
    x, z = rng.normal(size=(i, k)).astype(dtype), rng.normal(size=(j, k)).astype(dtype)
    layer = build("d_ij = sum_k (x_ik - z_jk)^2")()
    require_close(layer.forward(x, z), exact(x, z), dtype)
    dx, dz = layer.backward(np.ones((i, j), dtype))
    assert (dx.shape, dz.shape) == ((i, k), (j, k))


def test_half_precision_keeps_what_it_can() -> None:
    rng = np.random.default_rng(3)
    x, z = (rng.normal(size=(60, 17)).astype(np.float16) + np.float16(200) for _ in range(2))
    d = build("d_ij = sum_k (x_ik - z_jk)^2")().forward(x, z)
    require_close(d, exact(x, z), np.float16, 1)


def test_memory_stays_bounded_where_all_pairs_are_close() -> None:
    x = np.random.default_rng(3).normal(size=(400, 64)) * 1e-6
    x[::2] += 1e3 * np.arange(200)[:, None]
    x[1::2] = x[::2]
    layer = build("d_ij = sum_k (x_ik - z_jk)^2")()
    z = np.full_like(x, x[0, 0])
    layer.forward(x, z)
    tracemalloc.start()
    layer.forward(x, z)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 400 * 400 * 8


# --- gradients -----------------------------------------------------------------------------------


def gradient_error(dtype: Any, rows: Any, formula: str, slope: Callable[[Any], Any]) -> float:
    """Return the largest error of dx in units of eps*sum_j |g_ij|*|x_ik - z_jk|."""
    x, z = rows[:70].astype(dtype), rows[70:].astype(dtype)
    g = np.random.default_rng(9).normal(size=(70, 60)).astype(dtype)
    layer = build(formula)()
    layer.forward(x, z)
    dx, _ = layer.backward(g)
    gaps = np.asarray(x, np.longdouble)[:, None] - z
    weighted = (g * slope((gaps**2).sum(axis=2)))[:, :, None] * gaps
    scale = EPS[dtype] * abs(weighted).sum(axis=1)
    return float((abs(dx - weighted.sum(axis=1)) / np.maximum(scale, 1e-300)).max())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("formula", "slope"),
    [
        ("d_ij = sum_k (x_ik - z_jk)^2", lambda d: 2 + 0 * d),
        ("y_ij = exp(-0.5*sum_k (x_ik - z_jk)^2)", lambda d: -np.exp(-d / 2)),
    ],
)
def test_gradients_are_accurate_at_an_offset_and_beside_an_outlier(
    formula: str, slope: Callable[[Any], Any], dtype: Any
) -> None:
    rows = np.random.default_rng(7).normal(size=(130, 4))
    assert gradient_error(dtype, rows, formula, slope) < 40
    offset = (rows + 1e4).astype(np.float32).astype(float)
    assert gradient_error(dtype, offset, formula, slope) < 40
    if "exp" in formula:
        rows[5] = 1e9  # its weights are 0
        assert gradient_error(dtype, rows, formula, slope) < 40
