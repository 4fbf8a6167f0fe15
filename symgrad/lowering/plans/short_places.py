"""Keep places that are only compared in a byte each: those of the largest entries of windows."""

from __future__ import annotations

from dataclasses import replace

from symgrad.lowering.nodes.arrays import Apply, Array, Helper, Variable
from symgrad.lowering.nodes.traversal import variables, walk
from symgrad.lowering.plans.lines import Line, readers
from symgrad.lowering.plans.sharing import is_cheap


def shorten_places(lines: list[Line]) -> list[Line]:
    """Let `_argmax` return bytes where its places are compared and nothing is computed of them."""
    for line in lines:
        found = line.array
        if not isinstance(found, Helper) or found.function != "_argmax" or line.result:
            continue
        if all(_only_compares(reader.array, line.name) for reader in readers(lines, line.name)):
            line.array = replace(found, options=(*found.options, ("short", True)))
    return lines


def _only_compares(array: Array, name: str) -> bool:
    """Say whether each reading of a name is one side of an equation."""
    compared = sum(
        _is_view_of(side, name)
        for part in walk(array)
        if isinstance(part, Apply) and part.op == "=="
        for side in part.args
    )
    return compared == sum(variable.name == name for variable in variables(array))


def _is_view_of(array: Array, name: str) -> bool:
    sources = [part.name for part in walk(array) if isinstance(part, Variable)]
    return is_cheap(array) and sources == [name]
