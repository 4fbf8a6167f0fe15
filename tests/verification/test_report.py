"""A report says in a table what was checked."""

from __future__ import annotations

from symgrad.verification import Comparison, Property, Report

RIGHT = Comparison("y", True, 2.2e-16)
WRONG = Comparison("db", False, 1e-3, (1, 2), 2.002, 2.0)


def test_a_report_prints_as_a_table() -> None:
    report = Report(
        "AddBias",
        {"x": (2, 3), "b": (3,)},
        {"y": RIGHT},
        {"x": Comparison("dx", True, 0.0), "b": WRONG},
        (Property("arguments unchanged", True), Property("extents of 1", False, "y is None")),
        ("the formula is not derived: numerical gradients alone",),
    )
    assert str(report) == (
        "AddBias: WRONG\n"
        "  shapes    x (2, 3), b (3,)\n"
        "  forward   y             ok     2.2e-16\n"
        "  backward  dx            ok     0.0e+00\n"
        "  backward  db            WRONG  1.0e-03  db[1, 2] is 2.002, expected 2\n"
        "  arguments unchanged         ok\n"
        "  extents of 1                WRONG  y is None\n"
        "  note: the formula is not derived: numerical gradients alone"
    )


def test_a_report_is_ok_when_every_part_is() -> None:
    good = Report("L", {}, {"y": RIGHT}, {"x": RIGHT}, (Property("extents of 1", True),))
    assert good.ok
    assert not Report("L", {}, {"y": WRONG}, {"x": RIGHT}).ok
    assert not Report("L", {}, {"y": RIGHT}, {"x": WRONG}).ok
    assert not Report("L", {}, {"y": RIGHT}, {}, (Property("extents of 1", False),)).ok


def test_the_forward_is_the_output_that_deviates_most() -> None:
    slight = Comparison("z", True, 1e-12)
    assert Report("L", {}, {"y": RIGHT, "z": slight}, {}).forward is slight
    assert Report("L", {}, {"y": WRONG, "z": slight}, {}).forward is WRONG
