"""Test LaTeX output against exact text."""

from fractions import Fraction

import pytest

from symgrad.formats.latex import statement_latex, to_latex
from symgrad.formats.latex_names import index_letter
from symgrad.language.expr import (
    INFINITY,
    ZERO,
    And,
    ArgReduce,
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
    MatrixFunction,
    Mod,
    Not,
    OpaqueCall,
    Or,
    Power,
    StopGradient,
    Where,
    as_expr,
    power,
)
from symgrad.language.functions import FUNCTIONS
from symgrad.language.statement import Statement
from tests.formats.building import I, J, K, L, at, compare, reduce, total

a, b, c = at("a", I), at("b", K), at("c", L)
x, y, dy = at("x", I, J), at("y", I, J), at("dy", I, J)
HALF = as_expr(Fraction(1, 2))

NAMES = [
    ("x", "x_{ij}"),
    ("dx", r"\mathrm{d} x_{ij}"),
    ("gamma", r"\gamma_{ij}"),
    ("γ", r"\gamma_{ij}"),
    ("dgamma", r"\mathrm{d} \gamma_{ij}"),
    ("loss", r"\mathrm{loss}_{ij}"),
    ("x_hat", r"\hat{x}_{ij}"),
    ("xhat", r"\hat{x}_{ij}"),
    ("dx_hat", r"\mathrm{d} \hat{x}_{ij}"),
    ("mu_bar", r"\bar{\mu}_{ij}"),
    ("x_exp", r"x^{\mathrm{exp}}_{ij}"),
    ("dx_exp", r"\mathrm{d} x^{\mathrm{exp}}_{ij}"),
    ("W1", "W_{1,ij}"),
    ("h_0", "h_{0,ij}"),
    ("x_exp_sum", r"x^{\mathrm{exp\,sum}}_{ij}"),
    ("log_p", r"\mathrm{log\_p}_{ij}"),
    ("é", r"\textit{é}_{ij}"),
    ("dé", r"\mathrm{d} \textit{é}_{ij}"),
    ("été", r"\text{été}_{ij}"),
]

