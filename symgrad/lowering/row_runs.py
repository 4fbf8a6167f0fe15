"""Find methods that compute each row of their results from the same rows of what they read.

A row is what stands at one place of the first axis. Such a method may compute a few rows at a
time, so that what one operation writes is still in the cache when the next one reads it:

    x_scaled_ij = x_ij*s_j
    y_ij = tanh(x_scaled_ij)*x_scaled_ij + 1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import singledispatch

from symgrad.language.functions import FUNCTIONS
from symgrad.lowering.arrays import Apply, Array, Cast, Expand, Size, Variable
from symgrad.lowering.memory import ONE, Known, is_new, lengths
from symgrad.lowering.plan import Assignment
from symgrad.lowering.traversal import walk

# a method that goes less often over whole arrays gains little
FEWEST = 5


@dataclass(frozen=True)
class Reads:
    """Names of the arrays that an expression reads: by its own rows, and whole for each row."""

    rows: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()

    def __add__(self, other: Reads) -> Reads:
        return Reads(self.rows + other.rows, self.whole + other.whole)


def read_rows(
    assignments: Sequence[Assignment], before: Sequence[Assignment] = ()
) -> tuple[str, ...]:
    """Return the names of the arrays whose rows a method reads, in the order of their use.

    There are none where it is short, or where a row of some result needs more than the rows at
    its place.

    Args:
        assignments: those of the method.
        before: those of the method that ran before.
    """
    known = Known()
    for assignment in (*before, *assignments):
        known.names[assignment.name] = lengths(assignment.array, known)
    rows: dict[str, None] = {}
    whole: set[str] = set()
    for assignment in assignments:
        reads = _reads_of(assignment.array, known)
        # rows of arrays that no operation joins may be others
        if reads is None or not (reads.rows and (not rows or rows.keys() & set(reads.rows))):
            return ()
        rows.update(dict.fromkeys((*reads.rows, assignment.name)))
        whole.update(reads.whole)
    own = {assignment.name for assignment in assignments}
    if not rows.keys().isdisjoint(whole) or _operations(assignments) < FEWEST:
        return ()
    return tuple(name for name in rows if name not in own)


def _operations(assignments: Iterable[Assignment]) -> int:
    """Return how often elementwise operations go over whole arrays."""
    parts = {p for a in assignments for p in walk(a.array) if isinstance(p, Apply)}
    rank = max((part.ndim for part in parts), default=0)
    return sum(_passes(part.op) for part in parts if part.ndim == rank)


def _passes(op: str) -> int:
    """Return how often an operation goes over its arrays; the module's own functions do often."""
    row = FUNCTIONS.get(op)
    return 4 if row is not None and (row.numpy or "").startswith("_") else 1


def _reads_of(array: Array, known: Known) -> Reads | None:
    """Return what an assigned array reads; None where rows do not suffice for its rows."""
    return _rows(array, array.ndim, known) if is_new(array) and array.ndim else None


@singledispatch
def _rows(array: Array, rank: int, known: Known) -> Reads | None:
    """Return what a part of an elementwise expression of some rank reads."""
    # the number of rows is another one inside of a block
    counted = any(isinstance(part, Size) and part.axis == 0 for part in walk(array))
    return Reads() if array.kind == "weak" and not counted else None


@_rows.register
def _(array: Variable, rank: int, known: Known) -> Reads | None:
    if array.ndim < rank:
        return Reads(whole=(array.name,))
    first = lengths(array, known)[0]
    if first is None:
        return None
    return Reads(whole=(array.name,)) if first == ONE else Reads(rows=(array.name,))


@_rows.register
def _(array: Apply, rank: int, known: Known) -> Reads | None:
    if 0 < array.ndim < rank:
        return None  # a part that would be computed again for each block
    return _together(_rows(arg, rank, known) for arg in array.args)


@_rows.register
def _(array: Cast, rank: int, known: Known) -> Reads | None:
    return _rows(array.array, rank, known)


@_rows.register
def _(array: Expand, rank: int, known: Known) -> Reads | None:
    inner = array.array
    if not isinstance(inner, Variable):
        return None
    if array.ndim < rank or array.layout[0] is None:
        return Reads(whole=(inner.name,))
    if array.layout[0] or lengths(inner, known)[0] in (None, ONE):
        return None
    return Reads(rows=(inner.name,))


def _together(parts: Iterator[Reads | None]) -> Reads | None:
    total = Reads()
    for part in parts:
        if part is None:
            return None
        total += part
    return total
