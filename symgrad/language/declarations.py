"""Check what a layer declares beside its formula: inputs, outputs, parameters, wrt, constants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from numbers import Integral, Rational, Real

from symgrad.errors import FormulaError, Span
from symgrad.language.limits import DECLARED, LARGEST_NUMBER, LEAST_NUMBER, NAME, shown
from symgrad.language.scope import Reading
from symgrad.language.statement import Statement
from symgrad.language.tokens import LETTERS, nearest, plain, reduction_name

PRIME = "'"
PRIMES = re.compile("(_prime)+")


def names_in(key: str, value: Iterable[str] | str | None) -> tuple[str, ...] | None:
    """Return the names that a declaration lists; None when it is not given.

    Raises:
        FormulaError: when they are no names, or one is listed twice.
    """
    if value is None:
        return None
    if isinstance(value, str):
        raise FormulaError(
            f"{key} is a text, and a list of names belongs there",
            advice=f"write {key} = [{', '.join(repr(part) for part in value.split())}]",
        )
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        raise FormulaError(f"{key} is no list of names", advice=f'write {key} = ["x", "y"]')
    names: dict[str, None] = {}
    for name in value:
        _check_name(key, name)
        if plain(name) in names:
            raise FormulaError(f"{key} lists {name} twice", advice=f"list {name} once")
        names[plain(name)] = None
        if len(names) > DECLARED.most:
            raise DECLARED.error("", [])
    return tuple(names)


def _check_name(key: str, name: object) -> None:
    if isinstance(name, str):
        NAME.check(len(name), name, [Span(0, 1)])
    if not isinstance(name, str) or not is_name(name):
        raise FormulaError(
            f"{key} has {shown(name)}, which is no name",
            advice="a name has letters, then letters, digits and underscores",
        )
    if reduction_name(name):
        raise FormulaError(
            f"{key} has {name}, which begins like a reduction",
            advice=f"use another name: {name.partition('_')[0]}_ starts a reduction in a formula",
        )


def is_name(text: str) -> bool:
    """Say whether a text can be the name of a tensor."""
    letters = text.replace("_", "")
    return bool(LETTERS.fullmatch(letters)) and "'" not in text and not text.startswith("_")


def constants_in(value: Mapping[str, object] | None) -> dict[str, Fraction | float | int]:
    """Return the constants with their default values.

    Raises:
        FormulaError: when they are no table of names and numbers.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise FormulaError("constants is no table", advice="write constants = { eps = 1e-5 }")
    DECLARED.check(len(value), "", [])
    found: dict[str, Fraction | float | int] = {}
    for name, number in value.items():
        _check_name("constants", name)
        if isinstance(number, bool) or not isinstance(number, Real):
            raise FormulaError(
                f"the constant {name} is {shown(number)}, which is no number",
                advice=f"write {name} = 1.0",
            )
        if number != number:
            raise FormulaError(f"the constant {name} is not a number", advice=f"write {name} = 1.0")
        found[plain(name)] = _python_number(name, number)
    return found


def _python_number(name: str, number: Real) -> Fraction | float | int:
    """Return a number as Python writes it, also one of NumPy.

    Raises:
        FormulaError: when no float can hold it.
    """
    exact: Fraction | int | None = None
    if isinstance(number, Integral):
        exact = int(number)
    elif isinstance(number, Rational):
        exact = Fraction(int(number.numerator), int(number.denominator))
    if exact is None:
        return float(number)
    if exact and not LEAST_NUMBER <= abs(Fraction(exact)) <= LARGEST_NUMBER:
        raise FormulaError(
            f"the constant {name} is too large or too small",
            advice="write numbers between 1e-300 and 1e300",
        )
    return exact


