"""A layer file is data: whatever stands in its fields, nothing of it becomes code or markup."""

from __future__ import annotations

import ast
import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from inspect import signature

import numpy as np
import pytest
from markdown_it import MarkdownIt

from symgrad import FormulaError, Layer, build, derive, generate
from symgrad.documents import Document, document
from symgrad.documents.formats import FORMATS, Options
from symgrad.language.layerfile import loads
from symgrad.rendering.code import attribute
from symgrad.testfiles import generate_tests
from tests.cli.conftest import run  # noqa: F401

FLAG = "import builtins; builtins.planted = 1"
PAYLOADS = [
    f'"""\n{FLAG}\n"""',
    f"'''\n{FLAG}\n'''",
    f'\\"""\n{FLAG}\n#',
    f"\n    {FLAG}",
    f'"); {FLAG}; print("',
    "ends with a backslash \\",
    'ends with a quote "',
    r"\N{BULLET} \x41 \u0041 \777",
    "{{ 7*7 }} {% for x in y %} {# z #} << 7*7 >> <% raw %> <# z #>",
    "{0.__class__.__init__.__globals__} %s %(x)s {x!r}",
    "x.__class__ __import__('os')",
    "<script>planted()</script><img src=x onerror=planted()>",
    '" onmouseover="planted()" x=\'',
    "</pre></style></script><!-- <![CDATA[ --> &lt;b&gt;",
    r"\input{planted} \write18{planted} \end{document} \catcode`\%=12 %",
    r"\end{verbatim}\planted\begin{verbatim} ^^5cplanted $\planted$ \) \]",
    "```\nplanted\n```",
    "~~~",
    "# planted",
    "- planted",
    "1. planted",
    "[planted](javascript:planted) | planted | ![x](y) <javascript:planted>",
    "two\r\nlines\rand\ttabs",
    "separated \u2028 and \u2029 and \x85 and \x0b\x0c",
    "-*- coding: utf-7 -*-",
    "\x1b[2J\x1b]0;planted\x07",
    "a\x00b",
    "right \u202e to left \u2066 isolated \u2069",
    "\u200b\u200d\ufeff\u00a0\u00ad",
    "\ud800",
    "ﬁ ｎｐ 𝐱 Å",
    "x" * 3000,
]
# TOML has no way to write these
UNWRITABLE = re.compile("[\ud800-\udfff]")
BENIGN = {
    "summary": "Words.",
    "source": "Words.",
    "formula": "y_i = sum_j x_ij*tanh(c*W_j)  # words",
    "constants": {"c": 1.5},
    "params": ["W"],
    "inputs": ["x", "W"],
    "outputs": ["y"],
    "wrt": ["x", "W"],
}


