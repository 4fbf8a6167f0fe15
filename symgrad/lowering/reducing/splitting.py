"""Split sums of differences, so that no array is larger than inputs and outputs need it.

sum_k (x_ik - y_jk)^2 would need an (I, J, K) array. It is written as a sum of squares and products,
each of fewer axes. Such terms cancel where x and y are far from 0, so one centre is subtracted from
both first: it drops out of the difference, and rounding stays near that of the centred rows. Where
single rows x_i and y_j are compared they may lie closer than that: `distances` sees to these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from symgrad.language.expr import (
    ZERO,
    Add,
    Call,
    Delta,
    Element,
    Expr,
    Index,
    IndexValue,
    Indicator,
    Mul,
    Number,
    Power,
    Reduce,
    add,
    alpha_key,
    element_names,
    free_indices,
    freshen,
    map_parts,
    mul,
    ordered_free_indices,
    power,
    split_coefficient,
    substitute,
    walk,
)
from symgrad.language.layer import Statement
from symgrad.language.program import Program
from symgrad.lowering.contracting.distances import Centre, SquaredDistances
from symgrad.lowering.expressions.scope import nominal_size
from symgrad.lowering.plans.names import unique_name
from symgrad.lowering.reducing.reductions import mean_as_sum

TWO = Number(Fraction(2))
CENTRE_COMMENT = "{0} and {1} around a centre of the rows: no digits are lost to an offset"


def split_program(program: Program) -> tuple[Program, dict[str, str]]:
    """Return the program with its differences split, and comments on the names that were added."""
    taken = {*program.layer.inputs, *program.layer.constants, *program.cotangents.values()}
    taken |= {statement.name for statement in (*program.forward, *program.backward)}
    order = [name for s in program.layer.statements for name in element_names(s.value)]
    splitter = Splitter(taken, {name: n for n, name in enumerate(dict.fromkeys(order))})
    forward = splitter.statements(program.forward)
    backward = splitter.statements(program.backward)
    if not splitter.comments:
        same = forward == list(program.forward) and backward == list(program.backward)
        if same:
            return program, {}
    new = replace(program, forward=tuple(forward), backward=tuple(backward))
    return new, splitter.comments


@dataclass(frozen=True)
class Group:
    """Terms of a difference that are computed together: sign*value."""

    sign: int
    value: Expr


@dataclass
class Splitter:
    """Split the sums of a program's statements; equal differences share their centred parts.

    Attributes:
        taken: names that a new one may not have.
        ranks: the place of each of the formula's names, by first appearance.
        comments: why the names that were added are there.
    """

    taken: set[str]
    ranks: dict[str, int]
    comments: dict[str, str] = field(default_factory=dict)
    _known: dict[object, tuple[tuple[Index, ...], list[Group]]] = field(default_factory=dict)
    _pending: list[Statement] = field(default_factory=list)

    def statements(self, statements: Sequence[Statement]) -> list[Statement]:
        """Return the statements with their sums split, and those that the split ones read."""
        found: list[Statement] = []
        for statement in statements:
            value = self.split(statement.value)
            found.extend(self._pending)
            self._pending.clear()
            found.append(Statement(statement.name, statement.subscripts, value))
        return found

    def split(self, expr: Expr) -> Expr:
        """Return the expression with every sum split that needs it."""
        if isinstance(expr, Reduce) and expr.op == "sum":
            new = self._split_sum(expr)
            if new is not None:
                return self.split(new)
        if isinstance(expr, Reduce) and expr.op == "mean":
            total, *counts = mean_as_sum(expr)
            new = self._split_sum(total)
            if new is not None:
                return self.split(mul(new, *counts))
        return map_parts(expr, self.split)

    def _split_sum(self, expr: Reduce) -> Expr | None:
        """sum a*(b + c) = sum a*b + sum a*c, where b + c is the largest array by far.

        Ends: each use removes one sum inside a product.
        """
        factors = expr.body.factors if isinstance(expr.body, Mul) else (expr.body,)
        for factor in factors:
            square = isinstance(factor, Power) and factor.exponent == TWO
            total = factor.base if isinstance(factor, Power) and square else factor
            if not isinstance(total, Add) or not is_splittable(total, expr):
                continue
            rest = [other for other in factors if other is not factor]
            groups = sorted(merge_terms(total), key=self._rank)
            alone = [group for group in groups if is_alone(group, groups, expr, rest)]
            groups = alone + [group for group in groups if group not in alone]
            centred = self._centred(groups, total)
            if square:
                found = sum_of_distances(expr, rest, groups, centred)
                if found is not None:
                    return found
            terms = _squared(centred) if square else [(g.sign, g.value) for g in centred]
            result = add(*(_scaled_sum(expr, rest, c, t) for c, t in terms))
            positive = all(isinstance(other, (Number, Indicator, Delta)) for other in rest)
            return Call("max", (result, ZERO)) if square and positive else result
        return None

    # --- centring ----------------------------------------------------------------------------

    def _rank(self, group: Group) -> list[tuple[int, str]]:
        names = element_names(group.value)
        return [(self.ranks.get(name, len(self.ranks)), name) for name in names]

    def _centred(self, groups: list[Group], total: Add) -> list[Group]:
        """Return the groups with one centre subtracted from all, as elements of new statements.

        Groups of one sign have no common centre, and stay as they are.
        """
        narrow = all(free_indices(g.value) < free_indices(total) for g in groups)
        if len({group.sign for group in groups}) == 1 or not narrow:
            return groups
        flip = groups[0].sign
        whole = add(*(mul(_sign(g.sign * flip), g.value) for g in groups))
        order = ordered_free_indices(whole)
        extents = tuple(index.extent for index in order)
        key = (extents, alpha_key(whole, {index: n for n, index in enumerate(order)}))
        if key not in self._known:
            self._known[key] = (order, self._centre(groups, flip))
        known_order, known = self._known[key]
        mapping = {old: IndexValue(new) for old, new in zip(known_order, order, strict=True)}
        return [Group(g.sign * flip, substitute(g.value, mapping)) for g in known]

    def _centre(self, groups: list[Group], flip: int) -> list[Group]:
        last = groups[-1]
        centres: list[Expr] = []
        found: list[Group] = []
        for group in groups[:-1]:
            centre = self._amid(group, free_indices(last.value))
            centres.append(mul(_sign(group.sign), centre))
            shifted = group.value - centre
            found.append(Group(group.sign * flip, self._assign(group.value, "centred", shifted)))
        shifted = add(last.value, *(mul(_sign(last.sign), centre) for centre in centres))
        found.append(Group(last.sign * flip, self._assign(last.value, "centred", shifted)))
        sources = [next(iter(element_names(g.value)), "offset") for g in (groups[0], last)]
        self.comments[element_names(found[0].value)[0]] = CENTRE_COMMENT.format(*sources)
        return found

    def _amid(self, group: Group, kept: frozenset[Index]) -> Expr:
        """Return a point amid a group's values over the indices that the last group lacks."""
        indices = [index for index in ordered_free_indices(group.value) if index not in kept]
        fresh = {index: IndexValue(index.fresh()) for index in indices}
        body = freshen(substitute(group.value, fresh))
        bound = tuple(value.index for value in fresh.values())
        return self._assign(group.value, "centre", Centre(bound, body))

    def _assign(self, source: Expr, word: str, value: Expr) -> Element:
        """Add a statement and return the element that reads it."""
        stem = next(iter(element_names(source)), "offset")
        name = unique_name(f"{stem}_{word}", self.taken)
        self.taken.add(name)
        subscripts = tuple(IndexValue(index) for index in ordered_free_indices(value))
        self._pending.append(Statement(name, subscripts, value))
        return Element(name, subscripts)


