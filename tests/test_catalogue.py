"""Verify every layer of the catalogue, and the module that is generated from it."""

import ast
import subprocess
import sys

import pytest

import symgrad
from symgrad import catalogue

# what modules take from Python itself, for threads and for plans that are kept
STANDARD = (
    "import os",
    "from concurrent.futures import ThreadPoolExecutor, wait",
    "from contextvars import copy_context",
    "from functools import cache",
    "from functools import lru_cache",
    "from functools import cache, lru_cache",
    "from threading import Lock",
)
NAMES = catalogue.names()

LISTED = """
    AddBias Mul Add Affine ReLU LeakyReLU ELU SELU GELU GELUTanh SiLU Mish Hardtanh Hardsigmoid
    Hardswish Softsign Softplus Sigmoid LogSigmoid Tanh PReLU Swish Softmax LogSoftmax
    SoftmaxCrossEntropy MSE Huber BCEWithLogits KLDiv GaussianNLL BatchNorm LayerNorm GroupNorm
    InstanceNorm RMSNorm WeightNorm Bilinear CosineSimilarity PairwiseSquaredDistance RBFKernel
    Attention CausalAttention MultiHeadAttention LinearAttention LSTMCell GRUCell
    FactorizationMachine MixtureOfExperts TripletLoss InfoNCE Dropout
    Conv1d Conv2d Conv3d GroupedConv2d DepthwiseConv2d ConvTranspose1d ConvTranspose2d Unfold2d
    Fold2d AvgPool2d MaxPool2d LpPool2d GlobalAvgPool2d GLU PixelShuffle NearestUpsample2d Embedding
    EmbeddingBag CrossEntropy LabelSmoothing NLL MultiMargin TotalVariation CumSum ALiBiAttention
    RoPE LocalResponseNorm GraphConv SkipGram Concat Stack Flip Roll OneHotMask
""".split()


@pytest.fixture(scope="module")
def module_text():
    return symgrad.generate(symgrad.catalog().values())


@pytest.mark.parametrize("name", LISTED)
def test_the_catalogue_has_the_layer(name):
    assert name in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_of_the_catalogue_passes_every_check(name):
    report = symgrad.check(catalogue.entry(name))
    assert report.ok, str(report)


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_of_the_catalogue_has_a_summary_and_a_source(name):
    layer = catalogue.entry(name)
    assert layer.summary.endswith(".")
    assert len(layer.summary) <= 72
    assert layer.source


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_a_layer_is_a_layer_file_of_its_own(name, tmp_path):
    path = tmp_path / "one.toml"
    path.write_text(catalogue.table(name), encoding="utf-8")
    (layer,) = symgrad.load(path).values()
    assert (layer.name, layer.formula) == (name, catalogue.entry(name).formula)


def test_summaries_are_those_of_the_layers():
    shown = {name: text for group in catalogue.summaries().values() for name, text in group.items()}
    assert shown == {name: layer.summary for name, layer in symgrad.catalog().items()}


def test_the_whole_catalogue_is_one_module_with_a_class_for_each_layer(module_text):
    classes = [node.name for node in ast.parse(module_text).body if isinstance(node, ast.ClassDef)]
    assert classes == list(NAMES)


def test_the_module_imports_nothing_but_numpy_and_scipy_special(module_text):
    found = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(module_text))
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert [line for line in found if line not in STANDARD] == [
        "import numpy as np",
        "from scipy import special",
    ]


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]])
def test_ruff_leaves_the_module_as_it_is(module_text, arguments, tmp_path):
    path = tmp_path / "layers.py"
    path.write_text(module_text, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--isolated", path],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_without_special_functions_imports_numpy_alone(name):
    text = symgrad.generate(catalogue.entry(name))
    imports = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
    imports = [line for line in imports if line not in STANDARD]
    assert imports == ["import numpy as np"] or name == "GELU"
