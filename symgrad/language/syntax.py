"""Define what a formula looks like as written: surface nodes, each with its place in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property

from symgrad.errors import Span


@dataclass(frozen=True, eq=False)
class Syntax:
    """Base of the surface nodes; two of them are equal only when they are the same place."""

    span: Span

    @cached_property
    def parts(self) -> tuple[Syntax, ...]:
        """The nodes directly inside, in reading order."""
        found: list[Syntax] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Syntax):
                found.append(value)
            elif isinstance(value, tuple):
                found += [item for item in value if isinstance(item, Syntax)]
        return tuple(found)

    @cached_property
    def depth(self) -> int:
        """How deeply nodes are nested, this one counted; quick, as the parts know theirs."""
        return 1 + max((part.depth for part in self.parts), default=0)

    @cached_property
    def size(self) -> int:
        """How many nodes there are, this one counted."""
        return 1 + sum(part.size for part in self.parts)


@dataclass(frozen=True, eq=False)
class Numeral(Syntax):
    """A decimal number, exact."""

    value: Fraction


@dataclass(frozen=True, eq=False)
class Name(Syntax):
    """A name without subscripts: an index, a scalar or a constant."""

    name: str


@dataclass(frozen=True, eq=False)
class Tensor(Syntax):
    """A name with subscripts, `x_ij`, `x_{i,j}` or `x[i,j]`."""

    name: str
    subscripts: tuple[Syntax, ...]


@dataclass(frozen=True, eq=False)
class Apply(Syntax):
    """A function call; `name_span` is the place of its name, `subscripts` stand behind it."""

    function: str
    name_span: Span
    args: tuple[Syntax, ...]
    subscripts: tuple[Syntax, ...] = ()


@dataclass(frozen=True, eq=False)
class Reduction(Syntax):
    """`op_{items: conditions} body`, each of the items as written."""

    op: str
    name_span: Span
    items: tuple[Syntax, ...]
    conditions: tuple[Syntax, ...]
    body: Syntax


@dataclass(frozen=True, eq=False)
class Chain(Syntax):
    """A product: operators `*` (written or a space), `/`, `//` or `%` before each but the first."""

    operators: tuple[str, ...]
    items: tuple[Syntax, ...]


@dataclass(frozen=True, eq=False)
class Sum(Syntax):
    """Terms with the signs between them."""

    signs: tuple[str, ...]
    terms: tuple[Syntax, ...]


@dataclass(frozen=True, eq=False)
class Negative(Syntax):
    """A minus sign in front."""

    body: Syntax


@dataclass(frozen=True, eq=False)
class Raised(Syntax):
    """`base^exponent`."""

    base: Syntax
    exponent: Syntax


@dataclass(frozen=True, eq=False)
class Group(Syntax):
    """Something in brackets."""

    body: Syntax


@dataclass(frozen=True, eq=False)
class Comparison(Syntax):
    """`a < b`, or a chain `a <= b < c`."""

    operators: tuple[str, ...]
    operands: tuple[Syntax, ...]


@dataclass(frozen=True, eq=False)
class Logic(Syntax):
    """`and`, `or` or `not` of conditions."""

    op: str
    args: tuple[Syntax, ...]


@dataclass(frozen=True, eq=False)
class Assignment(Syntax):
    """`target = value for bounds`."""

    target: Syntax
    value: Syntax
    bounds: tuple[Syntax, ...]


@dataclass(frozen=True, eq=False)
class Let(Syntax):
    """`let f(t) = body`."""

    function: str
    name_span: Span
    parameters: tuple[Name, ...]
    body: Syntax


@dataclass(frozen=True, eq=False)
class Opaque(Syntax):
    """`opaque f, g`."""

    names: tuple[Name, ...]


def walk_syntax(root: Syntax) -> Iterator[Syntax]:
    """Yield `root` and everything inside it, outermost first, in reading order."""
    stack = [root]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.parts))


def ungroup(node: Syntax) -> Syntax:
    """Return what stands inside the brackets."""
    while isinstance(node, Group):
        node = node.body
    return node
