"""Define the expressions of the formula language: frozen nodes, compared by structure.

One set of nodes serves formulas, conditions, index arithmetic, gradients and steps, so that a
gradient is again a formula. The classes only hold their parts. `add`, `mul`, `power` and the
operators `+ - * / **` build the normal form: flattened, numbers folded, equal factors and equal
terms combined, in the order of first appearance.

Every bound index is an `Index` object of its own, equal only to itself. That makes substitution
free of capture, as long as a body that is used twice gets fresh indices (`freshen`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import singledispatch
from typing import Any, dataclass_transform

_serial = itertools.count()


@dataclass_transform(frozen_default=True)
def node(cls: type) -> type:
    """Make a frozen dataclass whose equality and (cached) hash come from `Expr`."""
    return dataclass(frozen=True, eq=False, repr=False)(cls)


@dataclass(frozen=True, eq=False, repr=False)
class Index:
    """An index: a letter with a range 0..extent-1. Two indices of the same letter are different.

    `extent` is None until the layer's extents are resolved. After that it is an expression in
    `AxisLength` and numbers, and two indices have the same range when their extents are equal.
    """

    name: str
    extent: Expr | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "serial", next(_serial))

    serial: int = 0

    def fresh(self, name: str | None = None) -> Index:
        """Return a new index with the same range."""
        return Index(name or self.name, self.extent)

    def __repr__(self) -> str:
        return f"{self.name}#{self.serial}"


class Expr:
    """Base of all nodes: structural equality, cached hash and free indices, operators."""

    def parts(self) -> tuple[Any, ...]:
        """Return the fields, in order."""
        cached = self.__dict__.get("_parts")
        if cached is None:
            cached = tuple(getattr(self, f.name) for f in fields(self))  # type: ignore[arg-type]
            object.__setattr__(self, "_parts", cached)
        return cached

    def __hash__(self) -> int:
        cached = self.__dict__.get("_hash")
        if cached is None:
            cached = hash((type(self).__name__, self.parts()))
            object.__setattr__(self, "_hash", cached)
        return cached

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            type(self) is type(other)
            and hash(self) == hash(other)
            and self.parts() == other.parts()  # type: ignore[attr-defined]
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.parts()))})"

    def __add__(self, other: Expr | int) -> Expr:
        return add(self, as_expr(other))

    def __radd__(self, other: int) -> Expr:
        return add(as_expr(other), self)

    def __sub__(self, other: Expr | int) -> Expr:
        return add(self, mul(Number(-1), as_expr(other)))

    def __rsub__(self, other: int) -> Expr:
        return add(as_expr(other), mul(Number(-1), self))

    def __mul__(self, other: Expr | int) -> Expr:
        return mul(self, as_expr(other))

    def __rmul__(self, other: int) -> Expr:
        return mul(as_expr(other), self)

    def __truediv__(self, other: Expr | int) -> Expr:
        return mul(self, power(as_expr(other), Number(-1)))

    def __rtruediv__(self, other: int) -> Expr:
        return mul(as_expr(other), power(self, Number(-1)))

    def __neg__(self) -> Expr:
        return mul(Number(-1), self)

    def __pow__(self, other: Expr | int | Fraction) -> Expr:
        return power(self, as_expr(other))


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


@node
class IndexValue(Expr):
    """An index, as a subscript or used as a number."""

    index: Index


@node
class Extent(Expr):
    """`size(k)`: how far an index runs."""

    index: Index


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
    """`where(condition, then, otherwise)`; the branch not taken contributes nothing, not even NaN."""

    condition: Expr
    then: Expr
    otherwise: Expr


@node
class Indicator(Expr):
    """The Iverson bracket: 1 where the condition holds, else 0. A factor 0 wins over NaN and inf."""

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


@node
class ArgReduce(Expr):
    """`argmax_{k: condition} body`: the first k that attains the max (or min); -1 over nothing."""

    op: str
    index: Index
    condition: Expr | None
    body: Expr


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


# --- traversal -----------------------------------------------------------------------------------


def children(expr: Expr) -> tuple[Expr, ...]:
    """Return the expressions directly inside `expr`, in reading order."""
    cached = expr.__dict__.get("_children")
    if cached is None:
        found: list[Expr] = []
        for part in expr.parts():
            if isinstance(part, Expr):
                found.append(part)
            elif isinstance(part, tuple):
                found += [item for item in part if isinstance(item, Expr)]
        cached = tuple(found)
        object.__setattr__(expr, "_children", cached)
    return cached


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield `expr` and everything inside it, outermost first, in reading order."""
    stack = [expr]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(children(current)))


def bound_indices(expr: Expr) -> tuple[Index, ...]:
    """Return the indices that this very node binds."""
    if isinstance(expr, Reduce):
        return expr.indices
    if isinstance(expr, ArgReduce):
        return (expr.index,)
    return ()