def toml(name: object, table: dict[str, object]) -> str:
    """Return a layer file, the layer's name and all texts quoted."""
    rows = [f"{quoted(key)} = {written(value)}" for key, value in table.items()]
    return "\n".join([f"[{quoted(str(name))}]", *rows, ""])


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def written(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{quoted(k)} = {written(v)}' for k, v in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return quoted(value) if isinstance(value, str) else str(value)


def fields(payload: str) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield each field with the layer file whose field holds the payload."""
    yield "name", payload, BENIGN
    yield "key", "A", {**BENIGN, payload: "x"}
    yield "comment", "A", {**BENIGN, "formula": f"{BENIGN['formula']} {payload}"}
    yield "formula", "A", {**BENIGN, "formula": payload}
    yield "tail", "A", {**BENIGN, "formula": f"y_i = sum_j x_ij*tanh(c*W_j) + {payload}"}
    for key in ("summary", "source"):
        yield key, "A", {**BENIGN, key: payload}
    for key in ("params", "inputs", "outputs", "wrt"):
        names = BENIGN[key]
        assert isinstance(names, list)
        yield key, "A", {**BENIGN, key: [*names, payload]}
        yield f"{key} as text", "A", {**BENIGN, key: payload}
    yield "constant", "A", {**BENIGN, "constants": {"c": 1.5, payload: 2}}
    yield "constant's value", "A", {**BENIGN, "constants": {"c": payload}}


@cache
def benign(form: str) -> str:
    return rendered(Layer("A", **BENIGN), form)  # type: ignore[arg-type]


def rendered(layer: Layer, form: str) -> str:
    if form == "numpy":
        return generate(layer)
    if form == "tests":
        return generate_tests(layer)
    return FORMATS[form].render([documented(layer)], Options(standalone=form == "latex"))


@cache
def documented(layer: Layer) -> Document:
    return document(derive(layer))


def accepted(payload: str) -> list[tuple[str, Layer]]:
    """Return the layers that are made of files with the payload; the others are refused."""
    layers = []
    for field, name, table in fields(payload):
        try:
            layers += [(field, layer) for layer in loads(toml(name, table), "f.toml").values()]
        except FormulaError:
            continue
    return layers


WRITABLE = [payload for payload in PAYLOADS if not UNWRITABLE.search(payload)]


def everywhere(payload: str) -> Layer:
    """Return a layer with the payload in each text that takes it; every other field refuses it."""
    taken = dict(accepted(payload))
    named = re.fullmatch(r"\w+", payload)  # a name like any other
    assert named or set(taken) <= {"comment", "summary", "source", "tail", "formula"}
    texts = {key: payload for key in ("summary", "source") if key in taken}
    if "comment" in taken:
        texts["formula"] = f"{BENIGN['formula']} {payload}"
    return Layer("A", **{**BENIGN, **texts})  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", WRITABLE)
def test_code_is_that_of_a_layer_with_plain_words(payload: str) -> None:
    layer = everywhere(payload)
    for form in ("numpy", "tests"):
        text = rendered(layer, form)
        assert skeleton(text) == skeleton(benign(form)), form
        assert all(char.isprintable() for char in text.replace("\n", ""))


def skeleton(source: str) -> str:
    """Return the syntax tree of a module without its docstrings."""
    tree = ast.parse(source.encode("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node
        ):
            del node.body[0]
    return ast.dump(tree)


@pytest.mark.parametrize("payload", WRITABLE)
def test_documents_have_the_marks_of_one_with_plain_words(payload: str) -> None:
    layer = everywhere(payload)
    for form, marks in MARKS.items():
        assert marks(rendered(layer, form)) == marks(benign(form)), form
    assert "\x1b" not in rendered(layer, "text")
    read = json.loads(rendered(layer, "json"))["layers"][0]
    assert (read["summary"], read["source"]) == (layer.summary, layer.source)


def elements(page: str) -> list[object]:
    """Return the elements of a page with their attributes, and its comments."""
    found: list[object] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, attrs))

        def handle_comment(self, data: str) -> None:
            found.append(data)

        handle_decl = unknown_decl = handle_pi = handle_comment

    Reader().feed(page)
    # the words of a docstring are one span a line
    return [part for part in found if part != ("span", [("class", "sd")])]


ESCAPES = re.compile(
    r"\\(text(backslash|asciitilde|asciicircum|less|greater|bar|quotedbl)\{\}|[_%&#${}])"
)
VERBATIM = re.compile(r"\\begin\{verbatim\}.*?\\end\{verbatim\}", re.DOTALL)
DECLARED = re.compile(
    r"\\DeclareUnicodeCharacter\{\w+\}\{.*\}\n|\\usepackage\{CJKutf8\}\n"
    r"|\\begin\{CJK\}\{UTF8\}\{min\}\n\\renewcommand\{\\contentsname\}\{Contents\}\n"
    r"|\\clearpage\n\\end\{CJK\}\n"
)


def commands(text: str) -> list[str]:
    """Return the commands, comments and shifts of mode of a LaTeX document."""
    text = DECLARED.sub("", VERBATIM.sub(r"\\verbatim", text))
    return re.findall(r"\\[a-zA-Z]+|\\.|[$%&^~{}]", ESCAPES.sub("", text))


def blocks(text: str) -> list[tuple[str, str]]:
    """Return what a reader of Markdown makes of a text, down to the marks within its lines."""
    found = []
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text):
        found.append((token.type, token.tag))
        inside = [part.type for part in token.children or ()]
        found += [(kind, "") for kind in inside if kind not in ("text", "text_special")]
    return found


MARKS = {"html": elements, "latex": commands, "markdown": blocks}


@pytest.mark.parametrize("key", ["name", "summary", "source", "formula"])
@pytest.mark.parametrize("value", ["\ud800", "\x00", "\x1b[2J", "\u202e", 3, None, b"x"])
def test_a_text_that_is_none_is_refused(key: str, value: object) -> None:
    with pytest.raises(FormulaError):
        Layer(**{"name": "A", "formula": "y_i = x_i", key: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", ["\x1b[2J", "\x07\x9b31m", "\u202e"])
@pytest.mark.parametrize("field", ["name", "formula", "key", "params"])
def test_a_message_holds_nothing_that_a_terminal_obeys(run, tmp_path, field, payload):  # noqa: F811
    tables = {name: (title, table) for name, title, table in fields(payload)}
    (tmp_path / "f.toml").write_text(toml(*tables[field]), "utf-8")
    result = run("derive", "f.toml")
    assert result.exit_code == 1
    assert result.stderr.startswith("FormulaError: ")
    assert all(char.isprintable() for char in (result.stdout + result.stderr).replace("\n", ""))


# --- names ---------------------------------------------------------------------------------------

NAMES = (
    "np self special forward extents dtype dy dx layer axis lambda return None print l length "
    "owners return_tanh ｎｐ ﬁ ª x́ x' ͺ ﷺ __class__ _inputs x.y x\u200b x\u202e x\x00 lambda_ "
    "x_exp grad_x pi sum where y q_ dq"
).split()
ROLES: dict[str, tuple[str, dict[str, object]]] = {
    "input": ("y[i] = q[i]*tanh(q[i]*z[i])", {"inputs": ["q", "z"]}),
    "output": ("q[i] = z[i]*exp(z[i])", {"outputs": ["q"]}),
    "parameter": ("y[i] = z[i]*tanh(q[i])", {"params": ["q"]}),
    "constant": ("y[i] = z[i]*exp(q*z[i])", {"constants": {"q": 0.5}}),
    "value": ("q[i] = exp(z[i]); u[i] = q[i]/sum_k q[k]", {}),
    "function": ("opaque q; y[i] = q(z[i])*z[i]", {}),
    "let": ("let q(t) = t*tanh(t); y[i] = q(z[i])", {}),
    "argument": ("let f(q) = q*tanh(q); y[i] = f(z[i])", {}),
    "index": ("y[q] = z[q]*exp(z[q])", {}),
    "bound index": ("y = sum_{q} z[q]*exp(z[q])", {}),
    "bounded index": ("y[j] = sum_{q<size(z,0)-1} exp(z[q+1]*w[j])", {}),
    "window": ("y[i] = sum_{q<2} exp(z[2*i+q])", {}),
    "scatter": ("y[2*i+q] = z[i]*w[q] for q < 2", {}),
    "integers": ("y[i] = z[q[i]]*exp(z[q[i]])", {}),
    "layer": ("y[i] = z[i]*tanh(z[i])", {}),
}


def layer_with(role: str, name: str) -> Layer:
    """Return the layer of a role whose `q` has the name."""
    formula, declared = ROLES[role]

    def put(value: object) -> object:
        if isinstance(value, dict):
            return {str(put(key)): number for key, number in value.items()}
        if isinstance(value, list):
            return [put(part) for part in value]
        return re.sub(r"\bq\b", lambda _: name, str(value))

    words = {key: put(value) for key, value in declared.items()}
    return Layer(name if role == "layer" else "A", str(put(formula)), **words)  # type: ignore[arg-type]


def results(role: str, name: str) -> list[np.ndarray]:
    """Return the outputs and the gradients of the layer for fixed arguments."""
    layer = layer_with(role, name)
    made = build(layer)
    wave = np.cos(np.arange(1.0, 5.0))
    values = {n: wave[:2] if n == "w" else wave for n in layer.inputs}
    values |= dict.fromkeys(layer.integers, np.array([2, 0, 1, 2]))
    parameters = signature(made).parameters.values()
    open_functions = [
        p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty
    ]
    functions = dict(zip(open_functions, (np.sin, np.cos), strict=False))
    instance = made(*(values[param] for param in layer.params), **functions)
    output = instance.forward(*(values[n] for n in layer.inputs if n not in layer.params))
    found = instance.backward(np.sin(output + 1))
    gradients = found if isinstance(found, tuple) else (found,)
    named = derive(layer).program.gradients
    stored = [vars(instance)[attribute(named[p]).removeprefix("self.")] for p in layer.params]
    return [output, *(g for g in gradients if g is not None), *stored]


@cache
def plain_results(role: str) -> list[np.ndarray]:
    return results(role, "q")


@pytest.mark.parametrize("role", ROLES)
def test_a_layer_computes_the_same_under_any_name(role: str) -> None:
    refused = []
    for name in NAMES:
        try:
            found = results(role, name)
        except FormulaError:
            refused.append(name)
            continue
        for one, other in zip(found, plain_results(role), strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)
    assert len(refused) < len(NAMES) / 2


@pytest.mark.parametrize(
    ("formula", "declared", "message"),
    [
        (
            "y_i = lambda[i]*lambda_[i]",
            {"inputs": ["lambda", "lambda_"]},
            "lambda and lambda_ would both be lambda_ in Python",
        ),
        (
            "y_i = x_i*exp(dtype*x_i)*exp(dtype_*x_i)",
            {"constants": {"dtype": 1, "dtype_": 2}},
            "dtype and dtype_ would both be self.dtype_ in Python",
        ),
        ("y_i = x'_i*2", {}, "the name x' has a prime, which indices alone may have"),
        ("y_i = ﷺ_i", {}, "unknown character ﷺ"),
    ],
)
def test_names_that_python_has_no_form_for_are_refused(formula, declared, message) -> None:
    with pytest.raises(FormulaError) as caught:
        generate(Layer("A", formula, **declared))
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ｎｐ", "the layer's name np hides a name that generated files use"),
        ("Ｎone", "the layer's name 'None' can't name a class"),
        ("print", "the layer's name print hides a name that generated files use"),
        ("_inputs", "the layer's name _inputs hides a name that generated files use"),
        ("A:\n    import os", "the layer's name 'A:\\n    import os' can't name a class"),
    ],
)
def test_a_layer_takes_no_name_of_pythons(name, message) -> None:
    with pytest.raises(FormulaError) as caught:
        Layer(name, "y_i = x_i")
    assert caught.value.message == message


def test_two_spellings_of_one_name_are_two_layers_of_one_name() -> None:
    with pytest.raises(FormulaError, match="two layers are named fi"):
        loads('["fi"]\nformula = "y_i = x_i"\n["ﬁ"]\nformula = "y_i = x_i"')


def test_two_layers_share_no_kernel() -> None:
    layers = [Layer("A", "y_i = x_i*sin(x_i)"), Layer("a", "y_i = x_i*cos(x_i)")]
    assert generate(layers).count("\nclass ") == 2
    with pytest.raises(FormulaError, match="the module would define _a_backward twice"):
        generate(layers, backend="numba")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"a = {'[' * 100_000}", "brackets that are nested too deeply"),
        (f"a = {'{a=' * 5000}1{'}' * 5000}", "brackets that are nested too deeply"),
        (f"[A]\nconstants = {{ c = 1{'0' * 5000} }}", "a number that is too long"),
    ],
)
def test_a_file_that_the_reader_can_not_hold_is_told(text, message) -> None:
    with pytest.raises(FormulaError, match=f"f.toml has {message}"):
        loads(text, "f.toml")


def test_every_letter_of_unicode_names_a_tensor_or_is_refused() -> None:
    """The letters whose compatible form is no identifier are those that are refused."""
    odd = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if chr(code).isalpha() and not unicodedata.normalize("NFKC", chr(code)).isidentifier()
    ]
    assert len(odd) > 20
    for letter in odd:
        for formula in (f"y_i = {letter}_i", f"y_{letter} = x_{letter}", f"y = sum_{letter} x_i"):
            with pytest.raises(FormulaError):
                Layer("A", formula)
