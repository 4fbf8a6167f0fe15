"""Hold pieces of Python code with their binding strength, formatted as ruff formats them."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

# E741: names that look like digits
AMBIGUOUS = frozenset({"l", "O", "I"})
RESERVED = frozenset({"np", "special", "self"})
# attributes of every generated class
OWN_ATTRIBUTES = frozenset({"forward", "backward", "extents", "dtype"})
SIMPLE = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?$|[^\W\d]\w*(\.[^\W\d]\w*)*$")
SIMPLE_BOUND = re.compile(r"-?\d+$|-?[^\W\d]\w*$")


class Level(IntEnum):
    """How strongly the outermost operator of a piece binds."""

    CONDITIONAL = 0
    COMPARISON = 1
    BIT_OR = 2
    BIT_AND = 3
    SUM = 4
    PRODUCT = 5
    UNARY = 6
    POWER = 7
    ATOM = 8


@dataclass(frozen=True)
class Code:
    """An expression's text and the binding strength of its outermost operator.

    `opens_with_power` says that a minus sign in front would stand next to `a**b`.
    """

    text: str
    level: Level = Level.ATOM
    opens_with_power: bool = False

    def at(self, level: Level) -> str:
        """Return the text, in brackets if it binds less strongly than `level`."""
        return self.text if self.level >= level else f"({self.text})"


def python_name(name: str) -> str:
    """Return the name as a local variable, with an underscore where Python or ruff take it.

    >>> python_name("x"), python_name("lambda"), python_name("i'")
    ('x', 'lambda_', 'i_prime')
    """
    name = name.replace("'", "_prime")
    clash = keyword.iskeyword(name) or name in RESERVED or name in AMBIGUOUS
    return f"{name}_" if clash or hasattr(builtins, name) else name


def attribute(name: str) -> str:
    """Return `self.name`, clear of the attributes that every class has."""
    plain = python_name(name)
    return f"self.{plain}_" if plain in OWN_ATTRIBUTES else f"self.{plain}"


def binary(left: Code, operator: str, right: Code, level: Level) -> Code:
    """Return `left operator right` for an operator that binds to the left."""
    text = f"{left.at(level)} {operator} {right.at(Level(level + 1))}"
    return Code(text, level, left.opens_with_power and left.level >= level)


def raised(base: Code, exponent: Code) -> Code:
    """Return `base**exponent`, with blanks around the operator unless both sides are simple."""
    left, right = base.at(Level.ATOM), exponent.at(Level.UNARY)
    hugs = SIMPLE.match(left) and SIMPLE.match(right)
    return Code(f"{left}**{right}" if hugs else f"{left} ** {right}", Level.POWER, True)


def call(function: str, *args: str, **options: str) -> Code:
    """Return `function(args, option=value)`."""
    return Code(f"{function}({', '.join([*args, *(f'{k}={v}' for k, v in options.items())])})")


def slice_text(start: str | None, stop: str | None, step: str | None) -> str:
    """Return `start:stop:step`, with blanks as the formatter puts them: `1 : n + 1`, `:: self.s`.

    >>> slice_text("1", "n", None), slice_text(None, "n + 1", None), slice_text("1", None, "s.t")
    ('1:n', ': n + 1', '1 :: s.t')
    """
    blank = "" if all(SIMPLE_BOUND.match(part or "0") for part in (start, stop, step)) else " "
    text = f"{start}{blank}:" if start else ":"
    if stop:
        text += f"{blank}{stop}"
    if step:
        text += f"{blank if stop else ''}:{blank}{step}"
    return text


def tuple_text(items: list[str]) -> str:
    """Return a tuple display."""
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


def layout_text(layout: Sequence[int | None]) -> str:
    """Return the subscript that puts in axes of length 1, where `layout` has None."""
    items = ["None" if axis is None else ":" for axis in layout]
    while len(items) > 1 and items[-1] == ":":
        items.pop()
    return f"[{', '.join(items)}]"
