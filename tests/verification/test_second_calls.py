"""What a call leaves behind: results that change later, types that stay, buffers in use."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad import Layer
from symgrad.rendering import load_class
from symgrad.verification import Report, verify
from symgrad.verification.checking import derived_program

TANH = Layer("Tanh", "y_ij = tanh(x_ij)")
SCALED = Layer("Scaled", "y_ij = x_ij*c_j", params=["c"])


class Tanh:
    """What symgrad would write."""

    def forward(self, x: Any) -> Any:
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy: Any) -> Any:
        return dy * (1 - self.y**2)


class WritesToItsOutput(Tanh):
    def backward(self, dy: Any) -> Any:
        squares = getattr(self, "squares", None)
        if squares is None:
            squares = self.squares = np.square(self.y, out=self.y)
        return dy * (1 - squares)


class KeepsOneArray(Tanh):
    def forward(self, x: Any) -> Any:
        x = np.asarray(x, np.float32 if np.asarray(x).dtype == np.float32 else float)
        kept = getattr(self, "kept", None)
        if kept is None or kept.dtype != x.dtype:
            self.kept = np.empty(1000, x.dtype)
        self.y = self.kept[: np.size(x)].reshape(np.shape(x))
        return np.tanh(x, out=self.y)


class TakesArraysAlone(Tanh):
    def forward(self, x: Any) -> Any:
        return super().forward(x.astype(x.dtype))


class TrustsThatAxesAreDense(Tanh):
    def forward(self, x: Any) -> Any:
        x = np.asarray(x)
        return super().forward(np.lib.stride_tricks.as_strided(x, x.shape, _dense(x)))


def _dense(x: Any) -> Any:
    return np.empty(x.shape, x.dtype).strides


class KeepsItsType(Tanh):
    def forward(self, x: Any) -> Any:
        self.dtype = getattr(self, "dtype", np.asarray(x).dtype)
        return super().forward(np.asarray(x, self.dtype))


def failed(report: Report) -> list[str]:
    return [f"{one.name}: {one.message}" for one in report.properties if not one.ok]


def judged(implementation: Any) -> list[str]:
    return failed(verify(TANH, implementation, derived_program(TANH), generated=True))


def test_a_class_that_leaves_its_results_alone_passes() -> None:
    assert judged(Tanh) == []


def test_a_backward_that_writes_to_the_output_is_reported() -> None:
    assert "results unchanged: backward writes to y, which forward returned" in judged(
        WritesToItsOutput
    )


def test_a_backward_by_hand_that_writes_to_the_output_is_reported() -> None:
    assert not symgrad.check(TANH, WritesToItsOutput).ok


def test_generated_code_that_writes_over_its_result_of_the_call_before_is_reported() -> None:
    assert judged(KeepsOneArray) == ["results unchanged: the second call writes to y of the first"]


def test_a_class_by_hand_may_write_over_its_result_of_the_call_before() -> None:
    assert symgrad.check(TANH, KeepsOneArray).ok


def test_a_type_that_stays_from_the_call_before_is_reported() -> None:
    assert judged(KeepsItsType) == [
        "float32 in, float32 out: y depends on a call in float64 before"
    ]


def test_a_class_that_takes_no_lists_is_reported_as_generated_code_alone() -> None:
    assert judged(TakesArraysAlone) == [
        "any kind of array: given lists of whole numbers, "
        "raised AttributeError: 'list' object has no attribute 'astype'"
    ]
    assert symgrad.check(TANH, TakesArraysAlone).ok


def test_a_class_that_ignores_gaps_is_reported() -> None:
    (message,) = judged(TrustsThatAxesAreDense)
    assert message.startswith("any kind of array: given arrays with gaps, y")


@pytest.mark.parametrize("name", ["Softmax", "LayerNorm", "ReLU", "CrossEntropy"])
def test_classes_with_buffers_pass_as_generated_code(name: str) -> None:
    report = symgrad.check(symgrad.catalog()[name], buffers=True)
    assert report.ok, str(report)
    assert "kinks far from 0" in [one.name for one in report.properties]


def test_classes_of_numba_are_judged_as_generated_code() -> None:
    pytest.importorskip("numba")
    report = symgrad.check(TANH, backend="numba")
    assert report.ok, str(report)
    assert "kinks far from 0" in [one.name for one in report.properties]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("_spare(self, x)", "pass", "given its own y as x"),
        ("_spare(self, dy)", "pass", "given its own dx as dy"),
        ('_buffer(self, "y", x.shape)', '_buffer(self, "dx", x.shape)', "to y"),
        (" or kept.dtype != layer.dtype", "", "float64 before"),
        ('"dx", dy.shape', '"y", dy.shape', "writes to y"),
        (" or kept.shape != shape", "", "raised"),
    ],
)
def test_a_fault_in_the_use_of_buffers_is_reported(before: str, after: str, message: str) -> None:
    source = symgrad.generate(SCALED, buffers=True)
    assert source.count(before) == 1
    made = partial(load_class(source.replace(before, after), SCALED.name), buffers=True)
    report = verify(SCALED, made, derived_program(SCALED), generated=True, buffers=True)
    assert any(message in one for one in failed(report)), failed(report)


def test_a_buffer_that_fits_two_arrays_of_equal_axes_alone_is_reported() -> None:
    layer = Layer("Affine", "y_ij = sum_k x_ik*w_kj", params=["w"])
    source = symgrad.generate(layer, buffers=True)
    assert source.count('_buffer(self, "dx"') == 1
    source = source.replace('_buffer(self, "dx"', '_buffer(self, "y"')
    made = partial(load_class(source, layer.name), buffers=True)
    report = verify(layer, made, derived_program(layer), generated=True, buffers=True)
    assert "equal extents: y was written to" in failed(report)


def test_integers_are_compared_with_floats_that_have_no_negative_zero() -> None:
    # the reciprocal of -0 is -inf, of an integer 0 inf
    report = symgrad.check("y_i = 1/x_i^3 - 2/x_i")
    assert report.ok, report
    report = symgrad.check("y_i = 3*(0.5*x_i^2 - 0.25*x_i^(-1))")
    assert report.ok, report
