"""Break a line that is nested too deeply: an inner part gets a name and a line of its own.

A sum of hundreds of terms is as many nodes deep. Written in several lines it can be read, and the
passes and printers that follow may recurse.
"""

from __future__ import annotations

from collections.abc import Iterable

from symgrad.lowering.nodes.arrays import Apply, Array
from symgrad.lowering.nodes.scatters import bound_loops
from symgrad.lowering.nodes.traversal import children, rewrite, walk
from symgrad.lowering.plans.filling import Namer
from symgrad.lowering.plans.lines import Line

DEEPEST = 60


def shorten(lines: list[Line], taken: Iterable[str]) -> list[Line]:
    """Give names to inner parts until no line is more than about `DEEPEST` nodes deep."""
    names = Namer(lines, taken)
    for line in list(lines):
        named: dict[Array, Array] = {}
        for part in _cuts(line.array):
            named[part] = names.named(_with_names(part, named), line)
        line.array = _with_names(line.array, named)
    return lines


def _cuts(array: Array) -> list[Array]:
    """Return the parts to name, the innermost first."""
    depths: dict[Array, int] = {}
    cuts: list[Array] = []
    for part in reversed(list(walk(array))):
        depth = 1 + max((depths[child] for child in children(part)), default=0)
        if depth >= DEEPEST and part != array and isinstance(part, Apply) and not bound_loops(part):
            cuts.append(part)
            depth = 1
        depths[part] = depth
    return list(dict.fromkeys(cuts))


def _with_names(array: Array, named: dict[Array, Array]) -> Array:
    return rewrite(array, named.get) if named else array
