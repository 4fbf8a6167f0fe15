"""Verify the generated classes of random formulas."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

import symgrad
from symgrad.errors import MarkedError
from symgrad.verification.opaque import stand_ins
from symgrad.verification.reference import evaluate_forward
from symgrad.verification.samples import draw_in_setting
from tests.counterexamples import COUNTEREXAMPLES
from tests.index_strategies import CONSTANTS
from tests.strategies import formula, formulas

# SYMGRAD_EXAMPLES=5000 pytest tests/test_random_formulas.py searches deeper, and anew each time
EXAMPLES = os.environ.get("SYMGRAD_EXAMPLES")
SETTINGS = settings(
    max_examples=int(EXAMPLES or 150),
    derandomize=EXAMPLES is None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def layer_of(text: str) -> symgrad.Layer:
    constants = {name: value for name, value in CONSTANTS.items() if name in text}
    return symgrad.Layer("Random", text, constants=constants)


def assert_verified(text: str) -> None:
    report = symgrad.check(layer_of(text))
    assert report.ok, f"{text}\n{report}"


@SETTINGS
@given(formulas(depth=3 if EXAMPLES else 2))
def test_a_random_formula_is_derived_and_generated_right(text: str) -> None:
    assume(is_valid(text))
    assert_verified(text)


def is_valid(text: str) -> bool:
    """Say whether a random formula has an extent for each index, and shapes for its reads."""
    try:
        layer = layer_of(text)
        functions = stand_ins(layer.opaque)
        draw_in_setting(
            layer,
            np.random.default_rng(0),
            lambda inputs: evaluate_forward(layer, inputs, functions, precise=False),
        )
    except MarkedError:
        return False
    return True


def test_most_random_formulas_are_valid() -> None:
    texts = [formula(random.Random(seed).choice, depth=2) for seed in range(200)]
    assert sum(map(is_valid, texts)) >= 180


@pytest.mark.parametrize("text", COUNTEREXAMPLES)
def test_a_formula_that_once_came_out_wrong_stays_right(text: str) -> None:
    assert_verified(text)
