"""Draw the ratios: a row a layer, a panel a size, a mark a contender, on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.aims import geometric_mean, ratios
from benchmarks.contenders import CONTENDERS
from benchmarks.speed import Result
from benchmarks.tables import base_of

# the colours of Okabe and Ito, which colour-blind readers tell apart
STYLES = {
    "numpy": ("#0072B2", "o"),
    "buffers": ("#56B4E9", "s"),
    "numba": ("#D55E00", "D"),
    "expert": ("#000000", "|"),
    "torch": ("#009E73", "v"),
    "jax": ("#CC79A7", "^"),
    "book": ("#999999", "x"),
}
TITLES = {
    "tiny": "tiny: the cost of a call",
    "cache": "medium: in the cache",
    "large": "large: beyond the cache",
}


def draw(results: Sequence[Result], environment: Mapping[str, Any], path: Path) -> None:
    """Write the plot to a file, in the format of its name.

    Raises:
        SystemExit: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError:
        raise SystemExit("--plot needs matplotlib: pip install '.[bench]'") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    base = base_of(results)
    rows = list(dict.fromkeys(result.row for result in results))
    sizes = [size for size in TITLES if any(result.size == size for result in results)]
    figure, panels = pyplot.subplots(
        1,
        len(sizes),
        figsize=(1.8 + 3.3 * len(sizes), 1.9 + 0.24 * len(rows)),
        sharey=True,
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for panel, size in zip(panels[0], sizes, strict=True):
        draw_panel(panel, [result for result in results if result.size == size], rows, base)
        panel.set_title(TITLES[size], fontsize=10)
    panels[0][0].set_yticks(range(len(rows)), rows)
    panels[0][0].set_ylim(len(rows) - 0.5, -0.5)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    figure.supxlabel(caption(environment, base), fontsize=8)
    figure.savefig(path, dpi=160)
    pyplot.close(figure)


def draw_panel(panel: Any, results: Sequence[Result], rows: Sequence[str], base: str) -> None:
    """Draw the cases of one size: filled marks are float32, empty ones float64."""
    names = [name for name in STYLES if name != base]
    for place, name in enumerate(names):
        colour, marker = STYLES[name]
        shift = 0.5 * ((place + 0.5) / len(names) - 0.5)
        line_like = marker in "|x"
        for dtype in ("float32", "float64"):
            found = ratios([part for part in results if part.dtype == dtype], name, base)
            panel.scatter(
                [ratio for _, ratio in found],
                [rows.index(result.row) + shift for result, _ in found],
                marker=marker,
                s=22,
                linewidths=1,
                color=colour if line_like else None,
                facecolors=None if line_like else (colour if dtype == "float32" else "none"),
                edgecolors=None if line_like else colour,
                label=CONTENDERS[name].title if dtype == "float32" and found else None,
                zorder=3,
            )
        every = [ratio for _, ratio in ratios(results, name, base)]
        if every:  # a tick at the top edge: the geometric mean
            panel.axvline(geometric_mean(every), color=colour, linewidth=1, alpha=0.35, zorder=1)
    panel.axvline(1, color="black", linewidth=0.8, zorder=2)
    panel.set_xscale("log")
    panel.grid(axis="x", which="both", linewidth=0.3, alpha=0.5)
    panel.grid(axis="y", linewidth=0.3, alpha=0.5)
    panel.tick_params(axis="y", length=0)
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:g}")


def caption(environment: Mapping[str, Any], base: str) -> str:
    """Return what the axis shows, and where it was measured."""
    versions = environment["versions"]
    libraries = ", ".join(
        f"{name} {versions[name]}"
        for name in ("numpy", "torch", "jax", "numba")
        if name in versions
    )
    threads = "1 thread" if environment["threads"] == 1 else f"{environment['threads']} threads"
    return (
        f"time of forward + backward over that of {CONTENDERS[base].title}"
        " (left is faster; pale lines are geometric means; empty marks float64)\n"
        f"{environment['processor']}, {threads}, {environment['allocator']} allocator; {libraries}"
    )
