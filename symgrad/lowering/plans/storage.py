"""Write results over arrays that are a method's own and dead: the order of its steps.

A step computes an array, or writes an elementwise result over one. A chain of elementwise
operations such as exp(x - m)/s becomes

    y = x - m
    np.exp(y, out=y)
    y /= s

where its intermediate arrays are as large as its result. NumPy does so itself inside one
expression, for operators between an intermediate array and a number or an array of its shape;
what that covers stays one expression.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from operator import itemgetter

from symgrad.lowering.nodes.arrays import Apply, Array, Contraction, Opaque, Variable
from symgrad.lowering.nodes.scatters import Scatter
from symgrad.lowering.nodes.traversal import children, map_children, variables, walk
from symgrad.lowering.plans.memory import (
    ONE,
    Known,
    Lengths,
    fits,
    is_exact,
    is_new,
    is_private,
    lengths,
    own_lengths,
    shared,
)
from symgrad.lowering.plans.names import fresh_name
from symgrad.lowering.plans.plan import Assignment, Method, Plan
from symgrad.lowering.plans.steps import COMMUTATIVE, Link, Shape, Step, takes_out

# operators that NumPy itself computes in an intermediate array which nothing else holds
ELIDED = ("+", "-", "*", "/", "neg")
# forms of contractions whose function has an argument for the array that the result goes to
STORED = ("matmul", "vecdot", "einsum", "einsum_path")

IsLong = Callable[[str, Array], bool]


@dataclass
class Storage:
    """The arrays of one method: where each is read last, which share memory, how long they are.

    Attributes:
        rank: arrays of fewer axes are not worth a step of their own.
        staying: names that no other may take the place of.
        last_read: the number of the last assignment that reads a name.
        lent: names of arrays that functions of the user have seen, and may have kept.
        known: the lengths of the arrays that are assigned.
        own: names of arrays that nothing outside of the method holds.
        holders: for each name the names of the arrays that may lie in its memory, itself included.
        inexact: names of arrays that may have another type than the layer's.
        is_long: whether a line that gives a name to an array would be too long.
        taken: names in use, where arrays stay from call to call; None where they do not.
        at_once: how many large arrays stand at once while an array is computed.
        number: the number of the assignment that is being computed.
        steps: what has been found so far.
    """

    rank: int
    staying: Set[str]
    last_read: Mapping[str, float]
    lent: Set[str]
    known: Known
    inexact: set[str]
    is_long: IsLong
    taken: set[str] | None = None
    own: set[str] = field(default_factory=set)
    holders: dict[str, set[str]] = field(default_factory=dict)
    at_once: dict[Array, int] = field(default_factory=dict)
    number: int = 0
    steps: list[Step] = field(default_factory=list)

    def add(self, number: int, assignment: Assignment) -> None:
        """Add the steps of an assignment."""
        self.number = number
        self._compute(assignment.name, assignment.array, assignment, frozenset())

    def _compute(self, name: str, array: Array, source: Assignment, above: Set[str]) -> None:
        """Add the steps of an array; `above` are names that are read after them."""
        chain = [] if isinstance(array, Scatter) else self._chain(array, above)
        bases = [*(link.operand for link in chain), array]
        first = next((n for n, link in enumerate(chain) if link.gains), len(chain))
        # a part that had to get a name of its own would be no intermediate array any more
        while first and self.is_long(name, bases[first]):
            first -= 1
        self._note(name, array)
        links, base = chain[first:], bases[first]
        if not links or not isinstance(base, Variable):
            self._add_step(name, base, source)
            self._write_over(name, name, links, source)
        elif base.name in self.staying:
            self._write_over(base.name, name, links, source)
        else:
            self._rename(base.name, name)
            links = [link.renamed(base.name, name) for link in links]
            self._write_over(name, name, links, source)

    def _write_over(self, over: str, name: str, links: Sequence[Link], source: Assignment) -> None:
        """Add the steps of a chain that begins with the array `over` and gives it a name.

        An array of another name gets its new one from the first function that is called, if any.
        """
        change = next((n for n, link in enumerate(links) if not link.is_operator), 0)
        for n, link in enumerate(links):
            args = list(link.node.args)
            args[link.place] = Variable(over, link.operand.ndim)
            target = name if n >= change else over
            self._add_step(target, Apply(link.node.op, tuple(args)), source, over)
            over = target

    def _add_step(self, name: str, array: Array, source: Assignment, over: str = "") -> None:
        shape: Shape | None = None
        if self.taken is not None and not isinstance(array, Scatter):
            array = map_children(array, lambda part: self._stored(part, source))
            shape = None if over else self._shape(array)
        self.steps.append(Step(name, array, source, over, shape))

    def _note(self, name: str, array: Array) -> None:
        """Note what is known of an assigned array."""
        self.known.names[name] = lengths(array, self.known)
        if not is_exact(array, self.inexact):
            self.inexact.add(name)
        if is_private(array):
            self.own.add(name)
        self.holders[name] = {name}
        for held in shared(array):
            for holders in self.holders.values():
                if held in holders:
                    holders.add(name)

    # --- chains --------------------------------------------------------------------------------

    def _chain(self, array: Array, above: Set[str]) -> list[Link]:
        """Return the operations that may follow each other in one memory, the innermost first.

        Of several arguments that may be written over, the one whose chain gains most is; of those
        one that an operator can say; of those one that has its memory already, or that takes most,
        so that little stands beside it; of those the first.

        Args:
            array: the whole.
            above: names that are read after the chain has begun.
        """
        if not isinstance(array, Apply) or not takes_out(array.op) or not self._is_wide(array):
            return []
        gains = self.taken is not None or not self._elides(array)
        chains: list[tuple[tuple[float, ...], list[Link]]] = []
        for place, arg in enumerate(array.args):
            link = Link(array, place, gains)
            if self._is_overwritable(link, above):
                inner = self._chain(arg, above | _names(link.others()))
                gain = sum(other.gains for other in inner)
                memory = math.inf if isinstance(arg, Variable) else self._arrays_at_once(arg)
                chains.append(((gain, link.is_operator, memory), [*inner, link]))
        return max(chains, key=itemgetter(0), default=((), []))[1]

    def _arrays_at_once(self, array: Array) -> int:
        """Return how many large arrays stand at once while an array is computed."""
        if array not in self.at_once:
            self.at_once[array] = self._count_at_once(array)
        return self.at_once[array]

    def _count_at_once(self, array: Array) -> int:
        most = held = 0
        for child in children(array):
            most = max(most, held + self._arrays_at_once(child))
            held += self._is_wide(child) and is_private(child)
        if not is_new(array) or not self._is_wide(array):
            return most
        return max(most, held + (not self._elides(array)))

    def _is_wide(self, array: Array) -> bool:
        wide = sum(length != ONE for length in lengths(array, self.known))
        return array.kind == "float" and wide >= self.rank

    def _is_overwritable(self, link: Link, above: Set[str]) -> bool:
        arg = link.operand
        if arg.kind != "float" or not self._fits(link):
            return False
        if not all(is_exact(other, self.inexact) for other in link.others()):
            return False
        if isinstance(arg, Variable):
            return self._is_dead(arg.name, above)
        return is_private(arg)

    def _fits(self, link: Link) -> bool:
        if link.operand.ndim < link.node.ndim:
            return False
        target = lengths(link.operand, self.known)
        return all(fits(target, lengths(other, self.known)) for other in link.others())

    def _is_dead(self, name: str, above: Set[str]) -> bool:
        """Say whether an array is the method's own, and nothing in its memory is read again."""
        if name not in self.own:
            return False
        holders = self.holders[name]
        return holders.isdisjoint(above | self.lent) and all(
            self.last_read.get(holder, -1) <= self.number for holder in holders
        )

    def _elides(self, array: Array) -> bool:
        """Say whether NumPy itself writes the result over one of the intermediate arrays."""
        return isinstance(array, Apply) and any(
            self._is_elided(array, place) for place in range(len(array.args))
        )

    def _is_elided(self, node: Apply, place: int) -> bool:
        arg = node.args[place]
        if node.op not in ELIDED or not is_new(arg) or arg.kind != "float":
            return False
        if place and node.op not in COMMUTATIVE:
            return False
        link = Link(node, place, True)
        return self._fits(link) and all(
            other.ndim in (0, arg.ndim) and ONE not in lengths(other, self.known)
            for other in link.others()
        )

    # --- arrays that stay from call to call ----------------------------------------------------

    def _stored(self, array: Array, source: Assignment) -> Array:
        """Return an array in whose place the large ones inside have names, and steps before it."""
        if self.taken is None or not (is_new(array) and self._shape(array) is not None):
            return map_children(array, lambda part: self._stored(part, source))
        name = fresh_name(array, self.taken)
        self.taken.add(name)
        self._compute(name, array, source, _names([source.array]))
        return Variable(name, array.ndim)

    def _shape(self, array: Array) -> Shape | None:
        """Return the shape of a large array that may be written over one of the call before."""
        if not self._is_wide(array) or not is_exact(array, self.inexact):
            return None
        if isinstance(array, Apply) and takes_out(array.op):
            for place, arg in enumerate(array.args):
                if isinstance(arg, Variable) and self._fits(Link(array, place, True)):
                    return arg
        elif not isinstance(array, Contraction) or array.form not in STORED or len(array.args) < 2:
            return None
        found = lengths(array, self.known)
        known = tuple(length for length in found if length is not None)
        if len(known) < len(found):
            return None
        like = (variable for variable in variables(array) if own_lengths(variable) == known)
        return next(like, known)

    # --- names ---------------------------------------------------------------------------------

    def _rename(self, old: str, new: str) -> None:
        """Give an array that is written over the name of what it becomes."""
        first = next(n for n, step in enumerate(self.steps) if step.name == old)
        self.steps[first:] = [step.renamed(old, new) for step in self.steps[first:]]


