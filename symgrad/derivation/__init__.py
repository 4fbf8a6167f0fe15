"""Derive gradients by the chain rule, with explicit sums and Kronecker deltas."""

from symgrad.derivation.derive import Derivation, Gradient, derive

__all__ = ["Derivation", "Gradient", "derive"]
