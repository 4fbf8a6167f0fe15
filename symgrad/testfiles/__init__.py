"""Write test files for generated modules, that need NumPy and pytest alone."""

from symgrad.testfiles.module import generate_tests

__all__ = ["generate_tests"]
