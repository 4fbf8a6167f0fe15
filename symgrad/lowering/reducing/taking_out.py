"""Take an array that all terms of a gradient share out of them, through adjoints that one reads.

With dt = dy*a, the gradient dx = dt*b + dy*c is dy*(a*b + c): a product with an array less for
each term but one, and no array for dt.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from symgrad.language.expr import (
    Add,
    Call,
    Constant,
    Element,
    Expr,
    IndexValue,
    Mul,
    Number,
    Power,
    add,
    freshen,
    mul,
    split_coefficient,
    substitute,
    walk,
)
from symgrad.language.layer import Statement
from symgrad.language.program import Program

ELEMENTWISE = (Add, Call, Constant, Element, IndexValue, Mul, Number, Power)


def take_out_gradients(program: Program) -> Program:
    """Return the program with what the terms of gradients share in front of them."""
    results = set(program.gradients.values())
    read = Counter(
        part.name for s in program.backward for part in walk(s.value) if isinstance(part, Element)
    )
    adjoints = {
        s.name: s
        for s in program.backward
        if s.name not in results and read[s.name] == 1 and _is_elementwise(s)
    }
    backward: list[Statement] = []
    gone: set[str] = set()
    for statement in program.backward:
        value = _taken_out(statement, adjoints) if _is_elementwise(statement) else None
        if value is not None:
            gone |= adjoints.keys() & set(statement.value.names)
            statement = replace(statement, value=value)
        backward.append(statement)
    return replace(program, backward=tuple(s for s in backward if s.name not in gone))


def _is_elementwise(statement: Statement) -> bool:
    """Say whether every tensor in a statement is read at the indices on its left, in order."""
    return all(
        isinstance(part, ELEMENTWISE)
        and (not isinstance(part, Element) or part.subscripts in ((), statement.subscripts))
        for part in walk(statement.value)
    )


def _taken_out(statement: Statement, adjoints: dict[str, Statement]) -> Expr | None:
    """Return a sum as product, where its terms share an array once adjoints are written out."""
    if not isinstance(statement.value, Add):
        return None
    terms = [_factors(term, statement, adjoints) for term in statement.value.terms]
    shared = [f for f in terms[0] if isinstance(f, Element) and all(f in term for term in terms)]
    read = any(name in adjoints for name in statement.value.names)
    if not read or not shared:
        return None
    front = shared[0]
    products = [mul(*(f for f in term if f is not front and f != front)) for term in terms]
    numbers = {split_coefficient(product)[0] for product in products}
    if len(numbers) == 1:
        number = Number(numbers.pop())
        return mul(number, front, add(*(split_coefficient(product)[1] for product in products)))
    return mul(front, add(*products))


def _factors(term: Expr, statement: Statement, adjoints: dict[str, Statement]) -> list[Expr]:
    """Return the factors of a term, with an adjoint among them written out."""
    found: list[Expr] = []
    for factor in term.factors if isinstance(term, Mul) else (term,):
        adjoint = adjoints.get(factor.name) if isinstance(factor, Element) else None
        if adjoint is None:
            found.append(factor)
            continue
        places = dict(zip(adjoint.indices, statement.subscripts, strict=True))
        value = substitute(freshen(adjoint.value), places)
        found += value.factors if isinstance(value, Mul) else (value,)
    return found
