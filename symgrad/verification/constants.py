"""Choose other values for the constants of a layer than its defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from symgrad.language.layer import Layer
from symgrad.verification.sizes import index_constants

TURNS = 2
# added to what is no whole number; far more than an epsilon, so that its place shows
_SHIFT = 0.37

Constants = Mapping[str, int | float]


def other_constants(layer: Layer) -> Iterator[Constants]:
    """Yield values for all constants of a layer, TURNS times; nothing where it has none.

    What subscripts are made of grows by 1 or 2, in turn, so that of a window and its stride the one
    is longer, then the other.
    """
    whole = list(index_constants(layer))
    for turn in range(TURNS if layer.constants else 0):
        steps = {name: 1 + (place + turn) % 2 for place, name in enumerate(whole)}
        yield {
            name: int(value) + steps[name] if name in steps else _moved(value, turn)
            for name, value in layer.constants.items()
        }


def _moved(value: Fraction | float, turn: int) -> int | float:
    """Return another number; between 0 and 1 where the first is, whole where it is."""
    if isinstance(value, (int, Fraction)) and value == int(value):
        return int(value) + 1 + turn
    moved = float(value) + _SHIFT * (1 + turn) * max(1.0, abs(float(value)))
    return round(moved % 1 if 0 < value < 1 else moved, 6)
