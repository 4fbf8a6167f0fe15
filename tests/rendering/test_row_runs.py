"""A method that goes over large arrays by blocks of rows computes what it computes in one go."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad import Layer, catalogue, check, generate
from symgrad.derivation import derive
from symgrad.lowering import lower
from symgrad.lowering.blocking.row_runs import Run, runs_of
from symgrad.lowering.nodes.traversal import variables
from symgrad.lowering.plans.plan import Method
from symgrad.rendering import document, load_class, render

RNG = np.random.default_rng(11)
CHAIN = "tanh(u_ij)*u_ij + exp(-u_ij^2) + 1/(1 + u_ij^2)"
LONG = f"u_ij = x_ij*s_j + b_i\ny_ij = {CHAIN}"
# layers of the catalogue of which forward or backward goes by blocks, without sums over rows
BLOCKED = ("GELU", "GELUTanh", "SELU", "LeakyReLU", "Hardswish", "SiLU", "Softplus", "Softmax")
SHAPES = [(7, 3), (1, 5), (5, 1), (0, 3), (3, 0), (0, 0)]
BYTES = "    return 1048576\n"


def made(layer: Layer, buffers: bool, size: int | None = None) -> Any:
    """Return a class whose blocks have at most `size` bytes, where it says one."""
    source = render([replace(document(layer), buffers=buffers)])
    if size is not None:
        assert BYTES in source
        source = source.replace(BYTES, f"    return {size}\n")
    made_class = load_class(source, layer.name)
    return partial(made_class, buffers=True) if buffers else made_class


def results(layer: Any, given: list[Any], incoming: Any) -> list[np.ndarray]:
    """Return copies of what two calls of forward and of backward return."""
    layer.forward(*[array * 2 for array in given])
    layer.forward(*given)
    found = [layer.forward(*given), *(layer.backward(incoming) for _ in range(2))]
    listed = [part for f in found for part in (f if isinstance(f, tuple) else (f,))]
    return [np.array(array) for array in listed]


def compare(layer: Layer, given: list[Any], incoming: Any) -> None:
    """Compare blocks of one row and of some with the whole, with buffers and not.

    Rows agree bit by bit; sums over them are added up in another order.
    """
    expected = results(made(layer, False)(), given, incoming)
    before = [array.copy() for array in (*given, incoming)]
    for buffers in (False, True):
        for size in (2, 64):
            found = results(made(layer, buffers, size)(), given, incoming)
            for left, right in zip(found, expected, strict=True):
                assert (left.dtype, left.shape) == (right.dtype, right.shape)
                off = 0 if left.shape == incoming.shape else 1e-13
                np.testing.assert_allclose(left, right, rtol=off, atol=off)
    for array, kept in zip((*given, incoming), before, strict=True):
        np.testing.assert_array_equal(array, kept)


def runs(formula: str) -> tuple[list[Run], list[Run]]:
    """Return the runs of forward and of backward."""
    plan = lower(derive(Layer("Tested", formula)).program)
    forward, backward = plan.forward, plan.backward
    return (
        runs_of(plan, forward.assignments, _live(forward) | set(plan.kept)),
        runs_of(plan, backward.assignments, _live(backward), forward.assignments),
    )


def _live(method: Method) -> set[str]:
    return {variable.name for array in method.returns for variable in variables(array)}


def cut(formula: str) -> list[tuple[str, ...]]:
    """Return the arrays of whose rows forward takes blocks, for each run."""
    return [tuple(sorted(run.reads)) for run in runs(formula)[0] if run.reads]


@pytest.fixture(params=["1", "3"])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one thread work, then three."""
    monkeypatch.setenv("OMP_NUM_THREADS", request.param)


# --- the same results ----------------------------------------------------------------------------


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("name", BLOCKED)
def test_blocks_have_the_same_results(name: str, dtype: type) -> None:
    x, dy = (RNG.normal(size=(7, 3)).astype(dtype) for _ in range(2))
    compare(catalogue.entry(name), [x], dy)


