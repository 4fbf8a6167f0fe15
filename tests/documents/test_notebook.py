"""Derive in notebooks: the cell magic, and what results show as HTML and LaTeX."""

import subprocess
import sys

import numpy as np
import pytest

from symgrad import Layer, check, derive
from symgrad.notebook import CellError, load_ipython_extension


class Shell:
    """What the extension uses of IPython."""

    def __init__(self):
        self.magics = {}
        self.user_ns = {}

    def register_magic_function(self, func, magic_kind, magic_name):
        self.magics[magic_kind, magic_name] = func

    def push(self, variables):
        self.user_ns.update(variables)

    def run(self, line, cell):
        return self.magics["cell", "symgrad"](line, cell)


@pytest.fixture
def shell():
    """Return a shell with the extension."""
    shell = Shell()
    load_ipython_extension(shell)
    return shell


def test_a_cell_puts_the_class_and_the_layer_into_the_namespace(shell):
    shell.run("AddBias --params b", "y_ij = x_ij + b_j\n")
    assert list(shell.user_ns) == ["AddBias", "AddBias_layer"]
    forward = shell.user_ns["AddBias"](np.array([1.0, 2.0])).forward(np.zeros((1, 2)))
    assert forward.tolist() == [[1.0, 2.0]]
    assert shell.user_ns["AddBias_layer"].params == ("b",)


def test_a_cell_returns_the_derivation(shell):
    shown = shell.run("", "y_ij = x_ij + b_j")
    assert repr(shown) == "dx_ij = dy_ij\ndb_j = sum_i dy_ij"
    assert shown._repr_latex_().startswith("$$")


def test_the_options_of_a_cell_choose_detail_language_and_verification(shell):
    html = shell.run("--lang ja --detail brief --check", "y_ij = x_ij + b_j")._repr_html_()
    assert "連鎖律" in html
    assert html.count('<details class="step"') == 4
    assert "検証" in html


@pytest.mark.parametrize(
    ("line", "cell", "message"),
    [
        ("", "y_ij = x_ik + b_j", "FormulaError: index k is used once and never summed"),
        ("--detail all", "y_i = x_i", "%%symgrad: Invalid value for '--detail'"),
        ("'AddBias", "y_i = x_i", "%%symgrad: No closing quotation"),
        ("A B", "y_i = x_i", "%%symgrad: Got unexpected extra argument (B)"),
    ],
)
def test_a_mistake_shows_its_message_without_a_traceback(shell, line, cell, message):
    with pytest.raises(CellError) as error:
        shell.run(line, cell)
    assert error.value._render_traceback_()[0].startswith(message)
    assert shell.user_ns == {}


def test_help_is_printed_and_derives_nothing(shell, capsys):
    assert shell.run("--help", "") is None
    assert "--detail" in capsys.readouterr().out


def test_the_extension_loads_without_ipython():
    code = "import symgrad.notebook, sys; print('IPython' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_ipython_loads_the_extension_and_runs_a_cell():
    testing = pytest.importorskip("IPython.testing.globalipapp")
    ipython = testing.start_ipython()
    ipython.run_line_magic("load_ext", "symgrad.notebook")
    result = ipython.run_cell("%%symgrad Double\ny_i = 2*x_i")
    assert result.success
    assert repr(result.result) == "dx_i = 2*dy_i"
    assert ipython.user_ns["Double"].__name__ == "Double"


def test_a_layer_shows_its_formula():
    layer = Layer("Half", "y_i = x_i/2", summary="Half of <it>.")
    html = layer._repr_html_()
    assert html.startswith('<div class="symgrad embedded">')
    assert "Half of &lt;it&gt;." in html
    assert '<mi data-name="x">' not in html
    assert layer._repr_latex_() == r"$$\begin{aligned}y_{i} &= \frac{x_{i}}{2}\end{aligned}$$"


def test_a_derivation_shows_a_fragment_and_no_page():
    html = derive("y_i = 2*x_i")._repr_html_()
    assert html.startswith('<div class="symgrad embedded" lang="en">')
    assert "<html" not in html
    assert "<script" not in html


def test_a_report_shows_what_is_wrong():
    class Wrong:
        def forward(self, x):
            return 2 * x

        def backward(self, dy):
            return 3 * dy

    html = check(Layer("Double", "y_i = 2*x_i"), implementation=Wrong)._repr_html_()
    assert html.count('<span class="wrong">WRONG</span>') >= 2
    assert "dx[" in html
