"""The gallery is what the tool writes today; `pytest --update` rewrites it."""

import runpy
from pathlib import Path

import pytest

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
PAGES = runpy.run_path(str(GALLERY / "make.py"))["pages"]()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_current(name, request):
    path = GALLERY / name
    if request.config.getoption("--update"):
        path.write_text(PAGES[name], encoding="utf-8")
    assert path.read_text(encoding="utf-8") == PAGES[name], "run python docs/gallery/make.py"


def test_the_gallery_has_no_other_pages():
    assert sorted(path.name for path in GALLERY.glob("*.md")) == sorted(PAGES)
