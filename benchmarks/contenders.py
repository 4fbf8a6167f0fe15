"""The contenders: how each of them computes a case, behind one interface."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeVar

from benchmarks.rows import Case

Arrays = Sequence[Any]
T = TypeVar("T")


class Unavailable(Exception):
    """The contender can't take part; the message says why."""


@dataclass(frozen=True)
class Entry:
    """One way to compute a case: forward and backward.

    Attributes:
        call: computes; what it returns is dropped at once while it is timed.
        arrays: from what `call` returned to NumPy arrays: the outputs, then the gradients.
    """

    call: Callable[[], Any]
    arrays: Callable[[Any], list[Any]]


@dataclass(frozen=True)
class Contender:
    """A contender: a column of the tables.

    Attributes:
        name: what options and tables call it.
        title: what the legend calls it.
        enter: from a case and the incoming gradients to the ways to compute it; of several
            the fastest counts. Raises Unavailable.
    """

    name: str
    title: str
    enter: Callable[[Case, Arrays], list[Entry]]


# --- generated ------------------------------------------------------------------------------------


@cache
def generated_class(layer: Any, backend: str) -> Any:
    """Return the generated class of a layer."""
    import symgrad

    if backend == "numpy":
        return symgrad.build(layer)
    from symgrad.rendering.backends import BACKENDS

    if "backend" not in inspect.signature(symgrad.build).parameters or backend not in BACKENDS:
        raise Unavailable(f"this symgrad has no backend {backend}")
    if find_spec(backend) is None:
        raise Unavailable(f"{backend} is not installed")
    return symgrad.build(layer, backend=backend)


def incoming(case: Case) -> list[Any]:
    """Return a random upstream gradient for each output of a case."""
    import numpy as np

    layer, given = case.layer, case.inputs
    params = [given[name] for name in layer.params]
    instance = generated_class(layer, "numpy")(*params, **case.row.constants)
    outputs = instance.forward(*(given[name] for name in layer.inputs if name not in layer.params))
    random = np.random.default_rng(1)
    shapes = [np.shape(output) for output in listed(outputs)]
    return [np.asarray(random.normal(size=shape), case.dtype) for shape in shapes]


def generated(backend: str, **options: Any) -> Callable[[Case, Arrays], list[Entry]]:
    """Return how a generated class enters, made with the given keywords."""

    def enter(case: Case, incoming: Arrays) -> list[Entry]:
        layer = case.layer
        found = generated_class(layer, backend)
        for option in options:
            if option not in inspect.signature(found).parameters:
                raise Unavailable(f"the generated class takes no {option}")
        params = [case.inputs[name] for name in layer.params]
        instance = found(*params, **case.row.constants, **options)
        inputs = [case.inputs[name] for name in layer.inputs if name not in layer.params]

        def call() -> Any:
            return instance.forward(*inputs), instance.backward(*incoming)

        def arrays(result: Any) -> list[Any]:
            outputs, returned = result
            rest = iter(listed(returned))
            gradients = [
                getattr(instance, f"d{name}") if name in layer.params else next(rest)
                for name in layer.wrt
            ]
            return [*listed(outputs), *gradients]

        return [Entry(call, arrays)]

    return enter


def listed(value: Any) -> list[Any]:
    """Return a tuple's items, or the value alone; nothing for None."""
    if value is None:
        return []
    return list(value) if isinstance(value, (tuple, list)) else [value]


# --- by hand --------------------------------------------------------------------------------------


def by_hand(table: Callable[[], dict[str, type]]) -> Callable[[Case, Arrays], list[Entry]]:
    """Return how a class of a table enters, one that takes all inputs in forward."""

    def enter(case: Case, incoming: Arrays) -> list[Entry]:
        found = written(table(), case)
        try:
            instance = found(**case.row.constants)
        except NotImplementedError as reason:
            raise Unavailable("not written") from reason
        inputs = list(case.inputs.values())

        def call() -> Any:
            return instance.forward(*inputs), instance.backward(*incoming)

        def arrays(result: Any) -> list[Any]:
            return [part for returned in result for part in listed(returned)]

        return [Entry(call, arrays)]

    return enter


def written(table: Mapping[str, T], case: Case) -> T:
    """Return what a table holds for the layer of a case; raise Unavailable if nothing."""
    if case.row.layer not in table:
        raise Unavailable("not written")
    return table[case.row.layer]


def experts() -> dict[str, type]:
    from benchmarks.expert import EXPERTS

    return EXPERTS


def book_layers() -> dict[str, type]:
    from benchmarks.book import BOOK

    return BOOK


# --- frameworks -----------------------------------------------------------------------------------


def torch_eager(case: Case, incoming: Arrays) -> list[Entry]:
    """Enter PyTorch: its forward, and its autograd by every floating input."""
    if find_spec("torch") is None:
        raise Unavailable("torch is not installed")
    import numpy as np
    import torch

    from benchmarks.forms_torch import TORCH, Form

    upstream = [torch.from_numpy(np.asarray(part)) for part in incoming]

    def entry(form: Form) -> Entry:
        tensors = [torch.from_numpy(array) for array in form.pack(list(case.inputs.values()))]
        wanted = [tensor.requires_grad_() for tensor in tensors if tensor.is_floating_point()]

        def call() -> Any:
            outputs = form.function(*tensors, **case.row.constants)
            return outputs, torch.autograd.grad(outputs, wanted, upstream)

        def arrays(result: Any) -> list[Any]:
            outputs, gradients = result
            found = form.unpack([gradient.numpy() for gradient in gradients])
            return [*(output.detach().numpy() for output in listed(outputs)), *found]

        return Entry(call, arrays)

    return [entry(form) for form in written(TORCH, case)]


def jax_jit(case: Case, incoming: Arrays) -> list[Entry]:
    """Enter JAX: value and gradients in one compiled function."""
    if find_spec("jax") is None:
        raise Unavailable("jax is not installed")
    import jax
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    from benchmarks.forms_jax import JAX

    function, names = written(JAX, case), list(case.inputs)
    floats = [name for name in names if name in case.layer.wrt]
    given = {name: jax.numpy.asarray(array) for name, array in case.inputs.items()}

    def step(values: Any, fixed: Any, upstream: Any) -> Any:
        def value(*floating: Any) -> Any:
            arrays = {**fixed, **dict(zip(floats, floating, strict=True))}
            return tuple(listed(function(*(arrays[name] for name in names), **case.row.constants)))

        outputs, pull_back = jax.vjp(value, *values)
        return outputs, pull_back(upstream)

    values = [given[name] for name in floats]
    fixed = {name: array for name, array in given.items() if name not in floats}
    upstream = tuple(jax.numpy.asarray(part) for part in incoming)
    compiled = jax.jit(step).lower(values, fixed, upstream).compile()

    def call() -> Any:
        return jax.block_until_ready(compiled(values, fixed, upstream))

    def arrays(result: Any) -> list[Any]:
        return [np.asarray(part) for returned in result for part in returned]

    return [Entry(call, arrays)]


CONTENDERS: dict[str, Contender] = {
    contender.name: contender
    for contender in (
        Contender("numpy", "symgrad, NumPy", generated("numpy")),
        Contender("buffers", "symgrad, NumPy with buffers", generated("numpy", buffers=True)),
        Contender("numba", "symgrad, Numba", generated("numba")),
        Contender("expert", "NumPy by hand", by_hand(experts)),
        Contender("torch", "PyTorch eager", torch_eager),
        Contender("jax", "jax.jit", jax_jit),
        Contender("book", "Deep Learning from Scratch", by_hand(book_layers)),
    )
}
