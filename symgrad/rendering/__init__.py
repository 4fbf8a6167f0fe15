"""Turn plans into source text, and source text into classes."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Iterable

import symgrad.rendering.print_views
import symgrad.rendering.print_windows  # noqa: F401
from symgrad.language.layer import Layer
from symgrad.rendering.docstring import Documented
from symgrad.rendering.module import render

__all__ = ["Documented", "build", "generate", "render"]

_serial = itertools.count(1)


def document(layer: Layer | str) -> Documented:
    """Return the plan of a layer with the formulas of its gradients.

    Raises:
        FormulaError: the text is no formula.
        UnsupportedError: the formula uses a construct that can't be derived yet.
    """
    from symgrad.derivation import derive
    from symgrad.lowering import lower

    derivation = derive(layer)
    plan = lower(derivation.program)
    return Documented(plan, derivation.gradient_lines(), derivation.value_lines())


def generate(layers: Layer | str | Iterable[Layer | str], backend: str = "numpy") -> str:
    """Return the source text of a module with one class for each layer.

    Args:
        layers: a layer, a formula's text, or several of them.
        backend: a key of BACKENDS.

    Raises:
        FormulaError: a text is no formula.
        UnsupportedError: a formula uses a construct that can't be derived yet.
        ValueError: there is no such backend, or two layers have one name.
    """
    if isinstance(layers, str) or not isinstance(layers, Iterable):
        return render([document(layers)], backend)
    listed = list(layers)
    texts = sum(isinstance(layer, str) for layer in listed)
    named = [
        Layer(f"Layer{n}", layer) if isinstance(layer, str) and texts > 1 else layer
        for n, layer in enumerate(listed, 1)
    ]
    documented = [document(layer) for layer in named]
    names = [part.plan.layer.name for part in documented]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{names.count(name)} layers are named {name}, and a module has one")
    return render(documented, backend)


def build(layer: Layer | str) -> type:
    """Return the generated class of a layer; tracebacks through it show its source.

    Raises:
        FormulaError: the text is no formula.
        UnsupportedError: the formula uses a construct that can't be derived yet.
    """
    documented = document(layer)
    return load_class(render([documented]), documented.plan.layer.name)


def load_class(source: str, name: str) -> type:
    """Return the class `name` of a generated module, run in a namespace of its own."""
    filename = f"<symgrad {name} {next(_serial)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    namespace: dict[str, object] = {"__name__": f"symgrad.generated.{name}"}
    exec(compile(source, filename, "exec"), namespace)
    found = namespace[name]
    if not isinstance(found, type):
        raise AssertionError(f"{name} is no class in its generated module")
    return found
