"""Compare the contenders' numbers with one another before their time is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# largest difference that counts as equal, over the largest value of the array
TOLERANCES = {"float32": 3e-4, "float64": 1e-9}
Arrays = Sequence[Any]


def difference(found: Arrays, reference: Arrays, names: Sequence[str]) -> tuple[float, str]:
    """Return the largest difference over each array's largest value, and where it is.

    Arrays of other shapes, or another number of them, differ infinitely; so does a NaN.
    """
    import numpy as np

    if len(found) != len(reference):
        return np.inf, f"{len(found)} arrays in place of {len(reference)}"
    worst, place = 0.0, ""
    for name, one, other in zip(names, found, reference, strict=True):
        if np.shape(one) != np.shape(other):
            return np.inf, f"{name} of shape {np.shape(one)} in place of {np.shape(other)}"
        if np.size(one) == 0:
            continue
        scale = max(float(np.abs(other).max()), float(np.finfo(np.asarray(other).dtype).tiny))
        error = float(np.abs(one - other).max()) / scale
        if not error <= worst:
            worst, place = error if error == error else np.inf, name
    return worst, place


def wrong_ones(results: Mapping[str, Arrays], names: Sequence[str], dtype: str) -> dict[str, str]:
    """Return those that disagree with the majority, and how.

    Args:
        results: outputs and gradients of each contender.
        names: what those arrays are called.
        dtype: the type of the case, which sets the tolerance.

    The reference is the first contender with which more than half of all agree; where there is
    none, the one with which most agree. Two that disagree are both wrong.
    """
    best: dict[str, str] = {}
    fewest = len(results) + 1
    for reference, arrays in results.items():
        wrong = {}
        for name, found in results.items():
            error, place = difference(found, arrays, names)
            if not error <= TOLERANCES[dtype]:
                wrong[name] = f"{place} is off by {error:.1e} from {reference}"
        if len(wrong) < fewest:
            best, fewest = wrong, len(wrong)
        if 2 * len(wrong) < len(results):
            return wrong
    if results and fewest >= len(results) - 1:
        return dict.fromkeys(results, "no two contenders agree")
    return best
