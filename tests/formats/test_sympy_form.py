"""Test the conversion to SymPy by its printed form and by its values."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from symgrad.formats.sympy_form import to_sympy
from symgrad.language.expr import (
    ZERO,
    And,
    AxisLength,
    Call,
    Constant,
    Delta,
    Element,
    Expr,
    FloorDiv,
    Index,
    IndexValue,
    Indicator,
    Mod,
    Not,
    OpaqueCall,
    Or,
    Pad,
    StopGradient,
    Where,
    as_expr,
)
from symgrad.language.functions import FUNCTIONS, Function
from symgrad.language.statement import Statement
from symgrad.oracle import evaluate_statements
from tests.formats.building import I, J, K, L, at, compare, reduce, total

SIZES = {"N_x_0": 3, "N_x_1": 2, "N_x_2": 4, "N_x_3": 3}
RANDOM = np.random.default_rng(5)
ARRAYS = {
    "a": RANDOM.normal(size=3),
    "b": RANDOM.normal(size=4),
    "w": RANDOM.normal(size=(4, 3)),
    "y": RANDOM.normal(size=(3, 2)),
    "dy": RANDOM.normal(size=(3, 2)),
}
A, B, W, Y, DY = ARRAYS.values()
a, b, w = at("a", I), at("b", K), at("w", K, L)
K3 = Index("k", AxisLength("x", 0))  # the range of i
L3 = Index("l", AxisLength("x", 0))
SECOND = J.fresh()

FORMS = [
    (total(K, of=b), "Sum(b[_k], (_k, 0, N_x_2 - 1))"),
    (total(Index("k"), of=a), "Sum(a[i], (_k, 0, N_k - 1))"),
    (a / AxisLength("x", 0), "a[i]/N_x_0"),
    (at("eps") * Constant("pi"), "pi*eps"),
    (total(K3, of=at("a", K3), when=compare(K3, "<=", I)), "Sum(a[_k], (_k, 0, i))"),
    (total(K3, of=at("a", K3), when=compare(I, "<", K3)), "Sum(a[_k], (_k, i + 1, N_x_0 - 1))"),
    (
        total(K, of=b, when=compare(K, "<=", I)),
        "Sum(Heaviside(-_k + i, 1)*b[_k], (_k, 0, N_x_2 - 1))",
    ),
    (Delta(IndexValue(J), at("t", I)), "KroneckerDelta(j, t[i])"),
    (Where(compare(a, ">", 0), a, ZERO), "Piecewise((a[i], a[i] > 0), (0, True))"),
    (OpaqueCall("g", a), "g(a[i])"),
    (OpaqueCall("g", a, 1), "Subs(Derivative(g(_t), _t), _t, a[i])"),
    (StopGradient(a), "stop_gradient(a[i])"),
    (reduce("max", K, of=b), "max(Lambda(_k, b[_k]), N_x_2)"),
    (reduce("prod", K, of=b), "Product(b[_k], (_k, 0, N_x_2 - 1))"),
    (FloorDiv(IndexValue(I), as_expr(2)), "floor(i/2)"),
    (Mod(IndexValue(I), as_expr(2)), "Mod(i, 2)"),
    (
        Pad(Element("x", (IndexValue(I) - 1,)), ZERO),
        "Piecewise((x[i - 1], (i >= 1) & (N_x_0 > i - 1)), (0, True))",
    ),
]

ROWS = np.arange(4)[:, None]
COLUMNS = np.arange(3)
LOWER = np.tril(np.ones((3, 3)))

VALUES: list[tuple[Expr, Any]] = [
    (
        at("y", I, J)
        * (at("dy", I, J) - total(SECOND, of=at("dy", I, SECOND) * at("y", I, SECOND))),
        (Y * (DY - (DY * Y).sum(axis=1, keepdims=True)))[1, 1],
    ),
    (total(K3, of=at("a", K3), when=compare(K3, "<=", I)), A[:2].sum()),
    (total(K3, of=at("a", K3), when=compare(K3, "!=", I)), A[0] + A[2]),
    (
        total(K3, L3, of=at("a", K3) ** 2 * at("a", L3), when=compare(K3, "<", L3)),
        A[0] ** 2 * (A[1] + A[2]) + A[1] ** 2 * A[2],
    ),
    (
        total(K3, of=at("a", K3), when=And((compare(K3, ">=", I), compare(K3, "<=", J)))),
        A[1],
    ),
    (reduce("mean", K, of=b), B.mean()),
    (reduce("mean", K3, of=at("a", K3), when=compare(K3, ">=", I)), A[1:].mean()),
    (reduce("logsumexp", K, of=b), np.log(np.exp(B).sum())),
    (reduce("prod", K3, of=at("a", K3), when=compare(K3, "!=", I)), A[0] * A[2]),
    (total(K, of=b * Indicator(compare(b, ">", 0))), B[B > 0].sum()),
    (
        total(K, of=Indicator(Or((compare(K, "==", I), Not(compare(K, "<", 3))))) * b),
        B[1] + B[3],
    ),
    # a condition inside a nested sum, which the constructor of Sum would move outwards
    (
        total(K, of=1 + total(L, of=Where(compare(L, "<=", K), w, ZERO))),
        4 + W[ROWS >= COLUMNS].sum(),
    ),
    (
        total(K, of=1 + total(L, of=w, when=compare(L, "<=", K))),
        4 + W[ROWS >= COLUMNS].sum(),
    ),
]


def value_of(expr: Expr) -> float:
    """Return the value at i = j = 1, sums written out term by term."""
    return float(_write_out(to_sympy(expr), {sympy.Symbol(n, integer=True): 1 for n in "ij"}))


def _write_out(expr: Any, values: dict[Any, int]) -> Any:
    """Evaluate without SymPy's summation, which is wrong for some of these sums."""
    sizes = {sympy.Symbol(n, integer=True, positive=True): size for n, size in SIZES.items()}
    if isinstance(expr, (sympy.Sum, sympy.Product)):
        (symbol, low, high), *rest = expr.limits[::-1]
        inner = _rebuilt(expr, rest[::-1])
        start, stop = (int(_write_out(end, values)) for end in (low, high))
        terms = [_write_out(inner, {**values, symbol: n}) for n in range(start, stop + 1)]
        return (sympy.Add if isinstance(expr, sympy.Sum) else sympy.Mul)(*terms)
    if isinstance(expr, sympy.Indexed):
        places = tuple(int(_write_out(part, values)) for part in expr.indices)
        return sympy.Float(ARRAYS[str(expr.base)][places])
    if isinstance(expr, sympy.Symbol):
        return sympy.Integer({**values, **sizes}[expr])
    if not expr.args:
        return expr
    return expr.func(*(_write_out(arg, values) for arg in expr.args))


