"""Read and rebuild parts of syntax trees, for faults."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

Planted = Iterator[ast.AST]


def call_of(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == name


def method_of(node: ast.AST) -> str:
    """Return the method that is called, "" where none is."""
    method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return node.func.attr if method else ""  # type: ignore[attr-defined]


def is_whole(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def more(node: ast.expr, step: int) -> ast.expr:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return ast.Constant(node.value + step)
    operator = ast.Add() if step > 0 else ast.Sub()
    return ast.BinOp(node, operator, ast.Constant(abs(step)))


def value_of(node: ast.AST) -> ast.expr | None:
    """Return the one array that a statement assigns or returns."""
    if isinstance(node, (ast.Assign, ast.Return)) and node.value is not None:
        named = isinstance(node.value, (ast.Tuple, ast.Name, ast.Constant))
        return None if named else node.value
    return None


def with_value(node: ast.AST, value: ast.expr) -> ast.AST:
    changed = copy.copy(node)
    changed.value = value  # type: ignore[attr-defined]
    return changed
