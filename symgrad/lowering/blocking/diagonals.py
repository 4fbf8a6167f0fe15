"""Find conditions on how far one index lies behind another: k <= q + 1, k > q - w.

Such a condition holds on one side of a diagonal of the two axes. Both sides that are known here are
half planes: column - row <= limit, and column - row >= limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from symgrad.lowering.expressions.elementwise import MIRRORED
from symgrad.lowering.nodes.arrays import (
    Apply,
    Arange,
    Array,
    Expand,
    Hyperparameter,
    KeptExtent,
    Literal,
    Permute,
    Size,
    Tri,
    Variable,
)
from symgrad.lowering.nodes.combine import number

# the cut of an axis: into blocks of rows, or into the columns that a block of rows needs
ROW, COLUMN, WHOLE_AXIS = "row", "column", ""
Cuts = tuple[str, ...]
# coefficients: of axes by their place, of numbers that are whole, of 1 by None
Form = dict[int | Array | None, int]


@dataclass(frozen=True)
class HalfPlane:
    """The places where column - row <= limit, or >= limit unless `below`.

    Attributes:
        below: whether the limit is the last difference, rather than the first.
        constant: the part of the limit that is a number.
        terms: the other parts, with their factors.
        rounding: how their sum becomes a whole number: floor, ceil, or empty where it is one.
    """

    below: bool
    constant: int
    terms: tuple[tuple[Array, int], ...] = ()
    rounding: str = ""

    def holds(self, other: HalfPlane) -> bool:
        """Say whether all places of another half plane are certainly in this one."""
        kinds = [(plane.below, dict(plane.terms), plane.rounding) for plane in (self, other)]
        same = kinds[0] == kinds[1]
        above = self.constant >= other.constant
        return same and (self.constant == other.constant or above == self.below)

    @property
    def limit(self) -> Array:
        """The limit as a number of the plan."""
        total: Array | None = None
        for array, factor in sorted(self.terms, key=lambda term: term[1] < 0):
            size = array if abs(factor) == 1 else Apply("*", (number(abs(factor)), array))
            if total is None:
                total = size if factor > 0 else Apply("neg", (size,))
            else:
                total = Apply("+" if factor > 0 else "-", (total, size))
        if total is None:
            return number(self.constant)
        if self.rounding:
            total = Apply(self.rounding, (total,))
        if not self.constant:
            return total
        return Apply("+" if self.constant > 0 else "-", (total, number(abs(self.constant))))


@dataclass(frozen=True)
class Conditions:
    """What conditions are made of.

    Attributes:
        definitions: the arrays of names that hold places.
        whole: names of the constants that are whole numbers.
    """

    definitions: Mapping[str, Array]
    whole: frozenset[str]

    def is_whole(self, array: Array) -> bool:
        """Say whether a number is certainly a whole one."""
        return not isinstance(array, Hyperparameter) or array.name in self.whole


def half_plane(array: Array, cuts: Cuts, known: Conditions) -> HalfPlane | None:
    """Return where a condition on a row and a column holds; None for another condition."""
    found = _difference(array, known)
    if found is None:
        return None
    form, op = found
    axes = [key for key in form if isinstance(key, int) and form[key]]
    if len(axes) != 2 or {cuts[axis] for axis in axes} != {ROW, COLUMN}:
        return None
    column = next(axis for axis in axes if cuts[axis] == COLUMN)
    row = next(axis for axis in axes if axis != column)
    if form[column] == -1 and form[row] == 1:
        form, op = {key: -factor for key, factor in form.items()}, MIRRORED[op]
    if form[column] != 1 or form[row] != -1:
        return None
    # column - row op limit
    terms = tuple((k, -f) for k, f in form.items() if isinstance(k, Array) and f)
    step = {"<": -1, ">": 1}.get(op, 0)
    rounding = "floor" if op in ("<=", ">") else "ceil"
    whole = all(known.is_whole(array) for array, _ in terms)
    constant = step - form.get(None, 0)
    return HalfPlane(op in ("<", "<="), constant, terms, "" if whole else rounding)


def has_diagonal(array: Array, known: Conditions) -> bool:
    """Say whether an array is a condition on the places along two axes of its own."""
    found = _difference(array, known)
    if found is None:
        return False
    factors = sorted(factor for key, factor in found[0].items() if isinstance(key, int) and factor)
    return factors == [-1, 1]


def first_axes(array: Array, known: Conditions) -> Iterator[tuple[int, int]]:
    """Yield the two axes of a condition as (rows, columns), the likelier first."""
    found = _difference(array, known)
    if found is not None:
        first, last = sorted(key for key, f in found[0].items() if isinstance(key, int) and f)
        yield first, last
        yield last, first


def _difference(array: Array, known: Conditions) -> tuple[Form, str] | None:
    """Return a form and the comparison with 0 which a condition makes of it."""
    if isinstance(array, Tri):  # column - row - offset <= 0
        return {1: 1, 0: -1, None: -array.offset}, "<="
    if not isinstance(array, Apply) or array.op not in ("<", "<=", ">", ">="):
        return None
    left, right = (_form(arg, array.ndim, known) for arg in array.args)
    if left is None or right is None:
        return None
    return _sum(left, right, -1), array.op


def _sum(left: Form, right: Form, factor: int) -> Form:
    total = dict(left)
    for key, value in right.items():
        total[key] = total.get(key, 0) + factor * value
    return total


def _form(array: Array, rank: int, known: Conditions) -> Form | None:
    """Return whole numbers as an affine form in the places along the axes of an array.

    The array broadcasts into one of a rank, whose axes the form counts.
    """
    before = rank - array.ndim
    if isinstance(array, Literal):
        value = array.value
        whole = not isinstance(value, str) and value.denominator == 1
        return {None: int(value)} if whole else None
    if isinstance(array, (Size, KeptExtent, Hyperparameter)):
        return {array: 1}
    if isinstance(array, Variable):
        definition = known.definitions.get(array.name)
        return None if definition is None else _form(definition, rank, known)
    if isinstance(array, Arange):
        return {before: 1}
    if isinstance(array, (Expand, Permute)):
        return _moved(array, rank, known)
    if isinstance(array, Apply) and array.op in ("+", "-", "neg", "*"):
        return _arithmetic(array, rank, known)
    return None


def _moved(array: Expand | Permute, rank: int, known: Conditions) -> Form | None:
    inner = array.array
    form = _form(inner, inner.ndim, known)
    if form is None:
        return None
    places = array.layout if isinstance(array, Expand) else array.order
    before = rank - array.ndim
    moved: Form = {before + places.index(key): f for key, f in form.items() if isinstance(key, int)}
    return moved | {key: factor for key, factor in form.items() if not isinstance(key, int)}


def _arithmetic(array: Apply, rank: int, known: Conditions) -> Form | None:
    forms = [_form(arg, rank, known) for arg in array.args]
    first, last = forms[0], forms[-1]
    if first is None or last is None:
        return None
    if array.op == "neg":
        return _sum({}, first, -1)
    if array.op != "*":
        return _sum(first, last, 1 if array.op == "+" else -1)
    for factor, other in ((first, last), (last, first)):
        if set(factor) <= {None}:
            return _sum({}, other, factor.get(None, 0))
    return None
