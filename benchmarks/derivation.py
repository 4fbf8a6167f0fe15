"""Time the derivation: each catalogue layer, the commands from a cold start, and long formulas.

    python -m benchmarks.derivation [--repeats 5] [--json FILE]

Times are of the process, not of the wall, so that other work on the machine counts for little. The
collector of cycles runs as it does for every user. Start-ups are processes of their own, in turn
with one that only imports SymPy; what is compared is their ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import symgrad
from tests.compositions import BLOCK, transformer

BLOCKS = (3, 6, 12, 24)
BASE = "import sympy"
# each a program for `python -c`; the first is what the others are compared with
COMMANDS = {
    BASE: "import sympy",
    "import symgrad": "import symgrad",
    "symgrad --help": "import sys; sys.argv[1:] = ['--help']; import symgrad.cli as c; c.main()",
    'symgrad derive "y_ij = x_ij + b_j"': (
        "import sys; sys.argv[1:] = ['derive', 'y_ij = x_ij + b_j'];"
        " import symgrad.cli as c; c.main()"
    ),
    'symgrad generate "y_ij = x_ij + b_j"': (
        "import sys; sys.argv[1:] = ['generate', 'y_ij = x_ij + b_j'];"
        " import symgrad.cli as c; c.main()"
    ),
}
# in seconds, and as a ratio to `import sympy`
AIM_LAYER, AIM_CATALOGUE, AIM_TRANSFORMER, AIM_START = 0.010, 3.0, 20.0, 1.6
NAMED = ("Softmax", "LayerNorm", "Attention")  # what AIM_LAYER is for


@dataclass(frozen=True)
class Times:
    """How long it takes to derive something, and to write its class, in seconds.

    `generate` has the derivation in it; `statements` counts those of the formula.
    """

    name: str
    statements: int
    derive: float
    generate: float


def seconds(function: Callable[[], Any], repeats: int) -> float:
    """Return the median of the process's time for some calls."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return median(times)


def timed(layer: symgrad.Layer, repeats: int) -> Times:
    """Return the times of one layer, which has been read already."""
    derive = seconds(lambda: symgrad.derive(layer), repeats)
    generate = seconds(lambda: symgrad.generate(layer), repeats)
    return Times(layer.name, len(layer.statements), derive, generate)


def catalogue(repeats: int) -> list[Times]:
    """Return the times of every layer of the catalogue, warm."""
    layers = list(symgrad.catalog().values())
    symgrad.generate(layers)  # imports, templates, and what the layers share
    return [timed(layer, repeats) for layer in layers]


def growth(repeats: int, blocks: Sequence[int] = BLOCKS) -> list[Times]:
    """Return the times of transformers that are written out as statements."""
    symgrad.generate(transformer(1))
    return [timed(transformer(count), repeats) for count in blocks]


def start_ups(repeats: int) -> dict[str, float]:
    """Return how long each command takes as a process, its children's time, imports included."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(repeats + 1):  # in turn; the first round warms the disk
        for name, code in COMMANDS.items():
            before = os.times()
            subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
            after = os.times()
            used = (after.children_user - before.children_user) + (
                after.children_system - before.children_system
            )
            times[name].append(used)
    return {name: median(found[1:]) for name, found in times.items()}


def table(repeats: int = 5) -> dict[str, Any]:
    """Return all that is measured, as plain values for JSON."""
    return {
        "catalogue": [asdict(row) for row in catalogue(repeats)],
        "growth": [asdict(row) for row in growth(max(1, repeats // 2))],
        "start": start_ups(repeats),
    }


def lines(measured: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table as text."""
    yield f"{'layer':28}{'derive, ms':>12}{'generate, ms':>14}"
    for row in measured["catalogue"]:
        yield f"{row['name']:28}{row['derive'] * 1e3:12.2f}{row['generate'] * 1e3:14.2f}"
    yield from _totals(measured["catalogue"])
    yield ""
    yield f"{'transformer':28}{'derive, s':>12}{'generate, s':>14}{'generate, ms a statement':>26}"
    for row in measured["growth"]:
        name = f"{row['statements'] // BLOCK} blocks, {row['statements']} statements"
        each = row["generate"] / row["statements"] * 1e3
        yield f"{name:28}{row['derive']:12.2f}{row['generate']:14.2f}{each:26.2f}"
    yield f"  aim: 12 blocks under {AIM_TRANSFORMER:.0f} s, linear"
    yield ""
    yield f"{'process':40}{'s':>8}{'over ' + BASE:>20}"
    for name, taken in measured["start"].items():
        yield f"{name:40}{taken:8.3f}{taken / measured['start'][BASE]:20.2f}"
    yield f"  aim: derive at most {AIM_START}"


def _totals(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    derive, generate = (sum(row[key] for row in rows) for key in ("derive", "generate"))
    yield f"{f'all {len(rows)} layers':28}{derive * 1e3:12.0f}{generate * 1e3:14.0f}"
    slowest = max(row["derive"] for row in rows if row["name"] in NAMED)
    yield f"  aim: derived and generated in {AIM_CATALOGUE:.0f} s; here {generate:.2f} s"
    names = ", ".join(NAMED)
    yield f"  aim: {names} derived in {AIM_LAYER * 1e3:.0f} ms; here at most {slowest * 1e3:.1f} ms"


def main() -> None:
    """Measure, print the table, and write it as JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.derivation")
    parser.add_argument("--repeats", type=int, default=5, help="calls a median is taken of")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    options = parser.parse_args()
    measured = table(options.repeats)
    print("\n".join(lines(measured)))
    if options.json is not None:
        options.json.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
