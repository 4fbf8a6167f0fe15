"""Print the array nodes of products over windows."""

from __future__ import annotations

from symgrad.lowering.nodes.arrays import Apply, Array
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.scatters import Part, Spread, TapProduct
from symgrad.lowering.nodes.windows import Matrices, WindowProduct
from symgrad.rendering.code import Code, call, tuple_text
from symgrad.rendering.numpy_printer import Names, printed, to_numpy
from symgrad.rendering.wrapping import wrap_call


@printed.register
def _(array: Matrices, names: Names) -> Code:
    rows, columns = (
        tuple_text([str(axis) for axis in axes]) if axes else "()"
        for axes in (array.rows, array.columns)
    )
    return call("_matrices", to_numpy(array.array, names).text, rows=rows, columns=columns)


@printed.register
def _(array: WindowProduct, names: Names) -> Code:
    args = [to_numpy(arg, names).text for arg in (array.windows, array.other)]
    options = {"lead": f'"{array.lead}"'} if array.lead else {}
    return call("_window_products", f'"{array.subscripts}"', *args, **options)


def tap_product_lines(
    part: Part, product: TapProduct, target: str, names: Names, indent: str
) -> list[str]:
    """Return the call that adds the products of all taps to their places in `target`."""

    def text(array: Array) -> str:
        return to_numpy(array, names).text

    right = Apply("neg", (product.right,)) if part.sign < 0 else product.right
    spread = {n: place for n, place in enumerate(part.places) if isinstance(place, Spread)}
    options = [f"axis={_one_or_all([str(axis) for axis in spread])}"]
    for name, default in (("step", 1), ("dilation", 1), ("start", 0)):
        values = [getattr(place, name) for place in spread.values()]
        shown = values[:1] if len(set(values)) == 1 else values
        if shown != [number(default)]:
            options.append(f"{name}={_one_or_all([text(value) for value in shown])}")
    args = [target, f'"{product.subscripts}"', text(product.left), text(right), *options]
    return wrap_call("_add_window_products", args, "", indent)


def _one_or_all(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else tuple_text(texts)
