"""Test what formulas mean: each is compared with its own form in plain notation."""

from __future__ import annotations

import pytest

from symgrad.formats.text import statement_text
from symgrad.language.expr import (
    ArgReduce,
    AxisLength,
    Call,
    Compare,
    Delta,
    Element,
    Index,
    IndexValue,
    MatrixFunction,
    Number,
    OpaqueCall,
    Pad,
    Reduce,
    alpha_key,
    walk,
)
from symgrad.language.layer import Layer


def printed(formula: str, **declared: object) -> str:
    layer = Layer("L", formula, **declared)  # type: ignore[arg-type]
    return "; ".join(statement_text(statement) for statement in layer.statements)


SAME_MEANING = [
    # subscripts
    ("y_{i,j} = x_{i,j}", "y_ij = x_ij"),
    ("y[i,j] = x[i,j]", "y_ij = x_ij"),
    ("y_{ij} = x_{ij}", "y_ij = x_ij"),
    ("y_i = x_hat_i", "y_i = x_hat_i"),
    ("y_i = h_0*x_i", "y_i = h_0*x_i"),
    ("y_i1 = x_i1", "y_i1 = x_i1"),
    # Unicode
    ("y_ij = Σ_k x_ik·w_kj", "y_ij = sum_k x_ik*w_kj"),
    ("y_i = ∑_{k} x_ik × 2", "y_i = sum_k x_ik*2"),
    ("y_i = √(x_i)", "y_i = sqrt(x_i)"),
    ("y_i = x_i²", "y_i = x_i^2"),
    ("y_i = x_i⁻¹", "y_i = x_i^-1"),
    ("y_ij = where(i ≤ j, x_ij, 0)", "y_ij = where(i <= j, x_ij, 0)"),
    ("y_i = sum_{k≠i} x_k", "y_i = sum_{k != i} x_k"),
    ("y_ij = δ(i,j)*x_i", "y_ij = delta(i, j)*x_i"),
    ("y_i = −x_i", "y_i = -x_i"),
    ("y_i = π*x_i", "y_i = pi*x_i"),
    # arithmetic
    ("y_i = -x_i^2", "y_i = -(x_i^2)"),
    ("y_i = 2^3^2*x_i", "y_i = 512*x_i"),
    ("y_i = x_i**2", "y_i = x_i^2"),
    ("y_i = a/b c_i", "y_i = (a/b)*c_i"),
    ("y_i = 2x_i", "y_i = 2*x_i"),
    ("y_i = 2(x_i + 1)(x_i + 2)", "y_i = 2*(x_i + 1)*(x_i + 2)"),
    ("y_i = x_i - -1", "y_i = x_i + 1"),
    # lines
    ("y_i = (x_i +  # a comment\n  1)", "y_i = x_i + 1"),
    ("# first\n\ny_i = x_i  # last\n", "y_i = x_i"),
    ("y_i = x_i;z_i = y_i", "y_i = x_i\nz_i = y_i"),
    # reductions take the whole product to their right
    ("y_ij = sum_k x_ik*w_kj + b_j", "y_ij = (sum_k (x_ik*w_kj)) + b_j"),
    ("y_i = a_i*sum_k b_k/c_k", "y_i = a_i*(sum_k (b_k/c_k))"),
    ("y_i = sum_k -x_ik", "y_i = sum_k (-x_ik)"),
    ("y = sum_ij x_ij", "y = sum_{i,j} x_ij"),
    ("y = sum_{ij} x_ij", "y = sum_{i,j} x_ij"),
    ("y_i = sum_{k<=i} x_k", "y_i = sum_{k: k<=i} x_k"),
    ("y_i = sum_{batch} x[batch, i]", "y_i = sum_k x_ki"),
    # the summation convention
    ("y_ij = x_ik w_kj + b_j", "y_ij = (sum_k x_ik*w_kj) + b_j"),
    ("y = x_ii", "y = sum_i x_ii"),
    ("y = x_i^2 w_i", "y = sum_i (x_i^2)*w_i"),
    ("y = a_k/b_k", "y = sum_k (a_k/b_k)"),
    ("y = 2*(a_k + b_k)*c_k", "y = sum_k 2*(a_k + b_k)*c_k"),
    (
        "y_ne = exp(x_nd u_de)/sum_f exp(x_nd u_df)",
        "y_ne = exp(sum_d x_nd*u_de)/(sum_f exp(sum_d x_nd*u_df))",
    ),
    ("y_i = (a_k b_k)*c_i", "y_i = (sum_k a_k*b_k)*c_i"),
    ("y_i = delta_ij a_j", "y_i = sum_j delta(i, j)*a_j"),
    # names
    ("s_qk = q_qd k_kd", "s_ab = sum_d q_ad*k_bd"),
    ("y_i = delta_ijk*w_jk", "y_i = sum_{j,k} delta[i,j,k]*w_jk"),
    ("μ_i = mean_j x_ij; y_ij = x_ij - µ_i", "μ_i = mean_j x_ij; y_ij = x_ij - μ_i"),
    # functions of the user's own
    ("let f(t) = t*tanh(t)\ny_i = f(2*x_i)", "y_i = 2*x_i*tanh(2*x_i)"),
    ("let f(t) = t + s\ny_i = f(f(x_i))", "y_i = x_i + 2*s"),
]


