"""What is imported when: a command waits for nothing that it does not use."""

import os
import subprocess
import sys

import pytest

import symgrad

HEAVY = ("sympy", "numpy", "scipy", "jinja2", "lark", "rich", "pygments", "click")


def loaded_by(code):
    """Return which of the heavy libraries a fresh process has imported after the code."""
    probe = f"{code}\nimport sys\nprint([name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()[-1]


def command(*arguments):
    return (
        "from symgrad.cli.commands import symgrad\n"
        f"symgrad.main({list(arguments)}, standalone_mode=False)"
    )


def test_import_symgrad_imports_no_library():
    assert loaded_by("import symgrad") == "[]"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["catalog"], ["derive", "--help"]]
)
def test_a_command_without_a_formula_imports_click_alone(arguments):
    assert loaded_by(command(*arguments)) == "['click']"


def test_derive_imports_neither_sympy_nor_numpy():
    assert loaded_by(command("derive", "y_ij = x_ij + b_j", "--steps")) == "['lark', 'click']"


@pytest.mark.parametrize("name", symgrad.__all__)
def test_every_public_name_is_there(name):
    assert getattr(symgrad, name) is not None


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = symgrad.nonsense


def test_the_module_runs_as_a_command():
    run = subprocess.run(
        [sys.executable, "-m", "symgrad", "--version"], capture_output=True, text=True, check=True
    )
    assert run.stdout == f"symgrad, version {symgrad.__version__}\n"


def test_greek_letters_are_escaped_where_the_terminal_has_none():
    run = subprocess.run(
        [sys.executable, "-m", "symgrad", "derive", "y_i = α*x_i"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "d\\u03b1 = sum_i dy_i*x_i\ndx_i = \\u03b1*dy_i\n"
