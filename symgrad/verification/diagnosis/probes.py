"""Look for faults under particular conditions, of arrays that are right elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from symgrad.verification.comparison import compare
from symgrad.verification.diagnosis.trials import Bench, Target, Trial, as_numbers, close
from symgrad.verification.numerical import Differences, Slope
from symgrad.verification.samples import KINKS
from symgrad.verification.sizes import draw_distinct, fit, free_extents

TRIALS = 3
KINK_DRAWS = 4
KINK_SIZES = (2, 4)
FLOAT32_CLOSE = 1e-3


@dataclass(frozen=True)
class Probe:
    """A condition under which an array is tried.

    Attributes:
        name: how a report says it, after "wrong".
        trials: the calls that are made.
        is_wrong: whether the array is wrong in one of them.
    """

    name: str
    trials: Callable[[Bench, Trial], Iterator[Trial | None]]
    is_wrong: Callable[[Bench, Target, Trial], bool]


def _extents_of_one(bench: Bench, base: Trial) -> Iterator[Trial | None]:
    extents = free_extents(bench.layer)
    sizes = base.setting.sizes
    for chosen in (extents, *([extent] for extent in extents)):
        ones = {extent: 1 if extent in chosen else sizes[extent] for extent in extents}
        yield bench.trial(fit(bench.layer, ones, scalar=1, least=1), 1)


def _other_sizes(bench: Bench, base: Trial) -> Iterator[Trial | None]:
    rng = np.random.default_rng([bench.seed, 97])
    for number in range(TRIALS):
        yield bench.trial(draw_distinct(bench.layer, rng), 10 + number)


def _equal_sizes(bench: Bench, base: Trial) -> Iterator[Trial | None]:
    yield bench.trial(bench.equal_setting(), 20)


def _other_constants(bench: Bench, base: Trial) -> Iterator[Trial | None]:
    yield from bench.trials_of_constants()


def _float32(bench: Bench, base: Trial) -> Iterator[Trial | None]:
    yield bench.judged(base.setting, base.sample, np.float32)


def _kinks(bench: Bench, base: Trial) -> Iterator[Trial | None]:
    extents = free_extents(bench.layer)
    sizes = {extent: KINK_SIZES[k % len(KINK_SIZES)] for k, extent in enumerate(extents)}
    for draw in range(KINK_DRAWS):
        yield bench.trial(fit(bench.layer, sizes), 30 + draw, KINKS)


def is_wrong(bench: Bench, target: Target, trial: Trial) -> bool:
    """Say whether the array was not found, or is not the right one."""
    if target.error(trial.outcome):
        return True
    return not close(as_numbers(target.found(trial.outcome)), trial.rights[target.label])


def _is_wrong_in_float32(bench: Bench, target: Target, trial: Trial) -> bool:
    if target.error(trial.outcome):
        return True
    right = trial.rights[target.label]
    found = as_numbers(target.found(trial.outcome))
    if found is None or found.shape != right.shape:
        return True
    size = max(1.0, float(np.abs(right[np.isfinite(right)]).max(initial=0.0)))
    with np.errstate(all="ignore"):
        deviation = np.abs(found - right)
    return bool(np.any(~(deviation <= FLOAT32_CLOSE * size) & np.isfinite(right)))


def _is_no_slope(bench: Bench, target: Target, trial: Trial) -> bool:
    """Say whether a gradient at a kink is neither the rule's nor between the one-sided slopes.

    Which slope between them is taken is the author's choice.
    """
    if not is_wrong(bench, target, trial) or not np.isfinite(trial.rights[target.label]).all():
        return False
    if not all(np.isfinite(output).all() for output in trial.outcome.outputs.values()):
        return False  # outside of the domain
    found = None if target.error(trial.outcome) else as_numbers(target.found(trial.outcome))
    right = trial.rights[target.label]
    if not target.is_gradient or found is None or found.shape != right.shape:
        return True
    if not np.isfinite(found).all():
        return True
    inputs, cotangents = trial.sample.inputs, trial.sample.cotangents
    differences = Differences(bench.layer, inputs, cotangents, bench.functions)
    for place in map(tuple, np.argwhere(~np.isclose(found, right))):
        if not _allows(differences.slope(target.name, {place: 1.0}), found[place]):
            return True
    # at a tie all entries together have one slope, which two winners would give twice
    together = differences.slope(target.name, dict.fromkeys(np.ndindex(right.shape), 1.0))
    return together.is_smooth and not _allows(together, found.sum())


def _allows(slope: Slope, value: float) -> bool:
    sides = sorted((slope.left, slope.right, slope.value))
    margin = 1e-7 * max(1.0, *map(abs, sides))
    return bool(sides[0] - margin <= value <= sides[-1] + margin)


PROBES: tuple[Probe, ...] = (
    Probe("for extents of 1", _extents_of_one, is_wrong),
    Probe("for other sizes", _other_sizes, is_wrong),
    Probe("where all axes are equally long", _equal_sizes, is_wrong),
    Probe("for other constants", _other_constants, is_wrong),
    Probe("in float32", _float32, _is_wrong_in_float32),
    Probe("at a kink or tie", _kinks, _is_no_slope),
)


def probe(bench: Bench, target: Target, base: Trial) -> tuple[str, Trial] | None:
    """Return the first condition under which the array is wrong, as a sentence, and the call."""
    repeated = _second_call(bench, target, base)
    if repeated:
        return repeated, base
    for row in PROBES:
        for trial in row.trials(bench, base):
            if trial is not None and row.is_wrong(bench, target, trial):
                where = f"is right in general, wrong only {row.name}"
                return f"{where}: {_detail(target, trial)}", trial
    return None


def _detail(target: Target, trial: Trial) -> str:
    constants = ", ".join(f"{name} = {value}" for name, value in trial.sample.constants.items())
    where = f"with {constants} " if constants else ""
    error = target.error(trial.outcome)
    if error:
        return f"{where}{'backward' if target.is_gradient else 'forward'} {error}"
    found = target.found(trial.outcome)
    return where + compare(target.label, found, trial.rights[target.label]).detail


def _second_call(bench: Bench, target: Target, base: Trial) -> str:
    """Say how a second call of backward differs from the first; empty where it does not."""
    outcome = base.outcome
    if not target.is_gradient:
        early = ", ".join(outcome.changed_by_forward)
        return f"is right, but forward writes to {early}" if early else ""
    first = as_numbers(outcome.gradients.get(target.name))
    again = as_numbers(outcome.again.get(target.name))
    if first is None or (again is not None and np.array_equal(first, again, equal_nan=True)):
        return ""
    written = [name for name in outcome.changed if name not in outcome.changed_by_forward]
    if written:
        return f"is right, but backward writes to {', '.join(written)}: a second call differs"
    if again is not None and close(again, 2 * first):
        return "is accumulated: a second call of backward gives twice the first"
    return "is right at first, a second call of backward gives another result"
