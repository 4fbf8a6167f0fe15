"""Define kernels that read and write at computed places: loops, and the assignments in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from symgrad.lowering.nodes.arrays import Apply, Array, Hyperparameter, Literal, Size, array_node
from symgrad.lowering.nodes.traversal import walk
from symgrad.lowering.plans.names import content_name


@array_node
class Entry(Array):
    """One entry of a named array at places that are computed from the variables of loops."""

    name: str
    places: tuple[Array, ...]
    type: str = "float"

    @property
    def ndim(self) -> int:
        return 0

    @property
    def kind(self) -> str:
        return self.type


@array_node
class Precedes(Array):
    """Whether a number is beyond the extreme so far, by max or min; the first NaN is beyond all."""

    op: str
    array: Array
    extreme: Array

    @property
    def ndim(self) -> int:
        return 0

    @property
    def kind(self) -> str:
        return "bool"


@array_node
class Short(Array):
    """A whole number in 32 bits, of which as many are computed at once as of float32."""

    array: Array

    @property
    def ndim(self) -> int:
        return 0

    @property
    def kind(self) -> str:
        return "int"


@array_node
class NewRow(Array):
    """A new array of one axis: in the layer's type, or of False."""

    length: Array
    type: str = "float"

    @property
    def ndim(self) -> int:
        return 1

    @property
    def kind(self) -> str:
        return self.type


@dataclass(frozen=True)
class Assign:
    """`target operator value`; the target is an entry of an array, or a variable."""

    target: Array
    value: Array
    operator: str = "="

    @property
    def pair(self) -> tuple[Array, Array]:
        """The target and the value."""
        return self.target, self.value


@dataclass(frozen=True)
class For:
    """A loop, by its number, and what stands in it."""

    loop: int
    body: tuple[Step, ...]


@dataclass(frozen=True)
class If:
    """A choice between two bodies, made once where the condition is about fixed numbers."""

    condition: Array
    body: tuple[Step, ...]
    other: tuple[Step, ...]


Step = Assign | For | If


@dataclass(frozen=True)
class Output:
    """An array that a kernel fills.

    Attributes:
        name: its name.
        shape: how long its axes are.
        type: float, bool or int.
        count: for numbers 0..count - 1, which may need no more than a byte each.
        zeros: whether it holds zeros where the kernel writes nothing.
    """

    name: str
    shape: tuple[Array, ...]
    type: str = "float"
    count: Array | None = None
    zeros: bool = False


@dataclass(frozen=True)
class Nest:
    """A kernel of nested loops.

    Attributes:
        outputs: what it fills.
        rows: the loops that its rows number, outermost first; threads may share the rows out.
            There may be none.
        lengths: how far each loop runs.
        body: what is done in each row.
        fixed: numbers that the machine code is made for, so that loops over them are unrolled:
            constants of the layer, and lengths of its parameters.
        own_rows: whether the body sees to its rows itself: no loop over them stands around it.
    """

    outputs: tuple[Output, ...]
    rows: tuple[int, ...]
    lengths: Mapping[int, Array]
    body: tuple[Step, ...]
    fixed: tuple[Array, ...]
    own_rows: bool = False


def nested(loops: tuple[int, ...], *body: Step) -> Step:
    """Return loops inside of each other, the last one around a body.

    At least one loop is needed.
    """
    *outer, last = loops
    step: Step = For(last, body)
    for loop in reversed(outer):
        step = For(loop, (step,))
    return step


def inside(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps and all that stand in them, in order."""
    for step in steps:
        yield step
        if isinstance(step, For):
            yield from inside(step.body)
        elif isinstance(step, If):
            yield from inside((*step.body, *step.other))


def is_fixed(number: Array, params: frozenset[str]) -> bool:
    """Say whether a number is the same in all calls of a layer: made of constants, or a length."""
    if isinstance(number, Size):
        return number.name in params
    return all(isinstance(part, (Literal, Hyperparameter, Apply)) for part in walk(number))


@content_name.register
def _(array: Entry) -> str:
    return array.name
