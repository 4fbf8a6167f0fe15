"""Put the text of a generated class that computes in Numba kernels together."""

from __future__ import annotations

from dataclasses import replace

import symgrad.rendering.numba.print_calls  # noqa: F401
from symgrad.rendering.docstring import Documented
from symgrad.rendering.numba.fusing import fuse
from symgrad.rendering.numpy_class import ClassText, numpy_class


def numba_class(documented: Documented) -> ClassText:
    """Return the class of a plan, with its kernels above it."""
    fused = fuse(documented.plan)
    text = numpy_class(replace(documented, plan=fused.plan))
    return replace(text, functions=fused.kernels)
