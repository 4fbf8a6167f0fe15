"""Derive a layer written in index notation, and write it as a verified NumPy class.

    layer = symgrad.Layer("AddBias", "y_ij = x_ij + b_j")
    symgrad.derive(layer)       # the gradients, and the steps that led there
    symgrad.check(layer)        # numerical gradients against the derived ones
    symgrad.generate(layer)     # the source text of a module that needs NumPy alone
    symgrad.generate_tests(layer)  # the source text of tests for that module
    symgrad.build(layer)        # the class itself
    symgrad.explain(layer)      # what each line of the class costs

Each name is imported when it is first used, so that `import symgrad` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symgrad.catalogue import catalog as catalog
    from symgrad.derivation.engine import derive as derive
    from symgrad.documents.explanation import explain as explain
    from symgrad.errors import FormulaError as FormulaError
    from symgrad.errors import ShapeError as ShapeError
    from symgrad.errors import UnsupportedError as UnsupportedError
    from symgrad.language.layer import Layer as Layer
    from symgrad.language.layerfile import load as load
    from symgrad.rendering import build as build
    from symgrad.rendering import generate as generate
    from symgrad.testfiles import generate_tests as generate_tests
    from symgrad.verification import check as check

__version__ = "0.1.0"

_HOMES = {
    "FormulaError": "symgrad.errors",
    "Layer": "symgrad.language.layer",
    "ShapeError": "symgrad.errors",
    "UnsupportedError": "symgrad.errors",
    "build": "symgrad.rendering",
    "catalog": "symgrad.catalogue",
    "check": "symgrad.verification",
    "derive": "symgrad.derivation",
    "explain": "symgrad.documents.explanation",
    "generate": "symgrad.rendering",
    "generate_tests": "symgrad.testfiles",
    "load": "symgrad.language.layerfile",
}

__all__ = [
    "FormulaError",
    "Layer",
    "ShapeError",
    "UnsupportedError",
    "__version__",
    "build",
    "catalog",
    "check",
    "derive",
    "explain",
    "generate",
    "generate_tests",
    "load",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module, once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'symgrad' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
