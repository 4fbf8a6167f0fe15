"""Long formulas are broken at their outermost signs, in text and in LaTeX."""

import pytest

from symgrad.documents.breaking import break_text
from symgrad.documents.latex_width import break_latex, width

TEXTS = [
    ("a + b", 20, ["a + b"]),
    ("aaaa + bbbb - cccc", 14, ["aaaa", "  + bbbb", "  - cccc"]),
    ("aaaa + bbbb - cccc", 16, ["aaaa + bbbb", "  - cccc"]),
    ("r*(aaaaaa + bbbbbb)", 15, ["r*(aaaaaa", "    + bbbbbb)"]),
    ("aaaaaaaa*bbbbbbbb", 15, ["aaaaaaaa", "  *bbbbbbbb"]),
    ("sum_k aaaaaaaa bbbbbbbb", 20, ["sum_k aaaaaaaa", "  bbbbbbbb"]),
    ("x[i+1,stride*j+longer]", 12, ["x[i+1,stride*j+longer]"]),
    ("aaaaaaaa for i < size(x,2)", 16, ["aaaaaaaa", "  for i < size(x,2)"]),
]


@pytest.mark.parametrize(("text", "columns", "lines"), TEXTS)
def test_text_breaks_into(text, columns, lines):
    assert break_text(text, columns) == lines


def test_no_letter_is_lost_where_a_formula_is_broken():
    text = "a_i*(b_ij + sum_k c_ik*(d_kj - e_kj)) - f_i*g_ij + h_i"
    for columns in range(8, 60):
        assert "".join(break_text(text, columns)).replace(" ", "") == text.replace(" ", "")


def test_brackets_that_a_break_separates_get_a_size():
    latex = r"r_{i} \, \left(\frac{a_{i}}{b_{i}} - \sum_{k} c_{ik} \, d_{k}\right)"
    assert break_latex(latex, 9) == [
        r"r_{i} \, \Bigl(\frac{a_{i}}{b_{i}}",
        r"\quad\quad {} - \sum_{k} c_{ik} \, d_{k}\Bigr)",
    ]


def test_a_broken_product_goes_on_with_a_cross():
    assert break_latex(r"abcdefgh \, ijklmnop", 7) == ["abcdefgh", r"\quad {} \times ijklmnop"]


def test_cases_are_not_broken():
    latex = r"\begin{cases} a + b & \text{if } c + d > 0 \\ e + f & \text{otherwise} \end{cases}"
    assert break_latex(latex, 3) == [latex]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (r"\frac{a}{b}", "a b c"),
        ("a_{ij}", "a i j"),
        (r"\sum_{k} a", r"\sum_{k,l,m,n,o} a"),
        (r"\mathrm{d} x", r"\mathrm{dloss} x"),
        (r"\text{ab}", r"\text{連鎖}"),
    ],
)
def test_the_wider_formula_is_estimated_to_be_wider(narrow, wide):
    assert 0 < width(narrow) < width(wide)
