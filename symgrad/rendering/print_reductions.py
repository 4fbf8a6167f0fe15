"""Print sums, means and other reductions along axes.

A sum that runs along the last axis is an einsum: `x.sum(axis=1)` adds each row by itself, 2 to 5
times slower for rows of 8 to 1000 numbers, and `x.mean(axis=1)` checks its arguments in Python
besides. Einsum adds as many partial sums as a vector register holds, so that 1000 numbers are off
by a few units in the last place, as in a matrix product. Sums over all axes stay, since NumPy adds
those in pairs; sums along leading axes too, since they add whole rows.
"""

from __future__ import annotations

import string

from symgrad.lowering.nodes.arrays import Permute, Reduction, Variable
from symgrad.lowering.plans.sharing import keepdims_layout
from symgrad.rendering.code import Code, Level, call, layout_text
from symgrad.rendering.numpy_printer import Names, axis_text, printed, to_numpy

_INITIAL = {"max": "-np.inf", "min": "np.inf"}


@printed.register
def _(array: Reduction, names: Names) -> Code:
    return _row_sum(array, names) or _method(array, names)


def _method(array: Reduction, names: Names) -> Code:
    options: dict[str, str] = {}
    if array.keepdims or len(array.axes) < array.array.ndim:
        options["axis"] = axis_text(array.axes)
    if array.keepdims:
        options["keepdims"] = "True"
    if array.op in _INITIAL:  # an axis may be empty
        options["initial"] = _INITIAL[array.op]
    return call(f"{to_numpy(array.array, names).at(Level.ATOM)}.{array.op}", **options)


def _row_sum(array: Reduction, names: Names) -> Code | None:
    """Return a sum or a mean along the last axis as an einsum; None for other reductions."""
    inner = array.array
    rows = inner.ndim - 1 in array.axes and len(array.axes) < inner.ndim
    if not rows or array.op not in ("sum", "mean") or isinstance(inner, Permute):
        return None
    if inner.kind != "float" or (array.op == "mean" and not isinstance(inner, Variable)):
        return None
    letters = array.letters or string.ascii_lowercase[8 : 8 + inner.ndim]
    kept = "".join(letter for axis, letter in enumerate(letters) if axis not in array.axes)
    text = call("np.einsum", f'"{letters}->{kept}"', to_numpy(inner, names).text).text
    if array.keepdims:
        text += layout_text(keepdims_layout(array))
    if array.op == "sum":
        return Code(text)
    own = to_numpy(inner, names).text
    count = " * ".join(f"{own}.shape[{axis}]" for axis in array.axes)
    return Code(f"{text} / {count if len(array.axes) == 1 else f'({count})'}", Level.PRODUCT)
