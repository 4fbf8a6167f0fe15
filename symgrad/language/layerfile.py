"""Load layers from a TOML file: one table a layer."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from symgrad.errors import FormulaError
from symgrad.language.layer import Layer
from symgrad.language.tokens import nearest

KEYS = (
    "summary",
    "source",
    "formula",
    "constants",
    "params",
    "inputs",
    "outputs",
    "wrt",
)


def load(path: str | os.PathLike[str]) -> dict[str, Layer]:
    """Return the layers of a file by name, in file order.

    Args:
        path: a TOML file with one table a layer; all keys but `formula` are optional.

    Raises:
        FormulaError: at the first mistake in the file or in one of its formulas; the message names
            the file and the layer.
        OSError: when the file can't be read.
    """
    return loads(Path(path).read_bytes(), str(path))


def loads(data: bytes | str, origin: str = "the layer file") -> dict[str, Layer]:
    """Return the layers of a file's content; `origin` names it in messages.

    Raises:
        FormulaError: at the first mistake.
    """
    try:
        tables = tomllib.loads(data if isinstance(data, str) else data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormulaError(
            f"{origin} is no TOML file: {error}",
            advice='write one table a layer: [AddBias], then formula = "y_ij = x_ij + b_j"',
        ) from None
    if not tables:
        raise FormulaError(f"{origin} has no layers", advice="write one table a layer: [AddBias]")
    return {name: _layer(name, table, origin) for name, table in tables.items()}


def _layer(name: str, table: object, origin: str) -> Layer:
    if not isinstance(table, dict):
        raise FormulaError(
            f"{origin}: the key {name} stands in no table",
            advice=f"begin a layer with [Name] above {name}",
        )
    for key in table:
        if key not in KEYS:
            near = nearest(key, KEYS)
            raise FormulaError(
                f"{origin}: {name} has the unknown key {key}",
                advice=f"did you mean {near}?" if near else f"the keys are {', '.join(KEYS)}",
            )
    if "formula" not in table:
        raise FormulaError(
            f"{origin}: {name} has no formula", advice='add formula = "y_ij = x_ij + b_j"'
        )
    try:
        return Layer(name, **table)
    except FormulaError as error:
        raise type(error)(
            f"{origin}: {name}: {error.message}", error.formula, error.spans, error.advice
        ) from None