def is_alone(group: Group, groups: Sequence[Group], expr: Reduce, rest: Sequence[Expr]) -> bool:
    """Say whether a sum runs over all indices that a group has alone, and weighs each the same.

    The terms of its square are no larger than their sum then, around a centre of this group.
    """
    others = [free_indices(other.value) for other in groups if other is not group]
    own = free_indices(group.value).difference(*others)
    read = [*rest, *([] if expr.condition is None else [expr.condition])]
    return own.issubset(expr.indices) and all(own.isdisjoint(free_indices(f)) for f in read)


def sum_of_distances(
    expr: Reduce, rest: Sequence[Expr], groups: Sequence[Group], centred: Sequence[Group]
) -> Expr | None:
    """sum_jk a_ij*w_k*(x_ik - z_jk)^2 = sum_j a_ij*(sum_k w_k*(x_ik - z_jk)^2), by a helper.

    The inner sums are accurate even where rows lie close. None where the square's own terms are,
    where there are no rows to compare, and where a factor is a mask or belongs to pairs of rows.
    """
    if len(groups) != 2 or any(is_alone(group, groups, expr, rest) for group in groups):
        return None
    pairs = list(zip(groups, centred, strict=True))
    sides = [free_indices(group.value) for group in groups]
    inner = tuple(index for index in expr.indices if index in sides[0] & sides[1])
    masks = [] if expr.condition is None else [expr.condition]
    masks += [f for f in rest if any(isinstance(part, (Indicator, Delta)) for part in walk(f))]
    weights = [factor for factor in rest if not free_indices(factor).isdisjoint(inner)]
    weight = mul(*weights)
    if not free_indices(weight) <= sides[0]:
        pairs.reverse()
        sides.reverse()
    masked = any(not free_indices(mask).isdisjoint(inner) for mask in masks)
    if not inner or masked or not free_indices(weight) <= sides[0]:
        return None
    (left, near_left), (right, near_right) = pairs
    flip = _sign(-left.sign * right.sign)
    near = (near_left.value, mul(flip, near_right.value))
    distances = SquaredDistances(inner, weight, left.value, mul(flip, right.value), near)
    body = mul(*(factor for factor in rest if factor not in weights), distances)
    outer = tuple(index for index in expr.indices if index not in inner)
    if outer:
        return Reduce("sum", outer, expr.condition, body)
    return body if expr.condition is None else mul(Indicator(expr.condition), body)


