"""Sums of terms as a person writes them: common factors in front, cases side by side."""

import pytest

from symgrad.derivation.factor import factored, reading_order
from symgrad.derivation.terms import flatten
from symgrad.formats.text import to_text
from symgrad.language.expr import element_names
from tests.derivation.printing import plain_statements


def written(value: str) -> str:
    """Return z_ij = value factored; names other than dy are in alphabetical reading order."""
    (statement,) = plain_statements(f"z_{'ij' if 'j' in value else 'i'} = {value}")
    names = sorted(name for name in element_names(statement.value) if name != "dy")
    order = reading_order({name: place for place, name in enumerate(names)}, {"dy": 0})
    return to_text(factored(flatten(statement.value), order), indices=statement.indices)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # scalars, the incoming gradient, then the formula's own order
        ("3*b_i*s*dy_i*a_i", "3*s*dy_i*a_i*b_i"),
        ("a_i*dy_i*b_i - c_i*dy_i*a_i", "dy_i*a_i*(b_i - c_i)"),
        ("dy_i*a_i^3 + dy_i*a_i^2", "dy_i*a_i^2*(a_i + 1)"),
        ("dy_i/a_i^2 - dy_i*b_i/a_i", "dy_i*(1/a_i - b_i)/a_i"),
        ("a_i - a_i*b_i", "a_i*(1 - b_i)"),
        ("a_i*(sum_k b_k*dy_k) - a_i*b_i", "a_i*(sum_k dy_k*b_k - b_i)"),
        ("delta(i, j)*dy_i*a_i - dy_i*a_i*a_j", "dy_i*a_i*(delta(i, j) - a_j)"),
        # a gradient that some of the terms share
        ("dy_i*a_i + dy_i*b_i + c_i", "dy_i*(a_i + b_i) + c_i"),
        # whole numbers and signs
        ("-2*a_i - 4*b_i", "-2*(a_i + 2*b_i)"),
        ("2*a_i - 4*b_i", "2*(a_i - 2*b_i)"),
        ("-2*a_i + 2*b_i", "2*(b_i - a_i)"),
        ("-a_i + b_i", "b_i - a_i"),
        ("a_i/2 + b_i/2", "(a_i + b_i)/2"),
        ("a_i/2 + b_i", "a_i/2 + b_i"),
        ("-dy_i*a_i", "-dy_i*a_i"),
        ("0*a_i", "0"),
    ],
)
def test_common_factors_stand_in_front(value: str, expected: str) -> None:
    assert written(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            "where(a_i > 0, 1, 0)*dy_i + where(a_i <= 0, 1, 0)*s*dy_i",
            "dy_i*where(a_i > 0, 1, s)",
        ),
        (
            "where(a_i <= 0, 1, 0)*dy_i - where(a_i > 0, 1, 0)*dy_i",
            "dy_i*where(a_i > 0, -1, 1)",
        ),
        (
            "where(a_i > 0, 1, 0)*dy_i*b_i + where(a_i > 0, 1, 0)*dy_i*c_i",
            "where(a_i > 0, dy_i*(b_i + c_i), 0)",
        ),
        (
            "where(a_i > 0, 1, 0)*dy_i + where(b_i > 0, 1, 0)*dy_i",
            "dy_i*(where(a_i > 0, 1, 0) + where(b_i > 0, 1, 0))",
        ),
    ],
)
def test_a_condition_and_its_opposite_are_two_cases(value: str, expected: str) -> None:
    assert written(value) == expected
