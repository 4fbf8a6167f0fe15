"""Know the tensors of a program: the extents of their axes, their kinds, which are finite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

from symgrad.language.expr import (
    ONE,
    Add,
    AxisLength,
    Call,
    Constant,
    Delta,
    Element,
    Expr,
    Extent,
    FloorDiv,
    Index,
    IndexValue,
    Indicator,
    Mod,
    Mul,
    Number,
    OpaqueCall,
    Pad,
    Power,
    Reduce,
    StopGradient,
    Where,
    ordered_free_indices,
    walk,
)
from symgrad.language.layer import Statement
from symgrad.language.program import Program
from symgrad.lowering.nodes.arrays import Array, Value

NOMINAL_EXTENT = 100
# these keep finite arguments finite
BOUNDED = frozenset(
    "abs sign sin cos tanh asinh atan sigmoid softplus floor ceil round relu max min clip erf erfc "
    "hypot atan2".split()
)


@dataclass
class Tensor:
    """What is known about one name: axis extents, the kind of its array, whether it is finite."""

    extents: tuple[Expr, ...]
    kind: str = "float"
    finite: bool = True


@dataclass
class Scope:
    """The names that the statements of one program may read.

    Attributes:
        tensors: inputs, incoming gradients and assigned names.
        constants: names of the constructor's keyword arguments, and those that are `ready`.
        ready: what stands for elements of some names, such as the variables of the loops around.
        inline: whether what is lowered must be one expression, without statements of its own.
        taken: names that no variable may have.
        assigned: names that the formula assigns.
        trusted: gradients, which derived statements read in range.
        integers: inputs that hold integers.
        whole: constants that are whole numbers.
        checked: keys of integer inputs with the lengths that their values stay below.
        margins: how far the padded reads of a (tensor, value) leave each of its axes.
        backward: whether the statement stands in backward.
        computed: what the statements before compute, which a later one may read.
        accesses: keys of the affine places that the formula reads, and so checks at the call.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    constants: frozenset[str] = frozenset()
    ready: Mapping[str, Value] = field(default_factory=dict)
    inline: bool = False
    taken: frozenset[str] = frozenset()
    checked: frozenset[object] = frozenset()
    assigned: frozenset[str] = frozenset()
    trusted: frozenset[str] = frozenset()
    integers: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    accesses: frozenset[object] = frozenset()
    backward: bool = False
    computed: set[Array] = field(default_factory=set)
    margins: Mapping[tuple[str, Expr], Any] = field(default_factory=dict)

    def define(self, statement: Statement, kind: str = "float") -> None:
        """Note a statement's left side as a tensor."""
        extents = tuple(index.extent for index in statement.indices)
        if None in extents:
            raise AssertionError(f"{statement.name} has an index without an extent")
        finite = is_finite(statement.value, self.tensors)
        self.tensors[statement.name] = Tensor(extents, kind, finite)  # type: ignore[arg-type]


def program_scope(program: Program) -> Scope:
    """Return the scope that holds a program's inputs and constants, before any statement."""
    layer = program.layer
    scope = Scope(constants=frozenset(layer.constants), integers=frozenset(layer.integers))
    for name in layer.inputs:
        extents = tuple(_axis_extent(name, n, index) for n, index in enumerate(layer.axes[name]))
        kind = "float"
        if name in layer.integers:  # a scalar is a Python integer, which may be a length
            kind = "int" if extents else "weak"
        scope.tensors[name] = Tensor(extents, kind)
    return scope


def _axis_extent(name: str, axis: int, index: Index) -> Expr:
    """Return the length of an axis; an index with a bound of its own may stop before its end."""
    extent = index.extent
    return extent if isinstance(extent, AxisLength) else AxisLength(name, axis)


def nominal_size(indices: Iterable[Index]) -> int:
    """Return how many elements an array over the indices has, at typical extents."""
    size = 1
    for index in indices:
        known = index.extent
        size *= max(int(known.value), 1) if isinstance(known, Number) else NOMINAL_EXTENT
    return size