@pytest.mark.parametrize(("formula", "plain"), SAME_MEANING)
def test_a_formula_means_its_plain_form(formula: str, plain: str) -> None:
    found, expected = Layer("L", formula), Layer("L", plain)
    assert meaning(found) == meaning(expected)


def meaning(layer: Layer) -> list[object]:
    return [
        (
            statement.name,
            alpha_key(
                Reduce("sum", statement.indices, None, statement.value)  # binds the left indices
            ),
        )
        for statement in layer.statements
    ]


PRINTED = [
    ("y_ij = x_ij + b_j", "y_ij = x_ij + b_j"),
    ("z_ij = x_ij*y_ij", "z_ij = x_ij*y_ij"),
    ("opaque g; z_ij = g(y_ij)", "z_ij = g(y_ij)"),
    ("y_ij = exp(x_ij)/sum_k exp(x_ik)", "y_ij = exp(x_ij)/sum_k exp(x_ik)"),
    ("y_ij = x_ik w_kj + b_j", "y_ij = sum_k x_ik*w_kj + b_j"),
    ("s_qk = where(k <= q, a_qk, -inf)", "s_qk = where(k <= q, a_qk, -inf)"),
]


@pytest.mark.parametrize(("formula", "text"), PRINTED)
def test_a_formula_prints_as_a_reader_expects(formula: str, text: str) -> None:
    assert printed(formula) == text


def test_a_declared_name_is_taken_whole() -> None:
    layer = Layer("L", "y_i = log_scale*x_i", constants={"log_scale": 2})
    assert layer.inputs == ("x",)
    assert Layer("L", "y_i = log_s*x_i", inputs=["x", "log_s"]).ranks["log_s"] == 0


def test_a_name_before_a_bracket_is_taken_whole() -> None:
    assert Layer("L", "loss = -mean_i log_p[i, t_i]").inputs == ("log_p", "t")


def test_a_bare_name_outside_a_reduction_is_no_index_of_it() -> None:
    assert Layer("L", "y_i = k*x_i + sum_k a_ik").inputs == ("k", "x", "a")


def test_a_bare_name_inside_a_reduction_is_its_index_even_beside_a_tensor_of_that_name() -> None:
    assert Layer("L", "y = sum_k k*k_k").inputs == ("k",)


def test_a_declared_scalar_may_stand_alone_in_a_subscript() -> None:
    layer = Layer("L", "loss = -log_p[t]", inputs=["log_p", "t"])
    assert layer.integers == ("t",)


def test_a_scalar_with_an_underscore_is_written_with_empty_brackets() -> None:
    layer = Layer("L", "x_mean[] = mean_i x_i; y_i = x_i - x_mean[]")
    assert layer.ranks["x_mean"] == 0


def test_a_declared_delta_is_a_tensor() -> None:
    layer = Layer("L", "y_ij = delta_ij + x_ij", inputs=["x", "delta"])
    assert layer.ranks["delta"] == 2


def test_a_bare_delta_is_a_scalar() -> None:
    assert Layer("L", "y_i = delta*x_i").inputs == ("delta", "x")


@pytest.mark.parametrize("word", ["class", "lambda", "self", "np", "in", "is", "def"])
def test_a_python_word_is_a_name_like_any_other(word: str) -> None:
    assert Layer("L", f"y_i = {word}*x_i + {word}z_i").inputs == (word, "x", f"{word}z")


def test_a_decimal_is_exact() -> None:
    (statement,) = Layer("L", "y_i = 0.1*x_i + 1e-3").statements
    numbers = [str(part.value) for part in walk(statement.value) if isinstance(part, Number)]
    assert numbers == ["1/10", "1/1000"]


def test_every_bound_index_is_an_object_of_its_own() -> None:
    (statement,) = Layer("L", "y = (sum_k x_k)*(sum_k x_k^2)").statements
    indices = [part.indices[0] for part in walk(statement.value) if isinstance(part, Reduce)]
    assert len(set(indices)) == 2


def test_an_argument_that_is_used_twice_gets_bound_indices_of_its_own() -> None:
    (statement,) = Layer("L", "let f(t) = t*exp(t); y = f(sum_k x_k)").statements
    indices = [part.indices[0] for part in walk(statement.value) if isinstance(part, Reduce)]
    assert len(set(indices)) == 2
    assert {index.extent for index in indices} == {AxisLength("x", 0)}


def value_of(formula: str) -> object:
    return Layer("L", formula).statements[-1].value


def test_an_index_as_a_number_is_its_value() -> None:
    assert IndexValue in {type(part) for part in walk(value_of("y_i = i*x_i"))}  # type: ignore[arg-type]


