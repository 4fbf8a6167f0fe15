"""Print the array nodes of products over windows."""

from __future__ import annotations

from symgrad.lowering.windows import Matrices
from symgrad.rendering.code import Code, call, tuple_text
from symgrad.rendering.numpy_printer import Names, printed, to_numpy


@printed.register
def _(array: Matrices, names: Names) -> Code:
    rows, columns = (
        tuple_text([str(axis) for axis in axes]) if axes else "()"
        for axes in (array.rows, array.columns)
    )
    return call("_matrices", to_numpy(array.array, names).text, rows=rows, columns=columns)