def free_indices(expr: Expr) -> frozenset[Index]:
    """Return the indices that occur free in `expr` (unordered: never iterate it into output)."""
    cached = expr.__dict__.get("_free")
    if cached is None:
        own = (expr.index,) if isinstance(expr, (IndexValue, Extent)) else ()
        cached = frozenset(own).union(*(free_indices(child) for child in children(expr)))
        cached = cached.difference(bound_indices(expr))
        object.__setattr__(expr, "_free", cached)
    return cached


def ordered_free_indices(expr: Expr) -> tuple[Index, ...]:
    """Return the free indices in the order of their first appearance."""
    free = free_indices(expr)
    seen: dict[Index, None] = {}
    for part in walk(expr):
        if isinstance(part, (IndexValue, Extent)) and part.index in free:
            seen.setdefault(part.index)
    return tuple(seen)


def element_names(expr: Expr) -> tuple[str, ...]:
    """Return the names of the tensors and scalars read, in the order of first appearance."""
    return tuple(dict.fromkeys(part.name for part in walk(expr) if isinstance(part, Element)))


def map_parts(expr: Expr, function: Callable[[Expr], Expr]) -> Expr:
    """Return the same kind of node with `function` applied to the expressions directly inside it."""
    changed = False
    parts: list[Any] = []
    for part in expr.parts():
        new: Any = part
        if isinstance(part, Expr):
            new = function(part)
            changed = changed or new is not part
        elif isinstance(part, tuple) and any(isinstance(item, Expr) for item in part):
            new = tuple(function(item) for item in part)
            changed = changed or any(a is not b for a, b in zip(new, part, strict=True))
        parts.append(new)
    return type(expr)(*parts) if changed else expr


def rename(expr: Expr, mapping: Mapping[Index, Index]) -> Expr:
    """Replace indices by indices, bound ones included."""
    if not mapping:
        return expr
    return substitute(expr, {old: IndexValue(new) for old, new in mapping.items()}, mapping)


def substitute(
    expr: Expr, mapping: Mapping[Index, Expr], binders: Mapping[Index, Index] | None = None
) -> Expr:
    """Replace free indices by index expressions.

    The caller sees to it that no replacement mentions an index which `expr` binds: `freshen` first.
    """
    binders = binders or {}

    def visit(part: Expr) -> Expr:
        if isinstance(part, IndexValue):
            return mapping.get(part.index, part)
        if isinstance(part, Extent):
            new = mapping.get(part.index)
            return Extent(new.index) if isinstance(new, IndexValue) else part
        bound = bound_indices(part)
        if not bound and mapping.keys().isdisjoint(free_indices(part)):
            if binders.keys().isdisjoint(inner_indices(part)):
                return part
        if isinstance(part, Reduce):
            indices = tuple(binders.get(index, index) for index in part.indices)
            condition = None if part.condition is None else visit(part.condition)
            return Reduce(part.op, indices, condition, visit(part.body))
        if isinstance(part, ArgReduce):
            condition = None if part.condition is None else visit(part.condition)
            index = binders.get(part.index, part.index)
            return ArgReduce(part.op, index, condition, visit(part.body))
        return map_parts(part, visit)

    return visit(expr)


def inner_indices(expr: Expr) -> tuple[Index, ...]:
    """Return the indices that are bound anywhere inside `expr`, outermost first."""
    cached = expr.__dict__.get("_inner")
    if cached is None:
        inside = (index for child in children(expr) for index in inner_indices(child))
        cached = tuple(dict.fromkeys((*bound_indices(expr), *inside)))
        object.__setattr__(expr, "_inner", cached)
    return cached


def freshen(expr: Expr) -> Expr:
    """Give every index that is bound inside `expr` a new object."""
    bound = inner_indices(expr)
    return rename(expr, {index: index.fresh() for index in bound}) if bound else expr


def replace(expr: Expr, function: Callable[[Expr], Expr | None]) -> Expr:
    """Rewrite from the outside in: where `function` returns an expression, it stands instead."""
    new = function(expr)
    return new if new is not None else map_parts(expr, lambda part: replace(part, function))


# --- the normal form -----------------------------------------------------------------------------


def as_expr(value: Expr | int | Fraction) -> Expr:
    """Return a number as an expression."""
    return value if isinstance(value, Expr) else Number(Fraction(value))


def is_number(expr: Expr, value: int | Fraction | None = None) -> bool:
    """Say whether `expr` is a rational number (that number, when `value` is given)."""
    return isinstance(expr, Number) and (value is None or expr.value == value)


def split_coefficient(expr: Expr) -> tuple[Fraction, Expr]:
    """Return (c, rest) with expr = c*rest, c the rational coefficient in front."""
    if isinstance(expr, Number):
        return expr.value, ONE
    if isinstance(expr, Mul) and isinstance(expr.factors[0], Number):
        rest = expr.factors[1:]
        return expr.factors[0].value, rest[0] if len(rest) == 1 else Mul(rest)
    return Fraction(1), expr


def split_power(expr: Expr) -> tuple[Expr, Expr]:
    """Return (base, exponent) with expr = base^exponent."""
    return (expr.base, expr.exponent) if isinstance(expr, Power) else (expr, ONE)


