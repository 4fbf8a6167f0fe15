"""Define the program of a derived layer: forward and backward as statements of the language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symgrad.language.expr import Element, Expr, node
from symgrad.language.layer import Layer, Statement


@node
class Partial(Expr):
    """`dy_kl/db_j`, the derivative of one element by another; it stands in recorded steps alone."""

    numerator: Element
    denominator: Element


@dataclass(frozen=True)
class Program:
    """What a layer computes, as statements; each name is assigned once, or in successive parts.

    Attributes:
        layer: the layer that was derived.
        forward: intermediates and outputs, in order.
        backward: adjoints of intermediates and the gradients, in order. They may read inputs,
            names assigned in `forward`, and the incoming gradients.
        cotangents: the name of the incoming gradient of each output, {"y": "dy"}.
        gradients: the name of each gradient, by input, {"x": "dx"}, in the order of `layer.wrt`.
    """

    layer: Layer
    forward: tuple[Statement, ...]
    backward: tuple[Statement, ...]
    cotangents: Mapping[str, str]
    gradients: Mapping[str, str]
