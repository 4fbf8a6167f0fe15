"""Describe the machine and measure its limits: copy, triad, matrix products."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import metadata
from typing import Any

Clock = Callable[[], float]
LIBRARIES = ("symgrad", "numpy", "scipy", "numba", "torch", "jax", "jaxlib")
WARM_ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**34)}
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
CHUNK = 1 << 16  # elements of a piece of the triad: what it makes in between stays in the cache


def limit_threads(threads: int) -> None:
    """Tell every library how many threads it may use; before any of them is loaded."""
    for name in THREAD_VARIABLES:
        os.environ[name] = str(threads)
    if hasattr(os, "sched_setaffinity"):  # JAX has no variable: it counts the processors it may use
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[-threads:])


def allocator() -> str:
    """Return which of the allocator's settings this process has: default, warm, or other."""
    found = {key: value for key, value in os.environ.items() if key.startswith("MALLOC_")}
    return "warm" if found == WARM_ALLOCATOR else "other" if found else "default"


def processor() -> str:
    """Return the processor's name."""
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Return the libraries that are installed, with their versions."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def environment(threads: int) -> dict[str, Any]:
    """Return what a reader of the figures must know."""
    return {
        "processor": processor(),
        "processors": os.cpu_count(),
        "system": platform.platform(),
        "threads": threads,
        "allocator": allocator(),
        "variables": {
            key: value
            for key, value in sorted(os.environ.items())
            if key.startswith(("MALLOC_", "OMP_", "MKL_", "OPENBLAS_", "NUMBA_", "XLA_"))
        },
        "versions": versions(),
        "blas": blas(),
        "command": " ".join(["python -m benchmarks", *sys.argv[1:]]),
    }


def blas() -> str:
    """Return the BLAS that NumPy was built with."""
    import numpy as np

    build: Any = np.show_config(mode="dicts")
    found = build["Build Dependencies"]["blas"]
    return f"{found.get('name')} {found.get('version')}"


def limits(threads: int, clock: Clock, quick: bool = False) -> dict[str, float]:
    """Return the machine's limits: bytes a second of copy and triad, flops a second of GEMM.

    Args:
        threads: that share the work.
        clock: gives the seconds.
        quick: on small arrays, which stay in the cache.
    """
    import numpy as np

    length = 1 << (20 if quick else 24)
    size = 256 if quick else 1024
    repeats = 3 if quick else 9
    a, b, c = (np.full(length, value, np.float32) for value in (0, 1, 2))
    halves = np.array_split(np.arange(length), threads)
    parts = [slice(int(half[0]), int(half[-1]) + 1) for half in halves]
    with ThreadPoolExecutor(threads) as pool:

        def together(work: Callable[[slice], None]) -> Callable[[], Any]:
            return lambda: list(pool.map(work, parts))

        copies = together(lambda part: np.copyto(a[part], b[part]))
        triads = together(lambda part: triad(a[part], b[part], c[part]))
        found = {
            "copy": 2 * a.nbytes / fastest(copies, clock, repeats),
            "triad": 3 * a.nbytes / fastest(triads, clock, repeats),
        }
    for dtype in ("float32", "float64"):
        left = np.random.default_rng(0).normal(size=(size, size)).astype(dtype)
        product = partial(np.matmul, left, left, out=np.empty_like(left))
        seconds = fastest(product, clock, repeats)
        found[f"gemm {dtype}"] = 2 * size**3 / seconds
    return found


def triad(a: Any, b: Any, c: Any) -> None:
    """Compute a = b + 3*c, as one pass over memory."""
    import numpy as np

    product = np.empty(CHUNK, a.dtype)
    for start in range(0, len(a), CHUNK):
        part = slice(start, start + CHUNK)
        scaled = product[: len(a[part])]
        np.multiply(c[part], 3, out=scaled)
        np.add(b[part], scaled, out=a[part])


def fastest(call: Callable[[], Any], clock: Clock, repeats: int) -> float:
    """Return the seconds of the fastest of several calls."""
    found = []
    for _ in range(repeats + 1):
        start = clock()
        call()
        found.append(clock() - start)
    return min(found[1:])
