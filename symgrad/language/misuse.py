"""Refuse the calls and names of other languages, before the indices of a statement are counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from symgrad.language.foreign import FUNCTIONS_ELSEWHERE
from symgrad.language.functions import FUNCTIONS
from symgrad.language.scope import Reading
from symgrad.language.syntax import (
    Apply,
    Name,
    Raised,
    Sum,
    Syntax,
    Tensor,
    ungroup,
    walk_syntax,
)
from symgrad.language.tokens import SPECIAL_FUNCTIONS

# max and min are functions of two values too
_BARE_REDUCTIONS = ("sum", "mean", "prod", "logsumexp")
_CONDITIONALS = ("where", "if")
_NEW_AXES = ("None", "newaxis")


def refuse_misuse(root: Syntax, left: Sequence[str], reading: Reading) -> None:
    """Refuse `sum(x_ij)`, `softmax_j(x_ij)`, `sin^2(x_ij)`, `x_ij if ...`, `b[None, j]`.

    Args:
        root: the right-hand side of a statement, or the body of a `let` function.
        left: the indices on the left-hand side.
        reading: the formula.

    Raises:
        FormulaError: at the first of them.
    """
    for part in walk_syntax(root):
        if isinstance(part, Apply) and not _is_function(part.function, reading):
            _refuse_call(part, left, reading)
        elif isinstance(part, Raised):
            _refuse_power_of_function(part, reading)
        elif isinstance(part, Tensor):
            _refuse_new_axis(part, reading)
        elif isinstance(part, Name) and part.name in _CONDITIONALS:
            _refuse_conditional(part, reading)


def _is_function(name: str, reading: Reading) -> bool:
    names = reading.names
    known = (*FUNCTIONS, *SPECIAL_FUNCTIONS, "δ", *names.functions, *names.opaque)
    return name in known or name.rstrip("'") in names.opaque


def _is_assigned(name: str, reading: Reading) -> bool:
    return name in reading.targets or name in reading.declared


def _refuse_call(node: Apply, left: Sequence[str], reading: Reading) -> None:
    name = node.function
    if name in _BARE_REDUCTIONS and not _is_assigned(name, reading):
        _refuse_bare_reduction(node, left, reading)
    head, underscore, _ = name.rpartition("_")
    if name in FUNCTIONS_ELSEWHERE or not underscore or name in reading.declared:
        return
    inside = ", ".join(reading.written(arg) for arg in node.args)
    if _is_assigned(head, reading):
        reading.fail(
            f"{name} is no function, and it stands right before (",
            node.name_span,
            f"write {name}*({inside}) for a product",
        )
    if head in FUNCTIONS_ELSEWHERE or head in FUNCTIONS:
        advice = FUNCTIONS_ELSEWHERE.get(head, f"{head}({inside})")
        reading.fail(f"unknown function {name}", node.name_span, f"write {advice}")


def _refuse_bare_reduction(node: Apply, left: Sequence[str], reading: Reading) -> NoReturn:
    """Refuse `sum(x_ij)`, and say which index to write."""
    name = node.function
    inside, letters = "x_ik", ["k"]
    if node.args:
        body = node.args[0]
        inside = reading.written(body)
        inside = f"({inside})" if isinstance(ungroup(body), Sum) else inside
        letters = [letter for letter in _letters(body) if letter not in left]
    if letters:
        listed = letters[0] if letters == [letters[0][:1]] else f"{{{','.join(letters)}}}"
        advice = f"write {name}_{listed} {inside}"
    else:
        advice = f"write {name}_k {inside}, with the indices to reduce over"
    reading.fail(f"{name} stands without its indices", node.name_span, advice)


def _letters(node: Syntax) -> list[str]:
    found = (
        name.name
        for part in walk_syntax(node)
        if isinstance(part, Tensor)
        for name in part.subscripts
        if isinstance(name, Name)
    )
    return list(dict.fromkeys(found))


def _refuse_power_of_function(node: Raised, reading: Reading) -> None:
    base = node.base
    if not isinstance(base, Name) or base.name not in FUNCTIONS:
        return
    if not _is_assigned(base.name, reading):
        power = reading.text[base.span.stop : node.exponent.span.stop].strip()
        reading.fail(
            f"{base.name} is a function and stands here without its argument",
            base,
            f"write the power behind the brackets: {base.name}(...){power}",
        )


def _refuse_new_axis(node: Tensor, reading: Reading) -> None:
    for part in node.subscripts:
        if isinstance(part, Name) and part.name in _NEW_AXES:
            reading.fail(
                f"{part.name} is no index",
                part,
                f"leave the new axis out: {node.name} is broadcast along the other indices",
            )


def _refuse_conditional(node: Name, reading: Reading) -> None:
    if not _is_assigned(node.name, reading):
        reading.fail(
            f"{node.name} stands here without brackets", node, "write where(condition, a, b)"
        )
