"""Choose the assignments that become nests of loops of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from symgrad.lowering.nodes.arrays import Array
from symgrad.lowering.nodes.scatters import TapProduct
from symgrad.lowering.nodes.windows import WindowProduct
from symgrad.lowering.plans.plan import Assignment
from symgrad.rendering.numba.entries import Reading, has_entries, multiplies_taps
from symgrad.rendering.numba.placing_rows import added_at_places
from symgrad.rendering.numba.scattering import is_outer, scattered
from symgrad.rendering.numba.sweeping import (
    extremes_of_columns,
    extremes_with_places,
    gradient_of_taps,
    is_gradient_of_taps,
    reduced_windows,
    running,
)
from symgrad.rendering.numba.sweeps import Nest

Form = Callable[[Assignment, Reading], Nest | None]
# the first that applies
FORMS: tuple[Form, ...] = (
    running,
    added_at_places,
    extremes_of_columns,
    gradient_of_taps,
    scattered,
    reduced_windows,
)
Start = Callable[[], Reading]


def nest_of(assignment: Assignment, start: Start) -> Nest | None:
    """Return the nest of loops that computes an assignment, if there is one.

    Args:
        assignment: what is computed.
        start: makes what a form begins with.
    """
    return next(filter(None, (form(assignment, start()) for form in FORMS)), None)


def with_pairs(
    assignments: Iterable[Assignment], start: Start
) -> Iterator[tuple[Assignment, Nest | None]]:
    """Yield assignments with the nests that they share with the one before, if any.

    Of two that share one the first is left out: the nest computes both.
    """
    waiting: Assignment | None = None
    for assignment in assignments:
        nest = None if waiting is None else extremes_with_places(waiting, assignment, start())
        if waiting is not None and nest is None:
            yield waiting, None
        waiting = assignment if nest is None else None
        if nest is not None:
            yield assignment, nest
    if waiting is not None:
        yield waiting, None


def multiplies_matrices(array: Array) -> bool:
    """Say whether a product over windows stays one of matrices, which BLAS takes."""
    if isinstance(array, WindowProduct):
        direct = multiplies_taps(array) or is_gradient_of_taps(array)
        return not (direct and has_entries(array.windows) and has_entries(array.other))
    return isinstance(array, TapProduct) and not is_outer(array)


def counts_of(nest: Nest) -> dict[str, Array]:
    """Return for the arrays of numbers that a nest fills how many numbers there are."""
    return {output.name: output.count for output in nest.outputs if output.count is not None}
