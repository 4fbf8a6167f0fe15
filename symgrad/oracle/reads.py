"""Say what is wrong with a read that found no value."""

from __future__ import annotations

from symgrad.errors import ShapeError
from symgrad.oracle.frame import Frame


class ReadOutside(ShapeError):
    """A read that leaves a tensor: `name` and `axis` say where."""

    def __init__(self, message: str, name: str, axis: int) -> None:
        super().__init__(message)
        self.name = name
        self.axis = axis


def read_error(name: str, at: tuple[int, ...], frame: Frame) -> Exception:
    """Return the error of a read of `name` at a position that holds nothing."""
    if name not in frame.tensors:
        return ValueError(f"there is no value for {name}")
    shape = frame.tensors[name].shape
    place = f"{name}[{', '.join(map(str, at))}]" if at else name
    if len(at) != len(shape):
        return ReadOutside(f"{place} is read, and the shape of {name} is {shape}", name, 0)
    for axis, (value, length) in enumerate(zip(at, shape, strict=True)):
        if not 0 <= value < length:
            return ReadOutside(f"{place} is outside of {name} of shape {shape}", name, axis)
    return ValueError(f"{place} is read before it has a value")
