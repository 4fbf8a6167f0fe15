"""Estimate how wide LaTeX is when it is set, in em, and break formulas that are too wide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from symgrad.documents.breaking import PRODUCT, SUM, Mark, Part, break_formula

_TOKEN = re.compile(r"\\(?:begin|end)\{\w+\*?\}|\\[a-zA-Z]+\*?|\\.|\s+|.", re.DOTALL)
_SCRIPT = 0.7  # the size of subscripts
_LETTER, _DIGIT, _NARROW, _SIGN, _RELATION, _WIDE = 0.53, 0.5, 0.3, 0.39, 1.33, 1.0
_EAST_ASIA = 0x2E80

# commands without arguments whose width is not that of a letter
_WIDTHS = {
    r"\,": 0.17,
    r"\ ": 0.25,
    r"\quad": 1.0,
    r"\qquad": 2.0,
    r"\sum": 1.44,
    r"\prod": 1.28,
    r"\left": 0.0,
    r"\right": 0.0,
    r"\min": 1.6,
    r"\max": 1.9,
    **dict.fromkeys([r"\le", r"\ge", r"\ne", r"\wedge", r"\vee", r"\cdot", r"\bmod"], _RELATION),
    **dict.fromkeys([r"\sin", r"\cos", r"\tan", r"\log", r"\exp"], 1.6),
    **dict.fromkeys([r"\sinh", r"\cosh", r"\tanh"], 2.2),
}
_LIMITS = (r"\sum", r"\prod", r"\max", r"\min", r"\operatorname*")
_UPRIGHT = (
    r"\mathrm",
    r"\operatorname",
    r"\text",
    r"\textit",
    r"\hat",
    r"\bar",
    r"\tilde",
    r"\dot",
)
_BOLD = (r"\mathbf", r"\boldsymbol")
_ROOT = 0.9  # the sign in front of what stands under it


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.place = 0

    def peek(self) -> str:
        """Return the next token, "" at the end."""
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        """Return the next token, and go on."""
        token = self.peek()
        self.place += 1
        return token

    def width(self, end: str = "") -> float:
        """Return the width up to `end`, which is taken."""
        total = 0.0
        while self.peek() not in ("", end):
            total += self.atom()
        self.take()
        return total

    def argument(self) -> float:
        """Return the width of a group, or of one token."""
        while self.peek().isspace():
            self.take()
        return self._base(self.take())

    def atom(self) -> float:
        """Return the width of one thing, with its scripts."""
        token = self.take()
        # the scripts of a command with an argument stand after that
        width = self._base(token)
        scripts = []
        while self.peek() in ("_", "^") and self.peek():
            self.take()
            scripts.append(_SCRIPT * self.argument())
        widest = max(scripts, default=0.0)
        return max(width, widest) if token in _LIMITS else width + widest

    def _base(self, token: str) -> float:
        if token == "{":
            return self.width("}")
        if token == r"\frac":
            return max(self.argument(), self.argument()) + 0.25
        if token in (*_UPRIGHT, *_BOLD, r"\operatorname*"):
            return self.argument()
        if token == r"\sqrt":
            return _ROOT + self.argument()
        if token.startswith(r"\begin"):
            return self._cells(token.replace(r"\begin", r"\end"))
        return _simple(token)

    def _cells(self, end: str) -> float:
        """Return the width of rows of cells: that of the widest row, with the brace."""
        row, widest = 1.5, 0.0
        while self.peek() not in ("", end):
            if self.peek() == r"\\":
                self.take()
                row, widest = 1.5, max(widest, row)
            elif self.peek() == "&":
                self.take()
                row += 1.0
            else:
                row += self.atom()
        self.take()
        return max(widest, row)


def _simple(token: str) -> float:
    """Return the width of a token without arguments."""
    if token in _WIDTHS:
        return _WIDTHS[token]
    if token in tuple("+-=<>"):
        return _RELATION
    if token in tuple(",.:;'|!"):
        return _NARROW
    if token in tuple("()[]"):
        return _SIGN
    if not token or token.isspace():
        return 0.0
    if ord(token[-1]) >= _EAST_ASIA:
        return _WIDE
    return _DIGIT if token.isdigit() else _LETTER


def width(latex: str) -> float:
    """Return about how wide a formula in display style is, in em."""
    return _Reader(latex).width()


def text_width(words: str) -> float:
    """Return about how wide plain words are, in em."""
    return sum(_WIDE if ord(char) >= _EAST_ASIA else 0.46 for char in words)


def marks(latex: str) -> list[Mark]:
    """Return where a formula may be broken: at signs and between factors, not within groups."""
    found = []
    depth = braces = environments = place = 0
    for token in _TOKEN.findall(latex):
        braces += (token == "{") - (token == "}")
        environments += token.startswith(r"\begin") - token.startswith(r"\end")
        if braces == environments == 0:
            depth += (token in ("(", "[")) - (token in (")", "]"))
            kind = _kind(latex, place)
            if kind is not None:
                found.append(Mark(place, depth, kind))
        place += len(token)
    return found


def _kind(latex: str, place: int) -> int | None:
    """Return the kind of the mark at a place, if there is one."""
    if re.match(r" [+-] | \\quad \(", latex[place:]):
        return SUM
    return PRODUCT if re.match(r" \\(,|cdot) ", latex[place:]) else None


def break_latex(latex: str, limit: float) -> list[str]:
    r"""Return a formula as rows no wider than the limit, where it can be broken.

    Brackets that a break separates become `\Bigl(` and `\Bigr)`; a row that goes on with a factor
    begins with `\times`.
    """
    parts = break_formula(latex, marks(latex), limit - 2, width)
    sizes = _separated(latex, parts)
    first, *others = (_resized(latex, part, sizes).strip() for part in parts)
    continued = [_continued(row, part.depth) for row, part in zip(others, parts[1:], strict=True)]
    return [first, *continued]


def _continued(row: str, depth: int) -> str:
    indent = r"\quad" * (depth + 1)
    for factor in (r"\, ", r"\cdot "):
        if row.startswith(factor):
            return rf"{indent} {{}} \times {row.removeprefix(factor)}"
    if row.startswith(r"\quad"):  # the range of an index
        return f"{indent} {row}"
    return f"{indent} {{}} {row}"


def _separated(latex: str, parts: list[Part]) -> Mapping[int, str]:
    r"""Return what to write for each `\left` and `\right` whose partner is in another part."""
    sizes: dict[int, str] = {}
    for start, end in _pairs(latex):
        if _holder(parts, start) != _holder(parts, end):
            sizes[start], sizes[end] = r"\Bigl", r"\Bigr"
    return sizes


def _pairs(latex: str) -> Iterator[tuple[int, int]]:
    r"""Yield the places of each `\left` and its `\right`."""
    stack: list[int] = []
    for found in re.finditer(r"\\(left|right)(?![a-zA-Z])", latex):
        if found[1] == "left":
            stack.append(found.start())
        else:
            yield stack.pop(), found.start()


def _holder(parts: list[Part], place: int) -> int:
    return next(n for n, part in enumerate(parts) if part.start <= place < part.end)


def _resized(latex: str, part: Part, sizes: Mapping[int, str]) -> str:
    """Return a part with the brackets that are broken apart written by their sizes."""
    text, last = "", part.start
    for place in sorted(place for place in sizes if part.start <= place < part.end):
        text += latex[last:place] + sizes[place]
        last = place + len(r"\left" if sizes[place] == r"\Bigl" else r"\right")
    return text + latex[last : part.end]
