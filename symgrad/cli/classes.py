"""Load a class that somebody wrote by hand from its file, to be checked; that runs the file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from symgrad.cli.sources import SourceError


def load_class(path: Path, name: str) -> type:
    """Import the file and return its class.

    Raises:
        SourceError: the file is missing, does not run, or has no class of that name, or the class
            no forward or backward.
    """
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
