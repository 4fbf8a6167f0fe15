"""Judge mutants of a layer: whether a value changes, whether `check` and the tests notice."""

from __future__ import annotations

import signal
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import Any
from unittest import mock

import numpy as np

import symgrad
from symgrad.language.layer import Layer
from symgrad.rendering import load_class
from symgrad.verification import checking, properties
from symgrad.verification.case import Case
from symgrad.verification.constants import other_constants
from symgrad.verification.implementation import Implementation, Outcome
from symgrad.verification.integers import refused_integers, with_entry
from symgrad.verification.opaque import stand_ins
from symgrad.verification.reference import evaluate_forward
from symgrad.verification.samples import (
    FAR_KINKS,
    KINKS,
    LARGE,
    SAMPLERS,
    Sample,
    draw_cotangents,
    draw_inside_domain,
)
from symgrad.verification.sizes import draw_distinct, fit, lengthened, other_sizes

SECONDS = 10
# the two differ where they do by more than what another order of summation leaves
DIFFERENCE = 1e-7


class Hangs(Exception):
    """A mutant runs for ever."""


@contextmanager
def limited() -> Iterator[None]:
    """Raise Hangs after SECONDS."""

    def stop(*_: Any) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Judge:
    """A layer with its generated text, and what decides about mutants of it.

    With `buffers` the classes get `buffers=True`; the generated tests are those of the others.
    """

    def __init__(self, layer: Layer, buffers: bool = False) -> None:
        self.layer = layer
        self.buffers = buffers
        self.program = symgrad.derive(layer).program
        self.source = symgrad.generate(layer, buffers=buffers)
        self.functions = stand_ins(layer.opaque)
        self._samples = list(self._draw_samples())
        self._right = self._outcomes(self._loaded(self.source))
        self._memory: dict[Any, Any] = {}
        text = symgrad.generate_tests(layer, "mutated")
        self._tests = compile(text, "<tests of the mutant>", "exec")
        # what is right takes longer to compute than a mutant may run
        with self._remembering():
            assert self._verified(self.source)

    def _loaded(self, source: str) -> Callable[..., Any]:
        made = load_class(source, self.layer.name)
        return partial(made, buffers=True) if self.buffers else made

    def _verified(self, source: str) -> bool:
        made, layer = self._loaded(source), self.layer
        options = {"generated": True, "buffers": self.buffers}
        return checking.verify(layer, made, self.program, 0, **options).ok  # type: ignore[arg-type]

    # --- whether a value changes -----------------------------------------------------------------

    def changes_a_value(self, source: str) -> bool:
        """Say whether forward or backward gives something else on one of many samples."""
        try:
            with limited():
                found = self._outcomes(self._loaded(source))
        except Exception:
            return True
        return any(_differ(*pair) for pair in zip(self._right, found, strict=True))

    def _draw_samples(self) -> Iterator[tuple[Sample, Sample | None]]:
        layer = self.layer
        for seed in range(100, 104):
            rng = np.random.default_rng(seed)
            setting = lengthened(draw_distinct(layer, rng), seed % 2)
            rows = [(setting, SAMPLERS, {}), (setting, LARGE, {}), (setting, FAR_KINKS, {})]
            tied = {extent: 2 + 2 * (k % 2) for k, extent in enumerate(setting.sizes)}
            rows.append((fit(layer, tied), KINKS, {}))
            for others in other_constants(layer):
                changed = lengthened(draw_distinct(layer, rng, others), seed % 2)
                rows.append((changed, SAMPLERS, dict(others)))
                short = fit(layer, {}, scalar=1, least=1, constants=others)
                rows.append((short, SAMPLERS, dict(others)))
            if seed == 100:
                rows.append((fit(layer, {}, scalar=1, least=1), SAMPLERS, {}))
            for own, samplers, constants in rows:
                sample = self._draw(own, samplers, rng, constants)
                earlier = None
                if samplers is SAMPLERS and not constants:
                    earlier = self._draw(other_sizes(layer, own), samplers, rng, {})
                yield sample, earlier
            sample = self._draw(setting, SAMPLERS, rng, {})
            for name, value in refused_integers(layer, setting, sample.inputs, self.functions):
                yield replace(sample, inputs=with_entry(sample.inputs, name, value)), None

    def _draw(self, setting: Any, samplers: Any, rng: Any, constants: Any) -> Sample:
        def forward(inputs: Any) -> Any:
            return evaluate_forward(self.layer, inputs, self.functions, False, setting.constants)

        inputs, outputs = draw_inside_domain(self.layer, setting, rng, forward, samplers)
        return Sample(setting.shapes, inputs, draw_cotangents(outputs, rng), constants)

    def _outcomes(self, factory: Callable[..., Any]) -> list[Outcome | None]:
        names = self.program.gradients
        subject = Implementation(factory, self.layer, self.functions, names)
        found: list[Outcome | None] = []
        for sample, earlier in self._samples:
            found.append(subject.run(sample.inputs, sample.cotangents, sample.constants))
            if earlier is not None:
                found.append(self._after(subject, earlier, sample))
        return found

    @staticmethod
    def _after(subject: Implementation, earlier: Sample, sample: Sample) -> Outcome | None:
        return subject.run_after(earlier.inputs, sample.inputs, sample.cotangents, in_place=True)

    # --- whether it is caught --------------------------------------------------------------------

    def check_catches(self, source: str) -> bool:
        """Say whether `check` reports the mutant, judged as generated code is."""
        try:
            with limited(), self._remembering():
                return not self._verified(source)
        except Exception:
            return True

    def tests_catch(self, source: str) -> bool:
        """Say whether a test of the generated test file fails."""
        module = types.ModuleType("mutated")
        try:
            with limited(), mock.patch.dict(sys.modules, mutated=module), np.errstate(all="ignore"):
                exec(compile(source, "<mutant>", "exec"), module.__dict__)
                namespace: dict[str, Any] = {"__name__": "test_mutated"}
                exec(self._tests, namespace)
                _run(namespace[f"Test{self.layer.name}"]())
        except (Exception, AssertionError):
            return True
        return False

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        """Compute what is right once for all mutants: it does not depend on them."""
        kept = {
            (checking, "_draw"): lambda *a: (),
            (Case, "draw"): lambda case, setting, samplers, rng, values=None: (
                tuple(setting.sizes.values()),
                tuple(samplers),
                str(rng.bit_generator.state),
                str(values),
            ),
            **{
                (properties, name): lambda _, sample, functions: _key(sample)
                for name in ("settled_outputs", "settled_gradients", "stable_values")
            },
        }
        with mock.patch.multiple(checking, _draw=self._kept(checking, "_draw", kept)):
            names = [name for module, name in kept if module is properties]
            patches = {name: self._kept(properties, name, kept) for name in names}
            with (
                mock.patch.multiple(properties, **patches),
                mock.patch.multiple(Case, draw=self._kept(Case, "draw", kept)),
            ):
                yield

    def _kept(self, module: Any, name: str, keys: Any) -> Callable[..., Any]:
        original, key_of = getattr(module, name), keys[module, name]

        def remembered(*args: Any) -> Any:
            key = (module.__name__, name, key_of(*args))
            if key not in self._memory:
                try:
                    self._memory[key] = original(*args)
                except symgrad.ShapeError as error:
                    self._memory[key] = error
            if isinstance(self._memory[key], Exception):
                raise self._memory[key]
            return self._memory[key]

        return remembered


