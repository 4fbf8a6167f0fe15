"""Define the options that describe a formula given as an argument, in a layer file's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def declaration_options(command: F) -> F:
    """Add --name, --inputs, --params, --outputs, --wrt, --constant: the fields of Declaration."""
    options = (
        click.option("--name", metavar="NAME", help="The name of the layer. [default: Layer]"),
        _names("inputs", "The order of the arguments. [default: as they appear]"),
        _names("params", "The inputs that the constructor takes, such as weights."),
        _names("outputs", "The names that are returned. [default: those that nothing reads]"),
        _names("wrt", "What to differentiate by. [default: every input that is not integer]"),
        click.option(
            "--constant",
            "constants",
            multiple=True,
            metavar="NAME=VALUE",
            callback=_constants,
            help="A constant with its default, as in eps=1e-5. May be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _names(word: str, text: str) -> Callable[[F], F]:
    return click.option(f"--{word}", multiple=True, metavar="A,B", callback=_split, help=text)


def _split(context: click.Context, option: click.Parameter, value: tuple[str, ...]) -> Any:
    if not value:
        return None
    names = tuple(name.strip() for item in value for name in item.split(",") if name.strip())
    if not names:
        raise click.BadParameter("it names nothing; write names with commas: x,b")
    return names


def _constants(context: click.Context, option: click.Parameter, value: tuple[str, ...]) -> Any:
    constants: dict[str, int | float] = {}
    for item in value:
        name, number = _constant(item)
        if name in constants:
            raise click.BadParameter(f"{name} is given twice")
        constants[name] = number
    return constants


def _constant(text: str) -> tuple[str, int | float]:
    name, _, number = text.partition("=")
    for kind in (int, float):
        try:
            if name.strip():
                return name.strip(), kind(number)
        except ValueError:
            continue
    raise click.BadParameter(f"{text!r}: write it as eps=1e-5")
