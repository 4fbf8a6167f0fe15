"""Find the values that integer inputs may have, by their places in subscripts and comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from symgrad.errors import ShapeError
from symgrad.language.expr import (
    Compare,
    Delta,
    Element,
    Expr,
    IndexValue,
    element_names,
    walk,
)
from symgrad.language.index_steps import steps_of
from symgrad.language.layer import Layer
from symgrad.oracle.evaluation import evaluate
from symgrad.oracle.frame import Functions
from symgrad.verification.sizes import Read, reads_of
from symgrad.verification.spans import Setting, span

Arrays = Mapping[str, np.ndarray]
# what an integer is drawn from that nothing limits
_FREE = 3


def allowed_integers(layer: Layer, setting: Setting) -> dict[str, list[int]]:
    """Return the values that each integer input may have, those of the ones before it given."""
    reads = list(reads_of(layer))
    allowed: dict[str, list[int]] = {}
    for name in layer.integers:
        if name in setting.scalars:
            allowed[name] = [setting.scalars[name]]
            continue
        own = [read for read in reads if name in element_names(read.subscript)]
        found = list(_candidates(layer, setting, own, name)) or [0]
        others = [n for read in own for n in element_names(read.subscript) if n != name]
        if any(other in layer.integers and other not in allowed for other in others):
            found = found[: len(found) // 2 + 1]
        allowed[name] = found
        bounds = {**setting.integers, name: (found[0], found[-1])}
        setting = replace(setting, integers=bounds)
    return allowed


def refused_integers(
    layer: Layer, setting: Setting, inputs: Arrays, functions: Functions
) -> Iterator[tuple[str, int]]:
    """Yield each integer input with the neighbours of its allowed values that the formula refuses.

    They are refused where the first entry of the input has that value.
    """
    for name, values in allowed_integers(layer, setting).items():
        for value in (values[0] - 1, values[-1] + 1):
            if inputs[name].size:
                changed = with_entry(inputs, name, value)
                if _is_refused(layer, setting, changed, functions):
                    yield name, value


def with_entry(inputs: Arrays, name: str, value: int) -> dict[str, np.ndarray]:
    """Return the inputs with another first entry in one of them."""
    changed = np.array(inputs[name])
    changed.flat[0] = value
    return {**inputs, name: changed}


def _is_refused(layer: Layer, setting: Setting, inputs: Arrays, functions: Functions) -> bool:
    try:
        evaluate(layer, inputs, setting.constants, functions)
    except ShapeError:
        return True
    return False


def _candidates(layer: Layer, setting: Setting, reads: list[Read], name: str) -> Iterator[int]:
    """Yield the values that keep every read inside and fit what they are compared with."""
    reach = max((length for shape in setting.shapes.values() for length in shape), default=_FREE)
    limits = [setting.extent(other.index) for other in _compared_with(layer, name)]
    bounded = bool(reads or limits)
    least = 1 if name in steps_of(layer) else 0
    first = least if least or limits or not reads else -2 * reach
    for value in range(first, 4 * reach + _FREE if bounded else least + _FREE):
        tried = replace(setting, integers={**setting.integers, name: (value, value)})
        if all(_stays_inside(read, tried) for read in reads) and all(value < n for n in limits):
            yield value


def _stays_inside(read: Read, setting: Setting) -> bool:
    low, high = span(read.subscript, setting)
    return low >= 0 and high < setting.extent(setting.layer.axes[read.name][read.axis])


def _compared_with(layer: Layer, name: str) -> Iterator[IndexValue]:
    for part in _parts(layer):
        if isinstance(part, (Compare, Delta)):
            for one, other in ((part.left, part.right), (part.right, part.left)):
                if isinstance(one, Element) and one.name == name and isinstance(other, IndexValue):
                    yield other


def _parts(layer: Layer) -> Iterator[Expr]:
    for statement in layer.statements:
        yield from walk(statement.value)
