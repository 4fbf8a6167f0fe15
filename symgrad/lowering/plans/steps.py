"""Define the steps of a method: arrays that are computed, or written over others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from symgrad.language.functions import FUNCTIONS
from symgrad.lowering.nodes.arrays import Apply, Array, Size, Variable
from symgrad.lowering.nodes.traversal import rewrite
from symgrad.lowering.plans.plan import Assignment

# NumPy's ufuncs of the operators; for the other functions the table names them
UFUNCS = {
    "+": "np.add",
    "-": "np.subtract",
    "*": "np.multiply",
    "/": "np.divide",
    "**": "np.power",
    "neg": "np.negative",
    "sqrt": "np.sqrt",
}
# functions of the module that have an argument out, too
HELPERS = ("_sigmoid(", "_softplus(")
OPERATORS = ("+", "-", "*", "/", "**")
COMMUTATIVE = ("+", "*")
Shape = Variable | tuple[Array, ...]


@dataclass(frozen=True)
class Step:
    """One array that is computed.

    Attributes:
        name: the name that it gets.
        array: what is computed.
        source: the assignment of the plan that it is a part of.
        over: the array that it is written over, which it also reads; empty where it is a new one.
        shape: its shape, or an array of its shape, where it may be written over the array which
            the name had in the call before.
    """

    name: str
    array: Array
    source: Assignment
    over: str = ""
    shape: Shape | None = None

    @property
    def is_operator(self) -> bool:
        """Whether an operator such as `*=` says it."""
        array = self.array
        if not self.over or not isinstance(array, Apply):
            return False
        first = array.args[0]
        leads = isinstance(first, Variable) and first.name == self.over
        return array.op in COMMUTATIVE or (array.op in OPERATORS and leads)

    def renamed(self, old: str, new: str) -> Step:
        """Return the step with another name for an array."""
        shape = self.shape
        if isinstance(shape, Variable) and shape.name == old:
            shape = replace(shape, name=new)
        return replace(
            self,
            name=new if self.name == old else self.name,
            array=with_name(self.array, old, new),
            over=new if self.over == old else self.over,
            shape=shape,
        )


@dataclass(frozen=True)
class Link:
    """An operation of a chain, and the place of the argument that its result is written over."""

    node: Apply
    place: int
    gains: bool

    @property
    def operand(self) -> Array:
        """The argument that is written over."""
        return self.node.args[self.place]

    @property
    def is_operator(self) -> bool:
        """Whether an operator such as `*=` says it."""
        return self.node.op in COMMUTATIVE or (self.node.op in OPERATORS and not self.place)

    def others(self) -> Iterator[Array]:
        """Yield the other arguments."""
        return (arg for place, arg in enumerate(self.node.args) if place != self.place)

    def renamed(self, old: str, new: str) -> Link:
        """Return the link with another name for an array."""
        node = with_name(self.node, old, new)
        if not isinstance(node, Apply):
            raise AssertionError(f"renaming {old} makes another operation of {self.node.op}")
        return replace(self, node=node)


def takes_out(op: str) -> bool:
    """Say whether an operation has an argument for the array that its result goes to."""
    if op in UFUNCS:
        return True
    row = FUNCTIONS.get(op)
    # SciPy's functions compute float16 in another type
    return row is not None and (row.numpy or "").startswith(("np.", *HELPERS))


def with_name(array: Array, old: str, new: str) -> Array:
    """Return an array expression with another name for one that it reads."""

    def visit(part: Array) -> Array | None:
        if isinstance(part, (Variable, Size)) and part.name == old:
            return replace(part, name=new)
        return None

    return rewrite(array, visit)


def overwritten(steps: Iterable[Step]) -> set[str]:
    """Return the names whose arrays are written over after they were assigned."""
    return {name for step in steps if step.over for name in (step.name, step.over)}
