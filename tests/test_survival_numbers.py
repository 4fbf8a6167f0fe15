"""Numbers and arrays at the edges: each layer of the catalogue is right, or says what is wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad import catalogue
from symgrad.language.program import Program
from symgrad.oracle import evaluate
from symgrad.oracle.machine import Machine
from symgrad.rendering.code import attribute
from symgrad.verification.reference import arithmetic_of
from symgrad.verification.samples import draw_cotangents, draw_in_setting
from tests.running import class_of, program_of

Arrays = Mapping[str, Any]
NAMES = catalogue.names()


@dataclass(frozen=True)
class Edge:
    """A call of a layer: its program, its inputs by name, an incoming gradient for each output."""

    program: Program
    inputs: Arrays
    incoming: Arrays

    def arguments(self) -> Iterator[str]:
        """Yield the name of each argument of forward and of backward."""
        yield from self.inputs
        yield from (self.program.cotangents[name] for name in self.incoming)

    def changed(self, change: Callable[[Any], Any], name: str | None = None) -> Edge:
        """Return the call with one argument changed, or all of them."""
        inputs = {k: change(v) if name in (None, k) else v for k, v in self.inputs.items()}
        cotangents = self.program.cotangents
        incoming = {
            k: change(v) if name in (None, cotangents[k]) else v for k, v in self.incoming.items()
        }
        return replace(self, inputs=inputs, incoming=incoming)

    def floats(self, change: Callable[[Any], Any]) -> Edge:
        """Return the call with its floating arguments changed."""
        return self.changed(lambda value: change(value) if value.dtype.kind == "f" else value)


@cache
def edge(name: str) -> Edge:
    """Return a call of a layer on distinct sizes."""
    program = program_of(name)
    layer, rng = program.layer, np.random.default_rng(3)
    _, (inputs, values) = draw_in_setting(layer, rng, lambda drawn: evaluate(layer, drawn, {}))
    return Edge(program, inputs, draw_cotangents({n: values[n] for n in layer.outputs}, rng))


def results(name: str, call: Edge) -> dict[str, Any]:
    """Return outputs and gradients; two calls of backward give the same."""
    layer, program = call.program.layer, call.program
    instance = class_of(name)(*(call.inputs[n] for n in layer.params))
    outputs = instance.forward(*(v for n, v in call.inputs.items() if n not in layer.params))
    outputs = outputs if len(layer.outputs) > 1 else (outputs,)
    found = {n: copied(value) for n, value in zip(layer.outputs, outputs, strict=True)}
    first = {n: copied(value) for n, value in gradients(instance, call).items()}
    for n, again in gradients(instance, call).items():
        np.testing.assert_array_equal(again, first[n])
    return found | {program.gradients[n]: value for n, value in first.items()}


def gradients(instance: Any, call: Edge) -> dict[str, Any]:
    layer = call.program.layer
    returned = [name for name in layer.wrt if name not in layer.params]
    found = instance.backward(*call.incoming.values())
    found = dict(zip(returned, found if len(returned) > 1 else [found], strict=False))
    stored = {n: attribute(call.program.gradients[n]) for n in layer.wrt if n in layer.params}
    return found | {n: getattr(instance, at.removeprefix("self.")) for n, at in stored.items()}


def copied(value: Any) -> Any:
    """Return a copy of an array of the very type; anything else as it is."""
    return value.copy() if isinstance(value, np.ndarray) else value


@cache
def right(name: str) -> dict[str, Any]:
    return results(name, edge(name))


def assert_close(found: Arrays, expected: Arrays, dtype: Any, tolerance: float) -> None:
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert type(found[name]) in (np.ndarray, np.dtype(dtype).type), name
        assert found[name].dtype == np.dtype(dtype), name
        assert found[name].dtype.isnative
        size = max(1.0, float(np.abs(value).max(initial=0.0)))
        np.testing.assert_allclose(
            found[name].astype("f8"), value, rtol=0, atol=tolerance * size, err_msg=name
        )


# --- the same numbers, held in another way -------------------------------------------------------


def every_second(array: np.ndarray) -> np.ndarray:
    wide = np.zeros([2 * length for length in array.shape], array.dtype)
    view = wide[(..., *(slice(None, None, 2) for _ in array.shape))]
    view[...] = array
    return view


def backwards(array: np.ndarray) -> np.ndarray:
    turned = (..., *[slice(None, None, -1)] * array.ndim)
    return np.array(array[turned])[turned]


def read_only(array: np.ndarray) -> np.ndarray:
    view = np.array(array).view()
    view.flags.writeable = False
    return view


def unaligned(array: np.ndarray) -> np.ndarray:
    moved = np.frombuffer(b"." + array.tobytes(), np.uint8)[1:]
    return moved.view(array.dtype).reshape(array.shape)


class Own(np.ndarray):
    """An array of somebody's own class."""


