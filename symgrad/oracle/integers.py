"""Compile index expressions, the extents of indices and loops over them; `//` and `%` floor."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from symgrad.errors import ShapeError
from symgrad.language.accesses import is_decided_by_data
from symgrad.language.expr import (
    Add,
    And,
    ArgReduce,
    AxisLength,
    Call,
    Element,
    Expr,
    Extent,
    FloorDiv,
    Index,
    IndexValue,
    Mod,
    Mul,
    Number,
    Power,
    walk,
)
from symgrad.oracle.frame import Evaluate, Frame, positions
from symgrad.oracle.passes import compile_condition, compile_integer, compile_value
from symgrad.oracle.reads import negative_extent
from symgrad.oracle.reductions import ARGUMENT_REDUCERS
from symgrad.oracle.scope import Scope


@compile_integer.register
def _(expr: Number, scope: Scope) -> Evaluate:
    if expr.value.denominator != 1:
        raise TypeError(f"{expr.value} is not an integer")
    value = expr.value.numerator
    return lambda frame: value


@compile_integer.register
def _(expr: IndexValue, scope: Scope) -> Evaluate:
    slot = scope.slot(expr.index)
    return lambda frame: frame.values[slot]


@compile_integer.register
def _(expr: Extent, scope: Scope) -> Evaluate:
    return compile_extent(expr.index, scope)


@compile_integer.register
def _(expr: AxisLength, scope: Scope) -> Evaluate:
    name, axis = expr.name, expr.axis
    return lambda frame: frame.tensors[name].shape[axis]


@compile_integer.register
def _(expr: Element, scope: Scope) -> Evaluate:
    value = compile_value(expr, scope)

    def evaluate(frame: Frame) -> int:
        scalar = value(frame)
        if scalar != int(scalar):
            raise ValueError(f"{expr.name} holds {scalar}, and is used as an integer")
        return int(scalar)

    return evaluate if expr.subscripts else _once(evaluate)


def _once(evaluate: Evaluate) -> Evaluate:
    """Return a closure that remembers an integer which is one for the whole run, as a stride is."""
    key = object()

    def remembered(frame: Frame) -> int:
        value = frame.memo.get(key)
        if value is None:
            value = frame.memo[key] = evaluate(frame)
        return value  # type: ignore[no-any-return]

    return remembered


@compile_integer.register
def _(expr: Add, scope: Scope) -> Evaluate:
    # loops over windows spend their time here
    first, *others = [compile_integer(term, scope) for term in expr.terms]
    if len(others) == 1:
        (second,) = others
        return lambda frame: first(frame) + second(frame)

    def evaluate(frame: Frame) -> int:
        total: int = first(frame)
        for other in others:
            total += other(frame)
        return total

    return evaluate


@compile_integer.register
def _(expr: Mul, scope: Scope) -> Evaluate:
    first, *others = [compile_integer(factor, scope) for factor in expr.factors]
    if len(others) == 1:
        (second,) = others
        return lambda frame: first(frame) * second(frame)

    def evaluate(frame: Frame) -> int:
        product: int = first(frame)
        for other in others:
            product *= other(frame)
        return product

    return evaluate


@compile_integer.register
def _(expr: Power, scope: Scope) -> Evaluate:
    base, exponent = compile_integer(expr.base, scope), compile_integer(expr.exponent, scope)
    return lambda frame: base(frame) ** exponent(frame)


@compile_integer.register
def _(expr: Call, scope: Scope) -> Evaluate:
    """The extent of an index that two accesses limit is the `min` of both limits."""
    choose = {"min": min, "max": max}[expr.function]
    args = [compile_integer(arg, scope) for arg in expr.args]
    return lambda frame: choose(arg(frame) for arg in args)


@compile_integer.register
def _(expr: FloorDiv | Mod, scope: Scope) -> Evaluate:
    left, right = compile_integer(expr.left, scope), compile_integer(expr.right, scope)
    divide = operator.floordiv if isinstance(expr, FloorDiv) else operator.mod

    def evaluate(frame: Frame) -> int:
        divisor = right(frame)
        if divisor < 1:
            raise ShapeError(f"a divisor is {divisor}, and // and % need 1 or more")
        return int(divide(left(frame), divisor))

    return evaluate


@compile_integer.register
def _(expr: ArgReduce, scope: Scope) -> Evaluate:
    loop = compile_loop((expr.index,), conjuncts(expr.condition), scope)
    body = compile_value(expr.body, scope)
    better, slot = ARGUMENT_REDUCERS[expr.op], scope.slot(expr.index)
    key = scope.key(expr)

    def search(frame: Frame) -> int:
        best, place = None, -1
        for _ in loop(frame):
            value = body(frame)
            if best is None or better(value, best):
                best, place = value, frame.values[slot]
        return place

    def evaluate(frame: Frame) -> int:
        at = key(frame)
        if at not in frame.memo:
            frame.memo[at] = search(frame)
        return int(frame.memo[at])

    return evaluate


def conjuncts(condition: Expr | None) -> tuple[Expr, ...]:
    """Return the conditions that must all hold."""
    if condition is None:
        return ()
    return condition.args if isinstance(condition, And) else (condition,)


def compile_loop(
    indices: tuple[Index, ...], guards: Sequence[Expr], scope: Scope
) -> Callable[[Frame], Any]:
    """Return a closure that sets the indices to each of their values that pass the guards.

    A guard on indices alone is asked as soon as its indices are set, and they are set first: the
    sums with deltas that gradients are made of would take long otherwise. It guards the reads of
    the other guards, wherever it stands.

    Args:
        indices: what to loop over.
        guards: conditions, and factors `Delta` and `Indicator`, all of which must hold.
        scope: what compiling needs.
    """
    first = [guard for guard in guards if not is_decided_by_data(guard)]
    last = [guard for guard in guards if is_decided_by_data(guard)]
    stages: list[_Stage] = []
    left = list(indices)
    for guard in first:
        own = [index for index in left if index in guard.free]
        left = [index for index in left if index not in own]
        stages.append(_stage(own, [guard], scope))
    stages.append(_stage(left, last, scope))
    return _nested(stages)


@dataclass(frozen=True)
class _Stage:
    """Indices that are set together, and the guards that are asked then."""

    slots: tuple[int, ...]
    extents: tuple[Evaluate, ...]
    guards: tuple[Evaluate, ...]

    def run(self, frame: Frame) -> Iterator[tuple[int, ...]]:
        values, guards = frame.values, self.guards
        for at in positions([extent(frame) for extent in self.extents]):
            for slot, value in zip(self.slots, at, strict=True):
                values[slot] = value
            for guard in guards:
                if not guard(frame):
                    break
            else:
                yield at


def _stage(indices: Sequence[Index], guards: Sequence[Expr], scope: Scope) -> _Stage:
    return _Stage(
        tuple(scope.slot(index) for index in indices),
        tuple(compile_extent(index, scope) for index in indices),
        tuple(compile_condition(guard, scope) for guard in guards),
    )


def _nested(stages: Sequence[_Stage]) -> Callable[[Frame], Iterator[tuple[int, ...]]]:
    """Return the loop over the first stage, and over the others inside it."""
    outer, *others = stages
    if not others:
        return outer.run
    inner = _nested(others)

    def loop(frame: Frame) -> Iterator[tuple[int, ...]]:
        for _ in outer.run(frame):
            yield from inner(frame)

    return loop


def compile_extent(index: Index, scope: Scope) -> Evaluate:
    """Return a closure that gives how far the index runs."""
    if index.extent is None:
        raise AssertionError(f"the extent of index {index.name} is not resolved")
    extent = compile_integer(index.extent, scope)
    axes = [part for part in walk(index.extent) if isinstance(part, AxisLength)]
    if len(axes) == 1 and axes[0] is index.extent:
        return extent
    places = [(part.name, part.axis) for part in axes]

    def evaluate(frame: Frame) -> int:
        value: int = extent(frame)
        if value < 0:
            raise negative_extent(index.name, value, places, frame)
        return value

    return evaluate
