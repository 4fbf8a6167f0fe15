"""Test how far indices run: extents as expressions in the lengths of the inputs' axes."""

from __future__ import annotations

import pytest

from symgrad.formats.text import to_text
from symgrad.language.expr import (
    AxisLength,
    Element,
    Expr,
    Reduce,
    add,
    as_expr,
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
    ("y_i = x_i + z[i+1] for i < s", "y", (S,)),
    # filled in parts
    ("y_i = x_i; y[size(x,0)+i] = w_i", "y", (add(W0, X0),)),
    ("y_ij = x_ij; y[i, size(x,1)+j] = w_ij", "y", (X0, add(W1, X1))),
    ("h_t = x_t + h[t-1]; h[-1] = a", "h", (X0,)),
]


@pytest.mark.parametrize(("formula", "name", "extents"), EXTENTS)
def test_an_axis_has_its_extent(formula: str, name: str, extents: tuple[Expr, ...]) -> None:
    layer = Layer("L", formula)
    assert tuple(index.extent for index in layer.axes[name]) == extents


# as the language writes it; each is what every access allows, and no more
ARITHMETIC = [
    # windows, strides and dilation
    ("y_i = sum_k x[i+k]*w_k", "size(x, 0) - size(w, 0) + 1"),
    ("y_i = x[2*i+1]", "size(x, 0)//2"),
    ("y_i = x[s*i]", "(size(x, 0) - 1)//s + 1"),
    ("y_i = sum_{u<3} x[2*i+u]", "(size(x, 0) - 3)//2 + 1"),
    ("y_i = sum_u x[s*i+d*u]*w_u", "(size(x, 0) + d - d*size(w, 0) - 1)//s + 1"),
    ("y_i = x[i*s*s]", "(size(x, 0) - 1)//s^2 + 1"),
    # downwards
    ("y_i = x[size(x,0)-1-i]", "size(x, 0)"),
    ("y_i = x[size(i)-1-i]", "size(x, 0)"),
    ("y_i = x[3-i]", "4"),
    ("y_i = x[7-2*i]", "4"),
    ("y_i = sum_k x[i-k]*w_k", "size(x, 0)"),
    # whole division and remainders
    ("y_i = x[i//2]", "2*size(x, 0)"),
    ("y_i = x[(i+1)//s]", "s*size(x, 0) - 1"),
    ("y_i = x[2*(i//3)+1]", "3*(size(x, 0)//2)"),
    ("y_i = x[(size(x,0)-1-i)//2]", "size(x, 0)"),
    ("y_i = x[s*(i//s), i%s]", "s*((size(x, 0) - 1)//s) + s"),
    # several accesses: the shortest counts
    ("y_i = x[i+1]*x[i+3]", "size(x, 0) - 3"),
    ("y_i = x[2*i]*x[2*i+1]", "size(x, 0)//2"),
    ("y_i = x[i+1]*w[2*i]", "min(size(x, 0) - 1, (size(w, 0) - 1)//2 + 1)"),
    # one index is known, or an axis of its own
    ("y_i = sum_j x[i, i+j]*w_j", "size(x, 0)"),
    ("y_i = sum_j x[i+j]*w_ij", "size(w, 0)"),
    ("y_i = sum_{k<=i} x[i-k]*w_i", "size(w, 0)"),
    ("y_i = sum_u pad(x[i+u-1])*w_u for i < size(x,0)", "size(x, 0)"),
    ("n = size(x,0)//2; y_i = x[i+n]", "size(x, 0) - size(x, 0)//2"),
    ("h_i = x[i+2]; y_i = h[2*i]", "(size(x, 0) - 3)//2 + 1"),
    ("y_i = x[i//(r*r)] for i < r*r*size(x,0)", "r^2*size(x, 0)"),
    ("y_o = sum_c x[o//(size(o)//g)*size(c) + c]*w_oc", "size(w, 0)"),
    # parts
    ("y[0] = a; y[1+i] = x_i", "size(x, 0) + 1"),
    ("y[2*i] = x_i; y[2*i+1] = w_i", "size(w, 0) + size(x, 0)"),
    ("y[3*i+u] = x_iu for u < 3", "3*size(x, 0)"),
]


@pytest.mark.parametrize(("formula", "extent"), ARITHMETIC)
def test_an_index_in_arithmetic_runs_as_far_as_every_access_stays_inside(
    formula: str, extent: str
) -> None:
    (index,) = Layer("L", formula).axes["y"]
    assert index.extent is not None
    assert to_text(index.extent) == extent


AGREEMENTS = [
    ("h_i = x[2*i]; y_i = h_i*w_i", "w", "(size(x, 0) - 1)//2 + 1", 0),
    ("h_i = x_i for i < 3; y_i = h_i*w_i", "w", "3", 0),
    ("h_i = x_i; h[size(x,0)+i] = z_i; y_i = h_i*w_i", "w", "size(x, 0) + size(z, 0)", 0),
    ("h_i = x[i+1]; g_i = z[i+2]; y_i = h_i*g_i", "g", "size(x, 0) - 1", 1),
    ("h_i = x_i; h[size(x,0)+i] = z_i; y_i = h_i*x_i", "h", "size(x, 0)", 1),
]


@pytest.mark.parametrize(("formula", "name", "extent", "count"), AGREEMENTS)
def test_what_a_statement_assigns_is_as_long_as_it_says_and_its_readers_must_agree(
    formula: str, name: str, extent: str, count: int
) -> None:
    layer = Layer("L", formula)
    (index,) = layer.axes[name]
    assert index.extent is not None
    assert to_text(index.extent) == extent
    assert len(layer.agreements) == count


def test_every_axis_of_a_pixel_shuffle_has_its_extent() -> None:
    formula = "y[n,c,i,j] = x[n, c*s*s + (i%s)*s + j%s, i//s, j//s]"
    found = [to_text(i.extent) for i in Layer("L", formula).axes["y"] if i.extent is not None]
    assert found == ["size(x, 0)", "size(x, 1)//s^2", "s*size(x, 2)", "s*size(x, 3)"]


def test_equal_extents_are_equal_however_they_are_written() -> None:
    bound = "y_i = pad(x[i]) for i < "
    found = {
        Layer("L", bound + text).axes["y"][0].extent
        for text in ("s*(size(x,0) - 1) + 2", "2 - s + size(x,0)*s", "(size(x,0)-1)*s + 1 + 1")
    }
    assert len(found) == 1


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
