"""Write the elements of presentation MathML: letters, words, operators, names, indices."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from html import escape

from symgrad.formats.tensor_names import LETTERS, TensorName, read_index, read_name

ACCENTS = {"hat": "^", "bar": "¯", "tilde": "~", "dot": "˙"}
COMMA = "<mo>,</mo>"
OF = "<mo>\u2061</mo>"  # the invisible sign of a function's application
TALL = ("<mfrac", "<munder", "<mtable", "<msqrt")
_ONE_ELEMENT = re.compile(r"<(m\w+)( [^>]*)?>[^<]*</\1>")
_ONE_LETTER = re.compile(r"<mi data-index=\"[^\"]*\">[^<]</mi>")


def identifier(name: str, attributes: str = "") -> str:
    """Return one letter in italics, a Greek letter by its name, or a word, which is upright."""
    return f"<mi{attributes}>{escape(LETTERS.get(name, name))}</mi>"


def operator(sign: str, attributes: str = "") -> str:
    """Return an operator; its spacing is the browser's."""
    return f"<mo{attributes}>{escape(sign)}</mo>"


def between_spaces(word: str) -> str:
    """Return a word that stands as an operator between spaces, `mod` or `max`."""
    return operator(word, ' lspace="0.167em" rspace="0.167em"')


def row(text: str) -> str:
    """Return one element: the text itself where it is one already."""
    return text if _ONE_ELEMENT.fullmatch(text) else f"<mrow>{text}</mrow>"


def fenced(left: str, text: str, right: str) -> str:
    """Return the text between fences, as tall as the text where that is more than a line."""
    size = "" if is_tall(text) else ' stretchy="false"'
    return f"<mrow>{operator(left, size)}{text}{operator(right, size)}</mrow>"


def is_tall(text: str) -> bool:
    """Say whether the text is higher than a line."""
    return any(tag in text for tag in TALL)


def joined(parts: Sequence[str]) -> str:
    """Join subscripts, without commas when each is one letter."""
    return ("" if all(map(_ONE_LETTER.fullmatch, parts)) else COMMA).join(parts)


def index(letter: str) -> str:
    """Return an index, marked so that a page finds its other places."""
    base, number, primes = read_index(letter)
    mark = f' data-index="{escape(letter)}"'
    if not number:
        return identifier(LETTERS.get(base, base) + "′" * len(primes), mark)
    body = f"{identifier(base)}<mn>{number}</mn>"
    if primes:
        return f"<msubsup{mark}>{body}{operator('′' * len(primes))}</msubsup>"
    return f"<msub{mark}>{body}</msub>"


def element(name: str, below: Sequence[str], bold: Collection[str] = ()) -> str:
    """Return an element of a tensor, marked with its name; tensors named in `bold` are bold."""
    parts = read_name(name)
    if parts.symbol in bold:
        parts = replace(parts, symbol=_bold(parts.symbol))
    mark = f' data-name="{escape(name)}"'
    number = [f"<mn>{parts.number}</mn>"] if parts.number else []
    inside = joined([*number, joined(below)]) if below else "".join(number)
    scripts = _scripts(parts, inside)
    if parts.differentials:
        differential = identifier("d", ' mathvariant="normal"') * parts.differentials
        return f"<mrow{mark}>{differential}{_with_scripts(_base(parts), scripts, '')}</mrow>"
    return _with_scripts(_base(parts, "" if any(scripts) else mark), scripts, mark)


def _bold(letter: str) -> str:
    """Return a letter of the English alphabet as the bold italic letter of mathematics."""
    for first, bold in (("a", "𝒂"), ("A", "𝑨")):
        if letter.isascii() and 0 <= ord(letter) - ord(first) < 26:
            return chr(ord(bold) + ord(letter) - ord(first))
    return letter


def _scripts(parts: TensorName, below: str) -> tuple[str, str]:
    words = '<mspace width="0.167em"/>'.join(
        f"<mtext>{escape(w)}</mtext>" for w in parts.superscript
    )
    return below, words


def _base(parts: TensorName, mark: str = "") -> str:
    if not parts.accent:
        return identifier(parts.symbol, mark)
    accent = operator(ACCENTS[parts.accent], ' stretchy="false"')
    return f'<mover accent="true"{mark}>{identifier(parts.symbol)}{accent}</mover>'


def _with_scripts(base: str, scripts: tuple[str, str], mark: str) -> str:
    below, above = scripts
    if below and above:
        return f"<msubsup{mark}>{base}{row(below)}{row(above)}</msubsup>"
    if below:
        return f"<msub{mark}>{base}{row(below)}</msub>"
    return f"<msup{mark}>{base}{row(above)}</msup>" if above else base
