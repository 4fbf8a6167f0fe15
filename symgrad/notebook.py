"""Derive layers in notebooks: `%load_ext symgrad.notebook`, then a cell that begins `%%symgrad`.

    %%symgrad AddBias --params b
    y_ij = x_ij + b_j

shows the derivation. The generated class is then `AddBias`, and the layer `AddBias_layer`.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import click

from symgrad.cli.options import declaration_options
from symgrad.cli.sources import Declaration
from symgrad.errors import FormulaError
from symgrad.formats.captions import ENGLISH, languages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from symgrad.derivation import Derivation
    from symgrad.documents import Document
    from symgrad.verification import Report


class Shell(Protocol):
    """What is used of IPython's shell."""

    def register_magic_function(
        self, func: Callable[..., Any], magic_kind: str, magic_name: str
    ) -> None:
        """Make a function a magic."""

    def push(self, variables: Mapping[str, Any]) -> None:
        """Put variables into the user's namespace."""


class CellError(Exception):
    """A mistake in a cell; IPython shows its message without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


@dataclass(frozen=True)
class Shown:
    """A derivation as a cell shows it.

    Attributes:
        derivation: what was derived.
        detail: `brief`, `normal` or `full`.
        language: the language of the captions.
        report: what verification found, where it was asked for.
    """

    derivation: Derivation
    detail: str = "normal"
    language: str = ENGLISH
    report: Report | None = None

    def _document(self) -> Document:
        from symgrad.documents import document

        return document(self.derivation, self.detail, self.report)

    def _repr_html_(self) -> str:
        from symgrad.documents.html import fragment

        return fragment(self._document(), self.language)

    def _repr_latex_(self) -> str:
        from symgrad.documents.latex import display

        return display(self._document(), self.language)

    def __repr__(self) -> str:
        return str(self.derivation)


def load_ipython_extension(shell: Shell) -> None:
    """Register the cell magic `%%symgrad`; IPython calls this."""

    def symgrad(line: str, cell: str) -> Shown | None:
        """Derive the formula in the cell; `%%symgrad --help` lists the options."""
        return run_cell(line, cell, shell)

    shell.register_magic_function(symgrad, "cell", "symgrad")


def run_cell(line: str, cell: str, shell: Shell) -> Shown | None:
    """Derive the formula of a cell, and put its class and its layer into the user's namespace.

    Raises:
        CellError: a mistake in the formula or in the options.
    """
    try:
        options = _options.main(shlex.split(line), "%%symgrad", standalone_mode=False)
        return _derived(cell, options, shell) if isinstance(options, dict) else None
    except click.ClickException as error:
        raise CellError(f"%%symgrad: {error.format_message()}") from None
    except FormulaError as error:
        raise CellError(f"{type(error).__name__}: {error}") from None
    except ValueError as error:  # from shlex: a quote that is never closed
        raise CellError(f"%%symgrad: {error}") from None


def _derived(cell: str, options: dict[str, Any], shell: Shell) -> Shown:
    from symgrad import build, check, derive

    detail, language, verify = (options.pop(word) for word in ("detail", "language", "verify"))
    name = options.pop("positional")
    layer = Declaration(**{**options, "name": name or options["name"]}).layer(cell)
    shown = Shown(derive(layer), detail, language, check(layer) if verify else None)
    shell.push({layer.name: build(layer), f"{layer.name}_layer": layer})
    return shown


@click.command(add_help_option=True)
@click.argument("positional", required=False, metavar="[NAME]")
@click.option(
    "--detail",
    type=click.Choice(["brief", "normal", "full"]),
    default="normal",
    show_default=True,
    help="How fine the steps are.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(languages()),
    default=ENGLISH,
    show_default=True,
    help="The language of captions and headings.",
)
@click.option("--check", "verify", is_flag=True, help="Verify the layer, and show the report.")
@declaration_options
def _options(**options: Any) -> dict[str, Any]:
    """Derive the formula in the cell.

    The generated class is put into the namespace under NAME, the layer under NAME_layer.
    """
    return options
