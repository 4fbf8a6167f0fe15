"""Define the array expressions of a plan: frozen nodes that know axis positions and no letters.

Two equal nodes compute the same array, whatever indices the formulas used: shared work is found by
comparison. A `Value` pairs an array with the indices of its axes while a formula is lowered.

Each node has a rank (`ndim`) and a `kind`: `float` arrays have the layer's dtype; `bool` and `int`
arrays must be cast before they meet numbers alone; a `weak` value is a Python number, which never
changes the dtype of what it meets.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, ClassVar, dataclass_transform
from weakref import WeakValueDictionary

from symgrad.language.expr import Index


@dataclass_transform(frozen_default=True)
def array_node(cls: type) -> type:
    """Make a frozen dataclass whose equality and cached hash come from `Array`."""
    return dataclass(frozen=True, eq=False)(cls)


class Array:
    """Base of all nodes: structural equality, found when a node is made.

    Each node knows the first of its equals, so that comparing two nodes looks at no part of them,
    and a chain of thousands of nodes is compared, hashed and forgotten without recursion.
    """

    # the first node of each kind and key that is alive
    _firsts: ClassVar[WeakValueDictionary[tuple[Any, ...], Array]] = WeakValueDictionary()

    def __post_init__(self) -> None:
        """Find the first equal node; those inside have found theirs before."""
        key = (type(self), self.key())
        object.__setattr__(self, "_hash", hash(key))
        first = self._firsts.setdefault(key, self)
        object.__setattr__(self, "_first", None if first is self else first)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        raise AssertionError(f"{type(self).__name__} has no rank")

    @property
    def kind(self) -> str:
        """One of float, bool, int, weak."""
        return "float"

    def parts(self) -> tuple[Any, ...]:
        """Return the fields, in order."""
        cached: tuple[Any, ...] | None = self.__dict__.get("_parts")
        if cached is None:
            names = [field.name for field in fields(self)]  # type: ignore[arg-type]
            cached = tuple(getattr(self, name) for name in names)
            object.__setattr__(self, "_parts", cached)
        return cached

    def key(self) -> tuple[Any, ...]:
        """Return what two equal nodes have in common."""
        return self.parts()

    def __hash__(self) -> int:
        hashed: int = self.__dict__["_hash"]
        return hashed

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Array) and self.first is other.first)

    @property
    def first(self) -> Array:
        """The node that stands for all that are equal to this one."""
        first: Array | None = self.__dict__["_first"]
        return self if first is None else first


class PythonNumber(Array):
    """Base of the nodes that are Python numbers."""

    @property
    def ndim(self) -> int:
        return 0

    @property
    def kind(self) -> str:
        return "weak"


@array_node
class Variable(Array):
    """A named array: an input, an incoming gradient, or the left side of an assignment."""

    name: str
    rank: int
    type: str = "float"

    @property
    def ndim(self) -> int:
        return self.rank

    @property
    def kind(self) -> str:
        return self.type


@array_node
class Hyperparameter(PythonNumber):
    """A constant of the layer, kept by the constructor as a Python number."""

    name: str


@array_node
class Literal(Array):
    """A number: a Fraction, or the text `inf`, `-inf` or `pi`; or the text `True` or `False`."""

    value: Fraction | str

    @property
    def ndim(self) -> int:
        return 0

    @property
    def kind(self) -> str:
        return "bool" if self.value in ("True", "False") else "weak"


@array_node
class Size(PythonNumber):
    """The length of one axis of an input."""

    name: str
    axis: int


@array_node
class KeptExtent(PythonNumber):
    """The length of an axis of the inputs, by its letter, as forward has noted it."""

    letter: str


@array_node
class Arange(Array):
    """0, 1, ..., length - 1."""

    length: Array

    @property
    def ndim(self) -> int:
        return 1

    @property
    def kind(self) -> str:
        return "int"


@array_node
class Eye(Array):
    """True on the diagonal of a (rows, columns) array."""

    rows: Array
    columns: Array

    @property
    def ndim(self) -> int:
        return 2

    @property
    def kind(self) -> str:
        return "bool"


@array_node
class Tri(Array):
    """True where column <= row + offset, in a (rows, columns) array."""

    rows: Array
    columns: Array
    offset: int

    @property
    def ndim(self) -> int:
        return 2

    @property
    def kind(self) -> str:
        return "bool"


@array_node
class Apply(Array):
    """An elementwise operation on arguments that broadcast; `op` names a row of the printer."""

    op: str
    args: tuple[Array, ...]

    def key(self) -> tuple[Any, ...]:
        return (self.op, frozenset(self.args) if self.op in ("*", "+") else self.args)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "_ndim", max(arg.ndim for arg in self.args))
        object.__setattr__(self, "_kind", _apply_kind(self.op, self.args))

    @property
    def ndim(self) -> int:
        ndim: int = self.__dict__["_ndim"]
        return ndim

    @property
    def kind(self) -> str:
        kind: str = self.__dict__["_kind"]
        return kind


LOGICAL = ("<", "<=", ">", ">=", "==", "!=", "and", "or", "not")


def _apply_kind(op: str, args: tuple[Array, ...]) -> str:
    kinds = {arg.kind for arg in (args[1:] if op == "where" else args)}
    if op in LOGICAL:
        return "bool"
    if "float" in kinds:
        return "float"
    if kinds == {"weak"}:
        return "int" if op == "where" else "weak"
    return "bool" if kinds == {"bool"} and op == "*" else "int"


@array_node
class Opaque(Array):
    """A function that the user gives to the constructor, or its derivative of some order."""

    function: str
    order: int
    array: Array

    @property
    def ndim(self) -> int:
        return self.array.ndim


@array_node
class Cast(Array):
    """The same values in the layer's dtype."""

    array: Array

    @property
    def ndim(self) -> int:
        return self.array.ndim


