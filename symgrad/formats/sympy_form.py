"""Convert expressions to plain SymPy, for users who go on there.

Indices are integer symbols, bound ones unique dummies, tensors real `IndexedBase`s. The length of
axis 0 of x is the symbol `N_x_0`. A comparison of indices becomes the limit of a `Sum` where one
can say it, else a factor of `Heaviside` and `KroneckerDelta`. A `Piecewise` stands only where a
formula says `where`, because SymPy moves its conditions out of the sums that bind their indices. A
reduction that SymPy lacks is an undefined function of a `Lambda` and the lengths of its indices.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, singledispatch
from types import ModuleType
from typing import Any

from symgrad.formats.naming import Scope
from symgrad.formats.ranges import MIRRORED, conjuncts
from symgrad.formats.sympy_functions import apply_function
from symgrad.language.expr import (
    ONE,
    Add,
    And,
    ArgReduce,
    AxisLength,
    Call,
    Compare,
    Constant,
    Delta,
    Element,
    Expr,
    Extent,
    FloorDiv,
    Index,
    IndexValue,
    Indicator,
    MatrixFunction,
    Mod,
    Mul,
    Not,
    Number,
    OpaqueCall,
    Or,
    Pad,
    Power,
    Reduce,
    StopGradient,
    Where,
    conjunction,
)
from symgrad.language.functions import expand


@dataclass(frozen=True)
class Workspace:
    """The symbols that stand for the visible indices, and the SymPy module."""

    symbols: Mapping[Index, Any]

    @cached_property
    def sympy(self) -> ModuleType:
        """Return SymPy, imported on first use."""
        return importlib.import_module("sympy")

    def symbol(self, index: Index) -> Any:
        """Return the symbol of an index: a dummy for a bound one, else a symbol of its letter."""
        return self.symbols[index]

    def length(self, index: Index) -> Any:
        """Return the length of an index."""
        if index.extent is not None:
            return convert(index.extent, self)
        return self.sympy.Symbol(f"N_{index.name}", integer=True, positive=True)

    def bind(self, indices: tuple[Index, ...]) -> Workspace:
        """Return the workspace inside a reduction."""
        new = {index: self.sympy.Dummy(index.name, integer=True) for index in indices}
        return Workspace({**self.symbols, **new})


def to_sympy(expr: Expr) -> Any:
    """Return `expr` as a plain SymPy expression.

    A free index becomes `Symbol(name, integer=True)`, a scalar `Symbol(name, real=True)`, an
    element `IndexedBase(name, real=True)[i, j]`.
    """
    sympy = Workspace({}).sympy
    letters = Scope.around((expr,)).letters
    symbols = {index: sympy.Symbol(letter, integer=True) for index, letter in letters.items()}
    return convert(expr, Workspace(symbols))


@singledispatch
def convert(expr: Expr, space: Workspace) -> Any:
    """Convert one node."""
    raise AssertionError(f"no conversion to SymPy for {type(expr).__name__}")


def _all(exprs: tuple[Expr, ...], space: Workspace) -> list[Any]:
    return [convert(expr, space) for expr in exprs]


@convert.register
def _(expr: Number, space: Workspace) -> Any:
    return space.sympy.Rational(expr.value.numerator, expr.value.denominator)


@convert.register
def _(expr: Constant, space: Workspace) -> Any:
    return {"pi": space.sympy.pi, "inf": space.sympy.oo}[expr.name]


@convert.register
def _(expr: Element, space: Workspace) -> Any:
    if not expr.subscripts:
        return space.sympy.Symbol(expr.name, real=True)
    base = space.sympy.IndexedBase(expr.name, real=True)
    return base[tuple(_all(expr.subscripts, space))]


@convert.register
def _(expr: IndexValue, space: Workspace) -> Any:
    return space.symbol(expr.index)


@convert.register
def _(expr: Extent, space: Workspace) -> Any:
    return space.length(expr.index)


@convert.register
def _(expr: AxisLength, space: Workspace) -> Any:
    return space.sympy.Symbol(f"N_{expr.name}_{expr.axis}", integer=True, positive=True)


@convert.register
def _(expr: Add, space: Workspace) -> Any:
    return space.sympy.Add(*_all(expr.terms, space))


@convert.register
def _(expr: Mul, space: Workspace) -> Any:
    return space.sympy.Mul(*_all(expr.factors, space))


@convert.register
def _(expr: Power, space: Workspace) -> Any:
    return convert(expr.base, space) ** convert(expr.exponent, space)


@convert.register
def _(expr: FloorDiv, space: Workspace) -> Any:
    return space.sympy.floor(convert(expr.left, space) / convert(expr.right, space))


@convert.register
def _(expr: Mod, space: Workspace) -> Any:
    return space.sympy.Mod(convert(expr.left, space), convert(expr.right, space))


@convert.register
def _(expr: Call, space: Workspace) -> Any:
    expanded = expand(expr)
    if not isinstance(expanded, Call):
        return convert(expanded, space)
    return apply_function(space.sympy, expanded.function, _all(expanded.args, space))


@convert.register
def _(expr: OpaqueCall, space: Workspace) -> Any:
    function = space.sympy.Function(expr.function)
    arg = convert(expr.arg, space)
    if expr.order == 0:
        return function(arg)
    place = space.sympy.Dummy("t", real=True)
    derivative = space.sympy.Derivative(function(place), (place, expr.order))
    return space.sympy.Subs(derivative, place, arg)


@convert.register
def _(expr: StopGradient, space: Workspace) -> Any:
    return space.sympy.Function("stop_gradient")(convert(expr.body, space))


# --- conditions ----------------------------------------------------------------------------------


@convert.register
def _(expr: Compare, space: Workspace) -> Any:
    left, right = convert(expr.left, space), convert(expr.right, space)
    if expr.op in ("==", "!="):
        return (space.sympy.Eq if expr.op == "==" else space.sympy.Ne)(left, right)
    return space.sympy.Rel(left, right, expr.op)


@convert.register
def _(expr: And, space: Workspace) -> Any:
    return space.sympy.And(*_all(expr.args, space))


@convert.register
def _(expr: Or, space: Workspace) -> Any:
    return space.sympy.Or(*_all(expr.args, space))


@convert.register
def _(expr: Not, space: Workspace) -> Any:
    return space.sympy.Not(convert(expr.arg, space))


@convert.register
def _(expr: Where, space: Workspace) -> Any:
    condition = convert(expr.condition, space)
    then, otherwise = convert(expr.then, space), convert(expr.otherwise, space)
    return space.sympy.Piecewise((then, condition), (otherwise, True))


@convert.register
def _(expr: Indicator, space: Workspace) -> Any:
    return bracket(expr.condition, space)


@convert.register
def _(expr: Delta, space: Workspace) -> Any:
    return space.sympy.KroneckerDelta(convert(expr.left, space), convert(expr.right, space))


@singledispatch
def bracket(condition: Expr, space: Workspace) -> Any:
    """Return 1 where the condition holds and 0 elsewhere, without a Piecewise."""
    raise AssertionError(f"no Iverson bracket for {type(condition).__name__}")


@bracket.register
def _(condition: Compare, space: Workspace) -> Any:
    left, right = convert(condition.left, space), convert(condition.right, space)
    step, delta = space.sympy.Heaviside, space.sympy.KroneckerDelta
    return {
        "<": lambda: step(right - left, 0),
        "<=": lambda: step(right - left, 1),
        ">": lambda: step(left - right, 0),
        ">=": lambda: step(left - right, 1),
        "==": lambda: delta(left, right),
        "!=": lambda: 1 - delta(left, right),
    }[condition.op]()


@bracket.register
def _(condition: And, space: Workspace) -> Any:
    return space.sympy.Mul(*(bracket(arg, space) for arg in condition.args))


@bracket.register
def _(condition: Or, space: Workspace) -> Any:
    return 1 - space.sympy.Mul(*(1 - bracket(arg, space) for arg in condition.args))


@bracket.register
def _(condition: Not, space: Workspace) -> Any:
    return 1 - bracket(condition.arg, space)


# --- reductions ----------------------------------------------------------------------------------


@convert.register
def _(expr: Reduce, space: Workspace) -> Any:
    return REDUCTIONS[expr.op](expr, space)


@convert.register
def _(expr: ArgReduce, space: Workspace) -> Any:
    return _undefined(Reduce(expr.op, (expr.index,), expr.condition, expr.body), space)


def _sum(expr: Reduce, space: Workspace) -> Any:
    sympy, inner = space.sympy, space.bind(expr.indices)
    limits, rest = _limits(expr, inner)
    body = convert(expr.body, inner)
    if rest is not None:
        body *= bracket(rest, inner)
    if not body.has(sympy.Piecewise):
        return sympy.Sum(body, *limits)
    # the constructor would fold the Piecewise outwards, past the sum that binds its indices
    result = sympy.Expr.__new__(sympy.Sum, body, *(sympy.Tuple(*limit) for limit in limits))
    result.is_commutative = body.is_commutative
    return result


def _limits(expr: Reduce, inner: Workspace) -> tuple[list[tuple[Any, ...]], Expr | None]:
    """Return the limits of a sum, with a comparison as a limit where it can be one; and the rest.

    The limit takes the place of the index's own end, so the ranges of both sides must be the same.
    """
    ends = {index: [inner.sympy.Integer(0), inner.length(index) - 1] for index in expr.indices}
    rest: list[Expr] = []
    narrowed: set[tuple[Index, bool]] = set()
    for condition in conjuncts(expr.condition):
        found = _as_limit(condition, expr.indices)
        if found is None or (found[0], found[1] in ("<", "<=")) in narrowed:
            rest.append(condition)
            continue
        index, op, other = found
        upper = op in ("<", "<=")
        narrowed.add((index, upper))
        shift = {"<": -1, "<=": 0, ">": 1, ">=": 0}[op]
        ends[index][upper] = inner.symbol(other) + shift
    return [(inner.symbol(index), *ends[index]) for index in expr.indices], conjunction(*rest)


def _as_limit(condition: Expr, indices: tuple[Index, ...]) -> tuple[Index, str, Index] | None:
    """Return (k, op, j) for `k op j` with k bound here, j not, and one range for both."""
    if not isinstance(condition, Compare) or condition.op in ("==", "!="):
        return None
    left, op, right = condition.left, condition.op, condition.right
    if not isinstance(left, IndexValue) or not isinstance(right, IndexValue):
        return None
    if left.index not in indices:
        left, op, right = right, MIRRORED[op], left
    if left.index not in indices or right.index in indices:
        return None
    same = left.index.extent is not None and left.index.extent == right.index.extent
    return (left.index, op, right.index) if same else None


def _prod(expr: Reduce, space: Workspace) -> Any:
    sympy, inner = space.sympy, space.bind(expr.indices)
    body = convert(expr.body, inner)
    if expr.condition is not None:
        body = body ** bracket(expr.condition, inner)
    return sympy.Product(body, *((inner.symbol(i), 0, inner.length(i) - 1) for i in expr.indices))


def _mean(expr: Reduce, space: Workspace) -> Any:
    count = Reduce("sum", expr.indices, expr.condition, ONE)
    if expr.condition is None:
        size = space.sympy.Mul(*(space.length(index) for index in expr.indices))
    else:
        size = _sum(count, space)
    return _sum(Reduce("sum", expr.indices, expr.condition, expr.body), space) / size


def _logsumexp(expr: Reduce, space: Workspace) -> Any:
    body = Call("exp", (expr.body,))
    return space.sympy.log(_sum(Reduce("sum", expr.indices, expr.condition, body), space))


def _undefined(expr: Reduce, space: Workspace) -> Any:
    """Return op(Lambda(indices, body), lengths), with the Iverson bracket as a last argument."""
    sympy, inner = space.sympy, space.bind(expr.indices)
    symbols = tuple(inner.symbol(index) for index in expr.indices)
    args = [sympy.Lambda(symbols, convert(expr.body, inner))]
    args += [space.length(index) for index in expr.indices]
    if expr.condition is not None:
        args.append(sympy.Lambda(symbols, bracket(expr.condition, inner)))
    return sympy.Function(expr.op)(*args)


REDUCTIONS = {
    "sum": _sum,
    "mean": _mean,
    "prod": _prod,
    "logsumexp": _logsumexp,
    "max": _undefined,
    "min": _undefined,
}


# --- later constructs ----------------------------------------------------------------------------


@convert.register
def _(expr: Pad, space: Workspace) -> Any:
    sympy, inside = space.sympy, []
    for axis, subscript in enumerate(expr.element.subscripts):
        place = convert(subscript, space)
        length = convert(AxisLength(expr.element.name, axis), space)
        inside += [place >= 0, place < length]
    value = convert(expr.value, space)
    return sympy.Piecewise((convert(expr.element, space), sympy.And(*inside)), (value, True))


@convert.register
def _(expr: MatrixFunction, space: Workspace) -> Any:
    sympy = space.sympy
    length = convert(AxisLength(expr.name, 0), space)
    matrix = sympy.MatrixSymbol(expr.name, length, length)
    if expr.function == "inv":
        return sympy.Inverse(matrix)[tuple(_all(expr.subscripts, space))]
    determinant = sympy.Determinant(matrix)
    return sympy.log(determinant) if expr.function == "logdet" else determinant
