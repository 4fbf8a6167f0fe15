"""Time generated layers over windows beside PyTorch on the CPU: forward and backward, as ratios.

    python benchmarks/windows.py [--threads 2] [--dtype float32] [--rounds 9] [CASE ...]

All contenders of a case run in one process in turn, and their outputs are compared first. A time
is the lower quartile of all calls. Without PyTorch the generated layers are timed alone.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

# one call: forward and backward; it returns the output and the gradients
Call = Callable[[], Sequence[Any]]
# from (a random generator of arrays, torch or None) to the calls of each contender
Case = Callable[[Any, Any], dict[str, Call]]
BUDGET = 0.05  # seconds for each contender in each round


def layer_calls(
    layer: Any,
    inputs: Sequence[Any],
    function: Callable[..., Any],
    values: Sequence[Any],
    torch: Any,
) -> dict[str, Call]:
    """Return the calls of a generated layer and of the same function in PyTorch.

    Args:
        layer: an instance of the generated class; its params give gradients too.
        inputs: what forward takes.
        function: of PyTorch, from tensors of `values` to the output.
        values: the arrays that `function` takes, those which have gradients.
        torch: the module, or None.
    """
    output = layer.forward(*inputs)
    incoming = output * 0.5 + 0.25

    def generated() -> Sequence[Any]:
        y = layer.forward(*inputs)
        returned = layer.backward(incoming)
        params = [getattr(layer, f"d{name}") for name in ("w", "b") if hasattr(layer, f"d{name}")]
        return y, *([] if returned is None else [returned]), *params

    calls: dict[str, Call] = {"symgrad": generated}
    if torch is not None:
        tensors = [torch.tensor(value, requires_grad=True) for value in values]
        gradient = torch.tensor(incoming)

        def eager() -> Sequence[Any]:
            y = function(*tensors)
            gradients = torch.autograd.grad(y, tensors, gradient)
            return [part.detach().numpy() for part in (y, *gradients)]

        calls["torch"] = eager
    return calls


# --- cases ---------------------------------------------------------------------------------------


def build(name: str, *params: Any, **constants: Any) -> Any:
    """Return an instance of a layer of the catalogue."""
    import symgrad
    from symgrad.catalogue import entry

    return symgrad.build(entry(name))(*params, **constants)


def conv2d(stride: int) -> Case:
    def case(array: Any, torch: Any) -> dict[str, Call]:
        x, w, b = array(32, 16, 28, 28), array(32, 16, 3, 3), array(32)
        layer = build("Conv2d", w, b, stride=stride, padding=1)

        def function(x: Any, w: Any, b: Any) -> Any:
            return torch.nn.functional.conv2d(x, w, b, stride=stride, padding=1)

        return layer_calls(layer, [x], function, [x, w, b], torch)

    return case


def conv1d(array: Any, torch: Any) -> dict[str, Call]:
    x, w, b = array(32, 64, 256), array(64, 64, 5), array(64)

    def function(x: Any, w: Any, b: Any) -> Any:
        return torch.nn.functional.conv1d(x, w, b)

    return layer_calls(build("Conv1d", w, b), [x], function, [x, w, b], torch)


def depthwise(array: Any, torch: Any) -> dict[str, Call]:
    x, w, b = array(32, 64, 28, 28), array(64, 3, 3), array(64)

    def function(x: Any, w: Any, b: Any) -> Any:
        return torch.nn.functional.conv2d(x, w[:, None], b, padding=1, groups=64)

    layer = build("DepthwiseConv2d", w, b, padding=1)
    return layer_calls(layer, [x], function, [x, w, b], torch)


def pool(name: str, function: str, kernel: int) -> Case:
    def case(array: Any, torch: Any) -> dict[str, Call]:
        x = array(32, 16, 28, 28)

        def eager(x: Any) -> Any:
            return getattr(torch.nn.functional, function)(x, kernel, 2)

        layer = build(name, kernel=kernel, stride=2)
        return layer_calls(layer, [x], eager, [x], torch)

    return case


def embedding(array: Any, torch: Any) -> dict[str, Call]:
    w = array(10_000, 256)
    ids = array.integers(10_000, (8, 1024))

    def function(w: Any) -> Any:
        return torch.nn.functional.embedding(torch.tensor(ids), w)

    return layer_calls(build("Embedding", w), [ids], function, [w], torch)


CASES: dict[str, Case] = {
    "conv2d": conv2d(1),
    "conv2d, stride 2": conv2d(2),
    "conv1d": conv1d,
    "depthwise": depthwise,
    "max pool 2x2": pool("MaxPool2d", "max_pool2d", 2),
    "max pool 3x3": pool("MaxPool2d", "max_pool2d", 3),
    "mean pool 2x2": pool("AvgPool2d", "avg_pool2d", 2),
    "embedding": embedding,
}


# --- timing --------------------------------------------------------------------------------------


class Arrays:
    """Random arrays of one type, the same in every run."""

    def __init__(self, dtype: str) -> None:
        import numpy as np

        self.dtype = dtype
        self.random = np.random.default_rng(0)

    def __call__(self, *shape: int) -> Any:
        return self.random.normal(size=shape).astype(self.dtype)

    def integers(self, limit: int, shape: tuple[int, ...]) -> Any:
        return self.random.integers(0, limit, shape)


def compare(calls: dict[str, Call]) -> None:
    """Raise AssertionError unless all contenders return the same arrays."""
    import numpy as np

    first, *others = (call() for call in calls.values())
    for found in others:
        for one, other in zip(first, found, strict=True):
            largest = max(float(np.abs(one).max()), 1e-30)
            np.testing.assert_allclose(one / largest, other / largest, atol=1e-4)


def lower_quartiles(calls: dict[str, Call], rounds: int) -> dict[str, float]:
    """Return seconds for each contender, which take turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            call()
            end = time.perf_counter() + BUDGET
            while time.perf_counter() < end:
                start = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - start)
    return {name: sorted(found)[len(found) // 4] for name, found in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(options.threads)  # before NumPy is loaded
    try:
        import torch
    except ImportError:
        torch = None
    print(f"{options.dtype}, {options.threads} threads, forward + backward")
    print(f"{'':20}{'symgrad':>12}{'torch':>12}{'ratio':>8}")
    for name in options.cases or CASES:
        calls = CASES[name](Arrays(options.dtype), torch)
        compare(calls)
        seconds = lower_quartiles(calls, options.rounds)
        row = f"{name:20}" + "".join(f"{value * 1e3:9.3f} ms" for value in seconds.values())
        ratio = seconds["symgrad"] / seconds["torch"] if torch is not None else float("nan")
        print(f"{row}{ratio:8.2f}", flush=True)


if __name__ == "__main__":
    main()
