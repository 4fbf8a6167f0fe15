"""Print a derivation in the form that was asked for: the gradients alone or with their steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symgrad.derivation import Derivation


def gradients_text(derivation: Derivation) -> str:
    """Return the gradients as statements of the formula language."""
    return str(derivation)


def steps_text(derivation: Derivation) -> str:
    """Return the steps of every gradient as text."""
    from symgrad.formats.derivation import derivation_text

    return derivation_text(derivation)


def gradients_latex(derivation: Derivation) -> str:
    """Return the gradients, and the named values that they read, as an aligned environment."""
    from symgrad.formats.latex import statement_latex

    rows = [
        statement_latex(statement).replace(" = ", " &= ", 1)
        for statement in (*derivation.program.backward, *derivation.values)
    ]
    body = " \\\\\n".join(f"  {row}" for row in rows)
    return f"\\[\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n\\]"


def steps_latex(derivation: Derivation) -> str:
    """Return the steps of every gradient as aligned environments."""
    return derivation.latex()


def printed(derivation: Derivation, form: str, steps: bool) -> str:
    """Return the derivation in a format; a comment where the layer has no gradient."""
    layer = derivation.layer
    if layer.wrt:
        return FORMS[form][steps](derivation)
    reason = "the formula has no input"
    if layer.inputs:
        integers = all(name in layer.integers for name in layer.inputs)
        reason = "every input is an integer" if integers else "wrt names no input"
    return f"{COMMENTS[form]} no gradient: {reason}"


# by format, and by whether the steps are shown
FORMS: dict[str, dict[bool, Callable[[Derivation], str]]] = {
    "text": {False: gradients_text, True: steps_text},
    "latex": {False: gradients_latex, True: steps_latex},
}

# what begins a comment, by format
COMMENTS = {"text": "#", "latex": "%"}
