"""The functions of kernels are as accurate as they say, on dense inputs and at their ends."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from symgrad.rendering.backends import BACKENDS
from symgrad.rendering.module import _imports, helper_sources, used_helpers

# the bound in units in the last place that the docstring states, and the exact function
BOUNDS = {
    "_exp": (1, mpmath.exp),
    "_expm1": (2, mpmath.expm1),
    "_log": (1, mpmath.log),
    "_log1p": (2, mpmath.log1p),
    "_tanh": (3, mpmath.tanh),
    "_logistic": (3, lambda x: 1 / (1 + mpmath.exp(-x))),
    "_soft_plus": (2, lambda x: mpmath.log1p(mpmath.exp(x))),
    "_error_function": (3, mpmath.erf),
}
# of the same functions in long double, for many inputs
DENSE = {
    "_exp": np.exp,
    "_expm1": np.expm1,
    "_log": np.log,
    "_log1p": np.log1p,
    "_tanh": np.tanh,
}


LOOP = """
@_kernel
def all{0}(x, y):
    for i in range(x.size):
        y[i] = {0}(x[i])
"""


@pytest.fixture(scope="module")
def functions():
    """Return a compiled loop over each function."""
    calls = "\n".join(f"{name}(" for name in BOUNDS)
    helpers = used_helpers(f"@_kernel\n{calls}", helper_sources(("numba",)))
    text = "\n\n\n".join(helpers)
    loops = [LOOP.format(name) for name in BOUNDS]
    source = "\n".join([*_imports(BACKENDS["numba"], text), text, *loops])
    namespace: dict[str, object] = {"__name__": "functions"}
    exec(compile(source, "<functions>", "exec"), namespace)
    return {name: namespace[f"all{name}"] for name in BOUNDS}


def edges(dtype):
    """Return the ends of the type, of overflow and of underflow, signed zeros and what is none."""
    info = np.finfo(dtype)
    last = np.log(np.float64(info.max))
    least = np.log(np.float64(info.smallest_subnormal))
    ends = [0.0, info.max, info.tiny, info.smallest_subnormal, 1.0, 0.5, last, least, np.inf]
    near = [value * factor for value in (last, least, 1.0, 1e-8) for factor in (0.999, 1.001)]
    found = np.array([*ends, *near, info.eps, info.eps / 4, 2.0**30, 2.0**60], dtype)
    return np.concatenate([found, -found, np.array([np.nan], dtype)])


def ordinary(dtype, count, seed=1):
    """Return values of all sizes, most of them where the functions bend."""
    random = np.random.default_rng(seed)
    parts = [
        random.normal(size=count),
        random.uniform(-6, 6, count),
        random.uniform(-700, 700, count),
        random.uniform(0.5, 2.0, count),
        10.0 ** random.uniform(-30, 2, count) * random.choice([-1, 1], count),
    ]
    return np.concatenate(parts).astype(dtype)


def errors(found, exact, dtype):
    """Return the distances in units in the last place of the exact values."""
    rounded = exact.astype(dtype)
    with np.errstate(all="ignore"):
        unit = np.spacing(np.abs(rounded)).astype(np.longdouble)
        distance = np.abs(found.astype(np.longdouble) - exact) / unit
    same = (found == rounded) | (np.isnan(found) & np.isnan(exact))
    return np.where(same, 0, distance)


def exact_values(function, x, dtype):
    """Return a function's values to more digits than a long double has."""
    mpmath.mp.dps = 40
    return np.array([exact_value(function, float(value)) for value in x], np.longdouble)


def exact_value(function, value):
    """Return one value; NaN where there is no real one, infinity or 0 beyond all types."""
    if np.isnan(value):
        return np.longdouble("nan")
    try:
        result = function(mpmath.mpf(value))
    except ZeroDivisionError:
        return np.longdouble("nan")
    if not isinstance(result, mpmath.mpf):
        return np.longdouble("nan")
    if abs(result) > mpmath.mpf(2) ** 2000:
        return np.longdouble("inf" if result > 0 else "-inf")
    return np.longdouble(mpmath.nstr(result, 30) if abs(result) > mpmath.mpf(2) ** -2000 else 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", BOUNDS)
def test_the_error_stays_under_the_bound(functions, name, dtype):
    bound, function = BOUNDS[name]
    x = np.concatenate([ordinary(dtype, 60), edges(dtype)])
    found = np.empty_like(x)
    functions[name](x, found)
    exact = exact_values(function, x, dtype)
    with np.errstate(all="ignore"):
        worst = errors(found, exact, dtype)
    assert worst.max() <= bound, (x[worst.argmax()], found[worst.argmax()])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", DENSE)
def test_the_error_stays_under_the_bound_on_many_inputs(functions, name, dtype):
    x = ordinary(dtype, 40_000)
    found = np.empty_like(x)
    functions[name](x, found)
    with np.errstate(all="ignore"):
        exact = DENSE[name](x.astype(np.longdouble))
        worst = errors(found, exact, dtype)
    assert worst.max() <= BOUNDS[name][0], x[worst.argmax()]


@pytest.mark.parametrize("name", ["_expm1", "_log1p", "_tanh", "_error_function"])
def test_signed_zeros_stay(functions, name):
    x = np.array([0.0, -0.0])
    found = np.empty_like(x)
    functions[name](x, found)
    np.testing.assert_array_equal(np.signbit(found), [False, True])


def test_a_wrong_value_is_seen():
    exact = np.array([1.0, 2.0], np.longdouble)
    found = np.array([1.0, np.nextafter(2.0, 3.0)])
    np.testing.assert_allclose(errors(found, exact, np.float64), [0, 1])
