"""Print array expressions as NumPy code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import singledispatch
from typing import Any

from symgrad.language.functions import FUNCTIONS
from symgrad.lowering.nodes.arrays import (
    Apply,
    Arange,
    Array,
    Cast,
    Contraction,
    Cumulative,
    Expand,
    Eye,
    Fill,
    Helper,
    Hyperparameter,
    KeptExtent,
    Literal,
    Opaque,
    Permute,
    Size,
    Tri,
    Variable,
)
from symgrad.rendering.code import (
    Code,
    Level,
    attribute,
    binary,
    call,
    layout_text,
    python_name,
    raised,
    tuple_text,
)

LARGEST_INTEGER = 2**53


@dataclass(frozen=True)
class Names:
    """How names print where they are read: locals by default.

    Attributes:
        attributes: texts of the names that are read from `self`.
        known: the code of arrays that were printed before.
    """

    attributes: Mapping[str, str] = field(default_factory=dict)
    known: dict[Array, Code] = field(default_factory=dict, compare=False, repr=False)

    def text(self, name: str) -> str:
        """Return the text that reads a name."""
        return self.attributes.get(name) or python_name(name)


def to_numpy(array: Array, names: Names) -> Code:
    """Return the NumPy code of an array expression.

    Raises:
        AssertionError: for a node that NumPy code has no form for.
    """
    for part in _leftmost(array, names):
        names.known[part] = printed(part, names)
    return names.known[array]


def _leftmost(array: Array, names: Names) -> list[Array]:
    """Return what is to be printed, the innermost first, so that a long sum is no recursion."""
    found: list[Array] = []
    while array not in names.known:
        found.append(array)
        if not isinstance(array, Apply):
            break
        array = array.args[0]
    return found[::-1]


@singledispatch
def printed(array: Array, names: Names) -> Code:
    """Return the code of a node; modules that print further nodes register here."""
    raise AssertionError(f"no NumPy form of {type(array).__name__}")


# --- leaves --------------------------------------------------------------------------------------


@printed.register
def _(array: Variable, names: Names) -> Code:
    return Code(names.text(array.name))


@printed.register
def _(array: Hyperparameter, names: Names) -> Code:
    return Code(attribute(array.name))


@printed.register
def _(array: Literal, names: Names) -> Code:
    if isinstance(array.value, Fraction):
        return _number(array.value)
    if array.kind == "bool":
        return Code(array.value)
    sign = array.value.startswith("-")
    text = f"np.{array.value.lstrip('-')}"
    return Code(f"-{text}", Level.UNARY) if sign else Code(text)


def _number(value: Fraction) -> Code:
    whole = value.denominator == 1 and abs(value) < LARGEST_INTEGER
    text = str(value.numerator) if whole else repr(float(value))
    return Code(text, Level.UNARY if value < 0 else Level.ATOM)


@printed.register
def _(array: Size, names: Names) -> Code:
    return Code(f"{names.text(array.name)}.shape[{array.axis}]")


@printed.register
def _(array: KeptExtent, names: Names) -> Code:
    return Code(f'self.extents["{array.letter}"]')


def _text(array: Array, names: Names) -> str:
    return to_numpy(array, names).text


@printed.register
def _(array: Arange, names: Names) -> Code:
    return call("np.arange", _text(array.length, names))


@printed.register
def _(array: Eye, names: Names) -> Code:
    return call("np.eye", *_square(array.rows, array.columns, names), dtype="bool")


@printed.register
def _(array: Tri, names: Names) -> Code:
    return call("np.tri", *_tri_arguments(array, names), dtype="bool")


def _square(rows: Array, columns: Array, names: Names) -> list[str]:
    texts = [_text(rows, names), _text(columns, names)]
    return texts[:1] if rows == columns else texts


def _tri_arguments(array: Tri, names: Names) -> list[str]:
    offset = [f"k={array.offset}"] if array.offset else []
    return [*_square(array.rows, array.columns, names), *offset]


# --- elementwise ---------------------------------------------------------------------------------

# operator and level
BINARY = {
    "+": ("+", Level.SUM),
    "-": ("-", Level.SUM),
    "*": ("*", Level.PRODUCT),
    "/": ("/", Level.PRODUCT),
    "//": ("//", Level.PRODUCT),
    "%": ("%", Level.PRODUCT),
    "and": ("&", Level.BIT_AND),
    "or": ("|", Level.BIT_OR),
}
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
# functions of Python numbers that stay Python numbers
NUMBER_FUNCTIONS = {"abs": "abs", "max": "max", "min": "min", "round": "round"}


@printed.register
def _(array: Apply, names: Names) -> Code:
    args = [to_numpy(arg, names) for arg in array.args]
    if array.op in BINARY:
        operator, level = BINARY[array.op]
        return binary(args[0], operator, args[1], level)
    if array.op in COMPARISONS:
        left, right = (arg.at(Level.BIT_OR) for arg in args)
        return Code(f"{left} {array.op} {right}", Level.COMPARISON)
    special = _SPECIAL.get(array.op)
    if special is not None:
        return special(array, args)
    return _function(array, [arg.text for arg in args])


def _negative(array: Apply, args: list[Code]) -> Code:
    level = min(args[0].level, Level.UNARY)
    wraps = _opens_with_rounding(array.args[0]) or args[0].opens_with_power
    if level < Level.PRODUCT or wraps or args[0].text.startswith("-"):
        return Code(f"-({args[0].text})", Level.UNARY)
    return Code(f"-{args[0].text}", level)


def _opens_with_rounding(array: Array) -> bool:
    """Say whether a product begins with `a // b` or `a % b`, whose a would take the minus."""
    if not isinstance(array, Apply) or array.op not in ("*", "/", "//", "%"):
        return False
    return array.op in ("//", "%") or _opens_with_rounding(array.args[0])


def _power(array: Apply, args: list[Code]) -> Code:
    return raised(args[0], args[1])


def _root(array: Apply, args: list[Code]) -> Code:
    if array.kind == "weak":
        return raised(args[0], Code("0.5"))
    return call("np.sqrt", args[0].text)


def _where(array: Apply, args: list[Code]) -> Code:
    return call("np.where", *(arg.text for arg in args))


def _not(array: Apply, args: list[Code]) -> Code:
    if array.ndim == 0:
        return call("np.logical_not", args[0].text)
    return Code(f"~{args[0].at(Level.UNARY)}", Level.UNARY)


def _never(array: Apply, args: list[Code]) -> Code:
    return Code(f"not {args[0].at(Level.COMPARISON)}", Level.CONDITIONAL)


_SPECIAL = {
    "neg": _negative,
    "**": _power,
    "sqrt": _root,
    "where": _where,
    "not": _not,
    "never": _never,
}


def _function(array: Apply, args: list[str]) -> Code:
    row = FUNCTIONS[array.op]
    if row.numpy is None:
        raise AssertionError(f"{array.op} is an abbreviation, to be expanded before")
    if array.kind == "weak" and array.op in NUMBER_FUNCTIONS:
        return call(NUMBER_FUNCTIONS[array.op], *args)
    text = row.numpy.format(*args)
    if array.kind == "weak":  # a NumPy float64 scalar would turn float32 arrays into float64
        return Code(f"float({text})")
    # SciPy has no float16, and takes it to another type
    return Code(f"{text}.astype(self.dtype, copy=False)" if text.startswith("special.") else text)


@printed.register
def _(array: Opaque, names: Names) -> Code:
    function = attribute(opaque_name(array.function, array.order))
    return call(function, _text(array.array, names))


def opaque_name(function: str, order: int) -> str:
    """Return the keyword under which the constructor takes a function's derivative."""
    return python_name(function + "_prime" * order)


