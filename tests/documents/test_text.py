"""Documents as text: exact, aligned, in ASCII or with signs."""

import pytest

import symgrad
from symgrad.documents.formats import FORMATS, Options
from symgrad.documents.text import columns
from tests.documents.writing import documents, written

BIAS = """\
Formula
  y_ij = x_ij + b_j

Shapes
  x (I, J), b (J,), y (I, J)

Gradient by b
  dL/db_j = sum_{k,l} dL/dy_kl dy_kl/db_j    chain rule: b may reach all of y
          = sum_{k,l} dL/dy_kl delta_jl      differentiate
          = sum_k dL/dy_kj                   contract the delta
  +--------------------+
  | db_j = sum_i dy_ij |  (J,)
  +--------------------+
  in NumPy: db = dy.sum(axis=0)
"""

SIGNS = """\
数式
  y_ij = x_ij + b_j

形状
  x (I, J), b (J,), y (I, J)

b による勾配
  ∂L/∂b_j = Σ_{k,l} ∂L/∂y_kl ∂y_kl/∂b_j    連鎖律：b は y の全要素に影響しうる
          = Σ_{k,l} ∂L/∂y_kl δ_jl          微分する
          = Σ_k ∂L/∂y_kj                   デルタを縮約する
  ┌──────────────────┐
  │ db_j = Σ_i dy_ij │  (J,)
  └──────────────────┘
  NumPy では: db = dy.sum(axis=0)
"""


def bias():
    return symgrad.Layer("Bias", "y_ij = x_ij + b_j", wrt=["b"])


def test_a_derivation_is_shown_from_formula_to_code():
    assert written("text", bias()) == BIAS


def test_signs_and_japanese_captions_stay_aligned():
    assert written("text", bias(), unicode=True, language="ja") == SIGNS


def test_without_steps_the_gradients_stand_alone():
    assert written("text", bias(), steps=False) == "db_j = sum_i dy_ij\n"


def test_several_layers_stand_under_their_names():
    text = written("text", "AddBias", "Mul", steps=False)
    assert text.startswith("AddBias\ndx_ij = dy_ij\n")
    assert "\n\nMul\n" in text


@pytest.mark.parametrize("width", [70, 100])
@pytest.mark.parametrize("name", ["LayerNorm", "Attention", "LSTMCell"])
def test_formulas_and_captions_keep_to_the_width(name, width):
    (document,) = documents(name)
    code = {line for text in document.statements.values() for line in text.splitlines()}
    lines = FORMATS["text"].render([document], Options(width=width)).splitlines()
    long = [line for line in lines if columns(line) > width]
    assert [line for line in long if line.removeprefix("  in NumPy:").strip() not in code] == []


def test_ascii_text_is_ascii_for_the_whole_catalogue():
    layers = [layer for layer in symgrad.catalog().values() if not layer.unsupported]
    assert written("text", *layers, steps=False).isascii()


def test_an_opaque_function_prints_its_derivative():
    assert "g'(x_kl)" in written("text", "opaque g; y_ij = g(x_ij)")


def test_an_index_range_is_printed_with_the_result():
    assert "for i < size(x,0)" in written("text", "y_i = sum_{u<3} x[i+u]", steps=False)
