"""Long formulas: gradients through hundreds of statements are right, and work grows linearly."""

from __future__ import annotations

import cProfile
import pstats
from functools import cache

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from autograd.scipy.special import erf

import symgrad
from symgrad.derivation.result import Derivation
from symgrad.language.expr import walk
from tests import compositions

SIZES = {"t": 3, "c": 4, "h": 2, "d": 5, "f": 7, "b": 3, "i": 5, "j": 5}
EPS = 1e-5

rng = np.random.default_rng(7)


def arrays(layer: symgrad.Layer) -> dict[str, np.ndarray]:
    """Return an array for each input, of the extents that its letters have in SIZES."""
    shapes = {n: tuple(SIZES[index.name] for index in layer.axes[n]) for n in layer.inputs}
    return {name: rng.normal(size=shape) / 2 for name, shape in shapes.items()}


def gradients(layer: symgrad.Layer, values: dict[str, np.ndarray], dy: np.ndarray):
    """Return the output and the gradient of every input."""
    made = symgrad.build(layer)()
    y = made.forward(*values.values())
    found = made.backward(dy)
    each = found if isinstance(found, tuple) else (found,)
    return y, dict(zip(layer.wrt, each, strict=True))


# --- a transformer -------------------------------------------------------------------------------


def reference(values: dict[str, np.ndarray], blocks: int) -> np.ndarray:
    """Return the output of the transformer, in the words of NumPy."""

    def norm(x, number):
        centered = x - anp.mean(x, axis=1, keepdims=True)
        spread = anp.sqrt(anp.mean(centered**2, axis=1, keepdims=True) + EPS)
        return values[f"gamma{number}"] * centered / spread + values[f"beta{number}"]

    x = values["x0"]
    later = np.triu(np.ones((len(x), len(x)), bool), 1)
    for n in range(1, blocks + 1):
        c = norm(x, f"{n}")
        q, k, v = (anp.einsum("tc,chd->thd", c, values[f"w{part}{n}"]) for part in "qkv")
        scores = anp.einsum("thd,phd->htp", q, k) / np.sqrt(q.shape[2])
        weights = anp.exp(anp.where(later, -np.inf, scores))
        a = weights / anp.sum(weights, axis=2, keepdims=True)
        o = anp.einsum("htp,phd->thd", a, v)
        r = x + anp.einsum("thd,hdc->tc", o, values[f"wo{n}"])
        u = anp.dot(norm(r, f"{n}b"), values[f"w{n}"]) + values[f"b{n}"]
        z = u * (1 + erf(u / np.sqrt(2))) / 2
        x = r + anp.dot(z, values[f"w{n}b"]) + values[f"b{n}b"]
    return x


def test_gradients_of_a_transformer_of_12_blocks_are_those_of_autograd():
    layer = compositions.transformer(12)
    assert len(layer.statements) == 12 * compositions.BLOCK
    values = arrays(layer)
    dy = rng.normal(size=values["x0"].shape)
    y, found = gradients(layer, values, dy)
    np.testing.assert_allclose(y, reference(values, 12), rtol=1e-10)
    expected = autograd.grad(lambda v: anp.sum(reference(v, 12) * dy))(values)
    assert len(found) == 1 + 12 * 12
    for name, gradient in found.items():
        scale = np.abs(expected[name]).max()
        np.testing.assert_allclose(gradient, expected[name], atol=1e-9 * scale, err_msg=name)


@cache
def derived(blocks: int) -> Derivation:
    return symgrad.derive(compositions.transformer(blocks))


@pytest.mark.parametrize(
    "count",
    [
        lambda d: len(d.steps),
        lambda d: len(d.program.forward),
        lambda d: len(d.program.backward),
        lambda d: sum(1 for s in d.program.backward for _ in walk(s.value)),
    ],
    ids=["steps", "forward", "backward", "nodes"],
)
def test_every_block_adds_as_much_to_the_derivation(count):
    one, two, four = (count(derived(blocks)) for blocks in (1, 2, 4))
    assert four - two == 2 * (two - one) > 0


def calls(blocks: int) -> int:
    """Return how many functions are called to derive a transformer and to write its class."""
    layer = compositions.transformer(blocks)
    profile = cProfile.Profile()
    profile.runcall(symgrad.generate, layer)
    return pstats.Stats(profile).total_calls


def test_the_work_grows_linearly_with_the_length_of_the_formula():
    calls(1)  # imports, and what is computed once for all layers
    one, two, four = (calls(blocks) for blocks in (1, 2, 4))
    # what grows with the square of the length would show in the second difference
    assert four - two < 1.05 * 2 * (two - one)


# --- other deep formulas -------------------------------------------------------------------------

DEEP = {
    "perceptron": compositions.perceptron(100),
    "unrolled": compositions.unrolled(50),
    "residual": compositions.residual(100),
    "rectified": compositions.rectified(60),
    "chain": compositions.chain(200),
    "two_back": compositions.two_back(60),
    "diamonds": compositions.diamonds(60),
    "fan": compositions.fan(100),
}


@pytest.mark.parametrize("name", DEEP)
def test_gradients_of_a_deep_formula_are_its_slopes(name):
    layer = symgrad.Layer("Deep", DEEP[name])
    values = arrays(layer)
    made = symgrad.build(layer)()
    dy = rng.normal(size=np.shape(made.forward(*values.values())))
    _, found = gradients(layer, values, dy)
    for _ in range(3):
        directions = {name: rng.normal(size=value.shape) for name, value in values.items()}
        step = 1e-6
        ahead, behind = (
            np.sum(dy * made.forward(*(values[n] + sign * step * directions[n] for n in values)))
            for sign in (1, -1)
        )
        slope = sum(np.sum(found[n] * directions[n]) for n in found)
        np.testing.assert_allclose(slope, (ahead - behind) / (2 * step), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("build", "few", "many"),
    [
        (compositions.residual, 25, 50),
        (compositions.rectified, 25, 50),
        (compositions.two_back, 25, 50),
        (compositions.diamonds, 25, 50),
    ],
)
def test_paths_that_double_with_every_step_do_not_double_the_work(build, few, many):
    short, long = (symgrad.derive(build(length)) for length in (few, many))
    assert len(long.steps) <= 2.1 * len(short.steps)
    assert len(str(long)) <= 2.3 * len(str(short))


def test_a_chain_read_once_is_no_product_of_all_its_links():
    text = str(symgrad.derive(compositions.chain(200)))
    assert max(line.count("*") for line in text.splitlines()) < 30
