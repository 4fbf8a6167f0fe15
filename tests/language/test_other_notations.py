"""Hold the mistakes of people who know LaTeX, NumPy, PyTorch or Python: one table."""

from __future__ import annotations

import pytest

from symgrad.errors import FormulaError
from symgrad.language.layer import Layer

# formula, message, columns of the carets, advice
MISTAKES: list[tuple[str, str, tuple[int, ...], str]] = [
    (
        "y_i = \\sum_k x_ik",
        "\\sum is LaTeX",
        (6,),
        "write sum without the backslash",
    ),
    (
        "y_ij = \\frac{x_ij}{2}",
        "\\frac is LaTeX",
        (7,),
        "write a quotient as (a)/(b)",
    ),
    (
        "y_ij = x_ij \\cdot w_ij",
        "\\cdot is LaTeX",
        (12,),
        "write * or a space for a product",
    ),
    (
        "$y_ij = x_ij$",
        "unknown character $",
        (0,),
        "write the formula alone, without $",
    ),
    (
        "y_i = x[i][j]",
        "x[i][j] has its subscripts apart",
        (10,),
        "write x[i,j], all in one bracket",
    ),
    (
        "y[:, j] = x[:, j]",
        "a slice stands among subscripts",
        (2,),
        "write an index for the whole axis: x[i,j]",
    ),
    (
        "y_ij = x_ij + b[None, j]",
        "None is no index",
        (16,),
        "leave the new axis out: b is broadcast along the other indices",
    ),
    (
        "y_ij = x[..., j]",
        "unknown character .",
        (9,),
        "name every axis with an index of its own: x_bij",
    ),
    (
        "y_ji = x_ij.T",
        "unknown character .",
        (11,),
        "write a transpose with its indices: y_ij = x_ji",
    ),
    (
        "y_i = x_ij.sum()",
        "unknown character .",
        (10,),
        "write a function as sum(x_ij), and a reduction with its index: sum_j x_ij",
    ),
    (
        "y_ij = np.exp(x_ij)",
        "unknown character .",
        (9,),
        "write exp(...) without np",
    ),
    (
        "y_ij = torch.relu(x_ij)",
        "unknown character .",
        (12,),
        "write relu(...) alone: functions belong to no module",
    ),
    (
        "y = x @ w",
        "unknown character @",
        (6,),
        "write a matrix product with its indices: sum_k x_ik*w_kj",
    ),
    (
        "ij,jk->ik",
        "an einsum string assigns nothing",
        (0,),
        "write y_ik = sum_j x_ij*w_jk",
    ),
    (
        'y_ik = einsum("ij,jk->ik", x, w)',
        'unknown character "',
        (14,),
        "write the product with its indices: y_ik = sum_j x_ij*w_jk",
    ),
    (
        "y_ij := x_ij",
        ":= assigns nothing here",
        (5,),
        "write =",
    ),
    (
        "y_ij <- x_ij",
        "<- assigns nothing here",
        (5,),
        "write =",
    ),
    (
        "y_ij += x_ij",
        "+= assigns nothing: a name is assigned once",
        (5,),
        "write z_ij = y_ij + ...",
    ),
    (
        "x_ij -> y_ij",
        "-> assigns nothing",
        (5,),
        "write the result first: y_ij = ...",
    ),
    (
        "y_i = sum_j=1^n x_ij",
        "a reduction has no limits",
        (11,),
        "write sum_j alone: an index runs over its whole axis",
    ),
    (
        "y_i = sum_{j=1}^{n} x_ij",
        "a reduction has no limits",
        (12,),
        "write sum_k: an index runs over its axis, from 0; a bound is a condition: sum_{k<3}",
    ),
    (
        "y_i = sum(x_ij, axis=1)",
        "a function takes no keywords",
        (20,),
        "write == to compare, the value alone for an argument, sum_j x_ij for an axis",
    ),
    (
        "y_i = sum(x_ij)",
        "sum stands without its indices",
        (6,),
        "write sum_j x_ij",
    ),
    (
        "loss = mean((y_ij - t_ij)^2)",
        "mean stands without its indices",
        (7,),
        "write mean_{i,j} (y_ij - t_ij)^2",
    ),
    (
        "y_i = sum(a_ij + b_ij)",
        "sum stands without its indices",
        (6,),
        "write sum_j (a_ij + b_ij)",
    ),
    (
        "y_ij = softmax(x_ij)",
        "unknown function softmax",
        (7,),
        "write exp(x_ij)/sum_k exp(x_ik)",
    ),
    (
        "y_ij = softmax_j(x_ij)",
        "unknown function softmax_j",
        (7,),
        "write exp(x_ij)/sum_k exp(x_ik)",
    ),
    (
        "y_ij = exp_j(x_ij)",
        "unknown function exp_j",
        (7,),
        "write exp(x_ij)",
    ),
    (
        "softmax_i = x_i; y_i = softmax_i(1 - x_i)",
        "softmax_i is no function, and it stands right before (",
        (23,),
        "write softmax_i*(1 - x_i) for a product",
    ),
    (
        "y_ij = layer_norm(x_ij)",
        "unknown function layer_norm",
        (7,),
        "write the mean, the variance and the quotient as statements of their own",
    ),
    (
        "y_i = σ(x_i)",
        "unknown function σ",
        (6,),
        "write sigmoid(x)",
    ),
    (
        "y_i = RELU(x_i)",
        "unknown function RELU",
        (6,),
        "did you mean relu?",
    ),
    (
        "y_i = sin^2(x_i)",
        "sin is a function and stands here without its argument",
        (6,),
        "write the power behind the brackets: sin(...)^2",
    ),
    (
        "y_i = x_i if x_i > 0 else 0",
        "if stands here without brackets",
        (10,),
        "write where(condition, a, b)",
    ),
    (
        "y_i = x_i where x_i > 0",
        "where stands here without brackets",
        (10,),
        "write where(condition, a, b)",
    ),
    (
        "y_i = x_i > 0 ? x_i : 0",
        "unknown character ?",
        (14,),
        "write where(condition, a, b)",
    ),
    (
        "y_i = [x_i > 0]*x_i",
        "brackets [ ] hold subscripts, and no name stands before them",
        (6,),
        "write ( ) around a value, where(condition, 1, 0) for a condition",
    ),
    (
        "y_i = |x_i|",
        "unknown character |",
        (6,),
        "write abs(x) for an absolute value",
    ),
    (
        "y = ||x_i||",
        "unknown character |",
        (4,),
        "write a norm out: sqrt(sum_k x_k^2)",
    ),
    (
        "y_i = x_i ⊙ w_i",
        "unknown character ⊙",
        (10,),
        "write * for a product",
    ),
    (
        "y_i = x_i＋b_i",
        "unknown character ＋",
        (9,),
        "write +",
    ),
    (
        "y_i = x_i – b_i",
        "unknown character –",
        (10,),
        "write -, the minus sign",
    ),
    (
        "y_i = x²_i",
        "unknown character _",
        (8,),
        "write the power behind the subscript: x_ij^2",
    ),
    (
        "y_ij = x_ijᵀ",
        "unknown character ᵀ",
        (11,),
        "write a transpose with its indices: y_ij = x_ji",
    ),
    (
        "y_i = 1_000*x_i",
        "unknown character _",
        (7,),
        "write the digits of a number without _",
    ),
    (
        "y_i = 1.2.3*x_i",
        "the number has two points",
        (6,),
        "write one decimal point, and * between two numbers",
    ),
    (
        "y_i = x_i+b_i,",
        "a comma stands outside brackets",
        (13,),
        "remove it",
    ),
    (
        "y_ij = x_i,j",
        "a comma stands outside brackets",
        (10,),
        "write x_ij or x[i,j]",
    ),
    (
        "y_i, z_i = x_i, b_i",
        "a comma stands outside brackets",
        (3,),
        "write one statement for each name",
    ),
    (
        "let f(t) = sum(t); y_i = f(x_i)",
        "sum stands without its indices",
        (11,),
        "write sum_k t, with the indices to reduce over",
    ),
    (
        "y_i = x_i\u200b",
        "unknown character U+200B",
        (9,),
        "remove it: it is an invisible character",
    ),
]


@pytest.mark.parametrize(("formula", "message", "columns", "advice"), MISTAKES)
def test_what_other_notations_write_is_explained(
    formula: str, message: str, columns: tuple[int, ...], advice: str
) -> None:
    with pytest.raises(FormulaError) as caught:
        Layer("L", formula)
    error = caught.value
    assert (error.message, error.columns, error.advice) == (message, columns, advice)


def test_names_of_other_libraries_stay_names_where_they_are_declared() -> None:
    assert Layer("L", "y_ij = softmax_j*x_ij").inputs == ("softmax", "x")
    assert Layer("L", "sigma_i = x_i; y_i = sigma_i*x_i").outputs == ("y",)
