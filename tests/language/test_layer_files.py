"""Test layer files: order, keys, and the message of each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from symgrad.errors import FormulaError
from symgrad.language.layerfile import load, loads

LAYER_NORM = '''
[LayerNorm]
summary   = "Layer normalisation over the last axis."
source    = "Ba, Kiros and Hinton 2016, arXiv:1607.06450"
formula   = """
mu_i = mean_j x_ij
v_i  = mean_j (x_ij - mu_i)^2
y_ij = gamma_j*(x_ij - mu_i)/sqrt(v_i + eps) + beta_j
"""
constants = { eps = 1e-5 }
params    = ["gamma", "beta"]
inputs    = ["x", "gamma", "beta"]
outputs   = ["y"]
wrt       = ["x", "gamma", "beta"]

[Add]
formula = "z_i = x_i + y_i"
'''


def test_layers_come_in_file_order(tmp_path: Path) -> None:
    path = tmp_path / "layers.toml"
    path.write_text(LAYER_NORM, encoding="utf-8")
    assert list(load(path)) == ["LayerNorm", "Add"]


def test_all_keys_are_read() -> None:
    layer = loads(LAYER_NORM)["LayerNorm"]
    assert layer.summary == "Layer normalisation over the last axis."
    assert layer.source.startswith("Ba, Kiros")
    assert layer.constants == {"eps": 1e-5}
    assert layer.params == ("gamma", "beta")
    assert layer.inputs == ("x", "gamma", "beta")
    assert layer.outputs == ("y",)
    assert layer.wrt == ("x", "gamma", "beta")


MISTAKES = [
    ("[A]\nformla = 'y_i = x_i'", "f.toml: A has the unknown key formla", "did you mean formula?"),
    (
        "[A]\nsummary = 'x'",
        "f.toml: A has no formula",
        'add formula = "y_ij = x_ij + b_j"',
    ),
    (
        "formula = 'y_i = x_i'",
        "f.toml: the key formula stands in no table",
        "begin a layer with [Name] above formula",
    ),
    ("", "f.toml has no layers", "write one table a layer: [AddBias]"),
    (
        "[A]\nformula = 'y_i = x_i'\nwrt = 'x'",
        "f.toml: A: wrt is a text, and a list of names belongs there",
        "write wrt = ['x']",
    ),
    (
        "[A]\nformula = 'y_i = x_k'",
        "f.toml: A: index k is used once and never summed",
        "write sum_k x_k, or put k on the left-hand side",
    ),
    (
        "[A]\nformula = 3",
        "f.toml: A: formula is 3, and a text belongs there",
        'write formula = "..."',
    ),
    (
        "[A.B]\nformula = 'y = x'",
        "f.toml: [A.B] is a table inside the layer A",
        "write [B] for a layer",
    ),
    (
        "[[A]]\nformula = 'y = x'",
        "f.toml: [[A]] begins a list of tables",
        "write [A], and give every layer a name of its own",
    ),
    (
        "[np]\nformula = 'y = x'",
        "f.toml: np: the layer's name np hides a name that generated files use",
        "use another name, a capital letter first: AddBias",
    ),
    (
        "[A]\nformula = 'y = x'\n[A]\nformula = 'y = x'",
        "f.toml is no TOML file: Cannot declare [A] twice in line 3",
        "give every layer a name of its own",
    ),
    (
        '[A]\nformula = "y = x\nz = x"',
        "f.toml is no TOML file: Illegal character '\\n' in line 2",
        'write a formula of several lines between """ and """',
    ),
]


@pytest.mark.parametrize(("text", "message", "advice"), MISTAKES)
def test_a_mistake_in_a_layer_file_has_its_message(text: str, message: str, advice: str) -> None:
    with pytest.raises(FormulaError) as caught:
        loads(text, "f.toml")
    assert (caught.value.message, caught.value.advice) == (message, advice)


def test_text_that_is_no_toml_is_reported() -> None:
    with pytest.raises(FormulaError) as caught:
        loads("[A]\nformula = = 3", "f.toml")
    assert str(caught.value) == (
        "f.toml is no TOML file: Invalid value in line 2\n"
        "  formula = = 3\n"
        "            ^\n"
        '  write texts in quotes, formula = "y_ij = x_ij + b_j"'
    )


def test_a_file_in_another_encoding_is_reported_with_its_line() -> None:
    with pytest.raises(FormulaError, match=r"f\.toml is no text in UTF-8 \(line 2\)"):
        loads("[A]\nsummary = 'é'\n".encode("latin-1"), "f.toml")


def test_a_mark_of_byte_order_is_skipped() -> None:
    assert list(loads("[A]\nformula = 'y = x'\n".encode("utf-8-sig"))) == ["A"]
