"""Test how far indices run: extents as expressions in the lengths of the inputs' axes."""

from __future__ import annotations

import pytest

from symgrad.language.expr import (
    ONE,
    AxisLength,
    Element,
    Expr,
    FloorDiv,
    Reduce,
    add,
    as_expr,
    mul,
    walk,
)
from symgrad.language.layer import Layer

X0, X1, W0, W1 = (AxisLength(name, axis) for name in "xw" for axis in (0, 1))
S = Element("s")

EXTENTS = [
    # an index that stands alone runs over that axis; the first input's axis stands for all
    ("y_ij = x_ik w_kj", "y", (X0, W1)),
    ("y_ij = x_ik w_kj", "w", (X1, W1)),
    ("h_ij = x_ik w_kj; y_j = sum_i h_ij", "y", (W1,)),
    # compared with another index
    ("y_ij = sum_{k<=j} x_ik", "y", (X0, X1)),
    ("y_ij = x_i*delta(i, j)", "y", (X0, X0)),
    ("y_ij = delta(j, argmax_k x_ik)", "y", (X0, X1)),
    # bounds win
    ("y_i = x_i for i < 3", "y", (as_expr(3),)),
    ("y_i = x_i for i <= 3", "y", (as_expr(4),)),
    ("y_i = x_i for i < size(x, -1)", "y", (X0,)),
    ("y_vj = sum_e delta(v, d_e)*x[s_e, j] for v < size(x,0)", "y", (X0, X1)),
    # inside arithmetic
    ("y_i = sum_k x[i+k]*w_k", "y", (add(X0, mul(as_expr(-1), W0), ONE),)),
    ("y_i = x[2*i+1]", "y", (add(FloorDiv(add(X0, as_expr(-2)), as_expr(2)), ONE),)),
    ("y_i = x[s*i]", "y", (add(FloorDiv(add(X0, as_expr(-1)), S), ONE),)),
    ("y_i = x[size(x,0)-1-i]", "y", (X0,)),
    ("y_i = x[size(i)-1-i]", "y", (X0,)),
    # filled in parts
    ("y_i = x_i; y[size(x,0)+i] = w_i", "y", (add(X0, W0),)),
    ("h_t = x_t + h[t-1]; h[-1] = a", "h", (X0,)),
]


@pytest.mark.parametrize(("formula", "name", "extents"), EXTENTS)
def test_an_axis_has_its_extent(formula: str, name: str, extents: tuple[Expr, ...]) -> None:
    layer = Layer("L", formula)
    assert tuple(index.extent for index in layer.axes[name]) == extents


def reductions(formula: str) -> list[Reduce]:
    layer = Layer("L", formula)
    parts = [part for statement in layer.statements for part in walk(statement.value)]
    return [part for part in parts if isinstance(part, Reduce)]


def test_a_bound_leaves_the_condition() -> None:
    (reduction,) = reductions("y_i = max_{u: u<2} x_iu")
    assert reduction.condition is None
    assert reduction.indices[0].extent == as_expr(2)


def test_a_comparison_with_an_index_stays_a_condition() -> None:
    (reduction,) = reductions("y_i = sum_{k<=i} x_k")
    assert reduction.condition is not None
    assert reduction.indices[0].extent == X0


def test_size_of_an_index_bound_elsewhere_is_its_extent() -> None:
    (statement,) = Layer("L", "y_i = (sum_k x_ik)/size(k)").statements
    assert X1 in list(walk(statement.value))


def test_size_of_an_assigned_tensor_is_an_axis_of_an_input() -> None:
    statement = Layer("L", "h_i = x_i; y_i = h_i*size(h, 0)").statements[-1]
    assert X0 in list(walk(statement.value))


def test_places_of_subscripts_are_kept_for_shape_errors() -> None:
    layer = Layer("L", "y_ij = sum_k x_ik*W_kj")
    assert [span.start for span in layer.occurrences["x", 1]] == [15]
    assert [span.start for span in layer.occurrences["W", 0]] == [20]
