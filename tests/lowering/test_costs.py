"""Compare the costs that a plan states with counts taken while its code runs."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.catalogue import entry, names
from symgrad.derivation import derive
from symgrad.documents.explanation import explain_plan
from symgrad.lowering import Plan, lower
from symgrad.lowering.counting.axis_lengths import own_letters
from symgrad.rendering import load_class


class Counts:
    """Operations and bytes, as NumPy's functions are called."""

    def __init__(self) -> None:
        self.flops = 0
        self.bytes = 0

    def add(self, flops: int, args: Any, result: Any) -> None:
        self.flops += flops
        arrays = [a for a in (*args, result) if isinstance(a, (np.ndarray, np.floating))]
        self.bytes += sum(array.nbytes for array in arrays)


COUNTS = Counts()


def plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Counted) else value


def pairs(subscripts: str, *args: Any) -> int:
    """Return the number of products that einsum forms, times two where they are summed."""
    spelled, result = subscripts.split("->")
    lengths: dict[str, int] = {}
    for letters, arg in zip(spelled.split(","), args, strict=True):
        lengths |= dict(zip(letters, np.shape(arg), strict=True))
    total = math.prod(lengths.values())
    return total * (len(args) - (set(lengths) == set(result)))


def operations(function: Any, args: Any, result: Any) -> int:
    """Return what a call of NumPy counts."""
    if function is np.matmul:
        return 2 * np.size(result) * np.shape(args[0])[-1]
    if function in (np.vecdot, np.vdot):
        return 2 * np.size(args[0])
    if function is np.einsum:
        return pairs(*args)
    return int(np.size(result))


class Counted(np.ndarray):
    """An array that counts what is done with it."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        args = [plain(arg) for arg in inputs]
        if "out" in options:
            options["out"] = tuple(plain(array) for array in options["out"])
        result = getattr(ufunc, method)(*args, **options)
        flops = operations(ufunc, args, result) if method == "__call__" else np.size(args[0])
        COUNTS.add(flops, args, result)
        return np.asarray(result).view(Counted)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        args = tuple(plain(arg) for arg in args)
        result = func(*args, **{name: plain(value) for name, value in kwargs.items()})
        if not isinstance(result, (np.ndarray, np.floating)):
            return result
        COUNTS.add(operations(func, args, result), args, result)
        return np.asarray(result).view(Counted)


def counted_class(layer: symgrad.Layer) -> type:
    """Return the generated class, which keeps the type of the arrays that it is given."""
    source = symgrad.generate(layer).replace("np.asarray(", "np.asanyarray(")
    return load_class(source, layer.name)


def arguments(plan: Plan, sizes: dict[str, int]) -> dict[str, Any]:
    """Return random arrays with the lengths that the letters of the inputs' axes stand for."""
    rng = np.random.default_rng(7)
    return {
        argument.name: rng.uniform(0.5, 1.5, [sizes[a] for a in argument.axes]).view(Counted)
        for argument in plan.forward.arguments
    }


def sized(plan: Plan) -> dict[str, int]:
    """Return distinct lengths for all axes of a layer."""
    return {letter.lower(): n for n, letter in enumerate(own_letters(plan), start=3)}


# layers without a scalar among their arrays, as Python numbers have no bytes
EXACT = """AddBias Affine Bilinear ReLU Tanh Softmax LogSoftmax LayerNorm RMSNorm BatchNorm
BatchNorm2d InstanceNorm Attention GRUCell GELUTanh PReLU CumSum LinearAttention""".split()


@pytest.mark.parametrize("name", EXACT)
def test_flops_and_bytes_are_those_that_the_code_takes(name):
    layer = entry(name)
    plan = lower(derive(layer).program)
    sizes = sized(plan)
    explained = explain_plan(plan, sizes)
    values = arguments(plan, sizes)
    made = counted_class(layer)(**{p: values[p] for p in layer.params})
    COUNTS.__init__()  # type: ignore[misc]
    result = made.forward(*(values[n] for n in layer.inputs if n not in layer.params))
    forward = sum(explained.at(step.flops) for step in explained.forward)
    moved = sum(explained.at(step.bytes) for step in explained.forward)
    assert (COUNTS.flops, COUNTS.bytes) == (forward, moved)
    made.backward(np.random.default_rng(1).normal(size=result.shape).view(Counted))
    assert COUNTS.flops == explained.at(explained.flops)
    assert COUNTS.bytes == explained.at(explained.bytes)


def traced(function: Any, *args: Any) -> tuple[int, int]:
    """Return the peak of memory allocated by a call, and the bytes of its result."""
    function(*args)  # what is allocated once
    tracemalloc.start()
    try:
        result = function(*args)
        return tracemalloc.get_traced_memory()[1], result.nbytes
    finally:
        tracemalloc.stop()


