"""Define what the oracle needs to know about one kind of scalar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Arithmetic:
    """A kind of scalar; `+ * < ==` are the operators of its values, and never raise.

    Attributes:
        number: the scalar nearest to an int, a float or a Fraction.
        power: base^exponent by IEEE's rules: 1/0 is inf, and NaN where there is no real value.
        functions: the elementwise primitives of the function table, by name; they never raise.
        constants: `pi` and `inf`.
        to_float: the float64 nearest to a scalar.
    """

    number: Callable[[Any], Any]
    power: Callable[[Any, Any], Any]
    functions: Mapping[str, Callable[..., Any]]
    constants: Mapping[str, Any]
    to_float: Callable[[Any], float]
