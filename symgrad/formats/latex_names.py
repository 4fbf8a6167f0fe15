"""Write names of tensors and indices in LaTeX: Greek letters, accents, descriptive superscripts."""

from __future__ import annotations

from symgrad.formats.tensor_names import GREEK, TensorName, read_index, read_name

COMMANDS = {word: f"\\{word}" for word in GREEK.values()} | {"eps": r"\epsilon"}
ESCAPES = str.maketrans({c: f"\\{c}" for c in "_%&#$"})


def symbol(name: str) -> str:
    """Return one letter, a Greek letter, or a word set upright."""
    if name in GREEK:
        return f"\\{GREEK[name]}"
    if name in COMMANDS:
        return COMMANDS[name]
    if not name.isascii():  # letters with accents are set in text alone
        return rf"\textit{{{name}}}" if len(name) == 1 else rf"\text{{{escape(name)}}}"
    return name if len(name) == 1 else rf"\mathrm{{{escape(name)}}}"


def name_parts(name: str) -> tuple[str, str, str]:
    """Return (symbol, superscript, number) of a tensor's name, in LaTeX."""
    parts = read_name(name)
    superscript = r"\,".join(map(escape, parts.superscript))
    return _base(parts), superscript, parts.number


def _base(parts: TensorName) -> str:
    text = symbol(parts.symbol)
    if parts.accent:
        text = rf"\{parts.accent}{{{text}}}"
    return r"\mathrm{d} " * parts.differentials + text


def index_letter(letter: str) -> str:
    """Return an index: a letter with its primes and digits, or a word set upright."""
    base, number, primes = read_index(letter)
    return symbol(base) + (f"_{{{number}}}" if number else "") + primes


def escape(text: str) -> str:
    """Return `text` for use inside text and upright words."""
    return text.translate(ESCAPES)
