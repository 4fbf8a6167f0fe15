"""Define what a notation has to spell, so that one walk over an expression serves all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How tightly a printed piece holds together: a looser one needs brackets in a tighter one."""

    OR = 0
    AND = 1
    NOT = 2
    COMPARE = 3
    SUM = 4
    PRODUCT = 5
    POWER = 6
    ATOM = 7


@dataclass(frozen=True)
class Piece:
    """Printed text with what is needed to put it into something larger.

    Attributes:
        text: the text, without its sign.
        level: how tightly it holds together.
        negative: whether a minus sign stands in front.
        reaches: whether it is a reduction, which would take the factors that follow.
    """

    text: str
    level: Level = Level.ATOM
    negative: bool = False
    reaches: bool = False

    def signed(self) -> str:
        """Return the text with its sign."""
        return f"-{self.text}" if self.negative else self.text


class Notation(ABC):
    """How the parts of an expression are spelled.

    Attributes:
        brackets_fractions: whether a fraction needs brackets around its parts (`a/(b*c)`).
        iverson: whether an indicator prints as a factor of its own; otherwise as `where(c, a, 0)`.
    """

    brackets_fractions: bool
    iverson: bool

    def statement(self, left: str, right: str, ranges: Sequence[str]) -> str:
        """Write a statement, with the ranges `i<n` of indices that must be given."""
        return f"{left} = {right}" + (f" for {', '.join(ranges)}" if ranges else "")

    @abstractmethod
    def bracket(self, text: str) -> str:
        """Put brackets around `text`."""

    @abstractmethod
    def product(self, factors: Sequence[str], spaced: bool) -> str:
        """Join factors; `spaced` when one of them is written as a quotient of differentials."""

    @abstractmethod
    def plus(self, compact: bool) -> tuple[str, str]:
        """Return what stands between terms: plus and minus."""

    @abstractmethod
    def fraction(self, numerator: Piece, denominator: str) -> Piece:
        """Write a quotient; brackets are put where `brackets_fractions` asks for them."""

    @abstractmethod
    def power(self, base: str, exponent: Piece) -> Piece:
        """Write a power, the base with its brackets."""

    @abstractmethod
    def root(self, text: str) -> Piece:
        """Write a square root."""

    @abstractmethod
    def number(self, text: str) -> Piece:
        """Write a decimal, `0.05` or `1e-12`."""

    @abstractmethod
    def constant(self, name: str) -> Piece:
        """Write `pi` or `inf`."""

    @abstractmethod
    def index(self, letter: str) -> Piece:
        """Write an index."""

    @abstractmethod
    def element(self, name: str, subscripts: Sequence[str]) -> Piece:
        """Write a scalar or an element of a tensor."""

    @abstractmethod
    def partial(self, numerator: str, denominator: str) -> Piece:
        """Write a partial derivative."""

    @abstractmethod
    def call(self, name: str, args: Sequence[Piece]) -> Piece:
        """Write a function of the table."""

    @abstractmethod
    def opaque(self, name: str, order: int, arg: str) -> Piece:
        """Write a function that is left open."""

    @abstractmethod
    def word(self, name: str, args: Sequence[str], compact: bool = False) -> Piece:
        """Write a word of the language with arguments, `stop_gradient(x)`."""

    @abstractmethod
    def extent(self, letter: str) -> Piece:
        """Write how far an index runs."""

    @abstractmethod
    def axis_length(self, name: str, axis: int, compact: bool) -> Piece:
        """Write the length of one axis of a tensor."""

    @abstractmethod
    def compare(self, left: str, op: str, right: str, compact: bool) -> str:
        """Write a comparison."""

    @abstractmethod
    def connect(self, word: str, parts: Sequence[str]) -> str:
        """Join conditions by `and` or `or`; `not` takes one."""

    @abstractmethod
    def where(self, condition: str, then: str, otherwise: str) -> Piece:
        """Write a choice between two values."""

    @abstractmethod
    def indicator(self, condition: str) -> Piece:
        """Write an Iverson bracket; not called where `iverson` is False."""

    @abstractmethod
    def delta(self, left: str, right: str, subscripts: bool) -> Piece:
        """Write a Kronecker delta, `delta(i, j)`, or `delta_ij` when `subscripts` is set."""

    @abstractmethod
    def reduction(
        self, op: str, letters: Sequence[str], conditions: Sequence[str], short: bool
    ) -> str:
        """Write what stands before the body.

        `short` says that the only condition begins with the only letter: `sum_{k<=j}`.
        """

    @abstractmethod
    def floor_div(self, left: str, right: str) -> Piece:
        """Write a quotient rounded down."""

    @abstractmethod
    def mod(self, left: str, right: str) -> Piece:
        """Write a remainder."""

    @abstractmethod
    def subscripted(self, piece: str, subscripts: Sequence[str]) -> Piece:
        """Write an element of a computed matrix, `inv(a)[i,j]`."""
