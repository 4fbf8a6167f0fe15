"""Explain why nothing bounds an index, and what to write."""

from __future__ import annotations

import re
from typing import NoReturn

from symgrad.language.accesses import Limit, values_within
from symgrad.language.expr import ONE, Index, free_indices
from symgrad.language.extents import Extents
from symgrad.language.scope import AxisUse, IndexUse, Reading


def refuse_unbounded(reading: Reading, extents: Extents, use: IndexUse) -> NoReturn:
    """Raise the error of an index whose extent no subscript, comparison or bound gives."""
    name = use.index.name
    bound = f"{'for ' if use.left else ''}{name} < n"
    reason = _reason(reading, extents, use.index)
    if reason:
        reading.fail(f"nothing bounds index {name}: {reason}", use.span, f"give a bound: {bound}")
    if not use.left:
        reading.fail(
            f"nothing bounds index {name}",
            use.span,
            f"use {name} alone in a subscript, or give a bound: {bound}",
        )
    advice = f"use {name} as a subscript on the right, or give a bound: {bound}"
    word = re.search(r"\w+_[^\W_]{3,}$", reading.text[: use.span.stop])
    if word:  # its subscript may be meant as a part of the name
        advice = f"use {name} as a subscript on the right, or write {word[0]}[] for a scalar"
    reading.fail(f"index {name} is on the left-hand side, and nothing bounds it", use.span, advice)


def _reason(reading: Reading, extents: Extents, index: Index) -> str:
    uses = [use for use in reading.axis_uses if index in free_indices(use.subscript)]
    padded = next((use for use in uses if use.padded and not use.target), None)
    for use in uses:
        if use.target or use.padded:
            continue
        place = reading.text[use.span.start : use.span.stop]
        return f"{use.name} is read at {place}, and {_cause(reading, extents, index, use)}"
    return f"pad reads {padded.name} at any place" if padded else ""


def _cause(reading: Reading, extents: Extents, index: Index, use: AxisUse) -> str:
    if reading.is_decided_by_data(use.subscript):
        return "data decide where"
    others = (i for i in use.subscript.free_in_order if i is not index)
    open_one = next((other for other in others if extents.of(other) is None), None)
    if open_one is not None:
        return f"nothing bounds {open_one.name} either"
    if values_within(use.subscript, index, ONE) is Limit.NONE:
        return "a remainder never leaves"
    return "how far that reaches can't be told"
