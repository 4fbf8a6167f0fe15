"""Lower a tensor that several statements fill: parts one after another, stacked, or interleaved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from symgrad.language.affine import affine, simplified
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Delta,
    Expr,
    Index,
    IndexValue,
    Mul,
    Number,
    Reduce,
    add,
    free_indices,
    freshen,
    mul,
    split_coefficient,
    substitute,
    subtract,
)
from symgrad.language.statement import Statement
from symgrad.lowering.expressions.elementwise import Frame, lower, lower_extent
from symgrad.lowering.expressions.repeating import extent_of, repeated
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.indexing.indices import lower_index
from symgrad.lowering.indexing.placing import access
from symgrad.lowering.nodes.arrays import Array, Expand, Fill, Value
from symgrad.lowering.nodes.combine import align
from symgrad.lowering.nodes.scatters import Joined, Part, Scatter
from symgrad.lowering.plans.plan import HelperCheck


def is_plain(statement: Statement) -> bool:
    """Say whether the left side has an index of its own for each axis."""
    return len(set(statement.indices)) == len(statement.subscripts)


def fill_parts(
    statements: Sequence[Statement], axes: Frame, scope: Scope
) -> tuple[Value, HelperCheck | None]:
    """Return the tensor over its axes, and a check that the parts fill each place once.

    There is no check where that is proven.
    """
    for axis in range(len(axes)):
        chain = _chain(statements, axes, axis)
        if chain is not None:
            return _joined(chain, axes, axis, scope), None
    return _scattered(statements, axes, scope), _cover_check(statements, axes, scope)


def _same(left: Expr | None, right: Expr | None) -> bool:
    if left is None or right is None:
        return False
    return simplified(subtract(left, right)) == ZERO


# --- one after another ---------------------------------------------------------------------------


def _chain(statements: Sequence[Statement], axes: Frame, axis: int) -> list[Statement] | None:
    """Return the parts in order along an axis, each beginning where the one before ends."""
    if not all(_is_alone(statement, axes, axis) for statement in statements):
        return None
    left = list(statements)
    found: list[Statement] = []
    end: Expr = ZERO
    while left:
        follower = next((s for s in left if _same(_start(s, axis), end)), None)
        if follower is None:
            return None
        left.remove(follower)
        found.append(follower)
        end = add(end, _count(follower, axis))
    return found if _same(end, axes[axis].extent) else None


def _is_alone(statement: Statement, axes: Frame, axis: int) -> bool:
    """Say whether a part is a run along one axis and as wide as the tensor along the others."""
    others = [n for n in range(len(axes)) if n != axis]
    subscripts = [statement.subscripts[n] for n in others]
    indices = [s.index for s in subscripts if isinstance(s, IndexValue)]
    own = free_indices(statement.subscripts[axis])
    if len(set(indices)) != len(others) or not own.isdisjoint(indices):
        return False
    wide = (_same(index.extent, axes[n].extent) for index, n in zip(indices, others, strict=True))
    return all(wide) and _start(statement, axis) is not None


def _start(statement: Statement, axis: int) -> Expr | None:
    """Return where a part begins along an axis; None where it is no run of neighbours."""
    form = affine(statement.subscripts[axis])
    if form is None or len(form.coefficients) > 1:
        return None
    return form.constant if all(c == ONE for _, c in form.coefficients) else None


def _count(statement: Statement, axis: int) -> Expr:
    """Return how many places of an axis a run takes; a literal takes one."""
    indices = statement.subscripts[axis].free_in_order
    extent = indices[0].extent if indices else ONE
    if extent is None:
        raise AssertionError("an index of a left side has no extent")
    return extent


def _joined(statements: Sequence[Statement], axes: Frame, axis: int, scope: Scope) -> Value:
    literal = [not free_indices(statement.subscripts[axis]) for statement in statements]
    arrays = [
        _one_wide(statement, axes, axis, scope)
        if single and not all(literal)
        else _lowered(statement, scope)
        for statement, single in zip(statements, literal, strict=True)
    ]
    return Value(Joined(tuple(arrays), axis, all(literal)), axes)


def _lowered(statement: Statement, scope: Scope) -> Array:
    order = _order(statement)
    return repeated(lower(statement.value, scope, order), order, scope, result=True)


def _one_wide(statement: Statement, axes: Frame, axis: int, scope: Scope) -> Array:
    """Return a part at one place of an axis, with that axis."""
    order = _order(statement)
    value = lower(statement.value, scope, order)
    if not order and value.array.kind == "weak":
        return Fill(value.array, (lower_extent(ONE, scope),), (0,))
    places = iter(range(len(order)))
    layout = tuple(None if n == axis else next(places) for n in range(len(axes)))
    return Expand(_lowered(statement, scope), layout)


def _order(statement: Statement) -> Frame:
    indices = (i for subscript in statement.subscripts for i in subscript.free_in_order)
    return tuple(dict.fromkeys(indices))


# --- anywhere ------------------------------------------------------------------------------------


def _scattered(statements: Sequence[Statement], axes: Frame, scope: Scope) -> Value:
    """y[e_i] = a_i is y_p = sum_i a_i*delta(e_i, p): each part goes to its places."""
    known = {
        access(subscript, own.extent)
        for statement in statements
        for subscript, own in zip(statement.subscripts, axes, strict=True)
    }
    inside = replace(scope, accesses=scope.accesses | (known - {None}))
    terms = [_as_sum(statement, axes) for statement in statements]
    value = lower(add(*terms) if len(terms) > 1 else terms[0], inside, axes)
    array = value.array
    if isinstance(array, Scatter) and array.base is None:
        parts = tuple(Part(p.loops, p.places, p.array, p.sign, True) for p in array.fills)
        array = Scatter(array.shape, parts, array.margins, array.signed)
    return Value(array, value.axes)


def _as_sum(statement: Statement, axes: Frame) -> Expr:
    deltas: list[Expr] = []
    plain: dict[Index, Expr] = {}
    for subscript, own in zip(statement.subscripts, axes, strict=True):
        index = subscript.index if isinstance(subscript, IndexValue) else None
        if index is not None and index not in plain and _same(index.extent, own.extent):
            plain[index] = IndexValue(own)
        else:
            deltas.append(Delta(subscript, IndexValue(own)))
    summed = tuple(index for index in _order(statement) if index not in plain)
    body = substitute(Mul((freshen(statement.value), *deltas)), plain)
    return Reduce("sum", summed, None, body) if summed else body


def _cover_check(statements: Sequence[Statement], axes: Frame, scope: Scope) -> HelperCheck | None:
    """Return the check that each place is filled once, along the axes that need it."""
    needed = [
        n
        for n, own in enumerate(axes)
        if not all(_is_whole_axis(statement, n, own) for statement in statements)
    ]
    if len(statements) == 1 and all(_counts_through(statements[0], n, axes[n]) for n in needed):
        return None
    if len(needed) == 1 and _interleave(statements, needed[0], axes[needed[0]]):
        return None
    lengths = tuple(lower_extent(extent_of(axes[n]), scope) for n in needed)
    parts = [_places([part.subscripts[n] for n in needed], scope) for part in statements]
    return HelperCheck("_check_cover", (statements[0].name, lengths, *parts))


def _interleave(statements: Sequence[Statement], axis: int, own: Index) -> bool:
    """Say whether each of n parts takes every n-th place of an axis, from another start."""
    count = Number(Fraction(len(statements)))
    starts: set[Fraction] = set()
    for statement in statements:
        form = affine(statement.subscripts[axis])
        if form is None or len(form.coefficients) != 1 or not isinstance(form.constant, Number):
            return False
        index, step = form.coefficients[0]
        if step != count or not _same(mul(count, extent_of(index)), own.extent):
            return False
        starts.add(form.constant.value)
    return starts == {Fraction(n) for n in range(len(statements))}


def _places(subscripts: Sequence[Expr], scope: Scope) -> tuple[Array, ...]:
    """Return arrays of integers that broadcast, one for each subscript."""
    order = tuple(dict.fromkeys(i for subscript in subscripts for i in subscript.free_in_order))
    return tuple(align(lower_index(subscript, scope, order), order) for subscript in subscripts)


def _counts_through(statement: Statement, axis: int, own: Index) -> bool:
    """Say whether a subscript runs through an axis once: s*i + r with r below s, or backwards."""
    form = affine(statement.subscripts[axis])
    others = [s for n, s in enumerate(statement.subscripts) if n != axis]
    if form is None or any(i in free_indices(s) for i, _ in form.coefficients for s in others):
        return False
    start, steps = form.constant, list(form.coefficients)
    for n, (index, step) in enumerate(steps):
        if split_coefficient(step)[0] < 0:
            start = add(start, mul(step, subtract(extent_of(index), ONE)))
            steps[n] = index, mul(MINUS_ONE, step)
    size: Expr = ONE
    while steps:
        following = next((pair for pair in steps if _same(pair[1], size)), None)
        if following is None:
            return False
        steps.remove(following)
        size = mul(size, extent_of(following[0]))
    return _same(start, ZERO) and _same(size, own.extent)


def _is_whole_axis(statement: Statement, axis: int, own: Index) -> bool:
    subscript = statement.subscripts[axis]
    if not isinstance(subscript, IndexValue) or not _same(subscript.index.extent, own.extent):
        return False
    others = [s for n, s in enumerate(statement.subscripts) if n != axis]
    return all(subscript.index not in free_indices(other) for other in others)
