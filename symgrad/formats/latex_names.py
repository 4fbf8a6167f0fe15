"""Write names of tensors and indices in LaTeX: Greek letters, accents, descriptive superscripts."""

from __future__ import annotations

import re

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
WORDS = {word: f"\\{word}" for word in GREEK.values()} | {"eps": r"\epsilon"}
ACCENTS = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde", "dot": r"\dot"}
ESCAPES = str.maketrans({c: f"\\{c}" for c in "_%&#$"})


def symbol(name: str) -> str:
    """Return one letter, a Greek letter, or a word set upright."""
    if name in GREEK:
        return f"\\{GREEK[name]}"
    if name in WORDS:
        return WORDS[name]
    return name if len(name) == 1 else rf"\mathrm{{{escape(name)}}}"


def name_parts(name: str) -> tuple[str, str, str]:
    """Return (symbol, superscript, number) of a tensor's name.

    `x_hat` and `xhat` are an x with a hat, `x_exp` an x with the superscript exp, `W1` a W with the
    number 1, and `dx`, the gradient by x, an x with an upright d in front.
    """
    for accent, command in ACCENTS.items():
        base = name.removesuffix(accent).removesuffix("_")
        if base != name and _is_symbol(base):
            return f"{command}{{{symbol(base)}}}", "", ""
    if name[:1] == "d" and name[1:2].isalpha() and name not in WORDS:
        base, superscript, number = name_parts(name[1:])
        if not _is_word(base):
            return rf"\mathrm{{d}} {base}", superscript, number
    stem, _, rest = name.partition("_")
    if rest:
        base, _, number = name_parts(stem)
        if _is_word(base):
            return symbol(name), "", ""
        return (base, "", rest) if rest.isdigit() else (base, rest.replace("_", r"\,"), number)
    numbered = re.fullmatch(r"(\D+)(\d+)", name)
    if numbered and _is_symbol(numbered[1]):
        return symbol(numbered[1]), "", numbered[2]
    return symbol(name), "", ""


def _is_word(base: str) -> bool:
    return base.startswith(r"\mathrm{") and not base.startswith(r"\mathrm{d} ")


def _is_symbol(name: str) -> bool:
    return len(name) == 1 or name in WORDS


def index_letter(letter: str) -> str:
    """Return an index: a letter with its primes and digits, or a word set upright."""
    parts = re.fullmatch(r"([^\W\d_])(\d*)('*)", letter)
    if parts is None:
        return symbol(letter)
    number = f"_{{{parts[2]}}}" if parts[2] else ""
    return f"{symbol(parts[1])}{number}{parts[3]}"


def escape(text: str) -> str:
    """Return `text` for use inside text and upright words."""
    return text.translate(ESCAPES)
