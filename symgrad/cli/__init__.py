"""Offer the package on the command line; `main` is the entry point."""

from __future__ import annotations

from typing import Any


def main(**options: Any) -> None:
    """Run the command line on the process's arguments, and exit."""
    from symgrad.cli.commands import symgrad

    symgrad(**options)
