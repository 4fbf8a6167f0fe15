"""Test the formula language as it is printed, against exact text."""

from fractions import Fraction

import pytest

from symgrad.formats.text import statement_text, to_text
from symgrad.language.expr import (
    INFINITY,
    ZERO,
    Add,
    And,
    ArgReduce,
    AxisLength,
    Call,
    Constant,
    Delta,
    Element,
    Expr,
    Extent,
    FloorDiv,
    Index,
    IndexValue,
    Indicator,
    MatrixFunction,
    Mod,
    Mul,
    Not,
    Number,
    OpaqueCall,
    Or,
    Pad,
    Power,
    StopGradient,
    Where,
    add,
    as_expr,
    power,
)
from symgrad.language.statement import Statement
from tests.formats.building import I, J, K, L, M, at, compare, reduce, total

a, b, c = at("a", I), at("b", K), at("c", L)
x, y, dy = at("x", I, J), at("y", I, J), at("dy", I, J)
HALF = as_expr(Fraction(1, 2))
S = Index("s", Number(Fraction(3)))  # an index that runs to 3
K0 = Index("k", AxisLength("x", 0))
LONG = Index("batch")
FIRST = Index("i1")

ARITHMETIC = [
    (at("loss"), "loss"),
    (at("x_sum"), "x_sum"),
    (x, "x_ij"),
    (at("x_exp", I, J), "x_exp_ij"),
    (at("x", FIRST, J), "x[i1,j]"),
    (at("x", LONG), "x[batch]"),
    (at("max", I), "max[i]"),
    (Element("x", (2 * IndexValue(I) + IndexValue(J), IndexValue(K))), "x[2*i+j,k]"),
    (Element("p", (IndexValue(I), at("t", I))), "p[i, t_i]"),
    (Element("x", (IndexValue(I) - 1,)), "x[i-1]"),
    (a + b, "a_i + b_k"),
    (a - b, "a_i - b_k"),
    (b - a - c, "b_k - a_i - c_l"),
    (1 - a, "1 - a_i"),
    (-a - b, "-a_i - b_k"),
    (-a + b, "b_k - a_i"),
    (a - (b - c), "a_i - (b_k - c_l)"),
    (Add((a, Add((b, c)))), "a_i + (b_k + c_l)"),
    (a * (b + c), "a_i*(b_k + c_l)"),
    (-(b + c), "-(b_k + c_l)"),
    (2 * a * b, "2*a_i*b_k"),
    (-2 * a, "-2*a_i"),
    (a / 2, "a_i/2"),
    (3 * a / 2, "3*a_i/2"),
    (as_expr(Fraction(1, 3)), "1/3"),
    (as_expr(Fraction(-1, 3)), "-1/3"),
    (as_expr(Fraction("0.044715")) * a, "0.044715*a_i"),
    (as_expr(Fraction("0.000001")) * a, "0.000001*a_i"),
    (as_expr(Fraction("2.5e-9")) * a, "2.5e-9*a_i"),
    (as_expr(1000000) * a, "1000000*a_i"),
    (as_expr(Fraction("1e30")) * a, "1e30*a_i"),
    (a + as_expr(Fraction("0.00001")), "a_i + 0.00001"),
    (as_expr(Fraction("0.1")) * a, "a_i/10"),
    (as_expr(Fraction(1, 17)) * a, "a_i/17"),
    (as_expr(Fraction("2.05")), "2.05"),
    (a / b, "a_i/b_k"),
    (a / (b * c), "a_i/(b_k*c_l)"),
    (a / b / c, "a_i/(b_k*c_l)"),
    (a / (b / c), "a_i*c_l/b_k"),
    (a / (b + c), "a_i/(b_k + c_l)"),
    ((a + b) / c, "(a_i + b_k)/c_l"),
    (1 / a, "1/a_i"),
    (HALF / a, "1/(2*a_i)"),
    (a / b**2, "a_i/b_k^2"),
    (-(a**2), "-a_i^2"),
    ((-a) ** 2, "a_i^2"),
    ((a + 1) ** 2, "(a_i + 1)^2"),
    (Power(as_expr(-2), at("n")), "(-2)^n"),
    (Power(HALF, at("n")), "(1/2)^n"),
    (power(a, at("n") + 1), "a_i^(n + 1)"),
    (power(a, -at("n")), "a_i^(-n)"),
    (power(a, power(b, at("n"))), "a_i^b_k^n"),
    (Power(Power(a, b), c), "(a_i^b_k)^c_l"),
    (power(a, HALF), "sqrt(a_i)"),
    (power(a, -HALF), "1/sqrt(a_i)"),
    (power(a, as_expr(Fraction(3, 2))), "a_i^(3/2)"),
    (b * power(a, as_expr(Fraction(-3, 2))), "b_k/a_i^(3/2)"),
    (a / power(as_expr(2), HALF), "a_i/sqrt(2)"),
    (Constant("pi") * a, "pi*a_i"),
    (-INFINITY, "-inf"),
    (Mul((a, Mul((b, c)))), "a_i*b_k*c_l"),
    (IndexValue(I) * a, "i*a_i"),
    (2 * FloorDiv(IndexValue(I), as_expr(2)), "2*(i//2)"),
    (Mod(IndexValue(I) + 1, as_expr(2)), "(i + 1)%2"),
    (Extent(I), "size(i)"),
    (a / AxisLength("x", 0), "a_i/size(i)"),
    (a / AxisLength("x", 1), "a_i/size(x, 1)"),
]

