"""Rewrite exponentials so that what cancels on paper also cancels in floating point.

Every value is read as exp(scale)*mantissa. A sum of exponentials takes the largest exponent as its
scale, products add their scales, `log` returns the scale and the log of the mantissa. Where the
scale of a sum meets its own inverse (a softmax) or a log (log-sum-exp), the shifted form replaces
what the user wrote; elsewhere the text stands as it is. The shift is under stop_gradient: it
cancels exactly.

1 + exp(a) is exp(softplus(a)), which brings sigmoid, softplus and their logs under the same rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatchmethod
from typing import Any

from symgrad.derivation.parts import filled_in_parts
from symgrad.language.expr import (
    MINUS_ONE,
    NEGATIVE_INFINITY,
    ONE,
    ZERO,
    Add,
    Call,
    Compare,
    Element,
    Expr,
    Index,
    Indicator,
    Mul,
    Number,
    Power,
    Reduce,
    StopGradient,
    Where,
    add,
    alpha_key,
    free_indices,
    freshen,
    is_number,
    map_parts,
    mul,
    power,
    replace,
    split_coefficient,
    substitute,
    walk,
)
from symgrad.language.layer import Statement


@dataclass(frozen=True)
class Scaled:
    """A value in two forms: `plain`, and exp(scale)*mantissa where that says more (scale not 0)."""

    plain: Expr
    scale: Expr = ZERO
    mantissa: Expr | None = None

    @property
    def core(self) -> Expr:
        """The mantissa; the value itself when the scale is 0."""
        return self.plain if self.mantissa is None else self.mantissa

    @property
    def bounded(self) -> bool:
        """Whether the exponential can't overflow: its scale is an exponent minus its own shift."""
        return not is_number(self.scale, 0) and _is_bounded(self.scale)


def stabilise(statements: Sequence[Statement]) -> list[Statement]:
    """Return the statements with stable exponentials, looking through earlier statements."""
    rewriter = _Stabiliser(filled_in_parts(statements))
    return [rewriter.statement(statement) for statement in statements]