@printed.register
def _(array: Cast, names: Names) -> Code:
    inner = array.array
    if isinstance(inner, Tri):
        return call("np.tri", *_tri_arguments(inner, names), dtype="self.dtype")
    if isinstance(inner, Eye):
        return call("np.eye", *_square(inner.rows, inner.columns, names), dtype="self.dtype")
    if isinstance(inner, Arange):
        return call("np.arange", _text(inner.length, names), dtype="self.dtype")
    if inner.ndim == 0:
        return call("self.dtype.type", _text(inner, names))
    return Code(f"{to_numpy(inner, names).at(Level.ATOM)}.astype(self.dtype)")


# --- axes ----------------------------------------------------------------------------------------


@printed.register
def _(array: Permute, names: Names) -> Code:
    inner = to_numpy(array.array, names).at(Level.ATOM)
    if array.order == tuple(reversed(range(array.ndim))):
        return Code(f"{inner}.T")
    return Code(f"{inner}.transpose({', '.join(map(str, array.order))})")


@printed.register
def _(array: Expand, names: Names) -> Code:
    inner = to_numpy(array.array, names).at(Level.ATOM)
    return Code(inner + layout_text(array.layout))


@printed.register
def _(array: Fill, names: Names) -> Code:
    shape = tuple_text([_text(length, names) for length in array.shape]) if array.shape else "()"
    inner = array.array
    if inner.ndim == 0:
        options = {"dtype": "self.dtype"} if inner.kind == "weak" else {}
        return call("np.full", shape, _text(inner, names), **options)
    axis = array.missing[0]
    text = _text(inner, names)
    if inner.ndim < len(array.shape):
        text = f"{to_numpy(inner, names).at(Level.ATOM)}[None]"
    return call("np.repeat", text, _text(array.shape[axis], names), axis=str(axis))


