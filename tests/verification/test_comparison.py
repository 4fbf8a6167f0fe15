"""Comparing an array with its reference accepts rounding and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from symgrad.verification.comparison import compare

REFERENCE = np.array([[1.0, -2.0, 3.0], [0.0, 5.0, 1e-3]])


def test_an_array_agrees_with_itself() -> None:
    found = compare("y", REFERENCE, REFERENCE)
    assert found.ok
    assert found.error == 0


def test_rounding_is_no_mistake() -> None:
    assert compare("y", REFERENCE * (1 + 1e-12), REFERENCE).ok


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_a_factor_of_1_001_is_a_mistake_at_every_size(size: float) -> None:
    assert not compare("y", REFERENCE * size * 1.001, REFERENCE * size).ok


def test_the_worst_entry_is_named() -> None:
    wrong = REFERENCE.copy()
    wrong[1, 1] = 5.5
    found = compare("dx", wrong, REFERENCE)
    assert (found.worst, found.found, found.expected) == ((1, 1), 5.5, 5.0)
    assert found.error == pytest.approx(0.1)
    assert found.detail == "dx[1, 1] is 5.5, expected 5"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_a_mistake(value: float) -> None:
    wrong = REFERENCE.copy()
    wrong[0, 2] = value
    found = compare("y", wrong, REFERENCE)
    assert not found.ok
    assert found.worst == (0, 2)


def test_an_infinity_of_the_formula_must_be_met() -> None:
    reference = np.array([np.inf, -np.inf, 1.0])
    assert compare("y", reference.copy(), reference).ok
    assert not compare("y", -reference, reference).ok
    assert not compare("y", np.array([np.inf, 1e300, 1.0]), reference).ok


def test_an_entry_without_a_right_value_is_open() -> None:
    assert compare("dx", np.array([7.0, 1.0]), np.array([np.nan, 1.0])).ok
    assert not compare("dx", np.array([7.0, 2.0]), np.array([np.nan, 1.0])).ok


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (REFERENCE.T, "y has shape (3, 2), expected (2, 3)"),
        (REFERENCE[0], "y has shape (3,), expected (2, 3)"),
        (None, "y is None"),
        ("text", "y is no array of numbers but str"),
    ],
)
def test_what_is_no_array_of_the_right_shape_is_described(wrong: object, message: str) -> None:
    found = compare("y", wrong, REFERENCE)
    assert not found.ok
    assert found.message == message


def test_a_zero_reference_is_met_by_rounding_alone() -> None:
    zero = np.zeros(3)
    assert compare("dx", zero + 1e-12, zero).ok
    assert not compare("dx", zero + 1e-6, zero).ok
    assert compare("dx", zero + 1e-9, zero, unit=100.0).ok


def test_an_empty_array_agrees() -> None:
    assert compare("y", np.zeros((0, 3)), np.zeros((0, 3))).ok
