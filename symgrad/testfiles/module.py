"""Write the test file of a generated module: helpers, what holds for each layer, the cases."""

from __future__ import annotations

import keyword
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import signature
from typing import Any

import numpy as np

from symgrad.derivation import derive
from symgrad.language.layer import Layer
from symgrad.language.tokens import plain
from symgrad.rendering import document, load_class
from symgrad.rendering.code import attribute, python_name
from symgrad.rendering.docstring import formula_lines, quoted
from symgrad.rendering.methods import number_text
from symgrad.rendering.module import environment, render, template_folder
from symgrad.rendering.wrapping import INDENT, WIDTH
from symgrad.testfiles.cases import FoundCase, Subject, find_cases
from symgrad.testfiles.layout import (
    Group,
    assignment,
    call,
    dictionary,
    names_tuple,
    pairs,
    quoted_text,
    series,
)
from symgrad.verification.handling import SIZES
from symgrad.verification.opaque import polynomials

FOLDER = "tests"
# what generated files and their tests import, beside the standard library
IMPORTED = ("numpy", "scipy", "pytest", "numba")
# the lines of a table stand this deep in the file, within quotes and a comma
ROW = WIDTH - 5 * len(INDENT) - 3


@dataclass(frozen=True)
class TestText:
    """What the template loops over: the tests of one layer.

    Attributes:
        name: the class that is tested.
        docstring: its formula, as a docstring.
        lines: the assignments of the facts and the cases.
        large: whether large arrays are computed in another way than small ones.
    """

    name: str
    docstring: list[str]
    lines: list[str]
    large: bool


def generate_tests(layers: Layer | str | Iterable[Layer | str], module: str = "layers") -> str:
    """Return the text of a pytest file for the module that `generate` writes for the layers.

    Args:
        layers: a layer, a formula's text, or several of them.
        module: the name under which the generated module is imported.

    Raises:
        FormulaError: a text is no formula.
        UnsupportedError: a formula uses a construct that can't be derived yet.
        ValueError: the module's name is no name, or is taken in the file; or a layer has no sample
            on which its generated class passes.
    """
    listed = [layers] if isinstance(layers, (Layer, str)) else list(layers)
    return render_tests([_text_of(layer, module) for layer in named(listed)], module)


def named(layers: list[Layer | str]) -> list[Layer]:
    """Return the layers, those given as a text named as `generate` names them."""
    several = sum(isinstance(layer, str) for layer in layers) > 1
    return [
        Layer(f"Layer{n}" if several else "Layer", layer) if isinstance(layer, str) else layer
        for n, layer in enumerate(layers, 1)
    ]


def render_tests(tests: list[TestText], module: str) -> str:
    """Return the text of the file.

    Raises:
        ValueError: the module's name is no name, or is taken in the file.
    """
    if not module.isidentifier() or keyword.iskeyword(module) or plain(module) != module:
        raise ValueError(f"a module named {module!r} can't be imported")
    if module in sys.stdlib_module_names or module in IMPORTED:
        raise ValueError(f"a module named {module} hides another one, which NumPy may import")
    if module in _namespace() or module == "self":
        raise ValueError(f"test files use the name {module} themselves")
    text = "\n".join(line for test in tests for line in test.lines)
    used = [source for name, source in _draws().items() if f"{name}(" in text]
    template = environment(FOLDER).get_template("module.py.j2")
    large = any(test.large for test in tests)
    return template.render(module=module, imports=True, draws=used, tests=tests, large=large)


@cache
def _draws() -> dict[str, str]:
    """Return the functions that draw, by name."""
    paths = sorted((template_folder() / FOLDER / "draws").glob("*.py.j2"))
    return {path.name.split(".")[0]: path.read_text("utf-8").strip() for path in paths}


@cache
def _namespace() -> Mapping[str, Any]:
    """Return the names that the file defines, to judge cases by its own tests."""
    template = environment(FOLDER).get_template("base.py.j2")
    draws = _draws().values()
    text = template.render(module="layers", imports=False, draws=draws, large=True)
    namespace: dict[str, Any] = {"__name__": "symgrad.generated.tests"}
    exec(compile(text, "<symgrad tests>", "exec"), namespace)
    return namespace


