"""A plan assigns each name once, reads what it assigns, keeps what backward reads, and prints."""

from __future__ import annotations

import pytest

from symgrad.derivation import derive
from symgrad.lowering import Plan, lower
from symgrad.lowering.nodes.arrays import Array
from symgrad.lowering.nodes.traversal import variables, walk
from tests.rendering.formulas import FORMULAS


def plan_of(formula: str) -> Plan:
    """Return the plan of a formula."""
    return lower(derive(formula).program)


def names_in(arrays: list[Array]) -> set[str]:
    """Return the names that arrays read."""
    return {variable.name for array in arrays for variable in variables(array)}


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_name_is_assigned_once_and_read_after_that(formula: str) -> None:
    plan = plan_of(formula)
    known = {argument.name for argument in plan.forward.arguments}
    for method in (plan.forward, plan.backward):
        known |= {argument.name for argument in method.arguments}
        for assignment in method.assignments:
            assert names_in([assignment.array]) <= known
            assert assignment.name not in known
            known.add(assignment.name)
        assert names_in(list(method.returns)) <= known


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_assigned_name_is_read(formula: str) -> None:
    plan = plan_of(formula)
    read = names_in([*plan.forward.arrays(), *plan.backward.arrays()])
    for method in (plan.forward, plan.backward):
        assert {assignment.name for assignment in method.assignments} <= read


@pytest.mark.parametrize("formula", FORMULAS)
def test_what_is_kept_is_what_backward_reads_of_forward(formula: str) -> None:
    plan = plan_of(formula)
    own = {argument.name for argument in plan.backward.arguments}
    own |= {assignment.name for assignment in plan.backward.assignments}
    assert set(plan.kept) == names_in(list(plan.backward.arrays())) - own


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_expression_is_computed_twice_in_a_method(formula: str) -> None:
    plan = plan_of(formula)
    for method in (plan.forward, plan.backward):
        arrays = [part for assignment in method.assignments for part in walk(assignment.array)]
        heavy = [repr_of(part) for part in arrays if is_heavy(part)]
        assert len(heavy) == len(set(heavy))


def is_heavy(array: Array) -> bool:
    """Say whether the array is the result of a reduction or contraction."""
    return type(array).__name__ in ("Reduction", "Contraction", "Cumulative", "Helper")


def repr_of(array: Array) -> str:
    """Return a text that is equal for equal arrays."""
    return repr((type(array).__name__, array.parts()))


def test_a_plan_prints_with_the_formula_of_each_line() -> None:
    assert str(plan_of("y_ij = x_ij*b_j")) == (
        "plan of Layer\n"
        "forward:\n"
        "  y(i, j) = apply(*, (b, x))   # y_ij = x_ij*b_j\n"
        "  return y\n"
        "  keep x, b\n"
        "backward:\n"
        "  dx(i, j) = apply(*, (b, dy))   # dx_ij = dy_ij*b_j\n"
        "  db(j) = contraction(einsum, (dy, x), ij,ij->j, ((), ()))   # db_j = sum_i dy_ij*x_ij\n"
        "  return dx, db"
    )
