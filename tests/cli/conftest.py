"""Run the command line inside the test process, in a folder of its own."""

import pytest
from click.testing import CliRunner

from symgrad.cli.commands import symgrad

LAYERS = """
[Scale]
formula = "y_ij = a_j*x_ij"
params = ["a"]

[Square]
summary = "Half the squared length of each row."
formula = "y_i = sum_j x_ij^2/2"
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs `symgrad` with the arguments, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(symgrad, arguments, catch_exceptions=False)


@pytest.fixture
def layers(tmp_path):
    """Return the path of a layer file with two layers."""
    path = tmp_path / "layers.toml"
    path.write_text(LAYERS, encoding="utf-8")
    return path
