"""Forward values found inside a product: with their sums closed, and to which power."""

import pytest

from symgrad.derivation.graph import Graph
from symgrad.derivation.normalise import normalise
from symgrad.derivation.reuse import ordered_patterns, reuse_once
from symgrad.derivation.terms import flatten
from tests.derivation.printing import plain_statements, terms_text

SOFTMAX = "e_ij = exp(x_ij)\ns_i = sum_j e_ij\ny_ij = e_ij/s_i"
MATRIX_PRODUCT = "y_ij = sum_k x_ik*w_kj"


def reused(forward: str, product: str) -> str:
    """Return the product with the values of the forward statements put in."""
    *earlier, last = plain_statements(f"{forward}\nz_{product}")
    graph = Graph()
    normalise(earlier, graph)
    patterns = ordered_patterns(graph, {})
    (term,) = flatten(last.value)
    while (new := reuse_once(term, patterns)) is not None:
        term = new
    return terms_text([term], *last.indices)


@pytest.mark.parametrize(
    ("forward", "product", "expected"),
    [
        (SOFTMAX, "ij = w_i*e_ij/s_i", "w_i*y_ij"),
        (SOFTMAX, "ij = w_i*e_ij^2/s_i^2", "w_i*y_ij^2"),
        ("p_i = a_i*b_i", "i = a_i^2*b_i*c_i", "p_i*a_i*c_i"),
        ("p_ij = a_i*b_j", "ij = c_i*a_j*b_i", "c_i*p_ji"),
        ("t_i = tanh(x_i)", "i = 2*tanh(x_i)", "2*t_i"),
    ],
)
def test_factors_of_a_value_become_the_value(forward: str, product: str, expected: str) -> None:
    assert reused(forward, product) == expected


@pytest.mark.parametrize(
    ("forward", "product", "expected"),
    [
        (SOFTMAX, "i = sum_j v_i*e_ij", "v_i*s_i"),
        (MATRIX_PRODUCT, "ji = 3*u_i*(sum_k w_kj*x_ik)", "3*u_i*y_ij"),
        (MATRIX_PRODUCT, "i = sum_{j,k} x_ik*w_kj*v_j", "sum_j y_ij*v_j"),
        ("m_i = mean_j x_ij*x_ij", "i = u_i*(sum_j x_ij^2)", "u_i*m_i*size(x, 1)"),
    ],
)
def test_a_sum_that_is_closed_becomes_the_value(forward: str, product: str, expected: str) -> None:
    assert reused(forward, product) == expected


@pytest.mark.parametrize(
    ("forward", "product"),
    [
        (SOFTMAX, "i = sum_j e_ij*v_j"),
        (MATRIX_PRODUCT, "ij = sum_k x_ik*w_kj*v_k"),
        ("p_i = a_i*b_i", "ij = a_i*b_j"),
    ],
)
def test_a_sum_that_another_factor_shares_stays(forward: str, product: str) -> None:
    assert reused(forward, product) == product.split(" = ")[1]


@pytest.mark.parametrize(
    ("forward", "product", "expected"),
    [
        ("r_i = sqrt(v_i)", "i = v_i", "r_i^2"),
        ("r_i = sqrt(v_i)", "i = u_i*v_i^(3/2)", "u_i*r_i^3"),
        ("r_i = sqrt(v_i)", "i = 1/sqrt(v_i)", "1/r_i"),
        ("r_i = 1/sqrt(v_i)", "i = u_i*v_i^(-3/2)", "u_i*r_i^3"),
        ("r_i = 1/x_i", "i = u_i/x_i^2", "u_i*r_i^2"),
        ("r_i = x_i^2", "i = 1/x_i^2", "1/r_i"),
        ("r_i = x_i^2", "i = x_i^5", "x_i^5"),
        ("r_i = x_i^2", "i = x_i", "x_i"),
    ],
)
def test_a_power_stands_for_its_own_whole_powers(forward: str, product: str, expected: str) -> None:
    assert reused(forward, product) == expected
