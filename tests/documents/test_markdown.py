"""Documents as Markdown: exact, and free of what Markdown or GitHub would spoil."""

import re

import pytest

import symgrad
from tests.documents.writing import written

BIAS = r"""# Bias

## Formula

$$
\begin{aligned}
 y_{ij} &= x_{ij} + b_{j}
\end{aligned}
$$

*Shapes:* `x` (I, J), `b` (J,), `y` (I, J)

## Gradient by `b`

$$
\begin{aligned}
 \frac{\partial L}{\partial b_{j}} &= \sum_{k,l} \frac{\partial L}{\partial y_{kl}} \thinspace \frac{\partial y_{kl}}{\partial b_{j}} && \text{chain rule: }b\text{ may reach all of }y \cr
 &= \sum_{k,l} \frac{\partial L}{\partial y_{kl}} \thinspace \delta_{jl} && \text{differentiate} \cr
 &= \sum_{k} \frac{\partial L}{\partial y_{kj}} && \text{contract the delta}
\end{aligned}
$$

$$
\boxed{\mathrm{d} b_{j} = \sum_{i} \mathrm{d} y_{ij}}
$$

*shape* `(J,)`, *in NumPy*

```python
db = dy.sum(axis=0)
```

## NumPy code
"""  # noqa: E501

LAYERS = [layer for layer in symgrad.catalog().values() if not layer.unsupported]
BLOCK = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.DOTALL | re.MULTILINE)


def test_a_derivation_is_shown_from_formula_to_code():
    text = written("markdown", symgrad.Layer("Bias", "y_ij = x_ij + b_j", wrt=["b"]))
    assert text.startswith(BIAS)
    assert "\n```python\nclass Bias:\n" in text


def test_several_layers_have_a_table_of_contents():
    text = written("markdown", "AddBias", "Mul", language="ja")
    assert text.startswith("# 勾配の導出\n\n- [AddBias](#addbias)\n- [Mul](#mul)\n\n## AddBias\n")
    assert "### `b` による勾配\n" in text


def test_words_that_look_like_marks_are_escaped():
    layer = symgrad.Layer("A_B", "y_i = x_i", summary="a *b* _c_ <d> $e$")
    assert written("markdown", layer).startswith("# A\\_B\n\na \\*b\\* \\_c\\_ \\<d\\> \\$e\\$\n")


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_mathematics_survives_markdown_and_github(layer):
    for block in BLOCK.findall(written("markdown", layer, detail="full")):
        assert not re.search(r"\\[^a-zA-Z]", block), "an escape of Markdown"
        assert r"\operatorname" not in block, "a command that GitHub forbids"
        assert not re.search(r"[^\w\s\\]_\{", block), "an underscore that begins emphasis"
        assert not re.search(r"\\text\{[^}]*\$", block), "a dollar within text"
        assert block.count("{") == block.count("}")
        assert block.count(r"\begin") == block.count(r"\end")
