"""Lower products: factors of equal axes first, quotients as quotients, masks last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from symgrad.language.expr import (
    MINUS_ONE,
    Delta,
    Element,
    Expr,
    Extent,
    Index,
    Indicator,
    Mul,
    Number,
    Power,
    Reduce,
    Where,
    free_indices,
    mul,
    power,
)
from symgrad.lowering.expressions.elementwise import Frame, lower
from symgrad.lowering.expressions.scope import Scope, is_finite, nominal_size
from symgrad.lowering.nodes.arrays import Array, Literal, Reduction, Value
from symgrad.lowering.nodes.combine import (
    as_float,
    combine,
    divide,
    multiply,
    number,
    scalar,
    union,
)
from symgrad.lowering.reducing.idioms import apply_idioms


@lower.register
def _(expr: Mul, scope: Scope, frame: Frame) -> Value:
    found = apply_idioms(expr, scope, frame)
    return found if found is not None else lower_product(expr.factors, scope, frame)


@dataclass
class Group:
    """The factors of a product which have the same axes."""

    above: list[Value] = field(default_factory=list)
    below: list[Value] = field(default_factory=list)


def lower_product(
    factors: Iterable[Expr],
    scope: Scope,
    frame: Frame,
    ready: Sequence[Value] = (),
    ready_finite: bool = True,
) -> Value:
    """Return the product of the factors and of values that are lowered already."""
    factors = list(factors)
    if not ready:
        for rewriting in (_weak_choice, _scaled_sum):
            expr = rewriting(factors, scope)
            if expr is not None:
                return lower(expr, scope, frame)
    finite = ready_finite and all(is_finite(factor, scope.tensors) for factor in factors)
    factors, means = _take_means(factors, scope, frame)
    masks = [factor for factor in factors if isinstance(factor, (Indicator, Delta))]
    others = [factor for factor in factors if not isinstance(factor, (Indicator, Delta))]
    product = _plain_product(others, [*means, *ready], scope, frame)
    if not masks:
        return product
    mask = mask_value(masks, scope, frame)
    if isinstance(mask.array, Literal):
        return product if mask.array.value == "True" else scalar(number(0))
    if finite:
        return multiply(product, mask, frame)
    return combine("where", (mask, as_float(product), scalar(number(0))), frame)


def _weak_choice(factors: Sequence[Expr], scope: Scope) -> Expr | None:
    """a*where(c, 1, s) = where(c, a, s*a), for numbers: the choice is made among arrays."""
    for position, factor in enumerate(factors):
        if isinstance(factor, Where) and len(factors) > 1:
            branches = (factor.then, factor.otherwise)
            if all(not free_indices(b) and is_weak(b, scope) for b in branches):
                rest = [*factors[:position], *factors[position + 1 :]]
                return Where(factor.condition, *(mul(*rest, branch) for branch in branches))
    return None


def _scaled_sum(factors: Sequence[Expr], scope: Scope) -> Expr | None:
    """s*sum_k a_ik*b_kj = sum_k s*a_ik*b_kj, where the sum scales a factor of its own."""
    sums = [f for f in factors if isinstance(f, Reduce) and f.op == "sum" and f.condition is None]
    if len(sums) != 1 or not isinstance(sums[0].body, Mul):
        return None
    numbers = [factor for factor in factors if factor is not sums[0]]
    inside = sums[0].body.factors
    if scaled_operand(inside, numbers, free_indices(sums[0]), scope) is None:
        return None
    return Reduce("sum", sums[0].indices, None, Mul((*inside, *numbers)))


def scaled_operand(
    factors: Sequence[Expr], numbers: Sequence[Expr], result: frozenset[Index], scope: Scope
) -> list[Expr] | None:
    """Return two factors that are summed, one of them scaled: an array no larger than the result.

    Of arrays that seem equally large the factor is taken, in forward: what is summed there are
    channels as a rule, fewer than the places or rows of the result. In backward rows are summed.
    """
    arrays = [f for f in factors if isinstance(f, Element) and f.subscripts]
    if scope.backward or len(factors) != 2 or len(arrays) != 2 or not numbers or not result:
        return None
    bases = [number.base if isinstance(number, Power) else number for number in numbers]
    if not all(not free_indices(base) and is_weak(base, scope) for base in bases):
        return None
    sizes = [nominal_size(free_indices(factor)) for factor in factors]
    small = sizes.index(min(sizes))
    if sizes[small] > nominal_size(result):
        return None
    return [Mul((f, *numbers)) if n == small else f for n, f in enumerate(factors)]


def is_weak(expr: Expr, scope: Scope) -> bool:
    """Say whether an expression without indices is a Python number."""
    return lower(expr, scope, ()).array.kind == "weak"


def mask_value(masks: Sequence[Expr], scope: Scope, frame: Frame) -> Value:
    """Return where all of the indicators and deltas are 1."""
    total = lower(masks[0], scope, frame)
    for mask in masks[1:]:
        total = combine("and", (total, lower(mask, scope, frame)), frame)
    return total


def _plain_product(
    factors: Sequence[Expr], ready: Sequence[Value], scope: Scope, frame: Frame
) -> Value:
    coefficient = Fraction(1)
    groups: dict[Frame, Group] = {}
    for factor in factors:
        if isinstance(factor, Number):
            coefficient *= factor.value
            continue
        below = isinstance(factor, Power) and _is_negative(factor.exponent)
        value = as_float(lower(power(factor, MINUS_ONE) if below else factor, scope, frame))
        group = groups.setdefault(union([value], frame), Group())
        (group.below if below else group.above).append(value)
    for value in ready:
        groups.setdefault(union([value], frame), Group()).above.append(as_float(value))
    return _join_groups(groups, coefficient, frame)


def _is_negative(exponent: Expr) -> bool:
    return isinstance(exponent, Number) and exponent.value < 0


def split_fraction(coefficient: Fraction) -> tuple[Fraction, Fraction]:
    """Return what to multiply and what to divide by: short decimals multiply, 1/3 divides by 3."""
    if coefficient.denominator == 1:
        return coefficient, Fraction(1)
    decimal = repr(float(coefficient))
    if len(decimal) <= 8 or coefficient.denominator > 1000:
        return coefficient, Fraction(1)
    return Fraction(coefficient.numerator), Fraction(coefficient.denominator)


def _join_groups(groups: dict[Frame, Group], coefficient: Fraction, frame: Frame) -> Value:
    """Multiply the groups, the smallest first; numbers join the first, divisors stand last."""
    above, below = split_fraction(abs(coefficient))
    weak, wide = _sort_groups(groups)
    leading = _fold([scalar(Literal(above)), *weak.above], frame)
    trailing = _fold([*weak.below, scalar(Literal(below))], frame)
    product = leading
    later: list[Value] = []
    for group in wide:
        if not group.above:
            later.append(_fold(group.below, frame))
            continue
        product, later = _divide_early(product, later, frame)
        for value in group.above:
            product = multiply(product, value, frame)
        product = divide(product, _fold(group.below, frame), frame)
        product, trailing = divide(product, trailing, frame), scalar(number(1))
    for value in later:
        product = divide(product, value, frame)
    product = divide(product, trailing, frame)
    return combine("neg", (product,), frame) if coefficient < 0 else product


def _divide_early(
    product: Value, divisors: Sequence[Value], frame: Frame
) -> tuple[Value, list[Value]]:
    """Divide a product by arrays that do not enlarge it, before a larger array is multiplied.

    (a_i/s_i)*x_ij passes once over x, (a_i*x_ij)/s_i twice. A product without factors stays: x/s.
    """
    later: list[Value] = []
    for divisor in divisors:
        smaller = not product.axes or set(divisor.axes) <= set(product.axes)
        if smaller and product.array != number(1):
            product = divide(product, divisor, frame)
        else:
            later.append(divisor)
    return product, later


def _sort_groups(groups: dict[Frame, Group]) -> tuple[Group, list[Group]]:
    """Return the Python numbers, and the arrays from the smallest to the largest."""
    weak, arrays = Group(), Group()
    scalars = groups.pop((), Group())
    for source, name in ((scalars.above, "above"), (scalars.below, "below")):
        for value in source:
            target = weak if value.array.kind == "weak" else arrays
            getattr(target, name).append(value)
    wide = [groups[axes] for axes in sorted(groups, key=nominal_size)]
    return weak, ([arrays] if arrays.above or arrays.below else []) + wide


def _fold(values: Sequence[Value], frame: Frame) -> Value:
    total = scalar(number(1))
    for value in values:
        total = multiply(total, value, frame)
    return total


# --- means ---------------------------------------------------------------------------------------


def _take_means(factors: list[Expr], scope: Scope, frame: Frame) -> tuple[list[Expr], list[Value]]:
    """Take out each sum over k with its 1/size(k), where the sum lowers to a mean."""
    means: list[Value] = []
    for factor in list(factors):
        divisors = _divisors(factor, factors, scope)
        if divisors is None:
            continue
        mean = _mean(lower(factor, scope, frame))
        if mean is not None:
            means.append(mean)
            for used in (factor, *divisors):
                factors.remove(used)
    return factors, means


def _mean(value: Value) -> Value | None:
    array = value.array
    if isinstance(array, Reduction) and array.op == "sum":
        return Value(replace(array, op="mean"), value.axes)
    return None


def _divisors(factor: Expr, factors: Sequence[Expr], scope: Scope) -> list[Expr] | None:
    """Return the factors 1/size(k) for all indices of a sum that uses each of them."""
    if not isinstance(factor, Reduce) or factor.op != "sum" or factor.condition is not None:
        return None
    found: list[Expr] = []
    for index in factor.indices:
        length = lower(Extent(index), scope, ()).array
        if index not in free_indices(factor.body):
            return None
        match = next(
            (f for f in factors if f not in found and _is_one_over(f, length, scope)), None
        )
        if match is None:
            return None
        found.append(match)
    return found


def _is_one_over(factor: Expr, length: Array, scope: Scope) -> bool:
    if not isinstance(factor, Power) or factor.exponent != Number(Fraction(-1)):
        return False
    if free_indices(factor.base) and not isinstance(factor.base, Extent):
        return False
    return lower(factor.base, scope, ()).array == length
