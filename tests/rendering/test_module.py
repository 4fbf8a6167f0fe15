"""The generated module: formatted, clean, deterministic, importing what it uses alone."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import TypeGuard

import pytest

from symgrad import generate
from symgrad.catalogue import catalog
from symgrad.language.layer import Layer
from tests.counterexamples import COUNTEREXAMPLES
from tests.rendering.formulas import FORMULAS
from tests.rendering.test_scatter_values import PARTS, PLACES, SUMS, WINDOWS
from tests.strategies import formula

NAMES = [
    ("lambda_ij = id_ij + np_j", "keywords and names of Python's own"),
    ("l_ij = O_ij*I_j", "names that look like digits"),
    ("self_i = forward_i*dtype_i", "names of attributes"),
    ("; ".join(f"output{n}_i = input{n}_i*weight{n}_i" for n in range(9)), "many names"),
]


def layers() -> list[Layer]:
    """Return the table's formulas and those with awkward names, as layers of different names."""
    texts = [*FORMULAS, *(formula for formula, _ in NAMES)]
    plain = [Layer(f"Layer{n}", formula) for n, formula in enumerate(texts)]
    placed = enumerate([*WINDOWS, *PLACES, *SUMS, *PARTS])
    return plain + [Layer(f"Placed{n}", row[0], constants=row[3]) for n, row in placed]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated file with every formula of the table and the whole catalogue."""
    path = tmp_path_factory.mktemp("generated") / "layers.py"
    path.write_text(generate([*layers(), *catalog().values()]), "utf-8")
    return path


def ruff(*args: str) -> subprocess.CompletedProcess[str]:
    """Run ruff with its default rules and our line length."""
    command = [sys.executable, "-m", "ruff", *args, "--isolated"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_formatter_leaves_generated_code_unchanged(written: Path) -> None:
    found = ruff("format", "--diff", str(written))
    assert found.returncode == 0, found.stdout


def test_the_linter_finds_nothing_in_generated_code(written: Path) -> None:
    found = ruff("check", str(written))
    assert found.returncode == 0, found.stdout


def test_ruff_leaves_the_code_of_random_formulas_unchanged(tmp_path: Path) -> None:
    random = Random(11)
    texts = [*COUNTEREXAMPLES, *(formula(random.choice, depth=2) for _ in range(60))]
    drawn = [Layer(f"Layer{n}", text) for n, text in enumerate(texts)]
    path = tmp_path / "layers.py"
    path.write_text(generate(drawn), "utf-8")
    for arguments in (("format", "--diff"), ("check",)):
        found = ruff(*arguments, str(path))
        assert found.returncode == 0, found.stdout


def test_every_local_name_is_read(written: Path) -> None:
    for function in ast.walk(ast.parse(written.read_text("utf-8"))):
        if isinstance(function, ast.FunctionDef):
            names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
            added_to = {id(node.target) for node in ast.walk(function) if is_addition(node)}
            stored = {
                node.id
                for node in names
                if isinstance(node.ctx, ast.Store) and id(node) not in added_to
            }
            read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
            # a name of a slice is read where something is added to it
            read |= {node.id for node in names if id(node) in added_to}
            assert stored - {"_"} <= read, ast.unparse(function)


def is_addition(node: ast.AST) -> TypeGuard[ast.AugAssign]:
    """Say whether a statement adds to what a name holds."""
    return isinstance(node, ast.AugAssign)


def test_every_kept_array_is_read_by_backward(written: Path) -> None:
    for node in ast.parse(written.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            methods = {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}
            kept = attributes(methods["forward"], ast.Store)
            own = attributes(methods["forward"], ast.Load)
            assert set(kept) - set(own) <= set(attributes(methods["backward"], ast.Load))


def attributes(function: ast.FunctionDef, context: type) -> Counter[str]:
    """Return how often each attribute of self is stored or read."""
    return Counter(
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, context)
        and ast.unparse(node.value) == "self"
    )


def test_nothing_is_computed_idly(written: Path) -> None:
    source = written.read_text("utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant):
            idle = {ast.Mult: 1, ast.Div: 1, ast.Add: 0, ast.Sub: 0, ast.Pow: 1}
            assert idle.get(type(node.op)) != node.right.value, ast.unparse(node)
        assert not (isinstance(node, ast.Attribute) and ast.unparse(node).endswith(".T.T"))


@pytest.mark.parametrize(
    ("formula", "imports"),
    [
        ("y_i = 2*x_i", []),
        ("y_i = tanh(x_i)", []),
        ("y_i = erf(x_i)", ["from scipy import special"]),
    ],
)
def test_scipy_is_imported_only_for_special_functions(formula: str, imports: list[str]) -> None:
    lines = generate(formula).splitlines()
    found = [line for line in lines if line.startswith(("import", "from"))]
    first = found.index("import numpy as np")
    assert found[first + 1 :] == imports
    # threads are Python's own
    assert (found[:first] == []) == (formula == "y_i = 2*x_i")


def test_the_same_formula_gives_the_same_bytes_for_any_hash_seed() -> None:
    script = (
        "import sys; from symgrad import generate; from symgrad.language.layer import Layer;"
        "from tests.rendering.test_module import layers;"
        "sys.stdout.buffer.write(generate(layers()).encode())"
    )
    outputs = set()
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()}
        command = [sys.executable, "-c", script]
        outputs.add(
            subprocess.run(command, capture_output=True, check=True, env=environment).stdout
        )
    assert len(outputs) == 1


def test_two_layers_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="2 layers are named A, and a module has one"):
        generate([Layer("A", "y_i = x_i"), Layer("B", "y_i = x_i"), Layer("A", "y_i = 2*x_i")])


def test_an_unknown_backend_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no backend 'fortran'; there are: .*numpy"):
        generate("y_i = x_i", backend="fortran")
