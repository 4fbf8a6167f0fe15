"""Keep the source of built classes in the user's cache, where their compiled code is kept too."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder: $SYMGRAD_CACHE_DIR, or symgrad in the cache of the user."""
    given = os.environ.get("SYMGRAD_CACHE_DIR")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "symgrad"


def kept_file(source: str, name: str) -> Path | None:
    """Return a file that holds the source, the same in every process; None where none can be.

    It is written once: code compiled from it holds for as long as the file is the same.
    """
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    try:
        path = cache_folder() / f"{name}_{digest}.py"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(source)
            os.replace(temporary, path)
    except (OSError, RuntimeError):  # no home, or a folder that may not be written
        return None
    return path
