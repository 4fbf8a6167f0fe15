"""Define the array nodes of fused kernels: elements inside of loops, and what a method calls."""

from __future__ import annotations

from symgrad.lowering.nodes.arrays import Array, PythonNumber, array_node
from symgrad.lowering.plans.names import content_name


@array_node
class Element(Array):
    """One entry of a named array, read inside loops.

    `index` holds for each axis the number of the loop that runs along it, None for an axis of
    length 1.
    """

    name: str
    index: tuple[int | None, ...]
    type: str = "float"

    @property
    def ndim(self) -> int:
        return 0

    @property
    def kind(self) -> str:
        return self.type


@array_node
class Place(Array):
    """The value of a loop's variable, by the number of the loop."""

    loop: int

    @property
    def ndim(self) -> int:
        return 0

    @property
    def kind(self) -> str:
        return "int"


@array_node
class Empty(Array):
    """A new array whose entries a kernel writes; zeros in float64 where it adds to them.

    `like` is an array of the same shape, where there is one.
    """

    shape: tuple[Array, ...]
    like: Array | None = None
    type: str = "float"
    zeros: bool = False

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def kind(self) -> str:
        return self.type


@array_node
class Numbered(Array):
    """A new array for numbers from 0 to count - 1."""

    shape: tuple[Array, ...]
    count: Array

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def kind(self) -> str:
        return "int"


@array_node
class Flat(Array):
    """The entries of an array with its axes from a place on as one."""

    array: Array
    axis: int

    @property
    def ndim(self) -> int:
        return self.axis + 1

    @property
    def kind(self) -> str:
        return self.array.kind


@array_node
class Typed(Array):
    """A parameter in the layer's dtype, itself where it has it."""

    array: Array

    @property
    def ndim(self) -> int:
        return self.array.ndim


@array_node
class Entries(PythonNumber):
    """How many entries an array has."""

    array: Array


@array_node
class KernelCall(PythonNumber):
    """The call of a kernel, a statement.

    Attributes:
        kernel: the name of the function.
        rows: how far its outer loop runs.
        inputs: the arrays and numbers that it reads.
        outputs: the arrays that it fills.
        sums: the arrays that it adds to.
        threads: whether the outer loop may be shared out among threads.
        fixed: the numbers that the kernel is made for, if any.
    """

    kernel: str
    rows: Array
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    sums: tuple[Array, ...]
    threads: bool
    fixed: tuple[Array, ...] = ()


@content_name.register
def _(array: Element) -> str:
    return array.name


@content_name.register
def _(array: Place) -> str:
    return "place"