@pytest.mark.usefixtures("threads")
def test_the_catalogue_by_blocks_of_one_row_agrees_with_the_formulas() -> None:
    layers = [layer for layer in symgrad.catalog().values() if BYTES in generate(layer)]
    assert {"LayerNorm", "RMSNorm", "GroupNorm", "PReLU", "CumSum"} <= {
        each.name for each in layers
    }
    for layer in layers:
        report = check(layer, made(layer, False, 2))
        assert report.ok, report


@pytest.mark.parametrize("shape", SHAPES)
def test_arrays_that_are_read_whole_are_not_cut(shape: tuple[int, int]) -> None:
    extents = {"x": shape, "s": shape[1:], "b": shape[:1]}
    layer = Layer("Long", LONG)
    given = [RNG.normal(size=extents[name]) for name in layer.inputs]
    compare(layer, given, RNG.normal(size=shape))


def test_an_array_of_one_axis_is_cut_along_it() -> None:
    layer = Layer("Line", "y_i = tanh(x_i)*x_i + exp(-x_i^2) + 1/(1 + x_i^2)")
    compare(layer, [RNG.normal(size=11)], RNG.normal(size=11))


def test_an_output_that_is_kept_is_returned_as_well() -> None:
    layer = Layer("Kept", "y_ij = sigmoid(2*x_ij + 1)")
    assert "self.y = _in_blocks(of_rows, x, passes=5)\n        return self.y" in generate(layer)
    compare(layer, [RNG.normal(size=(7, 3))], RNG.normal(size=(7, 3)))


def test_with_buffers_blocks_go_to_the_memory_of_the_first_call() -> None:
    layer = made(catalogue.entry("GELUTanh"), True, 16)()
    x, dy = RNG.normal(size=(2, 7, 3))
    first, gradient = layer.forward(x), layer.backward(dy)
    assert np.shares_memory(layer.forward(x), first)
    assert np.shares_memory(layer.backward(dy), gradient)
    assert not np.shares_memory(first, gradient)


@pytest.mark.parametrize("turn", [lambda a: a.T.copy().T, lambda a: a[::-1], lambda a: a[:, ::2]])
def test_views_have_the_same_results(turn: Any) -> None:
    layer = catalogue.entry("GELUTanh")
    x, dy = turn(RNG.normal(size=(6, 4))), turn(RNG.normal(size=(6, 4)))
    compare(layer, [x], dy)


def test_large_arrays_have_the_same_results() -> None:
    layer = catalogue.entry("GELUTanh")
    x, dy = RNG.normal(size=(2, 1031, 521))
    source = render([document(layer)])
    whole = load_class(source.replace(BYTES, "    return 1 << 40\n"), layer.name)()
    for left, right in zip(
        results(made(layer, False)(), [x], dy), results(whole, [x], dy), strict=True
    ):
        np.testing.assert_array_equal(left, right)


def test_sums_over_rows_do_not_depend_on_when_threads_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    layer = catalogue.entry("LayerNorm")
    x, dy = RNG.normal(size=(2, 1031, 521)).astype(np.float32)
    gamma, beta = RNG.normal(size=(2, 521)).astype(np.float32)
    found = set()
    for _ in range(4):
        instance = made(layer, False, 4096)(gamma, beta)
        instance.forward(x)
        instance.backward(dy)
        found.add((instance.dgamma.tobytes(), instance.dbeta.tobytes()))
    assert len(found) == 1


def test_what_a_thread_raises_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    layer = made(Layer("Roots", "y_ij = log(x_ij)*exp(x_ij)"), False, 2)()
    x = np.ones((6, 4))
    x[-1] = -1
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        layer.forward(x)
    assert np.isnan(layer.forward(np.where(x < 0, np.nan, x))[-1]).all()


def test_a_child_process_has_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    layer = made(catalogue.entry("GELUTanh"), False, 16)()
    x = RNG.normal(size=(8, 4))
    expected = layer.forward(x)
    context = get_context("fork")
    queue = context.SimpleQueue()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks of processes with threads
        child = context.Process(target=lambda: queue.put(layer.forward(x)))
        child.start()
    child.join(timeout=60)
    assert child.exitcode == 0
    np.testing.assert_array_equal(queue.get(), expected)


