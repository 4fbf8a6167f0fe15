"""Hold the table of operations that kernels compute element by element, as Numba compiles them.

A row spells one function of the language's table for scalars. What has no row stays NumPy: sines,
powers and the like, which NumPy vectorizes and the C library does not. `_name` is a helper of the
templates: polynomials that LLVM vectorizes where a call would stop it.
"""

from __future__ import annotations

from fractions import Fraction

from symgrad.lowering.nodes.arrays import Apply, Literal

SCALAR = {
    "abs": "abs({0})",
    "sqrt": "np.sqrt({0})",
    "sign": "np.sign({0})",
    "floor": "np.floor({0})",
    "ceil": "np.ceil({0})",
    "max": "_maximum({0}, {1})",
    "min": "_minimum({0}, {1})",
    "relu": "_maximum({0}, real(0))",
    "hardtanh": "_minimum(_maximum({0}, real(-1)), real(1))",
    "clip": "_minimum(_maximum({0}, {1}), {2})",
    "exp": "_exp({0})",
    "expm1": "_expm1({0})",
    "log": "_log({0})",
    "log1p": "_log1p({0})",
    "tanh": "_tanh({0})",
    "sigmoid": "_logistic({0})",
    "softplus": "_soft_plus({0})",
    "erf": "_error_function({0})",
    "erfc": "math.erfc({0})",
    "lgamma": "math.lgamma({0})",
    "hypot": "np.hypot({0}, {1})",
}

ARITHMETIC = ("+", "-", "*", "/", "neg")
CONDITIONS = ("<", "<=", ">", ">=", "==", "!=", "and", "or", "not", "where")
# whole powers up to this are products
LARGEST_POWER = 8

# cheap enough to be computed again rather than kept
LIGHT = frozenset({"+", "-", "*", "neg", "max", "min", "relu", "abs", *CONDITIONS})


def is_scalar_operation(array: Apply) -> bool:
    """Say whether kernels have the operation."""
    if array.op == "**":
        return is_whole_power(array)
    return array.op in SCALAR or array.op in ARITHMETIC or array.op in CONDITIONS


def is_whole_power(array: Apply) -> bool:
    """Say whether a power is a product of a few factors."""
    exponent = array.args[1]
    value = exponent.value if isinstance(exponent, Literal) else None
    whole = isinstance(value, Fraction) and value.denominator == 1
    return whole and 0 < value <= LARGEST_POWER  # type: ignore[operator]
