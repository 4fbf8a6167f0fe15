"""Build expressions for the tests: five indices of one tensor's axes, elements and reductions."""

from symgrad.language.expr import (
    AxisLength,
    Compare,
    Element,
    Expr,
    Index,
    IndexValue,
    Reduce,
    as_expr,
)

I = Index("i", AxisLength("x", 0))  # noqa: E741 the letter of the index it is
J = Index("j", AxisLength("x", 1))
K = Index("k", AxisLength("x", 2))
L = Index("l", AxisLength("x", 3))
M = Index("m", AxisLength("x", 4))


def at(name: str, *indices: Index) -> Element:
    """Return an element with plain subscripts; a scalar without any."""
    return Element(name, tuple(IndexValue(index) for index in indices))


def reduce(op: str, *indices: Index, of: Expr, when: Expr | None = None) -> Reduce:
    """Return a reduction."""
    return Reduce(op, indices, when, of)


def total(*indices: Index, of: Expr, when: Expr | None = None) -> Reduce:
    """Return a sum."""
    return Reduce("sum", indices, when, of)


def compare(left: Index | Expr, op: str, right: Index | Expr | int) -> Compare:
    """Return a comparison of indices, expressions or numbers."""
    sides = [
        IndexValue(side) if isinstance(side, Index) else as_expr(side) for side in (left, right)
    ]
    return Compare(op, *sides)