FUNCTIONS = [
    (Call("exp", (x,)), "exp(x_ij)"),
    (Call("exp", (-x,)), "exp(-x_ij)"),
    (Call("exp", (x + 1,)) ** 2, "exp(x_ij + 1)^2"),
    (Call("max", (x, ZERO)), "max(x_ij, 0)"),
    (Call("log", (total(K, of=b),)), "log(sum_k b_k)"),
    (OpaqueCall("g", x), "g(x_ij)"),
    (OpaqueCall("g", x, 1), "g'(x_ij)"),
    (StopGradient(x), "stop_gradient(x_ij)"),
    (Pad(Element("x", (IndexValue(I) - 1,)), ZERO), "pad(x[i-1])"),
    (Pad(Element("x", (IndexValue(I) - 1,)), -INFINITY), "pad(x[i-1], -inf)"),
    (MatrixFunction("inv", "a", (IndexValue(I), IndexValue(J))), "inv(a)[i,j]"),
    (MatrixFunction("logdet", "a"), "logdet(a)"),
]

CONDITIONS = [
    (Where(compare(x, ">", 0), x, a * x), "where(x_ij > 0, x_ij, a_i*x_ij)"),
    (Where(compare(K, "<=", I), b, -INFINITY), "where(k <= i, b_k, -inf)"),
    (dy * Indicator(compare(y, ">", 0)), "where(y_ij > 0, dy_ij, 0)"),
    (a - dy * Indicator(compare(y, ">", 0)), "a_i - where(y_ij > 0, dy_ij, 0)"),
    (Indicator(compare(y, "!=", 0)), "where(y_ij != 0, 1, 0)"),
    (
        a * Indicator(compare(a, ">", 0)) * Indicator(Not(compare(a, ">=", 6))) * b,
        "where(a_i > 0 and not (a_i >= 6), a_i*b_k, 0)",
    ),
    (
        Where(And((Or((compare(a, ">", 0), compare(b, ">", 0))), compare(I, "==", K))), a, b),
        "where((a_i > 0 or b_k > 0) and i == k, a_i, b_k)",
    ),
    (
        Where(Not(Or((compare(a, ">", 0), compare(b, ">", 0)))), a, b),
        "where(not (a_i > 0 or b_k > 0), a_i, b_k)",
    ),
    (Where(compare(a, "<", -b - 1), a, b), "where(a_i < -b_k - 1, a_i, b_k)"),
    (Delta(IndexValue(I), IndexValue(J)) * a / b, "a_i*delta(i, j)/b_k"),
    (Delta(IndexValue(J), at("t", I)), "delta(j, t_i)"),
    (Delta(IndexValue(J), ArgReduce("argmax", K, None, at("x", I, K))), "delta(j, argmax_k x_ik)"),
]

