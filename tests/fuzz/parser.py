"""Feed the reader of formulas with what atheris makes up; any exception but FormulaError is a find.

    pip install atheris && python tests/fuzz/parser.py -max_total_time=300

Runs from a checkout. The words of the grammar and a few right formulas are what it begins with; the
options are those of libFuzzer, and a folder given as an argument keeps what was found.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

with atheris.instrument_imports(include=["symgrad"]):
    from symgrad.errors import FormulaError
    from symgrad.language.layer import Layer
    from symgrad.language.tokens import SPECIAL_FUNCTIONS, grammar

WORDS = (
    *SPECIAL_FUNCTIONS,
    *("sum_", "mean_", "prod_", "max_", "min_", "logsumexp_", "argmax_", "argmin_"),
    *("and", "or", "not", "for", "let ", "opaque ", "exp", "max", "min", "clip", "pow", "tanh"),
    *(
        "x_ij",
        "x_{i,j}",
        "x[i,j]",
        "y_i = ",
        "[i-1]",
        "[2*i+u]",
        "//",
        "size(x,0)",
        "{k<=j}",
        "1e9",
    ),
)
FORMULAS = (
    "y_ij = sum_k x_ik*w_kj + b_j",
    "mu_i = mean_j x_ij\nv_i = mean_j (x_ij - mu_i)^2\ny_ij = (x_ij - mu_i)/sqrt(v_i + 1e-5)",
    "y[n,o,i,j] = sum_{c,u,v} x[n,c,2*i+u,2*j+v]*w[o,c,u,v]",
    "y[n,c,i,j] = max_{u,v: u<2, v<2} x[n,c,2*i+u,2*j+v]",
    "y_ij = where(x_ij > 0 and not (x_ij > 6), x_ij, alpha_j*x_ij)",
    "y_vj = sum_e delta(v, dst_e)*x[src_e, j] for v < size(x,0)",
    "y[i, j] = x_ij\ny[i, size(x,1)+j] = z_ij",
    "let f(t) = t*tanh(t); opaque g; y_i = f(g(x_i)) + pad(x[i-1], -inf)",
    "loss = -mean_i log_p[i, t_i] + det(a)*inv(a)[i,i]",
    "h_tj = tanh(a_tj + sum_k h[t-1,k]*u_kj)\nh[-1,j] = h0_j",
)


def read(data: bytes) -> None:
    """Read one text; show the error, too, as a user would see it."""
    text = data.decode("utf-8", errors="replace")
    try:
        repr(Layer("L", text))
        return
    except FormulaError as mistake:
        error = mistake
    assert error.advice, f"{error} does not say what to write"
    assert len(str(error)) < 1500, f"a message of {len(str(error))} characters"


def _write_dictionary(folder: Path) -> Path:
    signs = [definition.pattern.value for definition in grammar().terminals]
    words = [*WORDS, *(sign for sign in signs if len(sign) < 3 and "\n" not in sign)]
    lines = ["".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words]
    path = folder / "words.dict"
    path.write_text("".join(f'"{line}"\n' for line in lines), encoding="ascii")
    return path


def _write_seeds(folder: Path) -> Path:
    for number, formula in enumerate(FORMULAS):
        (folder / f"seed{number}").write_text(formula, encoding="utf-8")
    return folder


def main() -> None:
    """Fuzz until the time or the number of runs that the options give is over."""
    with tempfile.TemporaryDirectory() as name:
        seeds = Path(name) / "seeds"
        seeds.mkdir()
        options = [
            f"-dict={_write_dictionary(Path(name))}",
            "-max_len=400",
            "-timeout=10",
            "-rss_limit_mb=2048",
            f"-artifact_prefix={os.curdir}{os.sep}",
        ]
        corpus = [] if any(not part.startswith("-") for part in sys.argv[1:]) else [str(seeds)]
        _write_seeds(seeds)
        atheris.Setup([sys.argv[0], *options, *sys.argv[1:], *corpus], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
