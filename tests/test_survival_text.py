"""Whatever text is given as a formula: it is a layer, or an error that says where and what."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import symgrad
from symgrad.errors import FormulaError
from tests.mangled import SPELLINGS, nearly_right_texts

# SYMGRAD_EXAMPLES=20000 pytest tests/test_survival_text.py searches deeper, and anew each time
EXAMPLES = os.environ.get("SYMGRAD_EXAMPLES")
LONGEST_MESSAGE = 1500


def searched(count: int) -> Any:
    return settings(
        max_examples=int(EXAMPLES or count),
        derandomize=EXAMPLES is None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def layer_of(text: str, **declarations: Any) -> symgrad.Layer | None:
    """Return the layer; None where the text is refused by an error as errors should be."""
    try:
        return symgrad.Layer("L", text, **declarations)
    except FormulaError as error:
        assert_helpful(error)
        return None


def assert_helpful(error: FormulaError) -> None:
    shown = str(error)
    assert error.message
    assert error.advice, shown
    assert len(shown) < LONGEST_MESSAGE
    assert all(0 <= span.start <= span.stop <= len(error.formula) for span in error.spans)
    if error.spans:
        assert "^" in shown.splitlines()[2]
    else:
        assert not error.formula.strip() or "^" not in shown


any_text = st.text(max_size=60) | st.lists(st.sampled_from(SPELLINGS), max_size=30).map("".join)


@searched(300)
@given(any_text)
@example("")
@example("\ud800")
@example("y_i = " + "\u0301" * 50)
@example("y_i = x_i\x00")
@example("\ufeffy_i = x_i")
def test_any_text_is_a_layer_or_a_helpful_error(text: str) -> None:
    layer = layer_of(text)
    assert layer is None or layer.outputs


@searched(300)
@given(nearly_right_texts)
def test_a_text_that_is_nearly_right_is_a_layer_or_a_helpful_error(text: str) -> None:
    layer = layer_of(text)
    assert layer is None or layer.outputs


@searched(80)
@given(nearly_right_texts)
def test_what_is_read_goes_through_every_stage(text: str) -> None:
    layer = layer_of(text)
    if layer is None:
        return
    try:
        derivation = symgrad.derive(layer)
        assert str(derivation)
        assert all(map(str, derivation.steps))
        assert derivation.latex()
        compile(symgrad.generate(layer), "generated", "exec")
    except FormulaError as error:  # right, and not supported
        assert_helpful(error)


values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.fractions()
    | st.decimals()
    | st.complex_numbers()
    | st.text(max_size=5)
    | st.binary(max_size=3)
    | st.sampled_from(
        [10**400, -(10**5000), 10**-9, "x", "b", "y", "x\x00", "sum_x", "L", object()]
    )
)
names = st.sampled_from(["x", "b", "y", "z", "eps", "", "x_", "_x", "x y", "для", "lambda", "'"])
lists = (
    values
    | st.lists(names | values, max_size=4)
    | st.lists(names, max_size=4).map(tuple)
    | st.dictionaries(names, values, max_size=3)
    | st.lists(names, max_size=3).map(iter)
)
tables = lists | st.dictionaries(names | st.integers(), values, max_size=3)


@searched(300)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "constants": tables,
            "inputs": lists,
            "outputs": lists,
            "params": lists,
            "wrt": lists,
            "summary": values,
            "source": values,
        },
    )
)
@example({"constants": {"b": 10**400}})
@example({"constants": {"b": "9" * 10**5}})
@example({"inputs": [f"x{n}" for n in range(10**5)]})
@example({"inputs": ["x" * 10**5]})
@example({"params": [[1] * 10**5]})
@example({"summary": "s" * 10**6})
@example({"summary": 10**5000})
def test_any_declarations_make_a_layer_or_a_helpful_error(declarations: dict[str, Any]) -> None:
    layer = layer_of("y_ij = x_ij + b*z_j", **declarations)
    assert layer is None or layer.outputs == ("y",)


@searched(100)
@given(name=values, formula=values)
@example("L" * 10**5, "y_i = x_i")
@example("L", None)
def test_any_name_and_formula_make_a_layer_or_a_helpful_error(name: Any, formula: Any) -> None:
    try:
        symgrad.Layer(name, formula)
    except FormulaError as error:
        assert_helpful(error)


@pytest.mark.parametrize("number", ["float16", "float32", "float64", "int8", "int64", "longdouble"])
def test_a_constant_may_be_a_number_of_numpy(number: str) -> None:
    numpy = pytest.importorskip("numpy")
    layer = symgrad.Layer("L", "y_i = b*x_i", constants={"b": getattr(numpy, number)(2)})
    assert type(layer.constants["b"]) in (int, float)
    assert symgrad.check(layer).ok
