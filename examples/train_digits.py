"""Train a two-layer network on scikit-learn's digits; every layer is generated from its formula.

    pip install 'symgrad[examples]'
    python examples/train_digits.py

Prints the loss and the accuracy on held-out digits after every fifth epoch, and reaches 97 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import symgrad

Affine = symgrad.build(symgrad.Layer("Affine", "y_ij = sum_k x_ik*W_kj + b_j", params=("W", "b")))
ReLU = symgrad.build(symgrad.Layer("ReLU", "y_ij = relu(x_ij)"))
SoftmaxCrossEntropy = symgrad.build(
    symgrad.Layer(
        "SoftmaxCrossEntropy",
        """
        p_ij = exp(x_ij)/sum_k exp(x_ik)
        loss = -mean_i sum_j t_ij*log(p_ij)
        """,
        wrt=("x",),
    )
)


class Network:
    """Affine, ReLU, Affine; each layer keeps its parameters, and their gradients after backward."""

    def __init__(self, sizes: tuple[int, int, int], rng: np.random.Generator) -> None:
        """Draw the weights for sizes (inputs, hidden, outputs), after He et al. 2015."""
        inputs, hidden, outputs = sizes
        self.affine1 = Affine(_weights(rng, inputs, hidden), np.zeros(hidden))
        self.relu = ReLU()
        self.affine2 = Affine(_weights(rng, hidden, outputs), np.zeros(outputs))

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return the logits, (N, outputs), of the inputs x, (N, inputs)."""
        return self.affine2.forward(self.relu.forward(self.affine1.forward(x)))

    def backward(self, dlogits: np.ndarray) -> None:
        """Set the gradients of all parameters."""
        self.affine1.backward(self.relu.backward(self.affine2.backward(dlogits)))

    def parameters(self) -> list[np.ndarray]:
        """Return the parameters themselves, to be updated in place."""
        return [self.affine1.W, self.affine1.b, self.affine2.W, self.affine2.b]

    def gradients(self) -> list[np.ndarray]:
        """Return the gradients of the parameters, in the same order."""
        return [self.affine1.dW, self.affine1.db, self.affine2.dW, self.affine2.db]


def train(epochs: int = 40, batch: int = 32, rate: float = 0.1, momentum: float = 0.9) -> float:
    """Train with momentum; return the accuracy on the held-out digits."""
    rng = np.random.default_rng(0)
    x_train, x_test, t_train, t_test = _digits()
    network = Network((64, 128, 10), rng)
    loss_layer = SoftmaxCrossEntropy()
    one_hot = np.eye(10)
    velocities = [np.zeros_like(parameter) for parameter in network.parameters()]
    accuracy = 0.0
    for epoch in range(1, epochs + 1):
        losses = []
        for rows in _batches(len(x_train), batch, rng):
            losses.append(
                loss_layer.forward(network.forward(x_train[rows]), one_hot[t_train[rows]])
            )
            network.backward(loss_layer.backward())
            updates = zip(network.parameters(), network.gradients(), velocities, strict=True)
            for parameter, gradient, velocity in updates:
                velocity *= momentum
                velocity -= rate * gradient
                parameter += velocity
        accuracy = float(np.mean(network.forward(x_test).argmax(axis=1) == t_test))
        if epoch % 5 == 0:
            print(
                f"epoch {epoch:2}  loss {np.mean(losses):.4f}  held-out accuracy {accuracy:.1%}",
                flush=True,
            )
    return accuracy


def _weights(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    return rng.normal(0, np.sqrt(2 / rows), (rows, columns))


def _batches(count: int, batch: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    order = rng.permutation(count)
    for start in range(0, count, batch):
        yield order[start : start + batch]


def _digits() -> tuple[Any, Any, Any, Any]:
    """Return 1347 digits to learn from, 450 to test on, and their labels; pixels from 0 to 1."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, t = load_digits(return_X_y=True)
    x_train, x_test, t_train, t_test = train_test_split(
        x / 16, t, test_size=0.25, random_state=0, stratify=t
    )
    return x_train, x_test, t_train, t_test


if __name__ == "__main__":
    print(f"{train():.1%} of the held-out digits are right")
