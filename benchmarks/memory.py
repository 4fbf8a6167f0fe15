"""Measure the peak memory of forward + backward beyond the inputs, a process for each contender."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks import machine
from benchmarks.rows import Case, cases, declared

SMALLEST = 1 << 20  # bytes returned; what a process needs besides drowns smaller cases
# freed arrays go back to the system at once, so that the peak is of what is in use
SETTINGS = {"MALLOC_MMAP_THRESHOLD_": str(1 << 16), "MALLOC_TRIM_THRESHOLD_": str(1 << 16)}
EXPLANATION = (
    "(a process for each contender: the most that was resident during a call, less what was before"
    " it; returned: outputs and gradients; plan: those, what forward keeps, the largest temporary)"
)


def measure_all(wanted: Sequence[Case], names: Sequence[str], threads: int) -> list[dict[str, Any]]:
    """Return for each case the bytes that it returns, and each contender's peak in bytes.

    Cases that return less than `SMALLEST` are left out.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        for record in probe_in_process(wanted, name, threads):
            case = found.setdefault(record["case"], {"case": record["case"], "peak": {}})
            if "peak" in record:
                case["returned"] = record["returned"]
                case["peak"][name] = record["peak"]
            else:
                case.setdefault("absent", {})[name] = record["absent"]
            print(f"{name}: {record}", file=sys.stderr, flush=True)
    results = [case for case in found.values() if case.get("returned", 0) >= SMALLEST]
    by_name = {case.name: case for case in wanted}
    for result in results:
        result["stated"] = stated(by_name[result["case"]], result["returned"])
    return results


def stated(case: Case, returned: int) -> int | None:
    """Return the bytes that the plan of generated NumPy states beyond the inputs.

    They are what it returns, what forward keeps beside inputs and outputs, and the largest
    temporary. None for a layer whose lengths depend on constants.
    """
    from symgrad.documents.explanation import explain

    layer = case.layer
    if layer.constants.keys() & case.row.constants.keys():
        return None
    extents = case.row.extents(case.size)
    axes = {name: axes for name, axes, _ in declared(case.row.arrays)}
    sizes = {
        index.name: extents[axis]
        for name in layer.inputs
        for index, axis in zip(layer.axes[name], axes[name], strict=True)
    }
    known = {letter.lower() for letter in explain(layer).sizes}  # of equal lengths one has a name
    sizes = {letter: length for letter, length in sizes.items() if letter.lower() in known}
    plan = explain(layer, sizes, case.dtype)
    counted = {*layer.inputs, *layer.outputs}
    kept = sum(plan.at(size) for name, size in plan.kept if name not in counted)
    return returned + kept + plan.at(plan.largest((*plan.forward, *plan.backward)))


def probe_in_process(
    wanted: Sequence[Case], contender: str, threads: int
) -> Iterator[dict[str, Any]]:
    """Yield what `probe` finds of each case, in a new process for the contender."""
    command = [sys.executable, "-m", "benchmarks.memory", contender, str(threads)]
    names = [case.name for case in wanted]
    environment = {**os.environ, **SETTINGS}
    with subprocess.Popen(
        [*command, *names], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        yield from map(json.loads, process.stdout or ())


def probe(case: Case, contender: str) -> dict[str, Any]:
    """Return the peak of one contender in this process, or why it is absent."""
    from benchmarks.contenders import CONTENDERS, Unavailable, incoming

    tiny = Case(case.row, next(iter(case.row.sizes)), case.dtype)
    try:
        warm_up(CONTENDERS[contender].enter(tiny, incoming(tiny))[0].call, case.dtype)
        entry = CONTENDERS[contender].enter(case, incoming(case))[0]
        before = settle()
        result = entry.call()
        peak = status("VmHWM") - before
    except Unavailable as reason:
        return {"absent": str(reason)}
    except Exception as error:  # the other cases go on, and the report names the failure
        return {"absent": f"failed: {error!r}"}
    return {"peak": peak, "returned": sum(part.nbytes for part in entry.arrays(result))}


def warm_up(call: Any, dtype: str) -> None:
    """Load what a first call loads: libraries, compiled code, the work space of BLAS."""
    import numpy as np

    matrix = np.ones((512, 512), dtype)
    matrix @ matrix
    call()
    call()


def settle() -> int:
    """Give freed memory back, forget the peak so far, and return the bytes in use."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return status("VmRSS")


def status(key: str) -> int:
    """Return an entry of this process's status, in bytes (Linux alone has it)."""
    with open("/proc/self/status") as file:
        (line,) = (line for line in file if line.startswith(key + ":"))
    return 1024 * int(line.split()[1])


def memory_table(results: Sequence[dict[str, Any]], names: Sequence[str]) -> Iterator[str]:
    """Yield the table, and the cases in which generated code needs more than PyTorch."""
    yield "Peak memory of forward + backward beyond the inputs, MB"
    yield EXPLANATION
    columns = "".join(f"{name:>10}" for name in names)
    yield f"{'row':22}{'size':7}{'type':9}{'returned':>10}{'plan':>10}{columns}"
    for result in results:
        cells = "".join(
            f"{result['peak'][name] / 1e6:10.1f}" if name in result["peak"] else f"{'-':>10}"
            for name in names
        )
        row, size, dtype = result["case"].split("/")
        plan = f"{result['stated'] / 1e6:10.1f}" if result["stated"] else f"{'-':>10}"
        yield f"{row:22}{size:7}{dtype:9}{result['returned'] / 1e6:10.1f}{plan}{cells}"
    for name in ("numpy", "buffers", "numba"):
        yield from above_torch(results, name)
    for result in results:
        for name, reason in result.get("absent", {}).items():
            if reason.startswith("failed"):
                yield f"{name}, {result['case']}: {reason}"


def above_torch(results: Sequence[dict[str, Any]], name: str) -> Iterator[str]:
    """Yield the cases in which a contender's peak is more than 5 % above PyTorch's."""
    both = [part for part in results if {name, "torch"} <= part["peak"].keys()]
    ratios = {part["case"]: part["peak"][name] / part["peak"]["torch"] for part in both}
    above = [(ratio, case) for case, ratio in ratios.items() if ratio > 1.05]
    if both:
        yield f"{name} above torch by more than 5 %: {len(above)} of {len(both)}"
    for ratio, case in sorted(above, reverse=True):
        yield f"    {ratio:5.2f}  {', '.join(case.split('/'))}"


def main() -> None:
    """Write a line of JSON for each case that the command line names."""
    contender, threads, *names = sys.argv[1:]
    machine.limit_threads(int(threads))
    by_name = {case.name: case for case in cases()}
    for name in names:
        print(json.dumps({"case": name, **probe(by_name[name], contender)}), flush=True)
        del by_name[name]  # with its arrays


if __name__ == "__main__":
    main()
