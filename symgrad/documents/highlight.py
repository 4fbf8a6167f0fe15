"""Highlight Python as HTML, with the tensors marked as they are in formulas."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

from pygments.lexers import PythonLexer
from pygments.token import STANDARD_TYPES, Token


def highlighted(source: str, tensors: Collection[str] = ()) -> str:
    """Return source text as the content of a `pre` element.

    Args:
        source: Python.
        tensors: the names that are marked with `data-name`.
    """
    parts = []
    for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(source):
        style = STANDARD_TYPES.get(kind, "")
        attributes = f' class="{style}"' if style and style not in ("n", "w", "p") else ""
        if kind in Token.Name and text in tensors:
            attributes += f' data-name="{escape(text)}"'
        body = escape(text)
        parts.append(f"<span{attributes}>{body}</span>" if attributes else body)
    return "".join(parts)
