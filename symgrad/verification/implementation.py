"""Call an implementation as its users would, and record what it returns or raises."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from symgrad.language.layer import Layer
from symgrad.rendering.code import python_name
from symgrad.verification.adapters import Adapter, Given, ImplementationError, adapter_for
from symgrad.verification.adapters.calls import taken_by
from symgrad.verification.adapters.classes import ClassSession

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
        changed_by_forward: those among them that forward wrote to.
        overwritten: the names of results that a later call wrote to: in one call outputs that
            backward did, after another call what that one had returned.
        forward_error: what the constructor or forward raised, or what is wrong with the result.
        backward_error: the same for backward.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    gradients: Mapping[str, Any] = field(default_factory=dict)
    again: Mapping[str, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    changed_by_forward: tuple[str, ...] = ()
    overwritten: tuple[str, ...] = ()
    forward_error: str = ""
    backward_error: str = ""


@dataclass(frozen=True)
class Implementation:
    """What is verified: a generated class, or something written by hand of one of the kinds.

    Attributes:
        subject: the class, or whatever `adapters.ADAPTERS` can call.
        layer: the layer that it implements.
        functions: the callables for its opaque functions.
        gradients: the name of the gradient of each input; of a parameter, its attribute.
        own_constants: whether it is given the layer's constants where it takes them.
    """

    subject: Any
    layer: Layer
    functions: Mapping[str, Callable[[Any], Any]]
    gradients: Mapping[str, str]
    own_constants: bool = False

    @cached_property
    def adapter(self) -> Adapter:
        """The way to call it.

        Raises:
            ImplementationError: it is of no kind that can be called.
        """
        return adapter_for(self.subject)

    def run(
        self,
        inputs: Arrays,
        cotangents: Arrays,
        constants: Mapping[str, Any] = NO_CONSTANTS,
        prepare: Callable[[np.ndarray], Any] = np.array,
    ) -> Outcome:
        """Make one call: forward once, backward twice; `prepare` makes each argument."""
        arrays = {name: prepare(value) for name, value in inputs.items()}
        incoming = {name: prepare(value) for name, value in cotangents.items()}
        watched = [(name, inputs[name], arrays[name]) for name in inputs]
        watched += [(f"d{name}", cotangents[name], incoming[name]) for name in cotangents]
        given = Given(
            self.layer, arrays, constants, self.functions, self.gradients, self.own_constants
        )
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                session = self.adapter.open(self.subject, given)
                returned = session.forward()
                outputs = {name: np.array(value) for name, value in returned.items()}
            except ImplementationError:
                raise
            except Exception as error:  # whatever it raises belongs in the report
                return Outcome(forward_error=_describe(error), backward_error="forward failed")
            early = _changed(watched)
            try:
                gradients = _copied(session.backward(incoming))
                again = _copied(session.backward(incoming))
            except ImplementationError:
                raise
            except Exception as error:
                return Outcome(outputs, backward_error=_describe(error))
        written = _overwritten(returned, outputs)
        return Outcome(outputs, gradients, again, _changed(watched), early, overwritten=written)

    def run_after(
        self, earlier: Arrays, inputs: Arrays, cotangents: Arrays, *, in_place: bool
    ) -> Outcome | None:
        """Make a call on an object that has made another.

        What the constructor was given stays the same array; with `in_place` new values are written
        to it between the calls, as an optimiser does. None where there is no object, or where the
        other call fails.
        """
        first = {**inputs, **{name: earlier[name] for name in self.layer.params if in_place}}
        arrays = {name: np.array(value) for name, value in first.items()}
        given = Given(self.layer, arrays, {}, self.functions, self.gradients, self.own_constants)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                session = self.adapter.open(self.subject, given)
                if not isinstance(session, ClassSession):
                    return None
                arrays.update({name: np.array(earlier[name]) for name in session.passed})
                outputs = session.forward()
                results = {
                    **outputs,
                    **self._labelled(
                        session.backward({n: np.ones_like(value) for n, value in outputs.items()})
                    ),
                }
                before = _copied(results)
            except ImplementationError:
                raise
            except Exception:
                return None
            arrays.update({name: np.array(inputs[name]) for name in session.passed})
            for name in session.kept:
                arrays[name][...] = inputs[name]
            try:
                outputs = session.forward()
                outputs = {name: np.array(value) for name, value in outputs.items()}
                gradients = _copied(session.backward(cotangents))
            except ImplementationError:
                raise
            except Exception as error:
                return Outcome(forward_error=_describe(error), backward_error="forward failed")
        written = _overwritten(results, before)
        return Outcome(outputs, gradients, gradients, overwritten=written)

    def run_on_result(
        self, inputs: Arrays, cotangents: Arrays, argument: str, label: str, *, view: bool
    ) -> tuple[Outcome, Outcome] | None:
        """Make two calls on an object, where the second is given a result of the first.

        Args:
            inputs: the arguments of the first call, and of the second but for the one.
            cotangents: the incoming gradients, likewise.
            argument: the input, or the output whose incoming gradient, the result is given for.
            label: the name of the result.
            view: whether a view of the result is given, not the array itself.

        Returns:
            what a new object gives for a copy, and what was found; None where the result does not
            fit, as by its shape, or there is no such call.
        """
        arrays = {name: np.array(value) for name, value in inputs.items()}
        incoming = {name: np.array(value) for name, value in cotangents.items()}
        place = arrays if argument in arrays else incoming
        given = Given(self.layer, arrays, {}, self.functions, self.gradients)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                session = self.adapter.open(self.subject, given)
                outputs = session.forward()
                results = {**outputs, **self._labelled(session.backward(incoming))}
                result = results.get(label)
                if not isinstance(result, np.ndarray) or result.shape != place[argument].shape:
                    return None
                place[argument] = result[...] if view else result
                copies = _copied(arrays), _copied(incoming)
                outputs = _copied(session.forward() if place is arrays else outputs)
                gradients = _copied(session.backward(incoming))
            except Exception as error:
                return Outcome(), Outcome(backward_error=_describe(error))
        watched = [(argument, (copies[0] | copies[1])[argument], result)]
        found = Outcome(outputs, gradients, gradients, _changed(watched))
        return self.run(*copies), found

    def _labelled(self, gradients: Mapping[str, Any]) -> dict[str, Any]:
        return {self.gradients[name]: value for name, value in gradients.items()}

    def takes(self, names: Iterable[str]) -> bool:
        """Say whether it has a keyword for each of the constants."""
        accepted = taken_by(self.adapter.options(self.subject))
        return accepted.keywords or all(python_name(n) in accepted.by_keyword for n in names)


def _describe(error: Exception) -> str:
    return f"raised {type(error).__name__}: {error}"


def _copied(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies, so that a buffer which the second call reuses shows."""
    return {name: None if value is None else np.array(value) for name, value in arrays.items()}


def _changed(watched: Iterable[tuple[str, np.ndarray, np.ndarray]]) -> tuple[str, ...]:
    return tuple(name for name, before, now in watched if not _same(before, now))


def _overwritten(results: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the results that are not what they were."""
    arrays = [name for name, value in results.items() if isinstance(value, np.ndarray)]
    return _changed((name, before[name], results[name]) for name in arrays)


def _same(left: np.ndarray, right: np.ndarray) -> bool:
    return np.array_equal(left, right, equal_nan=True)
