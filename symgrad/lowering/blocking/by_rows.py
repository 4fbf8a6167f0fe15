"""Say of an array expression what it reads to compute some of its rows, or their share of a sum.

A row is what stands at one place of the first axis. With the arrays x_ij and dy_ij cut into the
same rows,

    tanh(x_ij)*s_j  and  max_k x_ik

have their own rows from those of x, and sum_i dy_ij*x_ij is the sum of what each block of rows
adds to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import singledispatch

from symgrad.lowering.nodes.arrays import (
    Apply,
    Arange,
    Array,
    Cast,
    Contraction,
    Cumulative,
    Expand,
    KeptExtent,
    Permute,
    Reduction,
    Size,
    Variable,
)
from symgrad.lowering.nodes.scatters import Copy
from symgrad.lowering.nodes.traversal import children, map_children, walk
from symgrad.lowering.nodes.views import WHOLE, Indexed
from symgrad.lowering.plans.memory import ONE, Known, lengths

# whole arrays with more axes are not computed again for each block
RANK_OF_REPEATED = 1


@dataclass(frozen=True)
class Reads:
    """Names of the arrays that an expression reads: by its own rows, and whole for each row."""

    rows: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()

    def __add__(self, other: Reads) -> Reads:
        return Reads(self.rows + other.rows, self.whole + other.whole)


@dataclass
class Rows:
    """The rows that a method is cut into.

    Attributes:
        length: a letter, or an expression: how many rows there are.
        letters: the letters of the lengths of arguments.
        known: the lengths of what is assigned.
        made: names of arrays that are computed by rows.
    """

    length: str | Array
    letters: Mapping[Array, str | Array]
    known: Known
    made: set[str] = field(default_factory=set)

    def has(self, array: Variable) -> bool | None:
        """Say whether an array's first axis is the one that is cut; None where nothing says."""
        if array.name in self.made:
            return True
        if not array.ndim:
            return False
        first = lengths(array, self.known)[0]
        return None if first is None else self.letter(first) == self.length

    def letter(self, length: Array) -> str | Array:
        """Return the letter of a length, by which equal lengths are known."""
        if isinstance(length, KeptExtent):
            return length.letter
        return self.letters.get(length, length)

    def is_count(self, length: Array) -> bool:
        """Say whether a length is that of an array's own rows, so that blocks have another one."""
        return (
            isinstance(length, Size)
            and length.axis == 0
            and self.has(Variable(length.name, 1)) is not False
        )


def reads_of_rows(array: Array, rows: Rows) -> Reads | None:
    """Return what some rows of an array need, or the array where it has none; None where more."""
    return _rows(array, rows)


def reads_of_sum(array: Array, rows: Rows) -> Reads | None:
    """Return what a sum over the rows needs of each; None where it is no such sum."""
    if isinstance(array, Reduction) and array.op == "sum" and not array.keepdims:
        reads = _rows(array.array, rows)
        return reads if 0 in array.axes and reads is not None and reads.rows else None
    if isinstance(array, Contraction):
        reads = _terms(array, rows)
        return reads if reads is not None and reads.rows else None
    return None


# --- nodes ---------------------------------------------------------------------------------------


@singledispatch
def _rows(array: Array, rows: Rows) -> Reads | None:
    """Return what some rows of a node need; None where its own rows do not suffice."""
    if array.kind != "weak" or any(rows.is_count(part) for part in walk(array)):
        return None
    return Reads()


@_rows.register
def _(array: Variable, rows: Rows) -> Reads | None:
    cut = rows.has(array)
    if cut is None:
        return None
    return Reads(rows=(array.name,)) if cut else Reads(whole=(array.name,))


@_rows.register
def _(array: Apply, rows: Rows) -> Reads | None:
    if array.kind == "weak":
        return Reads() if not any(rows.is_count(part) for part in walk(array)) else None
    found = [_rows(arg, rows) for arg in array.args]
    total = _together(found)
    if total is None or not total.rows:
        return _worth(array, total)
    for arg, reads in zip(array.args, found, strict=True):
        if reads is not None and reads.rows:
            if arg.ndim != array.ndim:
                return None  # its rows would meet another axis
        elif arg.ndim == array.ndim and lengths(arg, rows.known)[0] != ONE:
            return None
    return total


@_rows.register(Cast)
@_rows.register(Copy)
def _(array: Cast | Copy, rows: Rows) -> Reads | None:
    return _rows(array.array, rows)


@_rows.register
def _(array: Expand, rows: Rows) -> Reads | None:
    return _keeping(_rows(array.array, rows), array.layout[:1] == (0,))


@_rows.register
def _(array: Permute, rows: Rows) -> Reads | None:
    return _keeping(_rows(array.array, rows), array.order[:1] == (0,))


@_rows.register
def _(array: Reduction, rows: Rows) -> Reads | None:
    return _worth(array, _keeping(_rows(array.array, rows), 0 not in array.axes))


