"""Hold what the claims about a class are judged by: the class, its formula, and samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symgrad.language.layer import Layer
from symgrad.language.program import Program
from symgrad.oracle.frame import Functions
from symgrad.verification.implementation import Implementation, Outcome
from symgrad.verification.reference import evaluate_forward
from symgrad.verification.samples import (
    SAMPLERS,
    Sample,
    Sampler,
    draw_cotangents,
    draw_inside_domain,
)
from symgrad.verification.sizes import draw_distinct, other_sizes
from symgrad.verification.spans import Setting


@dataclass(frozen=True)
class Case:
    """A class under test, its formula, and the call that was compared."""

    layer: Layer
    subject: Implementation
    program: Program | None
    functions: Functions
    sample: Sample
    outcome: Outcome
    generated: bool
    seed: int
    buffers: bool = False

    @cached_property
    def after_another(self) -> tuple[Outcome, Outcome | None]:
        """The outcome of a call on a new object, and on one that has made another.

        Raises:
            ShapeError: the formula has no value on the sizes that are drawn.
        """
        rng = np.random.default_rng(self.seed + 6)
        setting = draw_distinct(self.layer, rng)
        sample = self.draw(setting, SAMPLERS, rng)
        earlier = self.draw(other_sizes(self.layer, setting), SAMPLERS, rng)
        found = self.subject.run_after(
            earlier.inputs, sample.inputs, sample.cotangents, in_place=self.generated
        )
        return self.subject.run(sample.inputs, sample.cotangents), found

    def draw(
        self,
        setting: Setting,
        samplers: dict[str, Sampler],
        rng: np.random.Generator,
        values: Mapping[str, Any] | None = None,
    ) -> Sample:
        """Return a sample of these sizes; `values` are the constants in it.

        Raises:
            ShapeError: the formula has no value there.
        """
        inputs, outputs = draw_inside_domain(
            self.layer,
            setting,
            rng,
            lambda inputs: evaluate_forward(
                self.layer, inputs, self.functions, constants=setting.constants
            ),
            samplers,
        )
        return Sample(setting.shapes, inputs, draw_cotangents(outputs, rng), values or {}, outputs)
