"""Give names to shared arrays, by their content, as somebody who writes by hand would."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import singledispatch

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
    Literal,
    Opaque,
    Permute,
    Reduction,
    Tri,
    Variable,
)
from symgrad.lowering.nodes.scatters import Joined, Scatter, TapProduct
from symgrad.lowering.nodes.views import Indexed, Padded, Reshape, Strided, Windows
from symgrad.lowering.nodes.windows import Matrices, WindowProduct
from symgrad.lowering.plans.over_windows import OverWindows

LONGEST = 20
ZERO = Literal(Fraction(0))

# how the result of an operation is called, after the name of its first argument
WORDS = {
    "+": "total",
    "-": "difference",
    "/": "ratio",
    "*": "product",
    "**": "power",
    "//": "quotient",
    "%": "remainder",
    "neg": "negated",
    "where": "chosen",
    "max": "larger",
    "min": "smaller",
}
MASKS = ("<", "<=", ">", ">=", "==", "!=", "and", "or", "not")


def fresh_name(array: Array, taken: Iterable[str]) -> str:
    """Return a name for the content of `array` that is not taken."""
    base = content_name(array)
    while len(base) > LONGEST and "_" in base:
        base = base.rsplit("_", 1)[0]
    return unique_name(base, taken)


def unique_name(base: str, taken: Iterable[str]) -> str:
    """Return the name, with a number behind it if it is taken."""
    used = set(taken)
    if base not in used:
        return base
    return next(f"{base}{n}" for n in range(2, len(used) + 3) if f"{base}{n}" not in used)


@singledispatch
def content_name(array: Array) -> str:
    """Return a name that says what the array holds."""
    return "number"


@content_name.register
def _(array: Variable) -> str:
    return array.name


@content_name.register(Permute)
@content_name.register(Expand)
@content_name.register(Cast)
@content_name.register(Fill)
@content_name.register(Indexed)
@content_name.register(Reshape)
def _(array: Array) -> str:
    return content_name(array.array)  # type: ignore[attr-defined]


@content_name.register
def _(array: Padded) -> str:
    return _suffixed(array.array, "pad")


@content_name.register
def _(array: Windows) -> str:
    """Return `x_windows` for windows of x, padded or not."""
    return _suffixed(_source(array), "windows")


@content_name.register
def _(array: OverWindows) -> str:
    return _suffixed(_source(array.array), array.op)


@content_name.register
def _(array: Strided) -> str:
    return _suffixed(array.array, "view")


@content_name.register
def _(array: Matrices) -> str:
    return _suffixed(array.array, "matrices")


@content_name.register
def _(array: WindowProduct) -> str:
    return _joined((_source(array.windows), array.other))


def _source(array: Array) -> Array:
    while isinstance(array, (Windows, Permute, Indexed, Padded)):
        array = array.array
    return array


@content_name.register(Tri)
@content_name.register(Eye)
def _(array: Tri | Eye) -> str:
    return "mask"


@content_name.register
def _(array: Arange) -> str:
    return "places"


@content_name.register
def _(array: Apply) -> str:
    if array.op in MASKS:
        return _mask_name(array)
    wide = [arg for arg in array.args if arg.kind != "weak"]
    if array.op == "where":
        wide = [arg for arg in array.args[1:] if arg.kind != "weak"]
    if not wide:
        return "scale"
    if array.op in ("*", "/", "+", "-", "neg") and len(wide) == 1:
        return _suffixed(wide[0], "shifted" if array.op in "+-" else "scaled")
    if array.op == "**" and len(wide) == 1:
        return _suffixed(wide[0], "squared" if array.args[1].parts()[0] == 2 else "power")
    if array.op == "*" and len(wide) == 2:
        return _joined(wide)
    if array.op == "*" and array.args[0] == array.args[-1]:
        return _suffixed(wide[0], "squared")
    if array.op == "-" and _is_mean_of(wide[-1], wide[0]):
        return _suffixed(wide[0], "centred")
    return _suffixed(wide[0], WORDS.get(array.op, array.op))


def _mask_name(array: Apply) -> str:
    """Return `x_positive` for x > 0, `x_mask` for other conditions on x."""
    first = array.args[0]
    if not isinstance(first, Variable) or content_name(first).endswith("mask"):
        return "mask"
    return f"{first.name}_{'positive' if array.op == '>' and array.args[1] == ZERO else 'mask'}"


def _is_mean_of(mean: Array, array: Array) -> bool:
    name = content_name(mean)
    return name.startswith(f"{content_name(array)}_") and name.endswith("mean")


def _suffixed(array: Array, word: str) -> str:
    stem = content_name(array)
    return stem if stem.endswith(f"_{word}") else f"{stem}_{word}"


def _joined(arrays: Iterable[Array]) -> str:
    names = list(dict.fromkeys(content_name(array) for array in arrays))
    joined = "_".join(names)
    return joined if len(joined) <= LONGEST else f"{names[0]}_product"


@content_name.register
def _(array: Reduction) -> str:
    return _suffixed(array.array, array.op)


@content_name.register
def _(array: Cumulative) -> str:
    return _suffixed(array.array, f"running_{array.op}")


@content_name.register
def _(array: Contraction) -> str:
    names = list(dict.fromkeys(content_name(arg) for arg in array.args))
    if len(names) == 1:
        return f"{names[0]}_squares"
    return _joined(array.args)


@content_name.register
def _(array: Helper) -> str:
    return _suffixed(array.arrays[0], array.function.strip("_").replace("np.", ""))


@content_name.register
def _(array: Scatter) -> str:
    if array.base is None:
        return _suffixed(array.fills[0].array, "placed")
    signs = {part.sign for part in array.fills}
    return _suffixed(array.base, "difference" if signs == {-1} else "total")


@content_name.register
def _(array: TapProduct) -> str:
    return _joined((array.left, array.right))


@content_name.register
def _(array: Joined) -> str:
    return _joined(array.arrays)


@content_name.register
def _(array: Opaque) -> str:
    return _suffixed(array.array, array.function + "_prime" * array.order)
