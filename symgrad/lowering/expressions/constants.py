"""Find what a layer asks of its constants: which are whole numbers, and how small they may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symgrad.language.expr import (
    ONE,
    AxisLength,
    Delta,
    Element,
    Expr,
    FloorDiv,
    Index,
    Mod,
    Mul,
    Power,
    add,
    replace,
    walk,
)
from symgrad.language.index_expressions import is_index_expression
from symgrad.language.layer import Layer


@dataclass(frozen=True)
class Constants:
    """The constants of index arithmetic.

    Attributes:
        whole: those that must be whole numbers.
        least: for some of them the least value: 1 for steps and divisors, 0 for extents.
    """

    whole: frozenset[str]
    least: dict[str, int]

    def assumed(self, expr: Expr) -> Expr:
        """Return the expression with lengths for its constants, whose signs a proof knows."""

        def visit(part: Expr) -> Expr | None:
            if not isinstance(part, Element) or part.name not in self.least:
                return None
            length = AxisLength(part.name, 0)
            return add(length, ONE) if self.least[part.name] else length

        return replace(expr, visit)


def constants_of(layer: Layer) -> Constants:
    """Return what is asked of the constants of a layer."""
    expressions = list(_index_arithmetic(layer))
    read = {name for expr in expressions for name in expr.names}
    for statement in reversed(layer.statements):  # k_n = s*t_n, where k is a subscript
        if statement.name in read and is_index_expression(statement.value):
            expressions.append(statement.value)
            read.update(statement.value.names)
    whole = (part.name for e in expressions for part in walk(e) if isinstance(part, Element))
    counts = [index.extent for index in _indices(layer) if isinstance(index.extent, Element)]
    least = {count.name: 0 for count in counts}
    least |= {name: 1 for e in expressions for part in walk(e) for name in _steps(part)}
    named = layer.constants
    return Constants(
        frozenset(name for name in whole if name in named),
        {name: value for name, value in least.items() if name in named},
    )


def _indices(layer: Layer) -> Iterator[Index]:
    for own in layer.axes.values():
        yield from own
    for statement in layer.statements:
        yield from statement.value.inner


def _index_arithmetic(layer: Layer) -> Iterator[Expr]:
    """Yield the subscripts, the extents, and what else is index arithmetic whatever it holds."""
    yield from (index.extent for index in _indices(layer) if index.extent is not None)
    for statement in layer.statements:
        yield from statement.subscripts
        for part in walk(statement.value):
            if isinstance(part, Element):
                yield from part.subscripts
            elif isinstance(part, (Delta, FloorDiv, Mod)):
                yield from (part.left, part.right)


def _steps(expr: Expr) -> Iterator[str]:
    """Yield the constants that multiply an index or divide."""
    factors: tuple[Expr, ...] = ()
    if isinstance(expr, Mul) and expr.free:
        factors = expr.factors
    elif isinstance(expr, (FloorDiv, Mod)):
        factors = expr.right.factors if isinstance(expr.right, Mul) else (expr.right,)
    for factor in factors:
        base = factor.base if isinstance(factor, Power) else factor
        if isinstance(base, Element) and not base.subscripts:
            yield base.name