# --- which methods -------------------------------------------------------------------------------


def test_a_long_chain_is_computed_by_rows() -> None:
    assert cut(LONG) == [("b", "x")]


def test_reductions_along_rows_are_computed_with_them() -> None:
    assert cut("y_ij = exp(x_ij - max_k x_ik)/sum_k exp(x_ik)") == [("x",)]


def test_sums_over_rows_are_added_up() -> None:
    formula = "v_i = mean_k x_ik^2\ny_ij = g_j*x_ij/sqrt(v_i + 1)"
    assert [set(run.sums) for run in runs(formula)[1]] == [{"dg"}]


def test_what_needs_the_sum_over_all_rows_comes_after_them() -> None:
    formula = f"u_ij = x_ij*s_j\nv_ij = {CHAIN}\nc_j = sum_i v_ij\ny_ij = tanh(v_ij*c_j)"
    forward = runs(formula)[0]
    assert [(bool(run.reads), set(run.sums)) for run in forward] == [(True, {"c"}), (True, set())]
    check_both(formula)


def test_what_holds_the_number_of_rows_comes_before_them() -> None:
    formula = f"n_j = sum_i w_ij\nu_ij = x_ij*n_j/size(x, 0)\ny_ij = {CHAIN}"
    check_both(formula)
    source = generate(Layer("Tested", formula))
    assert "x.shape[0]" in source[: source.index("def of_rows")]
    norm = generate(catalogue.entry("BatchNorm"))
    assert "        dgamma_scaled = dgamma / dy.shape[0]\n" in norm
    assert "            dx = dgamma_scaled * x_hat\n" in norm


def test_what_rows_need_whole_comes_before_them() -> None:
    formula = f"s_j = sum_k w_jk^2\nu_ij = x_ij*s_j\ny_ij = {CHAIN}"
    forward = runs(formula)[0]
    assert [run.reads for run in forward] == [(), ("x",)]
    check_both(formula)


def check_both(formula: str) -> None:
    """Compare blocks of one row with the formula."""
    layer = Layer("Tested", formula)
    report = check(layer, made(layer, False, 2))
    assert report.ok, report


@pytest.mark.parametrize(
    "formula",
    [
        "y_ij = x_ij*2 + 1",  # short
        f"u_ij = x_ij - mean_k x_kj\ny_ij = {CHAIN}",  # a mean over the rows, and of their number
        f"u_ij = x_ij - x_ji\ny_ij = {CHAIN}",  # other rows of the same array
        f"u_ij = x_ij*b_i + b_j\ny_ij = {CHAIN}",  # both its row of b and all of b
        f"u_ij = x_ij/size(x, 0)\ny_ij = {CHAIN}",  # the number of rows
        f"u_ij = x[i+1, j]\ny_ij = {CHAIN}",  # the row behind
        f"opaque g\nu_ij = g(x_ij)\ny_ij = {CHAIN}",  # a function of the user may look at all of it
        f"u_ij = sum_k x_ik*w_kj\ny_ij = {CHAIN}",  # BLAS has threads of its own
    ],
)
def test_what_needs_more_than_its_own_rows_is_not(formula: str) -> None:
    assert all("x" not in reads for reads in cut(formula))
    check_layer(formula)


def check_layer(formula: str) -> None:
    """Compare what is generated with the formula, blocks of one row where it has blocks."""
    layer = Layer("Tested", formula)
    size = 2 if BYTES in render([document(layer)]) else None
    if not layer.opaque:
        report = check(layer, made(layer, False, size))
        assert report.ok, report


def test_a_method_with_blocks_reads_like_one_without() -> None:
    source = generate(catalogue.entry("GELUTanh"))
    assert (
        """
        def of_rows(x):
            x_tanh = x * (0.044715 * (2 / np.pi) ** 0.5 * x**2 + (2 / np.pi) ** 0.5)
            np.tanh(x_tanh, out=x_tanh)
            y = 0.5 * x * (x_tanh + 1)
            return x_tanh, y

        x_tanh, y = _in_blocks(of_rows, x, passes=10)
        self.x, self.x_tanh = x, x_tanh
        return y
"""
        in source
    )
