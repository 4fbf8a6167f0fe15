"""Load what somebody wrote by hand from its file, to be checked; that runs the file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from symgrad.cli.sources import SourceError


def load_implementation(path: Path, name: str) -> Any:
    """Import the file and return its class, or its pair of functions.

    A pair is named `forward,backward`, or by what stands before `_forward` and `_backward`.

    Raises:
        SourceError: the file is missing, does not run, or has nothing of that name, or the class
            no forward or backward.
    """
    module = _imported(path)
    words = name.split(",") if "," in name else [name]
    if not hasattr(module, name) and hasattr(module, f"{name}_forward"):
        words = [f"{name}_forward", f"{name}_backward"]
    if len(words) == 2:
        return tuple(_function(module, path, word.strip()) for word in words)
    return _class(module, path, name)


def _imported(path: Path) -> ModuleType:
    if not path.is_file():
        raise SourceError(f"{path}: there is no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise SourceError(f"{path} can't be imported")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise SourceError(f"{path} fails when it is imported\n  {error!r}") from error
    finally:
        sys.path.pop(0)
    return module


def _function(module: ModuleType, path: Path, name: str) -> Any:
    found = getattr(module, name, None)
    if not callable(found):
        raise SourceError(f"{path} has no function {name}")
    return found


def _class(module: ModuleType, path: Path, name: str) -> type:
    found = getattr(module, name, None)
    if not isinstance(found, type):
        classes = sorted(word for word, value in vars(module).items() if isinstance(value, type))
        raise SourceError(f"{path} has no class {name}\n  it has: {', '.join(classes) or 'none'}")
    missing = [word for word in ("forward", "backward") if not hasattr(found, word)]
    if missing:
        raise SourceError(
            f"{path}: {name} has no {' and no '.join(missing)}\n"
            "  a layer has forward(*inputs) and backward(*gradients of the outputs)"
        )
    return found