def natural_frame(expr: Expr, first: Iterable[Index] = ()) -> tuple[Index, ...]:
    """Return the free indices in the order in which the largest tensors of `expr` have them.

    Of windows x[n, i+u, c] these are the places (n, i, c), and u behind all of them.
    """
    free = ordered_free_indices(expr)
    orders: list[tuple[Index, ...]] = []
    for part in walk(expr):
        if isinstance(part, Element):
            leading = [ordered_free_indices(subscript)[:1] for subscript in part.subscripts]
            orders.append(tuple(dict.fromkeys(i for own in leading for i in own if i in free)))
    orders.sort(key=lambda order: -len(order))
    found = dict.fromkeys(index for order in orders for index in order)
    found.update(dict.fromkeys(free))
    found.update(dict.fromkeys(first))
    return tuple(found)


# --- finiteness ----------------------------------------------------------------------------------


@singledispatch
def is_finite(expr: Expr, tensors: Mapping[str, Tensor]) -> bool:
    """Say whether `expr` is certainly finite, given that inputs and incoming gradients are."""
    return False


@is_finite.register(Number)
@is_finite.register(IndexValue)
@is_finite.register(Extent)
@is_finite.register(AxisLength)
@is_finite.register(Indicator)
@is_finite.register(Delta)
@is_finite.register(FloorDiv)
@is_finite.register(Mod)
def _(expr: Expr, tensors: Mapping[str, Tensor]) -> bool:
    return True


@is_finite.register
def _(expr: Constant, tensors: Mapping[str, Tensor]) -> bool:
    return expr.name != "inf"


@is_finite.register
def _(expr: Element, tensors: Mapping[str, Tensor]) -> bool:
    tensor = tensors.get(expr.name)
    return tensor is None or tensor.finite


@is_finite.register
def _(expr: Pad, tensors: Mapping[str, Tensor]) -> bool:
    return is_finite(expr.element, tensors) and is_finite(expr.value, tensors)


@is_finite.register
def _(expr: Add, tensors: Mapping[str, Tensor]) -> bool:
    return all(is_finite(term, tensors) for term in expr.terms)


@is_finite.register
def _(expr: Mul, tensors: Mapping[str, Tensor]) -> bool:
    return all(is_finite(factor, tensors) for factor in expr.factors)


def is_count(expr: Expr) -> bool:
    """Say whether a value is max(n, 1), with n a length: neither 0 nor infinite."""
    lengths = (Extent, AxisLength, Number)
    return (
        isinstance(expr, Call)
        and expr.function == "max"
        and (ONE in expr.args and all(isinstance(arg, lengths) for arg in expr.args))
    )


@is_finite.register
def _(expr: Power, tensors: Mapping[str, Tensor]) -> bool:
    exponent = expr.exponent
    if is_count(expr.base):
        return isinstance(exponent, Number)
    whole = isinstance(exponent, Number) and exponent.value.denominator == 1
    if isinstance(expr.base, (Extent, AxisLength)):  # the array over an empty axis is empty
        return isinstance(exponent, Number)
    return whole and exponent.value > 0 and is_finite(expr.base, tensors)  # type: ignore[attr-defined]


@is_finite.register
def _(expr: Call, tensors: Mapping[str, Tensor]) -> bool:
    return expr.function in BOUNDED and all(is_finite(arg, tensors) for arg in expr.args)


@is_finite.register
def _(expr: Where, tensors: Mapping[str, Tensor]) -> bool:
    return is_finite(expr.then, tensors) and is_finite(expr.otherwise, tensors)


@is_finite.register
def _(expr: StopGradient, tensors: Mapping[str, Tensor]) -> bool:
    return is_finite(expr.body, tensors)


@is_finite.register
def _(expr: Reduce, tensors: Mapping[str, Tensor]) -> bool:
    return expr.op in ("sum", "prod") and is_finite(expr.body, tensors)


@is_finite.register
def _(expr: OpaqueCall, tensors: Mapping[str, Tensor]) -> bool:
    return False
