"""Find the divisions by lengths in a formula, to tell which one an implementation leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, combinations

import numpy as np

from symgrad.language.expr import AxisLength, Element, Expr, Extent, Number, Power, walk
from symgrad.verification.diagnosis.trials import Evidence, Trial
from symgrad.verification.spans import span

_MOST = 4


def is_left_out(evidence: Evidence, factors: Sequence[float], trials: Sequence[Trial]) -> bool:
    """Say whether the statements divide by what the factors are, alone or among others."""
    found = list(_divisors(evidence, trials))[:_MOST]
    sets = chain.from_iterable(combinations(found, n) for n in range(1, len(found) + 1))
    return any(np.allclose(np.prod(chosen, axis=0), factors, rtol=1e-6) for chosen in sets)


def _divisors(evidence: Evidence, trials: Sequence[Trial]) -> Iterator[np.ndarray]:
    for statement in evidence.target.chain:
        for part in walk(statement.value):
            if isinstance(part, Power) and isinstance(part.exponent, Number):
                values = [_value(part.base, trial) for trial in trials]
                if part.exponent.value < 0 and None not in values:
                    yield np.array(values, float) ** -float(part.exponent.value)


def _value(base: Expr, trial: Trial) -> float | None:
    """Return a length or a constant; None for what is neither."""
    if isinstance(base, (AxisLength, Extent)):
        return span(base, trial.setting)[0]
    if isinstance(base, Element) and not base.subscripts:
        return trial.lengths.get(base.name)
    return None