def test_nodes_of_later_stages_are_built() -> None:
    assert isinstance(value_of("y_i = pad(x[i-1]) for i < 3"), Pad)
    assert value_of("y = det(K_nn)") == MatrixFunction("det", "K_nn")
    inverse = value_of("y_ij = inv(a)[i,j]")
    assert isinstance(inverse, MatrixFunction)
    assert len(inverse.subscripts) == 2


def test_a_prime_behind_an_opaque_function_is_its_derivative() -> None:
    value = value_of("opaque g; y_i = g'(x_i)")
    assert isinstance(value, OpaqueCall)
    assert (value.function, value.order) == ("g", 1)


def test_argmax_is_an_integer_that_delta_takes() -> None:
    layer = Layer("L", "y_ij = delta(j, argmax_k x_ik)")
    value = layer.statements[0].value
    assert isinstance(value, Delta)
    assert isinstance(value.right, ArgReduce)
    assert layer.integers == ()
    assert layer.unsupported == ()


def test_max_of_two_is_a_function_and_max_over_an_index_a_reduction() -> None:
    value = value_of("y_i = max(x_i, 0)*max_k x_k")
    kinds = [type(part) for part in walk(value)]  # type: ignore[arg-type]
    assert Call in kinds
    assert Reduce in kinds


def test_a_chain_of_comparisons_is_a_conjunction() -> None:
    value = value_of("y_i = where(0 <= x_i < 2, 1, 0)")
    ops = [part.op for part in walk(value) if isinstance(part, Compare)]  # type: ignore[arg-type]
    assert ops == ["<=", "<"]


def test_plain_left_hand_subscripts_are_index_values() -> None:
    (statement,) = Layer("L", "y_ij = x_ji").statements
    i, j = statement.indices
    assert statement.subscripts == (IndexValue(i), IndexValue(j))
    assert statement.value == Element("x", (IndexValue(j), IndexValue(i)))
    assert isinstance(i, Index)


INPUT_ORDER = [
    ("y_ij = x_ij + b_j", ("x", "b")),
    ("y_ij = sum_{k<=n} x_ik*w_kj", ("n", "x", "w")),
    ("y_i = size(w, 0)*x_i + w_i", ("x", "w")),
    ("let f(t) = a*t\ny_i = f(x_i)", ("x", "a")),
    ("y_ij = table[ids_i, j]", ("table", "ids")),
    ("y_i = x_i + a for i < n", ("x", "a", "n")),
    ("h_i = x_i + a_i; y_i = h_i*b_i", ("x", "a", "b")),
]


@pytest.mark.parametrize(("formula", "inputs"), INPUT_ORDER)
def test_inputs_come_in_the_order_of_the_text(formula: str, inputs: tuple[str, ...]) -> None:
    assert Layer("L", formula).inputs == inputs


INTEGERS = [
    ("y_ij = table[ids_i, j]", ("ids",)),
    ("y_ij = x_ij*delta(j, t_i)", ("t",)),
    ("y_ij = where(j < len_i, x_ij, 0)", ("len",)),
    ("y = sum_{k<n} x_k", ("n",)),
    ("y_i = where(x_i > a_i, x_i, 0)", ()),
]


@pytest.mark.parametrize(("formula", "integers"), INTEGERS)
def test_what_an_index_needs_is_an_integer_without_gradient(
    formula: str, integers: tuple[str, ...]
) -> None:
    layer = Layer("L", formula)
    assert layer.integers == integers
    assert not set(layer.wrt) & set(integers)


OUTPUTS = [
    ("y_i = x_i; z_i = 2*x_i", ("y", "z")),
    ("y_i = x_i; z_i = 2*y_i", ("z",)),
    ("h[-1,j] = h0_j; h_tj = h[t-1,j]*x_tj", ("h",)),
]


@pytest.mark.parametrize(("formula", "outputs"), OUTPUTS)
def test_outputs_are_what_no_later_statement_reads(formula: str, outputs: tuple[str, ...]) -> None:
    assert Layer("L", formula).outputs == outputs


UNSUPPORTED = [
    ("y_i = det(a)*x_i", "a matrix function", 6),
    ("y_t = x_t + y[t-1]; y[-1] = a", "a recurrence", 12),
]


@pytest.mark.parametrize(("formula", "kind", "start"), UNSUPPORTED)
def test_what_is_not_derived_yet_is_recorded_with_its_place(
    formula: str, kind: str, start: int
) -> None:
    (construct,) = Layer("L", formula).unsupported
    assert (construct.kind, construct.span.start) == (kind, start)


DERIVED = [
    "y_i = sum_u x[i+u]*w_u",
    "y_i = pad(x[i-1]) for i < 3",
    "y_ij = table[ids_i, j]",
    "y_ij = x_ij*delta(j, t_i)",
    "y_i = x_i*(i//2)",
    "y_ij = x_ij; y[i, size(x,1)+j] = z_ij",
]


@pytest.mark.parametrize("formula", DERIVED)
def test_the_whole_index_language_is_derived(formula: str) -> None:
    assert Layer("L", formula).unsupported == ()
