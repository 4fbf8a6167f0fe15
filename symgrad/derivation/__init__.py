"""Derive gradients by the chain rule, with explicit sums and Kronecker deltas."""

from symgrad.derivation.engine import derive
from symgrad.derivation.result import Derivation, Gradient

__all__ = ["Derivation", "Gradient", "derive"]
