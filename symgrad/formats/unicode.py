"""Spell the formula language with the signs of a book, for terminals that show them."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.formats.notation import Level, Piece
from symgrad.formats.text import TextNotation

RELATIONS = {"<=": "≤", ">=": "≥", "!=": "≠"}
CONSTANTS = {"inf": "∞", "pi": "π"}
REDUCTIONS = {"sum": "Σ"}
EXPONENTS = {"2": "²", "3": "³"}


class UnicodeNotation(TextNotation):
    """The formula language, which reads these signs too."""

    def product(self, factors: Sequence[str], spaced: bool) -> str:
        return (" " if spaced else "·").join(factors)

    def power(self, base: str, exponent: Piece) -> Piece:
        if exponent.signed() in EXPONENTS:
            return Piece(f"{base}{EXPONENTS[exponent.text]}", Level.POWER)
        return super().power(base, exponent)

    def root(self, text: str) -> Piece:
        return Piece(f"√({text})")

    def call(self, name: str, args: Sequence[Piece]) -> Piece:
        return self.root(args[0].signed()) if name == "sqrt" else super().call(name, args)

    def constant(self, name: str) -> Piece:
        return Piece(CONSTANTS[name])

    def partial(self, numerator: str, denominator: str) -> Piece:
        return Piece(f"∂{numerator}/∂{denominator}", Level.PRODUCT)

    def compare(self, left: str, op: str, right: str, compact: bool) -> str:
        return super().compare(left, RELATIONS.get(op, op), right, compact)

    def delta(self, left: str, right: str, subscripts: bool) -> Piece:
        return Piece(f"δ_{left}{right}") if subscripts else self.word("δ", [left, right])

    def reduction(
        self, op: str, letters: Sequence[str], conditions: Sequence[str], short: bool
    ) -> str:
        return super().reduction(REDUCTIONS.get(op, op), letters, conditions, short)


UNICODE = UnicodeNotation()
