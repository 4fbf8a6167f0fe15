"""Run what the README shows: the printed output in it is the output of today."""

import ast
import doctest
import inspect
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from symgrad.cli.commands import symgrad
from symgrad.derivation import rules
from symgrad.language import functions
from symgrad.lowering.reducing import idioms
from symgrad.rendering import backends

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"

_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
_CLASS = re.compile(r"```python\nclass (\w+):\n.*?```", re.DOTALL)
_TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)
# the last digits of an error differ from one machine to the other
_ERROR = re.compile(r"\d\.\de[+-]\d\d")


def refreshed(text):
    """Return the text with the output of every command, and every class, as it is now."""
    text = _CONSOLE.sub(lambda block: f"```console\n{_replayed(block[1])}```", text)
    return _CLASS.sub(lambda block: f"```python\n{_class(block[1])}\n```", text)


def _replayed(block):
    commands = re.findall(r"^\$ symgrad (.*)", block, re.MULTILINE)
    return "\n".join(f"$ symgrad {command}\n{_output(command)}" for command in commands)


def _output(command):
    result = CliRunner().invoke(symgrad, shlex.split(command), catch_exceptions=False)
    return result.output


def _class(name):
    """Return the source of a class from the module that a command of the README wrote."""
    for path in sorted(Path().glob("*.py")):
        source = path.read_text(encoding="utf-8")
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                return ast.get_source_segment(source, node)
    raise AssertionError(f"no command of the README writes the class {name}")


@pytest.fixture
def text(tmp_path, monkeypatch):
    """Return the README, in an empty folder that holds its layer file as layers.toml."""
    text = README.read_text(encoding="utf-8")
    (tmp_path / "layers.toml").write_text(_TOML.search(text)[1], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return text


def test_every_command_of_the_readme_prints_what_it_shows(text, request):
    current = refreshed(text)
    if request.config.getoption("--update"):
        README.write_text(current, encoding="utf-8")
        text = current
    assert _ERROR.sub("0.0e+00", current) == _ERROR.sub("0.0e+00", text)


def test_the_python_examples_of_the_readme_run(text):
    examples = doctest.DocTestParser().get_doctest(text.replace("```", ""), {}, "README", None, 0)
    assert examples.examples
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_the_readme_has_one_line_to_run_and_one_to_test(text):
    lines = [line for line in text.splitlines() if line.startswith("python3 -m venv ")]
    assert [("pytest" in line, "symgrad derive" in line) for line in lines] == [
        (False, True),
        (True, False),
    ]


def test_every_path_that_the_readme_names_is_there(text):
    paths = re.findall(r"`((?:symgrad|templates|examples|tests)/[\w/.]*)`", text)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_extra_that_the_readme_names_is_one_of_the_project(text):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {extra for names in re.findall(r"\[([a-z,]+)\]'", text) for extra in names.split(",")}
    assert named
    assert sorted(named - project["optional-dependencies"].keys()) == []


@pytest.mark.parametrize(
    ("start", "module"),
    [
        ('Function("expm1"', functions),
        ('Function("silu"', functions),
        ("def combine_like_terms", rules),
        ('Rule("combine_like_terms"', rules),
        ("def diagonal_matrix", idioms),
        ('"numpy": Backend(', backends),
    ],
)
def test_the_code_that_the_readme_quotes_is_the_code(text, start, module):
    (line,) = (line.strip() for line in text.splitlines() if line.strip().startswith(start))
    line = line.removeprefix("IDIOMS = ").removesuffix(",").removesuffix(")")
    assert _squeezed(line) in _squeezed(inspect.getsource(module))


def _squeezed(code):
    return re.sub(r"\s|,(?=\s*\))", "", code)
