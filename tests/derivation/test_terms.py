"""The flat form of sums of products: to and fro, and equal terms up to summed letters."""

import pytest

from symgrad.derivation.terms import combine, flatten, numbered, plain_sums, term_key, unflatten
from symgrad.formats.text import to_text
from symgrad.language.expr import AxisLength, Element, Expr, Index, IndexValue, Reduce, walk
from tests.derivation.printing import plain_statements, terms_text

A, B, C = (Index(letter, AxisLength("x", 0)) for letter in "abc")
WIDE = Index("w", AxisLength("x", 1))


def x(*indices: Index) -> Expr:
    return Element("x", tuple(map(IndexValue, indices)))


def summed(body: Expr, *indices: Index) -> Expr:
    return Reduce("sum", indices, None, body)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y_i = sum_j a_ij*(sum_k b_jk)", "sum_{j,k} a_ij*b_jk"),
        ("y = sum_{i,j} a_i*b_j", "(sum_i a_i)*(sum_j b_j)"),
        ("y_i = 2*(3*x_i)", "6*x_i"),
        ("y_i = x_i*x_i/x_i^3", "1/x_i"),
        ("y = sum_{i: i>0} 2*x_i", "2*sum_{i>0} x_i"),
        ("y_i = sum_j c_i*x_ij", "c_i*sum_j x_ij"),
        ("y_i = mean_j x_ij*w_i", "w_i*mean_j x_ij"),
        ("y_i = mean_{j<=i} x_ij", "mean_{j<=i} x_ij"),
        ("y = mean_{i,j} x_ij", "mean_{i,j} x_ij"),
        ("y_i = (a_i + b_i)*c_i", "(a_i + b_i)*c_i"),
    ],
)
def test_flattened_terms_print_with_every_factor_outside_of_foreign_sums(
    formula: str, expected: str
) -> None:
    (statement,) = plain_statements(formula)
    assert terms_text(flatten(statement.value), *statement.indices) == expected


def test_plain_sums_hold_a_mean_as_a_sum() -> None:
    (statement,) = plain_statements("y = mean_i x_i")
    sums = plain_sums(flatten(statement.value))
    assert [part.op for part in walk(sums) if isinstance(part, Reduce)] == ["sum"]


def test_nested_sums_of_a_product_are_one_term() -> None:
    (statement,) = plain_statements("y_i = sum_j a_ij*(sum_k b_jk)")
    (term,) = flatten(statement.value)
    assert [index.name for index in term.sums] == ["j", "k"]


def test_a_number_that_is_zero_leaves_no_term() -> None:
    assert flatten(0 * x(A)) == []


def test_flattening_twice_gives_the_summed_indices_new_objects() -> None:
    body = summed(x(A), A)
    (first,), (second,) = flatten(body), flatten(body)
    assert first.sums[0] is not second.sums[0]


def combined(*parts: Expr, free: tuple[Index, ...] = ()) -> str:
    terms = [term for part in parts for term in flatten(part)]
    return to_text(unflatten(combine(terms, numbered(free))), indices=free)


def test_like_terms_are_added_up_to_the_summed_letter() -> None:
    assert combined(summed(x(A), A), 2 * summed(x(B), B)) == "3*sum_a x_a"


def test_opposite_terms_vanish() -> None:
    assert combined(summed(x(A), A), -summed(x(B), B)) == "0"


def test_like_terms_are_added_with_their_summed_indices_permuted() -> None:
    chain = summed(x(A, B) * x(B, C), A, B, C)
    other = summed(x(C, A) * x(A, B), B, A, C)
    assert combined(chain, other) == "2*sum_{a,b,c} x_ab*x_bc"


def test_a_transposed_term_is_no_like_term() -> None:
    assert combined(x(A, B), x(B, A), free=(A, B)) == "x_ab + x_ba"


def test_sums_over_different_ranges_are_no_like_terms() -> None:
    assert combined(summed(x(A), A), summed(x(WIDE), WIDE)) == "sum_a x_a + sum_w x_w"


def test_the_key_of_a_term_ignores_its_coefficient_and_the_order_of_factors() -> None:
    (left,), (right,) = flatten(2 * x(A) * x(B)), flatten(x(B) * x(A))
    assert term_key(left, numbered((A, B))) == term_key(right, numbered((A, B)))
