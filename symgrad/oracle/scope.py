"""Hold what compiling expressions needs: arithmetic, opaque functions, the slots of indices."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from symgrad.language.expr import Expr, Index, ordered_free_indices
from symgrad.oracle.arithmetic import Arithmetic
from symgrad.oracle.frame import Frame, Functions


@dataclass
class Scope:
    """What compiling an expression needs: arithmetic, opaque functions, a slot for each index."""

    arithmetic: Arithmetic
    functions: Functions
    slots: dict[Index, int] = field(default_factory=dict)
    nodes: Iterator[int] = field(default_factory=itertools.count)

    def slot(self, index: Index) -> int:
        """Return the place of the index in `Frame.values`."""
        return self.slots.setdefault(index, len(self.slots))

    def key(self, expr: Expr) -> Callable[[Frame], Any]:
        """Return what tells one evaluation of `expr` from another: this node, its free indices."""
        serial = next(self.nodes)
        slots = [self.slot(index) for index in ordered_free_indices(expr)]
        return lambda frame: (serial, *[frame.values[slot] for slot in slots])
