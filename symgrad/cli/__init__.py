"""Offer the package on the command line; `main` is the entry point."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Any


def main(**options: Any) -> None:
    """Run the command line on the process's arguments, and exit."""
    from symgrad.cli.commands import symgrad

    if isinstance(sys.stdout, TextIOWrapper):  # Greek letters in a terminal that has none
        sys.stdout.reconfigure(errors="backslashreplace")
    symgrad(**options)