def _sign(sign: int) -> Number:
    return Number(Fraction(sign))


def is_splittable(total: Add, expr: Reduce) -> bool:
    """Say whether the sum of the terms would be an array larger than the result and all factors."""
    axes = free_indices(total)
    if axes.isdisjoint(expr.indices):
        return False
    narrow = all(
        free_indices(factor) < axes
        for term in total.terms
        for factor in (term.factors if isinstance(term, Mul) else (term,))
    )
    leaves = [free_indices(part) for part in walk(expr.body) if isinstance(part, Element)]
    largest = max([nominal_size(free_indices(expr)), *(nominal_size(leaf) for leaf in leaves)])
    return narrow and nominal_size(axes) > largest


def merge_terms(total: Add) -> list[Group]:
    """Return the terms in groups: a term joins one that has all of its indices and lacks others.

    There are two groups at least, as no term of a splittable sum is an array over all indices.
    """
    axes = free_indices(total)
    groups: list[list[Expr]] = []
    for term in sorted(total.terms, key=lambda term: -len(free_indices(term))):
        hosts = (group for group in groups if free_indices(group[0]) < axes)
        home = next((g for g in hosts if free_indices(term) <= free_indices(g[0])), None)
        if home is None:
            groups.append([term])
        else:
            home.append(term)
    found = []
    for terms in groups:
        sign = -1 if split_coefficient(terms[0])[0] < 0 else 1
        found.append(Group(sign, add(*(mul(_sign(sign), term) for term in terms))))
    return found


def _scaled_sum(expr: Reduce, rest: Sequence[Expr], coefficient: int, term: Expr) -> Expr:
    """Return one part of a split sum, with indices of its own and its number in front."""
    number, body = split_coefficient(mul(Number(Fraction(coefficient)), *rest, term))
    return mul(Number(number), freshen(Reduce("sum", expr.indices, expr.condition, body)))


def _squared(groups: Sequence[Group]) -> list[tuple[int, Expr]]:
    """Return (number, term) for the terms of (sum of the groups)^2."""
    squares = [(1, power(group.value, TWO)) for group in groups]
    products = [
        (2 * left.sign * right.sign, mul(left.value, right.value))
        for n, left in enumerate(groups)
        for right in groups[n + 1 :]
    ]
    return [*squares, *products]
