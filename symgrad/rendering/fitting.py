"""Break assignments that are too long for a line, by giving parts of them names of their own."""

from __future__ import annotations

from collections.abc import Callable

from symgrad.lowering.arrays import Apply, Array, KeptExtent, Size, Variable
from symgrad.lowering.names import LONGEST, content_name, unique_name
from symgrad.lowering.sharing import is_cheap
from symgrad.lowering.traversal import children, rewrite, walk
from symgrad.rendering.wrapping import WIDTH, breaks_well

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
    if part is None and not breaks_well(text):
        part = _longest_view(array, to_text)
    if part is None:
        return [(target, array)]
    name = part_name(owner, part, taken)
    taken.add(name)
    variable = Variable(name, part.ndim, part.kind)
    rest = rewrite(array, lambda node: variable if node == part else None)
    first = fit(name, owner, part, to_text, taken, width)
    return [*first, *fit(target, owner, rest, to_text, taken, width)]


def part_name(owner: str, part: Array, taken: set[str]) -> str:
    """Return a name for a part, by its content where that is short, else by its whole."""
    if part.kind == "weak":
        return unique_name("count" if _is_count(part) else "scale", taken)
    content = content_name(part)
    terms = isinstance(part, Apply) and part.op in ("+", "-")
    plain = content.count("_") <= (1 if terms else 2) and len(content) <= LONGEST
    if plain and content not in taken:
        return content
    return unique_name(f"{owner}_{'terms' if terms else 'term'}", taken)


def _is_count(part: Array) -> bool:
    """Say whether a number is a product of axis lengths."""
    return isinstance(part, Apply) and all(
        isinstance(a, (Size, KeptExtent)) or _is_count(a) for a in part.args
    )


def _largest_part(array: Array, to_text: Print, room: int) -> Array | None:
    """Return the longest part that fits in a line itself; None when none is worth a name.

    Numbers, such as a product of lengths, get a name only where nothing else can.
    """
    inner = [part for part in walk(array) if part is not array]
    parts = [part for part in inner if not is_cheap(part)]
    numbers = [part for part in inner if part.kind == "weak" and isinstance(part, Apply)]
    lengths = {part: len(to_text(part)) for part in (*parts, *numbers)}
    useful = [part for part in parts if lengths[part] > SHORTEST] or numbers or parts
    fitting = [part for part in useful if lengths[part] <= room - SHORTEST]
    return max(fitting or useful, key=lengths.__getitem__, default=None)


def _longest_view(array: Array, to_text: Print) -> Array | None:
    """Return the longest part of a sum or product of names and their views that is no name."""
    parts = [part for part in walk(array) if part is not array and any(children(part))]
    return max(parts, key=lambda part: len(to_text(part)), default=None)
