"""Name what a test file draws its inputs from: texts that are called there, and here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from symgrad.language.layer import Layer
from symgrad.verification.integers import allowed_integers
from symgrad.verification.spans import Setting

# the functions stand in templates/tests/draws; tried in this order, as in verification/samples.py
SMOOTH = {
    "normal": "normal({})",
    "positive": "between(0.5, 2.0, {})",
    "fraction": "between(0.1, 0.9, {})",
    "above one": "between(1.1, 3.0, {})",
}
TIES = {"kinks": "whole(-1, 1, {})", "positive ties": "whole(1, 2, {})"}
KINKS = {"kinks": "whole(-4, 4, {})"}
# at the edge of what a condition guards, as p > 0 does p*log(p)
ZEROS = {"zeros": "whole(0, 2, {})", "positive ties": "whole(1, 2, {})"}
# the products of several inputs are large as well, and lose fewer digits where these are smaller
LARGE = {size: f"large({size}, {{}})" for size in ("1000", "100", "20")}
MIXTURES = 40

Specs = dict[str, str]


def draw_specs(layer: Layer, setting: Setting, samplers: Mapping[str, str]) -> Iterator[Specs]:
    """Yield for each input the text that draws it: first all by one sampler, then mixtures."""
    names = list(samplers)
    rng = np.random.default_rng(0)
    for name in names:
        yield specs_of(layer, setting, dict.fromkeys(layer.inputs, samplers[name]))
    for _ in range(MIXTURES if len(layer.inputs) > 1 else 0):
        drawn = rng.integers(len(names), size=len(layer.inputs))
        chosen = (samplers[names[int(k)]] for k in drawn)
        yield specs_of(layer, setting, dict(zip(layer.inputs, chosen, strict=True)))


def specs_of(layer: Layer, setting: Setting, chosen: Mapping[str, str]) -> Specs:
    """Return the text that draws each input; integers have a range of their own."""
    allowed = allowed_integers(layer, setting)
    specs = {}
    for name in layer.inputs:
        shape = ", ".join(map(str, setting.shapes[name]))
        form = f"any_of({range_text(allowed[name])}, {{}})" if name in allowed else chosen[name]
        specs[name] = form.format(shape).replace(", )", ")")
    return specs


def range_text(values: Sequence[int]) -> str:
    """Return neighbouring integers as a range.

    >>> range_text([0, 1, 2]), range_text([2, 3]), range_text([1, 3])
    ('range(3)', 'range(2, 4)', '[1, 3]')
    """
    first, behind = values[0], values[-1] + 1
    if list(values) != list(range(first, behind)):
        return str(list(values))
    return f"range({first}, {behind})" if first else f"range({behind})"
