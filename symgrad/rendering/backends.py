"""Hold the backends: for each a printer of classes and a folder of templates.

To add one, write the functions that make a class's lines, the templates, and one line here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symgrad.rendering.docstring import Documented
from symgrad.rendering.numba.numba_class import numba_class
from symgrad.rendering.numpy_class import ClassText, numpy_class


@dataclass(frozen=True)
class Backend:
    """What a backend needs.

    Attributes:
        folder: the folder of the template of its modules.
        helpers: the folders whose helper functions it uses, its own first.
        computes: what the module's docstring says that it computes with.
        print_class: from a documented plan to the lines of a class.
        imports: (text that shows the need, import line), in order.
        compiles: whether its modules compile parts of themselves.
    """

    folder: str
    helpers: Sequence[str]
    computes: str
    print_class: Callable[[Documented], ClassText]
    imports: Sequence[tuple[str, str]]
    buffers: bool = False
    compiles: bool = False


_SCIPY = ("special.", "from scipy import special")
_NUMPY = (
    (r"os\.", "import os"),
    (r"ThreadPoolExecutor\(", "from concurrent.futures import ThreadPoolExecutor"),
    (r"wait\(", "from concurrent.futures import wait"),
    (r"copy_context\(", "from contextvars import copy_context"),
    (r"@cache", "from functools import cache"),
    (r"@lru_cache", "from functools import lru_cache"),
    (r"Lock\(", "from threading import Lock"),
    (r"np\.", "import numpy as np"),
    _SCIPY,
)
_NUMBA = (
    (r"math\.", "import math"),
    (r"os\.", "import os"),
    (r"deque\(", "from collections import deque"),
    (r"ThreadPoolExecutor\(", "from concurrent.futures import ThreadPoolExecutor"),
    (r"wait\(", "from concurrent.futures import wait"),
    (r"copy_context\(", "from contextvars import copy_context"),
    (r"@cache", "from functools import cache"),
    (r"@lru_cache", "from functools import lru_cache"),
    (r"Lock\(", "from threading import Lock"),
    (r"FunctionType\(", "from types import FunctionType"),
    (r"np\.", "import numpy as np"),
    (r"ir\.", "from llvmlite import ir"),
    (r"config\.", "from numba import config"),
    (r"njit\(", "from numba import njit"),
    (r"types\.", "from numba import types"),
    (r"intrinsic\b", "from numba.extending import intrinsic"),
    (r"overload\(", "from numba.extending import overload"),
    _SCIPY,
)

BACKENDS = {
    "numpy": Backend("numpy", ("numpy",), "NumPy", numpy_class, _NUMPY, buffers=True),
    "numba": Backend("numpy", ("numba", "numpy"), "Numba", numba_class, _NUMBA, compiles=True),
}


def is_compiled(backend: str) -> bool:
    """Say whether modules of a backend compile parts of themselves, code that is worth keeping."""
    return backend in BACKENDS and BACKENDS[backend].compiles
