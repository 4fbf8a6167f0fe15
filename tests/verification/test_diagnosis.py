"""What is wrong with a backward that somebody wrote is named, and what is right passes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symgrad

AFFINE = symgrad.Layer("Affine", "y_ij = sum_k x_ik*w_kj + b_j", params=["w", "b"])
SOFTMAX = symgrad.Layer("Softmax", "y_ij = exp(x_ij)/sum_k exp(x_ik)")
RELU = symgrad.Layer("ReLU", "y_ij = max(x_ij, 0)")
SQUARE = symgrad.Layer("Square", "y_ij = sum_k x_ik*x_kj")
LABELS = symgrad.Layer(
    "CrossEntropy", "p_ij = exp(x_ij)/sum_k exp(x_ik)\nloss = -mean_i log(p[i, t_i])"
)
Change = Callable[[Any, np.ndarray, list[np.ndarray]], list[Any]]


def affine(change: Change) -> type:
    """Return an affine layer whose gradients [dx, dw, db] are changed."""

    class Affine:
        def __init__(self, w: Any, b: Any) -> None:
            self.w, self.b = w, b

        def forward(self, x: Any) -> Any:
            self.x = x
            return x @ self.w + self.b

        def backward(self, dy: Any) -> Any:
            right = [dy @ self.w.T, self.x.T @ dy, dy.sum(axis=0)]
            dx, self.dw, self.db = change(self, dy, right)
            return dx

    return Affine


def softmax(gradient: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> type:
    class Softmax:
        def forward(self, x: Any) -> Any:
            e = np.exp(x - x.max(axis=1, keepdims=True))
            self.y = e / e.sum(axis=1, keepdims=True)
            return self.y

        def backward(self, dy: Any) -> Any:
            return gradient(self.y, dy)

    return Softmax


def label_loss(scale: Callable[[int], float]) -> type:
    class CrossEntropy:
        def forward(self, x: Any, t: Any) -> Any:
            e = np.exp(x - x.max(axis=1, keepdims=True))
            self.p, self.t = e / e.sum(axis=1, keepdims=True), t
            return -np.log(self.p[np.arange(len(t)), t]).mean()

        def backward(self, dloss: Any) -> Any:
            dx = self.p.copy()
            dx[np.arange(len(self.t)), self.t] -= 1
            return dloss * dx * scale(len(self.t))

    return CrossEntropy


def right(layer: Any, dy: np.ndarray, gradients: list[np.ndarray]) -> list[Any]:
    return gradients


def test_a_right_class_passes_and_has_no_diagnosis() -> None:
    report = symgrad.check(AFFINE, affine(right))
    assert report.ok, report
    assert report.gradients["w"].diagnosis == ""


# the faulty gradient, the change, words of the diagnosis
MISTAKES: list[tuple[str, Change, str]] = [
    ("x", lambda layer, dy, g: [-g[0], g[1], g[2]], "sign"),
    ("w", lambda layer, dy, g: [g[0], g[1] / len(dy), g[2]], "1/size(i)"),
    ("w", lambda layer, dy, g: [g[0], 2 * g[1], g[2]], "2"),
    ("b", lambda layer, dy, g: [g[0], g[1], dy.sum(axis=1)], "summed over j"),
    ("b", lambda layer, dy, g: [g[0], g[1], dy.mean(axis=0)], "size(i)"),
    ("w", lambda layer, dy, g: [g[0], None, g[2]], "None"),
    ("w", lambda layer, dy, g: [g[0], g[1].T, g[2]], "transposed"),
    ("x", lambda layer, dy, g: [np.ones_like(dy) @ layer.w.T, g[1], g[2]], "dy"),
    ("x", lambda layer, dy, g: [g[0] * np.nan, g[1], g[2]], "NaN"),
]


@pytest.mark.parametrize(("name", "change", "words"), MISTAKES)
def test_a_planted_mistake_is_named(name: str, change: Change, words: str) -> None:
    report = symgrad.check(AFFINE, affine(change))
    wrong = report.gradients[name]
    assert not report.ok
    assert not wrong.ok
    assert words.lower() in wrong.diagnosis.lower(), wrong.diagnosis
    assert all(other.ok for n, other in report.gradients.items() if n != name)
    assert wrong.diagnosis in str(report)


def test_a_softmax_without_its_cross_term_is_told_so() -> None:
    report = symgrad.check(SOFTMAX, softmax(lambda y, dy: dy * y * (1 - y)))
    assert "cross terms are missing" in report.gradients["x"].diagnosis


def test_a_right_softmax_passes() -> None:
    right = softmax(lambda y, dy: y * (dy - (dy * y).sum(axis=1, keepdims=True)))
    assert symgrad.check(SOFTMAX, right).ok


def test_a_loss_that_forgets_to_average_is_told_by_which_size() -> None:
    assert symgrad.check(LABELS, label_loss(lambda n: 1 / n)).ok
    report = symgrad.check(LABELS, label_loss(lambda n: 1.0))
    assert "size(i)" in report.gradients["x"].diagnosis


def test_a_second_winner_at_a_tie_is_reported_and_another_slope_at_a_kink_is_not() -> None:
    class Slope1:
        def forward(self, x: Any) -> Any:
            self.x = x
            return np.maximum(x, 0)

        def backward(self, dy: Any) -> Any:
            return dy * (self.x >= 0)

    class TwoWinners:
        def forward(self, x: Any) -> Any:
            self.x, self.y = x, x.max(axis=1)
            return self.y

        def backward(self, dy: Any) -> Any:
            return dy[:, None] * (self.x == self.y[:, None])

    assert symgrad.check(RELU, Slope1).ok
    report = symgrad.check("y_i = max_j x_ij", TwoWinners)
    assert "kink or tie" in report.gradients["x"].diagnosis


def test_gradients_that_pile_up_are_told_so() -> None:
    class PilesUp(affine(right)):  # type: ignore[misc]
        total: Any = 0

        def backward(self, dy: Any) -> Any:
            dx = super().backward(dy)
            self.total = self.total + self.dw
            self.dw = self.total
            return dx

    report = symgrad.check(AFFINE, PilesUp)
    assert "accumulated" in report.gradients["w"].diagnosis


def test_a_pair_of_functions_is_checked_too() -> None:
    def forward(x: Any) -> Any:
        return x @ x, x

    def backward(dy: Any, x: Any) -> Any:
        return dy @ x.T + x.T @ dy

    assert symgrad.check(SQUARE, (forward, backward)).ok
    report = symgrad.check(SQUARE, (forward, lambda dy, x: dy @ x.T))
    assert not report.gradients["x"].ok
    assert report.gradients["x"].diagnosis


def test_what_is_no_implementation_says_what_was_looked_for() -> None:
    with pytest.raises(ValueError, match="a pair of functions"):
        symgrad.check(AFFINE, 3)


ROUNDED = [
    (lambda dw: dw.astype(np.float32), "is right to the precision of float32, and"),
    (lambda dw: dw.astype(np.float16), "is right to the precision of float16, and"),
    (lambda dw: dw * (1 + 1e-6), "is right in its first digits alone"),
]


@pytest.mark.parametrize(("rounded", "sentence"), ROUNDED)
def test_a_gradient_that_lost_its_last_digits_is_told_from_one_that_is_wrong(
    rounded: Callable[[np.ndarray], np.ndarray], sentence: str
) -> None:
    implementation = affine(lambda layer, dy, g: [g[0], rounded(g[1]), g[2]])
    report = symgrad.check(AFFINE, implementation)
    assert report.gradients["w"].diagnosis.startswith(sentence)
    assert report.gradients["x"].ok
    assert report.gradients["b"].ok