def add(*terms: Expr) -> Expr:
    """Return the sum: flattened, equal terms combined, the number last."""
    coefficients: dict[Expr, Fraction] = {}
    for term in _flatten(Add, terms):
        coefficient, rest = split_coefficient(term)
        coefficients[rest] = coefficients.get(rest, Fraction(0)) + coefficient
    number = coefficients.pop(ONE, Fraction(0))
    kept = [mul(Number(c), rest) for rest, c in coefficients.items() if c]
    if number:
        kept.append(Number(number))
    if not kept:
        return ZERO
    return kept[0] if len(kept) == 1 else Add(tuple(kept))


def mul(*factors: Expr) -> Expr:
    """Return the product: flattened, equal bases combined, the number in front. Nothing is expanded."""
    number = Fraction(1)
    exponents: dict[Expr, Expr] = {}
    for factor in _flatten(Mul, factors):
        if isinstance(factor, Number):
            number *= factor.value
            continue
        base, exponent = split_power(factor)
        if isinstance(base, (Indicator, Delta)):
            exponents[base] = ONE
        elif base in exponents and _combinable(exponents[base], exponent):
            exponents[base] = add(exponents[base], exponent)
        elif base in exponents:
            exponents[factor] = add(exponents.get(factor, ZERO), ONE)
        else:
            exponents[base] = exponent
    if number == 0:
        return ZERO
    kept: list[Expr] = []
    for base, exponent in exponents.items():
        factor = power(base, exponent)
        if isinstance(factor, Number):
            number *= factor.value
        else:
            kept.append(factor)
    if number != 1:
        kept.insert(0, Number(number))
    if not kept:
        return ONE
    return kept[0] if len(kept) == 1 else Mul(tuple(kept))


def _combinable(left: Expr, right: Expr) -> bool:
    return isinstance(left, Number) and isinstance(right, Number)


def power(base: Expr, exponent: Expr) -> Expr:
    """Return base^exponent, folded where that is exact for every real base in the domain.

    (b^m)^n becomes b^(m*n) for integer n alone: sqrt(x^2) is |x|, not x.
    """
    if is_number(exponent, 0):
        return ONE
    if is_number(exponent, 1) or is_number(base, 1):
        return base
    if isinstance(exponent, Number) and exponent.value.denominator == 1:
        whole = exponent.value.numerator
        if isinstance(base, Number) and abs(whole) <= 64 and (base.value != 0 or whole > 0):
            return Number(base.value**whole)
        if isinstance(base, Power):
            return power(base.base, mul(base.exponent, exponent))
        if isinstance(base, Mul):
            return mul(*(power(factor, exponent) for factor in base.factors))
    if isinstance(base, (Indicator, Delta)) and isinstance(exponent, Number) and exponent.value > 0:
        return base
    return Power(base, exponent)


def _flatten(kind: type, parts: Iterable[Expr]) -> Iterator[Expr]:
    for part in parts:
        if type(part) is kind:
            yield from _flatten(kind, part.parts()[0])
        else:
            yield part


def conjunction(*conditions: Expr | None) -> Expr | None:
    """Return the condition that all of them hold; None stands for the condition that always holds."""
    found: dict[Expr, None] = {}
    for condition in conditions:
        if isinstance(condition, And):
            found.update(dict.fromkeys(condition.args))
        elif condition is not None:
            found[condition] = None
    if not found:
        return None
    parts = tuple(found)
    return parts[0] if len(parts) == 1 else And(parts)


@singledispatch
def alpha_key(expr: Expr, names: Mapping[Index, int] | None = None) -> Any:
    """Return a key that is equal for expressions which differ only in the names of bound indices.

    Free indices count as themselves unless `names` numbers them.
    """
    names = names or {}
    return (type(expr).__name__, *(_part_key(part, names) for part in expr.parts()))


def _part_key(part: Any, names: Mapping[Index, int]) -> Any:
    if isinstance(part, Expr):
        return alpha_key(part, names)
    if isinstance(part, tuple):
        return tuple(_part_key(item, names) for item in part)
    if isinstance(part, Index):
        return names.get(part, part)
    return part


@alpha_key.register
def _(expr: Reduce, names: Mapping[Index, int] | None = None) -> Any:
    inner = dict(names or {})
    for index in expr.indices:
        inner[index] = len(inner)
    ranges = tuple(index.extent for index in expr.indices)
    condition = None if expr.condition is None else alpha_key(expr.condition, inner)
    return ("Reduce", expr.op, ranges, condition, alpha_key(expr.body, inner))


@alpha_key.register
def _(expr: ArgReduce, names: Mapping[Index, int] | None = None) -> Any:
    inner = dict(names or {})
    inner[expr.index] = len(inner)
    condition = None if expr.condition is None else alpha_key(expr.condition, inner)
    return ("ArgReduce", expr.op, expr.index.extent, condition, alpha_key(expr.body, inner))