EXPRESSIONS = [
    (as_expr(Fraction("2.5e-9")) * a, r"2.5 \cdot 10^{-9} \, a_{i}"),
    (a + as_expr(Fraction("1e-12")), r"a_{i} + 10^{-12}"),
    (at("eps"), r"\epsilon"),
    (at("W1"), "W_{1}"),
    (a + b - c, "a_{i} + b_{k} - c_{l}"),
    (1 - a, "1 - a_{i}"),
    (-(b + c), "-(b_{k} + c_{l})"),
    (a * (b + c), r"a_{i} \, (b_{k} + c_{l})"),
    (a / 2, r"\frac{a_{i}}{2}"),
    ((a + b) / (c + 1), r"\frac{a_{i} + b_{k}}{c_{l} + 1}"),
    ((a / b) ** 2 / (c + 1), r"\frac{a_{i}^{2}}{b_{k}^{2} \, (c_{l} + 1)}"),
    (Power(a / b, at("n")), r"\left(\frac{a_{i}}{b_{k}}\right)^{n}"),
    (
        (a / b + 1) / (c + 1),
        r"\frac{1}{c_{l} + 1} \, \left(\frac{a_{i}}{b_{k}} + 1\right)",
    ),
    (power(a, HALF), r"\sqrt{a_{i}}"),
    (1 / power(a + 1, HALF), r"\frac{1}{\sqrt{a_{i} + 1}}"),
    (at("x_exp", I) ** 2, r"(x^{\mathrm{exp}}_{i})^{2}"),
    (2 * Power(as_expr(3), at("n")), r"2 \cdot 3^{n}"),
    (Constant("pi") - INFINITY, r"\pi - \infty"),
    (Element("x", (IndexValue(I) + 1, IndexValue(J))), "x_{i+1,j}"),
    (Element("x", (2 * IndexValue(I),)), r"x_{2 \, i}"),
    (at("x", Index("μ"), J), r"x_{\mu j}"),
    (at("x", Index("i1"), J), "x_{i_{1},j}"),
    (FloorDiv(IndexValue(I) + 1, as_expr(2)), r"\left\lfloor \frac{i + 1}{2} \right\rfloor"),
    (Mod(IndexValue(I), as_expr(2)), r"i \bmod 2"),
    (a / AxisLength("x", 0), r"\frac{a_{i}}{N_{i}}"),
    (a / AxisLength("x", 1), r"\frac{a_{i}}{\operatorname{size}(x, 1)}"),
    # functions
    (Call("exp", (x,)), "e^{x_{ij}}"),
    (Call("exp", (x,)) ** 2, "(e^{x_{ij}})^{2}"),
    (Call("exp", (x / a,)), r"\exp\left(\frac{x_{ij}}{a_{i}}\right)"),
    (Call("tanh", (x,)), r"\tanh(x_{ij})"),
    (Call("log", (x,)), r"\log(x_{ij})"),
    (Call("log", (total(K, of=b),)), r"\log\left(\sum_{k} b_{k}\right)"),
    (Call("relu", (x,)), r"\operatorname{relu}(x_{ij})"),
    (Call("leaky_relu", (x, a)), r"\operatorname{leaky\_relu}(x_{ij}, a_{i})"),
    (Call("max", (x, ZERO)), r"\max(x_{ij}, 0)"),
    (Call("abs", (x,)) ** 2, r"\left|x_{ij}\right|^{2}"),
    (Call("square", (x + 1,)), "(x_{ij} + 1)^2"),
    (Call("sigmoid", (x,)), r"\sigma(x_{ij})"),
    (OpaqueCall("g", x, 1), "g'(x_{ij})"),
    (StopGradient(x), r"\operatorname{stop\_gradient}(x_{ij})"),
    (
        MatrixFunction("inv", "a", (IndexValue(I), IndexValue(J))),
        r"\operatorname{inv}(a)_{ij}",
    ),
    # conditions
    (
        Where(compare(x, ">=", 0), x, a * x),
        r"\begin{cases} x_{ij} & \text{if } x_{ij} \ge 0 \\ "
        r"a_{i} \, x_{ij} & \text{otherwise} \end{cases}",
    ),
    (dy * Indicator(compare(y, ">", 0)), r"\mathrm{d} y_{ij} \, [y_{ij} > 0]"),
    (-Indicator(compare(y, ">", 0)), "-[y_{ij} > 0]"),
    (
        Indicator(And((compare(a, "!=", 0), Not(Or((compare(a, "==", 1), compare(b, "<", 0))))))),
        r"[a_{i} \ne 0 \wedge \neg (a_{i} = 1 \vee b_{k} < 0)]",
    ),
    (a * Delta(IndexValue(I), IndexValue(J)), r"a_{i} \, \delta_{ij}"),
    (
        Delta(IndexValue(J), ArgReduce("argmax", K, None, at("x", I, K))),
        r"\delta_{j,\operatorname*{arg\,max}_{k} x_{ik}}",
    ),
    # reductions
    (a * total(K, of=b), r"a_{i} \, \sum_{k} b_{k}"),
    (
        total(K, of=b) * total(L, of=c),
        r"\left(\sum_{k} b_{k}\right) \, \left(\sum_{l} c_{l}\right)",
    ),
    (a / total(K, of=b), r"\frac{a_{i}}{\sum_{k} b_{k}}"),
    (total(K, of=b) / at("n"), r"\frac{\sum_{k} b_{k}}{n}"),
    (total(K, L, of=b * c, when=compare(K, "<", L)), r"\sum_{k,l :\, k < l} b_{k} \, c_{l}"),
    (total(K, of=b * Indicator(compare(K, "<=", J))), r"\sum_{k \le j} b_{k}"),
    (total(K, of=b) / AxisLength("x", 2), r"\operatorname*{mean}_{k} b_{k}"),
    (reduce("max", K, of=b), r"\max_{k} b_{k}"),
    (reduce("prod", K, of=b + 1), r"\prod_{k} (b_{k} + 1)"),
    (reduce("logsumexp", K, of=b), r"\operatorname*{logsumexp}_{k} b_{k}"),
]


@pytest.mark.parametrize(("name", "text"), NAMES)
def test_name_prints_as(name: str, text: str) -> None:
    assert to_latex(at(name, I, J)) == text


@pytest.mark.parametrize(("expr", "text"), EXPRESSIONS, ids=[text for _, text in EXPRESSIONS])
def test_expression_prints_as(expr: Expr, text: str) -> None:
    assert to_latex(expr) == text


@pytest.mark.parametrize(
    ("letter", "text"), [("i", "i"), ("i'", "i'"), ("k12", "k_{12}"), ("batch", r"\mathrm{batch}")]
)
def test_index_prints_as(letter: str, text: str) -> None:
    assert index_letter(letter) == text


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_prints_with_balanced_brackets(name: str) -> None:
    latex = to_latex(Call(name, tuple([x + 1] * FUNCTIONS[name].arity)))
    assert "x_{ij} + 1" in latex
    assert latex.count("{") == latex.count("}")
    assert latex.count("(") == latex.count(")")
    assert latex.count(r"\left") == latex.count(r"\right")


def test_statement_prints_with_its_left_side() -> None:
    inner = J.fresh()
    value = y * (dy - total(inner, of=at("dy", I, inner) * at("y", I, inner)))
    statement = Statement("dx", (IndexValue(I), IndexValue(J)), value)
    assert statement_latex(statement) == (
        r"\mathrm{d} x_{ij} = y_{ij} \, "
        r"\left(\mathrm{d} y_{ij} - \sum_{k} \mathrm{d} y_{ik} \, y_{ik}\right)"
    )
