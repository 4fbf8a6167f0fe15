"""What the numba backend writes: loops that an expert would write, and nothing for its own sake."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

import symgrad
from symgrad.rendering.module import helper_sources
from tests.running import layer_of


def kernels(*names):
    """Return the functions above the class of a layer, as one text."""
    text = symgrad.generate([layer_of(name) for name in names], backend="numba")
    return re.findall(r"^@_kernel\n(.*?)(?=\n\n\n)", text, re.MULTILINE | re.DOTALL)


def test_layer_norm_is_three_loops_over_a_row():
    forward, _ = kernels("LayerNorm")
    assert (
        forward
        == '''\
def _layer_norm_forward(start, stop, x, gamma, beta, eps, v_rsqrt, x_hat, y):
    """Compute v_rsqrt, x_hat and y, in the rows from start to stop."""
    real = x.dtype.type
    for i in range(start, stop):
        x_sum = real(0)
        for j in range(x.shape[1]):
            x_sum += x[i, j]
        mu = x_sum / real(x.shape[1])
        x_centered_squares = real(0)
        for j in range(x.shape[1]):
            x_centered = x[i, j] - mu
            x_centered_squares += x_centered * x_centered
        v = x_centered_squares / real(x.shape[1])
        v_rsqrt_i = real(1) / np.sqrt(v + real(eps))
        v_rsqrt[i] = v_rsqrt_i
        for j in range(x.shape[1]):
            x_hat_ij = v_rsqrt_i * (x[i, j] - mu)
            x_hat[i, j] = x_hat_ij
            y[i, j] = gamma[j] * x_hat_ij + beta[j]'''
    )


def test_the_gradients_of_layer_norm_share_one_walk_over_the_rows():
    _, backward = kernels("LayerNorm")
    assert backward.count("for i in range(start, stop):") == 1
    assert backward.count("for j in range(dy.shape[1]):") == 2
    assert "dgamma_total[j] += dy[i, j] * x_hat[i, j]" in backward


def test_softmax_keeps_the_exponentials_of_one_row():
    forward, _ = kernels("Softmax")
    assert "x_exp_row = np.empty(x.shape[1], real)" in forward
    assert forward.count("_exp(") == 1


def test_elementwise_layers_are_one_loop_over_all_entries():
    for function in kernels("GELUTanh"):
        assert function.count("for ") == 1


def test_a_light_value_is_computed_again_rather_than_stored():
    _, first, second, *_ = kernels("BatchNorm2d")
    assert "x_centered = x[n, c, h] - mu[c]" in first
    assert "(x[n, c, h] - mu[c])" in second


def test_the_axes_of_an_image_are_one_loop():
    assert all(function.count("for ") <= 3 for function in kernels("BatchNorm2d"))


def test_matrix_products_stay_numpy_and_have_no_threads_beside_them():
    text = symgrad.generate(layer_of("CausalAttention"), backend="numba")
    assert "@ k.transpose(0, 2, 1)" in text
    assert text.count("threads=1") == text.count("\n@_kernel\n")


@pytest.mark.parametrize("name", ["Affine", "Conv2d"])
def test_a_kernel_that_saves_no_pass_is_not_made(name):
    assert kernels(name) == []


def test_an_operation_of_its_own_is_a_kernel_for_its_threads():
    forward, backward = kernels("AddBias")
    assert "y[i, j] = x[i, j] + b[j]" in forward
    assert "db_total[j] += dy[i, j]" in backward


def test_a_sum_that_two_gradients_need_is_one():
    backward = kernels("BatchNorm2d")[3]
    assert backward.count("+= dy[n, c, h]\n") == 1


def test_the_module_is_formatted_and_clean(tmp_path):
    names = ("Softmax", "LayerNorm", "GroupNorm", "LSTMCell", "Huber", "Attention", "CrossEntropy")
    path = tmp_path / "layers.py"
    path.write_text(symgrad.generate([layer_of(n) for n in names], backend="numba"))
    ruff = [sys.executable, "-m", "ruff"]
    shown = [
        subprocess.run([*ruff, *words, str(path)], capture_output=True, text=True).stdout
        for words in (
            ("format", "--isolated", "--diff"),
            ("check", "--isolated", "--select", "E4,E7,E9,F,I,B", "--quiet"),
        )
    ]
    assert shown == ["", ""]


def test_the_same_layer_gives_the_same_bytes():
    assert symgrad.generate(layer_of("LSTMCell"), backend="numba") == symgrad.generate(
        layer_of("LSTMCell"), backend="numba"
    )


def test_no_function_of_kernels_has_the_name_of_one_for_arrays():
    scalar, arrays = helper_sources(("numba",)), helper_sources(("numpy",))
    assert not scalar.keys() & arrays.keys()


@pytest.mark.parametrize(
    "formula",
    [
        "h_td = sum_{u<=t} x_ud*(sum_{w: w > u, w <= t} tanh(x_wd))",
        """
        e_tuc = where(u < t, exp(k_uc - (t - 1 - u)*w_c), 0) for t < size(k,0)
        y_tc = (sum_u e_tuc*v_uc)/(sum_u e_tuc + 1)
        """,
        "s_n = sum_{t: t >= 1 and m[n,t-1] > 0} a[2*y_nt - y[n,t-1]]",
    ],
)
def test_what_is_computed_again_in_a_kernel_leaves_no_name_behind(formula):
    source = symgrad.generate(symgrad.Layer("Gated", formula), backend="numba")
    [forward] = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name == "forward"
    ]
    known = {argument.arg for argument in forward.args.args}
    assigned = {n.id for n in ast.walk(forward) if isinstance(n, ast.Name) and stores(n)}
    for statement in forward.body:
        names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        early = {node.id for node in names if not stores(node)} & assigned - known
        assert not early, ast.unparse(statement)
        known |= {node.id for node in names if stores(node)}
    assert not undefined(source)


def stores(name):
    return isinstance(name.ctx, ast.Store)


LONG = """
y_ij = where(x_ij > 0, a*x_ij^2 + b*x_ij, a*expm1(x_ij) - a*x_ij + b*x_ij)
"""


@pytest.mark.parametrize("formula", [LONG, "y_nk = exp(-((x_n - g_k)/h)^2)"])
def test_the_formatter_leaves_long_calls_and_negated_powers(formula):
    source = symgrad.generate(symgrad.Layer("Long", formula), backend="numba")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "-"]
    assert subprocess.run(command, input=source, capture_output=True, text=True).stdout == source


def undefined(source):
    """Return what ruff finds of names that nothing defines."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F", "-q", "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True).stdout


