"""Interpret formulas element by element: the meaning that everything else is compared with."""

from symgrad.oracle.evaluation import evaluate, evaluate_statements
from symgrad.oracle.machine import Machine

__all__ = ["Machine", "evaluate", "evaluate_statements"]
