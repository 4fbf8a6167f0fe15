"""Add to a report what is wrong with each array, and the smallest shapes that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from symgrad.formats.text import statement_text
from symgrad.language.expr import Expr
from symgrad.language.lengths import NO_LENGTHS
from symgrad.verification.diagnosis.hypotheses import explain
from symgrad.verification.diagnosis.probes import is_wrong, probe
from symgrad.verification.diagnosis.trials import Bench, Evidence, Target, Trial, chain_of, close
from symgrad.verification.report import Comparison, Report
from symgrad.verification.samples import Sample
from symgrad.verification.sizes import fit, free_extents

_ATTEMPTS = 3
# sizes that are tried, beside those of the report; numerical gradients take long
_TRIALS = 6
_NUMERICAL_TRIALS = 2
# what arithmetic in shorter types may be off by, relative to the largest entry
_SHORTER = {np.float32: 1e-5, np.float16: 1e-2}


def diagnosed(bench: Bench, report: Report, sample: Sample) -> Report:
    """Return the report with a diagnosis at each array that is wrong, in general or at times."""
    base = bench.judged(bench.setting_of(sample.shapes), sample)
    outputs, gradients = dict(report.outputs), dict(report.gradients)
    for target in bench.targets():
        table = gradients if target.is_gradient else outputs
        table[target.name] = _diagnosed(bench, target, table[target.name], base)
    return replace(report, outputs=outputs, gradients=gradients)


def _diagnosed(bench: Bench, target: Target, comparison: Comparison, base: Trial) -> Comparison:
    if comparison.ok:
        found = probe(bench, target, base)
        if found is None:
            return comparison
        sentence, trial = found
        comparison = replace(comparison, worst=None)
        shapes: Mapping[str, tuple[int, ...]] = trial.sample.shapes
    else:
        sentence = _explanation(bench, target, base)
        shapes = smallest_shapes(bench, target, base)
    return replace(
        comparison,
        ok=False,
        diagnosis=sentence,
        formula=_formula(bench, target),
        definitions=_definitions(bench, target),
        smallest=", ".join(f"{name} {shape}" for name, shape in shapes.items()),
    )


def _formula(bench: Bench, target: Target) -> str:
    """Return the statement that the array should follow, as the derivation prints it."""
    own = [s for s in target.chain if s.name == target.chain[-1].name]
    ranges = target.is_gradient and bench.lengths is not NO_LENGTHS
    return "; ".join(statement_text(s, bench.lengths, ranges=ranges) for s in own)


def _definitions(bench: Bench, target: Target) -> tuple[str, ...]:
    """Return the statements of the names that the derivation has made for the gradient."""
    if not target.is_gradient or bench.program is None or not target.chain:
        return ()
    program, name = bench.program, target.chain[-1].name
    own = {statement.name for statement in bench.layer.statements} | {name}
    known = tuple(s for s in program.forward if s.name not in own)
    chain = chain_of((*known, *program.backward), name)
    return tuple(statement_text(s, bench.lengths) for s in chain if s.name not in own)


def _explanation(bench: Bench, target: Target, base: Trial) -> str:
    evidence = _evidence(bench, target, base)
    if not evidence.trials:
        return _raised(target, evidence.failures[0])
    imprecise = _imprecision(evidence) if base in evidence.trials else ""
    if imprecise:
        return imprecise
    if not any(is_wrong(bench, target, trial) for trial in evidence.trials):
        return f"is right where it comes back; for other sizes {_raised(target, base)}"
    sentence = explain(evidence)
    return f"{sentence}; for other sizes it raises" if evidence.failures else sentence


def _imprecision(evidence: Evidence) -> str:
    """Say of an array that is right but for its last digits what took them; empty for others."""
    pairs = [(found, right) for _, found, right in evidence.pairs]
    for short, tolerance in _SHORTER.items():
        near = all(close(found, right, tolerance) for found, right in pairs)
        if near and all(np.array_equal(found, found.astype(short)) for found, _ in pairs):
            return f"is right to the precision of {short.__name__}, and holds no other numbers"
    if all(close(found, right, _SHORTER[np.float32]) for found, right in pairs):
        return "is right in its first digits alone, as if a part of it were computed in float32"
    return ""


def _raised(target: Target, trial: Trial) -> str:
    return f"{'backward' if target.is_gradient else 'forward'} {target.error(trial.outcome)}"


def _evidence(bench: Bench, target: Target, base: Trial) -> Evidence:
    """Try other sizes, and equal ones, where matrices that are transposed fit all the same."""
    count = _NUMERICAL_TRIALS if bench.program is None else _TRIALS
    drawn = [
        bench.trial(setting, 40 + number)
        for number, setting in enumerate(bench.other_settings(base.setting, count))
    ]
    drawn.append(bench.trial(bench.equal_setting(), 50))
    trials = [base, *(trial for trial in drawn if trial is not None)]
    came = [trial for trial in trials if not target.error(trial.outcome)]
    raised = [trial for trial in trials if target.error(trial.outcome)]
    other = [trial for trial in bench.trials_of_constants() if trial is not None]
    came += [trial for trial in other if not target.error(trial.outcome)]
    return Evidence(bench, target, tuple(came), tuple(raised))


def smallest_shapes(bench: Bench, target: Target, base: Trial) -> Mapping[str, tuple[int, ...]]:
    """Return the shapes from which no axis can be made shorter without losing the fault."""
    sizes = dict(base.setting.sizes)
    raised = bool(target.error(base.outcome))
    best = base.sample.shapes
    for extent in free_extents(bench.layer):
        for size in range(1, sizes[extent]):
            trial = _faulty(bench, target, {**sizes, extent: size}, raised)
            if trial is not None:
                sizes = dict(trial.setting.sizes)
                best = trial.sample.shapes
                break
    return best


def _faulty(bench: Bench, target: Target, sizes: Mapping[Expr, int], raised: bool) -> Trial | None:
    """Return a call of these sizes that shows the fault: an error where there was one."""
    setting = fit(bench.layer, sizes, least=1)
    for attempt in range(_ATTEMPTS):
        trial = bench.trial(setting, 60 + attempt)
        if trial is None:
            return None
        if is_wrong(bench, target, trial) and bool(target.error(trial.outcome)) == raised:
            return trial
    return None
