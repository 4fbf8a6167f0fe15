"""Print expressions and statements as presentation MathML, which browsers set by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from symgrad.formats.layout import page_for
from symgrad.formats.mathml_marks import (
    COMMA,
    OF,
    between_spaces,
    element,
    fenced,
    identifier,
    index,
    is_tall,
    joined,
    operator,
    row,
)
from symgrad.formats.notation import Level, Notation, Piece
from symgrad.formats.statements import printed_statement
from symgrad.language.expr import Expr, Index
from symgrad.language.lengths import NO_LENGTHS, Lengths
from symgrad.language.statement import Statement

RELATIONS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "=", "!=": "≠"}
CONNECTIVES = {"and": operator("∧"), "or": operator("∨")}
CONSTANTS = {"pi": "π", "inf": "∞"}
REDUCTION_SIGNS = {"sum": operator("∑"), "prod": operator("∏")}
WORDS = {"argmax": "arg max", "argmin": "arg min"}
TIMES = '<mo lspace="0" rspace="0.167em">\u2062</mo>'  # invisible
DOT = operator("⋅")
MINUS, PREFIX_MINUS = operator("−"), operator("−", ' form="prefix"')
_TAG = re.compile(r"<(?P<end>/?)m\w+[^>]*?(?P<empty>/?)>[^<]*")
# the signs at which a line may break, and how they are written there
_BREAKS = {f"<mo>{sign}": f'<mo form="infix">{sign}' for sign in "+−"}
_BARE_MINUS = re.compile(r"(^|>)-(?=<)")

# functions that are not a word in front of brackets: {0} and {1} stand for the arguments
FUNCTIONS = {
    "exp": "<msup><mi>e</mi><mrow>{0}</mrow></msup>",
    "reciprocal": "<mfrac><mn>1</mn><mrow>{0}</mrow></mfrac>",
    "sqrt": "<msqrt>{0}</msqrt>",
    "rsqrt": "<mfrac><mn>1</mn><msqrt>{0}</msqrt></mfrac>",
}
FENCES = {"abs": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}
# and those that are a sign or another word in front of brackets
UPRIGHT = ' mathvariant="normal"'
HEADS = {
    "asin": identifier("arcsin"),
    "acos": identifier("arccos"),
    "atan": identifier("arctan"),
    "digamma": identifier("ψ"),
    "lgamma": f"{identifier('log')}{OF}{identifier('Γ', UPRIGHT)}",
    "sigmoid": identifier("σ"),
    "trigamma": f"<msup>{identifier('ψ')}{operator('′')}</msup>",
}
POWERS = {"pow": "{1}", "square": "<mn>2</mn>"}


class MathMLNotation(Notation):
    """The spelling of a textbook, in MathML Core; indices and tensors are marked by data-*."""

    brackets_fractions = False
    iverson = True

    def __init__(self, bold: frozenset[str] = frozenset()) -> None:
        """Spell the tensors `bold` in bold: an index has the same letter."""
        self.bold = bold

    def statement(self, left: str, right: str, ranges: Sequence[str]) -> str:
        gap = '<mspace width="1em"/>'
        return f"{left}{operator('=')}{right}" + "".join(
            gap + fenced("(", part, ")") for part in ranges
        )

    def bracket(self, text: str) -> str:
        return fenced("(", text, ")")

    def product(self, factors: Sequence[str], spaced: bool) -> str:
        text = factors[0]
        for factor in factors[1:]:
            text += (DOT if factor.startswith("<mn>") else TIMES) + factor
        return text

    def plus(self, compact: bool) -> tuple[str, str]:
        return operator("+"), MINUS

    def fraction(self, numerator: Piece, denominator: str) -> Piece:
        text = numerator.signed()
        if "<mfrac" in text:  # a fraction of fractions is hard to read
            if numerator.negative or numerator.level < Level.PRODUCT:
                text = self.bracket(text)
            one = f"<mfrac><mn>1</mn>{row(denominator)}</mfrac>"
            return Piece(self.product([one, text], spaced=False), Level.PRODUCT)
        # a fraction needs no brackets as a factor, and needs them under an exponent
        return Piece(f"<mfrac>{row(text)}{row(denominator)}</mfrac>", Level.POWER)

    def power(self, base: str, exponent: Piece) -> Piece:
        return Piece(f"<msup>{row(base)}{row(exponent.signed())}</msup>", Level.POWER)

    def root(self, text: str) -> Piece:
        return Piece(f"<msqrt>{text}</msqrt>")

    def number(self, text: str) -> Piece:
        digits, exponential, exponent = text.partition("e")
        if not exponential:
            return Piece(f"<mn>{text}</mn>")
        sign = PREFIX_MINUS if exponent.startswith("-") else ""
        magnitude = exponent.removeprefix("-")
        power = f"<msup><mn>10</mn>{row(f'{sign}<mn>{magnitude}</mn>')}</msup>"
        if digits == "1":
            return Piece(power, Level.POWER)
        return Piece(f"<mn>{digits}</mn>{DOT}{power}", Level.POWER)

    def constant(self, name: str) -> Piece:
        return Piece(identifier(CONSTANTS[name]))

    def index(self, letter: str) -> Piece:
        return Piece(index(letter))

    def element(self, name: str, subscripts: Sequence[str]) -> Piece:
        text = element(name, subscripts, self.bold)
        raised = text.startswith(("<msup", "<msubsup"))
        return Piece(text, Level.POWER if raised else Level.ATOM)

    def subscripted(self, piece: str, subscripts: Sequence[str]) -> Piece:
        return Piece(f"<msub>{row(piece)}{row(joined(subscripts))}</msub>")

    def partial(self, numerator: str, denominator: str) -> Piece:
        above = numerator if numerator.startswith("<") else identifier(numerator)
        sign = identifier("∂")
        text = f"<mfrac><mrow>{sign}{above}</mrow><mrow>{sign}{denominator}</mrow></mfrac>"
        return Piece(text, Level.POWER)

    def call(self, name: str, args: Sequence[Piece]) -> Piece:
        texts = [arg.signed() for arg in args]
        if name == "exp" and is_tall(texts[0]):
            return self.word("exp", texts)
        if name in FENCES:
            left, right = FENCES[name]
            return Piece(fenced(left, texts[0], right))
        if name in FUNCTIONS:
            return Piece(FUNCTIONS[name].format(*texts), Level.POWER)
        if name in POWERS:
            loose = args[0].negative or args[0].level < Level.ATOM
            base = self.bracket(texts[0]) if loose else texts[0]
            exponent = POWERS[name].format(*texts)
            return Piece(f"<msup>{row(base)}{row(exponent)}</msup>", Level.POWER)
        if name == "polygamma":
            order = row(self.bracket(texts[0]))
            return self._applied(f"<msup>{identifier('ψ')}{order}</msup>", texts[1:])
        return self._applied(HEADS.get(name, identifier(name)), texts)

    def _applied(self, head: str, args: Sequence[str]) -> Piece:
        return Piece(f"{head}{OF}{self.bracket(COMMA.join(args))}")

    def opaque(self, name: str, order: int, arg: str) -> Piece:
        head = identifier(name)
        if order:
            head = f"<msup>{head}{operator('′' * order)}</msup>"
        return self._applied(head, [arg])

    def word(self, name: str, args: Sequence[str], compact: bool = False) -> Piece:
        return self._applied(identifier(name), args)

    def extent(self, letter: str) -> Piece:
        return Piece(f"<msub>{identifier('N')}{row(index(letter))}</msub>")

    def axis_length(self, name: str, axis: int, compact: bool) -> Piece:
        return self.word("size", [element(name, ()), f"<mn>{axis}</mn>"])

    def compare(self, left: str, op: str, right: str, compact: bool) -> str:
        return f"{left}{operator(RELATIONS[op])}{right}"

    def connect(self, word: str, parts: Sequence[str]) -> str:
        return operator("¬") + parts[0] if word == "not" else CONNECTIVES[word].join(parts)

    def where(self, condition: str, then: str, otherwise: str) -> Piece:
        rows = (
            (then, f"<mtext>if&#160;</mtext>{condition}"),
            (otherwise, "<mtext>otherwise</mtext>"),
        )
        table = "".join(
            f"<mtr><mtd>{row(value)}</mtd><mtd>{row(when)}</mtd></mtr>" for value, when in rows
        )
        brace = operator("{", ' stretchy="true"')
        cases = f'<mtable columnalign="left" class="cases">{table}</mtable>'
        return Piece(f"<mrow>{brace}{cases}</mrow>", Level.POWER)

    def indicator(self, condition: str) -> Piece:
        return Piece(fenced("[", condition, "]"))

    def delta(self, left: str, right: str, subscripts: bool) -> Piece:
        return Piece(f"<msub>{identifier('δ')}{row(joined((left, right)))}</msub>")

    def reduction(
        self, op: str, letters: Sequence[str], conditions: Sequence[str], short: bool
    ) -> str:
        sign = REDUCTION_SIGNS.get(op) or between_spaces(WORDS.get(op, op))
        if short:
            return f"<munder>{sign}{row(conditions[0])}</munder>"
        below = COMMA.join(letters)
        if conditions:
            below += operator(":") + COMMA.join(conditions)
        return f"<munder>{sign}{row(below)}</munder>"

    def floor_div(self, left: str, right: str) -> Piece:
        quotient = f"<mfrac>{row(left)}{row(right)}</mfrac>"
        return Piece(fenced("⌊", quotient, "⌋"))

    def mod(self, left: str, right: str) -> Piece:
        return Piece(f"{left}{between_spaces('mod')}{right}", Level.PRODUCT)


def finished(text: str) -> str:
    """Return printed MathML with its signs as elements: the layout writes a bare minus."""
    return _BARE_MINUS.sub(rf"\1{PREFIX_MINUS}", text.replace("> <", "><"))


MATHML = MathMLNotation()


def to_mathml(
    expr: Expr,
    *,
    indices: Iterable[Index] = (),
    partials: Mapping[str, str] | None = None,
    lengths: Lengths = NO_LENGTHS,
) -> str:
    """Return `expr` as the content of a `math` element.

    Args:
        expr: what to print.
        indices: indices that are bound around it, as on the left of a statement.
        partials: for the steps of a derivation, the output of each incoming gradient, {"dy": "y"}:
            dy_kl prints as a quotient of differentials.
        lengths: how far the axes of tensors reach: an index that stands alone on an axis of its
            own length is printed without a bound.
    """
    return finished(page_for(MATHML, (expr,), indices, partials, lengths).text(expr))


def statement_mathml(statement: Statement, lengths: Lengths = NO_LENGTHS) -> str:
    """Return a statement as the content of a `math` element, every sum written out."""
    return finished(printed_statement(MATHML, statement, lengths))


def math(content: str, display: bool = False) -> str:
    """Return a `math` element; in a displayed one limits stand below sums."""
    attributes = ' displaystyle="true"' if display else ""
    return f"<math{attributes}>{content}</math>"


def in_lines(content: str) -> list[str]:
    """Return the content of a `math` element in parts, between which a line may break.

    It breaks before a plus or a minus that stands outside of all brackets and quotients.
    """
    parts = [""]
    depth = 0
    for tag in _TAG.finditer(content):
        if depth == 0 and tag[0] in _BREAKS and parts[-1]:
            parts.append("")
        parts[-1] += _BREAKS.get(tag[0], tag[0]) if depth == 0 else tag[0]
        depth += -1 if tag["end"] else 0 if tag["empty"] else 1
    return parts
