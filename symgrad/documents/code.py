"""Find in generated code what a document shows: the class, and the statements of each gradient."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symgrad.derivation.result import Derivation
    from symgrad.rendering.docstring import Documented


def documented(derivation: Derivation) -> Documented:
    """Return the plan of a derivation with the formulas that its class's docstring shows."""
    from symgrad.lowering import lower
    from symgrad.rendering import Documented

    plan = lower(derivation.program)
    return Documented(plan, derivation.gradient_lines(), derivation.value_lines())


def class_source(plan: Documented) -> str:
    """Return the source of the generated class, without imports and helpers."""
    from symgrad.rendering.numpy_class import numpy_class

    text = numpy_class(plan)
    blocks = [text.docstring, *(["", *method] for method in text.methods)]
    return "\n".join([f"class {text.name}:", *(line for block in blocks for line in block)])


@dataclass(frozen=True)
class _Line:
    """A statement of backward, or one of the values that it returns.

    Attributes:
        text: its source.
        writes: the names that it assigns, changes in place, or sets on self.
        reads: the names that it reads.
    """

    text: str
    writes: frozenset[str]
    reads: frozenset[str]


def gradient_statements(source: str, gradients: Sequence[str]) -> dict[str, str]:
    """Return the statements of `backward` that compute each gradient alone, as one text each.

    Args:
        source: the source of a generated class.
        gradients: the names of the gradients, in the order in which backward returns them.
    """
    tree = ast.parse(source)
    backward = next(
        part
        for part in ast.walk(tree)
        if isinstance(part, ast.FunctionDef) and part.name == "backward"
    )
    arguments = {argument.arg for argument in backward.args.args}
    lines = [
        _Line(_lines(source, part), frozenset(_writes(part)), _names_read(part))
        for part in backward.body[:-1]
    ]
    returned = list(_returned(source, backward, gradients))
    owners = _owners([*lines, *returned], gradients, arguments)
    found: dict[str, list[str]] = {name: [] for name in gradients}
    for line, owner in zip((*lines, *returned), owners, strict=True):
        if owner is not None:
            found[owner].append(line.text)
    return {name: "\n".join(textwrap.dedent(t) for t in texts) for name, texts in found.items()}


def _owners(
    lines: Sequence[_Line], gradients: Sequence[str], arguments: set[str]
) -> list[str | None]:
    """Return for each line the one gradient that it serves; None where it serves several."""
    owners: list[str | None] = [None] * len(lines)
    for place in reversed(range(len(lines))):
        line = lines[place]
        own = [name for name in gradients if name in line.writes]
        if own:
            owners[place] = own[0]
            continue
        later = range(place + 1, len(lines))
        users = {owners[n] for n in later if not line.writes.isdisjoint(lines[n].reads)}
        if len(users) == 1 and line.writes.isdisjoint(arguments):
            owners[place] = users.pop()
    return owners


def _writes(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement assigns, changes in place, or sets on self.

    A view `part = dx[...]` that is added to changes dx.
    """
    views: dict[str, str] = {}
    for node in ast.walk(statement):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = list(node.targets)
            if isinstance(node.value, ast.Subscript) and isinstance(targets[0], ast.Name):
                views[targets[0].id] = _base(node.value)
        elif isinstance(node, ast.AugAssign):
            targets = [node.target]
            if isinstance(node.target, ast.Name) and node.target.id in views:
                yield views[node.target.id]
        elif isinstance(node, ast.keyword) and node.arg == "out":
            targets = [node.value]
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            yield from map(_base, parts)


def _base(expr: ast.expr) -> str:
    """Return the name that is written to by `x`, `self.x`, `x[...]`; "" for anything else."""
    while isinstance(expr, ast.Subscript):
        expr = expr.value
    if isinstance(expr, ast.Name):
        return expr.id
    return expr.attr if isinstance(expr, ast.Attribute) else ""


def _names_read(node: ast.AST) -> frozenset[str]:
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def _returned(source: str, function: ast.FunctionDef, gradients: Sequence[str]) -> Iterator[_Line]:
    """Yield the returned values as lines, `dx = ...`; a value of that very name has its own."""
    last = function.body[-1]
    if not isinstance(last, ast.Return) or last.value is None:
        return
    several = isinstance(last.value, ast.Tuple)
    values = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
    for name, value in zip(gradients, values, strict=False):
        if isinstance(value, ast.Name) and value.id == name:
            continue
        whole = textwrap.dedent(_lines(source, last)).removeprefix("return ")
        text = ast.get_source_segment(source, value) if several else whole
        yield _Line(f"{name} = {text}", frozenset([name]), _names_read(value))


def _lines(source: str, node: ast.stmt) -> str:
    return "\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno])