# --- reductions ----------------------------------------------------------------------------------


def axis_text(axes: tuple[int, ...]) -> str:
    """Return axes as an argument: one alone, or a tuple."""
    return str(axes[0]) if len(axes) == 1 else tuple_text([str(axis) for axis in axes])


_RUNNING = {
    "prod": "np.cumprod",
    "max": "np.maximum.accumulate",
    "min": "np.minimum.accumulate",
}


@printed.register
def _(array: Cumulative, names: Names) -> Code:
    inner = to_numpy(array.array, names)
    if array.op == "sum":
        options = {"axis": str(array.axis), **({"reverse": "True"} if array.reverse else {})}
        return call("_cumsum", inner.text, **options)
    flip = f"[{', '.join([':'] * array.axis + ['::-1'])}]" if array.reverse else ""
    text = f"{inner.at(Level.ATOM)}{flip}" if flip else inner.text
    return Code(call(_RUNNING[array.op], text, axis=str(array.axis)).text + flip)


@printed.register
def _(array: Contraction, names: Names) -> Code:
    args = [to_numpy(arg, names) for arg in array.args]
    texts = [arg.text for arg in args]
    if array.form == "matmul":
        # brackets around a quotient or product to the left, which Python would not need
        opened = isinstance(array.args[0], Apply) and args[0].level == Level.PRODUCT
        left = Code(f"({args[0].text})") if opened else args[0]
        return binary(left, "@", args[1], Level.PRODUCT)
    if array.form in ("vecdot", "vdot"):
        return call(f"np.{array.form}", *texts)
    if array.form == "tensordot":
        own, other = array.axes
        first = _text(_ordered(array.args[0], own), names)
        second = _text(_ordered(array.args[1], other, first=True), names)
        return call("_tensordot", first, second, str(len(own)))
    options = {"optimize": "True"} if array.form == "einsum_path" else {}
    return call("np.einsum", f'"{array.subscripts}"', *texts, **options)


def _ordered(array: Array, axes: Sequence[int], first: bool = False) -> Array:
    """Return an array with some of its axes last, or first."""
    others = [axis for axis in range(array.ndim) if axis not in axes]
    order = (*axes, *others) if first else (*others, *axes)
    return array if order == tuple(range(array.ndim)) else Permute(array, order)


@printed.register
def _(array: Helper, names: Names) -> Code:
    options = {name: _option(value, names) for name, value in array.options}
    return call(array.function, *(_text(arg, names) for arg in array.arrays), **options)


def _option(value: Any, names: Names) -> str:
    if isinstance(value, tuple) and value:
        return tuple_text([_option(part, names) for part in value])
    return _text(value, names) if isinstance(value, Array) else str(value)