@_rows.register
def _(array: Cumulative, rows: Rows) -> Reads | None:
    return _worth(array, _keeping(_rows(array.array, rows), array.axis != 0))


def _keeping(reads: Reads | None, keeps: bool) -> Reads | None:
    """Return the reads of a part, where the axis that is cut stays in front."""
    return None if reads is None or (reads.rows and not keeps) else reads


def _worth(array: Array, reads: Reads | None) -> Reads | None:
    """Return the reads of an operation, where blocks repeat little of it."""
    repeated = reads is not None and not reads.rows and rank_of(array) > RANK_OF_REPEATED
    return None if repeated else reads


@_rows.register
def _(array: Indexed, rows: Rows) -> Reads | None:
    """Return the reads of x[:, a] and of x[0 ... I-1, t], whose places along the rows are t's."""
    inner = _rows(array.array, rows)
    if inner is None or not inner.rows:
        return None
    first, *others = array.items
    parts = [part for item in others for part in (item if isinstance(item, tuple) else (item,))]
    found = [_rows(part, rows) for part in parts if part is not None]
    if first == WHOLE:
        places = _together(found)
        # arrays of places along other axes could come in front
        return inner if array.is_view and places == Reads() else None
    if not isinstance(first, Arange) or not rows.is_count(first.length):
        return None
    places = _together(found)
    if places is None or not all(isinstance(item, Array) and item.ndim == 1 for item in others):
        return None
    return inner + places if all(reads and reads.rows for reads in found) else None


@_rows.register
def _(array: Contraction, rows: Rows) -> Reads | None:
    if array.form == "matmul":
        return None  # BLAS takes matrices best whole
    letter = array.subscripts.split("->")[1][:1]
    return _worth(array, _aligned(array, rows, letter))


def _terms(array: Contraction, rows: Rows) -> Reads | None:
    """Return what a sum of products over the rows needs of each."""
    inputs, result = array.subscripts.split("->")
    letter = next((s[0] for s in inputs.split(",") if s and s[0] not in result), "")
    if array.form not in ("einsum", "vecdot") or not letter:
        return None
    return _aligned(array, rows, letter)


def _aligned(array: Contraction, rows: Rows, letter: str) -> Reads | None:
    """Return the reads, where `letter` alone runs over the rows and is in front wherever it is."""
    total = Reads()
    for arg, letters in zip(array.args, array.subscripts.split("->")[0].split(","), strict=True):
        reads = _rows(arg, rows)
        if reads is None or bool(reads.rows) != (letter in letters):
            return None
        if reads.rows and (letters[0] != letter or letter in letters[1:]):
            return None
        total += reads
    return total


def _together(parts: Iterable[Reads | None]) -> Reads | None:
    total = Reads()
    for part in parts:
        if part is None:
            return None
        total += part
    return total


# --- products with a vector ----------------------------------------------------------------------


def without_blas(array: Array) -> Array:
    """Return an expression whose products of a matrix and a vector need no BLAS.

    BLAS would share the rows of each block out among its own threads.
    """
    array = map_children(array, without_blas)
    if not isinstance(array, Contraction) or array.form != "matmul":
        return array
    if len(array.args) != 2 or all(arg.ndim != 1 for arg in array.args):
        return array
    inputs, result = array.subscripts.split("->")
    args, letters = [], []
    for arg, axes in zip(array.args, inputs.split(","), strict=True):
        if isinstance(arg, Permute):
            axes = "".join(axes[arg.order.index(n)] for n in range(len(axes)))
            arg = arg.array
        args.append(arg)
        letters.append(axes)
    ends = {axes[-1:] for axes in letters}
    form = "vecdot" if len(ends) == 1 and not ends & set(result) else "einsum"
    subscripts = f"{','.join(letters)}->{result}"
    return replace(array, form=form, args=tuple(args), subscripts=subscripts, axes=((), ()))


# --- the number of rows ---------------------------------------------------------------------------


def with_counts(array: Array, rows: Rows) -> list[Array]:
    """Return the largest parts that hold the number of rows and none of them: sum_i dy_ij/I.

    Inside of a block the number is another one, so that they are to be computed before.
    """
    if not isinstance(array, Apply):
        return [part for child in children(array) for part in with_counts(child, rows)]
    is_whole = not any(isinstance(p, Variable) and rows.has(p) is not False for p in walk(array))
    if is_whole and array.kind == "float" and any(map(rows.is_count, walk(array))):
        return [array]
    return [part for arg in array.args for part in with_counts(arg, rows)]


def names_in(array: Array) -> set[str]:
    """Return the names of the arrays that an expression reads."""
    return {part.name for part in walk(array) if isinstance(part, Variable)}


def operands(array: Array) -> Iterable[Array]:
    """Yield the parts of an expression that go over arrays, with what they go over."""
    return (p for p in walk(array) if isinstance(p, (Apply, Contraction, Cumulative, Reduction)))


def rank_of(array: Array) -> int:
    """Return how many axes an operation goes over."""
    return max((child.ndim for child in children(array)), default=0)
