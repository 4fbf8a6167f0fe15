"""Compare the layers of the catalogue with their definitions, written here in NumPy and SciPy."""

import numpy as np
import pytest
from scipy import spatial, special, stats

from symgrad import catalogue
from symgrad.oracle import evaluate
from tests.index_layers import CALLS

rng = np.random.default_rng(7)

EPS = 1e-5


def normal(*shape):
    return rng.normal(size=shape)


def softmax(x, axis=-1):
    return special.softmax(x, axis=axis)


def normalised(x, axes, eps=EPS):
    variance = x.var(axis=axes, keepdims=True)
    return (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(variance + eps)


def attention(q, k, v, mask=0.0):
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    return softmax(scores + mask) @ v


def causal(q, k, v):
    places = np.arange(k.shape[-2])
    return attention(
        q, k, v, np.where(places[None, :] <= np.arange(q.shape[-2])[:, None], 0, -np.inf)
    )


def multi_head(x, Wq, Wk, Wv, Wo):
    heads = [attention(x @ Wq[h], x @ Wk[h], x @ Wv[h]) for h in range(len(Wq))]
    return sum(head @ Wo[h] for h, head in enumerate(heads))


def linear_attention(q, k, v):
    phi_q, phi_k = (np.where(t > 0, t + 1, np.exp(t)) for t in (q, k))
    weights = phi_q @ phi_k.swapaxes(-1, -2)
    return weights / weights.sum(axis=-1, keepdims=True) @ v


def lstm(x, h, c, Wi, Ui, bi, Wf, Uf, bf, Wg, Ug, bg, Wo, Uo, bo):
    i, f, o = (
        special.expit(x @ W + h @ U + b) for W, U, b in ((Wi, Ui, bi), (Wf, Uf, bf), (Wo, Uo, bo))
    )
    c = f * c + i * np.tanh(x @ Wg + h @ Ug + bg)
    return o * np.tanh(c), c


def gru(x, h, Wr, Ur, br, Wz, Uz, bz, Wc, bc, Uc, ac):
    r, z = (special.expit(x @ W + h @ U + b) for W, U, b in ((Wr, Ur, br), (Wz, Uz, bz)))
    c = np.tanh(x @ Wc + bc + r * (h @ Uc + ac))
    return (1 - z) * c + z * h


def factorization_machine(x, w0, w, v):
    pairs = np.triu(v @ v.T, 1)
    return w0 + x @ w + np.einsum("ni,nj,ij->n", x, x, pairs)


def triplet(a, p, q):
    near, far = ((a - p) ** 2).sum(axis=1), ((a - q) ** 2).sum(axis=1)
    return np.maximum(near - far + 1, 0).mean()


def info_nce(q, k):
    return -np.diag(special.log_softmax(q @ k.T / 0.1, axis=1)).mean()


def kl_divergence(log_q, p):
    return stats.entropy(p, np.exp(log_q), axis=1).mean()


def binary_cross_entropy(x, t):
    p = special.expit(x)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()


def gaussian(x, var, t):
    return (-stats.norm.logpdf(t, x, np.sqrt(var)) - np.log(2 * np.pi) / 2).mean()


def mixture(x, G, W, b):
    gate = softmax(x @ G)
    return sum(gate[:, [e]] * (x @ W[e] + b[e]) for e in range(len(W)))


def selu(x):
    scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
    return scale * np.where(x > 0, x, alpha * np.expm1(x))


ACTIVATIONS = {
    "ReLU": lambda x: np.maximum(x, 0),
    "LeakyReLU": lambda x: np.where(x > 0, x, 0.01 * x),
    "ELU": lambda x: np.where(x > 0, x, np.expm1(x)),
    "SELU": selu,
    "GELU": lambda x: x * stats.norm.cdf(x),
    "GELUTanh": lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "SiLU": lambda x: x * special.expit(x),
    "Mish": lambda x: x * np.tanh(np.log(1 + np.exp(x))),
    "Sigmoid": special.expit,
    "LogSigmoid": lambda x: np.log(special.expit(x)),
    "Softplus": lambda x: np.log(1 + np.exp(x)),
    "Tanh": np.tanh,
    "Softsign": lambda x: x / (1 + np.abs(x)),
    "Hardtanh": lambda x: np.clip(x, -1, 1),
    "Hardsigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "Hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "Softmax": softmax,
    "LogSoftmax": lambda x: np.log(softmax(x)),
}

x, z, t = normal(4, 3), normal(5, 3), softmax(normal(4, 3))
gamma, beta = normal(3), normal(3)
q, k, v = normal(2, 4, 3), normal(2, 5, 3), normal(2, 5, 6)
gates = [part for _ in range(4) for part in (normal(3, 2), normal(2, 2), normal(2))]
gates_of_gru = [*gates[:6], normal(3, 2), normal(2), normal(2, 2), normal(2)]
heads = [normal(2, 3, 4), normal(2, 3, 4), normal(2, 3, 4), normal(2, 4, 3)]
images = normal(2, 3, 4, 5)
scale, shift = normal(3, 4), normal(3, 4)

LAYERS = {
    "Add": ((x, t), x + t),
    "Mul": ((x, t), x * t),
    "AddBias": ((x, beta), x + beta),
    "Affine": ((x, W := normal(3, 2), b := normal(2)), x @ W + b),
    "Bilinear": (
        (x, y := normal(4, 5), B := normal(2, 3, 5), b),
        np.stack([(x @ B[o] * y).sum(axis=1) for o in range(2)], axis=1) + b,
    ),
    "WeightNorm": (
        (x, g := normal(2), d := normal(2, 3), b),
        x @ (g[:, None] * d / np.linalg.norm(d, axis=1, keepdims=True)).T + b,
    ),
    "FactorizationMachine": (
        (x, np.float64(0.3), gamma, f := normal(3, 2)),
        factorization_machine(x, 0.3, gamma, f),
    ),
    "MixtureOfExperts": (
        (x, G := normal(3, 5), E := normal(5, 3, 2), e := normal(5, 2)),
        mixture(x, G, E, e),
    ),
    "Dropout": ((x, m := rng.integers(0, 2, size=x.shape).astype(float)), 2 * m * x),
    "PReLU": ((x, gamma), np.where(x > 0, x, gamma * x)),
    "Swish": ((x, np.float64(1.7)), x * special.expit(1.7 * x)),
    "SoftmaxCrossEntropy": ((x, t), -(t * np.log(softmax(x))).sum(axis=1).mean()),
    "MSE": ((x, t), np.square(x - t).mean()),
    "Huber": ((3 * x, t), special.huber(1, 3 * x - t).mean()),
    "BCEWithLogits": ((x, t), binary_cross_entropy(x, t)),
    "KLDiv": ((np.log(softmax(x)), t), kl_divergence(np.log(softmax(x)), t)),
    "GaussianNLL": ((x, t, y[:, :3]), gaussian(x, t, y[:, :3])),
    "TripletLoss": ((x, x + t, z[:4]), triplet(x, x + t, z[:4])),
    "InfoNCE": ((x, z[:4]), info_nce(x, z[:4])),
    "BatchNorm": ((x, gamma, beta), gamma * normalised(x, 0) + beta),
    "BatchNorm2d": (
        (images, gamma, beta),
        gamma[:, None, None] * normalised(images, (0, 2, 3)) + beta[:, None, None],
    ),
    "LayerNorm": ((x, gamma, beta), gamma * normalised(x, 1) + beta),
    "GroupNorm": (
        (images, scale, shift),
        scale[..., None] * normalised(images, (2, 3)) + shift[..., None],
    ),
    "InstanceNorm": (
        (images[:, :, 0], gamma, beta),
        gamma[:, None] * normalised(images[:, :, 0], 2) + beta[:, None],
    ),
    "RMSNorm": (
        (x, gamma),
        gamma * x / np.sqrt(np.square(x).mean(axis=1, keepdims=True) + 1e-6),
    ),
    "Attention": ((q, k, v), attention(q, k, v)),
    "CausalAttention": ((q, k, v), causal(q, k, v)),
    "MultiHeadAttention": ((q, *heads), multi_head(q, *heads)),
    "LinearAttention": ((q, k, v), linear_attention(q, k, v)),
    "LSTMCell": (
        (x, h := normal(4, 2), c := normal(4, 2), *gates),
        lstm(x, h, c, *gates),
    ),
    "GRUCell": ((x, h, *gates_of_gru), gru(x, h, *gates_of_gru)),
    "CosineSimilarity": (
        (x, t),
        1 - np.array([spatial.distance.cosine(*p) for p in zip(x, t, strict=True)]),
    ),
    "PairwiseSquaredDistance": ((x, z), spatial.distance.cdist(x, z) ** 2),
    "RBFKernel": ((x, z), np.exp(-(spatial.distance.cdist(x, z) ** 2) / 2)),
}


def outputs_of(name, arguments):
    layer = catalogue.entry(name)
    values = evaluate(layer, dict(zip(layer.inputs, arguments, strict=True)))
    return [values[output] for output in layer.outputs]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_the_function_of_its_definition(name):
    points = np.linspace(-4.1, 4.3, 20).reshape(4, 5)
    (found,) = outputs_of(name, [points])
    np.testing.assert_allclose(found, ACTIVATIONS[name](points), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_what_its_definition_says(name):
    arguments, expected = LAYERS[name]
    expected = expected if isinstance(expected, tuple) else (expected,)
    for found, value in zip(outputs_of(name, arguments), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-12, atol=1e-12)


def test_every_layer_has_a_definition_here():
    assert {*ACTIVATIONS, *LAYERS, *(call.name for call in CALLS)} == set(catalogue.names())
