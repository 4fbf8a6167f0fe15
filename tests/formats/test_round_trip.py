"""Test that what is printed parses again, and means the same."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad import Layer
from symgrad.formats.text import statement_text
from symgrad.language.expr import (
    And,
    AxisLength,
    Call,
    Compare,
    Delta,
    Expr,
    Extent,
    Index,
    IndexValue,
    Indicator,
    Not,
    Or,
    Reduce,
    Where,
    add,
    as_expr,
    power,
)
from symgrad.language.statement import Statement
from symgrad.oracle import evaluate, evaluate_statements
from tests.formats.building import at

ROWS, INNER, COLUMNS = AxisLength("x", 0), AxisLength("x", 1), AxisLength("y", 1)
TENSORS = {
    "x": (ROWS, INNER),
    "y": (ROWS, COLUMNS),
    "w": (INNER, COLUMNS),
    "q": (ROWS, ROWS),
    "a": (ROWS,),
    "b": (INNER,),
    "s": (),
}
SIZES = {ROWS: 3, INNER: 4, COLUMNS: 2}
RANDOM = np.random.default_rng(7)
ARRAYS = {
    name: RANDOM.uniform(0.5, 1.5, [SIZES[extent] for extent in extents])
    for name, extents in {**TENSORS, "o": (ROWS, COLUMNS)}.items()
}
LETTERS = "ijkls"  # few, so that letters collide; s is a scalar too
NUMBERS = [Fraction(text) for text in ("2", "-1", "1/2", "-1/3", "0.044715", "3/2", "1/40")]

Draw = Callable[[st.SearchStrategy[Any]], Any]
Visible = tuple[Index, ...]


@st.composite
def expressions(draw: Draw, visible: Visible, depth: int) -> Expr:
    """Draw an expression that may mention the visible indices."""
    kind = draw(st.sampled_from(KINDS if depth else (_element, _number)))
    found: Expr = kind(draw, visible, depth - 1)
    return found


def _inner(draw: Draw, visible: Visible, depth: int) -> Expr:
    found: Expr = draw(expressions(visible, depth))
    return found


def _number(draw: Draw, visible: Visible, depth: int) -> Expr:
    return as_expr(draw(st.sampled_from(NUMBERS)))


def _element(draw: Draw, visible: Visible, depth: int) -> Expr:
    possible = [
        name
        for name, extents in TENSORS.items()
        if all(any(index.extent == extent for index in visible) for extent in extents)
    ]
    name = draw(st.sampled_from(possible))
    return at(name, *(_index(draw, visible, extent) for extent in TENSORS[name]))


def _index(draw: Draw, visible: Visible, extent: Expr) -> Index:
    found: Index = draw(st.sampled_from([i for i in visible if i.extent == extent]))
    return found


def _add(draw: Draw, visible: Visible, depth: int) -> Expr:
    return add(*(_inner(draw, visible, depth) for _ in range(draw(st.integers(2, 3)))))


def _subtract(draw: Draw, visible: Visible, depth: int) -> Expr:
    return _inner(draw, visible, depth) - _inner(draw, visible, depth)


def _multiply(draw: Draw, visible: Visible, depth: int) -> Expr:
    return _inner(draw, visible, depth) * _inner(draw, visible, depth)


def _divide(draw: Draw, visible: Visible, depth: int) -> Expr:
    below = [_element(draw, visible, 0), 2 + Call("tanh", (_inner(draw, visible, depth),))]
    below.append(Extent(draw(st.sampled_from(visible))))
    divisor: Expr = draw(st.sampled_from(below))
    return _inner(draw, visible, depth) / divisor


def _power(draw: Draw, visible: Visible, depth: int) -> Expr:
    exponent = draw(st.sampled_from([Fraction(1, 2), Fraction(-3, 2), Fraction(-1)]))
    bases = [_element(draw, visible, 0), 2 + Call("tanh", (_inner(draw, visible, depth),))]
    if draw(st.booleans()):
        return power(_inner(draw, visible, depth), as_expr(2))
    return power(draw(st.sampled_from(bases)), as_expr(exponent))


def _call(draw: Draw, visible: Visible, depth: int) -> Expr:
    name = draw(st.sampled_from(["tanh", "abs", "max", "relu"]))
    count = 2 if name == "max" else 1
    return Call(name, tuple(_inner(draw, visible, depth) for _ in range(count)))


def _condition(draw: Draw, visible: Visible, depth: int) -> Expr:
    kind = draw(st.sampled_from(["index", "index", "value", "and", "or", "not"]))
    if kind == "value" or (kind != "index" and not depth):
        return Compare(">", _element(draw, visible, 0), as_expr(1))
    if kind == "index":
        left, right = (IndexValue(draw(st.sampled_from(visible))) for _ in range(2))
        return Compare(draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="])), left, right)
    if kind == "not":
        return Not(_condition(draw, visible, depth - 1))
    both = tuple(_condition(draw, visible, depth - 1) for _ in range(2))
    return And(both) if kind == "and" else Or(both)


def _where(draw: Draw, visible: Visible, depth: int) -> Expr:
    condition = _condition(draw, visible, 2)
    return Where(condition, _inner(draw, visible, depth), _inner(draw, visible, depth))


def _indicator(draw: Draw, visible: Visible, depth: int) -> Expr:
    return _inner(draw, visible, depth) * Indicator(_condition(draw, visible, 2))


def _delta(draw: Draw, visible: Visible, depth: int) -> Expr:
    left, right = (IndexValue(draw(st.sampled_from(visible))) for _ in range(2))
    return Delta(left, right) * _inner(draw, visible, depth)


def _reduce(draw: Draw, visible: Visible, depth: int) -> Expr:
    count = draw(st.integers(1, 2))
    extents = [draw(st.sampled_from(list(SIZES))) for _ in range(count)]
    new = tuple(Index(draw(st.sampled_from(LETTERS)), extent) for extent in extents)
    body = _inner(draw, visible + new, depth)
    op = draw(st.sampled_from(["sum", "sum", "sum", "mean", "prod", "logsumexp"]))
    condition = None
    if op == "sum" and draw(st.booleans()):
        left, right = IndexValue(new[0]), IndexValue(draw(st.sampled_from(visible)))
        condition = Compare(draw(st.sampled_from(["<=", "<", "!="])), left, right)
    reduced = Reduce(op, new, condition, body)
    return reduced / extents[0] if draw(st.booleans()) else reduced


KINDS = (
    _element,
    _add,
    _subtract,
    _multiply,
    _multiply,
    _divide,
    _power,
    _call,
    _where,
    _indicator,
    _delta,
    _reduce,
    _reduce,
)


@st.composite
def statements(draw: Draw) -> Statement:
    """Draw z_ij = ... + o_ij, so that the indices of the left side have their extents."""
    i, j = Index("i", ROWS), Index("j", COLUMNS)
    value = draw(expressions((i, j), 4))
    return Statement("z", (IndexValue(i), IndexValue(j)), value + at("o", i, j))


def parsed(text: str) -> Layer:
    """Parse after a statement that reads x and y, so that their `size` may stand in the text."""
    return Layer("Printed", f"r_i = sum_{{j,k}} x_ik*y_ij\n{text}")


@given(statements())
@settings(max_examples=300)
def test_printed_statement_parses_to_the_same_values(statement: Statement) -> None:
    text = statement_text(statement)
    layer = parsed(text)
    found = evaluate(layer, {name: ARRAYS[name] for name in layer.inputs})["z"]
    expected = evaluate_statements([statement], ARRAYS)["z"]
    np.testing.assert_allclose(found, expected, rtol=1e-9, err_msg=text)


@given(statements())
@settings(max_examples=100)
def test_printing_what_was_parsed_changes_nothing(statement: Statement) -> None:
    once = statement_text(parsed(statement_text(statement)).statements[-1])
    assert statement_text(parsed(once).statements[-1]) == once
