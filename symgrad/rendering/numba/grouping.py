"""Group statements that run over the same loops into kernels, each one outer loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from symgrad.lowering.nodes.arrays import Apply, Array, Size
from symgrad.lowering.nodes.traversal import rewrite, walk
from symgrad.rendering.numba.functions import LIGHT, SCALAR
from symgrad.rendering.numba.fusible import Part, names_in
from symgrad.rendering.numba.nodes import Element, Place
from symgrad.rendering.numba.statements import Index, Statement, renumber


@dataclass(eq=False)
class Kernel:
    """Statements inside one outer loop, number 0; inner loops have the numbers behind it."""

    members: list[Statement] = field(default_factory=list)

    def names(self) -> set[str]:
        """Return the names that it computes."""
        return {member.name for member in self.members}

    def producers(self) -> dict[str, Statement]:
        """Return its statements by name."""
        return {member.name: member for member in self.members}

    def reads(self) -> set[str]:
        """Return the names of the arrays that it reads from outside."""
        return {name for member in self.members for name in member.reads()} - self.names()

    def depth(self) -> int:
        """Return how many loops have a number."""
        return 1 + max((loop for member in self.members for loop in member.loops), default=-1)

    def outside(self) -> list[Element]:
        """Return the entries read from outside, each once, in order."""
        own = self.names()
        found = (e for member in self.members for e in member.elements() if e.name not in own)
        return list(dict.fromkeys(found))


Item = Kernel | Part


def group(parts: Iterable[tuple[Part, Statement | None]]) -> list[Item]:
    """Return kernels and parts in an order of execution."""
    items: list[Item] = []
    for part, statement in parts:
        if statement is None or not is_legal(statement):
            items.append(part)
        elif not _placed(items, statement):
            statement = recomputing(statement, items)
            if not _placed(items, statement):
                order = range(len(statement.loops))
                items.append(Kernel([statement.renumbered(_from_zero(statement), order)]))
    return sunk(items)


def _placed(items: list[Item], statement: Statement) -> bool:
    return any(_joined(items, item, statement) for item in list(items))


def recomputing(statement: Statement, items: list[Item]) -> Statement:
    """Return a statement that computes light values of other kernels again, rather than read them.

    Ends: each turn goes back by one statement, and there are finitely many.
    """
    known = {m.name: m for item in items if isinstance(item, Kernel) for m in item.members}
    while True:
        light = (e for e in statement.elements() if e.name in known and is_light(known[e.name]))
        element = next(light, None)
        if element is None:
            return statement
        producer = known[element.name]
        pairs = zip(producer.index, element.index, strict=True)
        numbers = {loop: place for loop, place in pairs if loop is not None and place is not None}
        body = renumber(producer.body, numbers)
        statement = replace(
            statement,
            body=replaced(statement.body, element, body),
            lengths={n: _length(length, producer) for n, length in statement.lengths.items()},
        )


def _length(length: Array, producer: Statement) -> Array:
    """Return a length that needs no array of a statement which is computed again instead."""
    if not isinstance(length, Size) or length.name != producer.name:
        return length
    loop = producer.index[length.axis]
    return length if loop is None else producer.lengths.get(loop, length)


def replaced(body: Array, element: Element, other: Array) -> Array:
    """Return a body with something else in the place of an entry."""
    return rewrite(body, lambda part: other if part == element else None)


# a value of at most so many light operations is computed again rather than kept for another loop
RECOMPUTED = 3


def is_light(statement: Statement) -> bool:
    """Say whether computing a value again costs less than keeping it."""
    operations = [part.op for part in walk(statement.body) if isinstance(part, Apply)]
    return not statement.op and len(operations) <= RECOMPUTED and LIGHT.issuperset(operations)


def _from_zero(statement: Statement) -> dict[int, int]:
    return {loop: number for number, loop in enumerate(statement.loops)}


def is_legal(statement: Statement) -> bool:
    """Say whether one walk through the loops, in their order, can accumulate the result.

    Sums over the outer loop are added up in an array; other loops that are reduced must be the
    innermost ones.
    """
    outer, *inner = statement.loops
    if outer in statement.reduced and statement.op != "sum":
        return False
    flags = [loop in statement.reduced for loop in inner]
    return flags == sorted(flags)


# --- joining -------------------------------------------------------------------------------------


def _joined(items: list[Item], item: Item, statement: Statement) -> bool:
    """Put a statement into a kernel; say whether it fits there."""
    if not isinstance(item, Kernel):
        return False
    numbers = matched(item, statement)
    if numbers is None:
        return False
    place = items.index(item)
    later = items[place + 1 :]
    if any(statement.reads() & written(other) for other in later):
        if any(read(other) & item.names() for other in later):
            return False
        items.remove(item)  # nothing behind it reads it, so it may run last
        items.append(item)
    order = range(item.depth() + len(statement.loops))
    item.members.append(statement.renumbered(numbers, order))
    return True


def written(item: Item) -> set[str]:
    """Return the names that a kernel or a part computes."""
    return item.names()


def read(item: Item) -> set[str]:
    """Return the names that a kernel or a part reads."""
    return item.reads() if isinstance(item, Kernel) else names_in(item.array)


def matched(kernel: Kernel, statement: Statement) -> dict[int, int] | None:
    """Return the kernel's loop for each loop of a statement, new numbers for further ones.

    None where the statement shares no array with the kernel, or needs one whole before it begins.
    """
    producers = kernel.producers()
    numbers: dict[int, int] = {}
    for element in statement.elements():
        producer = producers.get(element.name)
        if producer is not None and (
            0 in producer.reduced or not _match(numbers, element.index, producer.index)
        ):
            return None
    known = kernel.outside()
    for element in statement.elements():
        for other in known:
            if element.name == other.name:
                _match(numbers, element.index, other.index)
    if numbers.get(statement.loops[0]) != 0:
        return None
    new = kernel.depth()
    for loop in statement.loops:
        if loop not in numbers:
            numbers[loop] = new
            new += 1
    mapped = [numbers[loop] for loop in statement.loops]
    return numbers if mapped == sorted(mapped) else None


def _match(numbers: dict[int, int], index: Index, other: Index) -> bool:
    """Add the pairs of loops of two indices of one array; False, and nothing, where they differ."""
    trial = dict(numbers)
    for loop, number in zip(index, other, strict=True):
        if loop is None or number is None:
            if loop is not number:
                return False
        elif trial.setdefault(loop, number) != number:
            return False
    if len(set(trial.values())) < len(trial):
        return False
    numbers.update(trial)
    return True


# --- sinking -------------------------------------------------------------------------------------


def sunk(items: list[Item]) -> list[Item]:
    """Move kernels into the later ones that read what they compute, entry by entry.

    Ends: each turn leaves one kernel less.
    """
    items = list(items)
    while True:
        pair = next(filter(None, (_reader_of(items, item) for item in items)), None)
        if pair is None:
            return items
        kernel, reader, numbers = pair
        order = range(reader.depth() + len(numbers))
        reader.members[:0] = [member.renumbered(numbers, order) for member in kernel.members]
        items.remove(kernel)


def _reader_of(items: list[Item], item: Item) -> tuple[Kernel, Kernel, dict[int, int]] | None:
    """Return a kernel, the first item that reads it where that is a kernel too, and its loops."""
    if not isinstance(item, Kernel):
        return None
    later = items[items.index(item) + 1 :]
    reader = next((other for other in later if read(other) & item.names()), None)
    if not isinstance(reader, Kernel):
        return None
    numbers = _numbers_in(item, reader)
    return None if numbers is None else (item, reader, numbers)


def _numbers_in(kernel: Kernel, reader: Kernel) -> dict[int, int] | None:
    """Return the reader's loop for each loop of a kernel; None where it reads sums."""
    producers = kernel.producers()
    numbers: dict[int, int] = {}
    outside = reader.outside()
    for element in outside:
        producer = producers.get(element.name)
        if producer is not None and (
            0 in producer.reduced or not _match(numbers, producer.index, element.index)
        ):
            return None
    for element in kernel.outside():
        for other in outside:
            if element.name == other.name:
                _match(numbers, element.index, other.index)
    if numbers.get(0) != 0:
        return None
    new = reader.depth()
    for loop in range(kernel.depth()):
        if loop not in numbers:
            numbers[loop] = new
            new += 1
    for member in kernel.members:
        mapped = [numbers[loop] for loop in member.loops]
        if mapped != sorted(mapped):
            return None
    return numbers


