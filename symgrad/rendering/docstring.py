"""Write the docstrings of a generated class: formula, shapes, gradients, what is kept."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.formats.text import to_text
from symgrad.language.expr import Call, Element, Index, IndexValue, Reduce, walk
from symgrad.language.functions import FUNCTIONS
from symgrad.language.layer import Layer
from symgrad.lowering.plans.plan import Plan
from symgrad.rendering.code import attribute, python_name
from symgrad.rendering.wrapping import INDENT, WIDTH

BUFFERS = (
    "With buffers=True the arrays are used again: forward overwrites what the forward before "
    "returned, and backward the gradients of the backward before."
)


@dataclass(frozen=True)
class Documented:
    """A plan with what its docstring says beside it.

    Attributes:
        plan: the plan.
        gradients: the gradients as printed formulas, in order.
        values: the named forward values which those formulas read.
        buffers: whether the class can write over its results of the call before.
        whole: whether it computes large arrays in one go as well, which shows what it computes.
    """

    plan: Plan
    gradients: Sequence[str]
    values: Sequence[str] = ()
    buffers: bool = False
    whole: bool = False


def listing(words: Sequence[str], nothing: str = "nothing") -> str:
    """Return `x, y and z`."""
    if not words:
        return nothing
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def class_docstring(documented: Documented) -> list[str]:
    """Return the lines of the class's docstring, quotes included, indented by one level."""
    plan = documented.plan
    layer = plan.layer
    blocks = [
        _opening(layer),
        _wrapped(f"Shapes: {', '.join(_shape(name, axes) for name, axes in plan.shapes)}."),
        _gradient_block(documented),
        *(_wrapped(f"{note}.") for note in kink_notes(layer)),
        _wrapped(f"forward keeps {listing(plan.kept)} for backward."),
        _wrapped(BUFFERS) if documented.buffers else [],
        _wrapped(f"Source: {layer.source}") if layer.source else [],
    ]
    lines: list[str] = []
    for block in blocks:
        if block:
            lines += ["", *block] if lines else block
    return quoted(lines)


def quoted(lines: Sequence[str]) -> list[str]:
    """Return the text between triple quotes, indented by one level, safe whatever it contains."""
    safe = [_escaped(line).rstrip() for line in lines]
    if len(safe) == 1:
        return [f'{INDENT}"""{safe[0]}"""']
    body = [f"{INDENT}{line}" if line else "" for line in safe[1:]]
    return [f'{INDENT}"""{safe[0]}', *body, f'{INDENT}"""']


def _escaped(line: str) -> str:
    """Return what stands for the line between quotes; signs that can't be seen as escapes."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in line.replace("\\", "\\\\").replace('"', "'")
    )


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH - len(INDENT),
        initial_indent=indent,
        subsequent_indent=indent + INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def formula_lines(layer: Layer) -> list[str]:
    """Return the statements of the formula's text, without comments and empty lines."""
    lines = (line.split("#")[0].rstrip() for line in layer.formula.split("\n"))
    return textwrap.dedent("\n".join(line for line in lines if line.strip())).split("\n")


def _opening(layer: Layer) -> list[str]:
    """Return the summary and the formula; a short formula without summary shares the first line."""
    lines = formula_lines(layer)
    first = f"{layer.name} layer, {lines[0].strip()}."
    if not layer.summary and len(lines) == 1 and len(first) <= WIDTH - 7:
        return [first]
    summary = " ".join(layer.summary.split()) or f"{layer.name} layer."
    opening = textwrap.wrap(summary, WIDTH - 7, break_on_hyphens=False)
    return [*opening, "", *(piece for line in lines for piece in _formula_line(line))]


def _formula_line(line: str) -> list[str]:
    """Return a line of the formula, indented; a line that is too long is broken at a blank."""
    own = INDENT + line[: len(line) - len(line.lstrip())]
    return _wrapped(line.strip(), own)


def _shape(name: str, axes: Sequence[str]) -> str:
    if not axes:
        return f"{name} scalar"
    return f"{name} ({', '.join(axes)}{',' if len(axes) == 1 else ''})"


def _gradient_block(documented: Documented) -> list[str]:
    plan = documented.plan
    if not plan.gradients:
        return ["No gradients: the layer has nothing to differentiate by."]
    names = [argument.name for argument in plan.backward.arguments]
    meanings = [
        f"{_element(name, plan.layer, output)} = dL/d{_element(output, plan.layer, output)}"
        for name, output in zip(names, plan.layer.outputs, strict=True)
    ]
    lines = _wrapped(f"Gradients, with {listing(meanings)}:")
    for formula in documented.gradients:
        lines += _wrapped(formula, INDENT)
    for formula in documented.values:
        lines += _wrapped(f"with {formula}", INDENT)
    return lines


def _element(name: str, layer: Layer, output: str) -> str:
    """Return `y_ij` with the letters of the statement that assigns the output."""
    indices: Sequence[Index] = layer.axes[output]
    for statement in layer.statements:
        if statement.name == output and len(statement.indices) == len(indices):
            indices = statement.indices
    return to_text(Element(name, tuple(IndexValue(index) for index in indices)))


def kink_notes(layer: Layer) -> list[str]:
    """Return what holds where a function has a kink, and at ties of max and min."""
    notes: dict[str, None] = {}
    for statement in layer.statements:
        for part in walk(statement.value):
            if isinstance(part, Call) and FUNCTIONS[part.function].kink:
                notes.setdefault(f"Derivative of {part.function}: {FUNCTIONS[part.function].kink}")
            if isinstance(part, Reduce) and part.op in ("max", "min"):
                text = f"At ties of {part.op} the gradient goes to the first in index order"
                notes.setdefault(text)
    return list(notes)


def forward_docstring(plan: Plan) -> str:
    """Return what forward returns."""
    layer = plan.layer
    inputs = [python_name(name) for name in layer.inputs if name not in layer.params]
    outputs = listing([python_name(name) for name in layer.outputs])
    if not inputs:
        return f"Return {outputs}."
    noun = "input" if len(inputs) == 1 else "inputs"
    line = f"Return {outputs} for the {noun} {listing(inputs)}."
    return line if _fits(line) else f"Return the {len(layer.outputs)} outputs in order."


def backward_docstring(plan: Plan) -> str:
    """Return what backward returns and what it sets."""
    by_input = dict(plan.gradients)
    returned = [python_name(d) for name, d in by_input.items() if name not in plan.layer.params]
    stored = [attribute(d) for name, d in by_input.items() if name in plan.layer.params]
    if not by_input:
        return "Return None: there is nothing to differentiate by."
    if not stored:
        line = f"Return {listing(returned, 'None')}."
        return line if _fits(line) else f"Return the {len(returned)} gradients in order."
    setting = f"et {listing(stored)}."
    if len(setting) > WIDTH // 2:
        setting = "et self.d + name for each parameter."
    if not returned:
        return f"S{setting}"
    line = f"Return {listing(returned)}; s{setting}"
    return line if _fits(line) else f"Return the {len(returned)} gradients in order; s{setting}"


def _fits(line: str) -> bool:
    return len(f'{INDENT * 2}"""{line}"""') <= WIDTH
