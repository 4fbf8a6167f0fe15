"""Define how a plan is computed by blocks of rows, each with a band of the columns."""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.lowering.blocking.diagonals import Cuts
from symgrad.lowering.nodes.arrays import Array
from symgrad.lowering.plans.plan import Assignment


@dataclass(frozen=True)
class Result:
    """An array that the blocks fill, each its own part.

    Attributes:
        name: its name.
        cuts: which part a block fills.
        shape: how long it is.
        value: what it holds where no block does; None where each place has its block.
        like: an array of its shape, if there is one.
    """

    name: str
    cuts: Cuts
    shape: tuple[Array, ...]
    value: float | None
    like: str = ""


@dataclass(frozen=True)
class Loop:
    """What is computed for each block.

    Attributes:
        assignments: in order of execution.
        results: the arrays that the blocks fill.
        lists: names of which each block keeps its part.
        reads: names of which each block has kept its part before.
    """

    assignments: tuple[Assignment, ...]
    results: tuple[Result, ...] = ()
    lists: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Assignments in one go, and a loop behind them, if any."""

    assignments: tuple[Assignment, ...]
    loop: Loop | None


@dataclass(frozen=True)
class Bands:
    """How a plan is computed by blocks.

    Attributes:
        rows: how many rows there are.
        columns: how many columns there are.
        first: the least column - row that counts, None where all do.
        last: the greatest.
        needs_rows: whether no row may be without columns.
        letters: names for a block of rows and for its columns.
        forward: the parts of forward.
        backward: the parts of backward.
        lists: names of which forward keeps a list, a part for each block.
    """

    rows: Array
    columns: Array
    first: Array | None
    last: Array | None
    needs_rows: bool
    letters: tuple[str, str]
    forward: tuple[Part, ...]
    backward: tuple[Part, ...]
    lists: tuple[str, ...]