def _rebuilt(expr: Any, limits: list[Any]) -> Any:
    if not limits:
        return expr.function
    return sympy.Expr.__new__(type(expr), expr.function, *limits)


@pytest.mark.parametrize(("expr", "text"), FORMS, ids=[text for _, text in FORMS])
def test_expression_converts_to(expr: Expr, text: str) -> None:
    assert str(to_sympy(expr)) == text


@pytest.mark.parametrize(("expr", "value"), VALUES, ids=[str(n) for n in range(len(VALUES))])
def test_converted_expression_has_the_value(expr: Expr, value: float) -> None:
    assert value_of(expr) == pytest.approx(value, rel=1e-12)


def test_bound_indices_are_told_apart_from_free_ones() -> None:
    converted = to_sympy(at("b", K) * total(K.fresh(), of=b))
    assert converted.free_symbols >= {sympy.Symbol("k", integer=True)}


def test_sums_of_one_letter_have_different_dummies() -> None:
    first, second = (to_sympy(total(K.fresh(), of=a)) for _ in range(2))
    assert first.limits[0][0] != second.limits[0][0]


def test_no_bound_index_escapes() -> None:
    converted = to_sympy(total(K, of=1 + total(L, of=Where(compare(L, "<=", K), w, ZERO))))
    assert not any(isinstance(symbol, sympy.Dummy) for symbol in converted.free_symbols)


@pytest.mark.parametrize("place", ["0.3", "2.5"])
@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"round", "polygamma"}))
def test_function_has_the_value_of_the_oracle(name: str, place: str) -> None:
    low, high = FUNCTIONS[name].domain
    x = Fraction(place) if high > 1 else Fraction(place) / 4
    start = int(low) if low > 0 else 0
    args = tuple(as_expr(x / (n + 1) + start) for n in range(FUNCTIONS[name].arity))
    call = Call(name, args)
    expected = evaluate_statements([Statement("z", (), call)], {})["z"]
    assert float(to_sympy(call)) == pytest.approx(float(expected), rel=1e-12)


def test_a_function_without_a_sympy_spelling_goes_by_its_numpy_spelling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = Function("log2", derivatives=(lambda x, y: x,), numpy="np.log({0}) / np.log(2)")
    monkeypatch.setitem(FUNCTIONS, "log2", row)
    assert to_sympy(Call("log2", (as_expr(8),))).equals(3)


def test_unknown_node_is_named() -> None:
    class Strange(Expr):
        def parts(self) -> tuple[Expr, ...]:
            return ()

    with pytest.raises(AssertionError, match="Strange"):
        to_sympy(Strange())