# each holds one temporary at a time beside its result
TEMPORARIES = (
    ("y_i = sum_j floor(x_ij)", "8*I*J"),
    ("y_ij = sum_k ceil(x_ik)*w_kj", "8*I*K"),
    ("y_i = sum_j round(x_ij)*v_j", "8*I*J"),
    ("y_i = prod_j sign(x_ij)", "8*I*J"),
    ("y_ij = sum_k x_ik*w_kj", "0"),
    ("y_ij = exp(x_ij)", "0"),
)


@pytest.mark.parametrize(("formula", "expected"), TEMPORARIES)
def test_the_largest_temporary_is_what_is_allocated_beside_the_result(formula, expected):
    # by x alone, of which these are steps: backward reads none of the temporaries
    plan = lower(derive(symgrad.Layer("Layer", formula, wrt=["x"])).program)
    sizes = {letter.lower(): n for n, letter in zip((61, 83, 97), own_letters(plan), strict=False)}
    explained = explain_plan(plan, sizes)
    (step,) = explained.forward
    assert str(step.temporary) == expected
    layer = load_class(symgrad.generate(plan.layer), "Layer")()
    peak, result = traced(layer.forward, *map(plain, arguments(plan, sizes).values()))
    assert peak - result == pytest.approx(explained.at(step.temporary), abs=4096)


def test_a_product_of_matrices_counts_two_for_each_pair_of_factors():
    explained = symgrad.explain("y_ij = sum_k x_ik*w_kj", {"i": 5, "k": 7, "j": 11})
    assert str(explained.forward[0].flops) == "2*I*J*K"
    assert explained.at(explained.forward[0].flops) == 2 * 5 * 7 * 11
    assert explained.at(explained.flops) == 3 * 2 * 5 * 7 * 11


def test_what_is_kept_is_counted():
    explained = symgrad.explain("y_ij = sum_k x_ik*w_kj", {"i": 5, "k": 7, "j": 11}, "float32")
    assert [(name, str(size)) for name, size in explained.kept] == [("x", "4*I*K"), ("w", "4*J*K")]


def test_taps_are_nominally_short():
    sizes = symgrad.explain("y_ni = sum_u x[n, i+u]*w_u").sizes
    assert sizes == {"N": 100, "J": 100, "U": 3, "I": 98}


def test_derived_lengths_follow_from_the_sizes():
    sizes = symgrad.explain("y_ni = sum_u x[n, i+u]*w_u", {"j": 10, "u": 4}).sizes
    assert sizes["I"] == 7


def test_an_unknown_axis_and_a_length_below_1_are_refused():
    with pytest.raises(symgrad.FormulaError, match="no input has an axis K; the axes are: I, J"):
        symgrad.explain("y_ij = x_ij + b_j", {"k": 3})
    with pytest.raises(symgrad.FormulaError, match="axis J is -2, and must be positive"):
        symgrad.explain("y_ij = x_ij + b_j", {"j": -2})


@pytest.mark.parametrize("name", names())
def test_every_layer_of_the_catalogue_is_explained(name):
    explained = symgrad.explain(entry(name))
    assert explained.forward or not explained.backward
    assert "kept for backward" in str(explained)


EXPLAINED = """\
AddBias: cost in float64 at I = 3, J = 5

forward     flops      bytes moved          largest temporary
  y (I, J)  I*J    15  16*I*J + 8*J  280 B  -
  total     I*J    15  16*I*J + 8*J  280 B  -

backward    flops      bytes moved          largest temporary
  db (J)    I*J    15  8*I*J + 8*J   160 B  -
  total     I*J    15  8*I*J + 8*J   160 B  -

kept for backward: nothing"""


def test_the_table_is_aligned():
    layer = symgrad.Layer("AddBias", "y_ij = x_ij + b_j")
    assert str(symgrad.explain(layer, {"i": 3, "j": 5})) == EXPLAINED


INDEX_FORMULAS = (
    "y_i = x[t*i]*w_i",
    "h_i = sum_u x[s*i+u]*w_u; y_i = sum_u relu(h[i+u])*v_u",
    "y_vj = sum_e delta(v, dst_e)*x[src_e, j] for v < size(x,0)",
    "y[i, j] = x_ij; y[i, size(x,1)+j] = z_ij",
    "y_ij = x[i//2, j]",
)


@pytest.mark.parametrize("formula", INDEX_FORMULAS)
def test_formulas_with_index_arithmetic_are_explained(formula):
    explained = symgrad.explain(formula)
    assert explained.at(explained.bytes) > 0