class _Stabiliser:
    def __init__(self, filled: frozenset[str]) -> None:
        self.filled = filled
        self.known: dict[str, tuple[tuple[Index, ...], Scaled]] = {}
        self.shifts: dict[Any, Expr] = {}

    def statement(self, statement: Statement) -> Statement:
        value = self.scaled(statement.value)
        if statement.name not in self.filled:
            self.known[statement.name] = (statement.indices, value)
        return Statement(statement.name, statement.subscripts, value.plain)

    @singledispatchmethod
    def scaled(self, expr: Expr) -> Scaled:
        """Read an expression as exp(scale)*mantissa; the default has no scale."""
        return Scaled(map_parts(expr, lambda part: self.scaled(part).plain))

    @scaled.register
    def _(self, expr: Element) -> Scaled:
        if expr.name not in self.known:
            return Scaled(expr)
        indices, value = self.known[expr.name]
        if value.mantissa is None:
            return Scaled(expr)
        mapping = dict(zip(indices, expr.subscripts, strict=True))
        scale = self.with_known_shifts(substitute(freshen(value.scale), mapping))
        mantissa = self.with_known_shifts(substitute(freshen(value.mantissa), mapping))
        return Scaled(expr, scale, mantissa)

    def with_known_shifts(self, expr: Expr) -> Expr:
        """Write equal shifts as one expression, bound index included, so that they cancel."""

        def visit(part: Expr) -> Expr | None:
            if isinstance(part, StopGradient):
                return self.shifts.setdefault(alpha_key(part), part)
            return None

        return replace(expr, visit)

    @scaled.register
    def _(self, expr: Call) -> Scaled:
        args = tuple(self.scaled(arg) for arg in expr.args)
        plain = Call(expr.function, tuple(arg.plain for arg in args))
        if expr.function == "exp":
            return Scaled(_exp(args[0].plain), args[0].plain, ONE)
        if expr.function == "log" and not is_number(args[0].scale, 0):
            return Scaled(_guarded(add(args[0].scale, _log(args[0].core))))
        if expr.function == "log1p" and _is_exponential(args[0]):
            return Scaled(Call("softplus", (args[0].scale,)))
        if expr.function == "expm1":
            return Scaled(plain)
        if expr.function == "sigmoid":
            scale = -Call("softplus", (-args[0].plain,))
            return Scaled(plain, scale, ONE)
        return Scaled(plain)

    @scaled.register
    def _(self, expr: Where) -> Scaled:
        then, otherwise = self.scaled(expr.then), self.scaled(expr.otherwise)
        condition = self.scaled(expr.condition).plain
        plain = Where(condition, then.plain, otherwise.plain)
        if otherwise.plain == ZERO and not is_number(then.scale, 0):
            return Scaled(plain, then.scale, mul(then.core, Indicator(condition)))
        return Scaled(plain)

    @scaled.register
    def _(self, expr: Power) -> Scaled:
        base = self.scaled(expr.base)
        plain = power(base.plain, self.scaled(expr.exponent).plain)
        if is_number(base.scale, 0) or not isinstance(expr.exponent, Number):
            return Scaled(plain)
        scale = _times(expr.exponent.value, base.scale)
        return _choose(plain, scale, power(base.core, expr.exponent), [base])

    @scaled.register
    def _(self, expr: Mul) -> Scaled:
        factors = [self.scaled(factor) for factor in expr.factors]
        plain = mul(*(factor.plain for factor in factors))
        scale = add(*(factor.scale for factor in factors))
        mantissa = mul(*(factor.core for factor in factors))
        return _choose(plain, scale, mantissa, factors)

    @scaled.register
    def _(self, expr: Add) -> Scaled:
        terms = [self.scaled(term) for term in expr.terms]
        plain = add(*(term.plain for term in terms))
        softplus = _one_plus_exponential(terms)
        if softplus is not None:
            return Scaled(plain, softplus, ONE)
        scales = [ZERO if term.bounded else term.scale for term in terms]
        if all(is_number(scale, 0) for scale in scales):
            return Scaled(plain)
        shift = _shift_of(scales)
        parts = [
            mul(
                term.plain if is_number(scale, 0) else term.core,
                _exp(add(scale, mul(MINUS_ONE, shift))),
            )
            for term, scale in zip(terms, scales, strict=True)
        ]
        return Scaled(plain, shift, add(*parts))

    @scaled.register
    def _(self, expr: Reduce) -> Scaled:
        body = self.scaled(expr.body)
        condition = None if expr.condition is None else self.scaled(expr.condition).plain
        plain = Reduce(expr.op, expr.indices, condition, body.plain)
        if expr.op != "sum" or is_number(body.scale, 0) or body.bounded:
            return Scaled(plain)
        inner, outer = _split_scale(body.scale, expr.indices)
        fresh = freshen(Reduce("sum", expr.indices, condition, body.core))
        assert isinstance(fresh, Reduce)
        if is_number(inner, 0):
            return Scaled(plain, outer, fresh)
        mapped = freshen(Reduce("max", expr.indices, condition, inner))
        assert isinstance(mapped, Reduce)
        shift = self.with_known_shifts(StopGradient(mapped))
        exponent = add(inner, mul(MINUS_ONE, shift))
        shifted = freshen(Reduce("sum", expr.indices, condition, mul(body.core, _exp(exponent))))
        return Scaled(plain, add(outer, shift), shifted)


def _choose(plain: Expr, scale: Expr, mantissa: Expr, parts: Sequence[Scaled]) -> Scaled:
    """Write exp(scale)*mantissa out where a shift has met its inverse; else keep the text."""
    if is_number(scale, 0) and all(part.mantissa is None for part in parts):
        return Scaled(plain)
    if is_number(scale, 0):
        return Scaled(mantissa)
    unstable = any(not is_number(part.scale, 0) and not part.bounded for part in parts)
    if unstable and _is_bounded(scale):
        return Scaled(_written(scale, mantissa), scale, mantissa)
    return Scaled(plain, scale, mantissa)


def _written(scale: Expr, mantissa: Expr) -> Expr:
    """Return exp(scale)*mantissa, the mask inside the exponent where there is one."""
    factors = mantissa.factors if isinstance(mantissa, Mul) else (mantissa,)
    masks = [factor for factor in factors if isinstance(factor, Indicator)]
    rest = mul(*(factor for factor in factors if not isinstance(factor, Indicator)))
    for mask in masks:
        scale = Where(mask.condition, scale, NEGATIVE_INFINITY)
    return mul(_exp(scale), rest)


def _exp(exponent: Expr) -> Expr:
    """Return exp(exponent); exp(a - softplus(a)) and exp(-softplus(-a)) are sigmoid(a)."""
    if is_number(exponent, 0):
        return ONE
    reduced = _merge_softplus(exponent)
    terms = reduced.terms if isinstance(reduced, Add) else (reduced,)
    sigmoids: list[Expr] = []
    rest: list[Expr] = []
    for term in terms:
        argument = _softplus_argument(term)
        if argument is None:
            rest.append(term)
        else:
            sigmoids.append(Call("sigmoid", (-argument,)))
    tail = [Call("exp", (add(*rest),))] if rest else []
    return mul(*sigmoids, *tail)


