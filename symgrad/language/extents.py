"""Find how far each index runs, as an expression in the lengths of the inputs' axes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symgrad.errors import Span
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    ArgReduce,
    AxisLength,
    Call,
    Element,
    Expr,
    Extent,
    FloorDiv,
    Index,
    IndexValue,
    Mul,
    Number,
    add,
    children,
    free_indices,
    mul,
    replace,
    walk,
)
from symgrad.language.scope import AxisUse, IndexUse, Reading

Place = tuple[str, int]
Member = Place | Index


class Extents:
    """The classes of axes and indices that share one range, and the extent of each class.

    A class is found by union: an index that stands alone in a subscript shares the range of that
    axis, unless a bound was given to it. Its extent is the first axis of an input among its
    members, in the order of the inputs and of their axes.
    """

    def __init__(self, reading: Reading, inputs: Sequence[str]) -> None:
        self.reading = reading
        self.inputs = tuple(inputs)
        self.parents: dict[Member, Member] = {}
        self.bounds = {use.index: use.bound for use in reading.index_uses if use.bound is not None}
        self.known: dict[Member, Expr] = {}
        self._unite()
        self._solve()

    # --- classes

    def root(self, member: Member) -> Member:
        """Return the representative of a class."""
        self.parents.setdefault(member, member)
        while self.parents[member] != member:
            self.parents[member] = self.parents[self.parents[member]]
            member = self.parents[member]
        return member

    def unite(self, left: Member, right: Member) -> None:
        """Put two members into one class."""
        first, second = self.root(left), self.root(right)
        if first != second:
            self.parents[second] = first

    def _unite(self) -> None:
        joined = {
            (use.name, use.axis)
            for use in self.reading.axis_uses
            if use.target and _moves(use.subscript)
        }
        for use in self.reading.axis_uses:
            place = (use.name, use.axis)
            self.root(place)
            if isinstance(use.subscript, IndexValue) and not (use.target and place in joined):
                index = use.subscript.index
                if index not in self.bounds or (use.target and use.name not in self.inputs):
                    self.unite(place, index)
        for left, right in self.reading.equal_axes:
            self.unite(left, right)

    # --- extents

    def _solve(self) -> None:
        for name in self.inputs:
            for axis in range(self.reading.ranks.get(name, (0,))[0]):
                self.known.setdefault(self.root((name, axis)), AxisLength(name, axis))
        pending = True
        while pending:
            pending = (
                self._solve_bounds()
                or self._solve_comparisons()
                or self._solve_accesses()
                or self._solve_parts()
            )

    def _solve_bounds(self) -> bool:
        """A bound wins: its index runs as far as it says."""
        changed = False
        for index, bound in self.bounds.items():
            if self.root(index) in self.known:
                continue
            closed = self.closed(bound)
            if closed is not None:
                self.known[self.root(index)] = closed
                changed = True
        return changed

    def _solve_comparisons(self) -> bool:
        """An index that stands in no subscript runs as far as the one it is compared with."""
        for left, right in self.reading.comparisons:
            for side, other in ((left, right), (right, left)):
                if not isinstance(side, IndexValue) or self.root(side.index) in self.known:
                    continue
                if side.index in self.bounds or self._stands_in_arithmetic(side.index):
                    continue
                partner = self._partner(other)
                if partner is not None and self.root(partner) in self.known:
                    self.unite(partner, side.index)
                    return True
        return False

    def _partner(self, expr: Expr) -> Index | None:
        """Return the index whose range the values of an index expression have."""
        if isinstance(expr, IndexValue):
            return expr.index
        if isinstance(expr, ArgReduce):
            return expr.index
        if isinstance(expr, Element):
            return self.reading.arg_targets.get(expr.name)
        return next((found for part in children(expr) if (found := self._partner(part))), None)

    def _stands_in_arithmetic(self, index: Index) -> bool:
        return any(
            index in free_indices(use.subscript)
            for use in self.reading.axis_uses
            if not use.target and not use.padded
        )

    def _solve_accesses(self) -> bool:
        """An index only inside arithmetic runs as far as every access stays in bounds."""
        for use in self.reading.index_uses:
            if self.root(use.index) in self.known or use.bound is not None:
                continue
            limits = [
                self._limit(use.index, access)
                for access in self.reading.axis_uses
                if not access.target
                and not access.padded
                and use.index in free_indices(access.subscript)
            ]
            found = list(dict.fromkeys(limit for limit in limits if limit is not None))
            if found and len(limits) == sum(limit is not None for limit in limits):
                extent = found[0]
                for other in found[1:]:
                    extent = Call("min", (extent, other))
                self.known[self.root(use.index)] = extent
                return True
        return False

    def _solve_parts(self) -> bool:
        """A tensor that is filled in parts reaches as far as the last of them."""
        for use in reversed(self.reading.axis_uses):
            place = (use.name, use.axis)
            if not use.target or isinstance(use.subscript, IndexValue):
                continue
            if self.root(place) in self.known:
                continue
            reach = self._extreme(use.subscript, largest=True)
            if reach is not None:
                self.known[self.root(place)] = add(reach, ONE)
                return True
        return False

    def _limit(self, index: Index, access: AxisUse) -> Expr | None:
        """Return how many values of `index` keep one access inside its axis."""
        length = self.of((access.name, access.axis))
        linear = _linear(access.subscript, index)
        if length is None or linear is None:
            return None
        step, rest = linear
        mirrored = self._mirrored(index, step, rest, length)
        if mirrored is not None:
            return mirrored
        down = isinstance(step, Number) and step.value < 0
        reach = self._extreme(rest, largest=not down)
        if reach is None:
            return None
        if down:
            return add(_divide(reach, mul(MINUS_ONE, step)), ONE)
        return add(_divide(_difference(length, add(reach, ONE)), step), ONE)

    def _mirrored(self, index: Index, step: Expr, rest: Expr, length: Expr) -> Expr | None:
        """`x[size(i)-1-i]`: the access at i = 0 is the farthest, and it is size(i) - 1."""
        terms = rest.terms if isinstance(rest, Add) else (rest,)
        own = [t for t in terms if isinstance(t, Extent) and self.actual(t.index) is index]
        if len(own) != 1 or step != MINUS_ONE:
            return None
        others = add(*(term for term in terms if term is not own[0]))
        reach = self._extreme(others, largest=True)
        return None if reach is None else _difference(length, add(reach, ONE))

    def _extreme(self, expr: Expr, *, largest: bool) -> Expr | None:
        """Return the largest or smallest value of index arithmetic; None while it is not known."""
        total: list[Expr] = []
        for term in expr.terms if isinstance(expr, Add) else (expr,):
            moving = [part for part in walk(term) if isinstance(part, IndexValue)]
            if not moving:
                closed = self.closed(term)
                if closed is None:
                    return None
                total.append(closed)
                continue
            linear = _linear(term, moving[0].index)
            extent = self.known.get(self.root(moving[0].index))
            if linear is None or extent is None or len(moving) > 1:
                return None
            negative = isinstance(linear[0], Number) and linear[0].value < 0
            if negative != largest:
                total.append(mul(linear[0], _difference(extent, ONE)))
        return add(*total) if total else ZERO

    # --- answers

    def of(self, member: Member) -> Expr | None:
        """Return the extent of an index or an axis, None when nothing bounds it."""
        return self.known.get(self.root(member))

    def closed(self, expr: Expr) -> Expr | None:
        """Return `expr` in lengths of input axes alone; None while some extent is not known."""
        missing = False

        def visit(part: Expr) -> Expr | None:
            nonlocal missing
            if isinstance(part, Extent):
                found = self.of(self.actual(part.index))
            elif isinstance(part, AxisLength):
                found = self.of(self.place(part))
            else:
                return None
            missing = missing or found is None
            return part if found is None else found

        result = replace(expr, visit)
        return None if missing else result

    def place(self, length: AxisLength) -> Place:
        """Return the axis that `size(x, -1)` means."""
        rank = self.reading.ranks.get(length.name, (0,))[0]
        return (length.name, length.axis % rank if rank else length.axis)

    def actual(self, index: Index) -> Index:
        """Return the index that a `size(k)` stands for."""
        for stand_in, statement, span in self.reading.sizes:
            if stand_in is index:
                return self._named(index.name, statement, span).index
        return index

    def _named(self, name: str, statement: int, span: Span) -> IndexUse:
        uses = [
            use
            for use in self.reading.index_uses
            if use.statement == statement and use.index.name == name
        ]
        if not uses:
            self.reading.fail(
                f"size({name}): the statement has no index {name}",
                span,
                f"write size(i) for an index of the statement, size({name}, 0) for a tensor",
            )
        return uses[0]


def _moves(expr: Expr) -> bool:
    """Say whether a subscript is arithmetic with an index."""
    return not isinstance(expr, IndexValue) and bool(free_indices(expr))


def _linear(expr: Expr, index: Index) -> tuple[Expr, Expr] | None:
    """Return (step, rest) with expr = step*index + rest and no index in step, or None."""
    steps: list[Expr] = []
    rest: list[Expr] = []
    for term in expr.terms if isinstance(expr, Add) else (expr,):
        if index not in free_indices(term) or isinstance(term, Extent):
            rest.append(term)
        elif isinstance(term, IndexValue):
            steps.append(ONE)
        elif isinstance(term, Mul) and IndexValue(index) in term.factors:
            others = [factor for factor in term.factors if factor != IndexValue(index)]
            steps.append(mul(*others))
        else:
            return None
    step = add(*steps)
    return (step, add(*rest)) if not free_indices(step) else None


def _difference(left: Expr, right: Expr) -> Expr:
    """Return left - right with the terms of both in one sum, so that equal extents are equal."""
    terms = right.terms if isinstance(right, Add) else (right,)
    return add(left, *(mul(MINUS_ONE, term) for term in terms))


def _divide(value: Expr, step: Expr) -> Expr:
    if step == ONE:
        return value
    if isinstance(value, Number) and isinstance(step, Number):
        return Number(Fraction(value.value // step.value))
    return FloorDiv(value, step)
