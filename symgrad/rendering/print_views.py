"""Print the array nodes of reads: subscripts, windows, strided views, padded arrays."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.lowering.nodes.arrays import Array
from symgrad.lowering.nodes.views import ONE, ZERO, Indexed, Item, Padded, Reshape, Strided, Windows
from symgrad.lowering.plans.over_windows import OverWindows
from symgrad.rendering.code import Code, Level, call, slice_text, tuple_text
from symgrad.rendering.numpy_printer import Names, printed, to_numpy


def _text(array: Array, names: Names) -> str:
    return to_numpy(array, names).text


def _tuple(arrays: Sequence[Array], names: Names) -> str:
    return tuple_text([_text(array, names) for array in arrays])


@printed.register
def _(array: Indexed, names: Names) -> Code:
    inner = to_numpy(array.array, names).at(Level.ATOM)
    return Code(f"{inner}[{subscripts_text(array.items, names)}]")


def subscripts_text(items: Sequence[Item], names: Names) -> str:
    """Return the text between the brackets of a subscript, without trailing whole axes."""
    texts = [item_text(item, names) for item in items]
    while len(texts) > 1 and texts[-1] == ":":
        texts.pop()
    return ", ".join(texts)


def item_text(item: Item, names: Names) -> str:
    """Return one item of a subscript."""
    if isinstance(item, Array):
        return _text(item, names)
    return slice_text(*(None if part is None else _text(part, names) for part in item))


@printed.register
def _(array: Windows, names: Names) -> Code:
    nested = _nested(array)
    return call("_windows", _text(nested[0].array, names), *_options(nested, names))


@printed.register
def _(array: OverWindows, names: Names) -> Code:
    windows = array.windows
    return call(f"_{array.op}_of_windows", _text(array.array, names), *_options([windows], names))


def _options(nested: Sequence[Windows], names: Names) -> list[str]:
    """Return the arguments behind the first that say where the windows are."""
    array = nested[-1]
    options = {"axis": _one_or_tuple([str(part.axis) for part in nested])}
    for name, value, default in (
        ("step", array.step, ONE),
        ("dilation", array.dilation, ONE),
        ("start", array.start, ZERO),
    ):
        if value != default:
            options[name] = _text(value, names)
    counts = [_text(part.count, names) for part in nested if part.count is not None]
    if counts:
        options["count"] = _one_or_tuple(counts)
    size = _one_or_tuple([_text(part.size, names) for part in nested])
    return [size, *(f"{name}={text}" for name, text in options.items())]


def _nested(array: Windows) -> list[Windows]:
    """Return windows of windows that have the same steps, the innermost first: one call."""
    inner = array.array
    if isinstance(inner, Windows) and _placing(inner) == _placing(array):
        return [*_nested(inner), array]
    return [array]


def _placing(array: Windows) -> tuple[object, ...]:
    return (array.step, array.dilation, array.start, array.count is None)


def _one_or_tuple(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else tuple_text(texts)


@printed.register
def _(array: Strided, names: Names) -> Code:
    steps = tuple_text([_tuple(step, names) for step in array.steps])
    start, shape = _tuple(array.start, names), _tuple(array.shape, names)
    return call("_strided", _text(array.array, names), start=start, steps=steps, shape=shape)


@printed.register
def _(array: Padded, names: Names) -> Code:
    widths = [
        f"{axis}: {_tuple(width, names)}"
        for axis, width in enumerate(array.widths)
        if width is not None
    ]
    options = {} if array.value == ZERO else {"value": _text(array.value, names)}
    return call("_pad", _text(array.array, names), f"{{{', '.join(widths)}}}", **options)


@printed.register
def _(array: Reshape, names: Names) -> Code:
    inner = to_numpy(array.array, names).at(Level.ATOM)
    if array.like is not None:
        return call(f"{inner}.reshape", f"{to_numpy(array.like, names).at(Level.ATOM)}.shape")
    return call(f"{inner}.reshape", *(_text(length, names) for length in array.shape))
