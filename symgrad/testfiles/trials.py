"""List the cases that the tests of a layer have: on which sizes, from which numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

import numpy as np

from symgrad.language.expr import Call, Compare, Reduce, Where, walk
from symgrad.language.layer import Layer
from symgrad.testfiles.draws import KINKS, LARGE, SMOOTH, TIES, ZEROS
from symgrad.verification.constants import Constants, other_constants
from symgrad.verification.sizes import draw_distinct, draw_settings, fit, free_extents, lengthened
from symgrad.verification.spans import Setting

# sizes of the cases whose gradients are written out
SHORT = {2: (2, 4), 4: (2, 3)}
SHORTEST = (1, 2)
SETTINGS = 8
# the cases with other constants than the layer's own
CONSTANTS = (
    ("other constants", "other constants on short axes"),
    ("further constants", "further constants on short axes"),
)
# functions that large numbers don't trouble
PLAIN = frozenset(
    "abs sign relu leaky_relu max min clip hardtanh hardsigmoid hardswish floor ceil round".split()
)


@dataclass(frozen=True)
class Trial:
    """A case to be found.

    Attributes:
        name: what the case shows.
        settings: the sizes to try, in this order.
        samplers: what inputs are drawn from.
        written: whether the gradients are written out, because differences fail.
        kinked: whether some gradient has to meet a kink.
        needed: whether a layer may not be without.
        attempts: how many draws are tried.
        constants: those that are not the layer's own.
    """

    name: str
    settings: Callable[[Layer], Iterable[Setting]]
    samplers: Mapping[str, str]
    written: bool = False
    kinked: bool = False
    needed: bool = False
    attempts: int = 60
    constants: Constants = field(default_factory=dict)


def trials(layer: Layer) -> Iterator[Trial]:
    """Yield the cases of a layer, in the order of the file."""
    yield Trial("distinct sizes", _distinct, SMOOTH, needed=True)
    if free_extents(layer):
        yield Trial("extents of 1", _ones, SMOOTH)
        yield Trial("other lengths", _longer, SMOOTH)
    for turn, values in enumerate(other_constants(layer)):
        settings = partial(_other, values, turn), partial(_shortest, values)
        for name, chosen in zip(CONSTANTS[turn], settings, strict=True):
            yield Trial(name, chosen, SMOOTH, constants=values)
    yield Trial("ties", _short, TIES, written=True, kinked=True, attempts=4)
    yield Trial("kinks", _square, KINKS, written=True, kinked=True, attempts=3)
    if any(isinstance(part, (Where, Compare)) for part in _parts(layer)):
        yield Trial("zeros", _short, ZEROS, written=True, attempts=12)
    if any(_may_overflow(part) for part in _parts(layer)):
        yield Trial("large", _short, LARGE, written=True)


def _distinct(layer: Layer) -> Iterator[Setting]:
    yield from islice(draw_settings(layer, np.random.default_rng(0)), SETTINGS)


def _ones(layer: Layer) -> list[Setting]:
    return [fit(layer, {}, scalar=1, least=1)]


def _longer(layer: Layer) -> list[Setting]:
    drawn = draw_distinct(layer, np.random.default_rng(1))
    return [lengthened(drawn, 1), drawn]


def _other(constants: Constants, turn: int, layer: Layer) -> list[Setting]:
    drawn = draw_distinct(layer, np.random.default_rng(2), constants)
    return [lengthened(drawn, turn), drawn]


def _shortest(constants: Constants, layer: Layer) -> list[Setting]:
    return [fit(layer, {}, scalar=1, least=1, constants=constants)]


def _short(layer: Layer) -> list[Setting]:
    extents = free_extents(layer)
    short = next((sizes for most, sizes in SHORT.items() if len(extents) <= most), SHORTEST)
    return [fit(layer, {extent: short[k % len(short)] for k, extent in enumerate(extents)})]


def _square(layer: Layer) -> list[Setting]:
    """Return sizes that hold each of the nine values of KINKS."""
    extents = free_extents(layer)
    if len(extents) > 2:
        return _short(layer)
    return [fit(layer, dict.fromkeys(extents, 9 if len(extents) == 1 else 3))]


def _may_overflow(part: object) -> bool:
    if isinstance(part, Reduce):
        return part.op == "logsumexp"
    return isinstance(part, Call) and part.function not in PLAIN


def _parts(layer: Layer) -> Iterator[object]:
    for statement in layer.statements:
        yield from walk(statement.value)
