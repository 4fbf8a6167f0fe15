"""Put the text of a generated NumPy class together."""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.rendering.docstring import Documented, class_docstring
from symgrad.rendering.methods import backward_lines, constructor, forward_lines


@dataclass(frozen=True)
class ClassText:
    """What the template of a class loops over.

    Attributes:
        name: the class's name.
        docstring: the lines of its docstring.
        methods: the lines of each method.
    """

    name: str
    docstring: list[str]
    methods: list[list[str]]


def numpy_class(documented: Documented) -> ClassText:
    """Return the class of a plan."""
    plan = documented.plan
    methods = [constructor(plan), forward_lines(plan), backward_lines(plan)]
    return ClassText(
        plan.layer.name, class_docstring(documented), [method for method in methods if method]
    )