@array_node
class Expand(Array):
    """Axes in their order, None where an axis of length 1 is put in: (0, None) is `a[:, None]`."""

    array: Array
    layout: tuple[int | None, ...]

    @property
    def ndim(self) -> int:
        return len(self.layout)

    @property
    def kind(self) -> str:
        return self.array.kind


@array_node
class Permute(Array):
    """Axes in another order, as `np.transpose` takes it."""

    array: Array
    order: tuple[int, ...]

    @property
    def ndim(self) -> int:
        return len(self.order)

    @property
    def kind(self) -> str:
        return self.array.kind


@array_node
class Reduction(Array):
    """`op` over `axes`: sum, mean, prod, max, min, any, all, argmax, argmin.

    `letters` names the axes of the array, one letter each, where they have such names.
    """

    op: str
    array: Array
    axes: tuple[int, ...]
    keepdims: bool = False
    letters: str = ""

    def key(self) -> tuple[Any, ...]:
        return (self.op, self.array, self.axes, self.keepdims)

    @property
    def ndim(self) -> int:
        return self.array.ndim - (0 if self.keepdims else len(self.axes))

    @property
    def kind(self) -> str:
        if self.op in ("argmax", "argmin"):
            return "int"
        if self.op in ("any", "all"):
            return "bool"
        return "float" if self.array.kind == "float" else "int"


@array_node
class Cumulative(Array):
    """Running sum, prod, max or min along one axis, from its end where `reverse`."""

    op: str
    array: Array
    axis: int
    reverse: bool

    @property
    def ndim(self) -> int:
        return self.array.ndim


@array_node
class Contraction(Array):
    """A sum of products of arrays. `form` is matmul, vecdot, vdot, outer or einsum.

    `subscripts` holds one axis letter per axis of each argument, and those of the result, as einsum
    takes them; a matmul also has `axes`, the contracted axes, when it is a tensordot.
    """

    form: str
    args: tuple[Array, ...]
    subscripts: str
    axes: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())

    def key(self) -> tuple[Any, ...]:
        letters = dict.fromkeys(letter for letter in self.subscripts if letter.isalpha())
        numbers = {ord(letter): chr(ord("A") + n) for n, letter in enumerate(letters)}
        return (self.form, self.args, self.subscripts.translate(numbers), self.axes)

    @property
    def ndim(self) -> int:
        return len(self.subscripts.split("->")[1])


@array_node
class Fill(Array):
    """A scalar in a full shape, or an array repeated along the one axis that is missing."""

    array: Array
    shape: tuple[Array, ...]
    missing: tuple[int, ...]

    @property
    def ndim(self) -> int:
        return len(self.shape)


@array_node
class Helper(Array):
    """A call of one of the small functions which are written at the top of the module.

    `arrays` are positional arguments, `options` keyword arguments (numbers or weak arrays).
    """

    function: str
    arrays: tuple[Array, ...]
    rank: int
    options: tuple[tuple[str, Any], ...] = ()
    type: str = "float"

    @property
    def ndim(self) -> int:
        return self.rank

    @property
    def kind(self) -> str:
        return self.type


@dataclass(frozen=True)
class Value:
    """An array with the index that runs along each of its axes."""

    array: Array
    axes: tuple[Index, ...]

    def __post_init__(self) -> None:
        if self.array.ndim != len(self.axes):
            raise AssertionError(f"{len(self.axes)} indices for {self.array}")
