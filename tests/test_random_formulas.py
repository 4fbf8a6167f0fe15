"""Verify the generated classes of random formulas."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings

import symgrad
from tests.counterexamples import COUNTEREXAMPLES
from tests.strategies import formulas

# SYMGRAD_EXAMPLES=5000 pytest tests/test_random_formulas.py searches deeper, and anew each time
EXAMPLES = os.environ.get("SYMGRAD_EXAMPLES")


def assert_verified(text: str) -> None:
    layer = symgrad.Layer("Random", text)
    report = symgrad.check(layer)
    assert report.ok, f"{text}\n{report}"


@settings(
    max_examples=int(EXAMPLES or 150),
    derandomize=EXAMPLES is None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(formulas(depth=3 if EXAMPLES else 2))
def test_a_random_formula_is_derived_and_generated_right(text: str) -> None:
    assert_verified(text)


@pytest.mark.parametrize("text", COUNTEREXAMPLES)
def test_a_formula_that_once_came_out_wrong_stays_right(text: str) -> None:
    assert_verified(text)
