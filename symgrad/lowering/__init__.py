"""Turn a program of statements in index notation into a plan of array operations."""

import symgrad.lowering.indexing.indices
import symgrad.lowering.indexing.pads
import symgrad.lowering.indexing.reads
import symgrad.lowering.reducing.products
import symgrad.lowering.reducing.reductions
import symgrad.lowering.scattering.additions  # noqa: F401
from symgrad.language.program import Program
from symgrad.lowering.lowering import lower_program
from symgrad.lowering.plans.plan import Plan

__all__ = ["Plan", "lower"]


def lower(program: Program) -> Plan:
    """Return the array program of a derived layer; `print` shows it."""
    return lower_program(program)
