"""Define the kinds of expression that the formula language has, one class each.

One set of nodes serves formulas, conditions, index arithmetic, gradients and steps, so that a
gradient is again a formula. The classes only hold their parts; `algebra` builds the normal form,
`traverse` walks and substitutes. `expr` gathers them for the rest of the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from symgrad.language.base import Expr, Index, kept, node

# --- atoms ---------------------------------------------------------------------------------------


@node
class Number(Expr):
    """An exact rational number; a decimal in a formula is read exactly."""

    value: Fraction

    def __post_init__(self) -> None:
        if not isinstance(self.value, Fraction):
            object.__setattr__(self, "value", Fraction(self.value))


@node
class Constant(Expr):
    """`pi` or `inf`."""

    name: str


@node
class Element(Expr):
    """One element of a tensor, `x[i,j]`; a scalar has no subscripts. Subscripts are expressions."""

    name: str
    subscripts: tuple[Expr, ...] = ()

    @kept
    def names(self) -> tuple[str, ...]:
        """Its own name, then those in its subscripts."""
        inside = [name for subscript in self.subscripts for name in subscript.names]
        return tuple(dict.fromkeys((self.name, *inside))) if inside else (self.name,)

    def alpha_key(self, names: Mapping[Index, int]) -> Any:
        """Return the key of the element."""
        return ("Element", self.name, tuple([s.alpha_key(names) for s in self.subscripts]))


@node
class IndexValue(Expr):
    """An index, as a subscript or used as a number."""

    index: Index

    @kept
    def free_in_order(self) -> tuple[Index, ...]:
        """The index itself."""
        return (self.index,)

    def alpha_key(self, names: Mapping[Index, int]) -> Any:
        """Return the key of the index."""
        return ("IndexValue", names.get(self.index, self.index))


@node
class Extent(Expr):
    """`size(k)`: how far an index runs."""

    index: Index

    @kept
    def free_in_order(self) -> tuple[Index, ...]:
        """The index itself."""
        return (self.index,)


@node
class AxisLength(Expr):
    """`size(x, 0)`: the length of one axis of a tensor, counted from 0."""

    name: str
    axis: int


# --- arithmetic ----------------------------------------------------------------------------------


@node
class Add(Expr):
    """A sum of terms, in reading order."""

    terms: tuple[Expr, ...]


@node
class Mul(Expr):
    """A product of factors, in reading order; a quotient is a factor `Power(base, -1)`."""

    factors: tuple[Expr, ...]


@node
class Power(Expr):
    """`base^exponent`."""

    base: Expr
    exponent: Expr


@node
class FloorDiv(Expr):
    """`left // right` of index expressions."""

    left: Expr
    right: Expr


@node
class Mod(Expr):
    """`left % right` of index expressions."""

    left: Expr
    right: Expr


@node
class Call(Expr):
    """An elementwise function of the table, by name: `tanh(x)`, `max(a, b)`."""

    function: str
    args: tuple[Expr, ...]


@node
class OpaqueCall(Expr):
    """A function that is left open: `g(x)`, and `g'(x)` with order 1."""

    function: str
    arg: Expr
    order: int = 0


@node
class StopGradient(Expr):
    """The value of its body, with derivative 0."""

    body: Expr


# --- conditions ----------------------------------------------------------------------------------


@node
class Compare(Expr):
    """`left op right`, op one of < <= > >= == !=; true or false."""

    op: str
    left: Expr
    right: Expr


@node
class And(Expr):
    """All of the conditions hold."""

    args: tuple[Expr, ...]


@node
class Or(Expr):
    """One of the conditions holds."""

    args: tuple[Expr, ...]


@node
class Not(Expr):
    """The condition does not hold."""

    arg: Expr


@node
class Where(Expr):
    """`where(condition, then, otherwise)`; of the branch not taken not even NaN comes through."""

    condition: Expr
    then: Expr
    otherwise: Expr


@node
class Indicator(Expr):
    """The Iverson bracket: 1 where the condition holds, else 0; that 0 wins over NaN and inf."""

    condition: Expr


@node
class Delta(Expr):
    """The Kronecker delta of two index expressions. A factor 0 wins over NaN and inf."""

    left: Expr
    right: Expr


# --- reductions ----------------------------------------------------------------------------------


@node
class Reduce(Expr):
    """`op_{indices: condition} body`, op one of the REDUCTIONS; the indices are bound here."""

    op: str
    indices: tuple[Index, ...]
    condition: Expr | None
    body: Expr

    @property
    def bound(self) -> tuple[Index, ...]:
        """The indices that the reduction runs over."""
        return self.indices

    def alpha_key(self, names: Mapping[Index, int]) -> Any:
        """Return the key with the bound indices numbered by position."""
        return ("Reduce", self.op, *_bound_key(self.indices, self.condition, self.body, names))


@node
class ArgReduce(Expr):
    """`argmax_{k: condition} body`: the first k that attains the max (or min); -1 over nothing."""

    op: str
    index: Index
    condition: Expr | None
    body: Expr

    @property
    def bound(self) -> tuple[Index, ...]:
        """The index that the reduction runs over."""
        return (self.index,)

    def alpha_key(self, names: Mapping[Index, int]) -> Any:
        """Return the key with the bound index numbered."""
        return ("ArgReduce", self.op, *_bound_key(self.bound, self.condition, self.body, names))


def _bound_key(
    indices: Sequence[Index], condition: Expr | None, body: Expr, names: Mapping[Index, int]
) -> Any:
    inner = dict(names)
    for index in indices:
        inner[index] = len(inner)
    ranges = tuple(index.extent for index in indices)
    return ranges, None if condition is None else condition.alpha_key(inner), body.alpha_key(inner)


# --- parsed and not yet derived ------------------------------------------------------------------


@node
class Pad(Expr):
    """`pad(x[...], value)`: reads `value` outside the array."""

    element: Element
    value: Expr


@node
class MatrixFunction(Expr):
    """`inv(a)[i,j]`, `det(a)`, `logdet(a)`."""

    function: str
    name: str
    subscripts: tuple[Expr, ...] = ()


REDUCTIONS = ("sum", "mean", "prod", "max", "min", "logsumexp")
ARG_REDUCTIONS = ("argmax", "argmin")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")

ZERO = Number(Fraction(0))
ONE = Number(Fraction(1))
MINUS_ONE = Number(Fraction(-1))
INFINITY = Constant("inf")
NEGATIVE_INFINITY = Mul((MINUS_ONE, INFINITY))
