"""List the changes that people make to a right formula by mistake, a rule a kind.

A rule yields what one node becomes, with a sentence that says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any

from symgrad.formats.layout import Page
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    ArgReduce,
    Compare,
    Element,
    Expr,
    Index,
    IndexValue,
    Mul,
    Number,
    Power,
    Reduce,
    Where,
    freshen,
    mul,
    replace,
    substitute,
    walk,
)

_EXPONENTS = tuple(map(Fraction, ("1", "2", "-1", "1/2", "-1/2", "3", "-3/2", "-2")))
_OTHERS = {
    "<": ("<=", ">", ">="),
    "<=": ("<", ">=", ">"),
    ">": (">=", "<", "<="),
    ">=": (">", "<=", "<"),
    "==": ("!=",),
    "!=": ("==",),
}


@dataclass(frozen=True)
class Place:
    """Where a node stands: the indices in sight, how they print, and what it may read.

    Attributes:
        page: prints what stands there.
        upstream: the incoming gradients.
        axes: the extents of each tensor that the statements read.
    """

    page: Page
    upstream: tuple[str, ...]
    axes: dict[str, tuple[Any, ...]]

    @property
    def indices(self) -> tuple[Index, ...]:
        """The indices in sight, outermost first."""
        return tuple(self.page.scope.letters)

    def text(self, expr: Expr) -> str:
        """Return a node as the formula prints it."""
        return self.page.text(expr)

    def inside(self, expr: Expr) -> Place:
        """Return the place inside of a node that binds indices."""
        if not expr.bound:
            return self
        scope = self.page.scope.bind(expr.bound, expr.children)
        page = Page(self.page.notation, scope, None, self.page.lengths)
        return Place(page, self.upstream, self.axes)


Change = tuple[str, Expr]
Rule = Callable[[Expr, Place], Iterator[Change]]


def keep_diagonal(expr: Expr, place: Place) -> Iterator[Change]:
    """Keep one term of a sum: that at an index in sight."""
    if isinstance(expr, Reduce) and expr.op == "sum" and len(expr.indices) == 1:
        own = expr.indices[0]
        for index in place.indices:
            if index.extent == own.extent and index not in expr.body.free:
                letter = place.inside(expr).page.scope.letter(own)
                at = f"{letter} = {place.page.scope.letter(index)}"
                body = freshen(substitute(expr.body, {own: IndexValue(index)}))
                text = place.text(expr)
                yield f"of {text} the term {at} alone is there: the cross terms are missing", body


def reduce_other_axis(expr: Expr, place: Place) -> Iterator[Change]:
    """Reduce over a free index of the body in place of the bound one."""
    if not isinstance(expr, Reduce) or len(expr.indices) != 1:
        return
    own = expr.indices[0]
    takers = [i for i in place.indices if i.extent == own.extent and i not in expr.body.free]
    for free in expr.body.free_in_order:
        if free is own or free not in place.indices:
            continue
        for taker in takers:
            fresh = free.fresh()
            moved = substitute(expr.body, {own: IndexValue(taker), free: IndexValue(fresh)})
            letters = place.page.scope.letter(free), place.inside(expr).page.scope.letter(own)
            text = place.text(expr)
            sentence = f"in {text} the {expr.op} is over {letters[0]} in place of {letters[1]}"
            yield sentence, freshen(Reduce(expr.op, (fresh,), None, moved))


def reduce_fewer_axes(expr: Expr, place: Place) -> Iterator[Change]:
    """Reduce over all bound indices but one, which takes the value of an index in sight."""
    if not isinstance(expr, Reduce) or len(expr.indices) < 2 or expr.condition is not None:
        return
    for own in expr.indices:
        rest = tuple(index for index in expr.indices if index is not own)
        for taker in place.indices:
            if taker.extent == own.extent and taker not in expr.body.free:
                body = substitute(expr.body, {own: IndexValue(taker)})
                letters = ", ".join(map(place.inside(expr).page.scope.letter, rest))
                sentence = f"{place.text(expr)} is taken over {letters} alone"
                yield sentence, freshen(Reduce(expr.op, rest, None, body))


def reduce_more_axes(expr: Expr, place: Place) -> Iterator[Change]:
    """Reduce over a free index of the body, too."""
    if not isinstance(expr, Reduce) or expr.condition is not None:
        return
    for free in expr.body.free_in_order:
        if free in place.indices:
            fresh = free.fresh()
            body = substitute(expr.body, {free: IndexValue(fresh)})
            sentence = f"{place.text(expr)} is taken over {place.page.scope.letter(free)} too"
            yield sentence, freshen(Reduce(expr.op, (*expr.indices, fresh), None, body))


def run_along_other_axis(expr: Expr, place: Place) -> Iterator[Change]:
    """Exchange the axis along which a sum runs, up to an index in sight, with another."""
    if not isinstance(expr, Reduce) or len(expr.indices) != 1 or expr.condition is None:
        return
    own = expr.indices[0]
    for end in place.indices:
        if end in expr.body.free or end not in expr.condition.free:
            continue
        for free in expr.body.free_in_order:
            if free in place.indices and free is not end:
                fresh = free.fresh()
                body = substitute(expr.body, {own: IndexValue(end), free: IndexValue(fresh)})
                ends = {own: IndexValue(fresh), end: IndexValue(free)}
                condition = substitute(expr.condition, ends)
                letters = map(place.page.scope.letter, (free, end))
                sentence = "{} runs along {} in place of {}".format(place.text(expr), *letters)
                yield sentence, freshen(Reduce(expr.op, (fresh,), condition, body))


def confuse_extremum(expr: Expr, place: Place) -> Iterator[Change]:
    """Take the least for the greatest, and the other way round."""
    swap = {"max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax"}
    if isinstance(expr, (Reduce, ArgReduce)) and expr.op in swap:
        sentence = f"the {swap[expr.op]} stands in place of the {expr.op} in {place.text(expr)}"
        yield sentence, dataclasses.replace(expr, op=swap[expr.op])


def transpose_everywhere(expr: Expr, place: Place) -> Iterator[Change]:
    """Read a matrix with its axes exchanged wherever it is read."""
    names = [p.name for p in walk(expr) if isinstance(p, Element) and len(p.subscripts) == 2]
    for name in dict.fromkeys(n for n in names if names.count(n) > 1):

        def turned(part: Expr, name: str = name) -> Expr | None:
            if isinstance(part, Element) and part.name == name:
                return Element(name, part.subscripts[::-1])
            return None

        yield f"{name} is transposed wherever it is read", replace(expr, turned)


def exchange_upstream(expr: Expr, place: Place) -> Iterator[Change]:
    """Read each of two incoming gradients for the other."""
    for one, other in combinations(place.upstream, 2):
        if place.axes.get(one) == place.axes.get(other):
            names = {one: other, other: one}

            def exchanged(part: Expr, names: dict[str, str] = names) -> Expr | None:
                if isinstance(part, Element) and part.name in names:
                    return Element(names[part.name], part.subscripts)
                return None

            text = f"the incoming gradients {one} and {other} are exchanged"
            yield text, replace(expr, exchanged)


def lose_place(expr: Expr, place: Place) -> Iterator[Change]:
    """Put a reduction's value along another axis, as without keepdims."""
    if isinstance(expr, Reduce):
        for free in expr.free_in_order:
            for other in place.indices:
                if free in place.indices and other not in expr.free:
                    letters = (place.page.scope.letter(i) for i in (free, other))
                    text = "{} lies along axis {}, it belongs along {}: keepdims=True is missing"
                    old, new = letters
                    sentence = text.format(place.text(expr), new, old)
                    yield sentence, substitute(freshen(expr), {free: IndexValue(other)})


