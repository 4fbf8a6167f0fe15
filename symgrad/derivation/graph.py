"""Hold the single-assignment form of a layer: one named definition for each value up to renaming.

Two expressions that differ only in the names of their indices are the same value, `exp(x_ij)` and
`exp(x_ik)`: the graph finds the definition and returns the element that is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from symgrad.derivation.terms import flatten, numbered, term_key
from symgrad.language.affine import is_nonnegative
from symgrad.language.expr import (
    ZERO,
    Add,
    Element,
    Expr,
    Index,
    IndexValue,
    Mul,
    Pad,
    Power,
    Reduce,
    alpha_key,
    element_names,
    free_indices,
    freshen,
    ordered_free_indices,
    replace,
    substitute,
)


@dataclass(frozen=True)
class Definition:
    """A value: `name[indices] = body`, the body in normal form over elements of other values.

    `written` says that the user gave it this name; `candidate` that nothing reads it yet, and that
    it is worth computing only if a gradient can use it.
    """

    name: str
    indices: tuple[Index, ...]
    body: Expr
    written: bool = False
    candidate: bool = False

    def element(self) -> Element:
        """Return the left-hand side."""
        return Element(self.name, tuple(IndexValue(index) for index in self.indices))

    def at(self, subscripts: Sequence[Expr]) -> Expr:
        """Return the body at these subscripts, with fresh bound indices."""
        return substitute(freshen(self.body), dict(zip(self.indices, subscripts, strict=True)))


@dataclass
class Graph:
    """The definitions so far, in order; `intern` adds one or finds an equal one.

    Attributes:
        definitions: by name.
        axes: an index for each axis of every input and of every name of the user's.
        filtered: whether a condition filters the indices of what is interned: it may read outside
            of a tensor where that fails, and as a value of its own it reads 0 there.
    """

    definitions: dict[str, Definition] = field(default_factory=dict)
    axes: Mapping[str, Sequence[Index]] = field(default_factory=dict)
    filtered: bool = False
    _by_key: dict[Any, str] = field(default_factory=dict)
    last_number: int = 0

    def __iter__(self) -> Iterator[Definition]:
        return iter(self.definitions.values())

    def __contains__(self, name: str) -> bool:
        return name in self.definitions

    def __getitem__(self, name: str) -> Definition:
        return self.definitions[name]

    def assign(self, name: str, indices: Sequence[Index], body: Expr) -> None:
        """Add a definition under the user's name; a later equal value is found under it."""
        self.adopt(Definition(name, tuple(indices), body, written=True))

    def intern(self, body: Expr, target: Sequence[Index] = (), candidate: bool = False) -> Element:
        """Return the element that equals `body`, adding a definition when there is none.

        Its axes stand in the order of first appearance, or in the order of `target` when those are
        the same indices.
        """
        body = self._guarded(body) if self.filtered else body
        free = ordered_free_indices(body)
        key = value_key(body, free)
        name = self._by_key.get(key)
        if name is None:
            indices = tuple(target) if set(target) == set(free) else free
            self.last_number += 1
            name = f"%{self.last_number}"
            self._add(Definition(name, indices, body, candidate=candidate), key)
            return self[name].element()
        return self._at(name, free)

    def _guarded(self, body: Expr) -> Expr:
        """Return the body with 0 for what may be read outside of a tensor."""

        def visit(part: Expr) -> Expr | None:
            if isinstance(part, Pad):
                return part
            if isinstance(part, Element) and not self._is_inside(part):
                return Pad(part, ZERO)
            return None

        return replace(body, visit)

    def _is_inside(self, element: Element) -> bool:
        lengths = self.lengths(element.name)
        return all(
            length is not None and is_nonnegative(place) and is_nonnegative(length - 1 - place)
            for place, length in zip(element.subscripts, lengths, strict=True)
        )

    def lengths(self, name: str) -> tuple[Expr | None, ...]:
        """Return how far the axes of a value reach."""
        own = (
            self.definitions[name].indices if name in self.definitions else self.axes.get(name, ())
        )
        return tuple(index.extent for index in own)

    def _at(self, name: str, free: Sequence[Index]) -> Element:
        """Return the element of a definition whose body reads these indices, in this order."""
        known = self[name]
        mapping = dict(zip(ordered_free_indices(known.body), free, strict=True))
        return Element(name, tuple(IndexValue(mapping[index]) for index in known.indices))

    def take_last(self, body: Expr, indices: Sequence[Index]) -> Expr:
        """Return the newest definition's body when `body` is just that: it gets the user's name."""
        if not isinstance(body, Element) or not self.definitions:
            return body
        newest = next(reversed(self.definitions.values()))
        if newest.name != body.name or newest.written or set(newest.indices) != set(indices):
            return body
        del self.definitions[newest.name]
        key = value_key(newest.body, ordered_free_indices(newest.body))
        if self._by_key.get(key) == newest.name:
            del self._by_key[key]
        return newest.at(body.subscripts)

    def known(self, body: Expr) -> Expr:
        """Return the element that equals the body already, else the body."""
        free = ordered_free_indices(body)
        name = None if isinstance(body, Element) else self._by_key.get(value_key(body, free))
        return body if name is None else self._at(name, free)

    def adopt(self, definition: Definition) -> None:
        """Add a definition under its own name."""
        self._add(definition, value_key(definition.body, ordered_free_indices(definition.body)))

    def _add(self, definition: Definition, key: Any) -> None:
        self.definitions[definition.name] = definition
        if len(ordered_free_indices(definition.body)) == len(definition.indices):
            self._by_key.setdefault(key, definition.name)

    def behind(self, expr: Expr) -> Expr:
        """Return `inside(expr)` at the definition's own indices, to see of what kind it is."""
        known = isinstance(expr, Element) and expr.name in self.definitions
        return self[expr.name].body if known and isinstance(expr, Element) else expr

    def inside(self, expr: Expr) -> Expr:
        """Return the body behind an element of a definition, else the expression itself."""
        if isinstance(expr, Element) and expr.name in self.definitions:
            return self[expr.name].at(expr.subscripts)
        return expr

    def needed(self, names: Sequence[str]) -> set[str]:
        """Return these names and everything that computing them reads."""
        found: set[str] = set()
        stack = list(names)
        while stack:
            name = stack.pop()
            if name not in found:
                found.add(name)
                if name in self.definitions:
                    stack.extend(element_names(self[name].body))
        return found


def value_key(body: Expr, free: Sequence[Index]) -> Any:
    """Return a key, equal for values that differ in the order of factors and index names alone."""
    names = numbered(free)
    ranges = tuple(index.extent for index in free)
    if isinstance(body, (Add, Mul, Power, Reduce)) and not _is_other_reduction(body):
        # by terms, sorted: x*y and y*x are one value
        keys = sorted((term_key(term, names), term.coefficient) for term in flatten(body))
        return ("terms", ranges, tuple(keys))
    return ("node", ranges, alpha_key(body, names))


def _is_other_reduction(body: Expr) -> bool:
    return isinstance(body, Reduce) and body.op != "sum"


def has_narrow_addends(body: Expr, axes: int) -> bool:
    """Say whether every term of a sum has fewer axes than the sum: x_ik - y_jk, three axes of two.

    Such an array is never worth its memory where it is multiplied and summed.
    """
    return (
        isinstance(body, Add)
        and axes > 2
        and all(len(free_indices(term)) < axes for term in body.terms)
    )
