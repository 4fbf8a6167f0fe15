"""Print expressions and statements in LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from symgrad.formats.latex_names import escape, index_letter, name_parts, symbol
from symgrad.formats.layout import page_for
from symgrad.formats.notation import Level, Notation, Piece
from symgrad.formats.statements import printed_statement
from symgrad.language.expr import Expr, Index
from symgrad.language.functions import FUNCTIONS
from symgrad.language.lengths import NO_LENGTHS, Lengths
from symgrad.language.statement import Statement

RELATIONS = {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "==": "=", "!=": r"\ne"}
CONNECTIVES = {"and": r" \wedge ", "or": r" \vee "}
CONSTANTS = {"pi": r"\pi", "inf": r"\infty"}
REDUCTION_SIGNS = {
    "sum": r"\sum",
    "prod": r"\prod",
    "max": r"\max",
    "min": r"\min",
    "argmax": r"\operatorname*{arg\,max}",
    "argmin": r"\operatorname*{arg\,min}",
}
OPERATORS = frozenset("sin cos tan sinh cosh tanh".split())  # LaTeX has a command of that name
TALL = (r"\frac", r"\sum", r"\prod", r"\begin", r"\left", r"\operatorname*")


class LatexNotation(Notation):
    """The spelling of a textbook, in LaTeX that KaTeX and MathJax read too."""

    brackets_fractions = False
    iverson = True

    def statement(self, left: str, right: str, ranges: Sequence[str]) -> str:
        return f"{left} = {right}" + "".join(rf" \quad ({part})" for part in ranges)

    def bracket(self, text: str) -> str:
        return rf"\left({text}\right)" if _is_tall(text) else f"({text})"

    def product(self, factors: Sequence[str], spaced: bool) -> str:
        text = factors[0]
        for factor in factors[1:]:
            text += (r" \cdot " if factor[0].isdigit() else r" \, ") + factor
        return text

    def plus(self, compact: bool) -> tuple[str, str]:
        return ("+", "-") if compact else (" + ", " - ")

    def fraction(self, numerator: Piece, denominator: str) -> Piece:
        text = numerator.signed()
        if r"\frac" in text:  # a fraction of fractions is hard to read
            if numerator.negative or numerator.level < Level.PRODUCT:
                text = self.bracket(text)
            return Piece(rf"\frac{{1}}{{{denominator}}} \, {text}", Level.PRODUCT)
        # a fraction needs no brackets as a factor, and needs them under an exponent
        return Piece(rf"\frac{{{text}}}{{{denominator}}}", Level.POWER)

    def power(self, base: str, exponent: Piece) -> Piece:
        return Piece(f"{base}^{{{exponent.signed()}}}", Level.POWER)

    def root(self, text: str) -> Piece:
        return Piece(rf"\sqrt{{{text}}}")

    def number(self, text: str) -> Piece:
        digits, exponential, exponent = text.partition("e")
        if not exponential:
            return Piece(text)
        power = f"10^{{{exponent}}}"
        return Piece(power if digits == "1" else rf"{digits} \cdot {power}", Level.POWER)

    def constant(self, name: str) -> Piece:
        return Piece(CONSTANTS[name])

    def index(self, letter: str) -> Piece:
        return Piece(index_letter(letter))

    def element(self, name: str, subscripts: Sequence[str]) -> Piece:
        base, superscript, number = name_parts(name)
        below = ",".join(part for part in (number, _subscripts(subscripts)) if part)
        text = base
        if superscript:
            text += rf"^{{\mathrm{{{superscript}}}}}"
        if below:
            text += f"_{{{below}}}"
        return Piece(text, Level.POWER if superscript else Level.ATOM)

    def subscripted(self, piece: str, subscripts: Sequence[str]) -> Piece:
        return Piece(f"{piece}_{{{_subscripts(subscripts)}}}")

    def partial(self, numerator: str, denominator: str) -> Piece:
        return Piece(rf"\frac{{\partial {numerator}}}{{\partial {denominator}}}", Level.POWER)

    def call(self, name: str, args: Sequence[Piece]) -> Piece:
        template = FUNCTIONS[name].latex
        texts = [arg.signed() for arg in args]
        if name == "exp" and _is_tall(texts[0]):
            return Piece(rf"\exp{self.bracket(texts[0])}")
        if template is None or len(args) != FUNCTIONS[name].arity:
            command = f"\\{name}" if name in OPERATORS else _upright(name)
            return Piece(command + self.bracket(", ".join(texts)))
        if template.startswith("{0}^") and (args[0].negative or args[0].level < Level.ATOM):
            texts[0] = self.bracket(texts[0])
        text = template.format(*texts)
        if not any(_is_tall(arg) for arg in texts):
            text = text.replace(r"\left(", "(").replace(r"\right)", ")")
        return Piece(text, Level.ATOM if text[-1] in ")|" else Level.POWER)

    def opaque(self, name: str, order: int, arg: str) -> Piece:
        return Piece(f"{symbol(name)}{chr(39) * order}{self.bracket(arg)}")

    def word(self, name: str, args: Sequence[str], compact: bool = False) -> Piece:
        return Piece(_upright(name) + self.bracket(", ".join(args)))

    def extent(self, letter: str) -> Piece:
        return Piece(f"N_{{{index_letter(letter)}}}")

    def axis_length(self, name: str, axis: int, compact: bool) -> Piece:
        return self.word("size", [self.element(name, ()).text, str(axis)])

    def compare(self, left: str, op: str, right: str, compact: bool) -> str:
        return f"{left} {RELATIONS[op]} {right}"

    def connect(self, word: str, parts: Sequence[str]) -> str:
        return rf"\neg {parts[0]}" if word == "not" else CONNECTIVES[word].join(parts)

    def where(self, condition: str, then: str, otherwise: str) -> Piece:
        rows = rf"{then} & \text{{if }} {condition} \\ {otherwise} & \text{{otherwise}}"
        return Piece(rf"\begin{{cases}} {rows} \end{{cases}}", Level.POWER)

    def indicator(self, condition: str) -> Piece:
        return Piece(f"[{condition}]")

    def delta(self, left: str, right: str, subscripts: bool) -> Piece:
        return Piece(rf"\delta_{{{_subscripts((left, right))}}}")

    def reduction(
        self, op: str, letters: Sequence[str], conditions: Sequence[str], short: bool
    ) -> str:
        sign = REDUCTION_SIGNS.get(op, rf"\operatorname*{{{op}}}")
        if short:
            return f"{sign}_{{{conditions[0]}}}"
        below = ",".join(letters)
        if conditions:
            below += r" :\, " + r",\, ".join(conditions)
        return f"{sign}_{{{below}}}"

    def floor_div(self, left: str, right: str) -> Piece:
        return Piece(rf"\left\lfloor \frac{{{left}}}{{{right}}} \right\rfloor")

    def mod(self, left: str, right: str) -> Piece:
        return Piece(rf"{left} \bmod {right}", Level.PRODUCT)


def _subscripts(parts: Sequence[str]) -> str:
    """Join subscripts, without commas when each is one letter."""
    if all(len(part) == 1 and part.isalpha() for part in parts):
        return "".join(parts)
    letters = all(part.removeprefix("\\").isalpha() for part in parts)
    return (" " if letters else ",").join(parts)


def _upright(name: str) -> str:
    return rf"\operatorname{{{escape(name)}}}"


def _is_tall(text: str) -> bool:
    return any(command in text for command in TALL)


LATEX = LatexNotation()


def to_latex(
    expr: Expr,
    *,
    indices: Iterable[Index] = (),
    partials: Mapping[str, str] | None = None,
    lengths: Lengths = NO_LENGTHS,
) -> str:
    r"""Return `expr` in LaTeX, without dollar signs.

    Args:
        expr: what to print.
        indices: indices that are bound around it, as on the left of a statement.
        partials: for the steps of a derivation, the output of each incoming gradient, {"dy": "y"}:
            dy_kl prints as `\frac{\partial L}{\partial y_{kl}}`.
        lengths: how far the axes of tensors reach: an index that stands alone on an axis of its
            own length is printed without a bound.
    """
    return page_for(LATEX, (expr,), indices, partials, lengths).text(expr)


def statement_latex(
    statement: Statement, lengths: Lengths = NO_LENGTHS, ranges: bool = False
) -> str:
    r"""Return a statement in LaTeX, every sum written out.

    Arguments are those of `statements.printed_statement`.

    Example:
        >>> from symgrad import Layer
        >>> print(statement_latex(Layer("Affine", "y_ij = x_ik w_kj + b_j").statements[0]))
        y_{ij} = \sum_{k} x_{ik} \, w_{kj} + b_{j}
    """
    return printed_statement(LATEX, statement, lengths, ranges)
