"""Verify layer classes against the formulas they come from."""

from symgrad.verification.checking import check, verify
from symgrad.verification.numerical import numerical_gradients
from symgrad.verification.report import Comparison, Property, Report

__all__ = ["Comparison", "Property", "Report", "check", "numerical_gradients", "verify"]
