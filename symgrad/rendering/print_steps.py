"""Print the steps of a method: assignments, and results that are written over an array."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from symgrad.language.functions import FUNCTIONS
from symgrad.lowering.blocking.cut_arrays import Added
from symgrad.lowering.nodes.arrays import (
    Apply,
    Array,
    Contraction,
    Literal,
    PythonNumber,
    Variable,
    array_node,
)
from symgrad.lowering.nodes.banded import Banded
from symgrad.lowering.nodes.scatters import Scatter
from symgrad.lowering.plans.steps import UFUNCS, Step
from symgrad.rendering.code import Code, call, python_name, tuple_text
from symgrad.rendering.fitting import fit
from symgrad.rendering.numpy_printer import BINARY, Names, printed, to_numpy
from symgrad.rendering.print_scatters import scatter_lines
from symgrad.rendering.wrapping import WIDTH, wrap_value


@array_node
class Buffer(PythonNumber):
    """The array that a name had in the call before, or None where there are no buffers."""

    name: str
    shape: tuple[Array, ...]
    like: Array | None


@printed.register
def _(array: Buffer, names: Names) -> Code:
    shape = tuple_text([to_numpy(length, names).text for length in array.shape])
    if array.like is not None:
        shape = f"{to_numpy(array.like, names).text}.shape"
    return call("_buffer", "self", f'"{array.name}"', shape)


@array_node
class Written(Array):
    """A call of a function with the array that its result goes to.

    `template` is the call without it, with the arguments in braces.
    """

    template: str
    args: tuple[Array, ...]
    out: Array
    rank: int

    @property
    def ndim(self) -> int:
        return self.rank


@printed.register
def _(array: Written, names: Names) -> Code:
    text = array.template.format(*(to_numpy(arg, names).text for arg in array.args))
    return Code(f"{text.removesuffix(')')}, out={to_numpy(array.out, names).text})")


def written(array: Array, out: Array) -> Written:
    """Return the call that computes an elementwise operation or a contraction into an array."""
    if isinstance(array, Apply):
        return Written(_function(array), array.args, out, array.ndim)
    if not isinstance(array, Contraction):
        raise AssertionError(f"{type(array).__name__} has no argument out")
    places = ", ".join(f"{{{place}}}" for place in range(len(array.args)))
    if array.form in ("matmul", "vecdot"):
        return Written(f"np.{array.form}({places})", array.args, out, array.ndim)
    options = ", optimize=True" if array.form == "einsum_path" else ""
    template = f'np.einsum("{array.subscripts}", {places}{options})'
    return Written(template, array.args, out, array.ndim)


def _function(array: Apply) -> str:
    """Return the call of an operation; np.power is slow where the exponent is 2."""
    if array.op == "**" and array.args[1] == Literal(Fraction(2)):
        return "np.square({0})"
    if array.op in UFUNCS:
        return f"{UFUNCS[array.op]}({', '.join(f'{{{n}}}' for n in range(len(array.args)))})"
    template = FUNCTIONS[array.op].numpy
    if template is None:
        raise AssertionError(f"{array.op} is an abbreviation, to be expanded before")
    return template


def step_lines(step: Step, target: str, indent: str, names: Names, taken: set[str]) -> list[str]:
    """Return the statements of a step.

    Args:
        step: the step.
        target: what stands in front of `=`, or `return`; empty for a call alone.
        indent: blanks in front of the statements.
        names: how names print.
        taken: names that a new part may not take.
    """
    owner, array = step.name, step.array
    if isinstance(array, Scatter):
        return scatter_lines(target, owner, array, names, taken, indent)
    if not target:  # a call that fills arrays which were assigned before
        return wrap_value("", to_numpy(array, names).text, indent)
    if isinstance(array, Banded) and target != "return":
        own = replace(array, array=Variable(owner, array.ndim))
        inside = step_lines(replace(step, array=array.array), target, indent, names, taken)
        return inside + wrap_value("", to_numpy(own, names).text, indent)
    label = head = f"{target} "
    head += "" if target == "return" else "= "
    if isinstance(array, Added):
        head, array = f"{target} += ", array.array
    if step.over:
        label, head, array = _overwriting(step, head, names)
    elif step.shape is not None:
        like = step.shape if isinstance(step.shape, Variable) else None
        shape = step.shape if isinstance(step.shape, tuple) else ()
        array = written(array, Buffer(step.name, shape, like))
    lines: list[str] = []

    def text(part: Array) -> str:
        return to_numpy(part, names).text

    pieces = fit(label.rstrip(), owner, array, text, taken, WIDTH - len(indent))
    for name, piece in pieces[:-1]:
        lines += wrap_value(f"{python_name(name)} = ", text(piece), indent)
    if step.source.comment:
        lines.append(f"{indent}# {step.source.comment}")
    return [*lines, *wrap_value(head, text(pieces[-1][1]), indent)]


def _overwriting(step: Step, head: str, names: Names) -> tuple[str, str, Array]:
    """Return a label of the line's length, its head, and the array behind: `y /= ` and s."""
    array = step.array
    if not isinstance(array, Apply):
        raise AssertionError(f"{type(array).__name__} is no elementwise operation")
    over = next(arg for arg in array.args if isinstance(arg, Variable) and arg.name == step.over)
    if step.over == step.name and step.is_operator:
        place = array.args.index(over)
        operator = f"{names.text(over.name)} {BINARY_OPERATORS[array.op]}"
        return operator, f"{operator}= ", array.args[1 - place]
    head = "" if step.over == step.name else head
    return head.removesuffix("= "), head, written(array, over)


BINARY_OPERATORS = {op: BINARY[op][0] for op in ("+", "-", "*", "/")} | {"**": "**"}
