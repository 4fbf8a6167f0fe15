"""Find the sums that the summation convention adds: which product sums which index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from symgrad.errors import FormulaError, Span
from symgrad.language.syntax import (
    Apply,
    Chain,
    Comparison,
    Logic,
    Name,
    Reduction,
    Syntax,
    Tensor,
    ungroup,
    walk_syntax,
)
from symgrad.language.tokens import LETTER

_LETTERS = "klmnpqrstuvwxyzabcdefghij"

Occurrences = dict[str, list[Name]]
Binders = dict[str, tuple[Span, Reduction | None]]


@dataclass
class Convention:
    """What is known about the indices of one statement before its expression is built.

    Attributes:
        text: the formula.
        letters: the free indices of the statement.
        sums: for each product (a chain, or an element like x_ii) the indices summed over it.
    """

    text: str
    letters: frozenset[str]
    sums: dict[Syntax, tuple[str, ...]] = field(default_factory=dict)


def free_letters(root: Syntax, bound: frozenset[str], scalars: frozenset[str]) -> frozenset[str]:
    """Return the names alone in a subscript that neither `bound` nor a reduction around binds.

    Such a name is an index of the summation convention, wherever it stands in the statement; a bare
    name that is neither bound nor among these is a scalar.
    """
    if isinstance(root, Reduction):
        names = (bound_name(item) for item in root.items)
        bound = bound.union(name.name for name in names if name is not None)
    found: set[str] = set()
    if isinstance(root, (Tensor, Apply)):
        alone = (part.name for part in root.subscripts if isinstance(part, Name))
        found.update(name for name in alone if name not in scalars and name not in bound)
    return frozenset(found).union(*(free_letters(part, bound, scalars) for part in root.parts))


def bound_name(item: Syntax) -> Name | None:
    """Return the index that an item of a reduction binds: the name it begins with."""
    while True:
        item = ungroup(item)
        if isinstance(item, Name):
            return item
        if isinstance(item, Comparison):
            item = item.operands[0]
        elif isinstance(item, Logic) and item.op == "and":
            item = item.args[0]
        else:
            return None


def find_sums(
    text: str, value: Syntax, letters: frozenset[str], left: Mapping[str, Span]
) -> dict[Syntax, tuple[str, ...]]:
    """Return for each product of `value` the indices that the convention sums over it.

    Args:
        text: the formula, for messages.
        value: the right-hand side.
        letters: the free indices of the statement, see `free_letters`.
        left: the indices of the left-hand side, and where they stand.

    Raises:
        FormulaError: at an index that is used once and never summed, or bound twice.
    """
    convention = Convention(text, letters)
    bound: Binders = {letter: (span, None) for letter, span in left.items()}
    strays = _visit(value, bound, convention, in_subscript=False)
    if strays:
        first = min(strays.values(), key=lambda names: names[0].span)
        raise _never_summed(text, value, first)
    return convention.sums


def _visit(
    node: Syntax, bound: Binders, convention: Convention, *, in_subscript: bool
) -> Occurrences:
    """Return the occurrences of free indices in `node` that no product inside it sums."""
    if isinstance(node, Name):
        free = node.name in convention.letters and node.name not in bound
        return {node.name: [node]} if free else {}
    if isinstance(node, Apply) and node.function == "size":
        return {}
    if isinstance(node, Reduction):
        return _visit_reduction(node, bound, convention)
    subscripts = in_subscript or isinstance(node, Tensor)
    found: Occurrences = {}
    for part in node.parts:
        _merge(found, _visit(part, bound, convention, in_subscript=subscripts))
    if not in_subscript and isinstance(node, (Chain, Tensor)):
        summed = tuple(letter for letter, places in found.items() if len(places) > 1)
        if summed:
            _refuse_bound_inside(node, found, summed, convention)
            convention.sums[node] = summed
        for letter in summed:
            del found[letter]
    return found


def _visit_reduction(node: Reduction, bound: Binders, convention: Convention) -> Occurrences:
    inner = dict(bound)
    for item in node.items:
        name = bound_name(item)
        if name is None:
            continue
        if name.name in inner:
            span, outer = inner[name.name]
            raise FormulaError(
                f"index {name.name} is bound twice",
                convention.text,
                [span, name.span],
                _advice_for_bound_twice(convention.text, name.name, outer, node),
            )
        inner[name.name] = (name.span, node)
    found: Occurrences = {}
    for part in (*node.items, *node.conditions, node.body):
        _merge(found, _visit(part, inner, convention, in_subscript=False))
    return found


def _merge(found: Occurrences, more: Occurrences) -> None:
    for letter, places in more.items():
        found.setdefault(letter, []).extend(places)


def _refuse_bound_inside(
    node: Syntax, found: Occurrences, summed: tuple[str, ...], convention: Convention
) -> None:
    for inner in walk_syntax(node):
        for item in inner.items if isinstance(inner, Reduction) else ():
            name = bound_name(item)
            if name is not None and name.name in summed:
                raise FormulaError(
                    f"index {name.name} is bound twice",
                    convention.text,
                    [found[name.name][0].span, name.span],
                    f"the product around it sums over {name.name} already (it stands there twice): "
                    "use another letter inside",
                )


def _never_summed(text: str, value: Syntax, places: list[Name]) -> FormulaError:
    letter = places[0].name
    if len(places) == 1:
        message = f"index {letter} is used once and never summed"
    else:
        message = f"index {letter} is never summed: no product holds it twice"
    holder = next(
        (
            node
            for node in reversed(list(walk_syntax(value)))
            if isinstance(node, (Tensor, Apply)) and places[0] in node.parts
        ),
        places[0],
    )
    return FormulaError(
        message,
        text,
        [place.span for place in places],
        f"write sum_{_braced(letter)} {_written(text, holder)}, "
        f"or put {letter} on the left-hand side",
    )


def _advice_for_bound_twice(
    text: str, letter: str, outer: Reduction | None, node: Reduction
) -> str:
    if outer is None:
        other = next((other for other in _LETTERS if other not in text), "another letter")
        return f"{letter} is on the left-hand side: reduce over another letter, {node.op}_{other}"
    if outer is node:
        listed = ", ".join(dict.fromkeys(_names(outer)))
        conditions = [_written(text, i) for i in outer.items if not isinstance(ungroup(i), Name)]
        listed += f": {', '.join(conditions)}" if conditions else ""
        return f"bind each index once, with the conditions after a colon: {node.op}_{{{listed}}}"
    chain = ungroup(outer.body)
    if isinstance(chain, Chain) and chain.items[-1] is node:
        first = text[outer.span.start : chain.items[-2].span.stop]
        operator = chain.operators[-1]
        return f"write ({first}){operator}({_written(text, node)})"
    return f"use another letter in the inner {node.op}_, or end the outer one with brackets"


def _names(node: Reduction) -> list[str]:
    names = [bound_name(item) for item in node.items]
    return [name.name for name in names if name is not None]


def _braced(letter: str) -> str:
    return letter if LETTER.fullmatch(letter) else f"{{{letter}}}"


def _written(text: str, node: Syntax) -> str:
    return text[node.span.start : node.span.stop]