def test_a_loop_ends_where_a_mask_of_places_does():
    forward, _ = kernels("CausalAttention")
    assert (
        """\
            s_exp_sum = real(0)
            j_edge2 = min(max(i + 1, 0), q_scaled_k.shape[2])
            for j in range(j_edge2):
                s_exp = _exp(q_scaled_k[n, i, j] - s_max)
                s_exp_row[j] = s_exp
                s_exp_sum += s_exp
            for j in _from(j_edge2, q_scaled_k.shape[2]):
                s_exp = _exp(real(-np.inf) - s_max)
"""
        in forward
    )


# edges of all kinds: strict or not, either side, shifted, mirrored, of entries, two of them
MASKED = [
    "m_i = max_j where(i > j + 2, x_ij*x_ij, -1); y_i = m_i*(sum_j where(i <= j, exp(x_ij), 0))",
    "y_i = sum_{j: j <= i, j > i - 3} exp(x_ij)",
    "y_i = sum_{j: j < n_i} exp(x_ij)",
    "y_i = sum_{j: j >= size(x,1) - 1 - i} (where(not j <= i, x_ij, 0) + exp(x_ij))",
    "y_i = (sum_j where(j > i, 1, 0)*exp(x_ij))/(1 + sum_j where(j <= i or j == 2, 1, 0)*x_ij^2)",
]


@pytest.mark.parametrize("formula", MASKED)
def test_loops_that_are_split_at_a_mask_compute_what_it_says(formula):
    layer = symgrad.Layer("Masked", formula)
    assert "_edge = " in symgrad.generate(layer, backend="numba")
    report = symgrad.check(layer, symgrad.build(layer, backend="numba"))
    assert report.ok, str(report)
