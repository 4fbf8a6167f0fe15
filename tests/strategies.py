"""Draw random formulas over the whole supported language, as text.

Every index letter and every axis of a tensor has a sort, A, B or C; letters go to axes of their
sort alone, so that shapes stay distinct. What is drawn is always a formula with a finite value: a
denominator is 1 + e^2, a logarithm's argument 1 + e^2, and so on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests import index_strategies
from tests.strategy_functions import EXPONENTIALS, OF_TWO, SAFE

LETTERS = {"A": "ikp", "B": "jlm", "C": "noq"}
SORT = {letter: sort for sort, letters in LETTERS.items() for letter in letters}
TENSORS = {
    "x": "AB",
    "z": "AB",
    "w": "BC",
    "a": "A",
    "b": "B",
    "c": "C",
    "s": "AA",
    "alpha": "",
    "beta": "",
}
LEFT_SIDES = ("ij", "ij", "i", "j", "", "ik", "jn", "ji", "ijn")
NUMBERS = ("2", "3", "0.5", "1.5", "1")
REDUCTIONS = ("sum", "sum", "sum", "mean", "prod", "max", "min", "logsumexp")
KINDS = (
    *["leaf"] * 2,
    *["one"] * 3,
    *["two"] * 4,
    *["reduction"] * 3,
    *["branch", "delta", "convention", "softmax"],
    *["subscripts"] * 3,
    *["window"] * 2,
)
LET = "let f(t) = t*tanh(t) + 0.5*t"


@dataclass(frozen=True)
class Scope:
    """What an expression may use: the letters that are bound around it, and the tensors."""

    letters: tuple[str, ...]
    tensors: dict[str, str] = field(default_factory=lambda: dict(TENSORS))

    def bind(self, *letters: str) -> Scope:
        """Return the scope inside a reduction over these letters."""
        return Scope((*self.letters, *letters), self.tensors)

    def of_sort(self, sort: str) -> tuple[str, ...]:
        """Return the letters in scope that fit an axis."""
        return tuple(letter for letter in self.letters if SORT[letter] == sort)

    def free(self, sort: str) -> tuple[str, ...]:
        """Return the letters of a sort that may still be bound."""
        return tuple(letter for letter in LETTERS[sort] if letter not in self.letters)

    def readable(self) -> tuple[str, ...]:
        """Return the tensors all of whose axes a letter in scope fits."""
        return tuple(
            name
            for name, sorts in self.tensors.items()
            if all(self.of_sort(sort) for sort in sorts)
        )


Pick = Callable[[Sequence[Any]], Any]


def element(pick: Pick, scope: Scope, letter: str | None = None) -> str:
    """Return an element of a tensor; one that has `letter` as a subscript, when it is given."""
    names = scope.readable()
    if letter is not None:
        names = tuple(name for name in names if SORT[letter] in scope.tensors[name])
    name = pick(names)
    sorts = scope.tensors[name]
    subscripts = [pick(scope.of_sort(sort)) for sort in sorts]
    if letter is not None and letter not in subscripts:
        subscripts[sorts.index(SORT[letter])] = letter
    if not subscripts:
        return name
    return pick([f"{name}_{''.join(subscripts)}", f"{name}[{','.join(subscripts)}]"])


def leaf(pick: Pick, scope: Scope) -> str:
    """Return an element, a number, an index used as a number, or a size."""
    kinds = ["element"] * 6 + ["number"]
    if scope.letters:
        kinds += ["index", "size"]
    kind = pick(kinds)
    if kind == "number":
        return pick(NUMBERS)
    if kind == "index":
        return f"({pick(scope.letters)} + 1)"
    if kind == "size":
        return f"size({pick(scope.letters)})"
    return element(pick, scope)


def condition(pick: Pick, scope: Scope, depth: int) -> str:
    """Return a condition on values or on indices."""
    pairs = [
        (one, other)
        for one in scope.letters
        for other in scope.letters
        if one != other and SORT[one] == SORT[other]
    ]
    kinds = ["value", "value", "and", "or", "not"] if depth > 0 else ["value"]
    kinds += ["indices"] * 3 if pairs else []
    kinds += ["number"] if scope.letters else []
    kinds += ["integers"] if scope.letters else []
    kind = pick(kinds)
    if kind == "integers":
        letter = pick(scope.letters)
        other = _gather(pick, scope, SORT[letter]) or f"2*{pick(scope.letters)}"
        return f"{letter} {pick(('<', '<=', '==', '!=', '>'))} {other}"
    if kind in ("and", "or"):
        left, right = condition(pick, scope, depth - 1), condition(pick, scope, depth - 1)
        return f"({left}) {kind} ({right})"
    if kind == "not":
        return f"not ({condition(pick, scope, depth - 1)})"
    if kind == "indices":
        left, right = pick(tuple(pairs))
        return f"{left} {pick(('<', '<=', '>', '>=', '==', '!='))} {right}"
    if kind == "number":
        return f"{pick(scope.letters)} {pick(('<', '>=', '!='))} 1"
    return f"{expression(pick, scope, depth - 1)} {pick(('<', '>'))} 0.3"


def reduction(pick: Pick, scope: Scope, depth: int) -> str:
    """Return a reduction in brackets; its body has an element with each letter that it binds."""
    sorts = tuple(sort for sort in LETTERS if scope.free(sort))
    if not sorts:
        return element(pick, scope)
    op = pick(REDUCTIONS)
    first = pick(scope.free(pick(sorts)))
    bound = [first]
    inner = scope.bind(first)
    if pick((True, False, False, False)):
        more = tuple(sort for sort in LETTERS if inner.free(sort))
        if more:
            bound.append(pick(inner.free(pick(more))))
            inner = scope.bind(*bound)
    factors = [element(pick, inner, letter) for letter in bound]
    if pick((True, False)):
        factors.append(f"({expression(pick, inner, depth - 1)})")
    if pick((True, False, False)):
        factors = [pick(SAFE).format("*".join(factors))]
        factors = [f"({factors[0]})"]
    return f"({op}_{_binder(pick, scope, op, bound)} {_joined(pick, factors)})"


def _joined(pick: Pick, factors: list[str]) -> str:
    return pick(["*", " "]).join(factors)


def _binder(pick: Pick, scope: Scope, op: str, bound: list[str]) -> str:
    """Return the letters of a reduction, with a condition that some index value always passes."""
    outer = scope.of_sort(SORT[bound[0]])
    kinds = ["plain"] * 3
    if outer:
        # the extents of the two may differ: k<=i alone holds for some k in any case
        kinds += ["<=", "<="] + (["<", "!=", ">", ">="] if op in ("sum", "prod") else [])
    if len(bound) == 2 and SORT[bound[0]] == SORT[bound[1]]:
        kinds += ["ordered"]
    if op in ("sum", "prod"):
        kinds += ["value"]
    kind = pick(kinds)
    letters = ",".join(bound)
    if kind == "ordered":
        return f"{{{letters}: {bound[0]}<={bound[1]}}}"
    if kind == "value":
        inner = scope.bind(*bound)
        return f"{{{letters}: {element(pick, inner, bound[0])} > 0.2}}"
    if kind != "plain":
        if len(bound) == 1:
            return f"{{{bound[0]}{kind}{pick(outer)}}}"
        return f"{{{letters}: {bound[0]}{kind}{pick(outer)}}}"
    if len(bound) == 1:
        return bound[0]
    return pick([f"{{{letters}}}", "".join(bound)])


def convention(pick: Pick, scope: Scope) -> str:
    """Return a product in brackets with an index that the summation convention sums.

    Tensors that take two letters of the sort are left out: s_kk alone would be summed.
    """
    sorts = tuple(sort for sort in LETTERS if scope.free(sort))
    if not sorts:
        return element(pick, scope)
    sort = pick(sorts)
    letter = pick(scope.free(sort))
    single = {name: sorts for name, sorts in scope.tensors.items() if sorts.count(sort) == 1}
    inner = Scope((*scope.letters, letter), single)
    return f"({element(pick, inner, letter)} {element(pick, inner, letter)})"


def delta(pick: Pick, scope: Scope, depth: int) -> str:
    """Return a Kronecker delta of two letters in scope, times an expression."""
    pairs = [
        (one, other)
        for one in scope.letters
        for other in scope.letters
        if one < other and SORT[one] == SORT[other]
    ]
    if not pairs:
        return element(pick, scope)
    one, other = pick(pairs)
    free = scope.free(SORT[one])
    kind = pick(("plain", "plain", "shifted", "gathered"))
    if kind == "shifted":
        other = pick((f"{other}+1", f"2*{other}", f"{other}//2", f"size({other})-1-{other}"))
        return f"(delta({one}, {other})*({expression(pick, scope, depth - 1)}))"
    if kind == "gathered":
        other = _gather(pick, scope, SORT[one]) or other
        return f"(delta({one}, {other})*({expression(pick, scope, depth - 1)}))"
    if free and pick((True, False, False)):
        condition = f"{{{free[0]}<={other}}}" if pick((True, False)) else free[0]
        place = element(pick, scope.bind(free[0]), free[0])
        other = f"arg{pick(('max', 'min'))}_{condition} {place}"
    return f"(delta({one}, {other})*({expression(pick, scope, depth - 1)}))"


def branch(pick: Pick, scope: Scope, depth: int) -> str:
    """Return a `where`."""
    test = condition(pick, scope, min(depth - 1, 1))
    then = expression(pick, scope, depth - 1)
    return f"where({test}, {then}, {expression(pick, scope, depth - 1)})"


def softmax(pick: Pick, scope: Scope, depth: int) -> str:
    """Return a naive softmax or log-sum-exp: what has to come out stable."""
    sorts = tuple(sort for sort in LETTERS if scope.of_sort(sort) and scope.free(sort))
    if not sorts:
        return element(pick, scope)
    sort = pick(sorts)
    letter, bound = pick(scope.of_sort(sort)), pick(scope.free(sort))
    names = tuple(n for n in scope.readable() if scope.tensors[n].count(sort) == 1)
    if not names:
        return element(pick, scope)
    name = pick(names)
    own = [letter if s == sort else pick(scope.of_sort(s)) for s in scope.tensors[name]]
    other = [bound if one == letter else one for one in own]
    numerator = f"{name}[{','.join(own)}]"
    denominator = f"{name}[{','.join(other)}]"
    return pick(EXPONENTIALS).format(numerator, denominator, bound)


def expression(pick: Pick, scope: Scope, depth: int) -> str:
    """Return an expression; depth bounds how deep functions, reductions and branches nest."""
    if depth <= 0:
        return leaf(pick, scope)
    kind = pick(KINDS)
    if kind == "one":
        return pick(SAFE).format(expression(pick, scope, depth - 1))
    if kind == "two":
        left, right = expression(pick, scope, depth - 1), expression(pick, scope, depth - 1)
        return f"({pick(OF_TWO).format(left, right)})"
    if kind == "convention":
        return convention(pick, scope)
    if kind == "leaf":
        return leaf(pick, scope)
    if kind in ("subscripts", "window"):
        return subscripts(pick, scope) if kind == "subscripts" else window(pick, scope)
    makers = {"reduction": reduction, "branch": branch, "delta": delta, "softmax": softmax}
    return makers[kind](pick, scope, depth)


def subscripts(pick: Pick, scope: Scope) -> str:
    """Return an element with index arithmetic or integer tensors as subscripts."""
    if pick((True, False)):
        return long_element(pick, scope)
    names = tuple(name for name in scope.readable() if scope.tensors[name])
    if not names:
        return element(pick, scope)
    name = pick(names)
    sorts = scope.tensors[name]
    padded = pick((True, False, False))
    make = index_strategies.outside if padded else index_strategies.inside
    parts = [
        make(pick, name, axis, pick(scope.of_sort(sort)), _gather(pick, scope, sort))
        for axis, sort in enumerate(sorts)
    ]
    read = f"{name}[{','.join(parts)}]"
    if not padded:
        return read
    return pick((f"pad({read})", f"pad({read})", f"pad({read}, {leaf(pick, scope)})"))


def _gather(pick: Pick, scope: Scope, sort: str) -> str | None:
    return index_strategies.gather(pick, scope.letters, SORT, sort)


def long_element(pick: Pick, scope: Scope) -> str:
    """Return an element of a tensor that is read through arithmetic alone."""
    if not scope.letters:
        return element(pick, scope)
    name = pick(tuple(index_strategies.LONG))
    sorts = index_strategies.LONG[name]
    parts = [index_strategies.far(pick, scope.letters, _gather(pick, scope, s)) for s in sorts]
    return f"{name}[{','.join(parts)}]"


def window(pick: Pick, scope: Scope) -> str:
    """Return a reduction over a window."""
    if not scope.letters:
        return element(pick, scope)
    name = pick(tuple(index_strategies.LONG))
    others = index_strategies.LONG[name][1:]
    rest = [index_strategies.far(pick, scope.letters, None) for _ in others]
    return index_strategies.windowed(pick, name, scope.letters, rest)


def statement(pick: Pick, name: str, left: str, scope: Scope, depth: int) -> str:
    """Return an assignment whose right side has an element with each letter of the left."""
    inner = scope.bind(*left)
    value = expression(pick, inner, depth)
    for letter in left:
        joined = pick([" + {}", " - {}", "*{}"])
        extra = joined.format(element(pick, inner, letter))
        value = f"({value}){extra}"
    if not left:
        value = f"{value} + {pick(['sum_i a_i', 'alpha', 'max_j b_j', 'a_i a_i'])}"
    return f"{name}_{left} = {value}" if left else f"{name} = {value}"


def formula(pick: Pick, depth: int = 3) -> str:
    """Return the text of a layer: one to three statements, each may read the ones before it."""
    if pick((True, False, False)):
        return index_strategies.layer(pick)
    tensors = dict(TENSORS)
    lines = []
    for name in pick((("y",), ("h", "y"), ("h", "r", "y"))):
        left = pick(LEFT_SIDES)
        lines.append(statement(pick, name, left, Scope((), dict(tensors)), depth))
        tensors[name] = "".join(SORT[letter] for letter in left)
        # fewer inputs to choose from, so that later statements read earlier ones
        tensors.pop(pick(("z", "s", "beta")), None)
    text = "\n".join(lines)
    for name, declaration in (("f", LET), ("g", "opaque g")):
        if re.search(rf"\b{name}\(", text):
            text = f"{declaration}\n{text}"
    return text


@st.composite
def formulas(draw: Callable[..., Any], depth: int = 3) -> str:
    """Draw the text of a layer."""
    return formula(lambda options: draw(st.sampled_from(list(options))), depth)
