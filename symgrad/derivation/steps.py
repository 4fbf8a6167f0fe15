"""Turn what the engine recorded into the steps of a derivation, chain rule to result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symgrad.derivation.adjoint import Adjoint
from symgrad.derivation.factor import Order
from symgrad.derivation.notes import Note
from symgrad.derivation.pullback import Contribution
from symgrad.derivation.schedule import rename_elements
from symgrad.derivation.terms import Term, unflatten
from symgrad.language.expr import (
    Element,
    Expr,
    Index,
    IndexValue,
    Number,
    Reduce,
    add,
    alpha_key,
    mul,
    power,
    rename,
)
from symgrad.language.program import Partial

LETTERS = "klmnopqrstuvwabcdefghij"


@dataclass(frozen=True)
class Step:
    """One line of a derivation.

    Attributes:
        note: which rule it used, one of RULES or chain_rule, derivative, insert, factor; on what.
        before: the expression that it started from; None for the chain rule.
        after: the expression that it led to.
    """

    note: Note
    before: Expr | None
    after: Expr

    @property
    def rule(self) -> str:
        """The name of the rule."""
        return self.note.kind.partition(".")[0]

    @property
    def caption(self) -> str:
        """What a reader is told about it, in English."""
        from symgrad.formats.captions import caption_text

        return caption_text(self.note)


@dataclass(frozen=True)
class Trail:
    """How the gradient by one value came about: `target` is the value, `name` its gradient."""

    target: Element
    name: str
    steps: tuple[Step, ...]


def trail_of(
    adjoint: Adjoint,
    result: Expr,
    cotangent_of: Mapping[str, str],
    names: Mapping[str, str],
    letters: Sequence[str],
    order: Order,
) -> Trail:
    """Return the steps of one adjoint, under final names and with fresh letters.

    Args:
        adjoint: what the engine recorded.
        result: the value of the statement that it became.
        cotangent_of: the name of the gradient of each value.
        names: final names.
        letters: letters that the chain rule may use.
        order: reading order of factors.
    """
    relettered = _fresh_letters(adjoint, letters)

    def shown(expr: Expr) -> Expr:
        return rename_elements(rename(expr, relettered), names)

    recorded: list[tuple[Note, Expr]] = []
    if adjoint.paths:
        paths = list({path.source.name: path for path in adjoint.paths}.values())
        # an output that is read further: its incoming gradient, and what its readers add
        direct = [unflatten([term]) for term in adjoint.lines[0].terms[: -len(adjoint.paths)]]
        chain = add(*direct, *(_path(path, cotangent_of) for path in paths))
        recorded.append((_chain_note(paths).map(shown), shown(chain)))
    for line in adjoint.lines:
        flat = line.note.kind == "derivative"
        after = add(*map(_one_sum, line.terms)) if flat else unflatten(line.terms, order)
        recorded.append((line.note.map(shown), shown(after)))
    recorded.append((Note("factor"), rename_elements(result, names)))
    target = rename_elements(adjoint.target, names)
    assert isinstance(target, Element)
    name = names.get(cotangent_of[adjoint.target.name], cotangent_of[adjoint.target.name])
    return Trail(target, name, _without_repeats(recorded))


def _without_repeats(recorded: Sequence[tuple[Note, Expr]]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for note, after in recorded:
        before = steps[-1].after if steps else None
        if before is None or not _same(before, after):
            steps.append(Step(note, before, after))
    return tuple(steps)


def _same(left: Expr, right: Expr) -> bool:
    return left == right or bool(alpha_key(left, {}) == alpha_key(right, {}))


def _path(path: Contribution, cotangent_of: Mapping[str, str]) -> Expr:
    incoming = Element(cotangent_of[path.source.name], path.source.subscripts)
    product = incoming * Partial(path.source, path.target)
    indices = [s.index for s in path.source.subscripts if isinstance(s, IndexValue)]
    return Reduce("sum", tuple(indices), None, product) if indices else product


def _one_sum(term: Term) -> Expr:
    """Return a term under a single sum, as the chain rule writes it."""
    product = mul(*(power(base, Number(e)) for base, e in term.factors))
    body = Reduce("sum", term.sums, None, product) if term.sums else product
    return mul(Number(term.coefficient), body)


def _chain_note(paths: Sequence[Contribution]) -> Note:
    if len(paths) > 1:
        return Note("chain_rule.paths", (("count", len(paths)),))
    (path,) = paths
    if not path.source.subscripts:
        return Note("chain_rule")
    whole = (("target", Element(path.target.name)), ("source", Element(path.source.name)))
    return Note("chain_rule.elements", whole)


def _fresh_letters(adjoint: Adjoint, letters: Sequence[str]) -> dict[Index, Index]:
    mapping: dict[Index, Index] = {}
    for path in adjoint.paths:
        for place, subscript in enumerate(path.source.subscripts):
            assert isinstance(subscript, IndexValue)
            if place < len(letters):
                mapping[subscript.index] = subscript.index.fresh(letters[place])
    return mapping


def free_letters(taken: Sequence[str]) -> list[str]:
    """Return the letters for chain-rule sums: those that neither an index nor a name has."""
    return [letter for letter in LETTERS if letter not in taken]
