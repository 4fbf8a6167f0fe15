"""Call a layer class as its users would, and record what it returns or raises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import Any

import numpy as np

from symgrad.language.layer import Layer
from symgrad.rendering.code import attribute, python_name

Arrays = Mapping[str, np.ndarray]
NO_CONSTANTS: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Outcome:
    """What one forward and two backward calls gave.

    Attributes:
        outputs: by name; empty when forward failed.
        gradients: by input; a gradient that is missing is None.
        again: the gradients of the second backward call.
        changed: the names of the arguments that were written to.
        forward_error: what the constructor or forward raised, or what is wrong with the result.
        backward_error: the same for backward.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    gradients: Mapping[str, Any] = field(default_factory=dict)
    again: Mapping[str, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    forward_error: str = ""
    backward_error: str = ""


@dataclass(frozen=True)
class Implementation:
    """A class with the interface of generated layers, generated or written by hand.

    Attributes:
        factory: the class.
        layer: the layer that it implements.
        functions: the callables for its opaque functions.
        gradients: the attribute that holds the gradient of each parameter, by its name.
    """

    factory: Callable[..., Any]
    layer: Layer
    functions: Mapping[str, Callable[[Any], Any]]
    gradients: Mapping[str, str]

    def run(
        self, inputs: Arrays, cotangents: Arrays, constants: Mapping[str, Any] = NO_CONSTANTS
    ) -> Outcome:
        """Construct the class, call forward once, backward twice."""
        given = {name: np.array(value) for name, value in inputs.items()}
        incoming = {name: np.array(value) for name, value in cotangents.items()}
        with np.errstate(all="ignore"):
            try:
                instance = self._construct(given, constants)
            except Exception as error:  # whatever a class under test raises belongs in the report
                return Outcome(forward_error=_describe(error), backward_error="forward failed")
            return self._run(instance, given, incoming, inputs, cotangents)

    def _run(
        self, instance: Any, given: Arrays, incoming: Arrays, inputs: Arrays, cotangents: Arrays
    ) -> Outcome:
        try:
            outputs = self._outputs(instance.forward(*self._arguments(given)))
        except Exception as error:
            return Outcome(forward_error=_describe(error), backward_error="forward failed")
        outputs = {name: np.array(value) for name, value in outputs.items()}
        try:
            gradients = _copied(self._gradients(instance, incoming))
            again = _copied(self._gradients(instance, incoming))
        except Exception as error:
            return Outcome(outputs, backward_error=_describe(error))
        changed = [name for name in given if not _same(given[name], inputs[name])]
        changed += [f"d{name}" for name in incoming if not _same(incoming[name], cotangents[name])]
        return Outcome(outputs, gradients, again, tuple(changed))

    def takes(self, names: Iterable[str]) -> bool:
        """Say whether the constructor has a keyword for each of the constants."""
        accepted = signature(self.factory).parameters
        open_ended = any(part.kind is Parameter.VAR_KEYWORD for part in accepted.values())
        return open_ended or all(python_name(name) in accepted for name in names)

    def _construct(self, given: Arrays, constants: Mapping[str, Any]) -> Any:
        """Call the constructor with the parameters and the callables that it takes."""
        accepted = signature(self.factory).parameters
        functions = self.functions
        if not any(part.kind is Parameter.VAR_KEYWORD for part in accepted.values()):
            names = {name: python_name(name) for name in functions}
            functions = {names[n]: functions[n] for n in functions if names[n] in accepted}
        keywords = {python_name(name): value for name, value in constants.items()}
        parameters = (given[name] for name in self.layer.params)
        return self.factory(*parameters, **functions, **keywords)

    def _arguments(self, given: Arrays) -> list[Any]:
        return [given[name][()] for name in self.layer.inputs if name not in self.layer.params]

    def _outputs(self, returned: Any) -> dict[str, Any]:
        names = self.layer.outputs
        values = (returned,) if len(names) == 1 else returned
        if not isinstance(values, tuple) or len(values) != len(names):
            raise TypeError(f"forward returned no tuple of {len(names)}: {', '.join(names)}")
        return dict(zip(names, values, strict=True))

    def _gradients(self, instance: Any, incoming: Arrays) -> dict[str, Any]:
        names = [name for name in self.layer.wrt if name not in self.layer.params]
        returned = instance.backward(*(incoming[name][()] for name in self.layer.outputs))
        values = (returned,) if len(names) == 1 else () if not names else returned
        if not isinstance(values, tuple) or len(values) != len(names):
            raise TypeError(f"backward returned no tuple of {len(names)}: {', '.join(names)}")
        gradients = dict(zip(names, values, strict=True))
        for name in self.layer.wrt:
            if name in self.layer.params:
                stored = attribute(self.gradients[name]).removeprefix("self.")
                gradients[name] = getattr(instance, stored)
        return gradients


def _describe(error: Exception) -> str:
    return f"raised {type(error).__name__}: {error}"


def _copied(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies, so that a buffer which the second call reuses shows."""
    return {name: None if value is None else np.array(value) for name, value in arrays.items()}


def _same(left: np.ndarray, right: np.ndarray) -> bool:
    return np.array_equal(left, right, equal_nan=True)
