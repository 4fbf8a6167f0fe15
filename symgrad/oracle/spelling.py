"""Evaluate a function of the table by its NumPy spelling, where the oracle has no definition.

So a function that is added as one row can be verified at once. The names in the spelling are looked
up among the oracle's own scalars: np.arcsin is its asin.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from symgrad.language.functions import FUNCTIONS, Function
from symgrad.oracle.arithmetic import Arithmetic

_PLAIN = re.compile(r"(?:np|special)\.(\w+)\(\{0\}(?:, \{\d\})*\)")


def function_of(name: str, arithmetic: Arithmetic) -> Callable[..., Any]:
    """Return the primitive of that name on scalars of the arithmetic."""
    if name in arithmetic.functions:
        return arithmetic.functions[name]
    return _by_spelling(FUNCTIONS[name], arithmetic)


def _by_spelling(row: Function, arithmetic: Arithmetic) -> Callable[..., Any]:
    if row.numpy is None:
        raise AssertionError(f"{row.name} has neither an expansion nor a NumPy spelling")
    names = [f"x{k}" for k in range(row.arity)]
    code = compile(row.numpy.format(*names), f"<{row.name}>", "eval")
    scalars = _namespace(arithmetic)

    def evaluate(*args: Any) -> Any:
        # the text is a row of our own table; no formula ever gets here
        return eval(code, {"np": scalars, "special": scalars}, dict(zip(names, args, strict=True)))

    return evaluate


def _namespace(arithmetic: Arithmetic) -> SimpleNamespace:
    """Return the oracle's functions under the names that NumPy and SciPy have for them."""
    functions: dict[str, Any] = {
        "sqrt": lambda x: arithmetic.power(x, arithmetic.number(0.5)),
        "where": lambda condition, then, otherwise: then if condition else otherwise,
        **{name: arithmetic.constants[name] for name in ("pi", "inf")},
    }
    for row in FUNCTIONS.values():
        plain = _PLAIN.fullmatch(row.numpy or "")
        if plain and row.name in arithmetic.functions:
            functions[plain.group(1)] = arithmetic.functions[row.name]
    return _Known(**functions)


class _Known(SimpleNamespace):
    """The functions that a spelling may use."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(
            f"a NumPy spelling uses {name}, and the oracle has no function of that name: write it "
            "with functions of the table, or add it to the oracle's own"
        )
