"""Differentiate one definition: what it contributes to the gradient of each value that it reads.

One occurrence of a value gives one term: the incoming gradient, the local derivative, a sum over
all elements of the definition, and one Kronecker delta for each axis. Nothing is multiplied out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch

from symgrad.derivation.graph import Definition, Graph
from symgrad.derivation.parts import Part, Parts
from symgrad.derivation.terms import UNIT, Factor, Term, flatten, merge_factors
from symgrad.language.expr import (
    ZERO,
    Add,
    And,
    ArgReduce,
    AxisLength,
    Call,
    Compare,
    Constant,
    Delta,
    Element,
    Expr,
    FloorDiv,
    IndexValue,
    Indicator,
    Mod,
    Mul,
    Not,
    Number,
    OpaqueCall,
    Or,
    Pad,
    Power,
    Reduce,
    StopGradient,
    Where,
    conjunction,
    element_names,
    ordered_free_indices,
    rename,
)
from symgrad.language.functions import FUNCTIONS


@dataclass(frozen=True)
class Contribution:
    """What one definition adds to the gradient of `target`.

    Attributes:
        source: the definition, at the fresh indices over which the chain rule sums.
        target: the element whose gradient it is.
        term: incoming gradient * derivative * deltas, summed over the source's indices.
    """

    source: Element
    target: Element
    term: Term


def pull_back(
    definition: Definition, cotangent: str, wanted: Callable[[str], Definition | None], graph: Graph
) -> Iterator[Contribution]:
    """Yield the contribution of each occurrence of a wanted value in the definition.

    `wanted` gives the target with its own indices, or None where no gradient flows; `cotangent` is
    the name of the definition's own gradient. Arg-max and leave-one-out products that are needed
    are added to the graph.
    """
    fresh = {index: index.fresh() for index in definition.indices}
    body = rename(definition.body, fresh)
    source = Element(definition.name, tuple(IndexValue(fresh[i]) for i in definition.indices))
    incoming = Term(UNIT, ((Element(cotangent, source.subscripts), UNIT),), tuple(fresh.values()))
    for element, derivative in local_derivatives(body, source, graph):
        target = wanted(element.name)
        if target is None:
            continue
        deltas = tuple(
            (Delta(subscript, IndexValue(own)), UNIT)
            for subscript, own in zip(element.subscripts, target.indices, strict=True)
        )
        term = incoming.times(derivative, Term(UNIT, deltas))
        yield Contribution(source, target.element(), term)


# factors that no gradient flows through
_WITHOUT_GRADIENT = (Indicator, Delta, StopGradient, ArgReduce, FloorDiv, Mod, Reduce)


@singledispatch
def local_derivatives(body: Expr, value: Element, graph: Graph) -> Iterator[tuple[Element, Term]]:
    """Yield each element that the body reads with the derivative by it, as a term."""
    raise TypeError(f"no derivative of {type(body).__name__}")


@local_derivatives.register(Number)
@local_derivatives.register(Constant)
@local_derivatives.register(IndexValue)
@local_derivatives.register(AxisLength)
@local_derivatives.register(FloorDiv)
@local_derivatives.register(Mod)
@local_derivatives.register(Delta)
@local_derivatives.register(Indicator)
@local_derivatives.register(StopGradient)
@local_derivatives.register(ArgReduce)
def _(body: Expr, value: Element, graph: Graph) -> Iterator[tuple[Element, Term]]:
    yield from ()


@local_derivatives.register(Add)
@local_derivatives.register(Mul)
@local_derivatives.register(Power)
@local_derivatives.register(Element)
@local_derivatives.register(Pad)
def _(body: Expr, value: Element, graph: Graph) -> Iterator[tuple[Element, Term]]:
    for term in flatten(body):
        yield from _product_rule(term)


def _product_rule(term: Term) -> Iterator[tuple[Element, Term]]:
    for position, (base, exponent) in enumerate(term.factors):
        if not isinstance(base, (Element, Pad)):
            assert not element_names(base) or isinstance(base, _WITHOUT_GRADIENT), base
            continue
        rest: list[Factor] = list(term.factors)
        rest[position] = (base, exponent - 1)
        for element, masks in _read(base):
            factors = merge_factors((*rest, *masks))
            yield element, Term(term.coefficient * exponent, factors, term.sums)


def _read(leaf: Expr) -> Iterator[tuple[Element, tuple[Factor, ...]]]:
    """Yield the elements whose value a leaf may have, each with the masks where it has it.

    The deltas of an element's own subscripts see to it that nothing is read outside.
    """
    if isinstance(leaf, Element):
        yield leaf, ()
    elif isinstance(leaf, Pad):
        yield leaf.element, ()
        outside = Indicator(_outside(leaf.element)), UNIT
        for element, masks in _read(leaf.value):
            yield element, (outside, *masks)


def _outside(element: Element) -> Expr:
    """Return the condition that some subscript of an element leaves its axis."""
    conditions: list[Expr] = []
    for axis, subscript in enumerate(element.subscripts):
        conditions.append(Compare("<", subscript, ZERO))
        conditions.append(Compare(">=", subscript, AxisLength(element.name, axis)))
    return Or(tuple(conditions))


@local_derivatives.register
def _(body: Call, value: Element, graph: Graph) -> Iterator[tuple[Element, Term]]:
    rules = FUNCTIONS[body.function].derivatives
    for arg, rule in zip(body.args, rules, strict=True):
        for element, masks in _read(arg):
            yield element, _as_term(rule(*body.args, value)).times(Term(UNIT, masks))


@local_derivatives.register
def _(body: OpaqueCall, value: Element, graph: Graph) -> Iterator[tuple[Element, Term]]:
    derivative: Factor = (OpaqueCall(body.function, body.arg, body.order + 1), UNIT)
    for element, masks in _read(body.arg):
        yield element, Term(UNIT, (derivative, *masks))


@local_derivatives.register
def _(body: Where, value: Element, graph: Graph) -> Iterator[tuple[Element, Term]]:
    for branch, condition in (
        (body.then, body.condition),
        (body.otherwise, negate(body.condition)),
    ):
        for element, masks in _read(branch):
            yield element, Term(UNIT, merge_factors(((Indicator(condition), UNIT), *masks)))


@local_derivatives.register
def _(body: Reduce, value: Element, graph: Graph) -> Iterator[tuple[Element, Term]]:
    if body.op == "sum":
        for term in flatten(body):
            yield from _product_rule(term)
    elif isinstance(body.body, (Element, Pad)):
        fresh = {index: index.fresh() for index in body.indices}
        renamed = rename(body, fresh)
        assert isinstance(renamed, Reduce)
        rule = _leave_one_out if body.op == "prod" else _first_extremum
        derivative = rule(renamed, graph)
        for element, masks in _read(renamed.body):
            yield element, derivative.times(Term(UNIT, masks))


@local_derivatives.register
def _(body: Parts, value: Element, graph: Graph) -> Iterator[tuple[Element, Term]]:
    for part in body.parts_:
        fresh = {index: index.fresh() for index in part.indices}
        renamed = rename(part, fresh)
        assert isinstance(renamed, Part)
        places = zip(renamed.target, value.subscripts, strict=True)
        deltas = tuple((Delta(place, own), UNIT) for place, own in places)
        for element, masks in _read(renamed.value):
            yield element, Term(UNIT, (*masks, *deltas), renamed.indices)


def _first_extremum(body: Reduce, graph: Graph) -> Term:
    """Return the derivative of max_k u_k by u_k: 1 at the first k that attains it, else 0."""
    (index,) = body.indices
    inner = index.fresh()
    renamed = rename(Reduce(body.op, (index,), body.condition, body.body), {index: inner})
    assert isinstance(renamed, Reduce)
    place = graph.intern(ArgReduce("arg" + body.op, inner, renamed.condition, renamed.body))
    return Term(UNIT, ((Delta(IndexValue(index), place), UNIT),), (index,))


def _leave_one_out(body: Reduce, graph: Graph) -> Term:
    """Return the derivative of prod_k u_k by u_k: the product of the others, right with zeros."""
    (index,) = body.indices
    other = index.fresh()
    renamed = rename(Reduce("prod", (index,), body.condition, body.body), {index: other})
    assert isinstance(renamed, Reduce)
    unequal = Compare("!=", IndexValue(other), IndexValue(index))
    condition = conjunction(renamed.condition, unequal)
    own = ordered_free_indices(body.body)
    rest = graph.intern(Reduce("prod", (other,), condition, renamed.body), own)
    factors: tuple[Factor, ...] = ((rest, UNIT),)
    if body.condition is not None:
        factors += ((Indicator(body.condition), UNIT),)
    return Term(UNIT, factors, (index,))


def _as_term(derivative: Expr) -> Term:
    terms = flatten(derivative)
    if len(terms) == 1:
        return terms[0]
    return Term(UNIT, ((derivative, UNIT),)) if terms else Term(Fraction(0))


_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def negate(condition: Expr) -> Expr:
    """Return the condition that holds where this one fails, NaN apart."""
    if isinstance(condition, Compare):
        return Compare(_OPPOSITE[condition.op], condition.left, condition.right)
    if isinstance(condition, Not):
        return condition.arg
    if isinstance(condition, And):
        return Or(tuple(negate(arg) for arg in condition.args))
    if isinstance(condition, Or):
        return And(tuple(negate(arg) for arg in condition.args))
    return Not(condition)
