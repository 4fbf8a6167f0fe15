"""Build the wheel, install it into a fresh environment, and use it from another folder."""

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import symgrad

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel, built from the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Return a function that runs a program of a fresh environment, in an empty folder."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder / "env", symlinks=True)
    python = folder / "env" / "bin" / "python"
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*install, wheel], check=True, capture_output=True)
    # the dependencies are those of this environment: nothing is downloaded
    site = next((folder / "env" / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(program, *arguments):
        result = subprocess.run(
            [python.parent / program, *arguments],
            cwd=elsewhere,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


def test_the_wheel_carries_templates_catalogue_grammar_and_types(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    sources = [
        *(ROOT / "symgrad" / "catalogue").glob("*.toml"),
        *(ROOT / "symgrad").rglob("*.lark"),
        *(ROOT / "symgrad").rglob("*.json"),
        ROOT / "symgrad" / "py.typed",
        *(path for path in (ROOT / "templates").rglob("*") if path.is_file()),
    ]
    expected = [
        str(path.relative_to(ROOT)).replace("templates/", "symgrad/templates/", 1)
        for path in sources
    ]
    assert [name for name in sorted(expected) if name not in names] == []
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_installed_package_is_the_one_of_the_wheel(installed):
    shown = installed("python", "-c", "import symgrad; print(symgrad.__file__)")
    assert Path(shown.strip()).parts[-4:-1] == (
        f"python{sys.version_info.major}.{sys.version_info.minor}",
        "site-packages",
        "symgrad",
    )
    assert "fresh" in shown


def test_the_installed_command_derives(installed):
    shown = installed("symgrad", "derive", "y_ij = x_ij + b_j")
    assert shown == "dx_ij = dy_ij\ndb_j = sum_i dy_ij\n"


def test_the_installed_command_generates_a_module_that_runs(installed):
    installed("symgrad", "generate", "AddBias", "LayerNorm", "-o", "layers.py")
    code = "import layers, numpy as np; print(layers.AddBias(np.ones(2)).forward(np.ones((1, 2))))"
    assert installed("python", "-c", code) == "[[2. 2.]]\n"


def test_the_installed_command_lists_the_catalogue(installed):
    assert "LayerNorm" in installed("symgrad", "catalog")


def test_the_version_is_the_one_of_the_project_file():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == symgrad.__version__
