"""The formula language with signs: exact text, which parses to the same layer."""

import pytest

import symgrad
from symgrad.formats.statements import printed_statement
from symgrad.formats.text import statement_text
from symgrad.formats.unicode import UNICODE

STATEMENTS = [
    ("y_ij = sum_k x_ik*w_kj + b_j", "y_ij = Σ_k x_ik·w_kj + b_j"),
    ("y_i = sqrt(x_i)^3/x_i^2", "y_i = √(x_i)³/x_i²"),
    ("y_i = where(x_i >= 0, x_i, -inf)", "y_i = where(x_i ≥ 0, x_i, -∞)"),
    ("y_ij = sum_{k<=j} x_ik", "y_ij = Σ_{k≤j} x_ik"),
    ("y_ij = delta(i, j)*x_i", "y_ij = x_i·δ(i, j)"),
    ("y_i = prod_j x_ij", "y_i = prod_j x_ij"),
    ("y_i = pi*x_i^1.5", "y_i = π·x_i^(3/2)"),
]


def statement(formula):
    return symgrad.Layer("Layer", formula).statements[0]


@pytest.mark.parametrize(("formula", "text"), STATEMENTS)
def test_a_statement_prints_as(formula, text):
    assert printed_statement(UNICODE, statement(formula)) == text


@pytest.mark.parametrize(("formula", "text"), STATEMENTS)
def test_the_signs_are_read_as_what_they_stand_for(formula, text):
    assert statement_text(statement(text)) == statement_text(statement(formula))
