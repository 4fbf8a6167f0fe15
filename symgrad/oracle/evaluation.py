"""Evaluate a layer, or any statements of the language, by their meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from symgrad.errors import ShapeError
from symgrad.language.layer import Layer, Statement
from symgrad.oracle.arithmetic import Arithmetic
from symgrad.oracle.floats import FLOAT
from symgrad.oracle.frame import Functions
from symgrad.oracle.machine import Machine
from symgrad.oracle.ranges import check_compared, check_integers, check_steps
from symgrad.oracle.reads import PlacedError
from symgrad.oracle.shapes import (
    check_agreements,
    check_axes,
    check_names,
    check_ranks,
    shape_error,
    values_of,
)


def arithmetic_of(precise: bool) -> Arithmetic:
    """Return float64's arithmetic, or the one of 50 digits."""
    if not precise:
        return FLOAT
    from symgrad.oracle.precise import precise_arithmetic

    return precise_arithmetic()


def evaluate(
    layer: Layer,
    inputs: Mapping[str, Any],
    constants: Mapping[str, Any] | None = None,
    functions: Functions | None = None,
    precise: bool = False,
) -> dict[str, np.ndarray]:
    """Return the arrays of all names that the layer assigns, in order of assignment.

    Args:
        layer: the layer whose statements are evaluated.
        inputs: an array or a number for each input.
        constants: values of constants, where they are not the layer's own.
        functions: a callable on scalars for each opaque function g; derivatives are named g_prime.
        precise: compute with 50 digits and without overflow, then round to float64.

    Raises:
        ShapeError: ranks or axes disagree, a read leaves an array, an index would have less than
            no values, parts do not cover their tensor once, or a mean is over nothing.
    """
    check_call(layer, inputs, constants)
    env = {**layer.constants, **(constants or {}), **inputs}
    try:
        return evaluate_statements(layer.statements, env, functions=functions, precise=precise)
    except PlacedError as error:
        raise shape_error(layer, error.message, error.places) from None
    except ShapeError as error:
        raise ShapeError(f"{error.message}, in layer {layer.name}") from None


def check_call(
    layer: Layer, inputs: Mapping[str, Any], constants: Mapping[str, Any] | None = None
) -> None:
    """Raise when the arguments do not fit the formula.

    Raises:
        ValueError: an input is missing, or a name is no input.
        ShapeError: ranks or axes disagree, or integers are out of range.
    """
    check_names(layer, inputs)
    shapes = {name: np.shape(inputs[name]) for name in layer.inputs}
    check_ranks(layer, shapes)
    check_integers(layer, inputs)
    values = values_of(layer, inputs, constants)
    check_steps(layer, values)
    check_axes(layer, shapes, values)
    check_agreements(layer, shapes, values)
    check_compared(layer, inputs, shapes, values)


def evaluate_statements(
    statements: Iterable[Statement],
    env: Mapping[str, Any],
    constants: Mapping[str, Any] | None = None,
    functions: Functions | None = None,
    precise: bool = False,
) -> dict[str, np.ndarray]:
    """Return the arrays that the statements assign, in order; `env` holds what they read.

    The statements may be a derived backward pass as well: `env` then holds the inputs (their
    shapes give the extents), what forward assigned, the constants and the incoming gradients.
    """
    machine = Machine(statements, functions, arithmetic_of(precise))
    return machine.arrays(machine.run({**(constants or {}), **env}))
