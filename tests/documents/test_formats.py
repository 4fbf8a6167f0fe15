"""The table of formats, and what all of them share."""

import pytest

import symgrad
from symgrad.documents.formats import FORMATS
from tests.documents.writing import written


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_the_same_twice(name):
    assert written(name, "AddBias", "Softmax") == written(name, "AddBias", "Softmax")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("y = 3", "the formula has no input"),
        ("y_i = delta(t_i, 2)", "every input is an integer"),
    ],
)
def test_every_format_shows_a_layer_without_gradients(name, formula, reason):
    text = written(name, formula)
    assert name == "json" or reason in text


@pytest.mark.parametrize("name", FORMATS)
def test_brief_is_shorter_than_normal_and_normal_than_full(name):
    lengths = [len(written(name, "LayerNorm", detail=d)) for d in ("brief", "normal", "full")]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[1]


def test_no_format_shares_a_suffix_with_another():
    suffixes = [form.suffix for form in FORMATS.values()]
    assert sorted(set(suffixes)) == sorted(suffixes)


def test_a_derivation_writes_itself():
    derivation = symgrad.derive("y_ij = x_ij + b_j")
    assert r"\text{contract the delta}" in derivation.latex()
    assert r"\text{デルタを縮約する}" in derivation.latex(language="ja")
    assert derivation.latex(standalone=True).endswith("\\end{document}\n")
    assert derivation.markdown(detail="brief").startswith("# Layer\n")
    assert derivation.json()["name"] == "Layer"
    assert derivation._repr_latex_().startswith("$$\n\\begin{aligned}\n")


def test_an_unknown_detail_is_refused():
    with pytest.raises(ValueError, match="no detail 'all': it is one of brief, normal, full"):
        symgrad.derive("y_i = x_i").latex(detail="all")
