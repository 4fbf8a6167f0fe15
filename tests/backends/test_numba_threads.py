"""Threads share the rows of a kernel: they add up the same sums whoever computes what."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import symgrad
from symgrad.rendering import build
from tests.running import layer_of

X = np.random.default_rng(1).normal(size=(257, 5))
LIMIT = 60


@pytest.fixture(scope="module")
def cls():
    """Return a class with sums over rows."""
    return build(layer_of("LayerNorm"), backend="numba")


@pytest.fixture
def module(cls, monkeypatch):
    """Return its module, in which eight shares of any rows are made."""
    found = sys.modules[cls.__module__]
    monkeypatch.setattr(found, "_share_count", lambda *_: 8)
    return found


def results(cls, x=X):
    layer = cls(np.arange(1.0, 6.0), np.ones(5))
    y = layer.forward(x)
    return [y, layer.backward(y * y), layer.dgamma, layer.dbeta]


def test_the_same_bits_come_from_one_thread_and_from_several(cls, module):
    first = results(cls)
    with module._team(os.getpid()).lock:
        alone = results(cls)
    for one, several in zip(alone, first, strict=True):
        np.testing.assert_array_equal(several, one)


def test_threads_that_call_at_once_get_their_own_results(cls, module):
    arrays = [X * factor for factor in range(1, 9)]
    expected = [results(cls, x) for x in arrays]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            given = pool.map(lambda x: results(cls, x), arrays)
            for found, wanted in zip(given, expected, strict=True):
                for one, other in zip(found, wanted, strict=True):
                    np.testing.assert_array_equal(one, other)


def test_the_helping_threads_sleep_when_there_is_nothing_to_do(cls, module):
    team = module._team(os.getpid())
    for _ in range(3):
        results(cls)
        for future in [team.pool.submit(int) for _ in range(team.count)]:
            future.result(LIMIT)
        assert len(team.asleep) == team.count
        assert team.job is None


def failing(start, stop, x):
    if x[start] < 0:
        raise ValueError("a negative entry")
    x[start:stop] += 1


@pytest.mark.parametrize("place", range(8))
def test_an_error_of_any_thread_is_raised_and_ends_the_turn(cls, module, place):
    kernel = module._kernel(failing)
    x = np.zeros(8)
    x[place] = -1
    with pytest.raises(ValueError, match="a negative entry"):
        module._rows(kernel, 8, x)
    team = module._team(os.getpid())
    assert not team.words[[module._TURN, module._INSIDE]].any()
    x = np.zeros(8)
    module._rows(kernel, 8, x)
    np.testing.assert_array_equal(x, 1)


PROGRAM = """
import os, sys
import numpy as np
import symgrad
layer = symgrad.build("y_ij = exp(x_ij)/sum_k exp(x_ik)", backend="numba")()
sys.modules[type(layer).__module__]._share_count = lambda *_: 8
x = np.ones((64, 4))
layer.forward(x)
child = os.fork()
assert (layer.forward(x) == 0.25).all()
if not child:
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_threads_of_its_own_and_both_end():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=LIMIT)


TWICE = """
import numpy as np
import layers
layers._share_count = lambda *_: 4
x = np.linspace(0.0, 1.0, 64).reshape(16, 4)
np.testing.assert_allclose(layers.A().forward(x), np.exp(x) * x, rtol=1e-12)
np.testing.assert_allclose(layers.B().forward(x), np.tanh(x) * x, rtol=1e-12)
kernels = [f.shared for f in vars(layers).values() if hasattr(f, "shared")]
print(sum(sum(kernel.stats.cache_hits.values()) for kernel in kernels))
"""


def test_a_second_process_finds_the_code_of_each_kernel_on_disk(tmp_path):
    formulas = {"A": "y_ij = exp(x_ij)*x_ij", "B": "y_ij = tanh(x_ij)*x_ij"}
    layers = [symgrad.Layer(name, formula) for name, formula in formulas.items()]
    (tmp_path / "layers.py").write_text(symgrad.generate(layers, backend="numba"))
    shown = [
        subprocess.run(
            [sys.executable, "-c", TWICE],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert shown == ["0", "2"]
