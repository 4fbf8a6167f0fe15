"""Give each scatter an assignment of its own, and take out of loops what does not change there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from symgrad.lowering.nodes.arrays import Array
from symgrad.lowering.nodes.scatters import Part, Scatter, bound_loops
from symgrad.lowering.nodes.traversal import map_children, rewrite
from symgrad.lowering.plans.lines import Line
from symgrad.lowering.plans.names import fresh_name
from symgrad.lowering.plans.sharing import is_cheap


def name_scatters(lines: list[Line], taken: Iterable[str]) -> list[Line]:
    """Assign each scatter inside an expression to a name in front of it."""
    names = Namer(lines, taken)
    for line in list(lines):
        line.array = map_children(line.array, partial(names.out, line=line))
    return lines


class Namer:
    """Put parts of lines into lines of their own in front; equal parts share one."""

    def __init__(self, lines: list[Line], taken: Iterable[str]) -> None:
        self.lines = lines
        self.taken = set(taken) | {line.name for line in lines}

    def out(self, array: Array, line: Line) -> Array:
        """Return the array with the scatters inside it replaced by names."""
        inner = map_children(array, lambda part: self.out(part, line))
        return self.named(inner, line) if isinstance(inner, Scatter) else inner

    def named(self, array: Array, line: Line) -> Array:
        """Return the name of an array that is computed in front of a line."""
        place = self.lines.index(line)
        known = self.lines[:place]
        for other in known:
            if other.array == array and other.backward == line.backward:
                return other.variable
        new = Line(fresh_name(array, self.taken), array, line.backward)
        self.taken.add(new.name)
        self.lines.insert(place, new)
        return new.variable


def hoist(lines: list[Line], taken: Iterable[str]) -> list[Line]:
    """Compute in front of a loop what is the same in each of its turns."""
    names = Namer(lines, taken)
    for line in [line for line in lines if isinstance(line.array, Scatter)]:
        line.array = map_children(line.array, partial(_hoisted, names=names, line=line))
    return lines


def _hoisted(part: Array, names: Namer, line: Line) -> Array:
    if not isinstance(part, Part) or not part.loops:
        return part

    def visit(array: Array) -> Array | None:
        if bound_loops(array) or is_cheap(array):
            return None
        return names.named(array, line)

    return replace(part, array=rewrite(part.array, visit))
