"""Give the lengths of axes as polynomials in the letters of a plan, and as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from symgrad.errors import FormulaError
from symgrad.language.affine import affine
from symgrad.language.expr import AxisLength, Element, Index, walk
from symgrad.language.layer import Layer
from symgrad.lowering.counting.polynomials import Polynomial, constant, product, symbol
from symgrad.lowering.expressions.scope import NOMINAL_EXTENT
from symgrad.lowering.nodes.arrays import (
    Apply,
    Array,
    Hyperparameter,
    KeptExtent,
    Literal,
    Size,
    Variable,
)
from symgrad.lowering.nodes.scatters import LoopIndex
from symgrad.lowering.nodes.traversal import walk as walk_array
from symgrad.lowering.plans.plan import Plan

# the nominal length of an axis whose index is added to another: a tap of a window
NOMINAL_TAPS = 3

Shape = tuple[Polynomial, ...]

_ROUNDED: dict[str, Callable[[int, int], int]] = {
    "//": lambda left, right: left // max(right, 1),
    "%": lambda left, right: left % max(right, 1),
    "max": max,
    "min": min,
}


@dataclass
class AxisLengths:
    """The lengths of a plan.

    Attributes:
        numbers: what each symbol stands for.
        shapes: for each name that is known so far the lengths of its axes.
        noted: symbols of the lengths that follow from others, by how they follow.
        named: the same symbols, by the polynomial that they are short for.
        values: lengths that are assigned to names of their own.
    """

    numbers: dict[str, int] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    noted: dict[Array, str] = field(default_factory=dict)
    named: dict[Polynomial, str] = field(default_factory=dict)
    values: dict[str, Polynomial] = field(default_factory=dict)

    def of(self, array: Array) -> Polynomial:
        """Return a Python number as a polynomial; what is rounded becomes a symbol of its own."""
        if array in self.noted:
            return symbol(self.noted[array])
        if isinstance(array, Size):
            return self.shapes[array.name][array.axis]
        if isinstance(array, KeptExtent):
            return symbol(array.letter.upper())
        if isinstance(array, Literal) and isinstance(array.value, Fraction):
            return constant(array.value)
        if isinstance(array, Hyperparameter):
            return symbol(array.name)
        if isinstance(array, LoopIndex):
            return constant(0)
        if isinstance(array, Variable):
            return self._valued(array.name)
        if isinstance(array, Apply):
            return self.short(self._applied(array.op, [self.of(arg) for arg in array.args]))
        raise AssertionError(f"{type(array).__name__} is no length")

    def _valued(self, name: str) -> Polynomial:
        """Return a length that has a name; an input that is a number counts as 1."""
        if name not in self.values:
            self.numbers.setdefault(name, 1)
            return symbol(name)
        return self.values[name]

    def note(self, name: str, array: Array) -> None:
        """Remember an assigned number, if it is a length."""
        if array.kind == "weak" and all(_may_be_length(part) for part in walk_array(array)):
            self.values[name] = self.of(array)

    def short(self, length: Polynomial) -> Polynomial:
        """Return the symbol of a length that has one, others written out where that is shorter."""
        full = length.with_lengths({name: long for long, name in self.named.items()})
        if full in self.named:
            return symbol(self.named[full])
        return full if len(full.terms) < len(length.terms) else length

    def _applied(self, op: str, args: list[Polynomial]) -> Polynomial:
        if op in ("+", "-", "*"):
            return _ARITHMETIC[op](args[0], args[1])
        if op == "neg":
            return constant(-1) * args[0]
        if op == "**":
            return product([args[0]] * args[1].at(self.numbers))
        if op in _ROUNDED:
            return self._rounded(op, args[0], args[1])
        raise AssertionError(f"a length has no {op}")

    def quotient(self, left: Polynomial, right: Polynomial) -> Polynomial:
        """Return left//right, exactly where right is 1."""
        return left if right == constant(1) else self._rounded("//", left, right)

    def _rounded(self, op: str, left: Polynomial, right: Polynomial) -> Polynomial:
        value = _ROUNDED[op](left.at(self.numbers), right.at(self.numbers))
        if not any(factors for factors, _ in (*left.terms, *right.terms)):
            return constant(value)
        name = f"{op}({left}, {right})" if op in ("max", "min") else f"({left}){op}({right})"
        self.numbers[name] = value
        return symbol(name)


