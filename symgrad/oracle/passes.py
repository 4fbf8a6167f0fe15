"""Name the three passes that compile expressions into closures; modules beside register nodes.

`compile_value` gives scalars, `compile_integer` subscripts and extents, `compile_condition` truth
values.
"""

from __future__ import annotations

from functools import singledispatch

from symgrad.language.expr import Expr
from symgrad.oracle.frame import Evaluate
from symgrad.oracle.scope import Scope


@singledispatch
def compile_value(expr: Expr, scope: Scope) -> Evaluate:
    """Return a closure that gives the value of `expr` as a scalar of the scope's arithmetic."""
    raise TypeError(f"the oracle has no value for {type(expr).__name__}: {expr!r}")


@singledispatch
def compile_integer(expr: Expr, scope: Scope) -> Evaluate:
    """Return a closure that gives the value of an index expression as an int."""
    raise TypeError(f"the oracle has no integer for {type(expr).__name__}: {expr!r}")


@singledispatch
def compile_condition(expr: Expr, scope: Scope) -> Evaluate:
    """Return a closure that says whether the condition holds."""
    raise TypeError(f"the oracle has no truth value for {type(expr).__name__}: {expr!r}")
