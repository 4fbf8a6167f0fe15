r"""Say how the formula language writes what LaTeX, NumPy, PyTorch and Python write.

Each table is read from the top: the first pattern that matches where the mistake stands wins. In
the texts, {0} is what matched, {1} its first group.
"""

from __future__ import annotations

import re
import unicodedata

from symgrad.errors import FormulaError, Span

_VALUE_FOLLOWS = r"(?<=[=+\-*/^(,\[<>])[ \t]*"

# at a character that no formula has: pattern, message (empty: unknown character), advice
CHARACTERS: tuple[tuple[str, str, str], ...] = (
    (r"\\(?:frac|dfrac|tfrac)\b", "{0} is LaTeX", "write a quotient as (a)/(b)"),
    (r"\\(?:cdot|times|odot|circ|ast)\b", "{0} is LaTeX", "write * or a space for a product"),
    (r"\\(?:left|right|big|Big)\b", "{0} is LaTeX", "write the bracket alone"),
    (r"\\(?:le|leq)\b", "{0} is LaTeX", "write <="),
    (r"\\(?:ge|geq)\b", "{0} is LaTeX", "write >="),
    (r"\\(?:ne|neq)\b", "{0} is LaTeX", "write !="),
    (r"\\infty\b", "{0} is LaTeX", "write inf"),
    (
        r"\\(?:mathrm|mathbf|text|operatorname|bm|vec|hat|bar|tilde)\b",
        "{0} is LaTeX",
        "write the name in plain letters: x_hat_ij",
    ),
    (r"\\([A-Za-z]+)", "{0} is LaTeX", "write {1} without the backslash"),
    (r"\\[ \t]*(?:\n|$)", "", "a line goes on in the next inside brackets: y_ij = (a + ..."),
    (r"\\", "", "write names without a backslash; statements stand on lines or behind ;"),
    (r"\$", "", "write the formula alone, without $"),
    (r"(?<=einsum\()[\"'`]", "", "write the product with its indices: y_ik = sum_j x_ij*w_jk"),
    (r"[\"`“”‘’«»]", "", "write names and numbers without quotes"),
    (r"\.\.\.|…", "", "name every axis with an index of its own: x_bij"),
    (r"\.(?:T|mT|t\(\))(?!\w)", "", "write a transpose with its indices: y_ij = x_ji"),
    (r"(?<=np)\.(\w+)", "", "write {1}(...) without np"),
    (r"(?<=torch|numpy)\.(\w+)", "", "write {1}(...) alone: functions belong to no module"),
    (r"(?<=math)\.(\w+)", "", "write {1}(...) without math"),
    (
        r"\.(\w+)\(",
        "",
        "write a function as {1}(x_ij), and a reduction with its index: sum_j x_ij",
    ),
    (r"\?", "", "write where(condition, a, b)"),
    (r"[⊙∘∗•∙◦]", "", "write * for a product"),
    (r"⊗", "", "write the product with the indices of both: y_ij = a_i*b_j"),
    (r"÷", "", "write /"),
    (r"[‐‑‒–—]", "", "write -, the minus sign"),
    (r"[←≔]", "", "write ="),
    (r"@", "", "write a matrix product with its indices: sum_k x_ik*w_kj"),
    (r"'", "", "a prime follows the letter of an index: i'"),
    (r"[‖∥]", "", "write a norm out: sqrt(sum_k x_k^2)"),
    (r"[⌊⌋]", "", "write floor(x)"),
    (r"[⌈⌉]", "", "write ceil(x)"),
    (r"∈", "", "an index runs over its whole axis; a bound is a condition: sum_{k<3}"),
    (r"[∂∫∇]", "", "write the forward formula alone; its gradient is derived"),
    (r"ᵀ", "", "write a transpose with its indices: y_ij = x_ji"),
    (r"(?<=[²³¹])_", "", "write the power behind the subscript: x_ij^2"),
    (r"(?<=\d)_(?=\d)", "", "write the digits of a number without _"),
    (r"(?<=[)}\]])_", "", "only a name has a subscript; write it inside the brackets"),
    (r"_", "", "a name begins with a letter, and a subscript follows its name: x_ij"),
    (r"\.", "", "write x*y for a product; a number has digits beside its point"),
    (_VALUE_FOLLOWS + r"\|\|", "", "write a norm out: sqrt(sum_k x_k^2)"),
    (_VALUE_FOLLOWS + r"\|", "", "write abs(x) for an absolute value"),
    (r"!(?=[ \t]*(?:[-+*/^),;\n]|$))", "", "write a factorial as exp(lgamma(n + 1))"),
    (r"[&|!~∧∨¬]", "", "write and, or, not between conditions, != for unequal"),
    (r"[\u200b-\u200f\u2060\ufeff]", "", "remove it: it is an invisible character"),
)

