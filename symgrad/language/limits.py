"""Hold how large a formula may be: what is read is small enough for every stage that follows.

Each stage may recurse as deeply as `NESTING` allows and compare each of `TERMS` with each other.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from symgrad.errors import FormulaError, Span

# a float holds it, and its inverse
LARGEST_NUMBER = Fraction(10**300)
LEAST_NUMBER = 1 / LARGEST_NUMBER

_NAME_IT = "give the inner part a name in a statement of its own"
_NAME_SOME = "give some of them a name in a statement of their own"


@dataclass(frozen=True)
class Limit:
    """The largest count that is read, with what a user reads where it is passed."""

    most: int
    message: str
    advice: str

    def check(self, count: int, text: str, spans: Iterable[Span]) -> None:
        """Compare a count with the limit.

        Raises:
            FormulaError: when the count is larger; the carets stand at `spans`.
        """
        if count > self.most:
            raise self.error(text, spans)

    def error(self, text: str, spans: Iterable[Span]) -> FormulaError:
        """Return the error, with the limit in its message."""
        return FormulaError(self.message.format(f"{self.most:,}"), text, spans, self.advice)


CHARACTERS = Limit(200_000, "the text has more than {} characters", "write it as several layers")
STATEMENTS = Limit(2_000, "the formula has more than {} statements", "write it as several layers")
SIZE = Limit(
    4_000, "the statement has more than {} names, numbers and signs", f"{_NAME_IT}, or several"
)
NAME = Limit(100, "the name has more than {} characters", "use a shorter name")
BRACKETS = Limit(100, "brackets are nested too deeply: more than {}", _NAME_IT)
NESTING = Limit(60, "the formula is nested too deeply: more than {} steps", _NAME_IT)
TERMS = Limit(256, "more than {} parts stand side by side here", _NAME_SOME)
FACTORS = Limit(64, "the product has more than {} factors", _NAME_SOME)
INDICES = Limit(
    32, "more than {} indices hold at one place", "reduce over some of them in a statement before"
)
SUBSCRIPTS = Limit(32, "a tensor has at most {} subscripts", "merge some of its axes")
DIGITS = Limit(400, "the number is too large or too long", "write numbers between 1e-300 and 1e300")
LETS = Limit(100, "let functions are nested too deeply: more than {} steps", _NAME_IT)
EXPANDED_NESTING = Limit(
    100, "the formula is nested too deeply when its let functions are written out", _NAME_IT
)
EXPANDED_SIZE = Limit(
    100_000,
    "the formula is too large when its let functions are written out",
    "give the inner parts names in statements of their own",
)
PLACES = Limit(
    10**9, "an index counts to {} at most", "write a smaller number into index arithmetic"
)
DECLARED = Limit(2_000, "a list has more than {} names", "write the formula as several layers")
BITS = Limit(20_000, "the number is too large", "write a smaller number")

_EXCERPT = reprlib.Repr()
_EXCERPT.maxstring = _EXCERPT.maxother = 80


def shown(value: object) -> str:
    """Return what a message shows of a value that should not be there."""
    try:
        return _EXCERPT.repr(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        return "a number of thousands of digits"
