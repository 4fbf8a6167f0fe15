"""The verifier is seen to fail: each planted mistake is reported, and the right gradient is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symgrad import Layer
from symgrad.verification import Report, verify

AFFINE = Layer("Affine", "y_ij = sum_k x_ik*W_kj + b_j")
SQUARE = Layer("Square", "y_ij = sum_k s_ik*s_kj")
SOFTMAX = Layer("Softmax", "y_ij = exp(x_ij)/sum_k exp(x_ik)")

Gradients = tuple[Any, Any, Any]


class Affine:
    """An affine layer written by hand, right."""

    def forward(self, x: Any, W: Any, b: Any) -> Any:
        self.x, self.W = x, W
        return x @ W + b

    def backward(self, dy: Any) -> Any:
        return dy @ self.W.T, self.x.T @ dy, dy.sum(axis=0)


class Square:
    """s @ s, right."""

    def forward(self, s: Any) -> Any:
        self.s = s
        return s @ s

    def backward(self, dy: Any) -> Any:
        return dy @ self.s.T + self.s.T @ dy


class Softmax:
    """A softmax, right."""

    def forward(self, x: Any) -> Any:
        exponentials = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = exponentials / exponentials.sum(axis=1, keepdims=True)
        return self.y

    def backward(self, dy: Any) -> Any:
        return self.y * (dy - (dy * self.y).sum(axis=1, keepdims=True))


def spoiled(base: type, spoil: Callable[..., Any]) -> type:
    """Return the class with `spoil(instance, dy, gradients)` in the place of its gradients."""

    class Spoiled(base):  # type: ignore[misc]
        def backward(self, dy: Any) -> Any:
            return spoil(self, dy, super().backward(dy))

    return Spoiled


def check(layer: Layer, implementation: type, seed: int = 0) -> Report:
    return verify(layer, implementation, None, seed)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("layer", "implementation"), [(AFFINE, Affine), (SQUARE, Square), (SOFTMAX, Softmax)]
)
def test_a_right_class_passes(layer: Layer, implementation: type, seed: int) -> None:
    report = check(layer, implementation, seed)
    assert report.ok, str(report)


def _second(change: Callable[[Any, Any, Any], Any]) -> Callable[..., Any]:
    """Return a spoiler of dW alone."""
    return lambda self, dy, g: (g[0], change(self, dy, g[1]), g[2])


MISTAKES_IN_DW = {
    "scaled": _second(lambda self, dy, dW: dW * 1.001),
    "sign flipped": _second(lambda self, dy, dW: -dW),
    "zero": _second(lambda self, dy, dW: np.zeros_like(dW)),
    "one entry NaN": _second(lambda self, dy, dW: np.where(dW == dW.max(), np.nan, dW)),
    "all NaN": _second(lambda self, dy, dW: np.full_like(dW, np.nan)),
    "one entry inf": _second(lambda self, dy, dW: np.where(dW == dW.min(), np.inf, dW)),
    "transposed": _second(lambda self, dy, dW: dW.T),
    "missing row": _second(lambda self, dy, dW: self.x[1:].T @ dy[1:]),
    "upstream forgotten": _second(lambda self, dy, dW: self.x.T @ np.ones_like(dy)),
    "wrong axis": _second(lambda self, dy, dW: np.broadcast_to(dW.mean(axis=0), dW.shape)),
    "broadcast shape": _second(lambda self, dy, dW: dW.sum(axis=0)),
    "none": _second(lambda self, dy, dW: None),
    "text": _second(lambda self, dy, dW: "dW"),
    "one entry off": _second(lambda self, dy, dW: np.where(dW == dW.max(), dW + 1e-6, dW)),
}


@pytest.mark.parametrize("mistake", MISTAKES_IN_DW)
def test_a_mistake_in_one_gradient_is_reported_at_that_gradient(mistake: str) -> None:
    report = check(AFFINE, spoiled(Affine, MISTAKES_IN_DW[mistake]))
    assert not report.ok
    assert not report.gradients["W"].ok
    assert report.gradients["W"].error > 1e-8
    assert report.gradients["x"].ok
    assert report.gradients["b"].ok
    assert report.forward.ok


MISTAKES_IN_SQUARE = {
    "transposed": lambda self, dy, ds: ds.T,
    "missing term": lambda self, dy, ds: dy @ self.s.T,
    "missing transpose": lambda self, dy, ds: dy @ self.s + self.s.T @ dy,
}
MISTAKES_IN_SOFTMAX = {
    "diagonal alone": lambda self, dy, dx: dy * self.y * (1 - self.y),
    "wrong axis": lambda self, dy, dx: self.y * (dy - (dy * self.y).sum(axis=0)),
    "upstream of ones": lambda self, dy, dx: self.y * (1 - self.y.sum(axis=1, keepdims=True)),
    "missing sum": lambda self, dy, dx: self.y * dy,
}


@pytest.mark.parametrize("mistake", MISTAKES_IN_SQUARE)
def test_a_transposed_gradient_of_a_square_matrix_is_reported(mistake: str) -> None:
    report = check(SQUARE, spoiled(Square, MISTAKES_IN_SQUARE[mistake]))
    assert not report.gradients["s"].ok


@pytest.mark.parametrize("mistake", MISTAKES_IN_SOFTMAX)
def test_a_wrong_softmax_gradient_is_reported(mistake: str) -> None:
    report = check(SOFTMAX, spoiled(Softmax, MISTAKES_IN_SOFTMAX[mistake]))
    assert not report.gradients["x"].ok


def _forward(change: Callable[[Any, Any], Any]) -> type:
    class Changed(Affine):
        def forward(self, x: Any, W: Any, b: Any) -> Any:
            return change(x, super().forward(x, W, b))

    return Changed


def _raise(x: Any, y: Any) -> Any:
    raise RuntimeError("out of order")


MISTAKES_IN_FORWARD = {
    "scaled": lambda x, y: y * 1.001,
    "NaN": lambda x, y: y * np.nan,
    "transposed": lambda x, y: y.T,
    "none": lambda x, y: None,
    "two outputs": lambda x, y: (y, y),
    "raises": _raise,
}


@pytest.mark.parametrize("mistake", MISTAKES_IN_FORWARD)
def test_a_wrong_output_is_reported(mistake: str) -> None:
    report = check(AFFINE, _forward(MISTAKES_IN_FORWARD[mistake]))
    assert not report.forward.ok
    assert not report.ok


BROKEN_BACKWARDS = {
    "raises": lambda self, dy, g: _raise(None, None),
    "one gradient": lambda self, dy, g: g[0],
    "two gradients": lambda self, dy, g: g[:2],
}


@pytest.mark.parametrize("mistake", BROKEN_BACKWARDS)
def test_a_backward_that_fails_is_reported_at_every_gradient(mistake: str) -> None:
    report = check(AFFINE, spoiled(Affine, BROKEN_BACKWARDS[mistake]))
    assert not any(gradient.ok for gradient in report.gradients.values())
    assert all("backward" in gradient.message for gradient in report.gradients.values())


def _overwrite(self: Any, dy: Any, gradients: Gradients) -> Gradients:
    dy *= 2
    return gradients


def _accumulate(self: Any, dy: Any, gradients: Gradients) -> Gradients:
    self.total = getattr(self, "total", 0) + gradients[2]
    return gradients[0], gradients[1], self.total


def _widen(self: Any, dy: Any, gradients: Gradients) -> Gradients:
    return gradients[0], gradients[1], gradients[2].astype(np.float64)


PROPERTIES = {
    "arguments unchanged": _overwrite,
    "backward twice the same": _accumulate,
    "float32 in, float32 out": _widen,
}


@pytest.mark.parametrize("claim", PROPERTIES)
def test_a_broken_property_is_named(claim: str) -> None:
    report = check(AFFINE, spoiled(Affine, PROPERTIES[claim]))
    assert not report.ok
    assert claim in [found.name for found in report.properties if not found.ok]


def test_a_class_that_squeezes_axes_of_length_1_is_reported() -> None:
    report = check(AFFINE, _forward(lambda x, y: np.squeeze(y)))
    assert [found.name for found in report.properties if not found.ok] == ["extents of 1"]


class WithParameters:
    """The affine layer with params W and b, right."""

    def __init__(self, W: Any, b: Any) -> None:
        self.W, self.b = W, b

    def forward(self, x: Any) -> Any:
        self.x = x
        return x @ self.W + self.b

    def backward(self, dy: Any) -> Any:
        self.dW, self.db = self.x.T @ dy, dy.sum(axis=0)
        return dy @ self.W.T


PARAMETERS = Layer("Affine", "y_ij = sum_k x_ik*W_kj + b_j", params=["W", "b"])


def test_parameters_go_to_the_constructor() -> None:
    report = check(PARAMETERS, WithParameters)
    assert report.ok, str(report)


def test_a_wrong_gradient_of_a_parameter_is_named() -> None:
    class Wrong(WithParameters):
        def backward(self, dy: Any) -> Any:
            dx = super().backward(dy)
            self.db = self.db * 2
            return dx

    report = check(PARAMETERS, Wrong)
    assert [name for name, found in report.gradients.items() if not found.ok] == ["b"]


def test_a_missing_gradient_of_a_parameter_is_reported() -> None:
    class Wrong(WithParameters):
        def backward(self, dy: Any) -> Any:
            dx = super().backward(dy)
            del self.dW
            return dx

    assert not check(PARAMETERS, Wrong).gradients["W"].ok