MATRIX = "ignore:the matrix subclass:PendingDeprecationWarning"
FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "lists": lambda array: array.tolist(),
    "Fortran order": lambda array: np.array(array, order="F"),
    "every second": every_second,
    "negative strides": backwards,
    "read-only": read_only,
    "unaligned": unaligned,
    "other byte order": lambda array: array.astype(array.dtype.newbyteorder()),
    "matrix": lambda array: np.matrix(array) if array.ndim == 2 else array,
    "own class": lambda array: array.view(Own),
}


@pytest.mark.filterwarnings(MATRIX)
@pytest.mark.parametrize("form", FORMS)
def test_how_an_array_is_held_does_not_matter(form: str) -> None:
    for name in NAMES:
        call = edge(name).changed(FORMS[form])
        before = edge(name).changed(FORMS[form])
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            found = results(name, call)
        assert_close(found, right(name), float, 1e-12)
        for one, other in ((call.inputs, before.inputs), (call.incoming, before.incoming)):
            for key, value in other.items():
                assert np.asarray(one[key]).tobytes() == np.asarray(value).tobytes(), (name, key)


@pytest.mark.parametrize("value", [1.0, np.float32(0.5), 2, True])
def test_arrays_that_are_one_number_over_and_over(value: object) -> None:
    """They have a stride of 0; whole numbers and truth values are computed with as floats."""
    dtype, tolerance = (np.float32, 1e-4) if isinstance(value, np.float32) else (float, 1e-12)
    for name in NAMES:
        call = edge(name).floats(lambda array: np.broadcast_to(np.asarray(value), array.shape))
        dense = edge(name).floats(lambda array: np.full(array.shape, float(value)))  # type: ignore[arg-type]
        with np.errstate(all="ignore"):
            assert_close(results(name, call), results(name, dense), dtype, tolerance)


# --- types ---------------------------------------------------------------------------------------

TYPELESS = {
    ("GELU", "longdouble"),  # SciPy has no erf of it, and says so
    ("GaussianNLL", "float16"),  # 1/var is more than float16 holds
}


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float16", 3e-2), ("float32", 1e-4), ("longdouble", 1e-12)]
)
def test_the_type_that_comes_in_comes_out(dtype: str, tolerance: float) -> None:
    for name in NAMES:
        if (name, dtype) in TYPELESS:
            continue
        call = edge(name).floats(lambda array: array.astype(dtype))
        exact = results(name, call.floats(lambda array: array.astype("f8")))
        assert_close(results(name, call), exact, dtype, tolerance)


