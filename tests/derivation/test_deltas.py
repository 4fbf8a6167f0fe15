"""Contracting Kronecker deltas, one summed index at a time."""

from fractions import Fraction

from symgrad.derivation.deltas import contract_deltas
from symgrad.derivation.pullback import negate
from symgrad.derivation.terms import Term
from symgrad.formats.text import to_text
from symgrad.language.expr import AxisLength, Delta, Element, Expr, Index, IndexValue, Where
from tests.derivation.printing import plain_statements, terms_text

ROWS, COLUMNS = AxisLength("x", 0), AxisLength("x", 1)
I, K, L, M = Index("i", ROWS), Index("k", ROWS), Index("l", ROWS), Index("m", ROWS)  # noqa: E741
J = Index("j", COLUMNS)
ONE = Fraction(1)


def at(name: str, *indices: Index) -> Expr:
    return Element(name, tuple(map(IndexValue, indices)))


def delta(left: Index, right: Index) -> Expr:
    return Delta(IndexValue(left), IndexValue(right))


def contracted(*factors: Expr, sums: tuple[Index, ...]) -> Term:
    return contract_deltas(Term(ONE, tuple((factor, ONE) for factor in factors), sums))


def test_contracting_a_delta_removes_the_delta_and_its_sum() -> None:
    term = contracted(at("f", K), delta(K, I), sums=(K,))
    assert terms_text([term], I) == "f_i"
    assert term.sums == ()


def test_the_sides_of_a_delta_may_be_swapped() -> None:
    term = contracted(at("f", K), delta(I, K), sums=(K,))
    assert terms_text([term], I) == "f_i"


def test_each_delta_of_a_chain_removes_one_sum() -> None:
    term = contracted(at("f", K, M), delta(K, L), delta(L, I), sums=(K, L, M))
    assert terms_text([term], I) == "sum_m f_im"


def test_two_deltas_of_one_summed_index_leave_a_delta_of_the_own_indices() -> None:
    term = contracted(at("f", K), delta(K, I), delta(K, M), sums=(K,))
    assert terms_text([term], I, M) == "f_i*delta(i, m)"


def test_a_delta_of_the_own_indices_stays() -> None:
    term = contracted(at("f", I), delta(I, M), sums=())
    assert terms_text([term], I, M) == "f_i*delta(i, m)"


def test_a_delta_between_different_ranges_stays() -> None:
    term = contracted(at("f", J), delta(J, I), sums=(J,))
    assert terms_text([term], I) == "sum_j f_j*delta(j, i)"


def test_the_opposite_of_a_condition_is_pushed_down_to_the_comparisons() -> None:
    (statement,) = plain_statements("y_i = where(x_i > 0 and i != 2, x_i, 1)")
    assert isinstance(statement.value, Where)
    condition = statement.value.condition
    assert to_text(negate(condition), indices=statement.indices) == "x_i <= 0 or i == 2"
    assert negate(negate(condition)) == condition
