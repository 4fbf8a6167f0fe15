"""Put the text of a generated NumPy class together."""

from __future__ import annotations

from dataclasses import dataclass, field

from symgrad.rendering.distinct import require_distinct
from symgrad.rendering.docstring import Documented, class_docstring
from symgrad.rendering.methods import backward_lines, constructor, forward_lines


@dataclass(frozen=True)
class ClassText:
    """What the template of a class loops over.

    Attributes:
        name: the class's name.
        docstring: the lines of its docstring.
        methods: the lines of each method.
        functions: the lines of each function that stands above the class.
    """

    name: str
    docstring: list[str]
    methods: list[list[str]]
    functions: list[list[str]] = field(default_factory=list)


def numpy_class(documented: Documented) -> ClassText:
    """Return the class of a plan.

    Raises:
        FormulaError: two names of the formula would be one in Python.
    """
    plan, options = documented.plan, (documented.buffers, documented.whole)
    require_distinct(plan)
    methods = [
        constructor(plan, documented.buffers),
        forward_lines(plan, *options),
        backward_lines(plan, *options),
    ]
    return ClassText(
        plan.layer.name, class_docstring(documented), [method for method in methods if method]
    )
