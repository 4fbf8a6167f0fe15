"""Say what is wrong where a formula leaves the tensors that it is given."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.errors import ShapeError
from symgrad.language.scope import Place
from symgrad.oracle.frame import Frame


class PlacedError(ShapeError):
    """A ShapeError that knows which axes it is about."""

    def __init__(self, message: str, places: Sequence[Place]) -> None:
        super().__init__(message)
        self.places = list(places)


class ReadOutside(PlacedError):
    """A read that leaves a tensor, at `place` of the axis `places[0]`."""

    def __init__(self, message: str, name: str, axis: int, place: int) -> None:
        super().__init__(message, [(name, axis)])
        self.place = place


def read_error(name: str, at: tuple[int, ...], frame: Frame) -> Exception:
    """Return the error of a read of `name` at a position that holds nothing."""
    if name not in frame.tensors:
        return ValueError(f"there is no value for {name}")
    shape = frame.tensors[name].shape
    place = f"{name}[{', '.join(map(str, at))}]" if at else name
    if len(at) != len(shape):
        message = f"{place} is read, and the shape of {name} is {shape}"
        return ReadOutside(message, name, 0, 0)
    for axis, (value, length) in enumerate(zip(at, shape, strict=True)):
        if not 0 <= value < length:
            message = f"{name}: axis {axis} of length {length} is read at {value}, in {place}"
            return ReadOutside(message, name, axis, value)
    return ValueError(f"{place} is read before it has a value")


def negative_extent(letter: str, value: int, places: Sequence[Place], frame: Frame) -> PlacedError:
    """Return the error of an index with fewer values than none: a window longer than its axis."""
    lengths = [
        f"axis {axis} of {name} has length {frame.tensors[name].shape[axis]}"
        for name, axis in dict.fromkeys(places)
    ]
    reason = f": {', '.join(lengths)}" if lengths else ""
    return PlacedError(f"index {letter} would have {value} values{reason}", places)