def resolve_inputs(
    reading: Reading, declared: tuple[str, ...] | None, params: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the inputs in order, as declared or else by their first appearance."""
    reads = {name: key for name, key in reading.reads.items() if name not in reading.targets}
    found = tuple(sorted(reads, key=lambda name: reads[name]))
    _check_listed(reading, "params", params, found)
    if declared is None:
        return found
    _check_listed(reading, "inputs", declared, found)
    missing = [name for name in found if name not in declared]
    if missing:
        raise FormulaError(
            f"inputs lacks {', '.join(missing)}, which the formula reads",
            reading.text,
            [reading.place_of(missing[0])],
            f"add {missing[0]} to inputs, assign it in a statement before, "
            "or declare it in constants",
        )
    return declared


def _check_listed(reading: Reading, key: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name in known:
            continue
        if name in reading.constants:
            reason, advice = "is a constant too", f"declare {name} once"
            if key == "wrt":
                advice = f"a constant has no gradient: drop it, and {name} is an input"
        elif name in reading.targets:
            reason, advice = "is assigned in the formula", f"remove {name} from {key}"
        else:
            near = nearest(name, known)
            reason = "is never read in the formula"
            advice = f"did you mean {near}?" if near else f"remove {name} from {key}"
        raise FormulaError(f"{key} has {name}, which {reason}", advice=advice)


def resolve_outputs(
    reading: Reading, statements: Sequence[Statement], declared: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Return the outputs: as declared, or else the assigned names that no later statement reads."""
    assigned = tuple(dict.fromkeys(statement.name for statement in statements))
    if declared is None:
        return tuple(name for name in assigned if not reading.read_elsewhere(name))
    if not declared:
        raise FormulaError("outputs is empty", advice="name one assigned tensor at least")
    for name in declared:
        if name not in assigned:
            near = nearest(name, assigned)
            raise FormulaError(
                f"outputs has {name}, which is never assigned in the formula",
                advice=f"did you mean {near}?" if near else f"remove {name} from outputs",
            )
    return declared


def resolve_wrt(
    reading: Reading,
    inputs: Sequence[str],
    integers: Sequence[str],
    declared: tuple[str, ...] | None,
) -> tuple[str, ...]:
    """Return what to differentiate by: as declared, or else every input that is not integer."""
    if declared is None:
        return tuple(name for name in inputs if name not in integers)
    for name in declared:
        if name in integers:
            raise FormulaError(
                f"wrt has {name}, which is used as an integer and has no gradient",
                reading.text,
                [reading.integers[name]],
                f"remove {name} from wrt",
            )
    _check_listed(reading, "wrt", declared, inputs)
    return declared


def check_constants(reading: Reading, used: Iterable[str]) -> None:
    """Refuse a constant that the formula never reads."""
    used = set(used)
    for name in reading.constants:
        if name not in used:
            near = nearest(name, sorted(reading.reads))
            raise FormulaError(
                f"the constant {name} is never read in the formula",
                advice=f"did you mean {near}?" if near else f"remove {name} from constants",
            )


def check_callables(reading: Reading, opaque: Sequence[str]) -> None:
    """Refuse names that the class needs for the derivatives of opaque functions: g_prime."""
    for name in (*reading.constants, *reading.targets, *reading.reads, *opaque):
        function = next((f for f in opaque if PRIMES.fullmatch(name.removeprefix(f))), None)
        if function is None or not name.startswith(function):
            continue
        order = "'" * name.removeprefix(function).count("_prime")
        place = reading.places.get(name)
        raise FormulaError(
            f"{name} is the keyword for {function}{order}, the derivative of an opaque function",
            reading.text,
            [] if place is None else [place],
            f"use another name than {name}",
        )


def check_primes(reading: Reading, opaque: Sequence[str]) -> None:
    """Refuse primes in the names of tensors and functions; those of indices may have them."""
    for name in (*reading.targets, *reading.reads, *opaque):
        if PRIME not in name:
            continue
        place = reading.places.get(name)
        raise FormulaError(
            f"the name {name} has a prime, which indices alone may have",
            reading.text,
            [] if place is None else [place],
            f"write {name.replace(PRIME, '')}_new, or another name without a prime",
        )
