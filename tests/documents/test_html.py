"""The HTML page: what stands in it, that it needs nothing else, that a layer file is data."""

import re
from html.parser import HTMLParser

import pytest

from symgrad import Layer, catalog, check, derive
from symgrad.documents import document
from symgrad.documents.formats import Options
from symgrad.documents.html import formula_fragment, fragment, render

LAYERS = catalog()
VOID = {"meta", "br", "hr", "link"}


class Reader(HTMLParser):
    """Read a page, and insist that every element is closed where it belongs."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open = []
        self.elements = []
        self.texts = {}
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def all(self, tag, **attributes):
        """Return the attributes of the elements that have these."""
        wanted = {key.rstrip("_"): value for key, value in attributes.items()}
        return [a for t, a in self.elements if t == tag and wanted.items() <= a.items()]

    def text(self, tag):
        """Return the texts that stand directly in elements of a kind."""
        return [text.strip() for text in self.texts.get(tag, []) if text.strip()]


def page_of(*names, language="en", **options):
    documents = [document(derive(LAYERS[name])) for name in names]
    return render(documents, Options(language=language, **options))


@pytest.fixture(scope="module")
def page():
    """Return the page of one verified layer."""
    layer = LAYERS["LayerNorm"]
    return render([document(derive(layer), report=check(layer))], Options())


def test_a_page_has_the_parts_of_a_derivation(page):
    read = Reader(page)
    assert read.text("title") == ["LayerNorm"]
    assert read.text("h1") == ["LayerNorm"]
    assert read.text("h3") == [
        "Formula",
        "Intermediate values",
        "Computation graph",
        "Derivation",
        "NumPy code",
        "Verification",
    ]


def test_each_gradient_folds_and_ends_in_a_boxed_result_with_its_statement(page):
    read = Reader(page)
    anchors = [a["id"] for a in read.all("div") if a.get("id", "").startswith("LayerNorm-")]
    assert [a for a in anchors if a in ("LayerNorm-dx", "LayerNorm-dgamma", "LayerNorm-dbeta")] == [
        "LayerNorm-dx",
        "LayerNorm-dgamma",
        "LayerNorm-dbeta",
    ]
    assert len(read.all("details", class_="steps")) == len(anchors)
    assert len(read.all("div", class_="result")) == 3
    assert 'dbeta</span> <span class="o">=</span> <span data-name="dy">dy</span>' in page


def test_every_step_has_its_caption(page):
    read = Reader(page)
    shown = document(derive(LAYERS["LayerNorm"]))
    assert len(read.all("details", class_="step")) == sum(len(s.lines) for s in shown.sections)
    assert "contract the delta" in read.text("span")


def test_a_page_needs_nothing_else(page):
    assert not re.search(r"(src|href)=\"(?!#)|@import|url\(", page)


def test_ids_are_unique():
    ids = [a["id"] for _, a in Reader(page_of("LSTMCell", "Softmax")).elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_several_layers_have_a_table_of_contents():
    read = Reader(page_of("AddBias", "Softmax", title="My layers"))
    assert read.text("h1") == ["My layers"]
    assert read.text("h2") == ["AddBias", "Softmax"]
    assert [a["href"] for a in read.all("a")] == ["#AddBias", "#Softmax"]
    assert len(read.all("section", id="Softmax")) == 1


def test_the_language_is_that_of_headings_captions_and_the_page():
    text = page_of("Softmax", language="ja")
    read = Reader(text)
    assert read.all("html") == [{"lang": "ja"}]
    assert "計算グラフ" in read.text("h3")
    assert "contract" not in text


def test_a_layer_without_a_gradient_says_why():
    layer = Layer("Pick", "y_i = 2*t_i", wrt=[])
    assert "no gradient" in render([document(derive(layer))], Options())


HOSTILE = "</script><script>alert('1')</script><!-- \"quoted\" & {{ 70007*1 }} {% raw %}"


@pytest.mark.parametrize("field", ["summary", "source"])
def test_a_layer_file_is_data(field):
    layer = Layer("Mine", "y_i = 2*x_i", **{field: HOSTILE})
    shown = document(derive(layer), report=check(layer))
    for text in (
        render([shown, document(derive(LAYERS["AddBias"]))], Options(title=HOSTILE)),
        f"<!DOCTYPE html>{fragment(shown)}",
        f"<!DOCTYPE html>{formula_fragment(layer)}",
    ):
        read = Reader(text)
        assert "alert" not in "".join(read.texts.get("script", []))
        assert len(read.all("script")) <= 1
        assert "<!--" not in text
        assert field == "source" or "{{ 70007*1 }}" in text


def test_the_same_layers_give_the_same_bytes():
    names = ("LSTMCell", "Attention", "MaxPool2d")
    assert page_of(*names) == page_of(*names)


def test_every_layer_of_the_catalogue_makes_a_page():
    text = page_of(*LAYERS)
    read = Reader(text)
    assert len(read.all("section")) == len(LAYERS)
    assert len(read.all("svg")) == len(LAYERS)
