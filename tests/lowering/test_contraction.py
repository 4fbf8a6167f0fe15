"""Products are contracted in the cheapest order, by matrix products where there is one."""

from __future__ import annotations

import pytest

from symgrad.language.expr import AxisLength, Index
from symgrad.lowering.contracting.contraction import contract
from symgrad.lowering.expressions.scope import Scope, Tensor
from symgrad.lowering.nodes.arrays import Array, Contraction, Permute, Reduction, Value, Variable
from symgrad.lowering.nodes.traversal import walk

INDICES = {letter: Index(letter, AxisLength(letter, 0)) for letter in "abcdefhijklmno"}

# one tensor for each letter, as long as the letter runs
SCOPE = Scope({letter: Tensor((AxisLength(letter, 0),)) for letter in INDICES})


def contracted(operands: str, result: str) -> Array:
    """Contract operands, named by their letters, to the letters of the result."""
    values = [
        Value(Variable(letters, len(letters)), tuple(INDICES[letter] for letter in letters))
        for letters in operands.split()
    ]
    used = dict.fromkeys(operands.replace(" ", ""))
    summed = [INDICES[letter] for letter in used if letter not in result]
    frame = tuple(dict.fromkeys(INDICES[letter] for letter in [*result, *used]))
    return contract(values, summed, frame, SCOPE).array


@pytest.mark.parametrize(
    ("operands", "result", "forms"),
    [
        ("ik kj", "ij", ["matmul"]),
        ("ij jk kl", "il", ["matmul", "matmul"]),
        ("bid bjd", "bij", ["matmul"]),
        ("ij ij", "i", ["vecdot"]),
        ("ij ij", "j", ["einsum"]),
        ("ij ij", "", ["vdot"]),
        ("nc hcd", "hnd", ["matmul"]),
        ("hnd hcd", "nc", ["tensordot"]),
        ("oc ncij", "noij", ["matmul"]),
        ("noij ncij", "oc", ["matmul"]),
        ("bikl bjkl", "bij", ["matmul"]),
        ("acd bdc", "ab", ["tensordot"]),
        ("bi oij bj", "bo", ["matmul", "tensordot"]),
        ("ia ib ic", "abc", ["tensordot"]),
    ],
)
def test_each_pair_has_the_operation_that_fits(
    operands: str, result: str, forms: list[str]
) -> None:
    array = contracted(operands, result)
    assert [part.form for part in walk(array) if isinstance(part, Contraction)] == forms


def test_an_index_of_one_operand_is_summed_before_the_product() -> None:
    array = contracted("ijk jl", "il")
    assert any(isinstance(part, Reduction) and part.axes == (2,) for part in walk(array))


def test_a_chain_with_a_vector_becomes_products_with_vectors() -> None:
    array = contracted("ij jk k", "i")
    assert [part.ndim for part in walk(array) if isinstance(part, Contraction)] == [1, 1]


def test_a_transposed_result_swaps_the_operands() -> None:
    array = contracted("ik kj", "ji")
    assert isinstance(array, Contraction)
    assert [type(arg) for arg in array.args] == [Permute, Permute]
