"""Define what every expression has: structural equality, free and bound indices, operators.

Every bound index is an `Index` object of its own, equal only to itself. That makes substitution
free of capture, as long as a body that is used twice gets fresh indices (`freshen`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform

_serial = itertools.count()
# types of fields, as they are written, that hold no expression
_PLAIN = ("Fraction", "str", "int", "Index")
Value = TypeVar("Value")
Node = TypeVar("Node", bound="Expr")


class kept(Generic[Value]):
    """A property that is computed once; without the lock that functools' own takes each time."""

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Value:
        value = self.compute(instance)
        instance.__dict__[self.name] = value
        return value


@dataclass_transform(frozen_default=True)
def node(cls: type[Node]) -> type[Node]:
    """Make a frozen dataclass whose equality and (cached) hash come from `Expr`."""
    made = dataclass(frozen=True, eq=False, repr=False)(cls)
    made.field_names = tuple(field.name for field in fields(made))
    if all(field.type in _PLAIN for field in fields(made)):  # a leaf has nothing inside
        for name in ("children", "inner", "names"):
            setattr(made, name, ())
    return made


@dataclass(frozen=True, eq=False, repr=False)
class Index:
    """An index: a letter with a range 0..extent-1. Two indices of the same letter are different.

    `extent` is None until the layer's extents are resolved. After that it is an expression in
    `AxisLength` and numbers, and two indices have the same range when their extents are equal.
    """

    name: str
    extent: Expr | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "serial", next(_serial))

    serial: int = 0

    def fresh(self, name: str | None = None) -> Index:
        """Return a new index with the same range."""
        return Index(name or self.name, self.extent)

    def __repr__(self) -> str:
        return f"{self.name}#{self.serial}"


class Expr:
    """Base of all nodes: structural equality, cached hash and free indices, operators."""

    # set by `node`
    __dataclass_fields__: ClassVar[dict[str, Any]]
    field_names: ClassVar[tuple[str, ...]] = ()

    @kept
    def _parts(self) -> tuple[Any, ...]:
        values = self.__dict__
        return tuple([values[name] for name in self.field_names])

    def parts(self) -> tuple[Any, ...]:
        """Return the fields, in order."""
        return self._parts

    @kept
    def _hash(self) -> int:
        return hash((type(self).__name__, self._parts))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            type(self) is type(other) and self._hash == other._hash and self._parts == other._parts
        )

    @kept
    def children(self) -> tuple[Expr, ...]:
        """The expressions directly inside, in reading order."""
        found: list[Expr] = []
        for part in self._parts:
            if isinstance(part, Expr):
                found.append(part)
            elif isinstance(part, tuple):
                found += [item for item in part if isinstance(item, Expr)]
        return tuple(found)

    @kept
    def free(self) -> frozenset[Index]:
        """The indices that occur free (unordered: never iterate it into output)."""
        return frozenset(self.free_in_order)

    @kept
    def free_in_order(self) -> tuple[Index, ...]:
        """The indices that occur free, in the order of first appearance."""
        found: dict[Index, None] = {}
        for child in self.children:
            for index in child.free_in_order:
                found[index] = None
        for index in self.bound:
            found.pop(index, None)
        return tuple(found)

    @kept
    def names(self) -> tuple[str, ...]:
        """The names of the elements inside, in the order of first appearance."""
        return tuple(dict.fromkeys(name for child in self.children for name in child.names))

    @property
    def bound(self) -> tuple[Index, ...]:
        """The indices that this very node binds."""
        return ()

    @kept
    def inner(self) -> tuple[Index, ...]:
        """The indices that are bound anywhere inside, outermost first."""
        inside = [index for child in self.children for index in child.inner]
        return tuple(dict.fromkeys((*self.bound, *inside))) if inside else self.bound

    def alpha_key(self, names: Mapping[Index, int]) -> Any:
        """Return the key of `traverse.alpha_key`."""
        return (type(self).__name__, *(_part_key(part, names) for part in self._parts))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.parts()))})"

    # the arithmetic is that of `algebra`, which builds on this module

    def __add__(self, other: Expr | int) -> Expr:
        return _combined("add", self, other)

    def __radd__(self, other: int) -> Expr:
        return _combined("add", other, self)

    def __sub__(self, other: Expr | int) -> Expr:
        return _combined("subtract", self, other)

    def __rsub__(self, other: int) -> Expr:
        return _combined("subtract", other, self)

    def __mul__(self, other: Expr | int) -> Expr:
        return _combined("mul", self, other)

    def __rmul__(self, other: int) -> Expr:
        return _combined("mul", other, self)

    def __truediv__(self, other: Expr | int) -> Expr:
        return _combined("divide", self, other)

    def __rtruediv__(self, other: int) -> Expr:
        return _combined("divide", other, self)

    def __neg__(self) -> Expr:
        return _combined("subtract", 0, self)

    def __pow__(self, other: Expr | int | Fraction) -> Expr:
        return _combined("power", self, other)


def _combined(operation: str, left: Expr | int, right: Expr | int | Fraction) -> Expr:
    from symgrad.language import algebra

    build: Callable[[Expr, Expr], Expr] = getattr(algebra, operation)
    return build(algebra.as_expr(left), algebra.as_expr(right))


def _part_key(part: Any, names: Mapping[Index, int]) -> Any:
    if isinstance(part, Expr):
        return part.alpha_key(names)
    if isinstance(part, tuple):
        return tuple([_part_key(item, names) for item in part])
    if isinstance(part, Index):
        return names.get(part, part)
    return part
