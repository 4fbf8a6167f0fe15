"""Documents in LaTeX: exact fragments, and documents that pdflatex compiles without a complaint."""

import re
import shutil
import subprocess

import pytest

import symgrad
from tests.documents.writing import written

BIAS = r"""\[
\begin{aligned}
  y_{ij} &= x_{ij} + b_{j}
\end{aligned}
\]
\[
\begin{aligned}
  \frac{\partial L}{\partial b_{j}} &= \sum_{k,l} \frac{\partial L}{\partial y_{kl}} \, \frac{\partial y_{kl}}{\partial b_{j}} && \text{chain rule: }b\text{ may reach all of }y \\
  &= \sum_{k,l} \frac{\partial L}{\partial y_{kl}} \, \delta_{jl} && \text{differentiate} \\
  &= \sum_{k} \frac{\partial L}{\partial y_{kj}} && \text{contract the delta}
\end{aligned}
\]
\[
\boxed{\mathrm{d} b_{j} = \sum_{i} \mathrm{d} y_{ij}} \quad \text{(J,)}
\]
"""  # noqa: E501

HARD = (
    symgrad.Layer(
        "Signs",
        "opaque g\nγ_ij = α*g(x_ij)*log_p_j + where(x_ij ≤ 0, √(x_ij²), 0)",
        summary=r"100% of $x_1 & {y} \ ~ ^ # < > | \"a\" “b” – é",
        source="Ångström, Łoś & Δ 3 → 4",
    ),
    symgrad.Layer("Long", "y_i = " + " + ".join(f"sin(x_i*w{n}_i)^{n}" for n in range(2, 24))),
    symgrad.Layer("Nothing", "y = 3"),
)
CATALOGUE = ("Softmax", "LayerNorm", "Attention", "MultiHeadAttention", "Conv2d", "LSTMCell")


def compiled(text, folder):
    """Return what pdflatex says, after two runs, and assert that it made a PDF."""
    (folder / "document.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    for _ in range(2):
        run = subprocess.run(command, cwd=folder, capture_output=True)
        log = run.stdout.decode("utf-8", "replace")
        assert run.returncode == 0, "\n".join(re.findall(r"^!.*\n(?:.*\n){0,4}", log, re.M))
    assert (folder / "document.pdf").stat().st_size > 10_000
    return log


needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is missing")


def test_a_fragment_is_displays_alone():
    assert written("latex", symgrad.Layer("Bias", "y_ij = x_ij + b_j", wrt=["b"])) == BIAS


def test_several_fragments_are_told_apart_by_comments():
    text = written("latex", "AddBias", "Mul", steps=False)
    assert re.findall("^% .*", text, re.M) == ["% AddBias", "% Mul"]


def test_a_tensor_that_shares_its_letter_with_an_index_is_bold():
    text = written("latex", symgrad.Layer("Scores", "s_ik = sum_d q_id*k_kd"))
    assert r"q_{id} \, \mathbf{k}_{kd}" in text
    assert r"\mathrm{d} \mathbf{k}_{kd}" in text


def test_a_greek_tensor_that_shares_its_letter_with_an_index_is_bold():
    text = written("latex", "y_κi = κ_i*x_κi", steps=False)
    assert r"\mathrm{d} x_{\kappa i} &= \mathrm{d} y_{\kappa i} \, \boldsymbol{\kappa}_{i}" in text


def test_an_opaque_function_prints_its_derivative():
    assert "g'(x_{kl})" in written("latex", "opaque g; y_ij = g(x_ij)")


def test_a_table_of_contents_is_for_several_layers():
    assert r"\tableofcontents" not in written("latex", "AddBias", standalone=True)
    assert r"\tableofcontents" in written("latex", "AddBias", "Mul", standalone=True)


@needs_latex
@pytest.mark.parametrize("detail", ["normal", "full"])
def test_a_document_compiles_and_nothing_leaves_the_page(detail, tmp_path):
    log = compiled(written("latex", *CATALOGUE, detail=detail, standalone=True), tmp_path)
    assert re.findall(r"Overfull .*|LaTeX Warning: .*", log) == []


@needs_latex
def test_signs_long_lines_and_layers_without_gradients_compile(tmp_path):
    log = compiled(written("latex", *HARD, standalone=True, title="50 % & more"), tmp_path)
    assert re.findall(r"Overfull .*", log) == []


@needs_latex
def test_a_fragment_compiles_in_an_article(tmp_path):
    fragment = written("latex", "Softmax", "LayerNorm", "Affine")
    start = "\\documentclass{article}\\usepackage{amsmath}\\begin{document}\n"
    log = compiled(f"{start}{fragment}\\end{{document}}\n", tmp_path)
    assert re.findall(r"Overfull .*", log) == []


@needs_latex
def test_a_japanese_document_compiles(tmp_path):
    if subprocess.run(["kpsewhich", "CJKutf8.sty"], capture_output=True).returncode:
        pytest.skip("the LaTeX here has no CJKutf8")
    text = written("latex", "Softmax", "CrossEntropy", language="ja", standalone=True)
    compiled(text, tmp_path)