# --- what pays -----------------------------------------------------------------------------------


def pays(kernel: Kernel, rank: int, threads: bool) -> bool:
    """Say whether a kernel saves a pass over arrays that are as large as those of the layer.

    An operation of its own saves none, and is faster where threads share it.

    Args:
        kernel: the kernel.
        rank: the highest number of axes in its method.
        threads: whether it may have threads.
    """
    depth = max(len(member.loops) for member in kernel.members)
    if depth < min(rank, 2) or not any(element.index for element in kernel.outside()):
        return False
    operations = [op for member in kernel.members for op in _large(member, depth)]
    return len(operations) > (0 if threads else 1) or any(op in SCALAR for op in operations)


def _large(statement: Statement, depth: int) -> list[str]:
    """Return the operations that a statement does in its innermost loop."""
    if len(statement.loops) < depth:
        return []
    applied = [
        part.op
        for part in walk(statement.body)
        if isinstance(part, Apply) and len(loops_in(part)) == depth
    ]
    return [*applied, *([statement.op] if statement.op else [])]


def loops_in(array: Array) -> set[int | None]:
    """Return the loops that an expression depends on."""
    found: set[int | None] = set()
    for part in walk(array):
        if isinstance(part, Element):
            found.update(part.index)
        elif isinstance(part, Place):
            found.add(part.loop)
    return found - {None}


def lengths_of(kernel: Kernel) -> Mapping[int, tuple[str, int]]:
    """Return for each loop an array from outside, a large one, and the axis that it runs along."""
    found: dict[int, tuple[str, int]] = {}
    for element in sorted(kernel.outside(), key=lambda element: -len(element.index)):
        for axis, loop in enumerate(element.index):
            if loop is not None:
                found.setdefault(loop, (element.name, axis))
    return found
