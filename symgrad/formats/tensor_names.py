"""Read the name of a tensor as a letter with accents, superscripts and numbers, before spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "υ": "upsilon",
    "φ": "phi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "Γ": "Gamma",
    "Δ": "Delta",
    "Θ": "Theta",
    "Λ": "Lambda",
    "Ξ": "Xi",
    "Π": "Pi",
    "Σ": "Sigma",
    "Υ": "Upsilon",
    "Φ": "Phi",
    "Ψ": "Psi",
    "Ω": "Omega",
}
# the letter that a name in Latin letters stands for
LETTERS = {word: letter for letter, word in GREEK.items()} | {"eps": "ϵ"}
ACCENTS = ("hat", "bar", "tilde", "dot")


@dataclass(frozen=True)
class TensorName:
    """The parts of a name.

    Attributes:
        symbol: one letter, a Greek letter by its name, or a word.
        accent: one of ACCENTS, or nothing.
        superscript: words that describe it: exp in `x_exp`.
        number: 1 in `W1`.
        differentials: how many times it is a gradient: 1 in `dx`.
    """

    symbol: str
    accent: str = ""
    superscript: tuple[str, ...] = ()
    number: str = ""
    differentials: int = 0

    @property
    def is_word(self) -> bool:
        """Whether it is set upright as a word."""
        return not (self.accent or self.differentials or is_symbol(self.symbol))


def is_symbol(name: str) -> bool:
    """Say whether a name is one letter, as it is set."""
    return len(name) == 1 or name in LETTERS


def read_name(name: str) -> TensorName:
    """Return the parts of a name.

    `x_hat` and `xhat` are an x with a hat, `x_exp` an x with the superscript exp, `W1` a W with the
    number 1, and `dx`, the gradient by x, an x with a d in front.
    """
    for accent in ACCENTS:
        base = name.removesuffix(accent).removesuffix("_")
        if base != name and is_symbol(base):
            return TensorName(base, accent)
    if name[:1] == "d" and name[1:2].isalpha() and name not in LETTERS:
        inner = read_name(name[1:])
        if not inner.is_word:
            return replace(inner, differentials=inner.differentials + 1)
    stem, _, rest = name.partition("_")
    if rest:
        base_name = read_name(stem)
        if base_name.is_word:
            return TensorName(name)
        if rest.isdigit():
            return replace(base_name, number=rest)
        return replace(base_name, superscript=tuple(rest.split("_")))
    numbered = re.fullmatch(r"(\D+)(\d+)", name)
    if numbered and is_symbol(numbered[1]):
        return TensorName(numbered[1], number=numbered[2])
    return TensorName(name)


def read_index(letter: str) -> tuple[str, str, str]:
    """Return (symbol, number, primes) of an index: a letter with digits and primes, or a word."""
    parts = re.fullmatch(r"([^\W\d_])(\d*)('*)", letter)
    return (letter, "", "") if parts is None else (parts[1], parts[2], parts[3])
