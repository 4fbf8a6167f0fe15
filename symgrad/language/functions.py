"""Hold the one table of elementwise functions: derivative, expansion, NumPy spelling, LaTeX, kink.

A row is either a primitive (`derivatives` says how it differentiates, `numpy` how it is computed)
or an abbreviation (`expansion` writes it in terms of others, its gradient follows from that).
Derivatives are written with the function's own output `y` where that is shorter. Definitions,
default parameters and values at kinks are PyTorch's. To add a function, add one row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    And,
    Call,
    Compare,
    Constant,
    Expr,
    Indicator,
    Number,
    Or,
    Power,
    Where,
    as_expr,
    power,
)

Rule = Callable[..., Expr]


@dataclass(frozen=True)
class Function:
    """What is known about one elementwise function.

    Attributes:
        name: as written in formulas.
        arity: number of arguments that must be given.
        defaults: values of further, optional arguments, as decimal text.
        derivatives: for each argument a rule (*args, y) -> partial derivative, y the value.
        expansion: (*args) -> the same value in other functions, instead of `derivatives`.
        numpy: NumPy expression with {0}, {1} for the arguments; None for an abbreviation.
        latex: LaTeX with {0}, {1} for the arguments; None means the name set upright.
        kink: what the derivative is where it has a jump, for docstrings; empty where it is smooth.
        domain: interval of the first argument on which the function and its derivative are finite.
    """

    name: str
    arity: int = 1
    defaults: tuple[str, ...] = ()
    derivatives: tuple[Rule, ...] = ()
    expansion: Rule | None = None
    numpy: str | None = None
    latex: str | None = None
    kink: str = ""
    domain: tuple[float, float] = (float("-inf"), float("inf"))


def _f(name: str, *args: Expr) -> Expr:
    return Call(name, args)


def _num(text: str) -> Number:
    return Number(Fraction(text))


def _lt(left: Expr, right: Expr | int) -> Compare:
    return Compare("<", left, as_expr(right))


def _gt(left: Expr, right: Expr | int) -> Compare:
    return Compare(">", left, as_expr(right))


_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _compare(left: Expr, op: str, right: Expr) -> Compare:
    """Return the comparison with a number on its right: x > 0, not 0 < x."""
    if isinstance(left, Number):
        return Compare(_MIRRORED[op], right, left)
    return Compare(op, left, right)


HALF = _num("0.5")
PI = Constant("pi")
SELU_SCALE = _num("1.0507009873554805")
SELU_SCALED_ALPHA = _num("1.7580993408473768")


def _gelu_tanh(x: Expr) -> Expr:
    inner = power(2 / PI, HALF) * (x + _num("0.044715") * x**3)
    return HALF * x * (1 + _f("tanh", inner))


def _pow_by_base(a: Expr, b: Expr, y: Expr) -> Expr:
    if isinstance(b, Number):
        return b * power(a, b - 1)
    return Where(Compare("==", b, ZERO), ZERO, b * power(a, b - 1))


def _pow_by_exponent(a: Expr, b: Expr, y: Expr) -> Expr:
    if isinstance(a, Number):
        return y * _f("log", a) if a.value else ZERO
    zero = And((Compare("==", a, ZERO), Compare(">=", b, ZERO)))
    return Where(zero, ZERO, y * _f("log", a))


def _atan2_partial(numerator: Expr, a: Expr, b: Expr) -> Expr:
    origin = And((Compare("==", a, ZERO), Compare("==", b, ZERO)))
    return Where(origin, ZERO, numerator / (a**2 + b**2))


_ROWS = (
    # smooth primitives, the derivative through the output where that is shorter
    Function("exp", derivatives=(lambda x, y: y,), numpy="np.exp({0})", latex=r"e^{{{0}}}"),
    Function("expm1", derivatives=(lambda x, y: y + 1,), numpy="np.expm1({0})"),
    Function(
        "log",
        derivatives=(lambda x, y: power(x, MINUS_ONE),),
        numpy="np.log({0})",
        latex=r"\log\left({0}\right)",
        domain=(0, float("inf")),
    ),
    Function(
        "log1p",
        derivatives=(lambda x, y: power(1 + x, MINUS_ONE),),
        numpy="np.log1p({0})",
        domain=(-1, float("inf")),
    ),
    Function("sin", derivatives=(lambda x, y: _f("cos", x),), numpy="np.sin({0})"),
    Function("cos", derivatives=(lambda x, y: -_f("sin", x),), numpy="np.cos({0})"),
    Function("tan", derivatives=(lambda x, y: 1 + y**2,), numpy="np.tan({0})"),
    Function(
        "asin",
        derivatives=(lambda x, y: power(1 - x**2, -HALF),),
        numpy="np.arcsin({0})",
        latex=r"\arcsin\left({0}\right)",
        domain=(-1, 1),
    ),
    Function(
        "acos",
        derivatives=(lambda x, y: -power(1 - x**2, -HALF),),
        numpy="np.arccos({0})",
        latex=r"\arccos\left({0}\right)",
        domain=(-1, 1),
    ),
    Function(
        "atan",
        derivatives=(lambda x, y: power(1 + x**2, MINUS_ONE),),
        numpy="np.arctan({0})",
        latex=r"\arctan\left({0}\right)",
    ),
    Function("sinh", derivatives=(lambda x, y: _f("cosh", x),), numpy="np.sinh({0})"),
    Function("cosh", derivatives=(lambda x, y: _f("sinh", x),), numpy="np.cosh({0})"),
    Function("tanh", derivatives=(lambda x, y: 1 - y**2,), numpy="np.tanh({0})"),
    Function("asinh", derivatives=(lambda x, y: power(x**2 + 1, -HALF),), numpy="np.arcsinh({0})"),
    Function(
        "acosh",
        derivatives=(lambda x, y: power(x**2 - 1, -HALF),),
        numpy="np.arccosh({0})",
        domain=(1, float("inf")),
    ),
    Function(
        "atanh",
        derivatives=(lambda x, y: power(1 - x**2, MINUS_ONE),),
        numpy="np.arctanh({0})",
        domain=(-1, 1),
    ),
    Function(
        "erf",
        derivatives=(lambda x, y: 2 / power(PI, HALF) * _f("exp", -(x**2)),),
        numpy="_erf({0})",
    ),
    Function(
        "erfc",
        derivatives=(lambda x, y: -2 / power(PI, HALF) * _f("exp", -(x**2)),),
        numpy="special.erfc({0})",
    ),
    Function(
        "lgamma",
        derivatives=(lambda x, y: _f("digamma", x),),
        numpy="special.gammaln({0})",
        latex=r"\log\Gamma\left({0}\right)",
        domain=(0, float("inf")),
    ),
    Function(
        "digamma",
        derivatives=(lambda x, y: _f("trigamma", x),),
        numpy="special.digamma({0})",
        latex=r"\psi\left({0}\right)",
        domain=(0, float("inf")),
    ),
    Function(
        "trigamma",
        derivatives=(lambda x, y: _f("polygamma", _num("2"), x),),
        numpy="special.zeta(2, {0})",
        latex=r"\psi'\left({0}\right)",
        domain=(0, float("inf")),
    ),
    Function(
        "polygamma",
        arity=2,
        derivatives=(lambda n, x, y: ZERO, lambda n, x, y: _f("polygamma", n + 1, x)),
        numpy="_polygamma({0}, {1})",
        latex=r"\psi^{{({0})}}\left({1}\right)",
    ),
    Function(
        "sigmoid",
        derivatives=(lambda x, y: y * (1 - y),),
        numpy="_sigmoid({0})",
        latex=r"\sigma\left({0}\right)",
    ),
    Function(
        "softplus",
        defaults=("1",),
        # the derivative by beta is not needed: parameters of the table's functions are constants
        derivatives=(lambda x, y: _f("sigmoid", x),),
        numpy="_softplus({0})",
    ),
    # primitives with a kink
    Function(
        "abs",
        derivatives=(lambda x, y: _f("sign", x),),
        numpy="np.abs({0})",
        latex=r"\left|{0}\right|",
        kink="0 at x = 0",
    ),
    Function("sign", derivatives=(lambda x, y: ZERO,), numpy="np.sign({0})", kink="0 everywhere"),
    Function(
        "floor",
        derivatives=(lambda x, y: ZERO,),
        numpy="np.floor({0})",
        latex=r"\lfloor {0} \rfloor",
        kink="0 everywhere",
    ),
    Function(
        "ceil",
        derivatives=(lambda x, y: ZERO,),
        numpy="np.ceil({0})",
        latex=r"\lceil {0} \rceil",
        kink="0 everywhere",
    ),
    Function("round", derivatives=(lambda x, y: ZERO,), numpy="np.round({0})", kink="0 everywhere"),
    Function(
        "relu",
        derivatives=(lambda x, y: Indicator(_gt(y, 0)),),
        numpy="np.clip({0}, 0, np.inf)",
        kink="0 at x = 0",
    ),
    Function(
        "softsign",
        derivatives=(lambda x, y: power(1 + _f("abs", x), as_expr(-2)),),
        expansion=lambda x: x / (1 + _f("abs", x)),
    ),
    Function(
        "hardtanh",
        derivatives=(lambda x, y: Indicator(And((_gt(x, -1), _lt(x, 1)))),),
        numpy="np.clip({0}, -1, 1)",
        kink="0 at x = -1 and x = 1",
    ),
    Function(
        "hardsigmoid",
        derivatives=(lambda x, y: Indicator(And((_gt(x, -3), _lt(x, 3)))) / 6,),
        expansion=lambda x: _f("clip", x / 6 + HALF, ZERO, ONE),
        kink="0 at x = -3 and x = 3",
    ),
    Function(
        "hardswish",
        derivatives=(
            lambda x, y: Where(
                Compare("<=", x, as_expr(-3)), ZERO, Where(_lt(x, 3), x / 3 + HALF, ONE)
            ),
        ),
        expansion=lambda x: x * _f("clip", x + 3, ZERO, as_expr(6)) / 6,
        kink="0 at x = -3, 1 at x = 3",
    ),
    Function(
        "max",
        arity=2,
        derivatives=(
            lambda a, b, y: Indicator(_compare(a, ">=", b)),
            lambda a, b, y: Indicator(_compare(a, "<", b)),
        ),
        numpy="np.maximum({0}, {1})",
        latex=r"\max\left({0}, {1}\right)",
        kink="at a tie the gradient goes to the first argument",
    ),
    Function(
        "min",
        arity=2,
        derivatives=(
            lambda a, b, y: Indicator(_compare(a, "<=", b)),
            lambda a, b, y: Indicator(_compare(a, ">", b)),
        ),
        numpy="np.minimum({0}, {1})",
        latex=r"\min\left({0}, {1}\right)",
        kink="at a tie the gradient goes to the first argument",
    ),
    Function(
        "clip",
        arity=3,
        derivatives=(
            lambda x, lo, hi, y: Indicator(And((Compare(">=", x, lo), Compare("<=", x, hi)))),
            lambda x, lo, hi, y: Indicator(And((_lt(x, lo), _lt(lo, hi)))),
            lambda x, lo, hi, y: Indicator(Or((_gt(x, hi), Compare(">=", lo, hi)))),
        ),
        numpy="np.clip({0}, {1}, {2})",
        kink="1 at both bounds",
    ),
    Function(
        "atan2",
        arity=2,
        derivatives=(
            lambda a, b, y: _atan2_partial(b, a, b),
            lambda a, b, y: _atan2_partial(-a, a, b),
        ),
        numpy="np.arctan2({0}, {1})",
        kink="0 at the origin",
    ),
    Function(
        "hypot",
        arity=2,
        derivatives=(lambda a, b, y: a / y, lambda a, b, y: b / y),
        numpy="np.hypot({0}, {1})",
    ),
    Function(
        "pow",
        arity=2,
        derivatives=(_pow_by_base, _pow_by_exponent),
        numpy="np.power({0}, {1})",
        latex=r"{0}^{{{1}}}",
        kink="0 by the exponent where the base is 0 and the exponent is not negative",
    ),
    # abbreviations
    Function("square", expansion=lambda x: x**2, latex=r"{0}^2"),
    Function("reciprocal", expansion=lambda x: power(x, MINUS_ONE), latex=r"\frac{{1}}{{{0}}}"),
    Function(
        "sqrt",
        expansion=lambda x: power(x, HALF),
        latex=r"\sqrt{{{0}}}",
        domain=(0, float("inf")),
    ),
    Function(
        "rsqrt",
        expansion=lambda x: power(x, -HALF),
        latex=r"\frac{{1}}{{\sqrt{{{0}}}}}",
        domain=(0, float("inf")),
    ),
    Function("logsigmoid", expansion=lambda x: -_f("softplus", -x)),
    Function("silu", expansion=lambda x: x * _f("sigmoid", x)),
    Function("mish", expansion=lambda x: x * _f("tanh", _f("softplus", x))),
    Function("gelu", expansion=lambda x: HALF * x * (1 + _f("erf", x / power(as_expr(2), HALF)))),
    Function("gelu_tanh", expansion=_gelu_tanh),
    Function(
        "leaky_relu",
        defaults=("0.01",),
        expansion=lambda x, slope: Where(_gt(x, 0), x, slope * x),
        kink="the slope at x = 0",
    ),
    Function(
        "elu",
        defaults=("1",),
        expansion=lambda x, alpha: Where(_gt(x, 0), x, alpha * _f("expm1", x)),
        kink="alpha at x = 0",
    ),
    Function(
        "selu",
        expansion=lambda x: Where(_gt(x, 0), SELU_SCALE * x, SELU_SCALED_ALPHA * _f("expm1", x)),
        kink="scale*alpha at x = 0",
    ),
)

FUNCTIONS: dict[str, Function] = {row.name: row for row in _ROWS}

# functions that only gradients use: formulas may not be written with them
DERIVED_ONLY = frozenset({"trigamma", "polygamma"})


def expand(call: Call) -> Expr:
    """Write an abbreviation, or x^p with a constant p, in other functions; keep a primitive."""
    row = FUNCTIONS[call.function]
    args = call.args + tuple(_num(text) for text in row.defaults[len(call.args) - row.arity :])
    if row.name == "pow":
        return Power(*args) if isinstance(args[1], Number) else call
    if row.name == "softplus":
        x, beta = args
        return _f("softplus", beta * x) / beta
    if row.expansion is None or row.derivatives:
        return call
    return row.expansion(*args)


def spelled(call: Call) -> Expr:
    """Write a function that has no NumPy spelling of its own in others; keep the rest."""
    row = FUNCTIONS[call.function]
    if row.numpy is None and row.expansion is not None and row.derivatives:
        return row.expansion(*call.args)
    return expand(call)
