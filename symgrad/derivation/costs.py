"""Estimate what terms cost to compute, before any shape is known."""

from __future__ import annotations

from collections.abc import Iterable

from symgrad.derivation.terms import Term
from symgrad.language.expr import Index, free_indices

NOMINAL_EXTENT = 32


def cost(terms: Iterable[Term]) -> int:
    """Estimate the multiplications of the terms, every extent taken as NOMINAL_EXTENT."""
    total = 0
    for term in terms:
        total += NOMINAL_EXTENT ** len(term.free)
        for group in _groups(term):
            total += NOMINAL_EXTENT ** len(group)
    return total


def _groups(term: Term) -> list[set[Index]]:
    groups: list[set[Index]] = [{index} for index in term.sums]
    for base, _ in term.factors:
        free = free_indices(base)
        touched = [g for g in groups if not free.isdisjoint(g & set(term.sums))]
        if not touched:
            continue
        merged = set(free).union(*touched)
        groups = [g for g in groups if not any(g is t for t in touched)] + [merged]
    return groups
