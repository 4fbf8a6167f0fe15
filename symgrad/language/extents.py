"""Find how far each index runs, as an expression in the lengths of the inputs' axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

from symgrad.errors import Span
from symgrad.language.accesses import Limit, mirrored, positions, values_within
from symgrad.language.affine import affine, is_nonnegative, set_extent, simplified
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
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
    Mod,
    Mul,
    Number,
    add,
    free_indices,
    mul,
    replace,
    split_coefficient,
    subtract,
    walk,
)
from symgrad.language.parts import joined_axes
from symgrad.language.scope import AxisUse, IndexUse, Place, Reading

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
        self.uses: dict[Index, list[AxisUse]] = {}
        for access in reading.axis_uses:
            for index in access.subscript.free_in_order:
                self.uses.setdefault(index, []).append(access)
        self.known: dict[Member, Expr] = {}
        self.joined = joined_axes(reading)
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
        for use in self.reading.axis_uses:
            place = (use.name, use.axis)
            self.root(place)
            if isinstance(use.subscript, IndexValue) and not (use.target and place in self.joined):
                index = use.subscript.index
                if index not in self.bounds or (use.target and use.name not in self.inputs):
                    self.unite(place, index)
        for left, right in self.reading.equal_axes:
            self.unite(left, right)
        for bound in self.reading.index_uses:
            if bound.left and isinstance(bound.bound, AxisLength):
                self.unite(self.place(bound.bound), bound.index)

    # --- extents

    def _solve(self) -> None:
        """Find the extents: what a statement assigns is as long as that statement says.

        Where the tensor is read beside an input, that input's axis must agree; it gives the extent
        only where nothing else does.
        """
        late = self._assigned_classes()
        for place in self._input_places():
            if self.root(place) not in late:
                self.known.setdefault(self.root(place), AxisLength(*place))
        while True:
            self._publish()
            if self._solve_bounds() or self._solve_free() or self._solve_parts():
                continue
            open_place = next((p for p in self._input_places() if self.of(p) is None), None)
            if open_place is None:
                return
            self.known[self.root(open_place)] = AxisLength(*open_place)

    def _input_places(self) -> Iterator[Place]:
        for name in self.inputs:
            for axis in range(self.reading.ranks.get(name, (0,))[0]):
                yield name, axis

    def _assigned_classes(self) -> set[Member]:
        """Return the classes of axes whose extent the assigning statement gives by arithmetic."""
        found: set[Member] = {self.root(place) for place in self.joined}
        for use in self.reading.index_uses:
            if use.left and (use.bound is not None or not self._stands_alone(use)):
                found.add(self.root(use.index))
        return found

    def _stands_alone(self, use: IndexUse) -> bool:
        return any(
            isinstance(access.subscript, IndexValue) and not access.target
            for access in self.uses.get(use.index, ())
        )

    def _publish(self) -> None:
        """Tell the indices what is known, so that extremes of index arithmetic can be found."""
        for use in self.reading.index_uses:
            set_extent(use.index, self.of(use.index))

    def _solve_bounds(self) -> bool:
        """A bound wins: its index runs as far as it says."""
        changed = False
        for index, bound in self.bounds.items():
            if self.root(index) in self.known:
                continue
            closed = self.closed(bound)
            if closed is not None:
                self.known[self.root(index)] = in_order(closed)
                changed = True
        return changed

    def _solve_free(self) -> bool:
        """An index only inside arithmetic runs as far as every access stays in bounds.

        One that no access limits runs as far as the index that it is compared with.
        """
        for use in self.reading.index_uses:
            index = use.index
            if self.root(index) in self.known or use.bound is not None:
                continue
            found = self._from_accesses(index)
            if isinstance(found, Expr):
                self.known[self.root(index)] = in_order(found)
                return True
            partner = self._partner(index) if found is Limit.NONE else None
            if partner is not None:
                self.unite(partner, index)
                return True
        return False

    def _from_accesses(self, index: Index) -> Expr | Limit:
        limits = [self._limit(index, access) for access in self.accesses_of(index)]
        if Limit.UNKNOWN in limits:
            return Limit.UNKNOWN
        found = [limit for limit in dict.fromkeys(limits) if isinstance(limit, Expr)]
        return reduce(_smaller, found) if found else Limit.NONE

    def accesses_of(self, index: Index) -> list[AxisUse]:
        """Return the subscripts that may leave their axis as the index grows."""
        return [
            access for access in self.uses.get(index, ()) if not access.target and not access.padded
        ]

    def _limit(self, index: Index, access: AxisUse) -> Expr | Limit:
        """Return how many values of `index` keep one access inside its axis."""
        if self.reading.is_decided_by_data(access.subscript) or self._is_filtered(index, access):
            return Limit.NONE
        length = self.of((access.name, access.axis))
        subscript = self._closed_but(access.subscript, index)
        if length is None or subscript is None:
            return Limit.UNKNOWN
        return mirrored(subscript, index, length) or values_within(subscript, index, length)

    def _is_filtered(self, index: Index, access: AxisUse) -> bool:
        """`sum_{k<=i} x[i-k]*a_i`: the filter keeps the read inside, not a short range of k."""
        others = free_indices(access.subscript) - {index}
        form = affine(access.subscript)
        if form is None or form.coefficient(index) != MINUS_ONE:
            return False
        return any(
            isinstance(one, IndexValue)
            and one.index is index
            and bool(free_indices(other) & others)
            for left, right in self.reading.comparisons
            for one, other in ((left, right), (right, left))
        )

    def _partner(self, index: Index) -> Index | None:
        """Return the index of known extent that `index` is compared with."""
        for left, right in self.reading.comparisons:
            for side, other in ((left, right), (right, left)):
                if isinstance(side, IndexValue) and side.index is index:
                    partner = self._range_of(other)
                    if partner is not None and self.root(partner) in self.known:
                        return partner
        return None

    def _range_of(self, expr: Expr) -> Index | None:
        """Return the index whose range the values of an index expression have, up to a shift."""
        if isinstance(expr, (IndexValue, ArgReduce)):
            return expr.index
        if isinstance(expr, Element):
            return self.reading.arg_targets.get(expr.name)
        form = affine(expr)
        if form is None or len(form.coefficients) != 1:
            return None
        index, step = form.coefficients[0]
        return index if step in (ONE, MINUS_ONE) else None

    # --- tensors that are filled in parts

    def _solve_parts(self) -> bool:
        for place in self.joined:
            extent = self._joined_extent(place) if self.of(place) is None else None
            if extent is not None:
                self.known[self.root(place)] = extent
                return True
        return False

    def _joined_extent(self, place: Place) -> Expr | None:
        """Parts side by side along one axis are as long as all of them; else the farthest tells."""
        uses = [u for u in self.reading.axis_uses if u.target and (u.name, u.axis) == place]
        closed = [self.closed(use.subscript) for use in uses]
        found = [None if part is None else positions(part) for part in closed]
        known = [part for part in found if part is not None]
        if len(known) < len(found):
            return None
        if sum(name == place[0] for name, _ in self.joined) == 1:
            return in_order(add(*(count for _, _, count in known)))
        return in_order(_farthest([end for _, end, _ in known]))

    def agreements(self) -> Iterator[tuple[Place, Expr, Expr]]:
        """Yield (axis, its extent, what its statement says) where these two are written apart.

        Two tensors that are read with one index may get their lengths from different axes.
        """
        for use in self.reading.axis_uses:
            if not use.target or not isinstance(use.subscript, IndexValue):
                continue
            place, index = (use.name, use.axis), use.subscript.index
            bound = self.bounds.get(index)
            own = self._from_accesses(index) if bound is None else self.closed(bound)
            shared = self.of(place)
            if place in self.joined or not isinstance(own, Expr) or shared is None:
                continue
            if not self._stands_alone(self.reading.use_of(index)) or bound is not None:
                own = in_order(own)
                if own != shared:
                    yield place, shared, own
        for place in self.joined:
            own, shared = self._joined_extent(place), self.of(place)
            if own is not None and shared is not None and own != shared:
                yield place, shared, own

    # --- answers

    def of(self, member: Member) -> Expr | None:
        """Return the extent of an index or an axis, None when nothing bounds it."""
        return self.known.get(self.root(member))

    def closed(self, expr: Expr) -> Expr | None:
        """Return `expr` in lengths of input axes alone; None while some extent is not known."""
        return self._closed_but(expr, None)

    def _closed_but(self, expr: Expr, index: Index | None) -> Expr | None:
        """Return `expr` closed, with the extent of `index` left as it is."""
        missing = False

        def visit(part: Expr) -> Expr | None:
            nonlocal missing
            if isinstance(part, Extent):
                actual = self.actual(part.index)
                found = Extent(actual) if actual is index else self.of(actual)
            elif isinstance(part, Element) and not part.subscripts:
                whole = self.reading.whole.get(part.name)
                found = part if whole is None else self.closed(whole)
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


def _smaller(left: Expr, right: Expr) -> Expr:
    if _is_at_most(left, right):
        return left
    return right if _is_at_most(right, left) else Call("min", (left, right))


def _is_at_most(left: Expr, right: Expr) -> bool:
    """Say whether left <= right is proven; of `a//q` and `b//q` the numerators are compared."""
    if is_nonnegative(subtract(right, left)):
        return True
    one, other = _as_quotient(left), _as_quotient(right)
    if one is None or other is None or one.right != other.right:
        return False
    return is_nonnegative(subtract(other.left, one.left))


def _as_quotient(expr: Expr) -> FloorDiv | None:
    """Return `a//q + r` as `(a + q*r)//q`."""
    terms = expr.terms if isinstance(expr, Add) else (expr,)
    whole = [term for term in terms if isinstance(term, FloorDiv)]
    if len(whole) != 1:
        return None
    rest = add(*(term for term in terms if term is not whole[0]))
    return FloorDiv(add(whole[0].left, mul(whole[0].right, rest)), whole[0].right)


def _farthest(ends: Sequence[Expr]) -> Expr:
    """Return the largest of ends, by `max` of those that none of the others is proven to reach."""
    left: list[Expr] = []
    for end in ends:
        if not any(is_nonnegative(subtract(other, end)) for other in left):
            left = [other for other in left if not is_nonnegative(subtract(end, other))]
            left.append(end)
    return reduce(lambda first, second: Call("max", (first, second)), left)


def in_order(expr: Expr) -> Expr:
    """Return an extent in normal form, its terms and factors in one order: equal ones are equal."""
    if isinstance(expr, Call):
        return Call(expr.function, tuple(sorted(map(in_order, expr.args), key=_term_key)))
    expr = simplified(expr)
    terms = expr.terms if isinstance(expr, Add) else (expr,)
    return add(*sorted(map(_factors_in_order, terms), key=_term_key))


def _factors_in_order(term: Expr) -> Expr:
    if isinstance(term, FloorDiv):
        return FloorDiv(in_order(term.left), in_order(term.right))
    if isinstance(term, Mod):
        return Mod(in_order(term.left), in_order(term.right))
    if not isinstance(term, Mul):
        return term
    return mul(*sorted(map(_factors_in_order, term.factors), key=_factor_key))


def _term_key(term: Expr) -> tuple[bool, bool, str]:
    """Lengths first, then constants, what is subtracted last."""
    coefficient, rest = split_coefficient(term)
    whole = any(isinstance(part, AxisLength) for part in walk(rest))
    return coefficient < 0, not whole, repr(rest)


def _factor_key(factor: Expr) -> tuple[bool, bool, str]:
    whole = any(isinstance(part, AxisLength) for part in walk(factor))
    return not isinstance(factor, Number), whole, repr(factor)
