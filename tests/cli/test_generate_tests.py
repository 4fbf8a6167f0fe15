"""`symgrad generate --tests`: a test file that passes on its module, and both files or none."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from symgrad.cli import files


@pytest.fixture
def written(run, layers, tmp_path):
    """Return the folder with a module and its tests."""
    result = run("generate", str(layers), "-o", "made.py", "--tests", "test_made.py")
    assert (result.exit_code, result.stderr) == (
        0,
        "made.py: 2 layers, verified\ntest_made.py: 2 layers, verified\n",
    )
    return tmp_path


def pytest_in(folder):
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "test_made.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_the_tests_pass_on_the_module(written):
    found = pytest_in(written)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("self.da = ", "self.da = 1.001 * "), ("y = a * x", "y = a + x"), ("dx = dy", "dx = -dy")],
)
def test_the_tests_fail_on_a_wrong_module(written, right, wrong):
    path = written / "made.py"
    text = path.read_text("utf-8")
    changed = text.replace(right, wrong)
    if changed == text:
        pytest.skip(f"the module has no {right}")
    path.write_text(changed, "utf-8")
    assert pytest_in(written).returncode == 1


def test_tests_need_a_module_in_another_file(run):
    for arguments in (["--tests", "t.py"], ["-o", "t.py", "--tests", "t.py"]):
        result = run("generate", "AddBias", *arguments)
        assert result.exit_code == 2
        assert "--tests goes with -o" in result.stderr


def test_a_module_that_can_not_be_imported_has_no_tests(run, tmp_path):
    result = run("generate", "AddBias", "-o", "my-layers.py", "--tests", "t.py")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: no tests can be written: a module named 'my-layers' can't be imported\n",
    )
    assert not list(tmp_path.iterdir())


def test_a_test_file_of_somebody_else_stays(run, tmp_path):
    (tmp_path / "t.py").write_text("def test_mine(): pass\n")
    assert run("generate", "AddBias", "-o", "out.py", "--tests", "t.py").exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["t.py"]


def test_when_the_second_file_fails_the_first_is_as_before(tmp_path, monkeypatch):
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    one.write_text("old")
    move = os.replace

    def fail_at_three(source, target):
        if target == three:
            raise OSError("disk full")
        move(source, target)

    monkeypatch.setattr(os, "replace", fail_at_three)
    with pytest.raises(files.OutputError, match="three can't be written: disk full"):
        files.replace_files({one: "new", two: "new", three: "new"})
    assert one.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
