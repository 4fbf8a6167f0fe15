"""Classes of the numba backend pass what those of the NumPy backend pass."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import symgrad
from symgrad import catalogue
from symgrad.rendering import build
from tests.backends.conftest import ALL
from tests.rendering import test_values
from tests.rendering.formulas import FORMULAS
from tests.running import class_of, layer_of

# between them: flat and nested loops, row buffers, sums over rows, masks, labels, BLAS between
LAYERS = (
    "GELU",
    "Huber",
    "PReLU",
    "Softmax",
    "LayerNorm",
    "RMSNorm",
    "BatchNorm2d",
    "CrossEntropy",
    "InfoNCE",
    "CausalAttention",
    "GRUCell",
    "Conv2d",
)


def fused(name):
    """Return the class of a layer from the numba backend."""
    return build(layer_of(name), backend="numba")


@pytest.mark.parametrize("name", catalogue.names() if ALL else LAYERS)
def test_a_layer_passes_verification(name):
    report = symgrad.check(layer_of(name), fused(name))
    assert report.ok, str(report)


@pytest.mark.skipif(not ALL, reason="takes minutes: SYMGRAD_BACKENDS=all")
@pytest.mark.parametrize("formula", FORMULAS)
def test_every_form_computes_what_its_statements_mean(formula, monkeypatch):
    monkeypatch.setattr(test_values, "build", lambda layer: build(layer, backend="numba"))
    test_values.prepared.cache_clear()
    for dtype in (np.float64, np.float32):
        test_values.check(formula, test_values.EXTENTS, dtype)
    test_values.test_extents_of_one_work(formula)
    test_values.prepared.cache_clear()


@pytest.mark.parametrize(
    "formula",
    [
        # three axes that are one loop, and the length of one of them
        "m_n = sum_{c,h,w} x_nchw*exp(x_nchw)*size(w); y_nchw = m_n*x_nchw*size(h)",
        # names that kernels have themselves
        "real_ij = start_ij*exp(stop_ij) + math_i*x_total_i; y_j = sum_i real_ij*x_total_i",
    ],
)
def test_a_formula_that_needs_care_passes_verification(formula):
    report = symgrad.check(symgrad.Layer("Layer", formula), build(formula, backend="numba"))
    assert report.ok, str(report)


def both(name, *inputs, params=()):
    """Return the results of forward and backward of both backends, for the same inputs."""
    results = []
    for cls in (class_of(name), fused(name)):
        layer = cls(*params)
        with np.errstate(all="ignore"):
            y = layer.forward(*inputs)
            dy = np.random.default_rng(3).normal(size=np.shape(y)).astype(np.asarray(y).dtype)
            dx = layer.backward(dy)
        results.append((np.asarray(y), np.asarray(dx)))
    return results


@pytest.mark.parametrize("name", ["GELU", "Softmax", "CrossEntropy"])
def test_infinities_and_nan_are_as_in_numpy(name):
    x = np.array([[0.0, 1.0, -2.0], [np.nan, 1.0, 2.0], [np.inf, 1.0, 2.0], [-np.inf, 0.0, 1e308]])
    labels = (np.array([0, 1, 2, 1]),) if name == "CrossEntropy" else ()
    (y, dx), (fused_y, fused_dx) = both(name, x, *labels)
    np.testing.assert_allclose(fused_y, y, rtol=1e-12)
    np.testing.assert_allclose(fused_dx, dx, rtol=1e-12)
    assert np.isnan(y).any()


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble])
def test_types_that_kernels_lack_keep_their_type(dtype):
    x = np.random.default_rng(1).normal(size=(4, 5)).astype(dtype)
    (y, dx), (fused_y, fused_dx) = both("Softmax", x)
    tolerance = 2e-3 if dtype is np.float16 else 1e-14
    assert fused_y.dtype == fused_dx.dtype == dtype
    np.testing.assert_allclose(fused_y, y, rtol=tolerance)
    np.testing.assert_allclose(fused_dx, dx, atol=tolerance)


def test_a_parameter_of_another_type_is_computed_in_the_layers():
    x = np.random.default_rng(1).normal(size=(4, 5))
    gamma, beta = np.arange(1, 6), np.ones(5, np.float32)
    (y, dx), (fused_y, fused_dx) = both("LayerNorm", x, params=(gamma, beta))
    np.testing.assert_allclose(fused_y, y, rtol=1e-12)
    np.testing.assert_allclose(fused_dx, dx, rtol=1e-10)


def test_long_sums_of_float32_are_accurate():
    x = np.full((200_000, 8), 0.1, np.float32)
    layer = fused("LayerNorm")(np.ones(8, np.float32), np.zeros(8, np.float32))
    layer.forward(x)
    layer.backward(x)
    np.testing.assert_allclose(layer.dbeta, np.float32(0.1) * 200_000.0, rtol=1e-6)


@pytest.mark.parametrize("name", ["Softmax", "GELU", "LayerNorm"])
def test_threads_compute_what_one_computes(name, monkeypatch):
    x = np.random.default_rng(1).normal(size=(257, 3))
    params = (np.ones(3), np.zeros(3)) if name == "LayerNorm" else ()
    results = []
    for parts in (1, 4):
        cls = fused(name)
        module = sys.modules[cls.__module__]
        monkeypatch.setattr(module, "_share_count", lambda *_, parts=parts: parts)
        layer = cls(*params)
        y = layer.forward(x)
        results.append([y, layer.backward(y), *(getattr(layer, "dgamma", 0.0),)])
    for one, several in zip(*results, strict=True):
        np.testing.assert_allclose(several, one, rtol=1e-12)


PROGRAM = """
import numpy as np
import symgrad
layer = symgrad.build("y_ij = exp(x_ij)/sum_k exp(x_ik)", backend="numba")()
layer.forward(np.ones((2, 3)))
print(sum(sum(f.stats.cache_hits.values()) for f in vars(__import__("sys").modules[
    type(layer).__module__]).values() if hasattr(f, "stats")))
"""


def test_a_second_process_compiles_nothing(tmp_path):
    environment = {**os.environ, "SYMGRAD_CACHE_DIR": str(tmp_path)}
    hits = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert hits == ["0", "1"]
