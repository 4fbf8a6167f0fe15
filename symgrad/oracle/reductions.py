"""Define the reductions of the language over a list of scalars, one row each."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from symgrad.errors import ShapeError
from symgrad.oracle.arithmetic import Arithmetic

Values = list[Any]


def _sum(values: Values, arithmetic: Arithmetic) -> Any:
    return sum(values, start=arithmetic.number(0))


def _prod(values: Values, arithmetic: Arithmetic) -> Any:
    product = arithmetic.number(1)
    for value in values:
        product = product * value
    return product


def _mean(values: Values, arithmetic: Arithmetic) -> Any:
    if not values:
        raise ShapeError("a mean over nothing: no index value passes")
    return _sum(values, arithmetic) / len(values)


def _max(values: Values, arithmetic: Arithmetic) -> Any:
    return _extreme(values, -arithmetic.constants["inf"], operator.gt)


def _min(values: Values, arithmetic: Arithmetic) -> Any:
    return _extreme(values, arithmetic.constants["inf"], operator.lt)


def _extreme(values: Values, start: Any, better: Callable[[Any, Any], bool]) -> Any:
    best = start
    for value in values:
        if value != value:
            return value
        if better(value, best):
            best = value
    return best


def _logsumexp(values: Values, arithmetic: Arithmetic) -> Any:
    largest = _max(values, arithmetic)
    infinity = arithmetic.constants["inf"]
    if largest != largest or largest == infinity or largest == -infinity:
        return largest
    exp, log = arithmetic.functions["exp"], arithmetic.functions["log"]
    return largest + log(_sum([exp(value - largest) for value in values], arithmetic))


REDUCERS: dict[str, Callable[[Values, Arithmetic], Any]] = {
    "sum": _sum,
    "mean": _mean,
    "prod": _prod,
    "max": _max,
    "min": _min,
    "logsumexp": _logsumexp,
}

ARGUMENT_REDUCERS: dict[str, Callable[[Any, Any], bool]] = {
    "argmax": operator.gt,
    "argmin": operator.lt,
}