def confuse_mean(expr: Expr, place: Place) -> Iterator[Change]:
    """Take the mean for the sum, and the other way round."""
    swap = {"mean": "sum", "sum": "mean"}
    if isinstance(expr, Reduce) and expr.op in swap:
        other = swap[expr.op]
        sentence = f"a {other} stands in place of the {expr.op} in {place.text(expr)}"
        yield sentence, Reduce(other, expr.indices, expr.condition, expr.body)


def drop_factor(expr: Expr, place: Place) -> Iterator[Change]:
    """Leave out a factor."""
    if isinstance(expr, Mul):
        for position, factor in enumerate(expr.factors):
            rest = (*expr.factors[:position], *expr.factors[position + 1 :])
            yield f"the factor {place.text(factor)} is missing", _product(rest)


def repeat_factor(expr: Expr, place: Place) -> Iterator[Change]:
    """Multiply by a factor twice."""
    if isinstance(expr, Mul):
        for factor in expr.factors:
            if not isinstance(factor, Number):
                again = Mul((*expr.factors, freshen(factor)))
                yield f"the factor {place.text(factor)} is there twice", again


def drop_term(expr: Expr, place: Place) -> Iterator[Change]:
    """Leave out a term, or turn its sign."""
    if isinstance(expr, Add):
        for position, term in enumerate(expr.terms):
            before, after = expr.terms[:position], expr.terms[position + 1 :]
            text = place.text(term)
            yield f"the term {text} is missing", Add((*before, *after))
            turned = Add((*before, mul(MINUS_ONE, term), *after))
            yield f"the term {text} has the wrong sign", turned


