"""Reduce windows without a view of them: a tap of all windows is one slice of the array."""

from __future__ import annotations

from dataclasses import replace

from symgrad.lowering.nodes.arrays import Array, Helper, array_node
from symgrad.lowering.nodes.traversal import rewrite
from symgrad.lowering.nodes.views import Windows
from symgrad.lowering.nodes.windows import BY_PLACES
from symgrad.lowering.plans.lines import Line

# the operation of each function that reduces axes place by place
OPS = {f"_{op}_by_places": op for op in BY_PLACES}


@array_node
class OverWindows(Array):
    """The sum, max or min of each window; but for `op`, the fields are those of `Windows`."""

    op: str
    array: Array
    axis: int
    size: Array
    step: Array
    dilation: Array
    start: Array
    count: Array | None

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def windows(self) -> Windows:
        """The windows that are reduced."""
        return Windows(*self.parts()[1:])


def reduce_over_windows(lines: list[Line]) -> list[Line]:
    """Reduce views of windows that nothing else reads without them."""
    for line in lines:
        line.array = rewrite(line.array, _over_windows)
    return lines


def _over_windows(array: Array) -> Array | None:
    op = OPS.get(array.function) if isinstance(array, Helper) else None
    if op is None or not isinstance(array, Helper):
        return None
    windows = array.arrays[0]
    if not isinstance(windows, Windows) or isinstance(windows.array, Windows):
        return None
    if array.options != (("axis", windows.ndim - 1),):
        return None
    inner = replace(windows, array=rewrite(windows.array, _over_windows))
    return OverWindows(op, *inner.parts())
