"""Turn the arguments of a command into layers: a formula, a layer file, or a catalogue name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from symgrad.language.layer import Layer

_NAME = re.compile(r"\w+")
_PATH = re.compile(r"~?[\w\-./\\]*\.[^\W\d_]+|[.~]{1,2}/\S*")  # of a file, and of no formula
_CLASS = re.compile(r".+\.py:[\w,]*")


class SourceError(Exception):
    """An argument names no layer."""


@dataclass(frozen=True)
class Declaration:
    """What the options say about a formula that is given as an argument."""

    name: str | None = None
    inputs: tuple[str, ...] | None = None
    params: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None
    wrt: tuple[str, ...] | None = None
    constants: dict[str, int | float] = field(default_factory=dict)

    def layer(self, formula: str, name: str = "Layer") -> Layer:
        """Declare the formula as a layer, under the name given here unless --name says another."""
        from symgrad.language.layer import Layer

        return Layer(
            name if self.name is None else self.name,
            formula,
            constants=self.constants,
            params=self.params or (),
            inputs=self.inputs,
            outputs=self.outputs,
            wrt=self.wrt,
        )

    def given(self) -> list[str]:
        """Return the options that were given, as they are written."""
        words = {
            "--name": self.name,
            "--inputs": self.inputs,
            "--params": self.params,
            "--outputs": self.outputs,
            "--wrt": self.wrt,
            "--constant": self.constants or None,
        }
        return [word for word, value in words.items() if value is not None]


def layers_from(sources: Sequence[str], declaration: Declaration) -> list[Layer]:
    """Return the layers that the arguments name, in order.

    Raises:
        SourceError: a name is unknown, or two layers have the same name.
        click.UsageError: options that describe a formula are given, and no formula is.
    """
    formulas = [source for source in sources if _is_formula(source)]
    if not formulas and declaration.given():
        words = ", ".join(declaration.given())
        raise click.UsageError(f"{words}: only for a formula that is given as an argument")
    if len(formulas) > 1:
        raise click.UsageError("give one formula, or a layer file for several layers")
    origins: dict[str, str] = {}
    layers: list[Layer] = []
    for source in sources:
        for layer in _layers_of(source, declaration):
            if layer.name in origins:
                places = sorted({origins[layer.name], source})
                raise SourceError(f"two layers are named {layer.name}, in {' and '.join(places)}")
            origins[layer.name] = source
            layers.append(layer)
    return layers


def _is_formula(source: str) -> bool:
    return not (_is_file(source) or _NAME.fullmatch(source))


def _is_file(source: str) -> bool:
    try:
        return source.endswith(".toml") or (bool(source) and Path(source).exists())
    except (OSError, ValueError):  # longer than a path may be, or no path at all
        return False


def _layers_of(source: str, declaration: Declaration) -> list[Layer]:
    if _CLASS.fullmatch(source):
        raise click.UsageError(
            f"{source} is a class: `symgrad check {source} --formula FORMULA` checks it"
        )
    if _PATH.fullmatch(source) and not _is_file(source):
        raise SourceError(f"{source}: there is no such file")
    if _is_formula(source):
        return [declaration.layer(source)]
    if not _is_file(source):
        return [_from_catalogue(source)]
    from symgrad.language.layerfile import load

    return list(load(source).values())


def _from_catalogue(name: str) -> Layer:
    from symgrad import catalogue

    require_known(name)
    return catalogue.entry(name)


def require_known(name: str) -> None:
    """Raise SourceError, with the nearest names, unless the catalogue has the layer."""
    from symgrad import catalogue

    known = catalogue.names()
    if name in known:
        return
    by_lower = {word.lower(): word for word in known}
    near = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)
    advice = (
        f"do you mean {' or '.join(by_lower[word] for word in near)}?"
        if near
        else "`symgrad catalog` lists the names"
    )
    raise SourceError(f"there is no layer {name} in the catalogue\n  {advice}")
