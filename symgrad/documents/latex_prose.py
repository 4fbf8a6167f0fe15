"""Put words and code into LaTeX documents: escapes, and what to do with signs beyond ASCII."""

from __future__ import annotations

from symgrad.formats.tensor_names import GREEK

CODE_WIDTH = 108  # columns of a listing in a standalone document

_ESCAPES = str.maketrans(
    {c: f"\\{c}" for c in "_%&#${}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}"}
)
_SIGNS = {
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "·": r"\cdot",
    "×": r"\times",
    "−": "-",
    "√": r"\surd",
    "∞": r"\infty",
    "∂": r"\partial",
    "∑": r"\sum",
    "∏": r"\prod",
    "′": "'",
    "²": "{}^2",
    "³": "{}^3",
}
_KNOWN_TO_LATEX = 0x180  # Latin letters with accents
_EAST_ASIA = 0x2E80


def prose(text: str) -> str:
    """Return words with what LaTeX would read as commands escaped."""
    return text.translate(_ESCAPES)


def listing(code: str) -> str:
    """Return code for a verbatim environment, lines that leave the page broken."""
    lines = [piece for line in code.splitlines() for piece in _pieces(line)]
    return "\n".join(lines).replace(r"\end{verbatim}", r"\end {verbatim}")


def _pieces(line: str) -> list[str]:
    pieces = []
    while len(line) > CODE_WIDTH:
        cut = line.rfind(" ", len(line) - len(line.lstrip()) + 1, CODE_WIDTH)
        cut = cut if cut > 0 else CODE_WIDTH
        pieces.append(line[:cut])
        line = " " * 8 + line[cut:].lstrip()
    return [*pieces, line]


def characters(text: str) -> list[tuple[str, str]]:
    """Return the signs beyond ASCII that pdflatex must be told of: hexadecimal code, command."""
    signs = sorted(set(text) - set(map(chr, range(128))))
    return [(f"{ord(sign):04X}", command) for sign in signs if (command := _command(sign))]


def has_east_asian(text: str) -> bool:
    """Say whether the text has signs that need a font of East Asia."""
    return any(ord(sign) >= _EAST_ASIA for sign in text)


def _command(sign: str) -> str | None:
    """Return how a sign is set; None where LaTeX knows it, "?" where nothing else is known."""
    if sign in GREEK:
        return rf"\ensuremath{{{_greek(sign)}}}"
    if sign in _SIGNS:
        return rf"\ensuremath{{{_SIGNS[sign]}}}"
    return None if ord(sign) < _KNOWN_TO_LATEX or _set_by_a_font(sign) else "?"


def _greek(sign: str) -> str:
    return f"\\{GREEK[sign]}"


def _set_by_a_font(sign: str) -> bool:
    general_punctuation = 0x2010 <= ord(sign) <= 0x2044
    return general_punctuation or ord(sign) >= _EAST_ASIA
