"""Read the layers that ship with the package from the TOML files of this folder."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symgrad.language.layer import Layer

# the order in which the catalogue is listed
FILES = (
    "linear",
    "convolution",
    "pooling",
    "activations",
    "losses",
    "normalisation",
    "attention",
    "embedding",
    "recurrent",
    "graphs",
    "similarity",
    "arrangement",
)

_HEADING = re.compile(r"^\[(\w+)\]$", re.MULTILINE)
_SUMMARY = re.compile(r'^summary = "(.*)"$', re.MULTILINE)


def catalog() -> dict[str, Layer]:
    """Return every layer of the catalogue, by name, in the order of its files."""
    from symgrad.language.layerfile import load

    layers: dict[str, Layer] = {}
    for group in FILES:
        layers.update(load(_path(group)))
    return layers


def entry(name: str) -> Layer:
    """Return one layer of the catalogue.

    Raises:
        KeyError: the catalogue has no layer of that name.
    """
    from symgrad.language.layerfile import loads

    return loads(table(name), "the catalogue")[name]


def summaries() -> dict[str, dict[str, str]]:
    """Return the summary of each layer, by file and name, without parsing a formula."""
    return {
        group: {name: _SUMMARY.findall(table)[0] for name, table in _tables(group).items()}
        for group in FILES
    }


def names() -> tuple[str, ...]:
    """Return the names of the layers, in the order of the files."""
    return tuple(_groups())


def table(name: str) -> str:
    """Return the TOML table of a layer as it stands in its file, to be copied into another."""
    return _tables(_groups()[name])[name]


@cache
def _groups() -> dict[str, str]:
    return {name: group for group in FILES for name in _tables(group)}


@cache
def _tables(group: str) -> dict[str, str]:
    text = _path(group).read_text(encoding="utf-8")
    parts = _HEADING.split(text)[1:]
    return {
        name: f"[{name}]{body.rstrip()}\n"
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }


def _path(group: str) -> Path:
    return Path(str(files(__package__) / f"{group}.toml"))
