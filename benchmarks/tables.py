"""Write the results as tables of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.aims import AIMS, bandwidth, geometric_mean, ratios, verdicts
from benchmarks.contenders import CONTENDERS
from benchmarks.speed import Result

BASES = ("torch", "expert", "numpy")  # the first that was measured is what others are compared with


def base_of(results: Sequence[Result]) -> str:
    """Return the contender whose times the table's ratios are over."""
    measured = {name for result in results for name in result.seconds}
    return next((name for name in BASES if name in measured), BASES[-1])


def describe(environment: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was measured where."""
    versions = ", ".join(f"{name} {number}" for name, number in environment["versions"].items())
    yield environment["command"]
    threads = f"{environment['threads']} of {environment['processors']} threads"
    yield f"{environment['processor']}, {threads}"
    yield f"{versions}; {environment['blas']}"
    how = f"{environment['statistic']} of {environment['clock']} time"
    yield f"{environment['allocator']} allocator; {how}"


def describe_limits(limits: Mapping[str, float]) -> Iterator[str]:
    """Yield the machine's limits."""
    yield "The machine's limits:"
    for name, rate in limits.items():
        unit = "GFLOP/s" if name.startswith("gemm") else "GB/s"
        yield f"  {name:14} {rate / 1e9:8.1f} {unit}"


def heading(names: Sequence[str], base: str) -> str:
    """Return the first line of the table."""
    columns = "".join(f"{name:>9}" for name in names)
    return f"{'row':22}{'size':7}{'type':9}{base + ', ms':>12}{columns}  numpy/expert"


def line(result: Result, names: Sequence[str], base: str) -> str:
    """Return the ratios of one case."""
    own = f"{result.seconds[base] * 1e3:12.3f}" if base in result.seconds else f"{'-':>12}"

    def cell(name: str) -> str:
        ratio = result.ratio(name, base)
        return (
            f"{ratio:9.2f}"
            if ratio is not None
            else f"{'wrong' if name in result.wrong else '-':>9}"
        )

    last = result.ratio("numpy", "expert")
    columns = "".join(map(cell, names))
    end = f"{last:14.2f}" if last is not None else ""
    return f"{result.row:22}{result.size:7}{result.dtype:9}{own}{columns}{end}"


def speed_table(results: Sequence[Result], names: Sequence[str]) -> Iterator[str]:
    """Yield the table of ratios, and the geometric means below it."""
    base = base_of(results)
    names = [name for name in names if name != base]
    yield heading(names, base)
    for result in results:
        yield line(result, names, base)
    sizes = list(dict.fromkeys(result.size for result in results))
    for size in sizes if len(sizes) > 1 else ():
        chosen = [result for result in results if result.size == size]
        yield mean_line(f"geometric mean, {size}", chosen, names, base)
    yield mean_line("geometric mean", results, names, base)


def mean_line(title: str, results: Sequence[Result], names: Sequence[str], base: str) -> str:
    """Return the geometric means of some cases."""
    means = [geometric_mean([ratio for _, ratio in ratios(results, name, base)]) for name in names]
    cells = "".join(f"{mean:9.2f}" if mean == mean else f"{'-':>9}" for mean in means)
    last = geometric_mean([ratio for _, ratio in ratios(results, "numpy", "expert")])
    return f"{title:50}{cells}" + (f"{last:14.2f}" if last == last else "")


def remarks(results: Sequence[Result]) -> Iterator[str]:
    """Yield who was left out, and what else a reader must know."""
    absent: dict[str, set[str]] = {}
    for result in results:
        for name, reason in result.absent.items():
            if reason != "not written":
                absent.setdefault(f"{CONTENDERS[name].title}: {reason}", set()).add(result.row)
    yield from (f"absent: {what}" for what in sorted(absent))
    for result in results:
        for name, how in result.wrong.items():
            yield f"wrong, left out: {name}, {result.row}, {result.size}, {result.dtype}: {how}"
    for result in results:
        promoted = [name for name, detail in result.details.items() if detail.get("promoted")]
        if promoted:
            yield f"another type came out: {', '.join(promoted)}, {result.row}, {result.dtype}"
    details = [detail for result in results for detail in result.details.values()]
    noisy = sum(1 for detail in details if not detail.get("clean", 1))
    if noisy:
        yield f"disturbed by other processes throughout: {noisy} of {len(details)} times"


def aims(results: Sequence[Result], environment: Mapping[str, Any], triad: float) -> Iterator[str]:
    """Yield which aims are reached."""
    yield f"Aims ({len(AIMS)} in all, those of the contenders that took part)"
    yield from verdicts(results, environment["allocator"])
    lines = list(bandwidth(results, triad))
    if lines:
        yield "Fused backend over the time of the memory traffic at the triad's bandwidth:"
        yield from lines