@pytest.mark.parametrize("formula", ["erf", "erfc", "gelu", "lgamma", "digamma"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_functions_of_scipy_keep_the_type(formula: str, dtype: str) -> None:
    layer = symgrad.build(f"y_i = {formula}(x_i)")()
    x = np.array([0.5, 1.25, 3.0], dtype)
    wide = symgrad.build(f"y_i = {formula}(x_i)")()
    y, expected = layer.forward(x), wide.forward(x.astype("f8"))
    dx, slope = layer.backward(y), wide.backward(y.astype("f8"))
    assert (y.dtype, dx.dtype) == (np.dtype(dtype), np.dtype(dtype))
    tolerance = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(dx, slope, rtol=4 * tolerance, atol=4 * tolerance)


def test_mixed_types_meet_in_the_common_one() -> None:
    layer = symgrad.build("y_ij = c*x_ij*b_j")
    for types, common in {
        ("f4", "f8"): "f8",
        ("f2", "f4"): "f4",
        ("f4", "i2"): "f4",
        ("f4", "i8"): "f8",
        ("?", "i1"): "f8",
        ("f4", "?"): "f4",
    }.items():
        x, b = np.ones((2, 3), types[0]), np.ones(3, types[1])
        instance = layer()
        y = instance.forward(2.0, x, b)
        assert y.dtype == common
        for incoming in (np.ones((2, 3)), np.ones((2, 3), int), np.ones((2, 3)).tolist()):
            assert {gradient.dtype for gradient in instance.backward(incoming)} == {
                np.dtype(common)
            }


REFUSED: dict[str, Callable[[np.ndarray], Any]] = {
    "complex": lambda array: array + 0j,
    "object": lambda array: array.astype(object),
    "text": lambda array: array.astype(str),
    "a time": lambda array: array.astype("i8").astype("M8[s]"),
    "a duration": lambda array: array.astype("i8").astype("m8[s]"),
    "masked": lambda array: np.ma.masked_array(array, mask=np.ones(array.shape, bool)),
    "ragged": lambda array: [[1.0], [2.0, 3.0]],
    "nothing": lambda array: None,
    "a record": lambda array: np.zeros(array.shape, [("a", "f8")]),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_holds_no_real_numbers_is_refused_by_name(kind: str) -> None:
    for name in NAMES:
        for argument in edge(name).arguments():
            with pytest.raises(ValueError, match=rf"^{argument} (must hold|is no array)"):
                results(name, edge(name).changed(REFUSED[kind], argument))


# --- what is not finite --------------------------------------------------------------------------


def meaning(call: Edge) -> dict[str, np.ndarray]:
    """Return what the statements mean, computed in floating point element by element."""
    program = call.program
    machine = Machine((*program.forward, *program.backward), {}, arithmetic_of(False))
    incoming = {program.cotangents[name]: value for name, value in call.incoming.items()}
    known = machine.run({**program.layer.constants, **call.inputs, **incoming})
    arrays = machine.arrays(known)
    wanted = (*program.layer.outputs, *program.gradients.values())
    return {name: arrays[name] for name in wanted}


def with_entry(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def put(array: np.ndarray) -> np.ndarray:
        changed = np.array(array)
        changed.flat[array.size // 2] = value
        return changed

    return put


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_never_hides_what_is_none(value: float) -> None:
    """Where the formula gives NaN or an infinity, no class gives a finite number."""
    for name in NAMES:
        layer = edge(name).program.layer
        floats = [word for word in edge(name).arguments() if word not in layer.integers]
        for argument in floats if np.isnan(value) else floats[:1]:
            call = edge(name).changed(with_entry(value), argument)
            with np.errstate(all="ignore"):
                found = results(name, call)
            for key, expected in meaning(call).items():
                hidden = np.isfinite(found[key]) & ~np.isfinite(expected)
                assert not hidden.any(), (name, argument, key)


def test_a_place_that_is_masked_is_as_if_it_were_not_there() -> None:
    formula = (
        "s_qk = sum_d x_qd*z_kd + m_qk; a_qk = exp(s_qk)/sum_l exp(s_ql); o_qv = sum_k a_qk*w_kv"
    )
    layer = symgrad.Layer("Masked", formula, inputs=("x", "z", "w", "m"), wrt=("x", "z", "w"))
    rng = np.random.default_rng(5)
    x, z, w, do = (rng.normal(size=shape) for shape in ((3, 2), (4, 2), (4, 5), (3, 5)))
    mask = np.zeros((3, 4))
    mask[:, 2:] = -np.inf
    masked, short = symgrad.build(layer)(), symgrad.build(layer)()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(
            masked.forward(x, z, w, mask), short.forward(x, z[:2], w[:2], mask[:, :2])
        )
        dx, dz, dw = masked.backward(do)
    rights = short.backward(do)
    np.testing.assert_allclose(dx, rights[0])
    for found, expected in ((dz, rights[1]), (dw, rights[2])):
        np.testing.assert_allclose(found[:2], expected)
        np.testing.assert_array_equal(found[2:], 0)


def test_a_row_that_is_masked_whole_is_nan_and_no_other() -> None:
    softmax = symgrad.build("y_ij = exp(x_ij)/sum_k exp(x_ik)")()
    x = np.zeros((3, 4))
    x[1] = -np.inf
    with np.errstate(invalid="ignore"):
        y = softmax.forward(x)
        dx = softmax.backward(np.arange(12.0).reshape(3, 4))
    for found in (y, dx):
        np.testing.assert_array_equal(np.isnan(found), np.isinf(x))


# --- calls out of order --------------------------------------------------------------------------


def test_backward_before_forward_says_so() -> None:
    for name in NAMES:
        layer = edge(name).program.layer
        instance = class_of(name)(*(edge(name).inputs[n] for n in layer.params))
        with pytest.raises(RuntimeError, match="forward has to be called before backward"):
            instance.backward(*edge(name).incoming.values())


def test_an_incoming_gradient_of_another_shape_is_refused() -> None:
    for name in NAMES:
        for output, value in edge(name).incoming.items():
            argument = edge(name).program.cotangents[output]
            for wrong in (value[..., None], *([value[:-1], value[:1]] if value.ndim else [])):
                if wrong.shape == value.shape:
                    continue
                with pytest.raises(ValueError, match=f"{argument}"):
                    results(name, edge(name).changed(lambda _, wrong=wrong: wrong, argument))
