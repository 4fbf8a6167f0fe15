"""Hold the SymPy spelling of each primitive function of the table, without importing SymPy."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from symgrad.language.functions import FUNCTIONS

_PLAIN = re.compile(r"(?:np|special)\.(\w+)\(\{0\}(?:, \{\d\})*\)")

# name -> (sympy, *args) -> SymPy expression; a name that is missing goes by its NumPy spelling
SYMPY_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": lambda s, x: s.exp(x),
    "expm1": lambda s, x: s.exp(x) - 1,
    "log": lambda s, x: s.log(x),
    "log1p": lambda s, x: s.log(1 + x),
    "sin": lambda s, x: s.sin(x),
    "cos": lambda s, x: s.cos(x),
    "tan": lambda s, x: s.tan(x),
    "asin": lambda s, x: s.asin(x),
    "acos": lambda s, x: s.acos(x),
    "atan": lambda s, x: s.atan(x),
    "sinh": lambda s, x: s.sinh(x),
    "cosh": lambda s, x: s.cosh(x),
    "tanh": lambda s, x: s.tanh(x),
    "asinh": lambda s, x: s.asinh(x),
    "acosh": lambda s, x: s.acosh(x),
    "atanh": lambda s, x: s.atanh(x),
    "erf": lambda s, x: s.erf(x),
    "erfc": lambda s, x: s.erfc(x),
    "lgamma": lambda s, x: s.loggamma(x),
    "digamma": lambda s, x: s.digamma(x),
    "trigamma": lambda s, x: s.polygamma(1, x),
    "polygamma": lambda s, n, x: s.polygamma(n, x),
    "sigmoid": lambda s, x: 1 / (1 + s.exp(-x)),
    "softplus": lambda s, x: s.log(1 + s.exp(x)),
    "abs": lambda s, x: s.Abs(x),
    "sign": lambda s, x: s.sign(x),
    "floor": lambda s, x: s.floor(x),
    "ceil": lambda s, x: s.ceiling(x),
    "softsign": lambda s, x: x / (1 + s.Abs(x)),
    "hardtanh": lambda s, x: s.Min(s.Max(x, -1), 1),
    "hardsigmoid": lambda s, x: s.Min(s.Max(x + 3, 0), 6) / 6,
    "hardswish": lambda s, x: x * s.Min(s.Max(x + 3, 0), 6) / 6,
    "relu": lambda s, x: s.Max(x, 0),
    "max": lambda s, a, b: s.Max(a, b),
    "min": lambda s, a, b: s.Min(a, b),
    "clip": lambda s, x, low, high: s.Min(s.Max(x, low), high),
    "atan2": lambda s, a, b: s.atan2(a, b),
    "hypot": lambda s, a, b: s.sqrt(a**2 + b**2),
    "pow": lambda s, a, b: a**b,
}


def apply_function(sympy: ModuleType, name: str, args: list[Any]) -> Any:
    """Apply a function by its name in the formula language.

    One that has neither a SymPy spelling nor a NumPy spelling made of such functions (`round`) is
    an undefined function.
    """
    spelling = SYMPY_FUNCTIONS.get(name)
    if spelling is not None:
        return spelling(sympy, *args)
    numpy = FUNCTIONS[name].numpy or ""
    if _PLAIN.fullmatch(numpy):
        return sympy.Function(name)(*args)
    return _by_spelling(sympy, numpy, args)


def _by_spelling(sympy: ModuleType, numpy: str, args: list[Any]) -> Any:
    """Evaluate a NumPy spelling of the table with SymPy's functions under NumPy's names."""
    names = [f"x{k}" for k in range(len(args))]
    functions: dict[str, Any] = {"sqrt": sympy.sqrt, "pi": sympy.pi}
    for row in FUNCTIONS.values():
        plain = _PLAIN.fullmatch(row.numpy or "")
        if plain and row.name in SYMPY_FUNCTIONS:
            functions[plain.group(1)] = _bound(sympy, row.name)
    space = SimpleNamespace(**functions)
    # the text is a row of our own table; no formula ever gets here
    scope = {"np": space, "special": space, **dict(zip(names, args, strict=True))}
    return eval(numpy.format(*names), scope)


def _bound(sympy: ModuleType, name: str) -> Callable[..., Any]:
    return lambda *args: SYMPY_FUNCTIONS[name](sympy, *args)