# functions of other libraries, and what to write here
FUNCTIONS_ELSEWHERE = {
    "absolute": "abs(x)",
    "arccos": "acos(x)",
    "arccosh": "acosh(x)",
    "arcsin": "asin(x)",
    "arcsinh": "asinh(x)",
    "arctan": "atan(x)",
    "arctan2": "atan2(a, b)",
    "arctanh": "atanh(x)",
    "argmax": "argmax_k x_ik, with the index to reduce over",
    "argmin": "argmin_k x_ik, with the index to reduce over",
    "average": "mean_k x_ik",
    "avg": "mean_k x_ik",
    "batch_norm": "the mean, the variance and the quotient as statements of their own",
    "cbrt": "x^(1/3)",
    "concat": "one statement for each part: y[i, size(x,1)+j] = z_ij",
    "concatenate": "one statement for each part: y[i, size(x,1)+j] = z_ij",
    "cross_entropy": "-sum_j t_ij*(x_ij - logsumexp_k x_ik)",
    "cumprod": "prod_{k<=j} x_ik",
    "cumsum": "sum_{k<=j} x_ik",
    "dot": "the product with its index: sum_k x_k*y_k",
    "dropout": "mask_ij*x_ij, with the mask as an input",
    "einsum": "the product with its indices: y_ik = sum_j x_ij*w_jk",
    "exp2": "2^x",
    "eye": "delta(i, j)",
    "fabs": "abs(x)",
    "gammaln": "lgamma(x)",
    "heaviside": "where(x > 0, 1, 0)",
    "identity": "delta(i, j)",
    "if": "where(condition, a, b)",
    "inner": "the product with its index: sum_k x_k*y_k",
    "inverse": "inv(a)[i,j]",
    "layer_norm": "the mean, the variance and the quotient as statements of their own",
    "len": "size(k) for an index, size(x, 0) for an axis",
    "lerp": "a + t*(b - a)",
    "linear": "sum_k x_ik*w_kj + b_j",
    "ln": "log(x)",
    "log10": "log(x)/log(10)",
    "log2": "log(x)/log(2)",
    "log_sigmoid": "logsigmoid(x)",
    "log_softmax": "x_ij - logsumexp_k x_ik",
    "logit": "log(x) - log1p(-x)",
    "logsoftmax": "x_ij - logsumexp_k x_ik",
    "matmul": "the product with its index: sum_k x_ik*w_kj",
    "maximum": "max(a, b)",
    "minimum": "min(a, b)",
    "mse": "mean_{i,j} (y_ij - t_ij)^2",
    "multiply": "a*b",
    "norm": "sqrt(sum_k x_k^2)",
    "one_hot": "delta(j, t_i)",
    "onehot": "delta(j, t_i)",
    "ones": "1",
    "outer": "the product with the indices of both: a_i*b_j",
    "power": "pow(a, b)",
    "range": "the index itself: it counts from 0",
    "relu6": "clip(x, 0, 6)",
    "sgn": "sign(x)",
    "sigma": "sigmoid(x)",
    "softmax": "exp(x_ij)/sum_k exp(x_ik)",
    "softmin": "exp(-x_ij)/sum_k exp(-x_ik)",
    "sqr": "square(x)",
    "std": "the root of a mean: sqrt(mean_j (x_ij - mu_i)^2)",
    "swish": "silu(x)",
    "tr": "sum_i x_ii",
    "trace": "sum_i x_ii",
    "transpose": "the indices in another order: y_ij = x_ji",
    "var": "a mean of squares: mean_j (x_ij - mu_i)^2",
    "variance": "a mean of squares: mean_j (x_ij - mu_i)^2",
    "zeros": "0",
    "σ": "sigmoid(x)",
}

# where a statement goes wrong: pattern at that token or at the one before, message, advice
ASSIGNMENTS: tuple[tuple[str, str, str], ...] = (
    (r":=", ":= assigns nothing here", "write ="),
    (r"->|→", "{0} assigns nothing", "write the result first: y_ij = ..."),
    (r"([-+*/])=", "{0} assigns nothing: a name is assigned once", "write z_ij = y_ij {1} ..."),
)

_EINSUM = re.compile(r"\s*([a-z]+(?:\s*,\s*[a-z]+)*)\s*->\s*([a-z]*)\s*")


def unknown_character(text: str, span: Span) -> FormulaError:
    """Return the error for a character that no formula has."""
    character = text[span.start : span.stop]
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    message, advice = _first(CHARACTERS, text, span.start) or ("", _general_advice(character))
    return FormulaError(message or f"unknown character {shown}", text, [span], advice)


def foreign_assignment(text: str, places: list[Span]) -> FormulaError | None:
    """Return the error for an assignment of another language at one of the places, if any."""
    for place in places:
        found = _first(ASSIGNMENTS, text, place.start)
        if found:
            return FormulaError(found[0], text, [place], found[1])
    return None


def einsum_string(text: str) -> FormulaError | None:
    """Return the error for `ij,jk->ik`, with the statement that it stands for."""
    match = _EINSUM.fullmatch(text)
    if match is None:
        return None
    operands = [operand.strip() for operand in match[1].split(",")]
    names = ("x", "w", "a", "b", "c", "d", "e", "f")
    product = "*".join(f"{name}_{letters}" for name, letters in zip(names, operands, strict=False))
    summed = "".join(dict.fromkeys(c for c in "".join(operands) if c not in match[2]))
    target = f"y_{match[2]}" if match[2] else "y"
    return FormulaError(
        "an einsum string assigns nothing",
        text,
        [Span(match.start(1), match.end(2))],
        f"write {target} = {f'sum_{summed} ' if summed else ''}{product}",
    )


def _first(
    table: tuple[tuple[str, str, str], ...], text: str, position: int
) -> tuple[str, str] | None:
    for pattern, message, advice in table:
        start = position
        if pattern.startswith(_VALUE_FOLLOWS):  # the pattern begins with the spaces before
            start = len(text[:position].rstrip(" \t"))
        match = re.compile(pattern).match(text, start)
        if match:
            parts = (match[0].strip(), *match.groups())
            return _filled(message, parts), _filled(advice, parts)
    return None


def _filled(form: str, parts: tuple[str, ...]) -> str:
    for number, part in enumerate(parts):
        form = form.replace(f"{{{number}}}", part)
    return form


def _general_advice(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    if plain != character and plain in tuple("+-*/^%<>=()[]{},:;#"):
        return f"write {plain}"
    if unicodedata.decomposition(character) or character.isnumeric():
        return "write subscripts as x_ij or x[i,j], and numbers in plain digits"
    return "formulas have letters, digits, + - * / ^ // % < > = ( ) [ ] { } , : ; _ and #"
