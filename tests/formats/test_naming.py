"""Test the letters that bound indices get."""

from symgrad.formats.text import to_text
from symgrad.language.expr import Index
from tests.formats.building import I, J, K, at, total


def test_index_keeps_its_letter() -> None:
    assert to_text(total(Index("t"), of=at("a"))) == "sum_t a"


def test_sibling_sums_share_a_letter() -> None:
    left, right = Index("k"), Index("k")
    expr = total(left, of=at("a", left)) + total(right, of=at("b", right))
    assert to_text(expr) == "sum_k a_k + sum_k b_k"


def test_nested_index_of_the_same_letter_moves_on() -> None:
    inner = Index("k")
    expr = total(K, of=at("b", K) * total(inner, of=at("x", K, inner)))
    assert to_text(expr) == "sum_k b_k*sum_l x_kl"


def test_new_letter_avoids_the_letters_bound_inside() -> None:
    outer, inner = Index("i"), Index("j")
    expr = at("a", I) * total(outer, of=total(inner, of=at("x", outer, inner)))
    assert to_text(expr) == "a_i*sum_k sum_j x_kj"


def test_new_letter_avoids_scalars_and_tensors() -> None:
    bound = Index("j")
    expr = at("x", I, J) * at("k") * total(bound, of=at("l", bound))
    assert to_text(expr) == "x_ij*k*sum_m l_m"


def test_bound_index_never_takes_the_letter_of_a_scalar() -> None:
    assert to_text(at("k") * total(K, of=at("b", K))) == "k*sum_l b_l"


def test_indices_of_one_sum_differ() -> None:
    first, second = Index("i"), Index("i")
    assert to_text(total(first, second, of=at("x", first, second))) == "sum_{i,j} x_ij"


def test_two_free_indices_of_one_letter_differ() -> None:
    assert to_text(at("x", I, Index("i"))) == "x_ij"


def test_one_index_bound_twice_prints_with_two_letters() -> None:
    expr = at("b", K) * total(K, of=at("c", K))
    assert to_text(expr, indices=(K,)) == "b_k*sum_l c_l"


def test_letters_with_numbers_follow_when_the_alphabet_is_used_up() -> None:
    indices = [Index(letter) for letter in "abcdefghijklmnopqrstuvwxyz"]
    again = Index("a")
    expr = total(again, of=at("v", again))
    assert to_text(expr, indices=indices) == "sum_{b1} v[b1]"


def test_captured_letter_is_told_apart() -> None:
    free = Index("k")
    assert to_text(total(K, of=at("x", K, free))) == "sum_l x_lk"
