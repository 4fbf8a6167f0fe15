"""Compare an array with its reference; whatever is not a right number is a failure."""

from __future__ import annotations

from typing import Any

import numpy as np

from symgrad.verification.report import Comparison

# float64 rounding in sums of a few hundred terms stays far below; a factor 1.001 far above
RELATIVE = 1e-8
# what rounding leaves of a value that is 0 by cancellation, per unit of the incoming gradient
ABSOLUTE = 1e-10


def compare(name: str, found: Any, reference: np.ndarray, unit: float = 1.0) -> Comparison:
    """Compare `found` with the reference; NaN entries of the reference are open and match anything.

    Args:
        name: what the array is called in the report.
        found: what the implementation returned.
        reference: the right values, float64.
        unit: the size of the incoming gradient; deviations below ABSOLUTE*unit are rounding.
    """
    trouble = _trouble(found, reference)
    if trouble:
        return Comparison(name, False, np.inf, message=f"{name} {trouble}")
    values = np.asarray(found, dtype=np.float64)
    finite = np.abs(reference[np.isfinite(reference)])
    size = float(finite.max(initial=0.0))
    deviation = _deviation(values, reference)
    if not deviation.size:
        return Comparison(name, True)
    worst = np.unravel_index(int(deviation.argmax()), deviation.shape)
    place = tuple(int(k) for k in worst)
    largest = float(deviation[place])
    return Comparison(
        name,
        largest <= RELATIVE * size + ABSOLUTE * unit,
        largest / size if size else largest,
        place,
        float(values[place]),
        float(reference[place]),
    )


def _trouble(found: Any, reference: np.ndarray) -> str:
    if found is None:
        return "is None"
    try:
        values = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        return f"is no array of numbers but {type(found).__name__}"
    if values.shape != reference.shape:
        return f"has shape {values.shape}, expected {reference.shape}"
    return ""


def _deviation(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return |values - reference|, inf where one is not finite and the other is not the same."""
    with np.errstate(invalid="ignore", over="ignore"):
        deviation = np.abs(values - reference)
    deviation = np.where(values == reference, 0.0, deviation)
    deviation = np.where(np.isnan(deviation), np.inf, deviation)
    return np.where(np.isnan(reference), 0.0, deviation)