def _text_of(layer: Layer, module: str) -> TestText:
    documented = document(layer)
    program = derive(layer).program
    implementation: Any = load_class(render([documented]), layer.name)
    facts = {**_facts(layer, program.gradients), **_functions(layer, implementation)}
    cases = find_cases(Subject(layer, program, _draw, _judge(implementation, facts)))
    lines = [line for name, piece in facts.items() for line in assignment(name, piece)]
    lines += assignment("cases", series([_case(name, case) for name, case in cases.items()]))
    large = not SIZES.keys().isdisjoint(implementation.forward.__globals__)
    return TestText(layer.name, _docstring(layer), lines, large)


def _docstring(layer: Layer) -> list[str]:
    lines = formula_lines(layer)
    return quoted(lines if len(lines) == 1 else [f"{layer.name}:", "", *lines])


def _facts(layer: Layer, gradients: Mapping[str, str]) -> dict[str, Group | str]:
    """Return the attributes of the test class that are not those of every class."""
    returned = [name for name in layer.wrt if name not in layer.params]
    stored = {
        name: quoted_text(attribute(gradients[name]).removeprefix("self."))
        for name in layer.wrt
        if name in layer.params
    }
    facts: dict[str, Group | str] = {}
    if layer.params:
        facts["params"] = names_tuple(layer.params)
    if returned:
        facts["returned"] = names_tuple(returned)
    if stored:
        facts["stored"] = pairs(stored)
    return facts


def _functions(layer: Layer, implementation: Callable[..., Any]) -> dict[str, Group | str]:
    """Return the callables that the class takes for functions which the formula leaves open."""
    accepted = signature(implementation).parameters
    taken = {
        python_name(name): call("polynomial", *map(repr, coefficients or (0.0,)))
        for name, coefficients in polynomials(layer.opaque).items()
        if python_name(name) in accepted
    }
    return {"functions": pairs(taken)} if taken else {}


def _case(name: str, case: FoundCase) -> Group:
    options: dict[str, Group | str] = {}
    if case.gradients is not None:
        options["gradients"] = dictionary({k: _table(v) for k, v in case.gradients.items()})
    if case.earlier:
        options["earlier"] = dictionary(case.earlier)
    if case.constants:
        options["constants"] = dictionary(
            {python_name(key): number_text(value) for key, value in case.constants.items()}
        )
    if case.refused:
        options["refused"] = series(
            [series([quoted_text(name), str(value)]) for name, value in case.refused]
        )
    if case.seed:
        options["seed"] = str(case.seed)
    outputs = dictionary({output: _table(value) for output, value in case.outputs.items()})
    return call("Case", quoted_text(name), dictionary(case.specs), outputs, **options)


def _table(values: np.ndarray) -> Group:
    numbers = " ".join(f"{value + 0.0:.12g}" for value in values.ravel())
    rows = textwrap.wrap(numbers, ROW, break_on_hyphens=False)
    return call("table", repr(values.shape), *map(quoted_text, rows))


def _draw(case: FoundCase) -> tuple[Mapping[str, np.ndarray], list[np.ndarray]]:
    return _called(case).draw()  # type: ignore[no-any-return]


def _called(case: FoundCase) -> Any:
    """Return the case as an object of the test file."""
    specs = {name: _evaluated(text) for name, text in case.specs.items()}
    earlier = {name: _evaluated(text) for name, text in case.earlier.items()}
    gradients = None if case.gradients is None else dict(case.gradients)
    constants = {python_name(name): value for name, value in case.constants.items()}
    return _namespace()["Case"](
        "", specs, dict(case.outputs), gradients, earlier, constants, case.refused, case.seed
    )


def _evaluated(text: str) -> Any:
    """Return what a text of `draws` stands for: a call of a function of the file with numbers."""
    assert re.fullmatch(r"\w+\([\w\s.,()\[\]-]*\)", text), text
    return eval(text, dict(_namespace()))


def _judge(
    implementation: Callable[..., Any], facts: Mapping[str, Group | str]
) -> Callable[[FoundCase], bool]:
    """Return a function that runs all tests of the file on a case with the class."""
    values = {
        name: eval(piece if isinstance(piece, str) else piece.flat(), dict(_namespace()))
        for name, piece in facts.items()
    }

    def passes(case: FoundCase) -> bool:
        called = _called(case)
        own = {**values, "layer": implementation, "cases": (called,)}
        tests = type("Tests", (_namespace()["LayerTests"],), own)()
        names = [name for name in dir(tests) if name.startswith("test_")]
        try:
            for test in (getattr(tests, name) for name in names):
                test(*([called] if signature(test).parameters else []))
        except (ArithmeticError, AssertionError, ValueError):
            return False
        return True

    return passes
