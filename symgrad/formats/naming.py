"""Choose the letter that each index is printed with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from symgrad.language.expr import (
    Element,
    Expr,
    Index,
    bound_indices,
    ordered_free_indices,
    walk,
)

LETTERS = "ijklmnopqrstuvwxyzabcdefgh"


@dataclass(frozen=True)
class Scope:
    """The indices visible at one place of an expression, with the letters they print as.

    Attributes:
        letters: the letter of each visible index, outermost first.
        scalars: names without subscripts; a visible index never shares one.
        tensors: names with subscripts; a letter that must be chosen anew avoids them.
    """

    letters: Mapping[Index, str] = field(default_factory=dict)
    scalars: frozenset[str] = frozenset()
    tensors: frozenset[str] = frozenset()

    @classmethod
    def around(cls, exprs: Iterable[Expr], indices: Iterable[Index] = ()) -> Scope:
        """Return the scope at the outside of `exprs`, where `indices` are bound first."""
        exprs = tuple(exprs)
        elements = [part for expr in exprs for part in walk(expr) if isinstance(part, Element)]
        scalars = frozenset(part.name for part in elements if not part.subscripts)
        names = frozenset(part.name for part in elements if part.subscripts)
        # dx and x_exp are read as belonging to x
        tensors = names | {name.removeprefix("d").partition("_")[0] for name in names}
        free = [index for expr in exprs for index in ordered_free_indices(expr)]
        scope = cls({}, scalars, tensors)
        return scope.bind(tuple(dict.fromkeys((*indices, *free))), exprs)

    def bind(self, indices: Iterable[Index], inside: Iterable[Expr]) -> Scope:
        """Return the scope of the expressions `inside`, in which `indices` are visible too."""
        letters = dict(self.letters)
        inside = tuple(inside)
        indices = tuple(indices)
        for position, index in enumerate(indices):
            used = self.scalars.union(letters.values())
            if index.name not in used:
                letters[index] = index.name
                continue
            later = (other.name for other in indices[position + 1 :])
            avoid = used.union(self.tensors, later, _bound_names(inside))
            letters[index] = next(
                letter for letter in _following(index.name) if letter not in avoid
            )
        return Scope(letters, self.scalars, self.tensors)

    def letter(self, index: Index) -> str:
        """Return the letter of a visible index."""
        if index not in self.letters:
            raise AssertionError(f"index {index!r} is printed outside the reduction that binds it")
        return self.letters[index]

    def index_of_extent(self, extent: Expr) -> Index | None:
        """Return the outermost visible index that runs over `extent`."""
        return next((index for index in self.letters if index.extent == extent), None)


def _bound_names(exprs: Iterable[Expr]) -> set[str]:
    return {index.name for expr in exprs for part in walk(expr) for index in bound_indices(part)}


def _following(name: str) -> Iterator[str]:
    """Yield the letters after `name`, around the alphabet once, and then letters with numbers."""
    start = LETTERS.find(name[0].lower()) + 1
    order = LETTERS[start:] + LETTERS[:start]
    yield from order
    number = 1
    while True:
        yield from (f"{letter}{number}" for letter in order)
        number += 1
