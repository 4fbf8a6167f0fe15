"""The verifier is verified: of faults planted in generated code none that changes a value passes.

SYMGRAD_MUTATIONS=all plants every fault in the whole catalogue, which takes long;
`python -m tests.mutations` prints the table.
"""

from __future__ import annotations

import os

import pytest

import symgrad
from tests.mutations.table import tally

SAMPLE = ["Affine", "Softmax", "ReLU", "CrossEntropy", "MaxPool2d", "LayerNorm", "Conv1d"]
BUFFERED = ["LayerNorm"]
ALL = os.environ.get("SYMGRAD_MUTATIONS") == "all"


@pytest.mark.parametrize("name", symgrad.catalog() if ALL else SAMPLE)
def test_check_and_the_generated_tests_catch_what_changes_a_value(name: str) -> None:
    found = tally([symgrad.catalog()[name]], every=1 if ALL else 18)
    assert found.planted.total() > 0
    assert not found.missed, "\n".join(found.missed)


@pytest.mark.parametrize("name", symgrad.catalog() if ALL else BUFFERED)
def test_check_catches_what_changes_a_value_of_a_class_with_buffers(name: str) -> None:
    found = tally([symgrad.catalog()[name]], every=1 if ALL else 9, buffers=True)
    assert found.planted.total() > 0
    assert not found.missed, "\n".join(found.missed)
