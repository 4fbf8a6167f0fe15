"""Break assignments that are too long for a line, by giving parts of them names of their own."""

from __future__ import annotations

from collections.abc import Callable

from symgrad.lowering.nodes.arrays import (
    Apply,
    Array,
    Hyperparameter,
    KeptExtent,
    Literal,
    Size,
    Variable,
)
from symgrad.lowering.nodes.scatters import LoopIndex
from symgrad.lowering.nodes.traversal import children, rewrite, walk
from symgrad.lowering.nodes.views import Strided, Windows
from symgrad.lowering.plans.names import LONGEST, content_name, unique_name
from symgrad.lowering.plans.sharing import is_cheap
from symgrad.rendering.wrapping import INDENT, WIDTH, breaks_well, whole_call, wrap_value

# a part of this length is not worth a name
SHORTEST = 12

Print = Callable[[Array], str]


def fit(
    target: str, owner: str, array: Array, to_text: Print, taken: set[str], width: int = WIDTH
) -> list[tuple[str, Array]]:
    """Return assignments (name, array), the last one to `target`, each of which fits in the width.

    Args:
        target: text in front of `=`, or `return`.
        owner: the name of the whole array.
        array: what is assigned.
        to_text: how arrays print.
        taken: names that are used; the new ones are added.
        width: columns that a line has.

    Ends: each part taken out makes what is left shorter.
    """
    room = width - len(f"{target} = ")
    text = to_text(array)
    if len(text) <= room:
        return [(target, array)]
    part = _largest_part(array, to_text, room)
    if part is not None and part.kind == "weak" and _breaks(target, text, width):
        return [(target, array)]
    if part is None and not (breaks_well(text) and _fits_broken(text, width)):
        part = _longest_view(array, to_text)
    if part is None:
        return [(target, array)]
    name = part_name(owner, part, taken)
    taken.add(name)
    variable = Variable(name, part.ndim, part.kind)
    rest = rewrite(array, lambda node: variable if node == part else None)
    first = fit(name, owner, part, to_text, taken, width)
    return [*first, *fit(target, owner, rest, to_text, taken, width)]


def _breaks(target: str, text: str, width: int) -> bool:
    """Say whether the brackets of a call break the text into lines that fit."""
    lines = wrap_value(f"{target} = ", text, " " * (WIDTH - width))
    return whole_call(text) is not None and all(len(line) <= WIDTH for line in lines)


def _fits_broken(text: str, width: int) -> bool:
    """Say whether an expression that is no call fits in a line of its own."""
    return whole_call(text) is not None or len(INDENT) + len(text) <= width


def part_name(owner: str, part: Array, taken: set[str]) -> str:
    """Return a name for a part, by its content where that is short, else by its whole."""
    if part.kind == "weak":
        return unique_name("length" if _is_length(part) else "scale", taken)
    content = content_name(part)
    terms = isinstance(part, Apply) and part.op in ("+", "-")
    plain = content.count("_") <= (1 if terms else 2) and len(content) <= LONGEST
    if plain and content not in taken:
        return content
    return unique_name(f"{owner}_{'terms' if terms else 'term'}", taken)


WHOLE = ("+", "-", "*", "//", "**", "min", "max")
LENGTHS = (Size, KeptExtent)


def _is_length(part: Array) -> bool:
    """Say whether a number is arithmetic of axis lengths and what is added to them."""
    leaves = (*LENGTHS, Literal, Hyperparameter, LoopIndex)
    inside = list(walk(part))
    return any(isinstance(inner, LENGTHS) for inner in inside) and all(
        isinstance(inner, leaves) or (isinstance(inner, Apply) and inner.op in WHOLE)
        for inner in inside
    )


def _largest_part(array: Array, to_text: Print, room: int) -> Array | None:
    """Return the longest part that fits in a line itself; None when none is worth a name.

    Numbers, such as a product of lengths, get a name only where nothing else can.
    """
    # windows of windows are one call
    within = [part.array for part in walk(array) if isinstance(part, Windows)]
    within = [part for part in within if isinstance(part, Windows)]
    inner = [part for part in walk(array) if part is not array and part not in within]
    parts = [p for p in inner if isinstance(p, (Windows, Strided)) or not is_cheap(p)]
    numbers = [part for part in inner if part.kind == "weak" and isinstance(part, Apply)]
    lengths = {part: len(to_text(part)) for part in (*parts, *numbers)}
    useful = [part for part in parts if lengths[part] > SHORTEST] or numbers or parts
    fitting = [part for part in useful if lengths[part] <= room - SHORTEST]
    return max(fitting or useful, key=lengths.__getitem__, default=None)


def _longest_view(array: Array, to_text: Print) -> Array | None:
    """Return the longest part of a sum or product of names and their views that is no name."""
    parts = [part for part in walk(array) if part is not array and any(children(part))]
    return max(parts, key=lambda part: len(to_text(part)), default=None)
