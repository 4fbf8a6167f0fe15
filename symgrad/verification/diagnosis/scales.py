"""Name the factor between two arrays: a number, or a length, as several samples show."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from symgrad.verification.diagnosis.trials import Trial

_SAME = 1e-6
_LARGEST_DENOMINATOR = 12


def factor_between(found: np.ndarray, right: np.ndarray) -> float | None:
    """Return c with found = c*right, the best one; None where right is 0 or not finite."""
    good = np.isfinite(found) & np.isfinite(right)
    weight = float(np.sum(right[good] ** 2))
    return float(np.sum(found[good] * right[good])) / weight if weight else None


def name_of_factors(factors: Sequence[float], trials: Sequence[Trial]) -> str | None:
    """Return a name for the factor that each trial showed; None where nothing explains them.

    A constant comes first, then a length or a scalar, its inverse, products and quotients of two.
    """
    for name, values in _candidates(trials):
        ratios = np.array(factors) / values
        if np.allclose(ratios, ratios[0], rtol=_SAME, atol=0):
            return _times(float(ratios[0]), name)
    return None


def _candidates(trials: Sequence[Trial]) -> Iterator[tuple[str, np.ndarray]]:
    yield "", np.ones(len(trials))
    if len(trials) < 2:
        return
    lengths = {
        name: np.array([float(trial.lengths[name]) for trial in trials])
        for name in trials[0].lengths
    }
    lengths = {n: v for n, v in lengths.items() if np.all(v != 0) and len(set(v.tolist())) > 1}
    for name, values in lengths.items():
        yield name, values
        yield f"1/{name}", 1 / values
    for (one, left), (other, right) in itertools.combinations(lengths.items(), 2):
        yield f"{one}*{other}", left * right
        yield f"1/({one}*{other})", 1 / (left * right)
        yield f"{one}/{other}", left / right
        yield f"{other}/{one}", right / left
    for three in itertools.combinations(lengths, 3):
        product = np.prod([lengths[name] for name in three], axis=0)
        yield "*".join(three), product
        yield f"1/({'*'.join(three)})", 1 / product
    for name, values in lengths.items():
        if not name.startswith("size"):
            continue
        yield f"sqrt({name})", np.sqrt(values)
        yield f"1/sqrt({name})", 1 / np.sqrt(values)
        if np.all(values > 1):
            yield f"{name}/({name} - 1)", values / (values - 1)
            yield f"({name} - 1)/{name}", (values - 1) / values
            yield f"({name} - 1)", values - 1


def _times(number: float, name: str) -> str:
    text = number_text(number)
    if not name:
        return text
    if text == "1":
        return name
    if text == "-1":
        return f"-{name}"
    if not name.startswith("1/"):
        return f"{text}*{name}"
    top, _, bottom = text.partition("/")
    below = divisor_of(name)
    return f"{top}/({bottom}*{below})" if bottom else f"{top}{name[1:]}"


def divisor_of(name: str) -> str:
    """Return what stands behind `1/`, without the brackets around all of it."""
    return name[3:-1] if name.startswith("1/(") else name[2:]


def number_text(number: float) -> str:
    """Return a number as a person writes it: 2, -1/3, 1.001."""
    near = Fraction(number).limit_denominator(_LARGEST_DENOMINATOR)
    if near and abs(float(near) - number) <= _SAME * abs(number):
        return str(near)
    return f"{number:.6g}"
