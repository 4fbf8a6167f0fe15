"""Print the calls of kernels, and the arrays that they fill, as NumPy code."""

from __future__ import annotations

from symgrad.lowering.nodes.arrays import Array, Variable
from symgrad.rendering.code import Code, Level, call, tuple_text
from symgrad.rendering.numba.nodes import Empty, Entries, Flat, KernelCall, Numbered, Typed
from symgrad.rendering.numpy_printer import Names, printed, to_numpy

DTYPES = {"float": "self.dtype", "bool": "np.bool_", "int": "int"}


@printed.register
def _(array: Empty, names: Names) -> Code:
    lengths = [to_numpy(length, names).text for length in array.shape]
    shape = lengths[0] if len(lengths) == 1 else tuple_text(lengths) if lengths else "()"
    if array.zeros:
        return call("np.zeros", shape)
    if array.like is not None:
        shape = f"{to_numpy(array.like, names).text}.shape"
    return call("np.empty", shape, DTYPES[array.type])


@printed.register
def _(array: Numbered, names: Names) -> Code:
    lengths = [to_numpy(length, names).text for length in array.shape]
    return call("_numbered", tuple_text(lengths), to_numpy(array.count, names).text)


@printed.register
def _(array: Flat, names: Names) -> Code:
    inner = to_numpy(array.array, names)
    if array.axis == 0:
        return Code(f"{inner.at(Level.ATOM)}.ravel()")
    return call("_merged", inner.text, str(array.axis))


@printed.register
def _(array: Typed, names: Names) -> Code:
    return call("np.asarray", to_numpy(array.array, names).text, "self.dtype")


@printed.register
def _(array: Entries, names: Names) -> Code:
    return Code(f"{to_numpy(array.array, names).at(Level.ATOM)}.size")


@printed.register
def _(array: KernelCall, names: Names) -> Code:
    inputs = [_argument(arg, names) for arg in array.inputs]
    rows = to_numpy(array.rows, names).text
    options = {}
    for word, arrays in (("out", array.outputs), ("sums", array.sums)):
        if arrays:
            options[word] = tuple_text([to_numpy(arg, names).text for arg in arrays])
    if not array.threads:
        options["threads"] = "1"
    kernel = array.kernel
    if array.fixed:
        kernel = call(kernel, *(to_numpy(number, names).text for number in array.fixed)).text
    return call("_rows", kernel, rows, *inputs, **options)


def _argument(array: Array, names: Names) -> str:
    text = to_numpy(array, names).text
    if isinstance(array, Variable) and array.ndim == 0:
        return f"bool({text})" if array.kind == "bool" else f"float({text})"
    return text
