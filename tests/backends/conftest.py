"""Skip the tests of backends whose packages are missing; keep compiled code for this run alone."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("numba", reason="Numba is not installed")

# all layers and forms take minutes to compile: SYMGRAD_BACKENDS=all runs them
ALL = os.environ.get("SYMGRAD_BACKENDS") == "all"


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Keep what is built in a folder of this run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYMGRAD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
