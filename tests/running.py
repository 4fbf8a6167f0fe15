"""Run a layer: the generated class, the meaning of its formulas, and PyTorch.

A layer is given as a Layer, or by its name in the catalogue.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad import catalogue
from symgrad.language.layer import Layer
from symgrad.language.program import Program
from symgrad.oracle import evaluate, evaluate_statements

Arrays = dict[str, np.ndarray]

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed"
)


@cache
def layer_of(name: str | Layer) -> Layer:
    """Return a layer of the catalogue, or the layer that is given."""
    return catalogue.entry(name) if isinstance(name, str) else name


@cache
def program_of(name: str | Layer) -> Program:
    """Return the derived statements of a layer."""
    return symgrad.derive(layer_of(name)).program


@cache
def class_of(name: str | Layer) -> Callable[..., Any]:
    """Return the generated class of a layer, built once."""
    return symgrad.build(layer_of(name))


def named(name: str | Layer, arguments: tuple[np.ndarray, ...]) -> Arrays:
    """Return the arguments of a layer by name."""
    return dict(zip(layer_of(name).inputs, arguments, strict=True))


def constructed(
    name: str | Layer, arguments: tuple[np.ndarray, ...], constants: Mapping[str, Any]
) -> Any:
    """Return an object of the generated class with its parameters and constants."""
    inputs = named(name, arguments)
    return class_of(name)(*(inputs[p] for p in layer_of(name).params), **constants)


def forward_by_class(
    name: str | Layer, arguments: tuple[np.ndarray, ...], constants: Mapping[str, Any]
) -> np.ndarray:
    """Return the output of the generated class."""
    instance = constructed(name, arguments, constants)
    return instance.forward(*_given(name, arguments))


def gradients_by_class(
    name: str | Layer,
    arguments: tuple[np.ndarray, ...],
    incoming: np.ndarray,
    constants: Mapping[str, Any],
) -> Arrays:
    """Return the gradient by each input that has one, by the generated class."""
    layer = layer_of(name)
    instance = constructed(name, arguments, constants)
    instance.forward(*_given(name, arguments))
    returned = instance.backward(incoming)
    names = [wrt for wrt in layer.wrt if wrt not in layer.params]
    values = returned if len(names) > 1 else (returned,) if names else ()
    found = dict(zip(names, values, strict=True))
    stored = program_of(name).gradients
    found.update((param, getattr(instance, stored[param])) for param in layer.params)
    return {wrt: found[wrt] for wrt in layer.wrt}


def _given(name: str | Layer, arguments: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    params = layer_of(name).params
    return [value for key, value in named(name, arguments).items() if key not in params]


def forward_by_meaning(
    name: str | Layer, arguments: tuple[np.ndarray, ...], constants: Mapping[str, Any]
) -> np.ndarray:
    """Return what the formula of the layer means."""
    (output,) = layer_of(name).outputs
    return evaluate(layer_of(name), named(name, arguments), constants)[output]


def gradients_by_meaning(
    name: str | Layer,
    arguments: tuple[np.ndarray, ...],
    incoming: np.ndarray,
    constants: Mapping[str, Any],
) -> Arrays:
    """Return what the derived formulas of the gradients mean."""
    layer, program = layer_of(name), program_of(name)
    known: dict[str, Any] = {**layer.constants, **constants, **named(name, arguments)}
    known.update(evaluate_statements(program.forward, known))
    (output,) = layer.outputs
    known[program.cotangents[output]] = incoming
    found = evaluate_statements(program.backward, known)
    return {wrt: found[program.gradients[wrt]] for wrt in layer.wrt}


def by_torch(
    function: Callable[..., Any],
    name: str | Layer,
    arguments: tuple[np.ndarray, ...],
    incoming: Callable[[np.ndarray], np.ndarray],
    constants: Mapping[str, Any],
) -> tuple[np.ndarray, Arrays]:
    """Return the output of a function of PyTorch, and its gradients by the layer's inputs.

    Args:
        function: takes the module torch, a tensor for each input, and the constants.
        name: the layer whose inputs the arguments are.
        arguments: the inputs.
        incoming: gives the incoming gradient for an output.
        constants: keyword arguments of the function.
    """
    import torch

    layer = layer_of(name)
    tensors = {
        key: torch.tensor(value, requires_grad=key in layer.wrt)
        for key, value in named(name, arguments).items()
    }
    output = function(torch, *tensors.values(), **constants)
    value = output.detach().numpy()
    output.backward(torch.as_tensor(incoming(value)))
    return value, {wrt: tensors[wrt].grad.numpy() for wrt in layer.wrt}
