"""The aims, as ratios of times, and which of them the results reach."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.speed import Result


@dataclass(frozen=True)
class Aim:
    """A bound for the ratio of two contenders' times.

    Attributes:
        contender, over: whose times.
        mean: bound of the geometric mean, or None.
        each: bound of every case, or None.
        allocator: the setting it is meant for; "" for every one.
        without_products: only cases without a matrix product count.
    """

    contender: str
    over: str
    mean: float | None = None
    each: float | None = None
    allocator: str = ""
    without_products: bool = False


AIMS = (
    Aim("numpy", "expert", mean=1.0, each=1.05),
    Aim("numpy", "torch", mean=0.95, allocator="default"),
    Aim("buffers", "torch", mean=0.80, allocator="default"),
    Aim("buffers", "torch", mean=0.95, allocator="warm"),
    Aim("numpy", "jax", mean=0.70),
    Aim("numpy", "book", mean=0.40),
    Aim("numba", "torch", mean=0.40, allocator="default"),
    Aim("numba", "torch", mean=0.50, allocator="warm"),
    Aim("numba", "jax", mean=0.35),
    Aim("numba", "torch", each=1.2, without_products=True),
    Aim("numba", "numpy", each=1.0),
)
BANDWIDTH = 1.5  # times the triad's time, for the fused backend where memory is the limit


def geometric_mean(ratios: Sequence[float]) -> float:
    """Return the geometric mean; NaN of none."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else math.nan


def ratios(results: Sequence[Result], contender: str, over: str) -> list[tuple[Result, float]]:
    """Return the ratio of each result that has both times."""
    found = ((result, result.ratio(contender, over)) for result in results)
    return [(result, ratio) for result, ratio in found if ratio is not None]


def verdicts(results: Sequence[Result], allocator: str) -> Iterator[str]:
    """Yield a line for each aim, and one for each case above it."""
    for aim in AIMS:
        if aim.allocator not in ("", allocator):
            continue
        found = [
            (result, ratio)
            for result, ratio in ratios(results, aim.contender, aim.over)
            if not (aim.without_products and result.product)
        ]
        if not found:
            continue
        what = f"{aim.contender} over {aim.over}"
        if aim.mean is not None:
            mean = geometric_mean([ratio for _, ratio in found])
            reached = "reached" if mean <= aim.mean else "missed"
            yield f"{reached}: {what}, geometric mean {mean:.3f}, aim {aim.mean:.2f}"
        if aim.each is not None:
            scope = " without matrix products" if aim.without_products else ""
            above = sorted(
                ((result, ratio) for result, ratio in found if ratio > aim.each),
                key=lambda pair: -pair[1],
            )
            reached = "reached" if not above else "missed"
            yield (
                f"{reached}: {what}, at most {aim.each:.2f} in every row{scope}:"
                f" {len(above)} of {len(found)} above"
            )
            for result, ratio in above:
                yield f"    {ratio:5.2f}  {result.row}, {result.size}, {result.dtype}"


def bandwidth(results: Sequence[Result], triad: float) -> Iterator[str]:
    """Yield the times over the bandwidth limit, of large cases without a matrix product."""
    for result in results:
        if result.product or result.size != "large" or "numba" not in result.seconds:
            continue
        ratio = result.seconds["numba"] * triad / result.traffic
        mark = "" if ratio <= BANDWIDTH else "  above the aim"
        yield f"    {ratio:5.2f}  {result.row}, {result.dtype}{mark}"
