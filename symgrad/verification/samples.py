"""Draw inputs on which a layer can be judged: values in the domain, integers in range."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symgrad.errors import ShapeError
from symgrad.language.layer import Layer
from symgrad.oracle.evaluation import check_call
from symgrad.oracle.reads import PlacedError, ReadOutside
from symgrad.oracle.shapes import check_agreements, shape_error
from symgrad.verification.integers import allowed_integers
from symgrad.verification.sizes import draw_settings
from symgrad.verification.spans import Setting

Shapes = dict[str, tuple[int, ...]]
Arrays = dict[str, np.ndarray]
Sampler = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

# tried in this order: most functions take all reals, log and sqrt want positive numbers,
# atanh and the entropies numbers below 1, acosh above 1
SAMPLERS: dict[str, Sampler] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "positive": lambda rng, shape: rng.uniform(0.5, 2.0, size=shape),
    "fraction": lambda rng, shape: rng.uniform(0.1, 0.9, size=shape),
    "above one": lambda rng, shape: rng.uniform(1.1, 3.0, size=shape),
}


def _each_of(rng: np.random.Generator, values: range, shape: tuple[int, ...]) -> np.ndarray:
    """Return the values in random order, each about as often as the others."""
    filled = np.resize(np.array(values, float), math.prod(shape))
    return rng.permutation(filled).reshape(shape)


# and further ones: a kink may lie at 3 or at 6
FAR_KINKS: dict[str, Sampler] = {
    "far kinks": lambda rng, shape: _each_of(rng, range(-7, 8), shape),
}
# exp overflows
LARGE: dict[str, Sampler] = {
    "large": lambda rng, shape: 1000 * rng.normal(size=shape),
}
# small whole numbers: ties of max, kinks of relu, abs and clip
KINKS: dict[str, Sampler] = {
    "kinks": lambda rng, shape: rng.integers(-1, 2, size=shape).astype(float),
    "positive ties": lambda rng, shape: rng.integers(1, 3, size=shape).astype(float),
}
MIXTURES = 40
# with one way to draw there is nothing to mix, and other numbers alone to try
AGAIN = 3
# a mean over nothing may depend on the values; most ShapeErrors depend on the sizes
PATIENCE = 8


@dataclass(frozen=True)
class Sample:
    """Shapes, inputs, incoming gradients and the constants that are not the layer's own.

    `outputs` are the formula's, where they are known already.
    """

    shapes: Shapes
    inputs: Arrays
    cotangents: Arrays
    constants: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, np.ndarray] | None = None

    @property
    def size(self) -> float:
        """The largest entry of the incoming gradients, at least 1."""
        entries = [float(np.abs(value).max(initial=0.0)) for value in self.cotangents.values()]
        return max(1.0, *entries)


# --- values --------------------------------------------------------------------------------------


def draw_samples(
    layer: Layer,
    setting: Setting,
    rng: np.random.Generator,
    samplers: Mapping[str, Sampler] = SAMPLERS,
) -> Iterator[Arrays]:
    """Yield inputs, first all by one sampler, then each input by one that is drawn for it."""
    allowed = allowed_integers(layer, setting)
    shapes = setting.shapes
    names = list(samplers)
    choices = [dict.fromkeys(layer.inputs, sampler) for sampler in names]
    more = MIXTURES if len(names) > 1 else AGAIN
    for _ in range(more if len(layer.inputs) > 1 else 0):
        drawn = rng.integers(len(names), size=len(layer.inputs))
        choices.append({n: names[int(k)] for n, k in zip(layer.inputs, drawn, strict=True)})
    for choice in choices:
        yield {
            name: rng.choice(allowed[name], size=shapes[name])
            if name in layer.integers
            else np.asarray(samplers[choice[name]](rng, shapes[name]))
            for name in layer.inputs
        }


def draw_cotangents(outputs: Mapping[str, Any], rng: np.random.Generator) -> Arrays:
    """Return a random incoming gradient for each output; never ones, which hide mistakes."""
    return {name: np.asarray(rng.normal(size=np.shape(value))) for name, value in outputs.items()}


def draw_inside_domain(
    layer: Layer,
    setting: Setting,
    rng: np.random.Generator,
    forward: Callable[[Arrays], Mapping[str, np.ndarray]],
    samplers: Mapping[str, Sampler] = SAMPLERS,
) -> tuple[Arrays, Mapping[str, np.ndarray]]:
    """Return the first inputs whose outputs are finite, or those with the fewest that are not.

    Raises:
        ShapeError: the formula has a value on none of the inputs.
    """
    check_agreements(layer, setting.shapes, setting.values())
    best: tuple[int, Arrays, Mapping[str, np.ndarray]] | None = None
    failures: list[ShapeError] = []
    for inputs in draw_samples(layer, setting, rng, samplers):
        try:
            check_call(layer, inputs, setting.constants)
            values = forward(inputs)
        except ShapeError as error:
            failures.append(error)
            if best is None and len(failures) == PATIENCE:
                break
            continue
        bad = sum(int(np.count_nonzero(~np.isfinite(v))) for v in values.values())
        if best is None or bad < best[0]:
            best = (bad, inputs, values)
        if bad == 0:
            break
    if best is None:
        raise failures[0]
    return best[1], best[2]


def draw_in_setting(
    layer: Layer,
    rng: np.random.Generator,
    forward: Callable[[Arrays], Mapping[str, np.ndarray]],
) -> tuple[Setting, tuple[Arrays, Mapping[str, np.ndarray]]]:
    """Return the first setting in which the formula has a value, with inputs and outputs there.

    Raises:
        ShapeError: it has none in any setting that was tried.
    """
    failures: list[ShapeError] = []
    for setting in draw_settings(layer, rng):
        try:
            return setting, draw_inside_domain(layer, setting, rng, forward)
        except ShapeError as error:
            failures.append(error)
    raise _without_value(layer, failures[0])


def _without_value(layer: Layer, error: ShapeError) -> ShapeError:
    """Return the error of a formula that has a value in no setting, with its place."""
    message = f"no lengths were found for which the formula has a value: {error.message}"
    if not isinstance(error, PlacedError):
        return ShapeError(message, error.formula, error.spans, error.advice)
    bound = (
        "bound an index, as in `for i < size(x,0) - 2`, or read what is outside as 0: pad(x[i+2])"
    )
    spans = shape_error(layer, message, error.places).spans
    advice = bound if spans and isinstance(error, ReadOutside) else ""
    return ShapeError(message, layer.formula, spans, advice)
