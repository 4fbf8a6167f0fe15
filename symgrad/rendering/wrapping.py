"""Break lines that are too long as ruff's formatter breaks them."""

from __future__ import annotations

import re
from collections.abc import Sequence

WIDTH = 88  # the default of ruff and black, so that a formatter leaves the file alone
INDENT = "    "
# a call, and a subscript behind it
CALL = re.compile(r"(?P<function>[\w.]+)\((?P<rest>.*)")
SUBSCRIPT = re.compile(r"\[[^\[\]]*\]")


def wrap_call(head: str, args: Sequence[str], tail: str, indent: str = INDENT * 2) -> list[str]:
    """Return `head(args)tail`; the arguments on a line of their own, or each on its own."""
    line = f"{indent}{head}({', '.join(args)}){tail}"
    if len(line) <= WIDTH:
        return [line]
    inner = indent + INDENT
    one = f"{inner}{', '.join(args)}"
    if len(one) <= WIDTH:
        return [f"{indent}{head}(", one, f"{indent}){tail}"]
    return [f"{indent}{head}(", *(f"{inner}{arg}," for arg in args), f"{indent}){tail}"]


def wrap_value(head: str, text: str, indent: str) -> list[str]:
    """Return `head` and an expression: inside the brackets of a call, else in brackets of its own.

    The parts of a long expression have names by then, so that one of the two is enough.
    """
    if len(f"{indent}{head}{text}") <= WIDTH:
        return [f"{indent}{head}{text}"]
    call = whole_call(text)
    if call is None:
        return [f"{indent}{head}(", f"{indent}{INDENT}{text}", f"{indent})"]
    function, args, subscript = call
    start = f"{indent}{head}{text.removesuffix(subscript)}["
    if subscript and len(start) <= WIDTH:
        return [start, f"{indent}{INDENT}{subscript[1:-1]}", f"{indent}]"]
    return wrap_call(f"{head}{function}", args, subscript, indent)


def breaks_well(text: str) -> bool:
    """Say whether `wrap_value` breaks an expression where the formatter does."""
    return whole_call(text) is not None or text[-1] not in ")]"


def whole_call(text: str) -> tuple[str, list[str], str] | None:
    """Return function, arguments and subscript of `f(a, b)[:, None]`; None for what is no call."""
    match = CALL.fullmatch(text)
    if match is None:
        return None
    args, end = split_arguments(match["rest"])
    subscript = match["rest"][end:]
    if subscript and not SUBSCRIPT.fullmatch(subscript):
        return None
    return match["function"], args, subscript


def split_arguments(text: str) -> tuple[list[str], int]:
    """Return the arguments in front of the bracket that closes a call, and the place behind it.

    >>> split_arguments('"ij,j", a[:, None], axes=((0, 1), (2, 0))) + 1')
    (['"ij,j"', 'a[:, None]', 'axes=((0, 1), (2, 0))'], 42)
    """
    parts, depth, start, quoted = [], 0, 0, False
    for place, sign in enumerate(text):
        quoted ^= sign == '"'
        if quoted:
            continue
        if not depth and sign in ",)":
            parts.append(text[start:place].strip())
            start = place + 1
            if sign == ")":
                break
        depth += (sign in "([{") - (sign in ")]}")
    return parts, start