def forget_upstream(expr: Expr, place: Place) -> Iterator[Change]:
    """Take 1 for the incoming gradient."""
    if isinstance(expr, Element) and expr.name in place.upstream:
        yield f"the incoming gradient {place.text(expr)} is missing in one place", ONE


def transpose_operand(expr: Expr, place: Place) -> Iterator[Change]:
    """Read a tensor with its axes in another order."""
    if isinstance(expr, Element) and 1 < len(expr.subscripts) <= 4:
        for order in permutations(expr.subscripts):
            if order != expr.subscripts:
                other = Element(expr.name, order)
                yield f"{place.text(other)} stands in place of {place.text(expr)}", other


def read_other_tensor(expr: Expr, place: Place) -> Iterator[Change]:
    """Read another tensor of the same axes."""
    if isinstance(expr, Element):
        for name, axes in place.axes.items():
            if name != expr.name and axes == place.axes.get(expr.name):
                other = Element(name, expr.subscripts)
                yield f"{place.text(other)} stands in place of {place.text(expr)}", other


def change_exponent(expr: Expr, place: Place) -> Iterator[Change]:
    """Raise to another power."""
    if isinstance(expr, Power) and isinstance(expr.exponent, Number):
        for value in _EXPONENTS:
            if value != expr.exponent.value:
                other = expr.base if value == 1 else Power(expr.base, Number(value))
                yield f"{place.text(other)} stands in place of {place.text(expr)}", other


def change_mask(expr: Expr, place: Place) -> Iterator[Change]:
    """Leave a mask out, or exchange its branches."""
    if isinstance(expr, Where):
        condition = place.text(expr.condition)
        for branch in (expr.then, expr.otherwise):
            text = f"{place.text(branch)} stands in place of {place.text(expr)}"
            yield text if expr.otherwise != ZERO else f"the mask {condition} is missing", branch
        turned = Where(expr.condition, expr.otherwise, expr.then)
        yield f"the mask {condition} is the wrong way round", turned


def change_comparison(expr: Expr, place: Place) -> Iterator[Change]:
    """Compare with the neighbouring operator, or the other way round."""
    if isinstance(expr, Compare):
        for op in _OTHERS[expr.op]:
            other = Compare(op, expr.left, expr.right)
            yield f"{place.text(other)} stands in place of {place.text(expr)}", other


RULES: tuple[Rule, ...] = (
    drop_factor,
    drop_term,
    keep_diagonal,
    confuse_mean,
    reduce_other_axis,
    reduce_fewer_axes,
    reduce_more_axes,
    run_along_other_axis,
    confuse_extremum,
    lose_place,
    transpose_operand,
    read_other_tensor,
    change_exponent,
    change_mask,
    change_comparison,
    forget_upstream,
    repeat_factor,
)
# of whole statements
WHOLE: tuple[Rule, ...] = (exchange_upstream, transpose_everywhere)


def _product(factors: Sequence[Expr]) -> Expr:
    if not factors:
        return ONE
    return factors[0] if len(factors) == 1 else Mul(tuple(factors))
