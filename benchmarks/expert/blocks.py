"""Cut large arrays into pieces that stay in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

PIECE = 1 << 20  # bytes of each array in a piece
WHOLE = 1 << 23  # arrays up to this many bytes are one piece: they stay in the cache anyway


def blocks(*arrays: Any) -> Iterator[Any]:
    """Yield views of the same rows of each array, together small enough for the cache.

    Args:
        arrays: of one length along their first axis; the first one's size decides.
    """
    first = arrays[0]
    length = len(first)
    step = length
    if first.nbytes > WHOLE:
        step = max(1, PIECE * length // first.nbytes)
    for start in range(0, length, step or 1):
        yield tuple(array[start : start + step] for array in arrays)
