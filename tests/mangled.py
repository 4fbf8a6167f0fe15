"""Draw texts that are nearly formulas: right ones with tokens lost, doubled, swapped and put in."""

from __future__ import annotations

import random
import re
from functools import cache

from hypothesis import strategies as st

import symgrad
from tests.strategies import formula

_TOKENS = re.compile(r"\s+|\w+|<=|>=|==|!=|//|\*\*|.", re.DOTALL)

SPELLINGS = (
    *"xyijk_()[]{},:;=+-*/^<>!# \n'.0123²√Σδ≤·∞π%",
    *(
        "sum_k",
        "sum_{",
        "max_{k<=j}",
        "argmax_k",
        "mean_",
        "for",
        "where(",
        "let f(t) =",
        "opaque g",
    ),
    *("size(", "size(x,0)", "delta(", "pad(", "and", "or", "not", "exp(", "inv(", "det(", "//"),
    *("x_ik", "w_kj", "x[i-1]", "t_i", "h[t-1]", "stop_gradient(", "clip(", "logsumexp_k", "pi"),
    # letters that look alike, marks that join, blanks, and what shows nothing
    *("х", "ο", "ⅰ", "ｘ", "𝐱", "ß", "İ", "ﬁ", "x\u0301", "\u0301", "ª", "①", "٣", "\u1e9e"),
    *("\u00a0", "\u2003", "\u200b", "\u200d", "\ufeff", "\u2028", "\x00", "\x0b", "\x1b", "\r"),
    *("\ud800", "\U0010ffff", "\u202e", "−", "–", "∗", "″", "′", "“", "🙂", "\u0130"),
    # numbers without measure
    *("9" * 300, "1e308", "1e-400", "10^100", "9^9^9", "1e999999999", "0.1e-5", "00012", "1.2.3"),
    *("0", "-1", "(10^9)", "1/0", "0^0", "2^0.5", "inf", "-inf", "nan", "1_000"),
)


def mangled(text: str, source: random.Random) -> str:
    """Return a text with one to three edits."""
    tokens = _TOKENS.findall(text)
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(tokens) + 1)
        other = source.randrange(len(tokens)) if tokens else 0
        edit = source.choice(("lose", "double", "swap", "put in", "put in", "replace", "move"))
        if edit == "put in" or not tokens:
            tokens.insert(at, source.choice(SPELLINGS))
            continue
        at = min(at, len(tokens) - 1)
        if edit == "lose":
            del tokens[at]
        elif edit == "double":
            tokens.insert(other, tokens[at])
        elif edit == "swap":
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif edit == "move":
            tokens.insert(other, tokens.pop(at))
        else:
            tokens[at] = source.choice(SPELLINGS)
    return "".join(tokens)


@cache
def _catalogue() -> tuple[str, ...]:
    return tuple(layer.formula for layer in symgrad.catalog().values())


def nearly_right(source: random.Random) -> str:
    """Return a text that is nearly a formula: of the catalogue, or drawn."""
    if source.random() < 0.4:
        return mangled(source.choice(_catalogue()), source)
    return mangled(formula(source.choice, depth=1), source)


nearly_right_texts = st.integers(0, 2**64).map(lambda seed: nearly_right(random.Random(seed)))
