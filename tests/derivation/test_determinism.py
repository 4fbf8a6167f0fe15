"""The same formula gives the same text: in one process, and under any hash seed."""

import os
import subprocess
import sys

import symgrad
from symgrad.derivation import Derivation
from symgrad.documents import document
from symgrad.documents.formats import FORMATS, Options

FORMULAS = (
    "y_ij = gamma_j*(x_ij - mean_k x_ik)/sqrt(mean_k (x_ik - mean_l x_il)^2 + eps) + beta_j",
    "s_ij = sum_c q_ic*k_jc/sqrt(size(c))\n"
    "a_ij = exp(s_ij)/sum_l exp(s_il)\no_id = sum_j a_ij*v_jd",
    "loss = -mean_i sum_j t_ij*log(exp(x_ij)/sum_k exp(x_ik))",
    "y = max_{i,j} x_ij*w_j",
    "y_i = prod_j x_ij",
)
WRITTEN = ("text", "latex", "markdown", "json")
SCRIPT = f"""
import symgrad
from symgrad.documents import document
from symgrad.documents.formats import FORMATS, Options
for formula in {FORMULAS!r}:
    derivation = symgrad.derive(formula)
    print(derivation)
    for name in {WRITTEN!r}:
        print(FORMATS[name].render([document(derivation, "full")], Options(standalone=True)))
"""


def steps_text(derivation: Derivation) -> str:
    return FORMATS["text"].render([document(derivation)], Options())


def printed(seed: int) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout


def test_text_does_not_depend_on_the_hash_seed() -> None:
    first = printed(0)
    assert first
    assert [printed(seed) == first for seed in (1, 2)] == [True, True]


def test_deriving_again_gives_the_same_text() -> None:
    for formula in FORMULAS:
        first, second = symgrad.derive(formula), symgrad.derive(formula)
        assert str(first) == str(second)
        assert steps_text(first) == steps_text(second)


def test_printing_twice_gives_the_same_text() -> None:
    derivation = symgrad.derive(FORMULAS[0])
    assert steps_text(derivation) == steps_text(derivation)