REDUCTIONS = [
    (total(K, of=b), "sum_k b_k"),
    (total(K, L, of=at("x", K, L)), "sum_{k,l} x_kl"),
    (total(LONG, of=at("x", LONG)), "sum_{batch} x[batch]"),
    (total(K, of=b + 1), "sum_k (b_k + 1)"),
    (total(K, of=-b), "sum_k (-b_k)"),
    (total(K, of=a * b / 2), "sum_k a_i*b_k/2"),
    (a * total(K, of=b), "a_i*sum_k b_k"),
    (Mul((total(K, of=b), a)), "(sum_k b_k)*a_i"),
    (total(K, of=b) * total(L, of=c), "(sum_k b_k)*(sum_l c_l)"),
    (a * total(K, of=b) * total(L, of=c), "a_i*(sum_k b_k)*(sum_l c_l)"),
    (a * total(K, of=b) / at("c", I), "a_i*(sum_k b_k)/c_i"),
    (a / total(K, of=b), "a_i/sum_k b_k"),
    (a / (c * total(K, of=b)), "a_i/(c_l*sum_k b_k)"),
    (total(K, of=b) / total(L, of=c), "(sum_k b_k)/(sum_l c_l)"),
    (total(K, of=b) / 2, "(sum_k b_k)/2"),
    (total(K, of=b) ** 2, "(sum_k b_k)^2"),
    (a + total(K, of=b) + c, "a_i + sum_k b_k + c_l"),
    (a - 2 * total(K, of=b), "a_i - 2*sum_k b_k"),
    (total(K, of=b * total(L, of=c)), "sum_k b_k*sum_l c_l"),
    (total(K, of=total(L, of=at("x", K, L))), "sum_k sum_l x_kl"),
    (reduce("max", K, of=b), "max_k b_k"),
    (reduce("logsumexp", K, of=b), "logsumexp_k b_k"),
    (reduce("mean", J, of=x), "mean_j x_ij"),
    (compare(total(K, of=b), ">", a), "sum_k b_k > a_i"),
    # conditions
    (total(K, of=b, when=compare(K, "<=", J)), "sum_{k<=j} b_k"),
    (total(K, of=b, when=compare(J, ">=", K)), "sum_{k<=j} b_k"),
    (total(K, of=b, when=compare(K, "!=", J)), "sum_{k != j} b_k"),
    (total(K, L, of=b * c, when=compare(K, "<", L)), "sum_{k,l: k<l} b_k*c_l"),
    (
        total(K, of=b, when=And((compare(K, ">", I), compare(K, "<", J)))),
        "sum_{k: k>i, k<j} b_k",
    ),
    (
        total(K, of=b, when=Or((compare(K, ">", I), compare(K, "<", J)))),
        "sum_{k: k>i or k<j} b_k",
    ),
    (total(K, of=b, when=compare(I, "<", J)), "sum_{k: i<j} b_k"),
    (total(S, of=at("w", S)), "sum_{s<3} w_s"),
    (total(K, S, of=at("w", K, S)), "sum_{k,s: s<3} w_ks"),
    (total(K, of=a), "sum_{k<size(x,2)} a_i"),
    (total(K0, of=a, when=compare(K0, "<=", I)), "sum_{k<=i} a_i"),
    (total(K, of=b, when=compare(K, "<", 2)), "sum_{k: not (k>=2)} b_k"),
    (
        total(K0, of=a, when=And((compare(K0, "<=", I), compare(K0, ">", J)))),
        "sum_{k: k<size(x,0), k<=i, k>j} a_i",
    ),
    (
        total(K, L, of=a, when=compare(K, "<", L)),
        "sum_{k,l: k<size(x,2), l<size(x,3), k<l} a_i",
    ),
    # an indicator inside a sum
    (total(K, of=b * Indicator(compare(K, "<=", J))), "sum_{k<=j} b_k"),
    (total(K, of=b * Indicator(compare(b, ">", 0))), "sum_k where(b_k > 0, b_k, 0)"),
    (total(K, of=b * Indicator(compare(K, "<", 2))), "sum_k where(k < 2, b_k, 0)"),
    (total(K, of=b * Indicator(compare(I, "<", J))), "sum_k where(i < j, b_k, 0)"),
    (reduce("max", K, of=b * Indicator(compare(K, "<=", J))), "max_k where(k <= j, b_k, 0)"),
    # a sum divided by its range
    (total(K, of=b) / AxisLength("x", 2), "mean_k b_k"),
    (a * total(K, of=b) / AxisLength("x", 2), "a_i*mean_k b_k"),
    (total(K, of=b / AxisLength("x", 2)), "mean_k b_k"),
    (total(K, of=b) / AxisLength("x", 3), "(sum_k b_k)/size(x, 3)"),
    (total(K, of=b) / AxisLength("x", 2) ** 2, "(mean_k b_k)/size(x, 2)"),
    (
        total(K, L, of=at("x", K, L)) / (AxisLength("x", 2) * AxisLength("x", 3)),
        "mean_{k,l} x_kl",
    ),
    (total(K, L, of=at("x", K, L)) / AxisLength("x", 2), "(sum_{k,l} x_kl)/size(x, 2)"),
]


