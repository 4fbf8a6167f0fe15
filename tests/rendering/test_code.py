"""Generated code reads as an expert writes it: the bodies of methods, exactly."""

from __future__ import annotations

import ast

import pytest

from symgrad import generate

# formula, the statements of forward, the statements of backward; checks of arguments left out
BODIES = [
    (
        "y_ij = x_ij + b_j",
        ["return x + b"],
        ["db = dy.sum(axis=0)", "return (dy, db)"],
    ),
    (
        "z_ij = x_ij + y_ij",
        ["return x + y"],
        ["return (dz, dz)"],
    ),
    (
        "y_ij = sum_k x_ik*w_kj + b_j",
        ["y = x @ w", "y += b", "self.x, self.w = (x, w)", "return y"],
        [
            "dx = dy @ self.w.T",
            "dw = self.x.T @ dy",
            "db = dy.sum(axis=0)",
            "return (dx, dw, db)",
        ],
    ),
    (
        "y_ij = exp(x_ij)/sum_k exp(x_ik)",
        [
            "def of_rows(x):\n"
            "    y = x - x.max(axis=1, keepdims=True, initial=-np.inf)\n"
            "    np.exp(y, out=y)\n"
            "    y /= np.einsum('ik->i', y)[:, None]\n"
            "    return y",
            "self.y = _in_blocks(of_rows, x, passes=7)",
            "return self.y",
        ],
        [
            "def of_rows(dy, y):\n    return y * (dy - np.vecdot(dy, y)[:, None])",
            "return _in_blocks(of_rows, dy, self.y, passes=3)",
        ],
    ),
    (
        # divisors join small factors before a large array is multiplied: one pass over x
        "y_ijk = 2*a_ij*x_ijk/s_i",
        [
            "s_scaled_a = (2 / s[:, None] * a)[:, :, None]",
            "y = s_scaled_a * x",
            "self.x, self.s, self.s_scaled_a, self.y = (x, s, s_scaled_a, y)",
            "return y",
        ],
        [
            "def of_rows(x, s, dy, s_scaled_a, y):\n"
            "    da = 2 / s[:, None] * np.vecdot(dy, x)\n"
            "    dx = s_scaled_a * dy\n"
            "    ds = -np.einsum('ijk,ijk->i', dy, y) / s\n"
            "    return (da, dx, ds)",
            "return _in_blocks(of_rows, self.x, self.s, dy, self.s_scaled_a, self.y, passes=3)",
        ],
    ),
    (
        "y_bij = sum_d q_bid*k_bjd",
        ["y = q @ k.transpose(0, 2, 1)", "self.q, self.k = (q, k)", "return y"],
        ["dq = dy @ self.k", "dk = dy.transpose(0, 2, 1) @ self.q", "return (dq, dk)"],
    ),
    (
        "y_hnd = sum_c x_nc*w_hcd",
        [
            "y = x @ w",
            "self.x, self.w = (x, w)",
            "return y",
        ],
        [
            "dx = _tensordot(dy.transpose(1, 0, 2), self.w.transpose(0, 2, 1), 2)",
            "dw = self.x.T @ dy",
            "return (dx, dw)",
        ],
    ),
    (
        "y_ij = sum_{k<=j} x_ik",
        [
            "def of_rows(x):\n    return _cumsum(x, axis=1)",
            "return _in_blocks(of_rows, x, passes=8)",
        ],
        [
            "def of_rows(dy):\n    return _cumsum(dy, axis=1, reverse=True)",
            "return _in_blocks(of_rows, dy, passes=8)",
        ],
    ),
    (
        "y_i = x_ii",
        ["return np.einsum('ii->i', x)"],
        ["return np.diag(dy)"],
    ),
    (
        "y_i = prod_k x_ik",
        [
            "y = x.prod(axis=1)",
            "self.x = x",
            "return y",
        ],
        ["return dy[:, None] * _product_of_others(self.x, axis=1)"],
    ),
    (
        "y_i = max_k x_ik",
        [
            "y = x.max(axis=1, initial=-np.inf)",
            "x_argmax = _argmax(x, axis=1)",
            "self.x_argmax = x_argmax",
            "return y",
        ],
        ["return _place(dy, self.x_argmax, axis=1, length=self.extents['k'])"],
    ),
    (
        "y_ij = relu(x_ij)",
        ["self.y = np.clip(x, 0, np.inf)", "return self.y"],
        ["return dy * (self.y > 0)"],
    ),
    (
        "y_ij = where(j <= i, x_ij, 0)",
        [
            "mask = np.tri(x.shape[0], x.shape[1], dtype=bool)",
            "y = np.where(mask, x, 0)",
            "self.mask = mask",
            "return y",
        ],
        ["return dy * self.mask"],
    ),
    (
        "y_ij = sum_k (x_ik - w_jk)^2",
        [
            "x_centre = _centre(x, axis=0)",
            "x_centred = x - x_centre",
            "w_centred = w - x_centre",
            "y = _squared_distances(x_centred, w_centred, x, w)",
            "self.x_centred, self.w_centred = (x_centred, w_centred)",
            "return y",
        ],
        [
            "dx = np.einsum('ij->i', dy)[:, None] * self.x_centred - dy @ self.w_centred",
            "dx *= 2",
            "dw = -2 * (dy.T @ self.x_centred - dy.sum(axis=0)[:, None] * self.w_centred)",
            "return (dx, dw)",
        ],
    ),
    (
        "y_i = mean_k x_ik",
        ["_not_empty('x', x, 1)", "return np.einsum('ik->i', x) / x.shape[1]"],
        ["return np.repeat(dy[:, None] / self.extents['k'], self.extents['k'], axis=1)"],
    ),
]


def body(source: str, method: str) -> list[str]:
    """Return the statements of a method but for its docstring and the lines that take arguments."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    found = next(node for node in functions if node.name == method)
    lines = [ast.unparse(statement) for statement in found.body[1:]]
    return [line for line in lines if "_inputs(" not in line and "_gradients(" not in line]


@pytest.mark.parametrize(("formula", "forward", "backward"), BODIES)
def test_bodies_read_as_written_by_hand(
    formula: str, forward: list[str], backward: list[str]
) -> None:
    source = generate(formula)
    assert body(source, "forward") == forward
    assert body(source, "backward") == backward


def test_the_docstring_is_the_specification() -> None:
    source = generate("y_ij = relu(x_ij)")
    tree = ast.parse(source)
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    assert ast.get_docstring(found) == (
        "Layer layer, y_ij = relu(x_ij).\n"
        "\n"
        "Shapes: x (I, J), y (I, J).\n"
        "\n"
        "Gradients, with dy_ij = dL/dy_ij:\n"
        "    dx_ij = where(y_ij > 0, dy_ij, 0)\n"
        "\n"
        "Derivative of relu: 0 at x = 0.\n"
        "\n"
        "forward keeps y for backward."
    )


@pytest.mark.parametrize("reduction", ["max", "min"])
def test_the_docstring_says_where_the_gradient_goes_at_ties(reduction: str) -> None:
    source = generate(f"y_i = {reduction}_k x_ik")
    assert f"At ties of {reduction} the gradient goes to the first in index order." in source
