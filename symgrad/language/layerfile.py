"""Load layers from a TOML file: one table a layer."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

from symgrad.errors import FormulaError, Span
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

# how a message of the TOML reader begins, and what to write; the last row is for every other one
_TOML_ADVICE = (
    ("Invalid value", 'write texts in quotes, formula = "y_ij = x_ij + b_j"'),
    ("Illegal character", 'write a formula of several lines between """ and """'),
    ("Unescaped", "write a formula with a backslash between single quotes"),
    ("Cannot declare", "give every layer a name of its own"),
    ("Cannot overwrite", "write every key once"),
    ("", 'write one table a layer: [AddBias], then formula = "y_ij = x_ij + b_j"'),
)
_TOML_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")


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
    text = data if isinstance(data, str) else _decoded(data, origin)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(str(error), text, origin) from None
    except RecursionError:
        raise FormulaError(f"{origin} has brackets that are nested too deeply") from None
    except ValueError:  # an integer of more digits than Python reads
        raise FormulaError(f"{origin} has a number that is too long") from None
    if not tables:
        raise FormulaError(f"{origin} has no layers", advice="write one table a layer: [AddBias]")
    layers: dict[str, Layer] = {}
    for name, table in tables.items():
        layer = _layer(name, table, origin)
        if layer.name in layers:  # two spellings of what is one name to Python
            raise FormulaError(
                f"{origin}: two layers are named {layer.name}",
                advice="give every layer a name of its own",
            )
        layers[layer.name] = layer
    return layers


def _decoded(data: bytes, origin: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormulaError(
            f"{origin} is no text in UTF-8 (line {line})", advice="save the file in UTF-8"
        ) from None


def _no_toml(message: str, text: str, origin: str) -> FormulaError:
    """Return the error with its caret in the file, from the reader's line and column."""
    advice = next(advice for start, advice in _TOML_ADVICE if message.startswith(start))
    message = re.sub(r"\('([^']*)',\)", r"[\1]", message)  # a table's name, as a tuple
    place = _TOML_PLACE.search(message)
    if place is None:
        return FormulaError(f"{origin} is no TOML file: {message}", advice=advice)
    number, column = int(place[1]), int(place[2])
    start = sum(len(line) + 1 for line in text.split("\n")[: number - 1]) + column - 1
    return FormulaError(
        f"{origin} is no TOML file: {message[: place.start()]} in line {number}",
        text,
        [Span(start, start + 1)],
        advice,
    )


def _layer(name: str, table: object, origin: str) -> Layer:
    if isinstance(table, list) and table and isinstance(table[0], dict):
        raise FormulaError(
            f"{origin}: [[{name}]] begins a list of tables",
            advice=f"write [{name}], and give every layer a name of its own",
        )
    if not isinstance(table, dict):
        raise FormulaError(
            f"{origin}: the key {name} stands in no table",
            advice=f"begin a layer with [Name] above {name}",
        )
    for key, entry in table.items():
        if key not in KEYS and isinstance(entry, dict):
            raise FormulaError(
                f"{origin}: [{name}.{key}] is a table inside the layer {name}",
                advice=f"write [{key}] for a layer",
            )
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
