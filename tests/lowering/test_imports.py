"""The folders of the lowering import in one direction."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import symgrad.lowering

HOME = Path(symgrad.lowering.__file__).parent
# each imports from those in front of it alone
FOLDERS = (
    "nodes",
    "plans",
    "expressions",
    "indexing",
    "contracting",
    "scattering",
    "reducing",
    "blocking",
    "counting",
)


def imported(path: Path) -> Iterator[str]:
    """Yield the folders of the lowering that a module imports from."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("symgrad.lowering."):
            yield (node.module or "").split(".")[2]


def test_every_folder_is_listed() -> None:
    assert {path.parent.name for path in HOME.glob("*/__init__.py")} == set(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_imports_from_those_in_front_of_it(folder: str) -> None:
    behind = set(FOLDERS[FOLDERS.index(folder) + 1 :]) | {"lowering"}
    for path in (HOME / folder).glob("*.py"):
        assert not behind & set(imported(path)), path.name
