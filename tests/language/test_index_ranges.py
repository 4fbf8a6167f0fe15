"""What is proven of index arithmetic rests on how far its indices run."""

from symgrad.language.affine import is_nonnegative, set_extent, smallest
from symgrad.language.expr import ONE, ZERO, AxisLength, Index, IndexValue, subtract


def test_what_was_unknown_before_an_index_has_an_extent_is_asked_again():
    index, length = Index("i"), AxisLength("x", 0)
    mirrored = subtract(subtract(length, ONE), IndexValue(index))
    assert not is_nonnegative(mirrored)
    set_extent(index, length)
    assert smallest(mirrored) == ZERO
    assert is_nonnegative(mirrored)
