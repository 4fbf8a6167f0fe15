"""Print expressions and statements in the formula language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from symgrad.formats.layout import page_for
from symgrad.formats.notation import Level, Notation, Piece
from symgrad.formats.statements import printed_statement
from symgrad.language.expr import REDUCTIONS, Expr, Index
from symgrad.language.lengths import NO_LENGTHS, Lengths
from symgrad.language.statement import Statement


class TextNotation(Notation):
    """The spelling of the formula language."""

    brackets_fractions = True
    iverson = False

    def bracket(self, text: str) -> str:
        return f"({text})"

    def product(self, factors: Sequence[str], spaced: bool) -> str:
        return (" " if spaced else "*").join(factors)

    def plus(self, compact: bool) -> tuple[str, str]:
        return ("+", "-") if compact else (" + ", " - ")

    def fraction(self, numerator: Piece, denominator: str) -> Piece:
        return Piece(f"{numerator.text}/{denominator}", Level.PRODUCT)

    def power(self, base: str, exponent: Piece) -> Piece:
        loose = exponent.negative or exponent.level < Level.POWER
        text = self.bracket(exponent.signed()) if loose else exponent.text
        return Piece(f"{base}^{text}", Level.POWER)

    def root(self, text: str) -> Piece:
        return self.word("sqrt", [text])

    def number(self, text: str) -> Piece:
        return Piece(text)

    def constant(self, name: str) -> Piece:
        return Piece(name)

    def index(self, letter: str) -> Piece:
        return Piece(letter)

    def element(self, name: str, subscripts: Sequence[str]) -> Piece:
        if not subscripts:
            return Piece(name)
        letters = all(len(part) == 1 and part.isalpha() for part in subscripts)
        if letters and name not in REDUCTIONS:
            return Piece(f"{name}_{''.join(subscripts)}")
        return self.subscripted(name, subscripts)

    def subscripted(self, piece: str, subscripts: Sequence[str]) -> Piece:
        nested = any("_" in part or "[" in part for part in subscripts)
        return Piece(f"{piece}[{(', ' if nested else ',').join(subscripts)}]")

    def partial(self, numerator: str, denominator: str) -> Piece:
        return Piece(f"d{numerator}/d{denominator}", Level.PRODUCT)

    def call(self, name: str, args: Sequence[Piece]) -> Piece:
        return self.word(name, [arg.signed() for arg in args])

    def opaque(self, name: str, order: int, arg: str) -> Piece:
        return Piece(f"{name}{chr(39) * order}({arg})")

    def word(self, name: str, args: Sequence[str], compact: bool = False) -> Piece:
        return Piece(f"{name}({(',' if compact else ', ').join(args)})")

    def extent(self, letter: str) -> Piece:
        return self.word("size", [letter])

    def axis_length(self, name: str, axis: int, compact: bool) -> Piece:
        return self.word("size", [name, str(axis)], compact)

    def compare(self, left: str, op: str, right: str, compact: bool) -> str:
        narrow = compact and op not in ("==", "!=")
        return f"{left}{op}{right}" if narrow else f"{left} {op} {right}"

    def connect(self, word: str, parts: Sequence[str]) -> str:
        return f"not {parts[0]}" if word == "not" else f" {word} ".join(parts)

    def where(self, condition: str, then: str, otherwise: str) -> Piece:
        return self.word("where", [condition, then, otherwise])

    def indicator(self, condition: str) -> Piece:
        return self.where(condition, "1", "0")

    def delta(self, left: str, right: str, subscripts: bool) -> Piece:
        return Piece(f"delta_{left}{right}") if subscripts else self.word("delta", [left, right])

    def reduction(
        self, op: str, letters: Sequence[str], conditions: Sequence[str], short: bool
    ) -> str:
        if short:
            return f"{op}_{{{conditions[0]}}}"
        if conditions:
            return f"{op}_{{{','.join(letters)}: {', '.join(conditions)}}}"
        single = len(letters) == 1 and len(letters[0]) == 1
        return f"{op}_{letters[0]}" if single else f"{op}_{{{','.join(letters)}}}"

    def floor_div(self, left: str, right: str) -> Piece:
        return Piece(f"{left}//{right}", Level.PRODUCT)

    def mod(self, left: str, right: str) -> Piece:
        return Piece(f"{left}%{right}", Level.PRODUCT)


TEXT = TextNotation()


def to_text(
    expr: Expr,
    *,
    indices: Iterable[Index] = (),
    partials: Mapping[str, str] | None = None,
    lengths: Lengths = NO_LENGTHS,
) -> str:
    """Return `expr` in the formula language.

    Args:
        expr: what to print.
        indices: indices that are bound around it, as on the left of a statement; they keep their
            letters, and no bound index takes one of them.
        partials: given for the steps of a derivation: the output of each incoming gradient,
            {"dy": "y"}. Then dy_kl prints as `dL/dy_kl`, and deltas as `delta_jl`.
        lengths: how far the axes of tensors reach: an index that stands alone on an axis of its
            own length is printed without a bound.
    """
    return page_for(TEXT, (expr,), indices, partials, lengths).text(expr)


def statement_text(
    statement: Statement, lengths: Lengths = NO_LENGTHS, ranges: bool = False
) -> str:
    """Return a statement in the formula language, every sum written out.

    Arguments are those of `statements.printed_statement`.

    Example:
        >>> from symgrad import Layer
        >>> statement_text(Layer("Affine", "y_{i,j} = x_ik w_kj + b_j").statements[0])
        'y_ij = sum_k x_ik*w_kj + b_j'
    """
    return printed_statement(TEXT, statement, lengths, ranges)
