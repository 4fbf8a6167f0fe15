"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.measuring import CLOCKS, STATISTICS, Protocol
from benchmarks.rows import DTYPES, ROWS, Case, cases

Table = Callable[[argparse.Namespace, dict[str, Any]], None]
EPILOG = """\
Tables: speed (forward + backward, the default), --memory (peak memory), --derivation (time to
derive and to generate); --all writes the three. A row is named as in: """


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    from benchmarks.contenders import CONTENDERS

    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure generated layers beside hand-written NumPy, PyTorch and JAX.",
        epilog=EPILOG + ", ".join(row.name for row in ROWS) + ".",
    )
    add = parser.add_argument
    add("--rows", default="", metavar="PATTERN", help="parts of row/size/type, commas between")
    add("--sizes", default="", help="of tiny,cache,large")
    add("--types", default=",".join(DTYPES), help="of float32,float64")
    add("--contenders", default=",".join(CONTENDERS), help=f"of {','.join(CONTENDERS)}")
    add("--threads", type=int, default=1, choices=(1, 2), help="for every library (default 1)")
    add("--repeats", type=int, default=7, metavar="N", help="visits to each contender (default 7)")
    add("--quick", action="store_true", help="short visits, no large sizes, float32 alone")
    add("--clock", default="wall", choices=CLOCKS, help="cpu on a machine that others use too")
    add("--statistic", default="median", choices=STATISTICS, help="of all samples")
    add("--allocator", choices=("default", "warm"), help="run again with glibc's settings for it")
    add("--json", type=Path, metavar="FILE", help="write everything that was measured")
    add("--plot", type=Path, metavar="FILE", help="draw the ratios (.png, .svg or .pdf)")
    add("--memory", action="store_true", help="the table of peak memory")
    add("--derivation", action="store_true", help="the tables of derivation and generation")
    add("--all", action="store_true", help="the three tables")
    options = parser.parse_args(given)
    options.contenders = options.contenders.split(",")
    unknown = [name for name in options.contenders if name not in CONTENDERS]
    if unknown:
        parser.error(f"no contender {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    if not selected(options):
        parser.error(f"no row fits {options.rows!r}")
    return options


def selected(options: argparse.Namespace) -> list[Case]:
    """Return the cases that the options ask for."""
    sizes = tuple(filter(None, options.sizes.split(",")))
    dtypes = tuple(options.types.split(","))
    if options.quick:
        sizes, dtypes = sizes or ("tiny", "cache"), dtypes[:1]
    return cases(options.rows, sizes, dtypes)


def protocol(options: argparse.Namespace) -> Protocol:
    """Return how the options ask to measure."""
    found = Protocol(
        rounds=options.repeats,
        threads=options.threads,
        clock=options.clock,
        statistic=options.statistic,
    )
    return replace(found, rounds=2, visit=0.01, warm_up=0.005) if options.quick else found


def with_allocator(wanted: str | None) -> None:
    """Run this command anew with the allocator's settings, where it has others.

    glibc reads them when a process starts.
    """
    if wanted is None or machine.allocator() == wanted:
        return
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
    settings = machine.WARM_ALLOCATOR if wanted == "warm" else {}
    command = [sys.executable, "-m", "benchmarks", *sys.argv[1:]]
    os.execve(sys.executable, command, {**clean, **settings})


def write(lines: Iterable[str]) -> None:
    """Print lines at once."""
    for line in lines:
        print(line, flush=True)


def speed(options: argparse.Namespace, record: dict[str, Any]) -> None:
    """Measure and write the table of speed."""
    from benchmarks.speed import Result, measure_all
    from benchmarks.tables import aims, describe_limits, remarks, speed_table

    record["limits"] = machine.limits(options.threads, CLOCKS[options.clock], options.quick)
    write(describe_limits(record["limits"]))

    def tell(result: Result) -> None:
        name = f"{result.row}/{result.size}/{result.dtype}"
        times = ", ".join(f"{key} {value * 1e3:.3f}" for key, value in result.seconds.items())
        print(f"{name}: {times} ms", file=sys.stderr, flush=True)

    results = measure_all(selected(options), options.contenders, protocol(options), tell)
    record["speed"] = [result.record() for result in results]
    write(["", "Forward + backward, ratios of times", *speed_table(results, options.contenders)])
    write(["", *remarks(results)])
    write(["", *aims(results, record["environment"], record["limits"]["triad"])])
    if options.plot:
        from benchmarks.plot import draw

        draw(results, record["environment"], options.plot)


def memory(options: argparse.Namespace, record: dict[str, Any]) -> None:
    """Measure and write the table of peak memory."""
    from benchmarks.memory import measure_all, memory_table

    results = measure_all(selected(options), options.contenders, options.threads)
    record["memory"] = results
    write(["", *memory_table(results, options.contenders)])


def derivation(options: argparse.Namespace, record: dict[str, Any]) -> None:
    """Measure and write the tables of derivation and generation."""
    from benchmarks.derivation import lines, table

    record["derivation"] = table(options.repeats)
    write(["", *lines(record["derivation"])])


def main(given: Sequence[str] | None = None) -> None:
    """Measure what the command line asks for."""
    options = arguments(given)
    with_allocator(options.allocator)
    machine.limit_threads(options.threads)
    from benchmarks.tables import describe

    environment = machine.environment(options.threads)
    environment |= {"clock": options.clock, "statistic": options.statistic}
    record: dict[str, Any] = {"environment": environment}
    write(describe(environment))
    for table in tables(options):
        table(options, record)
        if options.json:  # after each table: an interrupted run leaves what it has
            options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def tables(options: argparse.Namespace) -> Sequence[Table]:
    """Return the tables that the options ask for."""
    asked = (
        (options.all or not (options.memory or options.derivation), speed),
        (options.all or options.memory, memory),
        (options.all or options.derivation, derivation),
    )
    return [table for wanted, table in asked if wanted]
