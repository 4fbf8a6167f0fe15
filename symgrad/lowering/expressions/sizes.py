"""Know the shapes of the tensors, to reshape an array like one of them."""

from __future__ import annotations

from collections.abc import Iterable

from symgrad.lowering.expressions.elementwise import lower_extent
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.nodes.arrays import Array, Variable


def known_shapes(names: Iterable[str], scope: Scope) -> dict[tuple[Array, ...], Variable]:
    """Return the shapes of the named tensors, with the first tensor that has each."""
    shapes: dict[tuple[Array, ...], Variable] = {}
    for name in names:
        if name in scope.tensors:
            tensor = scope.tensors[name]
            shape = tuple(lower_extent(extent, scope) for extent in tensor.extents)
            shapes.setdefault(shape, Variable(name, len(shape), tensor.kind))
    return shapes
