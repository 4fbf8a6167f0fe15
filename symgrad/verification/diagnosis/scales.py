"""Name the factor between two arrays: a number, or a length, as several samples show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, product

import numpy as np

from symgrad.verification.diagnosis.trials import Trial

_SAME = 1e-6
_LARGEST_DENOMINATOR = 12
# the most lengths whose product is tried, and the most that a quotient has above or below
_MOST_FACTORS = 4
_MOST_IN_QUOTIENT = 3

Values = Mapping[str, np.ndarray]


def factor_between(found: np.ndarray, right: np.ndarray) -> float | None:
    """Return c with found = c*right, the best one; None where right is 0 or not finite."""
    good = np.isfinite(found) & np.isfinite(right)
    weight = float(np.sum(right[good] ** 2))
    return float(np.sum(found[good] * right[good])) / weight if weight else None


def name_of_factors(factors: Sequence[float], trials: Sequence[Trial]) -> str | None:
    """Return a name for the factor that each trial showed; None where nothing explains them.

    A constant comes first, then a length, a scalar or a constant of the layer, their products and
    quotients, roots and squares, and what a variance over a sample is divided by.
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
    named = {
        name: np.array([float(trial.lengths[name]) for trial in trials])
        for name in trials[0].lengths
    }
    named = {n: v for n, v in named.items() if np.all(v != 0) and len(set(v.tolist())) > 1}
    sizes = {name: values for name, values in named.items() if name.startswith("size")}
    yield from _quotients(named)
    yield from _powers(named)
    yield from _less_one(sizes)


def _quotients(named: Values) -> Iterator[tuple[str, np.ndarray]]:
    """Yield products of lengths and quotients of such products, the shortest first."""
    for count in range(1, _MOST_FACTORS + 1):
        for chosen in combinations(named, count):
            signs = product((1, -1), repeat=count)
            for sign in signs if count <= _MOST_IN_QUOTIENT else ((1,) * count, (-1,) * count):
                above = [name for name, s in zip(chosen, sign, strict=True) if s > 0]
                below = [name for name, s in zip(chosen, sign, strict=True) if s < 0]
                yield _quotient(above, below), _product(named, above) / _product(named, below)


def _powers(named: Values) -> Iterator[tuple[str, np.ndarray]]:
    """Yield squares, roots of positive products, and their inverses."""
    for count in range(1, _MOST_FACTORS + 1):
        for chosen in combinations(named, count):
            values = _product(named, chosen)
            words = [f"{name}^2" for name in chosen]
            yield _quotient(words, []), values**2
            yield _quotient([], words), 1 / values**2
            if np.all(values > 0):
                root = f"sqrt({'*'.join(chosen)})"
                yield root, np.sqrt(values)
                yield f"1/{root}", 1 / np.sqrt(values)


def _less_one(sizes: Values) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what is made of a number of entries and that number less 1."""
    for count in range(1, _MOST_FACTORS):
        for chosen in combinations(sizes, count):
            values, name = _product(sizes, chosen), "*".join(chosen)
            if np.all(values > 1):
                yield f"{name}/({name} - 1)", values / (values - 1)
                yield f"({name} - 1)/{_bracketed(chosen)}", (values - 1) / values
                yield f"({name} - 1)", values - 1
                yield f"1/({name} - 1)", 1 / (values - 1)


def _product(named: Values, chosen: Sequence[str]) -> np.ndarray:
    values: np.ndarray = np.prod([named[name] for name in chosen], axis=0)
    return values


def _quotient(above: Sequence[str], below: Sequence[str]) -> str:
    top = "*".join(above) or "1"
    return f"{top}/{_bracketed(below)}" if below else top


def _bracketed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({'*'.join(names)})"


def _times(number: float, name: str) -> str:
    text = number_text(number)
    if not name:
        return text
    if text == "1":
        return name
    if text == "-1":
        return f"-{name}"
    top, _, bottom = text.partition("/")
    if not name.startswith("1/"):
        plain = top in ("1", "-1") and bottom and "/" not in name
        return f"{top[:-1]}{name}/{bottom}" if plain else f"{text}*{name}"
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
