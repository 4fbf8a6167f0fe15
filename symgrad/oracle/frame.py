"""Hold the state of one run of the oracle: index values, tensors, remembered reductions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symgrad.errors import ShapeError

# what plain loops visit in seconds
MOST_POSITIONS = 1_000_000

Cells = dict[tuple[int, ...], Any]
"""The entries of a tensor by position; a position outside the tensor is no key."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of scalars of either arithmetic: its shape and its entries."""

    shape: tuple[int, ...]
    cells: Cells

    @classmethod
    def of(cls, value: Any, number: Callable[[Any], Any]) -> Tensor:
        """Return `value`, an array or a number, with entries `number(entry)`; a Tensor stays."""
        if isinstance(value, Tensor):
            return value
        if not isinstance(value, np.ndarray) and np.ndim(value) == 0:
            return cls((), {(): number(value)})
        array = np.asarray(value)
        entries = map(number, array.ravel().tolist())
        return cls(array.shape, dict(zip(positions(array.shape), entries, strict=True)))

    def to_array(
        self, convert: Callable[[Any], Any] = float, dtype: Any = np.float64
    ) -> np.ndarray:
        """Return the entries as an array."""
        entries = [convert(self.cells[position]) for position in positions(self.shape)]
        return np.array(entries, dtype=dtype).reshape(self.shape)


def positions(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield every position of a tensor of this shape, the last axis fastest.

    Raises:
        ShapeError: when there are more than can be visited one by one.
    """
    if math.prod(shape) > MOST_POSITIONS:
        raise ShapeError(
            f"{' times '.join(map(str, shape))} places are too many to evaluate one by one"
        )
    return itertools.product(*map(range, shape))


@dataclass
class Frame:
    """What the compiled expressions read while they run.

    Attributes:
        values: the value of each index, by the slot that compiling gave it.
        tensors: inputs, constants and the names assigned so far.
        memo: values of reductions, by node and by the values of the indices they depend on.
        stops: values of `stop_gradient`, None when they follow their arguments. A dict that is
            handed to several runs keeps the values of the first, as a numerical gradient needs.
    """

    values: list[int]
    tensors: dict[str, Tensor]
    memo: dict[Any, Any] = field(default_factory=dict)
    stops: MutableMapping[Any, Any] | None = None


Evaluate = Callable[[Frame], Any]
Functions = Mapping[str, Callable[[Any], Any]]
