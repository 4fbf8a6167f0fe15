"""Look at pages in a browser, where there is one."""

import pytest

from symgrad import catalog, check, derive
from symgrad.documents import document
from symgrad.documents.formats import Options
from symgrad.documents.html import fragment, render
from tests.documents.browser import look, needs_browser

pytestmark = needs_browser
NAMES = ("Softmax", "LayerNorm", "Attention", "LSTMCell", "MaxPool2d")

SIZES = """
return [...document.querySelectorAll("math")].filter((m) => m.checkVisibility())
  .map((m) => m.getBoundingClientRect()).map((box) => [box.width, box.height]);
"""
OVERFLOW = "const root = document.documentElement; return root.scrollWidth - root.clientWidth;"
FOLDED = """
return [...document.querySelectorAll("details.steps")].map((d) => d.open);
"""
MARKED = """
const first = document.querySelector("[data-index='k']");
first.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}));
return [...document.querySelectorAll(".marked")].map((e) => e.dataset.index);
"""
LEAKS = """
return [...document.querySelectorAll(".outside")].map((e) => {
  const found = window.getComputedStyle(e);
  return [found.color, found.fontFamily, found.backgroundColor, found.borderBottomWidth];
});
"""


@pytest.fixture(scope="module")
def page():
    """Return the page of some layers, the last of them verified."""
    layers = catalog()
    documents = [document(derive(layers[name])) for name in NAMES]
    verified = document(derive(layers["AddBias"]), report=check(layers["AddBias"]))
    return render([*documents, verified], Options())


def test_the_browser_sets_every_formula(page, tmp_path):
    sizes, console = look(page.replace("<details ", "<details open "), SIZES, tmp_path)
    assert len(sizes) > 500
    assert all(width > 0 and height > 5 for width, height in sizes)
    assert console == []


@pytest.mark.parametrize("width", [390, 1440])
def test_a_page_never_scrolls_sideways(page, tmp_path, width):
    overflow, _ = look(page.replace("<details ", "<details open "), OVERFLOW, tmp_path, width)
    assert overflow == 0


def test_derivations_of_many_layers_are_folded_at_first(page, tmp_path):
    folded, _ = look(page, FOLDED, tmp_path)
    assert not any(folded)


def test_pointing_at_an_index_marks_its_places(page, tmp_path):
    marked, _ = look(page, MARKED, tmp_path)
    assert len(marked) > 10
    assert set(marked) == {"k"}


def test_the_styles_of_a_notebook_stay_in_its_fragment(tmp_path):
    outside = "<table><tr><td class='outside'>a</td></tr></table><pre class='outside'>b</pre>"
    part = fragment(document(derive(catalog()["Softmax"])))
    bare, _ = look(f"<!DOCTYPE html>{outside}", LEAKS, tmp_path)
    beside, _ = look(f"<!DOCTYPE html>{outside}{part}{outside}", LEAKS, tmp_path)
    assert beside == bare * 2
