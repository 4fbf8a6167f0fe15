"""Run what the README shows: the printed output in it is the output of today."""

import doctest
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from symgrad.cli.commands import symgrad

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"

_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
_TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)


def refreshed(text):
    """Return the text with the output of every `$ symgrad` command as it is printed now."""
    return _CONSOLE.sub(lambda block: f"```console\n{_replayed(block[1])}```", text)


def _replayed(block):
    commands = re.findall(r"^\$ symgrad (.*(?:\\\n.*)*)", block, re.MULTILINE)
    return "\n".join(f"$ symgrad {command}\n{_output(command)}" for command in commands)


def _output(command):
    arguments = shlex.split(command.replace("\\\n", ""))
    result = CliRunner().invoke(symgrad, arguments, catch_exceptions=False)
    return result.output


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
    assert current == README.read_text(encoding="utf-8")


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
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    named = {extra for names in re.findall(r"\[([a-z,]+)\]'", text) for extra in names.split(",")}
    assert named
    assert sorted(named - extras.keys()) == []
