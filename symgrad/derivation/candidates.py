"""Name the values that textbooks name: a softmax behind a log, a normalised x-hat beside its gain.

No formula has to mention them. They are offered to the gradients, and computed when one reads them.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from symgrad.derivation.graph import Definition, Graph, value_key
from symgrad.derivation.terms import UNIT, Term, flatten, plain_sums
from symgrad.language.expr import (
    MINUS_ONE,
    Add,
    Call,
    Element,
    Expr,
    IndexValue,
    Indicator,
    Mul,
    Power,
    Reduce,
    free_indices,
    mul,
    ordered_free_indices,
    power,
)


def offer_softmax(graph: Graph) -> None:
    """Offer e/s for each s = sum e of exponentials: the gradient of its log, which stays finite."""
    for definition in list(graph):
        body = definition.body
        if not (isinstance(body, Reduce) and body.op == "sum"):
            continue
        terms = flatten(body)
        if not terms:  # a sum of zeros
            continue
        term = terms[0]
        elements = [b for b, e in term.factors if isinstance(b, Element) and e == 1]
        others = [b for b, _ in term.factors if not isinstance(b, (Element, Indicator))]
        if len(elements) != 1 or others or not _is_exponential(elements[0], graph):
            continue
        # the index that the sum binds is free in the quotient
        total = Element(definition.name, tuple(IndexValue(i) for i in definition.indices))
        graph.intern(mul(elements[0], power(total, MINUS_ONE)), candidate=True)


def _is_exponential(element: Element, graph: Graph) -> bool:
    body = graph.behind(element)
    return isinstance(body, Call) and body.function == "exp"


def name_products(graph: Graph, wrt: set[str], inputs: set[str]) -> Graph:
    """Return the graph in which products that several places need have a name.

    gamma_j*x_centered_ij*x_rsqrt_i becomes gamma_j*x_hat_ij: the gradient by the input is that very
    product, and the gradient of the rest reads it too. A product with a sum that occurs twice, as
    the scores of a softmax do, is computed once.
    """
    result = Graph(axes=graph.axes, last_number=graph.last_number)
    counts = _product_counts(graph)
    for definition in graph:
        body = definition.body
        if isinstance(body, (Add, Mul)) or (isinstance(body, Reduce) and body.op == "sum"):
            terms = flatten(body)
            new = [_with_hat(term, result, wrt, inputs) for term in terms]
            if len(terms) > 1:
                new = [_with_repeated(term, result, counts) for term in new]
            body = body if new == terms else plain_sums(new)
        _copy(definition, body, result)
    return result


def _product_counts(graph: Graph) -> Counter[Any]:
    """Count the products of the graph that are worth sharing, up to a number in front."""
    bodies = (d.body for d in graph if isinstance(d.body, (Add, Mul, Reduce)))
    terms = (t for body in bodies if _is_sum_of_products(body) for t in flatten(body))
    return Counter(_product_key(term) for term in terms if _is_worth_sharing(term))


def _is_sum_of_products(body: Expr) -> bool:
    return not isinstance(body, Reduce) or body.op == "sum"


def _is_worth_sharing(term: Term) -> bool:
    return bool(term.sums) or sum(1 for base, _ in term.factors if isinstance(base, Element)) > 1


def _product_key(term: Term) -> Any:
    product = plain_sums([Term(factors=term.factors, sums=term.sums)])
    return value_key(product, ordered_free_indices(product))


def _with_repeated(term: Term, graph: Graph, counts: Counter[Any]) -> Term:
    """Return the term as a number times a named product, when the product occurs again."""
    if not _is_worth_sharing(term) or counts[_product_key(term)] < 2:
        return term
    value = graph.intern(plain_sums([Term(factors=term.factors, sums=term.sums)]))
    return Term(term.coefficient, ((value, UNIT),))


def _with_hat(term: Term, graph: Graph, wrt: set[str], inputs: set[str]) -> Term:
    leaves = [b for b, _ in term.factors if isinstance(b, Element) and b.name in wrt & inputs]
    computed = [(b, e) for b, e in term.factors if isinstance(b, Element) and b.name not in inputs]
    roots = [b for b, e in computed if e < 0 or e.denominator != 1 or _is_root(b, graph)]
    if not leaves or len(computed) < 2 or not roots:
        return term
    widest = max((free_indices(b) for b, _ in computed), key=len)
    if any(not free_indices(b) <= widest for b, _ in computed):
        return term
    value = graph.intern(plain_sums([Term(factors=tuple(computed))]))
    place = term.factors.index(computed[0])
    rest = [f for f in term.factors if f not in computed]
    before = sum(1 for f in term.factors[:place] if f in rest)
    rest.insert(before, (value, UNIT))
    return Term(term.coefficient, tuple(rest), term.sums)


def _is_root(base: Expr, graph: Graph) -> bool:
    return isinstance(graph.behind(base), Power)


def _copy(definition: Definition, body: Expr, graph: Graph) -> None:
    if definition.written:
        graph.assign(definition.name, definition.indices, body)
    else:
        graph.adopt(Definition(definition.name, definition.indices, body))
