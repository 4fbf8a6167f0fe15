"""Print a whole derivation: the values that it names, then the steps of each gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from symgrad.formats.latex import statement_latex, steps_latex, to_latex
from symgrad.formats.text import statement_text, steps_text, to_text
from symgrad.language.expr import Element, Index, IndexValue
from symgrad.language.statement import Statement

if TYPE_CHECKING:
    from symgrad.derivation.result import Derivation
    from symgrad.derivation.steps import Trail


def derivation_text(derivation: Derivation) -> str:
    """Return every gradient with its steps, as text in the formula language."""
    partials = _partials(derivation)
    blocks = []
    if derivation.intermediates:
        values = [f"  {statement_text(statement)}" for statement in derivation.intermediates]
        blocks.append("\n".join(["with the intermediate values", *values]))
    results = _results(derivation, statement_text)
    for trail in derivation.trails:
        lines = [(step.after, step.caption) for step in trail.steps]
        left = to_text(_gradient(trail), partials=partials, indices=_indices(trail))
        block = steps_text(left, lines, indices=_indices(trail), partials=partials)
        blocks.append("\n".join(part for part in (block, results.get(trail.name)) if part))
    return "\n\n".join(blocks)


def derivation_latex(derivation: Derivation) -> str:
    """Return every gradient with its steps, one `aligned` environment after the other."""
    partials = _partials(derivation)
    blocks = [statement_latex(statement) for statement in derivation.intermediates]
    results = _results(derivation, statement_latex)
    for trail in derivation.trails:
        lines = [(step.after, step.caption) for step in trail.steps]
        left = to_latex(_gradient(trail), partials=partials, indices=_indices(trail))
        block = steps_latex(left, lines, indices=_indices(trail), partials=partials)
        blocks.append(_with_row(block, results.get(trail.name)))
    return "\n".join(f"\\[\n{block}\n\\]" for block in blocks)


def _with_row(aligned: str, statement: str | None) -> str:
    """Return an `aligned` environment with one more statement as its last row."""
    if statement is None:
        return aligned
    row = statement.replace(" = ", " &= ", 1)
    end = "\n\\end{aligned}"
    return f"{aligned.removesuffix(end)} \\\\\n  {row}{end}"


def _results(derivation: Derivation, printed: Callable[[Statement], str]) -> dict[str, str]:
    return {statement.name: printed(statement) for statement in derivation.program.backward}


def _partials(derivation: Derivation) -> dict[str, str]:
    """Return the value that each gradient belongs to."""
    totals = {trail.target.name for trail in derivation.trails}
    found = {
        name: output
        for output, name in derivation.program.cotangents.items()
        if output not in totals  # an output that is read further has an adjoint of its own
    }
    return found | {trail.name: trail.target.name for trail in derivation.trails}


def _gradient(trail: Trail) -> Element:
    return Element(trail.name, trail.target.subscripts)


def _indices(trail: Trail) -> Sequence[Index]:
    return [part.index for part in trail.target.subscripts if isinstance(part, IndexValue)]
