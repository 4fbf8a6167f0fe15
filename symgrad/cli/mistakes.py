"""Show a user's mistake on stderr, with exit status 1; let every other error through."""

from __future__ import annotations

from typing import Any

import click

from symgrad.cli.console import show_error
from symgrad.cli.files import OutputError
from symgrad.cli.sources import SourceError


class Commands(click.Group):
    """A group of commands whose mistakes are shown in one place.

    Click shows wrong usage itself, with exit status 2.
    """

    def invoke(self, context: click.Context) -> Any:
        """Run a command; on a mistake, show it and exit."""
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            kind = _kind(error)
            if kind is None:
                raise
            show_error(kind, _message(error))
            context.exit(1)


def _kind(error: Exception) -> str | None:
    """Return the word before the message of a user's mistake; None for anything else."""
    from symgrad.errors import FormulaError, ShapeError

    if isinstance(error, (FormulaError, ShapeError)):
        return type(error).__name__
    if isinstance(error, (OSError, SourceError, OutputError)) or _missing(error):
        return "error"
    if type(error).__name__ == "ImplementationError":  # its module needs numpy
        return "error"
    return None


def _message(error: Exception) -> str:
    missing = _missing(error)
    if missing:
        need, extra = EXTRAS[missing]
        return f"{need}\n  pip install 'symgrad[{extra}]'"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


# what needs a package that may be missing, and the extra that installs it
EXTRAS = {
    "scipy": ("a special function such as erf needs SciPy", "special"),
    "llvmlite": ("the backend numba needs Numba", "numba"),
    "numba": ("the backend numba needs Numba", "numba"),
}


def _missing(error: Exception) -> str:
    """Return the package that an import has not found, one of EXTRAS; else nothing."""
    package = (getattr(error, "name", None) or "").split(".")[0]
    return package if isinstance(error, ModuleNotFoundError) and package in EXTRAS else ""
