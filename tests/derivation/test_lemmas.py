"""What is known about forward values: their sums, where they are 0, whether they are finite."""

import pytest

from symgrad.derivation.engine import forward_graph
from symgrad.derivation.graph import Definition
from symgrad.derivation.lemmas import Lemmas
from symgrad.derivation.names import name_intermediates
from symgrad.derivation.reuse import ordered_patterns
from symgrad.formats.text import to_text
from tests.derivation.printing import layer, terms_text

SOFTMAX = "y_ij = exp(x_ij)/sum_k exp(x_ik)"
MASKED_SOFTMAX = "m_ij = where(j <= i, x_ij, -inf)\ny_ij = exp(m_ij)/sum_k exp(m_ik)"
NORMALISED = "c_ij = x_ij - mean_k x_ik\nh_ij = c_ij/sqrt(sum_k c_ik^2)"
PARTIAL_SHIFT = "y_ij = where(j <= i, exp(x_ij)/sum_{k: k <= i} exp(x_ik), 0)"


def known(formula: str, name: str) -> tuple[Lemmas, Definition]:
    graph = forward_graph(layer(formula))
    names = name_intermediates(graph, ())
    (definition,) = [d for d in graph if names[d.name] == name]
    return Lemmas(graph, ordered_patterns(graph, {})), definition


@pytest.mark.parametrize(
    ("formula", "name", "axes", "expected"),
    [
        (NORMALISED, "c", (1,), "0"),
        (NORMALISED, "h", (1,), "0"),
        ("c_ij = x_ij - mean_k x_kj\ny_ij = c_ij^2", "c", (0,), "0"),
        ("c_uvw = x_uvw - mean_{k,l} x_ukl\ny_uvw = c_uvw^2", "c", (1, 2), "0"),
        ("c_ij = x_ij - sum_k x_ik/size(k) + 2\ny_ij = c_ij^2", "c", (1,), "2*size(x, 1)"),
        (SOFTMAX, "y", (1,), "1"),
        (MASKED_SOFTMAX, "y", (1,), "1"),
        ("p_ij = x_ij/sum_k x_ik\ny_ij = p_ij^2", "p", (1,), "1"),
    ],
)
def test_sum_along_axes_is_known(
    formula: str, name: str, axes: tuple[int, ...], expected: str
) -> None:
    lemmas, definition = known(formula, name)
    total = lemmas.axis_sum(definition.name, axes)
    assert total is not None
    assert (terms_text([total]) if total.coefficient else "0") == expected


@pytest.mark.parametrize(
    ("formula", "name", "axes"),
    [
        (NORMALISED, "c", (0,)),
        (SOFTMAX, "y", (0,)),
        (SOFTMAX, "x_exp", (1,)),
        ("c_uvw = x_uvw - mean_{k,l} x_ukl\ny_uvw = c_uvw^2", "c", (1,)),
    ],
)
def test_sum_along_other_axes_is_not_known(formula: str, name: str, axes: tuple[int, ...]) -> None:
    lemmas, definition = known(formula, name)
    assert lemmas.axis_sum(definition.name, axes) is None


@pytest.mark.parametrize(
    ("formula", "name", "expected"),
    [
        (MASKED_SOFTMAX, "m_exp", ["j <= i"]),
        (MASKED_SOFTMAX, "y", ["j <= i"]),
        (MASKED_SOFTMAX, "m", []),
        ("y_i = where(x_i > 0, log(x_i), 0)", "y", ["x_i > 0"]),
        ("y_i = where(x_i > 0, log(x_i), 1)", "y", []),
        (SOFTMAX, "y", []),
    ],
)
def test_value_vanishes_outside_of_its_mask(formula: str, name: str, expected: list[str]) -> None:
    lemmas, definition = known(formula, name)
    conditions = lemmas.vanishes_outside(definition.element())
    assert [to_text(c, indices=definition.indices) for c in conditions] == expected


@pytest.mark.parametrize(
    ("formula", "name", "expected"),
    [
        (SOFTMAX, "y", True),
        ("y_i = tanh(x_i)*x_i^2", "y", True),
        ("y_i = log(x_i)", "y", False),
        ("y_i = 1/x_i", "y", False),
        ("y_i = sqrt(x_i)", "y", False),
        # an element outside of the condition may be larger than the max under it
        (PARTIAL_SHIFT, "x_softmax", False),
    ],
)
def test_value_is_finite_for_finite_inputs(formula: str, name: str, expected: bool) -> None:
    lemmas, definition = known(formula, name)
    assert lemmas.is_finite(definition.element()) is expected
