"""The five worked examples that the project began with, gradients and derivations written out."""

import re

import pytest

import symgrad
from symgrad.documents import document
from symgrad.documents.formats import FORMATS, Options

EXAMPLES = {
    "z_ij = x_ij*y_ij": ["dx_ij = dz_ij*y_ij", "dy_ij = dz_ij*x_ij"],
    "z_ij = x_ij + y_ij": ["dx_ij = dz_ij", "dy_ij = dz_ij"],
    "opaque g\nz_ij = g(y_ij)": ["dy_ij = dz_ij*g'(y_ij)"],
    "opaque f\ny_ij = f(x_ij)\nz_ij = x_ij*b_j": [
        "dx_ij = dy_ij*f'(x_ij) + dz_ij*b_j",
        "db_j = sum_i dz_ij*x_ij",
    ],
    "y_ij = x_ij + b_j": ["dx_ij = dy_ij", "db_j = sum_i dy_ij"],
}


@pytest.mark.parametrize("formula", EXAMPLES)
def test_gradients_are_what_a_textbook_prints(formula: str) -> None:
    assert [str(g) for g in symgrad.derive(formula).gradients.values()] == EXAMPLES[formula]


def steps(formula: str, name: str) -> list[str]:
    documents = [document(symgrad.derive(formula))]
    text = FORMATS["text"].render(documents, Options(width=200))
    block = next(b for b in text.split("\n\n") if b.startswith(f"Gradient by {name}\n"))
    lines = [re.split(r"   | \|", line.strip(" |"))[0] for line in block.splitlines()]
    return [line for line in lines[1:-1] if not line.startswith("+")]


def test_bias_contracts_one_delta_to_a_sum_over_rows() -> None:
    assert steps("y_ij = x_ij + b_j", "b") == [
        "dL/db_j = sum_{k,l} dL/dy_kl dy_kl/db_j",
        "= sum_{k,l} dL/dy_kl delta_jl",
        "= sum_k dL/dy_kj",
        "db_j = sum_i dy_ij",
    ]


def test_an_opaque_function_leaves_one_element_of_the_sum() -> None:
    assert steps("opaque g\nz_ij = g(y_ij)", "y") == [
        "dL/dy_ij = sum_{k,l} dL/dz_kl dz_kl/dy_ij",
        "= sum_{k,l} dL/dz_kl g'(y_kl) delta_ik delta_jl",
        "= dL/dz_ij g'(y_ij)",
        "dy_ij = dz_ij*g'(y_ij)",
    ]


def test_branches_are_summed_each_with_its_explicit_sum() -> None:
    formula = "opaque f\ny_ij = f(x_ij)\nz_ij = x_ij*b_j"
    assert steps(formula, "x")[:3] == [
        "dL/dx_ij = sum_{k,l} dL/dy_kl dy_kl/dx_ij + sum_{k,l} dL/dz_kl dz_kl/dx_ij",
        "= sum_{k,l} dL/dy_kl f'(x_kl) delta_ik delta_jl"
        " + sum_{k,l} dL/dz_kl b_l delta_ik delta_jl",
        "= dL/dy_ij f'(x_ij) + dL/dz_ij b_j",
    ]
