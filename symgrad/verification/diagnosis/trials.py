"""Run an implementation on samples of several shapes, beside what is right there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from symgrad.errors import ShapeError
from symgrad.language.expr import AxisLength, Element, Expr, element_names, walk
from symgrad.language.layer import Layer, Statement
from symgrad.language.lengths import NO_LENGTHS, Lengths
from symgrad.language.program import Program
from symgrad.oracle.floats import FLOAT
from symgrad.oracle.frame import Functions, Tensor
from symgrad.oracle.machine import Machine
from symgrad.verification.constants import Constants, other_constants
from symgrad.verification.implementation import Implementation, Outcome
from symgrad.verification.numerical import numerical_gradients
from symgrad.verification.samples import (
    SAMPLERS,
    Sample,
    Sampler,
    draw_cotangents,
    draw_inside_domain,
)
from symgrad.verification.sizes import draw_distinct, draw_places, fit, free_extents
from symgrad.verification.spans import Setting

# how far what a hypothesis predicts may be from what is found, relative to its largest entry
CLOSE = 1e-7
EQUAL_SIZE = 3
# what lengths are drawn from: the more axes, the shorter
POOLS = {4: (2, 3, 4, 5, 7), 6: (2, 3, 4, 5), 8: (2, 3, 4)}
SHORT = (2, 3)
_DRAWS = 12
NO_CONSTANTS: Constants = {}


@dataclass(frozen=True)
class Target:
    """An array of the implementation: an output, or the gradient by an input.

    Attributes:
        label: what it is called, "y" or "dx".
        name: the output or the input.
        is_gradient: which of the two.
        chain: the statements that compute it, itself last; empty where nothing is derived.
        upstream: the names of the incoming gradients that they read.
    """

    label: str
    name: str
    is_gradient: bool
    chain: tuple[Statement, ...] = ()
    upstream: tuple[str, ...] = ()

    @property
    def statement(self) -> Statement | None:
        """The statement that assigns it, None where there is none or it has several parts."""
        own = [statement for statement in self.chain if statement.name == self.chain[-1].name]
        return own[0] if len(own) == 1 else None

    def found(self, outcome: Outcome) -> Any:
        """Return what the implementation gave."""
        return (outcome.gradients if self.is_gradient else outcome.outputs).get(self.name)

    def error(self, outcome: Outcome) -> str:
        """Return what was raised in its place; empty when nothing was."""
        return outcome.backward_error if self.is_gradient else outcome.forward_error


@dataclass(frozen=True)
class Trial:
    """One call, beside what is right.

    Attributes:
        setting: the sizes.
        sample: what was given.
        outcome: what came back.
        rights: the right outputs and gradients, by label.
        tensors: everything that statements read, by name.
        lengths: named lengths, {"size(i)": 3}, scalars and constants.
    """

    setting: Setting
    sample: Sample
    outcome: Outcome
    rights: Mapping[str, np.ndarray]
    tensors: Mapping[str, Any]
    lengths: Mapping[str, float]


@dataclass(frozen=True)
class Bench:
    """An implementation with all that is needed to try it on further samples."""

    layer: Layer
    subject: Implementation
    program: Program | None
    functions: Functions
    seed: int
    lengths: Lengths = NO_LENGTHS
    _machines: dict[str, Machine] = field(default_factory=dict, compare=False)
    _trials: dict[Any, Trial | None] = field(default_factory=dict, compare=False)

    def targets(self) -> tuple[Target, ...]:
        """Return the outputs and the gradients."""
        outputs = [
            Target(name, name, False, chain_of(self.layer.statements, name))
            for name in self.layer.outputs
        ]
        return (*outputs, *(self._gradient(name) for name in self.layer.wrt))

    def _gradient(self, name: str) -> Target:
        label = self.subject.gradients[name]
        if self.program is None:
            return Target(label, name, True)
        chain = chain_of(self.program.backward, self.program.gradients[name])
        read = {word for statement in chain for word in element_names(statement.value)}
        upstream = tuple(word for word in self.program.cotangents.values() if word in read)
        return Target(label, name, True, chain, upstream)

    def draw(self, setting: Setting, stream: int, samplers: Mapping[str, Sampler]) -> Sample:
        """Return a sample in a setting.

        Raises:
            ShapeError: the formula has no value there.
        """
        rng = np.random.default_rng([self.seed, stream])

        def forward(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            # the derived program may pad a read that the formula refuses
            tensors = self._run("formula", {**setting.constants, **inputs})
            return {name: tensors[name].to_array() for name in self.layer.outputs}

        inputs, outputs = draw_inside_domain(self.layer, setting, rng, forward, samplers)
        return Sample(setting.shapes, inputs, draw_cotangents(outputs, rng))

    def trial(
        self,
        setting: Setting,
        stream: int = 0,
        samplers: Mapping[str, Sampler] = SAMPLERS,
        constants: Constants = NO_CONSTANTS,
    ) -> Trial | None:
        """Make one call in a setting, once; None where the formula has no value there.

        The setting holds the constants that are not the layer's own, too.
        """
        key = (stream, tuple(setting.sizes.values()), tuple(samplers), tuple(constants.items()))
        if key not in self._trials:
            try:
                sample = replace(self.draw(setting, stream, samplers), constants=constants)
                self._trials[key] = self.judged(setting, sample)
            except ShapeError:
                self._trials[key] = None
        return self._trials[key]

    def judged(self, setting: Setting, sample: Sample, dtype: Any = np.float64) -> Trial:
        """Make one call with a sample, and compute what is right for it."""
        inputs = {n: _as(value, dtype) for n, value in sample.inputs.items()}
        cotangents = {n: _as(value, dtype) for n, value in sample.cotangents.items()}
        sample = Sample(sample.shapes, inputs, cotangents, sample.constants)
        outcome = self.subject.run(inputs, cotangents, sample.constants)
        tensors = self._run("forward", {**setting.constants, **inputs})
        rights = {name: tensors[name].to_array() for name in self.layer.outputs}
        rights.update(self._right_gradients(sample, tensors))
        return Trial(
            setting, sample, outcome, rights, tensors, self._named_lengths(setting, sample)
        )

    def _run(self, part: str, env: Mapping[str, Any]) -> dict[str, Tensor]:
        """Return what is read and what is assigned, in float64."""
        if part not in self._machines:
            derived = self.program is not None and part != "formula"
            statements = getattr(self.program, part) if derived else self.layer.statements
            self._machines[part] = Machine(statements, self.functions, FLOAT)
        known = {name: Tensor.of(value, FLOAT.number) for name, value in env.items()}
        return {**known, **self._machines[part].run(known)}

    def _right_gradients(self, sample: Sample, tensors: dict[str, Tensor]) -> dict[str, np.ndarray]:
        labels = self.subject.gradients
        if self.program is None:
            found = numerical_gradients(
                self.layer, sample.inputs, sample.cotangents, self.functions
            )
            return {labels[name]: value for name, value in found.items()}
        incoming = {self.program.cotangents[n]: value for n, value in sample.cotangents.items()}
        tensors.update({n: Tensor.of(v, FLOAT.number) for n, v in incoming.items()})
        after = self._run("backward", tensors)
        tensors.update(after)
        return {
            labels[name]: after[gradient].to_array()
            for name, gradient in self.program.gradients.items()
        }

    def _named_lengths(self, setting: Setting, sample: Sample) -> dict[str, float]:
        """Return lengths by their names in the formula, then the numbers that scale things.

        A letter is that of an output, where the axis of an input has it for another length.
        """
        layer = self.layer
        constants = {**layer.constants, **sample.constants}
        named: dict[str, float] = {}
        letters: dict[str, Expr | None] = {}
        assigned = (statement.name for statement in layer.statements)
        for name in dict.fromkeys((*layer.outputs, *layer.inputs, *assigned)):
            for axis, index in enumerate(layer.axes[name]):
                known = letters.setdefault(index.name, index.extent)
                word = f"size({index.name})" if known == index.extent else f"size({name}, {axis})"
                length = sample.shapes[name][axis] if name in sample.shapes else None
                named.setdefault(word, setting.extent(index) if length is None else length)
        for name, value in sample.inputs.items():
            if np.ndim(value) == 0 and name not in layer.integers:
                named[name] = float(value)
        return {**named, **{name: float(constants[name]) for name in self.taken}}

    @property
    def taken(self) -> tuple[str, ...]:
        """The constants that the implementation takes."""
        return tuple(name for name in self.layer.constants if self.subject.takes([name]))

    # --- settings --------------------------------------------------------------------------------

    def setting_of(self, shapes: Mapping[str, Sequence[int]]) -> Setting:
        """Return the setting of given shapes."""
        sizes: dict[Expr, int] = {
            extent: shapes[extent.name][extent.axis]
            for extent in free_extents(self.layer)
            if isinstance(extent, AxisLength)
        }
        return fit(self.layer, sizes, least=1)

    def other_settings(self, first: Setting, count: int) -> Iterator[Setting]:
        """Yield settings of other sizes than the first, lengths that follow from them included.

        Each length is drawn by itself, so that the product of two passes for no third.
        """
        rng = np.random.default_rng([self.seed, 99])
        extents = free_extents(self.layer)
        pool = next((pool for most, pool in POOLS.items() if len(extents) <= most), SHORT)
        pool = pool if self.program is not None else SHORT
        seen = [dict(first.sizes)]
        for _ in range(_DRAWS):
            sizes = {extent: int(rng.choice(pool)) for extent in extents}
            drawn = draw_places(self.layer, rng)
            places = {extent: int(rng.choice(pool)) for extent in drawn}
            setting = fit(self.layer, sizes, places=places)
            if len(seen) <= count and dict(setting.sizes) not in seen:
                seen.append(dict(setting.sizes))
                yield setting

    def trials_of_constants(self) -> Iterator[Trial | None]:
        """Make calls with other values of the constants that the implementation takes."""
        rng = np.random.default_rng([self.seed, 98])
        for number, values in enumerate(other_constants(self.layer)):
            taken = {name: values[name] for name in self.taken}
            if taken:
                setting = draw_distinct(self.layer, rng, taken)
                yield self.trial(setting, 70 + number, constants=taken)

    def equal_setting(self) -> Setting:
        """Return the setting in which all axes are equally long."""
        return fit(self.layer, dict.fromkeys(free_extents(self.layer), EQUAL_SIZE))


@dataclass(frozen=True)
class Evidence:
    """What is known of one array: how it was found on several samples.

    Attributes:
        bench: what makes further calls.
        target: the array.
        trials: calls in which the array came back, whatever it is.
        failures: calls that raised in its place.
    """

    bench: Bench
    target: Target
    trials: tuple[Trial, ...]
    failures: tuple[Trial, ...] = ()

    @cached_property
    def pairs(self) -> tuple[tuple[Trial, Any, np.ndarray], ...]:
        """Each trial with the array that was found and the right one."""
        label = self.target.label
        return tuple(
            (t, as_numbers(self.target.found(t.outcome)), t.rights[label]) for t in self.trials
        )

    @property
    def first(self) -> tuple[Trial, Any, np.ndarray]:
        """The trial that shows the fault first, with the array found and the right one."""
        wrong = (pair for pair in self.pairs if not close(pair[1], pair[2]))
        return next(wrong, self.pairs[0])

    def explained_by(self, predict: Callable[[Trial, np.ndarray], Any]) -> bool:
        """Say whether a prediction, from a trial and the right array, is what was found each time.

        It has to differ from the right array at least once.
        """
        telling = False
        for trial, found, right in self.pairs:
            predicted = predict(trial, right)
            if predicted is None or not close(found, predicted) or _is_open(predicted, right):
                return False
            telling = telling or not close(predicted, right)
        return telling


def chain_of(statements: Sequence[Statement], name: str) -> tuple[Statement, ...]:
    """Return the statements that the named tensor is computed by, in order."""
    wanted = {name}
    found: list[Statement] = []
    for statement in reversed(statements):
        if statement.name in wanted:
            found.insert(0, statement)
            parts = (*statement.subscripts, statement.value)
            wanted.update(word for part in parts for word in element_names(part))
    return tuple(found)


def as_numbers(found: Any) -> Any:
    """Return an array of float64; None where it is no array of numbers."""
    if found is None:
        return None
    try:
        return np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        return None


def close(found: Any, expected: Any, tolerance: float = CLOSE) -> bool:
    """Say whether two arrays have one shape and agree, but for what is not finite in `expected`."""
    if found is None or expected is None or np.shape(found) != np.shape(expected):
        return False
    finite = np.isfinite(expected)
    size = float(np.abs(np.where(finite, expected, 0)).max(initial=0.0))
    with np.errstate(all="ignore"):
        deviation = np.abs(found - expected)
    return bool(np.all((deviation <= tolerance * size + 1e-9) | ~finite))


def _is_open(predicted: Any, right: np.ndarray) -> bool:
    """Say whether a prediction is no number somewhere, where there is one: it agrees with all."""
    bad = ~np.isfinite(predicted)
    if not bad.any():
        return False
    return np.shape(predicted) != right.shape or bool(np.isfinite(right[bad]).any())


def scalars_of(expr: Expr) -> Iterator[str]:
    """Yield the names without subscripts that an expression reads."""
    for part in walk(expr):
        if isinstance(part, Element) and not part.subscripts:
            yield part.name


def _as(value: np.ndarray, dtype: Any) -> np.ndarray:
    return value.astype(dtype) if value.dtype.kind == "f" else value