@pytest.mark.parametrize(
    ("expr", "text"),
    ARITHMETIC + FUNCTIONS + CONDITIONS + REDUCTIONS,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_expression_prints_as(expr: Expr, text: str) -> None:
    assert to_text(expr) == text


@pytest.mark.parametrize("text", ["sum_k b_k"])
def test_the_same_expression_prints_the_same_twice(text: str) -> None:
    assert to_text(total(K, of=b)) == to_text(total(K, of=b)) == text


def test_bound_index_leaves_the_letters_of_the_left_side_alone() -> None:
    inner = J.fresh()
    value = y * (dy - total(inner, of=at("dy", I, inner) * at("y", I, inner)))
    statement = Statement("dx", (IndexValue(I), IndexValue(J)), value)
    assert statement_text(statement) == "dx_ij = y_ij*(dy_ij - sum_k dy_ik*y_ik)"


def test_statement_broadcasts_a_value_without_its_indices() -> None:
    bound = I.fresh()
    statement = Statement("dx", (IndexValue(I),), at("dy") + total(bound, of=at("g", bound)))
    assert statement_text(statement) == "dx_i = dy + sum_j g_j"


def test_length_of_an_axis_prints_by_an_index_of_the_left_side() -> None:
    statement = Statement("dx", (IndexValue(I), IndexValue(J)), at("dloss") / AxisLength("x", 1))
    assert statement_text(statement) == "dx_ij = dloss/size(j)"


STEPS = [
    (dy, "dL/dy_ij"),
    (2 * dy * x, "2 dL/dy_ij x_ij"),
    (dy * x / a, "dL/dy_ij x_ij/a_i"),
    (dy / a, "1/a_i dL/dy_ij"),
    (3 * dy / 2, "3/2 dL/dy_ij"),
    (dy * (1 - y), "dL/dy_ij (1 - y_ij)"),
    (x * total(K, of=at("dy", I, K)), "x_ij*sum_k dL/dy_ik"),
    (dy - total(K, of=at("dy", I, K)), "dL/dy_ij - sum_k dL/dy_ik"),
    (at("dloss") * a, "dL/dloss a_i"),
    (dy * Indicator(compare(y, ">", 0)), "where(y_ij > 0, dL/dy_ij, 0)"),
    (Delta(IndexValue(J), IndexValue(I)), "delta_ij"),
    (total(K, of=Delta(IndexValue(K), IndexValue(I))), "sum_k delta_ik"),
    (Delta(IndexValue(I), at("t", J)), "delta(i, t_j)"),
]


@pytest.mark.parametrize(("expr", "text"), STEPS, ids=[text for _, text in STEPS])
def test_step_prints_as(expr: Expr, text: str) -> None:
    assert to_text(expr, partials={"dy": "y", "dloss": "loss"}) == text


def test_unknown_node_is_named() -> None:
    class Strange(Expr):
        def parts(self) -> tuple[Expr, ...]:
            return ()

    with pytest.raises(AssertionError, match="Strange"):
        to_text(Strange())


def test_repeated_terms_keep_their_order() -> None:
    assert to_text(add(c, b, a, M_TERM)) == "c_l + b_k + a_i + m_m"


M_TERM = at("m", M)
