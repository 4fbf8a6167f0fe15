"""Formulas without measure: a clear error, or an answer; what is within the limits goes through."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import symgrad
from symgrad.errors import FormulaError, ShapeError, UnsupportedError
from symgrad.language import limits
from symgrad.language.layerfile import loads

ROOT = Path(__file__).parent.parent
MANY = 10_000
LONG = 100_000


def nested(before: str, inside: str, after: str, count: int = MANY) -> str:
    return f"y_i = {before * count}{inside}{after * count}"


def listed(form: str, count: int = MANY, between: str = " + ") -> str:
    return between.join(form.format(n) for n in range(count))


TOO_DEEP = {
    "brackets": nested("(", "x_i", ")"),
    "signs": nested("-", "x_i", ""),
    "functions": nested("exp(", "x_i", ")"),
    "powers": nested("x_i^", "2", ""),
    "powers of brackets": nested("(", "x_i", ")^2"),
    "roots": nested("√", "x_i", ""),
    "sums in sums": "y = " + listed("sum_{{k{}}} ", between="") + "x[k0]",
    "terms in brackets": nested("1/(1 + ", "x_i", ")"),
    "where in where": nested("where(x_i > 0, ", "x_i", ", 1)"),
    "not": nested("where(", f"{'not ' * MANY}x_i > 0, 1, 2)", "", 1),
    "not with brackets": nested("where(", f"{'not (' * MANY}x_i{')' * MANY} > 0, 1, 2)", "", 1),
    "index arithmetic": nested("x[", f"{'(' * MANY}i{' + 1)' * MANY}", "]", 1),
    "subscripts": nested("t[", "i", "]"),
    "signs in subscripts": nested("x[", f"{'-' * MANY}i", "]", 1),
}
TOO_MANY = {
    "and": f"y_i = where({listed('x_i > {}', between=' and ')}, 1, 2)",
    "or": f"y_i = where({listed('x_i > {}', between=' or ')}, 1, 2)",
    "comparisons": f"y_i = where({listed('x{}_i', between=' < ')}, 1, 2)",
    "terms": f"y_i = {listed('x{}_i')}",
    "factors": f"y_i = {listed('x{}_i', between='*')}",
    "divisors": f"y_i = {listed('x{}_i', between='/')}",
    "juxtaposed": f"y_i = {listed('x{}_i', between=' ')}",
    "subscripts": f"y = x[{listed('i{}', between=',')}]",
    "letters of subscripts": f"y = x_{'ijkl' * 20}",
    "indices of a sum": f"y = sum_{{{listed('k{}', between=',')}}} x[k0]",
    "indices in scope": "y = " + listed("sum_{{k{0}}} x[k{0}]*", 50, "") + "1",
    "conditions": f"y_i = sum_{{k: {listed('k != {}', between=', ')}}} x_ik",
    "arguments": f"y_i = max({listed('x{}_i', between=', ')})",
    "opaque functions": f"opaque {listed('g{}', between=', ')}\ny_i = g1(x_i)",
    "statements": listed("x{}_i = z_i", between="\n"),
    "parts": listed("y[{0}] = x{0}", between="\n"),
    "bounds": f"y_i = 1 for {listed('i < {}', between=', ')}",
    "everything": f"y_i = {listed('max(0, ' + listed('x{}_i', 60) + ')', 100)}",
}
TOO_LONG = {
    "a name": f"y_i = {'a' * LONG}_i",
    "an index": f"y[{'a' * LONG}] = x[{'a' * LONG}]",
    "a target": f"{'a' * LONG}_i = x_i",
    "a function": f"y_i = {'a' * LONG}(x_i)",
    "a reduction": f"y_i = sum_{'a' * LONG} x_i",
    "marks on a letter": f"y_i = x{chr(0x301) * LONG}_i",
    "primes": f"y_i = x[i{chr(39) * LONG}]",
    "a number": f"y_i = {'9' * LONG}*x_i",
    "decimals": f"y_i = 0.{'9' * LONG}*x_i",
    "an exponent": f"y_i = 1e{'9' * LONG}*x_i",
    "superscripts": f"y_i = x_i{'²' * LONG}",
    "the text": "y_i = x_i" + " " * 10**6,
    "a comment": "#" * 10**6 + "\ny_i = x_i",
    "lines": "\n" * 10**6 + "y_i = x_i",
    "semicolons": "y_i = x_i" + ";" * 10**6,
    "open brackets": "(" * LONG,
    "closing brackets": ")" * LONG,
    "signs alone": "^" * LONG,
    "zero bytes": "\0" * LONG,
    "invisible signs": "\u200b" * LONG,
}
TOO_LARGE = {
    "a tower": "y_i = 9^9^9^9*x_i",
    "a tower of powers": "y_i = x_i^9^9^9^9",
    "an exponent": "y_i = 1e999999999*x_i",
    "a small number": "y_i = 1e-999999999*x_i",
    "a power": "y_i = 2^(10^9)*x_i",
    "a product": f"y_i = x_i*{listed('1e300', 80, '*')}",
    "a let that doubles": "let f0(t) = t*exp(t)\n"
    + "\n".join(f"let f{n}(t) = f{n - 1}(f{n - 1}(t) + 1)" for n in range(1, 40))
    + "\ny_i = f39(x_i)",
}
REFUSED = {
    f"{kind}: {case}": text
    for kind, table in (
        ("deep", TOO_DEEP),
        ("many", TOO_MANY),
        ("long", TOO_LONG),
        ("large", TOO_LARGE),
    )
    for case, text in table.items()
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_formula_without_measure_is_refused_in_few_words(case: str) -> None:
    with pytest.raises(FormulaError) as caught:
        symgrad.Layer("L", REFUSED[case])
    shown = str(caught.value)
    assert caught.value.advice
    assert len(shown) < 1200
    assert max(map(len, shown.splitlines())) < 500


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y_i = x[i + 10^100]", "an index counts to 1,000,000,000 at most"),
        ("y_i = x[10^100*i]", "an index counts to 1,000,000,000 at most"),
        ("y_i = x[i//10^100]", "an index counts to 1,000,000,000 at most"),
        ("y_i = x_i*delta(i, 10^30)", "an index counts to 1,000,000,000 at most"),
        ("y_i = sum_{k<10^30} x_i*k", "an index counts to 1,000,000,000 at most"),
        ("y_i = 2*z for i < 10^30", "an index counts to 1,000,000,000 at most"),
        ("y_i = x_i*size(x, 10^30)", "the axis of size is not a whole number"),
        ("y_i = 10^400*x_i", "the number is too large"),
        ("y_i = ((x_i^1e300)^1e300)^1e300", "the number is too large"),
    ],
)
def test_a_number_that_no_array_or_float_can_use_is_refused(formula: str, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        symgrad.Layer("L", formula)
    assert caught.value.message == message


def test_a_gradient_with_a_number_that_no_float_holds_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="dx has a number that no float holds"):
        symgrad.generate("h_i = 1e200*x_i\ny_i = 1e200*h_i")


def test_the_oracle_refuses_what_it_would_visit_for_hours() -> None:
    with pytest.raises(ShapeError, match="too many to evaluate one by one"):
        symgrad.check("y_i = sum_{k<100000000} x_i*k")


STEPS = 55
WITHIN = {
    "brackets": nested("(", "x_i", ")", STEPS),
    "signs": nested("-", "x_i", "", STEPS),
    "functions": nested("exp(-", "x_i", ")", STEPS // 2),
    "powers": nested("x_i^", "2", "", STEPS),
    "where in where": nested("where(x_i > 0, ", "x_i", ", 1)", STEPS),
    "terms in brackets": nested("1/(1 + ", "x_i", ")", STEPS // 3),
    "subscripts": nested("t[", "i", "]", STEPS) + "*x_i",
    "and": f"y_i = where({listed('x_i > {}', 256, ' and ')}, x_i, 2*x_i)",
    "terms": f"y_i = {listed('x{}_i', 256)}",
    "terms of one input": f"y_i = {listed('{0}*x_i', 100)} + {listed('x_i^{0}', 100)}",
    "factors": f"y_i = {listed('x{}_i', 40, '*')}",
    "indices": f"y = sum_{{{listed('k{}', 32, ',')}}} 2*x[{listed('k{}', 32, ',')}]",
    "opaque functions": f"opaque {listed('g{}', 64, ', ')}\ny_i = {listed('g{}(x_i)', 64)}",
    "parts": listed("y[{0}] = x{0}*z", 100, "\n"),
    "a long name": f"y_i = {'a' * 98}_i*2",
    "an exponent": "y_i = x_i^(10^9)",
}


@pytest.mark.parametrize("case", WITHIN)
def test_a_formula_within_the_limits_goes_through_every_stage(case: str) -> None:
    layer = symgrad.Layer("L", WITHIN[case])
    derivation = symgrad.derive(layer)
    assert str(derivation)
    assert all(map(str, derivation.steps))
    compile(symgrad.generate(layer), "generated", "exec")


@pytest.mark.parametrize(
    "formula", [WITHIN["terms"], WITHIN["and"], f"y_i = exp({listed('x{}_i*z_i', 70)})"]
)
def test_a_sum_in_several_lines_has_the_right_gradient(formula: str) -> None:
    assert symgrad.check(formula).ok


# a process of its own: a hang ends there, and the memory is counted alone
STATEMENTS = """
import resource
import symgrad
statements = ["x1_i = x0_i", *(f"x{n + 1}_i = x{n}_i*x{n - 1}_i" for n in range(1, 1000))]
derivation = symgrad.derive("\\n".join(statements))
assert list(derivation.gradients) == ['x0']
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2**21
"""


def test_a_thousand_statements_are_derived_in_bounded_memory() -> None:
    run = subprocess.run(
        [sys.executable, "-c", STATEMENTS], cwd=ROOT, timeout=240, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-2000:]


@pytest.mark.parametrize(
    "formula",
    [
        "y_v = sum_e 0*x_e*z_v",
        "y_v = z_v*(sum_{e: e<v} 0*x_e)",
        "y = mean_e 0*x_e",
        "y_i = x_i/mean_k 0*x_k",
        "y_i = exp(x_i)/sum_k 0*exp(x_k)",
        "y_i = x_i + exp(sum_k 0*x_k)*sum_k 0*x_k*z_i",
    ],
)
def test_a_sum_of_zeros_is_derived(formula: str) -> None:
    assert symgrad.check(formula).ok


def test_a_layer_file_of_megabytes_is_read_or_refused() -> None:
    layers = "".join(f'[Layer{n}]\nformula = "y_i = x_i + {n}"\n' for n in range(500))
    assert len(loads(layers + "#" * 10**6)) == 500
    with pytest.raises(FormulaError, match="more than 200,000 characters"):
        loads(f"[Layer]\nformula = '''y_i = x_i{' ' * 10**6}'''")
    with pytest.raises(FormulaError):
        loads(f"[Layer]\nformula = {'[' * LONG}")
    with pytest.raises(FormulaError):
        loads("a" * 10**6)


def test_the_limits_are_told_in_their_messages() -> None:
    assert limits.TERMS.error("", []).message == "more than 256 parts stand side by side here"
