"""Measure forward + backward of each case by every contender that can compute it rightly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.comparison import wrong_ones
from benchmarks.contenders import CONTENDERS, Entry, Unavailable, incoming
from benchmarks.measuring import STATISTICS, Protocol, measure
from benchmarks.rows import Case


@dataclass
class Result:
    """What was measured of a case.

    Attributes:
        row, size, dtype: the case.
        shapes: of the inputs.
        product: does the layer contain a matrix product?
        traffic: bytes that must move at least: forward reads the inputs and writes the outputs,
            backward reads the inputs and the incoming gradients, and writes the gradients.
        seconds: of a call, for each contender.
        details: samples, those of clean visits among them, and the fastest, for each.
        wrong: contenders left out for their numbers, and how these differ.
        absent: contenders that did not take part, and why.
    """

    row: str
    size: str
    dtype: str
    shapes: dict[str, tuple[int, ...]]
    product: bool
    traffic: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    details: dict[str, dict[str, float]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def ratio(self, contender: str, over: str) -> float | None:
        """Return the time of one contender over another's, where both were measured."""
        if contender not in self.seconds or over not in self.seconds:
            return None
        return self.seconds[contender] / self.seconds[over]

    def record(self) -> dict[str, Any]:
        """Return the result for JSON."""
        return asdict(self)


def entries(case: Case, names: Sequence[str], result: Result) -> dict[str, list[Entry]]:
    """Return the ways of each contender that takes part; note why others do not."""
    upstream = incoming(case)
    found = {}
    for name in names:
        try:
            found[name] = CONTENDERS[name].enter(case, upstream)
        except Unavailable as reason:
            result.absent[name] = str(reason)
        except Exception as error:  # a long run goes on, and its report names the failure
            result.absent[name] = f"failed: {error!r}"
    return found


def right_entries(case: Case, names: Sequence[str], result: Result) -> dict[str, Entry]:
    """Return the ways whose numbers agree, called contender or contender/2, contender/3, ..."""
    import numpy as np

    every = {
        name if place == 0 else f"{name}/{place + 1}": entry
        for name, ways in entries(case, names, result).items()
        for place, entry in enumerate(ways)
    }
    results = {}
    for name, entry in every.items():
        try:  # copies, since a class may use its arrays again
            results[name] = [np.array(part) for part in entry.arrays(entry.call())]
        except Exception as error:
            result.absent[name] = f"failed: {error!r}"
    called = [*case.layer.outputs, *(f"d{name}" for name in case.layer.wrt)]
    result.wrong = wrong_ones(results, called, case.dtype)
    for name, arrays in results.items():
        if any(part.dtype != case.dtype for part in arrays):
            result.details.setdefault(name, {})["promoted"] = 1
    arrays = next(iter(results.values()), [])
    outputs = sum(part.nbytes for part in arrays[: len(case.layer.outputs)])
    gradients = sum(part.nbytes for part in arrays) - outputs
    result.traffic = 2 * sum(a.nbytes for a in case.inputs.values()) + 2 * outputs + gradients
    return {name: entry for name, entry in every.items() if name in results.keys() - result.wrong}


def measure_case(case: Case, names: Sequence[str], protocol: Protocol) -> Result:
    """Return the times of a case; of a contender's several ways the fastest counts."""
    shapes = {name: array.shape for name, array in case.inputs.items()}
    result = Result(case.row.name, case.size, case.dtype, shapes, case.row.product)
    ways = right_entries(case, names, result)
    statistic = STATISTICS[protocol.statistic]
    for way, timing in measure({name: way.call for name, way in ways.items()}, protocol).items():
        seconds, name = statistic(timing.samples), way.partition("/")[0]
        detail = {
            "seconds": seconds,
            "fastest": min(timing.samples),
            "samples": len(timing.samples),
            "clean": len(timing.clean),
            "disturbed": len(timing.disturbed),
        }
        result.details[way] = {**result.details.get(way, {}), **detail}
        result.seconds[name] = min(seconds, result.seconds.get(name, seconds))
    return result


def measure_all(
    cases: Sequence[Case], names: Sequence[str], protocol: Protocol, tell: Callable[[Result], None]
) -> list[Result]:
    """Return the results of all cases; `tell` hears of each at once."""
    results = []
    for case in cases:
        results.append(measure_case(case, names, protocol))
        tell(results[-1])
        del case.__dict__["inputs"]  # large arrays
    return results
