"""Read x[h//r, h%r] with an index for the quotient and one for the remainder, then merge them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.language.affine import divided
from symgrad.language.expr import (
    ZERO,
    Expr,
    FloorDiv,
    Index,
    IndexValue,
    Mod,
    Number,
    free_indices,
    replace,
    walk,
)
from symgrad.lowering.expressions.scope import Scope
from symgrad.lowering.indexing.indices import lower_count
from symgrad.lowering.nodes.arrays import Value
from symgrad.lowering.nodes.combine import transpose
from symgrad.lowering.nodes.views import Reshape


@dataclass(frozen=True)
class Split:
    """An index as divisor*quotient + remainder."""

    index: Index
    divisor: Expr
    quotient: Index
    remainder: Index

    def apply(self, subscript: Expr) -> Expr:
        """Return the subscript in the two indices."""

        def visit(part: Expr) -> Expr | None:
            if not isinstance(part, (FloorDiv, Mod)) or part.left != IndexValue(self.index):
                return None
            if part.right != self.divisor:
                return None
            return IndexValue(self.quotient if isinstance(part, FloorDiv) else self.remainder)

        return replace(subscript, visit)


def splits(subscripts: Sequence[Expr]) -> list[Split]:
    """Return the indices that stand only as h//r and h%r, both, where r divides their extent."""
    divisors: dict[Index, Expr] = {}
    kinds: dict[Index, set[type]] = {}
    for subscript in subscripts:
        for part in walk(subscript):
            if isinstance(part, (FloorDiv, Mod)) and isinstance(part.left, IndexValue):
                divisors.setdefault(part.left.index, part.right)
                kinds.setdefault(part.left.index, set()).add(type(part))
    found = []
    for index, divisor in divisors.items():
        if len(kinds[index]) < 2 or free_indices(divisor) or index.extent is None:
            continue
        quotient, rest = divided(index.extent, divisor)
        inner = Index(index.name, divisor)
        split = Split(index, divisor, Index(index.name, quotient), inner)
        if rest == ZERO and all(index not in free_indices(split.apply(s)) for s in subscripts):
            found.append(split)
    return found


def merge(value: Value, found: Sequence[Split], scope: Scope) -> Value:
    """Return the array with both indices of each split as one axis."""
    by_quotient = {split.quotient: split for split in found}
    remainders = {split.remainder for split in found}
    outer = [index for index in value.axes if index not in remainders]
    order = [
        part
        for index in outer
        for part in ((index, by_quotient[index].remainder) if index in by_quotient else (index,))
    ]
    axes = tuple(by_quotient[i].index if i in by_quotient else i for i in outer)
    shape = tuple(lower_count(i.extent or Number(0), scope) for i in axes)  # type: ignore[arg-type]
    return Value(Reshape(transpose(value, order).array, shape), axes)