def _names(arrays: Iterable[Array]) -> set[str]:
    return {variable.name for array in arrays for variable in variables(array)}


# --- methods -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What is known of the arrays that were assigned before.

    Attributes:
        lengths: of their axes, by their names.
        inexact: names of arrays that may have another type than the layer's.
    """

    lengths: Mapping[str, Lengths] = field(default_factory=dict)
    inexact: Set[str] = frozenset()

    def after(self, assignments: Iterable[Assignment]) -> Facts:
        """Return what is known behind some assignments."""
        known, inexact = Known(dict(self.lengths)), set(self.inexact)
        for assignment in assignments:
            name, found = assignment.name, lengths(assignment.array, known)
            own = own_lengths(Variable(name, len(found)))
            known.names[name] = tuple(
                n if n in (ONE, None) else m for n, m in zip(found, own, strict=True)
            )
            if not is_exact(assignment.array, inexact):
                inexact.add(name)
        return Facts(known.names, inexact)


def steps_of(
    plan: Plan,
    method: Method,
    live: Iterable[str],
    is_long: IsLong,
    before: Facts | None = None,
    taken: set[str] | None = None,
) -> tuple[Step, ...]:
    """Return the steps of a method.

    Args:
        plan: the plan.
        method: its method forward, or what backward computes and returns.
        live: names that are read after the method, beside what it returns.
        is_long: whether a line that gives a name to an array would be too long.
        before: what is known of what ran before.
        taken: names in use, where arrays stay from call to call; None where they do not.
    """
    facts = before or Facts()
    storage = Storage(
        _rank(plan),
        _staying(plan, method),
        _last_reads(method, live),
        _lent(method),
        Known(dict(facts.lengths)),
        set(facts.inexact),
        is_long,
        taken,
    )
    for number, assignment in enumerate(method.assignments):
        storage.add(number, assignment)
    return tuple(storage.steps)


def _rank(plan: Plan) -> int:
    """Return how many axes the largest arrays have: those of the inputs that are no parameters."""
    params = plan.layer.params
    given = [a for a in plan.forward.arguments if a.name not in params and not a.integer]
    ranks = [len(argument.axes) for argument in given or plan.forward.arguments]
    return max(1, *ranks) if ranks else 1


def _staying(plan: Plan, method: Method) -> set[str]:
    """Return the names that stay: those of the formula, and those that several lines read.

    A name such as x_centered says what the other lines read.
    """
    names = {statement.name for statement in plan.layer.statements}
    names |= {prefix + name for name in names for prefix in ("d", "grad_")}
    read = Counter(name for a in method.assignments for name in _names([a.array]))
    return names | {name for name, count in read.items() if count > 1}


def _lent(method: Method) -> set[str]:
    parts = (part for array in method.arrays() for part in walk(array))
    return {name for part in parts if isinstance(part, Opaque) for name in shared(part.array)}


def _last_reads(method: Method, live: Iterable[str]) -> dict[str, float]:
    """Return the number of the last assignment that reads each name, infinity where later."""
    last: dict[str, float] = {}
    for number, assignment in enumerate(method.assignments):
        for name in _names([assignment.array]):
            last[name] = number
    late = [*method.returns, *(check.condition for check in method.late_checks)]
    for name in (*_names(late), *live):
        last[name] = math.inf
    return last
