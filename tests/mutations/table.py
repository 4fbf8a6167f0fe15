"""Count the mutants of layers by kind of fault, and those that nothing notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from symgrad.language.layer import Layer
from tests.mutations.faults import FAULTS, plant
from tests.mutations.judges import Judge


@dataclass
class Tally:
    """How many mutants there were of each kind, and which were missed."""

    planted: Counter[str] = field(default_factory=Counter)
    changing: Counter[str] = field(default_factory=Counter)
    by_check: Counter[str] = field(default_factory=Counter)
    by_tests: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{'fault':26}{'planted':>9}{'change':>9}{'check':>9}{'tests':>9}"]
        counters = (self.planted, self.changing, self.by_check, self.by_tests)
        for kind in FAULTS:
            lines.append(f"{kind:26}" + "".join(f"{counter[kind]:9}" for counter in counters))
        lines.append(f"{'all':26}" + "".join(f"{counter.total():9}" for counter in counters))
        return "\n".join(lines)


def tally(layers: Iterable[Layer], every: int = 1, buffers: bool = False) -> Tally:
    """Return what becomes of each `every`-th mutant of the layers; a helper's are the first's.

    With `buffers` the classes get `buffers=True`, which the generated tests are not for.
    A mutant counts as changing a value where one of many samples, `check` or a test shows it.
    """
    result, tests = Tally(), not buffers
    number = 0
    known: set[str] = set()
    for layer in layers:
        judge = Judge(layer, buffers)
        planted = [mutant for mutant in plant(judge.source) if mutant.owner not in known]
        known |= {mutant.owner for mutant in planted} - {layer.name}
        for mutant in planted:
            number += 1
            if number % every:
                continue
            result.planted[mutant.kind] += 1
            caught = judge.check_catches(mutant.source)
            noticed = tests and judge.tests_catch(mutant.source)
            result.by_check[mutant.kind] += caught
            result.by_tests[mutant.kind] += noticed
            changes = caught or noticed or judge.changes_a_value(mutant.source)
            result.changing[mutant.kind] += changes
            if changes and not (caught and (noticed or not tests)):
                blind = [
                    w for w, ok in (("check", caught), ("tests", noticed or not tests)) if not ok
                ]
                result.missed.append(
                    f"{layer.name}:{mutant.line} {mutant.kind} missed by {', '.join(blind)}: "
                    f"{mutant.change[:150]}"
                )
    return result
