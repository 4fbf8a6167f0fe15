"""Define `Layer`: a formula that has been read and checked, with all that is known about it."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from keyword import iskeyword
from types import MappingProxyType

from symgrad.errors import FormulaError, Span, UnsupportedError
from symgrad.language.declarations import (
    check_callables,
    check_constants,
    check_primes,
    constants_in,
    names_in,
    resolve_inputs,
    resolve_outputs,
    resolve_wrt,
)
from symgrad.language.elaborate import elaborate
from symgrad.language.expr import Index
from symgrad.language.limits import CHARACTERS, NAME, shown
from symgrad.language.parser import parse
from symgrad.language.resolution import resolve
from symgrad.language.statement import Agreement, Construct, Statement
from symgrad.language.tokens import plain

__all__ = ["Agreement", "Construct", "Layer", "Span", "Statement"]

# what a generated file may import
_MODULES = frozenset(
    "np special math os config types ir njit cache overload intrinsic ThreadPoolExecutor".split()
)
# what a terminal obeys, and what shows a text in another order than it is read in
_UNSEEN = re.compile("[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Layer:
    """A layer: its formula, read and checked.

    Attributes:
        name: name of the layer and of the generated class.
        formula: the text as given.
        summary: one sentence about the layer; may be empty.
        source: where the layer comes from; may be empty.
        statements: the assignments, in order.
        inputs: the arguments in order, parameters included.
        outputs: what the layer returns, in order.
        params: the inputs that are kept with their gradients.
        constants: hyperparameters with their defaults; never differentiated.
        wrt: the inputs to differentiate by, in order.
        integers: the inputs that hold integers.
        opaque: the functions that are left open.
        ranks: number of axes of every input and assigned tensor.
        axes: for each input and assigned tensor one index an axis, with the axis's letter.
        unsupported: constructs that can't be derived yet, in text order.
        occurrences: for each (tensor, axis) the places of its subscripts, in text order.
        agreements: lengths of assigned axes that must be equal at a call.
    """

    name: str
    formula: str
    summary: str
    source: str
    statements: tuple[Statement, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: tuple[str, ...]
    constants: Mapping[str, Fraction | float | int]
    wrt: tuple[str, ...]
    integers: tuple[str, ...]
    opaque: tuple[str, ...]
    ranks: Mapping[str, int]
    axes: Mapping[str, tuple[Index, ...]]
    unsupported: tuple[Construct, ...]
    occurrences: Mapping[tuple[str, int], tuple[Span, ...]] = field(default_factory=dict)
    agreements: tuple[Agreement, ...] = ()

    def __init__(
        self,
        name: str,
        formula: str,
        *,
        constants: Mapping[str, Fraction | float | int] | None = None,
        params: Iterable[str] = (),
        inputs: Iterable[str] | None = None,
        outputs: Iterable[str] | None = None,
        wrt: Iterable[str] | None = None,
        summary: str = "",
        source: str = "",
    ) -> None:
        """Read a formula.

        Args:
            name: name of the layer, a Python class name.
            formula: the statements, in the formula language.
            constants: hyperparameters with their default values.
            params: inputs that are given to the constructor and kept.
            inputs: the order of the arguments; by default that of their first appearance.
            outputs: by default the assigned names that no later statement reads.
            wrt: what to differentiate by; by default every input that is not integer.
            summary: one sentence about the layer.
            source: where the layer comes from.

        Raises:
            FormulaError: at the first mistake in the formula or the declarations.
        """
        _check_texts(name=name, formula=formula, summary=summary, source=source)
        name = plain(name)  # as Python reads the name of a class
        _check_name(name)
        numbers = constants_in(constants)
        listed_params = names_in("params", params) or ()
        listed_inputs = names_in("inputs", inputs)
        listed_outputs = names_in("outputs", outputs)
        listed_wrt = names_in("wrt", wrt)
        lists = (tuple(numbers), listed_params, listed_inputs, listed_outputs, listed_wrt)
        declared = frozenset(part for names in lists for part in names or ())
        surface, names = parse(formula, declared)
        reading, statements = elaborate(
            formula, surface, names, numbers, declared - frozenset(listed_outputs or ())
        )
        found_inputs = resolve_inputs(reading, listed_inputs, listed_params)
        check_constants(reading, reading.constants_read)
        check_callables(reading, names.opaque)
        check_primes(reading, names.opaque)
        resolved = resolve(reading, statements, found_inputs)
        integers = tuple(part for part in found_inputs if part in reading.integers)
        self._set(
            name=name,
            formula=formula,
            summary=summary,
            source=source,
            statements=resolved.statements,
            inputs=found_inputs,
            outputs=resolve_outputs(reading, statements, listed_outputs),
            params=listed_params,
            constants=MappingProxyType(numbers),
            wrt=resolve_wrt(reading, found_inputs, integers, listed_wrt),
            integers=integers,
            opaque=names.opaque,
            ranks=MappingProxyType(resolved.ranks),
            axes=MappingProxyType(resolved.axes),
            unsupported=tuple(sorted(reading.constructs, key=lambda part: part.span)),
            occurrences=MappingProxyType(resolved.occurrences),
            agreements=resolved.agreements,
        )

    def _set(self, **values: object) -> None:
        for key, value in values.items():
            object.__setattr__(self, key, value)

    def __repr__(self) -> str:
        return f"Layer({self.name!r}, {self.formula!r})"

    def _repr_html_(self) -> str:
        """Return name and formula, as a notebook shows them."""
        from symgrad.documents.html import formula_fragment

        return formula_fragment(self)

    def _repr_latex_(self) -> str:
        """Return the formula in LaTeX, as a notebook shows it."""
        from symgrad.formats.latex import statement_latex

        rows = [statement_latex(s).replace(" = ", " &= ", 1) for s in self.statements]
        return "$$\\begin{aligned}" + r" \\ ".join(rows) + "\\end{aligned}$$"

    def raise_unsupported(self) -> None:
        """Raise UnsupportedError for the first construct that can't be derived yet, if any."""
        for construct in self.unsupported:
            raise UnsupportedError(
                f"{construct.kind} can't be derived yet",
                self.formula,
                [construct.span],
                "write the layer without it; the formula itself is right",
            )


def _check_texts(**texts: object) -> None:
    for key, text in texts.items():
        if not isinstance(text, str):
            raise FormulaError(
                f"{key} is {shown(text)}, and a text belongs there", advice=f'write {key} = "..."'
            )
        CHARACTERS.check(len(text), text, [])
        if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
            raise FormulaError(f"{key} is no text in Unicode", advice="write it in UTF-8")
        unseen = None if key == "formula" else _UNSEEN.search(text)  # the parser has its own words
        if unseen:
            raise FormulaError(
                f"{key} has the control character U+{ord(unseen[0]):04X}", advice="remove it"
            )


def _check_name(name: str) -> None:
    NAME.check(len(name), name, [Span(0, 1)])
    if not name.isidentifier() or iskeyword(name):
        raise FormulaError(
            f"the layer's name {name!r} can't name a class",
            advice="use letters, digits and underscores, a letter first: AddBias",
        )
    if name in _MODULES or hasattr(builtins, name) or name.startswith("_"):
        raise FormulaError(
            f"the layer's name {name} hides a name that generated files use",
            advice="use another name, a capital letter first: AddBias",
        )