def _may_be_length(array: Array) -> bool:
    if isinstance(array, Apply):
        return array.op in (*_ARITHMETIC, *_ROUNDED, "neg")
    if isinstance(array, Literal):
        return isinstance(array.value, Fraction)
    return isinstance(array, (Size, KeptExtent, Hyperparameter, Variable))


_ARITHMETIC: dict[str, Callable[[Polynomial, Polynomial], Polynomial]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
}


def axis_lengths(plan: Plan, sizes: Mapping[str, int] | None = None) -> AxisLengths:
    """Return the lengths of a plan's arguments, nominal ones where `sizes` gives none.

    An axis is NOMINAL_EXTENT long, one of taps (the u of x[i+u]) NOMINAL_TAPS.

    Raises:
        FormulaError: `sizes` names no axis of the inputs, or a length is not positive.
    """
    lengths = AxisLengths(_constants(plan.layer))
    own = own_letters(plan)
    given = {letter.upper(): int(length) for letter, length in (sizes or {}).items()}
    for letter, length in given.items():
        _require(letter, length, own)
    taps = _tap_letters(plan)
    for letter in own:
        nominal = NOMINAL_TAPS if letter in taps else NOMINAL_EXTENT
        lengths.numbers[letter] = given.get(letter, nominal)
    for argument in plan.forward.arguments:
        _note(argument.name, argument.axes, lengths)
    for derived in plan.forward.derived:
        letter = derived.letter.upper()
        follows = lengths.of(derived.length)
        lengths.numbers[letter] = max(follows.at(lengths.numbers), 0)
        lengths.noted[derived.length] = letter
        lengths.named.setdefault(follows, letter)
    return lengths


def note_gradients(plan: Plan, lengths: AxisLengths) -> None:
    """Note the shapes of the incoming gradients, which may have lengths that forward has found."""
    for argument in plan.backward.arguments:
        _note(argument.name, argument.axes, lengths)


def _note(name: str, axes: tuple[str | Array, ...], lengths: AxisLengths) -> None:
    lengths.shapes[name] = tuple(
        symbol(axis.upper()) if isinstance(axis, str) else lengths.of(axis) for axis in axes
    )


def _constants(layer: Layer) -> dict[str, int]:
    """Return the constants that may be lengths."""
    numbers = {name: float(str(value)) for name, value in layer.constants.items()}
    return {name: int(value) for name, value in numbers.items() if abs(value) < 2**53}


def own_letters(plan: Plan) -> list[str]:
    """Return the letters of the axes that the inputs decide."""
    derived = {derived.letter.upper() for derived in plan.forward.derived}
    letters = [axis for a in plan.forward.arguments for axis in a.axes if isinstance(axis, str)]
    return [letter for letter in dict.fromkeys(map(str.upper, letters)) if letter not in derived]


def _require(letter: str, length: int, own: list[str]) -> None:
    if letter not in own:
        known = ", ".join(sorted(own)) or "none"
        raise FormulaError(f"no input has an axis {letter}; the axes are: {known}")
    if length < 1:
        raise FormulaError(f"the length of axis {letter} is {length}, and must be positive")


def _tap_letters(plan: Plan) -> set[str]:
    """Return the letters of axes along which an index runs that is added to another one."""
    taps = {
        index.extent
        for statement in plan.layer.statements
        for part in walk(statement.value)
        if isinstance(part, Element)
        for index in _added_indices(part)
    }
    found = set()
    for argument in plan.forward.arguments:
        for axis, letter in enumerate(argument.axes):
            if AxisLength(argument.name, axis) in taps and isinstance(letter, str):
                found.add(letter.upper())
    return found


def _added_indices(element: Element) -> list[Index]:
    forms = [form for form in map(affine, element.subscripts) if form is not None]
    return [i for form in forms if len(form.coefficients) > 1 for i, _ in form.coefficients]
