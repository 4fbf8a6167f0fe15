"""Turn a program of statements in index notation into a plan of array operations."""

import symgrad.lowering.additions
import symgrad.lowering.indices
import symgrad.lowering.pads
import symgrad.lowering.products
import symgrad.lowering.reads
import symgrad.lowering.reductions  # noqa: F401
from symgrad.language.program import Program
from symgrad.lowering.lowering import lower_program
from symgrad.lowering.plan import Plan

__all__ = ["Plan", "lower"]


def lower(program: Program) -> Plan:
    """Return the array program of a derived layer; `print` shows it."""
    return lower_program(program)
