"""Print entries and numbers as the scalar Python code that Numba compiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import singledispatch

from symgrad.lowering.nodes.arrays import (
    LOGICAL,
    Apply,
    Array,
    Cast,
    Literal,
    Size,
    Variable,
)
from symgrad.lowering.nodes.traversal import walk
from symgrad.rendering.code import Code, Level, binary, call, python_name, raised
from symgrad.rendering.numba.functions import SCALAR
from symgrad.rendering.numba.nodes import Element, Place
from symgrad.rendering.numpy_printer import BINARY, COMPARISONS, Names, to_numpy


@dataclass
class Scope:
    """How names print inside of a kernel.

    Attributes:
        letters: the variable of each loop.
        element: the text of an entry.
        length: the text of a length, None where the kernel has no array that shows it.
    """

    letters: Mapping[int, str]
    element: Callable[[Element], Code]
    length: Callable[[Size], str | None]


@singledispatch
def to_scalar(array: Array, scope: Scope) -> Code:
    """Return the code of a scalar expression."""
    if array.kind == "weak":
        return number_code(array, scope)
    raise AssertionError(f"no scalar form of {type(array).__name__}")


def as_real(array: Array, scope: Scope) -> Code:
    """Return the code of a scalar in the floating type of the kernel's arrays."""
    if isinstance(array, Cast):
        return as_real(array.array, scope)
    if array.kind == "float" and not (isinstance(array, Element) and not array.index):
        return to_scalar(array, scope)
    if array.kind == "bool":
        return call("_where", to_scalar(array, scope).text, "real(1)", "real(0)")
    if isinstance(array, Apply) and array.op == "where":
        condition = to_scalar(array.args[0], scope).text
        return call("_where", condition, *(as_real(arg, scope).text for arg in array.args[1:]))
    return call("real", to_scalar(array, scope).text)


@to_scalar.register
def _(array: Element, scope: Scope) -> Code:
    return scope.element(array)


@to_scalar.register
def _(array: Variable, scope: Scope) -> Code:
    return Code(python_name(array.name))


@to_scalar.register
def _(array: Place, scope: Scope) -> Code:
    return Code(scope.letters[array.loop])


@to_scalar.register
def _(array: Cast, scope: Scope) -> Code:
    return as_real(array, scope)


@to_scalar.register
def _(array: Literal, scope: Scope) -> Code:
    return to_numpy(array, Names())


@to_scalar.register
def _(array: Apply, scope: Scope) -> Code:
    if array.kind == "weak":
        return number_code(array, scope)
    if array.op in LOGICAL:
        return _condition(array, scope)
    if array.kind == "float":
        return _real_operation(array, scope)
    args = [to_scalar(arg, scope) for arg in array.args]
    if array.op == "where":
        return call("_where", *(arg.text for arg in args))
    if array.op == "neg":
        return Code(f"-{args[0].at(Level.UNARY)}", Level.UNARY)
    if array.op == "*" and array.kind == "bool":
        return binary(args[0], "&", args[1], Level.BIT_AND)
    operator, level = BINARY[array.op]
    return binary(args[0], operator, args[1], level)


def _condition(array: Apply, scope: Scope) -> Code:
    if array.op in COMPARISONS:
        floats = any(arg.kind == "float" for arg in array.args)
        convert = as_real if floats else to_scalar
        left, right = (convert(arg, scope).at(Level.BIT_OR) for arg in array.args)
        return Code(f"{left} {array.op} {right}", Level.COMPARISON)
    args = [to_scalar(arg, scope) for arg in array.args]
    if array.op == "not":
        return Code(f"not {args[0].at(Level.COMPARISON)}", Level.CONDITIONAL)
    operator, level = BINARY[array.op]
    return binary(args[0], operator, args[1], level)


def _real_operation(array: Apply, scope: Scope) -> Code:
    if array.op == "where":
        condition = to_scalar(array.args[0], scope).text
        return call("_where", condition, *(as_real(arg, scope).text for arg in array.args[1:]))
    masks = [arg for arg in array.args if arg.kind == "bool"]
    if array.op == "*" and masks:
        (other,) = (arg for arg in array.args if arg.kind != "bool")
        condition = to_scalar(masks[0], scope).text
        return call("_where", condition, as_real(other, scope).text, "real(0)")
    if array.op == "**":
        return raised(as_real(array.args[0], scope), to_scalar(array.args[1], scope))
    args = [as_real(arg, scope) for arg in array.args]
    if array.op == "neg":
        wraps = args[0].level < Level.PRODUCT or args[0].opens_with_power
        text = f"({args[0].text})" if wraps else args[0].text
        return Code(f"-{text}", min(args[0].level, Level.UNARY))
    if array.op in BINARY:
        operator, level = BINARY[array.op]
        return binary(args[0], operator, args[1], level)
    return Code(SCALAR[array.op].format(*(arg.text for arg in args)))


# --- numbers -------------------------------------------------------------------------------------


def number_code(array: Array, scope: Scope) -> Code:
    """Return the code of a Python number: a length that an array shows, or one written out."""
    text = scope.length(array) if isinstance(array, Size) else None
    return Code(text) if text is not None else to_numpy(array, Names())


def is_written_out(array: Array, scope: Scope) -> bool:
    """Say whether a number needs no argument: it is a length, or made of literals and names."""
    if isinstance(array, Size):
        return scope.length(array) is not None
    if isinstance(array, Element):
        return True
    return all(isinstance(part, (Literal, Apply)) for part in walk(array))