def _run(tests: Any) -> None:
    """Run all tests; where gradients are written out first, since slopes take longest."""
    names = [name for name in dir(tests) if name.startswith("test_")]
    for case in sorted(tests.cases, key=lambda case: case.gradients is None):
        for name in sorted(names, key=lambda name: "slopes" in name):
            test = getattr(tests, name)
            test(*([case] if signature(test).parameters else []))


def _key(sample: Sample) -> Any:
    arrays = (*sample.inputs.values(), *sample.cotangents.values())
    return tuple((a.shape, a.tobytes()) for a in arrays), str(sample.constants)


def _differ(right: Outcome | None, found: Outcome | None) -> bool:
    if right is None or found is None:
        return right is not found
    if right.forward_error:  # what is refused has no value, but a type of error
        return right.forward_error.partition(":")[0] != found.forward_error.partition(":")[0]
    if found.forward_error or found.backward_error or found.changed:
        return not right.backward_error
    if set(found.overwritten) - set(right.overwritten):
        return True
    pairs = [(right.outputs, found.outputs), (right.gradients, found.gradients)]
    pairs.append((right.again, found.again))
    return any(_unlike(one[name], other[name]) for one, other in pairs for name in one)


def _unlike(right: Any, found: Any) -> bool:
    if found is None or np.shape(right) != np.shape(found):
        return True
    right, found = np.asarray(right, float), np.asarray(found, float)
    finite = np.abs(right[np.isfinite(right)])
    atol = DIFFERENCE * float(finite.max(initial=0.0)) + 1e-9
    return not np.allclose(found, right, rtol=0, atol=atol, equal_nan=True)
