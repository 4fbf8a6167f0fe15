"""The benchmarks compare right numbers, and say so when one is wrong. Speed is not tested."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.aims import AIMS, geometric_mean, verdicts
from benchmarks.comparison import wrong_ones
from benchmarks.contenders import CONTENDERS, Contender, Entry
from benchmarks.expert import EXPERTS
from benchmarks.measuring import Protocol, Timing, measure
from benchmarks.rows import DTYPES, ROWS, Case, Row, cases
from benchmarks.speed import Result, measure_case, right_entries
from benchmarks.tables import remarks, speed_table

# Numba compiles each class for seconds; its tests compare it with NumPy over the catalogue
QUICK = [name for name in CONTENDERS if name != "numba"]
ROOT = Path(__file__).parents[1]
TINY = [case for case in cases() if case.size == "tiny"]
ONE_CALL = Protocol(rounds=1, visit=0, warm_up=0, sample=0, clock="cpu")  # never disturbed


@pytest.mark.parametrize("case", TINY, ids=lambda case: case.name)
def test_the_contenders_of_a_row_agree(case):
    names = [name for name in QUICK if name != "jax" or case.dtype == "float32"]
    result = empty(case)
    ways = right_entries(case, names, result)
    assert result.wrong == {}
    assert [reason for reason in result.absent.values() if "failed" in reason] == []
    assert "numpy" in ways


@pytest.mark.parametrize("name", EXPERTS)
def test_an_expert_runs_backward_twice_and_leaves_its_arguments_alone(name):
    row = next(row for row in ROWS if row.layer == name)
    case = Case(row, "tiny", "float64")
    result = empty(case)
    entry = right_entries(case, ["numpy", "expert"], result)["expert"]
    before = {name: array.copy() for name, array in case.inputs.items()}
    first = [np.array(part) for part in entry.arrays(entry.call())]
    for one, other in zip(first, entry.arrays(entry.call()), strict=True):
        np.testing.assert_array_equal(one, other)
    for key, array in case.inputs.items():
        np.testing.assert_array_equal(array, before[key])


@pytest.mark.parametrize("name", ["ReLU", "LayerNorm", "GroupNorm", "CrossEntropy"])
def test_an_expert_that_works_in_pieces_returns_the_same(name, monkeypatch):
    """The pieces are made so small that small arrays have several of them."""
    monkeypatch.setattr("benchmarks.expert.blocks.PIECE", 1 << 10)
    monkeypatch.setattr("benchmarks.expert.blocks.WHOLE", 1 << 9)
    row = next(row for row in ROWS if row.layer == name)
    result = empty(Case(row, "tiny", "float64"))
    assert "expert" in right_entries(Case(row, "tiny", "float64"), ["numpy", "expert"], result)
    assert result.wrong == {}


def test_rows_that_leave_their_defaults_behind_agree_in_the_cache():
    """Embedding and causal attention take another way where arrays are larger."""
    for case in cases("embedding/cache,causal attention/cache", dtypes=["float64"]):
        result = empty(case)
        right_entries(case, ["numpy", "expert"], result)
        assert (result.wrong, result.absent) == ({}, {})


def empty(case):
    """Return the result of a case before anything is measured."""
    return Result(case.row.name, case.size, case.dtype, {}, case.row.product)


def spoiled(change):
    """Return a contender that changes what the expert returns."""

    def enter(case, incoming):
        (entry,) = CONTENDERS["expert"].enter(case, incoming)
        return [Entry(entry.call, lambda result: change(entry.arrays(result)))]

    return Contender("book", "spoiled", enter)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: [*arrays[:2], arrays[2] * 1.001], "db is off by 1.0e-03 from numpy"),
        (lambda arrays: [arrays[0], arrays[1] * np.nan, arrays[2]], "dx is off by inf from numpy"),
        (
            lambda arrays: [*arrays[:2], arrays[2][:1]],
            "db of shape (1,) in place of (64,) is off by inf from numpy",
        ),
        (lambda arrays: arrays[:2], "2 arrays in place of 3 is off by inf from numpy"),
    ],
    ids=["scaled", "nan", "shape", "missing"],
)
def test_a_wrong_contender_is_reported_and_left_out(change, message, monkeypatch):
    monkeypatch.setitem(CONTENDERS, "book", spoiled(change))
    (case,) = cases("bias add/tiny/float64")
    result = measure_case(case, ["numpy", "expert", "book"], ONE_CALL)
    assert result.wrong == {"book": message}
    assert set(result.seconds) == {"numpy", "expert"}
    assert list(remarks([result])) == [f"wrong, left out: book, bias add, tiny, float64: {message}"]


def test_two_that_disagree_are_both_wrong():
    results = {"one": [np.array([1.0])], "other": [np.array([2.0])]}
    assert wrong_ones(results, ["y"], "float64") == dict.fromkeys(
        results, "no two contenders agree"
    )


def test_the_majority_is_right():
    results = {
        name: [np.array([value])] for name, value in zip("abc", (2.0, 1.0, 1.0), strict=True)
    }
    assert wrong_ones(results, ["y"], "float64") == {"a": "y is off by 1.0e+00 from b"}


def test_a_contender_that_fails_is_named(monkeypatch):
    def enter(case, incoming):
        raise ZeroDivisionError("planted")

    monkeypatch.setitem(CONTENDERS, "book", Contender("book", "book", enter))
    (case,) = cases("bias add/tiny/float64")
    result = measure_case(case, ["numpy", "expert", "book"], ONE_CALL)
    assert result.absent == {"book": "failed: ZeroDivisionError('planted')"}


def test_a_row_may_bring_a_formula_of_its_own():
    row = Row("double", "Double", "x:ij", {"tiny": "i=2 j=3"}, formula="y_ij = 2*x_ij")
    result = measure_case(Case(row, "tiny", "float64"), ["numpy", "expert"], ONE_CALL)
    assert set(result.seconds) == {"numpy"}
    assert result.absent == {"expert": "not written"}


def test_every_contender_is_visited_in_every_round():
    calls = {"a": [], "b": []}
    timings = measure(
        {name: lambda name=name: calls[name].append(1) for name in calls},
        Protocol(rounds=3, visit=0, warm_up=0, sample=0, clock="cpu"),
    )
    assert {name: len(timing.samples) for name, timing in timings.items()} == {"a": 3, "b": 3}
    assert {len(made) for made in calls.values()} == {6}  # the first of a visit's two warms up


def test_disturbed_visits_count_only_where_none_is_clean():
    assert Timing(clean=[1.0], disturbed=[2.0]).samples == [1.0]
    assert Timing(disturbed=[2.0]).samples == [2.0]


def measured(numpy, expert, row="relu", product=False, size="large"):
    seconds = {"numpy": numpy, "expert": expert}
    return Result(row, size, "float32", {}, product, seconds=seconds)


def test_the_table_holds_ratios_and_their_geometric_mean():
    results = [measured(2.0, 1.0), measured(0.5, 1.0, "gelu")]
    lines = list(speed_table(results, ["numpy", "expert"]))
    assert [line.split() for line in lines] == [
        ["row", "size", "type", "expert,", "ms", "numpy", "numpy/expert"],
        ["relu", "large", "float32", "1000.000", "2.00", "2.00"],
        ["gelu", "large", "float32", "1000.000", "0.50", "0.50"],
        ["geometric", "mean", "1.00", "1.00"],
    ]


def test_each_size_has_a_mean_of_its_own():
    results = [measured(4.0, 1.0), measured(1.0, 1.0, size="tiny")]
    *_, large, tiny, both = speed_table(results, ["numpy", "expert"])
    assert large.split() == ["geometric", "mean,", "large", "4.00", "4.00"]
    assert tiny.split() == ["geometric", "mean,", "tiny", "1.00", "1.00"]
    assert both.split() == ["geometric", "mean", "2.00", "2.00"]


def test_each_row_above_its_aim_is_named_and_the_worst_comes_first():
    results = [measured(1.04, 1.0), measured(1.5, 1.0, "gelu"), measured(2.0, 1.0, "affine", True)]
    assert list(verdicts(results, "default")) == [
        "missed: numpy over expert, geometric mean 1.461, aim 1.00",
        "missed: numpy over expert, at most 1.05 in every row: 2 of 3 above",
        "     2.00  affine, large, float32",
        "     1.50  gelu, large, float32",
    ]


def test_aims_for_another_allocator_are_not_judged():
    result = Result("relu", "large", "float32", {}, False, seconds={"buffers": 0.9, "torch": 1.0})
    assert list(verdicts([result], "default")) == [
        "missed: buffers over torch, geometric mean 0.900, aim 0.80"
    ]
    assert list(verdicts([result], "warm")) == [
        "reached: buffers over torch, geometric mean 0.900, aim 0.95"
    ]


def test_aims_and_rows_name_what_there_is():
    assert {name for aim in AIMS for name in (aim.contender, aim.over)} <= CONTENDERS.keys()
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert EXPERTS.keys() <= {row.layer for row in ROWS}
    assert geometric_mean([4.0, 1.0]) == pytest.approx(2.0)


def test_patterns_choose_rows():
    assert [case.name for case in cases("layer norm/tiny")] == [
        "layer norm/tiny/float32",
        "layer norm/tiny/float64",
    ]
    assert {case.row.name for case in cases("gelu*, *norm")} == {
        "gelu",
        "gelu tanh",
        "layer norm",
        "batch norm",
        "rms norm",
        "group norm",
    }
    assert len(cases()) == sum(len(row.sizes) for row in ROWS) * len(DTYPES)


def run(*arguments):
    """Return what the command prints."""
    command = [sys.executable, "-m", "benchmarks", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_writes_a_table_and_everything_else_as_json(tmp_path):
    path = tmp_path / "results.json"
    arguments = ["--quick", "--rows", "softmax/tiny", "--contenders", "numpy,expert"]
    text = run(*arguments, "--allocator", "warm", "--json", str(path))
    assert "warm allocator; median of wall time" in text
    assert "softmax               tiny   float32" in text
    record = json.loads(path.read_text())
    assert record["environment"]["allocator"] == "warm"
    assert record["environment"]["versions"]["numpy"] == np.__version__
    assert set(record["limits"]) == {"copy", "triad", "gemm float32", "gemm float64"}
    (result,) = record["speed"]
    assert result["seconds"].keys() == {"numpy", "expert"}
    assert result["traffic"] == 5 * 32 * 64 * 4  # x, y; x, dy, dx


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's counters")
def test_the_peak_of_memory_is_that_of_one_call():
    arguments = ["--memory", "--rows", "bias add/large/float32", "--contenders", "expert"]
    (line,) = (line for line in run(*arguments).splitlines() if line.startswith("bias add"))
    returned, plan, peak = map(float, line.split()[-3:])
    # y is new, and dx is dy itself: it is returned, and takes nothing
    assert returned == pytest.approx(2 * 16384 * 768 * 4 / 1e6, rel=0.01)
    assert plan == returned
    assert peak == pytest.approx(16384 * 768 * 4 / 1e6, rel=0.05)
