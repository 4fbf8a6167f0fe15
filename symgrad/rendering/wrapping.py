"""Break lines that are too long as ruff's formatter breaks them."""

from __future__ import annotations

import re
from collections.abc import Sequence

WIDTH = 88  # the default of ruff and black, so that a formatter leaves the file alone
INDENT = "    "
# a call, and a subscript behind it
CALL = re.compile(r"(?P<function>[\w.]+)\((?P<rest>.*)")
KEYWORD = re.compile(r"(\w+=|)(.*)")
SUBSCRIPTED = re.compile(r"[\w.]+\[[^\[\]]*\]")
BRACKETS = {"(": ")", "{": "}"}
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
    lines = [line for arg in args for line in _wrap_argument(arg, inner)]
    return [f"{indent}{head}(", *lines, f"{indent}){tail}"]


def _wrap_argument(text: str, indent: str) -> list[str]:
    """Return an argument with its comma; a tuple, a dict or a call that is too long is broken."""
    if len(f"{indent}{text},") <= WIDTH:
        return [f"{indent}{text},"]
    keyword, value = KEYWORD.fullmatch(text).groups()  # type: ignore[union-attr]
    call = whole_call(value)
    if call is not None:
        function, args, subscript = call
        return wrap_call(f"{keyword}{function}", args, f"{subscript},", indent)
    opening = value[:1]
    if opening not in BRACKETS:
        return [f"{indent}{text},"]
    items, end = split_arguments(f"{value[1:-1]})")
    if end != len(value) - 1:
        return [f"{indent}{text},"]
    lines = [line for item in items if item for line in _wrap_argument(item, indent + INDENT)]
    return [f"{indent}{keyword}{opening}", *lines, f"{indent}{BRACKETS[opening]},"]


def wrap_value(head: str, text: str, indent: str) -> list[str]:
    """Return `head` and an expression: inside the brackets of a call, else in brackets of its own.

    The parts of a long expression have names by then, so that one of the two is enough.
    """
    if len(f"{indent}{head}{text}") <= WIDTH:
        return [f"{indent}{head}{text}"]
    if SUBSCRIPTED.fullmatch(text):
        return wrap_subscript(head, text, indent)
    call = whole_call(text)
    if call is None:
        return [f"{indent}{head}(", f"{indent}{INDENT}{text}", f"{indent})"]
    function, args, subscript = call
    start = f"{indent}{head}{text.removesuffix(subscript)}["
    if subscript and len(start) <= WIDTH:
        return [start, f"{indent}{INDENT}{subscript[1:-1]}", f"{indent}]"]
    return wrap_call(f"{head}{function}", args, subscript, indent)


def wrap_subscript(head: str, text: str, indent: str) -> list[str]:
    """Return `head` and `a[items]`, broken inside the brackets where it is too long."""
    if len(f"{indent}{head}{text}") <= WIDTH:
        return [f"{indent}{head}{text}"]
    name, items = text.removesuffix("]").split("[", 1)
    inner = indent + INDENT
    if len(f"{inner}{items}") <= WIDTH:
        return [f"{indent}{head}{name}[", f"{inner}{items}", f"{indent}]"]
    parts, _ = split_arguments(f"{items})")
    return [f"{indent}{head}{name}[", *(f"{inner}{part}," for part in parts), f"{indent}]"]


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
