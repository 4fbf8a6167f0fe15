"""Run the examples."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_training_on_digits_reaches_97_percent_on_held_out_digits():
    pytest.importorskip("sklearn")
    run = subprocess.run(
        [sys.executable, EXAMPLES / "train_digits.py"], capture_output=True, text=True, check=True
    )
    lines = run.stdout.splitlines()
    assert len(lines) > 2, "progress is printed"
    assert float(re.match(r"([\d.]+)% of the held-out digits are right", lines[-1])[1]) >= 97
