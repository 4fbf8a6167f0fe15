"""Split a loop at the place where a condition on it changes, so that neither part asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from symgrad.lowering.nodes.arrays import Apply, Array, Cast, KeptExtent, Literal, Size
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.traversal import rewrite, walk
from symgrad.rendering.numba.grouping import is_light, loops_in
from symgrad.rendering.numba.nest import Begin, Compute, Finish, Loop, Node
from symgrad.rendering.numba.nodes import Place
from symgrad.rendering.numba.statements import Statement

# whether a term that is neither a place nor an entry is a whole number
IsWhole = Callable[[Array], bool]

# a condition `place op other` as (whether it holds before the edge, the edge less `other`)
CHANGES = {"<": (True, 0), "<=": (True, 1), ">=": (False, 0), ">": (False, 1)}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
# loops with more edges stay as they are: each edge may double the text
MOST = 2


@dataclass(frozen=True)
class Edge:
    """Where conditions on the place of a loop change.

    Attributes:
        place: the first place behind the edge, a whole number that may lie outside of the loop.
        reader: a statement that asks.
    """

    place: Array
    reader: Statement


def edges(loop: Loop, outer: set[int], is_whole: IsWhole) -> list[Edge]:
    """Return the edges of a loop, each once; none where asking is cheap, or there are too many.

    Args:
        loop: the loop.
        outer: the loops around it.
        is_whole: says of a number whether it is whole.
    """
    found: dict[Array, Edge] = {}
    statements = list(_statements(loop))
    for statement in statements:
        for part in walk(statement.body):
            change = _change(part, loop.number, outer, is_whole)
            if change is not None:
                found.setdefault(change[1], Edge(change[1], statement))
    if len(found) > MOST or all(map(is_light, statements)):
        return []
    return list(found.values())


def _statements(loop: Loop) -> Iterator[Statement]:
    for item in loop.items:
        if isinstance(item, Loop):
            yield from _statements(item)
        elif isinstance(item, Compute):
            yield item.statement


def _change(
    condition: Array, loop: int, outer: set[int], is_whole: IsWhole
) -> tuple[bool, Array] | None:
    """Return whether a condition holds before its edge, and the edge; None where it has none."""
    if not isinstance(condition, Apply) or condition.op not in CHANGES:
        return None
    if loop not in loops_in(condition):
        return None
    left, right = condition.args
    terms = [*_terms(left, 1), *_terms(right, -1)]
    signs = [sign for sign, term in terms if term == Place(loop)]
    others = [(sign, term) for sign, term in terms if term != Place(loop)]
    if len(signs) != 1 or not all(_is_fixed(term, outer, is_whole) for _, term in others):
        return None
    before, shift = CHANGES[condition.op if signs[0] == 1 else MIRRORED[condition.op]]
    return before, _sum([(-signs[0] * sign, term) for sign, term in others], shift)


def _terms(array: Array, sign: int) -> list[tuple[int, Array]]:
    """Return the terms of a sum with their signs."""
    if isinstance(array, Apply) and array.op in ("+", "-"):
        left, right = array.args
        return [*_terms(left, sign), *_terms(right, sign if array.op == "+" else -sign)]
    if isinstance(array, Apply) and array.op == "neg":
        return _terms(array.args[0], -sign)
    return [(sign, array)]


def _is_fixed(term: Array, outer: set[int], is_whole: IsWhole) -> bool:
    """Say whether a term is a whole number that the loops around determine."""
    if not loops_in(term) <= outer:
        return False
    return is_whole(term) if term.kind == "weak" else term.kind == "int"


def _sum(terms: list[tuple[int, Array]], shift: int) -> Array:
    """Return a sum, its numbers added up."""
    total = Fraction(shift)
    found: Array | None = None
    for sign, term in sorted(terms, key=lambda pair: -pair[0]):
        if isinstance(term, Literal) and isinstance(term.value, Fraction):
            total += sign * term.value
        elif found is None:
            found = term if sign == 1 else Apply("neg", (term,))
        else:
            found = Apply("+" if sign == 1 else "-", (found, term))
    if found is None:
        return number(total)
    if not total:
        return found
    return Apply("+" if total > 0 else "-", (found, number(abs(total))))


def is_whole_number(number: Array) -> bool:
    """Say whether a number is made of lengths and whole numbers by sums and products."""
    if isinstance(number, Apply):
        return number.op in ("+", "-", "*", "neg") and all(map(is_whole_number, number.args))
    if isinstance(number, Literal):
        return isinstance(number.value, Fraction) and number.value.denominator == 1
    return isinstance(number, (Size, KeptExtent))


def reads_place(loop: Loop, number: int) -> bool:
    """Say whether a statement in a loop computes with the place of one."""
    return any(
        reads_place(item, number)
        if isinstance(item, Loop)
        else Place(number) in walk(item.statement.body)
        for item in loop.items
    )


# --- one side ------------------------------------------------------------------------------------


def one_side(loop: Loop, edge: Edge, behind: bool, outer: set[int], is_whole: IsWhole) -> Loop:
    """Return a loop as it runs before or behind an edge, without the zeros that it adds."""

    def known(condition: Array) -> bool | None:
        change = _change(condition, loop.number, outer, is_whole)
        return None if change is None or change[1] != edge.place else change[0] != behind

    def of(item: Node) -> Node:
        if isinstance(item, Loop):
            return Loop(item.number, [of(inner) for inner in item.items])
        if isinstance(item, (Begin, Finish)):
            return item
        statement = item.statement
        return replace(item, statement=statement.with_body(_given(statement.body, known)))

    return Loop(loop.number, [item for item in map(of, loop.items) if not _is_idle(item)])


def _is_idle(item: Node) -> bool:
    """Say whether an item adds 0 to a sum, which begins at 0 and so is never -0."""
    if isinstance(item, Loop):
        return all(map(_is_idle, item.items))
    if not isinstance(item, Compute) or item.statement.op != "sum":
        return False
    body = item.statement.body
    return (body.array if isinstance(body, Cast) else body) == number(0)


def _given(body: Array, known: Callable[[Array], bool | None]) -> Array:
    """Return a body without the conditions that are known."""

    def visit(array: Array) -> Array | None:
        holds = known(array)
        if holds is not None:
            return Literal(str(holds))
        if not isinstance(array, Apply) or array.op not in ("where", "*", "and", "or"):
            return Cast(number(int(inner))) if (inner := _known_inside(array)) is not None else None
        masks = [known(arg) for arg in array.args]
        chosen = _chosen(array, masks)
        return None if chosen is None else _as_kind(array.kind, _given(chosen, known))

    def _known_inside(array: Array) -> bool | None:
        return known(array.array) if isinstance(array, Cast) else None

    return rewrite(body, visit)


def _chosen(array: Apply, masks: list[bool | None]) -> Array | None:
    """Return what an operation comes to, given which of its arguments hold; None if it stays."""
    if array.op == "where":
        return None if masks[0] is None else array.args[1 if masks[0] else 2]
    place = next((n for n, holds in enumerate(masks) if holds is not None), None)
    if place is None:
        return None
    other = array.args[1 - place]
    if masks[place] == (array.op != "or"):
        return other
    return Literal(str(masks[place])) if array.kind == "bool" else number(0)


def _as_kind(kind: str, array: Array) -> Array:
    return Cast(array) if kind == "float" and array.kind != "float" else array