def _softplus_argument(term: Expr) -> Expr | None:
    """Return a when the term is -softplus(a)."""
    coefficient, body = split_coefficient(term)
    if coefficient == -1 and isinstance(body, Call) and body.function == "softplus":
        return body.args[0]
    return None


def _merge_softplus(expr: Expr) -> Expr:
    """Return a - softplus(a) as -softplus(-a): exact, and small where it is small."""
    terms = list(expr.terms) if isinstance(expr, Add) else [expr]
    for position, term in enumerate(terms):
        argument = _softplus_argument(term)
        if argument is None:
            continue
        wanted = argument.terms if isinstance(argument, Add) else (argument,)
        if all(part in terms for part in wanted):
            left = [t for p, t in enumerate(terms) if p != position and t not in wanted]
            return _merge_softplus(add(*left, -Call("softplus", (-argument,))))
    return expr


def _log(mantissa: Expr) -> Expr:
    """Return log(mantissa), the log of a quotient of 1 as a negative log."""
    if is_number(mantissa, 1):
        return ZERO
    if isinstance(mantissa, Power) and isinstance(mantissa.exponent, Number):
        return mul(mantissa.exponent, Call("log", (mantissa.base,)))
    return Call("log", (mantissa,))


def _is_exponential(value: Scaled) -> bool:
    return not is_number(value.scale, 0) and is_number(value.core, 1)


def _one_plus_exponential(terms: Sequence[Scaled]) -> Expr | None:
    """Return s with 1 + exp(a) = exp(s), or 1 - sigmoid(a) = exp(s)."""
    if len(terms) != 2:
        return None
    one, other = sorted(terms, key=lambda term: not is_number(term.plain, 1))
    if not is_number(one.plain, 1):
        return None
    if _is_exponential(other) and not other.bounded:
        return Call("softplus", (other.scale,))
    coefficient, body = split_coefficient(other.core)
    argument = _sigmoid_of(other.scale)
    if coefficient == -1 and is_number(body, 1) and argument is not None:
        return -Call("softplus", (argument,))
    return None


def _sigmoid_of(scale: Expr) -> Expr | None:
    """Return a when exp(scale) is sigmoid(a)."""
    argument = _softplus_argument(_merge_softplus(scale))
    return None if argument is None else -argument


def _times(number: Fraction, scale: Expr) -> Expr:
    terms = scale.terms if isinstance(scale, Add) else (scale,)
    return add(*(mul(Number(number), term) for term in terms))


def _is_bounded(scale: Expr) -> bool:
    """Say whether a shift or softplus is taken off and none is added."""
    terms = scale.terms if isinstance(scale, Add) else (scale,)
    signs = [split_coefficient(term)[0] for term in terms if _is_shift(term)]
    return bool(signs) and all(sign < 0 for sign in signs)


def _is_shift(term: Expr) -> bool:
    _, body = split_coefficient(term)
    return isinstance(body, StopGradient) or (
        isinstance(body, Call) and body.function == "softplus"
    )


def _shift_of(scales: Sequence[Expr]) -> Expr:
    shift, *others = dict.fromkeys(scales)
    for other in others:
        shift = Call("max", (shift, other))
    return StopGradient(shift)


def _split_scale(scale: Expr, bound: Sequence[Index]) -> tuple[Expr, Expr]:
    """Return the part of a scale that depends on the bound indices, and the rest."""
    terms = scale.terms if isinstance(scale, Add) else (scale,)
    inner = [term for term in terms if not free_indices(term).isdisjoint(bound)]
    outer = [term for term in terms if free_indices(term).isdisjoint(bound)]
    return add(*inner), add(*outer)


def _guarded(log: Expr) -> Expr:
    """Return a log-sum-exp whose shift is 0 where nothing passes: its value is -inf, not NaN."""

    def visit(part: Expr) -> Expr | None:
        if isinstance(part, StopGradient) and _may_be_empty(part.body):
            finite = Compare(">", part.body, NEGATIVE_INFINITY)
            return StopGradient(Where(finite, part.body, ZERO))
        return None

    return replace(log, visit)


def _may_be_empty(shift: Expr) -> bool:
    return isinstance(shift, Reduce) and any(
        part == NEGATIVE_INFINITY or (isinstance(part, Reduce) and part.condition is not None)
        for part in walk(shift)
    )
