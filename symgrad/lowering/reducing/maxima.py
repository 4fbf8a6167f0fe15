"""Find the largest entry over several indices in one search: its place is one number.

The derivation takes a maximum over several indices one at a time, and its gradient is

    dx_p = sum_{i,u,v} dy_i*delta(u, argmax_r max_s x[i,r,s])*delta(v, argmax_s x[i,u,s])*...

For each i both deltas hold at one pair (u, v), the first in index order at which x is y_i. With
`place` the number of that pair, counted in index order, they are delta(place_i, size(v)*u + v).
The largest entry being known, its place is where x equals it. The place is all that is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from symgrad.formats.layout import Page, layout
from symgrad.formats.notation import Piece
from symgrad.language.affine import simplified
from symgrad.language.expr import (
    ZERO,
    ArgReduce,
    Delta,
    Element,
    Expr,
    Index,
    IndexValue,
    Mul,
    Pad,
    Reduce,
    add,
    alpha_key,
    free_indices,
    freshen,
    mul,
    node,
    rename,
    substitute,
)
from symgrad.language.expr import replace as expr_replace
from symgrad.language.layer import Statement
from symgrad.language.program import Program
from symgrad.lowering.expressions.elementwise import Frame, lower
from symgrad.lowering.expressions.repeating import repeated
from symgrad.lowering.expressions.scope import Scope, natural_frame
from symgrad.lowering.nodes.arrays import Helper, Value
from symgrad.lowering.nodes.combine import align, as_float
from symgrad.lowering.plans.names import unique_name

ARG = {"max": "argmax", "min": "argmin"}


@node
class FirstPlace(Expr):
    """The number, in index order, of the first place at which the body is its extreme.

    `op` is argmax or argmin, and `extreme` an element that holds the largest or smallest value.
    """

    op: str
    indices: tuple[Index, ...]
    body: Expr
    extreme: Element

    @property
    def bound(self) -> tuple[Index, ...]:
        """The indices that the search runs over."""
        return self.indices


@layout.register
def _(expr: FirstPlace, page: Page) -> Piece:
    return layout(Reduce(expr.op, expr.indices, None, expr.body), page)


@lower.register
def _(expr: FirstPlace, scope: Scope, frame: Frame) -> Value:
    order = natural_frame(expr.body, expr.indices)
    value = as_float(lower(expr.body, scope, order))
    # of a body such as x[i + u//2] with u < 2 nothing but its text says that it has an axis for u
    full = (*value.axes, *(index for index in expr.indices if index not in value.axes))
    value = Value(repeated(value, full, scope), full)
    kept = tuple(index for index in value.axes if index not in expr.indices)
    axes = tuple(value.axes.index(index) for index in expr.indices)
    arrays = (value.array, align(lower(expr.extreme, scope, order), kept))
    options = (("axis", axes[0] if len(axes) == 1 else axes),)
    return Value(Helper("_first_equal", arrays, len(kept), options, "int"), kept)


# --- the program ---------------------------------------------------------------------------------


def join_places(program: Program) -> tuple[Program, dict[str, str]]:
    """Return the program with the places of its extremes joined, and comments on the new names."""
    joiner = Joiner(program)
    backward = tuple(
        replace(s, value=expr_replace(s.value, joiner.joined)) for s in program.backward
    )
    if not joiner.places:
        return program, {}
    forward = tuple(part for s in program.forward for part in joiner.with_place(s))
    new = replace(program, forward=forward, backward=backward)
    comments = {
        statement.name: f"where {name} stands first in its window, counted in index order"
        for name, statement in joiner.places.items()
    }
    return joiner.at_once(new), comments


@dataclass(frozen=True)
class Search:
    """An extreme over several indices.

    Attributes:
        statement: what holds the extreme.
        op: max or min.
        indices: the indices that it runs over, in order.
        bodies: what the extreme over each index is taken of; the indices so far are free in it.
    """

    statement: Statement
    op: str
    indices: tuple[Index, ...]
    bodies: tuple[Expr, ...]

    @property
    def value(self) -> Reduce:
        """The extreme over all the indices at once."""
        indices = {index: index.fresh() for index in self.indices}
        return Reduce(self.op, tuple(indices.values()), None, rename(self.bodies[-1], indices))

    def place(self, level: int, values: Mapping[Index, Expr]) -> ArgReduce:
        """Return the place along the index of a level, the indices before it having values."""
        body = substitute(freshen(self.bodies[level]), values)
        return ArgReduce(ARG[self.op], self.indices[level], None, body)


class Joiner:
    """Join the deltas of a program's sums.

    Attributes:
        places: for the name of each extreme the statement that finds its place.
    """

    def __init__(self, program: Program) -> None:
        statements = (*program.forward, *program.backward)
        self.known = {s.name: s for s in program.forward if len(s.indices) == len(s.subscripts)}
        self.taken = {*program.layer.inputs, *program.layer.constants}
        self.taken |= {*program.cotangents.values(), *(s.name for s in statements)}
        # the largest first: an extreme over some of the indices is part of one over more
        self.searches = sorted(self._searches(), key=lambda search: -len(search.indices))
        self.places: dict[str, Statement] = {}

    def _searches(self) -> Iterator[Search]:
        for statement in self.known.values():
            value, op = statement.value, ""
            indices: list[Index] = []
            bodies: list[Expr] = []
            while _is_extreme(value) and op in ("", value.op):
                op = value.op
                indices += value.indices
                bodies.append(value.body)
                value = self._definition(value.body)
            # an array that is read gives the same bits each time; what is computed may not
            if not bodies or not isinstance(bodies[-1], (Element, Pad)):
                continue
            if free_indices(bodies[-1]) == {*indices, *statement.indices}:
                yield Search(statement, op, tuple(indices), tuple(bodies))

    def _definition(self, expr: Expr) -> Expr:
        """Return what an element of an assigned tensor is; other expressions are themselves."""
        statement = self.known.get(expr.name) if isinstance(expr, Element) else None
        if statement is None or not isinstance(expr, Element):
            return expr
        value = freshen(statement.value)
        return substitute(value, dict(zip(statement.indices, expr.subscripts, strict=True)))

    def joined(self, expr: Expr) -> Expr | None:
        """Return a sum of products with the deltas of an extreme as one; None for others."""
        if not isinstance(expr, Reduce) or expr.op != "sum" or not isinstance(expr.body, Mul):
            return None
        for search in self.searches:
            for start in expr.body.factors:
                values = self._instance(start, search)
                factors = values and self._factors(expr.body.factors, expr.indices, search, values)
                if factors:
                    new = Reduce("sum", expr.indices, expr.condition, Mul(tuple(factors)))
                    return self.joined(new) or new
        return None

    def _instance(self, factor: Expr, search: Search) -> dict[Index, Expr] | None:
        """Return the place of the extreme whose first index a delta is for, None for others."""
        place = self._definition(factor.right) if isinstance(factor, Delta) else None
        if not isinstance(place, ArgReduce) or place.condition is not None:
            return None
        values: dict[Index, Expr] = {}
        own = {*search.statement.indices, search.indices[0]}
        if place.op != ARG[search.op] or not _unified(search.bodies[0], place.body, own, values):
            return None
        if values.keys() != own or not all(_runs_as(*pair) for pair in values.items()):
            return None
        values.pop(search.indices[0])
        return values

    def _factors(
        self,
        factors: Sequence[Expr],
        summed: Sequence[Index],
        search: Search,
        values: dict[Index, Expr],
    ) -> list[Expr] | None:
        """Return the factors with one delta for those of a search, None where they lack one."""
        rest = list(factors)
        number: Expr = ZERO
        for level, index in enumerate(search.indices):
            wanted = search.place(level, values)
            found = next((f for f in rest if self._is_for(f, wanted)), None)
            if not isinstance(found, Delta) or index.extent is None:
                return None
            rest.remove(found)
            tap = found.left.free_in_order[0]
            if tap not in summed or not _is_placed(tap, rest):
                return None
            values[index] = found.left
            number = add(mul(index.extent, number), found.left)
        subscripts = tuple(values[index] for index in search.statement.indices)
        return [*rest, Delta(Element(self._place(search), subscripts), simplified(number))]

    def _is_for(self, factor: Expr, wanted: ArgReduce) -> bool:
        if not isinstance(factor, Delta) or not _runs_as(wanted.index, factor.left):
            return False
        return bool(alpha_key(self._definition(factor.right)) == alpha_key(wanted))

    def _place(self, search: Search) -> str:
        """Return the name of the place of an extreme."""
        statement = search.statement
        if statement.name not in self.places:
            name = unique_name(f"{statement.name}_place", self.taken)
            self.taken.add(name)
            value = search.value
            extreme = Element(statement.name, statement.subscripts)
            place = FirstPlace(ARG[search.op], value.indices, value.body, extreme)
            self.places[statement.name] = Statement(name, statement.subscripts, place)
        return self.places[statement.name].name

    def with_place(self, statement: Statement) -> tuple[Statement, ...]:
        """Return a statement, and behind it the search for its place."""
        place = self.places.get(statement.name)
        return (statement,) if place is None else (statement, place)

    def at_once(self, program: Program) -> Program:
        """Take extremes over all their indices at once, unless a part of them is read besides."""
        values = {
            s.statement.name: s.value for s in self.searches if s.statement.name in self.places
        }
        forward = tuple(replace(s, value=values.get(s.name, s.value)) for s in program.forward)
        live = {*program.layer.outputs, *(n for s in program.backward for n in s.value.names)}
        for statement in reversed(forward):
            if statement.name in live:
                live.update(statement.value.names)
        before = {n for s in program.forward if s.name in values for n in s.value.names}
        parts = before - {n for value in values.values() for n in value.names}
        return program if live & parts else replace(program, forward=forward)


def _is_extreme(value: Expr) -> TypeGuard[Reduce]:
    return isinstance(value, Reduce) and value.op in ARG and value.condition is None


def _runs_as(index: Index, value: Expr) -> bool:
    """Say whether a value is a plain index of the same range."""
    return isinstance(value, IndexValue) and value.index.extent == index.extent


def _is_placed(tap: Index, factors: Sequence[Expr]) -> bool:
    """Say whether a delta places what stands at an index: it then is a tap, with a loop over it."""
    return any(isinstance(factor, Delta) and tap in free_indices(factor) for factor in factors)


def _unified(pattern: Expr, expr: Expr, open_: set[Index], values: dict[Index, Expr]) -> bool:
    """Say whether an expression is the pattern with its open indices replaced, and note by what."""
    if isinstance(pattern, IndexValue) and pattern.index in open_:
        return values.setdefault(pattern.index, expr) == expr
    if type(pattern) is not type(expr) or len(pattern.children) != len(expr.children):
        return False
    if not pattern.children:
        return pattern == expr
    same = all(
        own == other
        for own, other in zip(pattern.parts(), expr.parts(), strict=True)
        if not isinstance(own, (Expr, tuple))
    )
    pairs = zip(pattern.children, expr.children, strict=True)
    return same and all(_unified(own, other, open_, values) for own, other in pairs)
