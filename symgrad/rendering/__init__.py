"""Turn plans into source text, and source text into classes."""

from __future__ import annotations

import itertools
import linecache
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import symgrad.rendering.print_reductions
import symgrad.rendering.print_views
import symgrad.rendering.print_windows  # noqa: F401
from symgrad.language.layer import Layer
from symgrad.rendering.backends import is_compiled
from symgrad.rendering.docstring import Documented
from symgrad.rendering.keeping import kept_file
from symgrad.rendering.module import has_buffers, render

__all__ = ["Documented", "build", "generate", "render"]

_serial = itertools.count(1)


def document(layer: Layer | str, buffers: bool = False) -> Documented:
    """Return the plan of a layer with the formulas of its gradients.

    Args:
        layer: a layer, or a formula's text.
        buffers: whether its class can write over its results of the call before.

    Raises:
        FormulaError: the text is no formula.
        UnsupportedError: the formula uses a construct that can't be derived yet.
    """
    from symgrad.derivation import derive
    from symgrad.lowering import lower

    derivation = derive(layer)
    plan = lower(derivation.program)
    return Documented(plan, derivation.gradient_lines(), derivation.value_lines(), buffers)


def generate(
    layers: Layer | str | Iterable[Layer | str], backend: str = "numpy", buffers: bool = False
) -> str:
    """Return the source text of a module with one class for each layer.

    Args:
        layers: a layer, a formula's text, or several of them.
        backend: a key of BACKENDS.
        buffers: whether the constructors take `buffers=True`, for arrays that are used again.

    Raises:
        FormulaError: a text is no formula.
        UnsupportedError: a formula uses a construct that can't be derived yet.
        ValueError: there is no such backend, it has no buffers, or two layers have one name.
    """
    if isinstance(layers, str) or not isinstance(layers, Iterable):
        return render([document(layers, buffers)], backend)
    listed = list(layers)
    texts = sum(isinstance(layer, str) for layer in listed)
    named = [
        Layer(f"Layer{n}", layer) if isinstance(layer, str) and texts > 1 else layer
        for n, layer in enumerate(listed, 1)
    ]
    documented = [document(layer, buffers) for layer in named]
    names = [part.plan.layer.name for part in documented]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{names.count(name)} layers are named {name}, and a module has one")
    return render(documented, backend)


def build(layer: Layer | str, backend: str = "numpy", buffers: bool | None = None) -> type:
    """Return the generated class of a layer; tracebacks through it show its source.

    Args:
        layer: a layer, or a formula's text.
        backend: a key of BACKENDS. What the backend compiles is kept in the user's cache, so that
            another process need not.
        buffers: whether the constructor takes `buffers=True`, for arrays that are used again; by
            default where the backend has them and no constant of the layer is named so.

    Raises:
        FormulaError: the text is no formula.
        UnsupportedError: the formula uses a construct that can't be derived yet.
        ValueError: there is no such backend, or it has no buffers.
    """
    documented = document(layer)
    if buffers is None:
        buffers = has_buffers(documented, backend)
    source = render([replace(documented, buffers=buffers)], backend)
    name = documented.plan.layer.name
    return load_class(source, name, kept_file(source, name) if is_compiled(backend) else None)


def load_class(source: str, name: str, path: Path | None = None) -> type:
    """Return the class `name` of a generated module, run in a namespace of its own.

    Args:
        source: the module's text.
        name: the class's name.
        path: a file that holds the text, if any.
    """
    filename = f"<symgrad {name} {next(_serial)}>" if path is None else str(path)
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    module = ModuleType(f"symgrad.generated.{name if path is None else path.stem}")
    if path is not None:
        # what is compiled from a file finds its module again by name
        module.__file__ = filename
        sys.modules[module.__name__] = module
    namespace = module.__dict__
    exec(compile(source, filename, "exec"), namespace)
    found = namespace[name]
    if not isinstance(found, type):
        raise AssertionError(f"{name} is no class in its generated module")
    return found
