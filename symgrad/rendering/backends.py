"""Hold the backends: for each a printer of classes and a folder of templates.

To add one, write the functions that make a class's lines, the templates, and one line here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symgrad.rendering.docstring import Documented
from symgrad.rendering.numpy_class import ClassText, numpy_class


@dataclass(frozen=True)
class Backend:
    """What a backend needs.

    Attributes:
        folder: its folder of templates.
        print_class: from a documented plan to the lines of a class.
        imports: (text that shows the need, import line), in order.
    """

    folder: str
    print_class: Callable[[Documented], ClassText]
    imports: Sequence[tuple[str, str]]


BACKENDS = {
    "numpy": Backend("numpy", numpy_class, (("special.", "from scipy import special"),)),
}
