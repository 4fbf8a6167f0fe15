"""Explain a plan before code is written: what each assignment costs, and what forward keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import symgrad.lowering.counting.fill_costs  # noqa: F401
from symgrad.language.layer import Layer
from symgrad.lowering.counting.axis_lengths import (
    AxisLengths,
    axis_lengths,
    note_gradients,
    own_letters,
)
from symgrad.lowering.counting.costs import NONE, Made, Tally
from symgrad.lowering.counting.polynomials import Polynomial, product
from symgrad.lowering.nodes.scatters import Scatter
from symgrad.lowering.plans.plan import Assignment, Method, Plan

WIDTHS = {"float16": 2, "float32": 4, "float64": 8}


@dataclass(frozen=True)
class Step:
    """What one assignment costs.

    Attributes:
        name: the name assigned.
        axes: the lengths of its axes.
        flops: operations: one for each element of an elementwise result, two for each pair of
            factors of a product that is summed.
        bytes: what its operations read and write.
        temporary: the bytes of the largest array that it allocates beside its result.
        formula: the statement it stands for; empty for a part of others.
    """

    name: str
    axes: tuple[str, ...]
    flops: Polynomial
    bytes: Polynomial
    temporary: Polynomial
    formula: str = ""

    @property
    def target(self) -> str:
        """The name with its axes."""
        return f"{self.name} ({', '.join(self.axes)})" if self.axes else self.name


@dataclass(frozen=True)
class Explanation:
    """What the array program of one layer costs; `print` shows it.

    Attributes:
        layer: the layer's name.
        dtype: the floating type that bytes are counted in.
        sizes: the lengths of axes at which the numbers hold, by letter.
        forward: the assignments of forward.
        backward: the assignments of backward.
        kept: the names that forward keeps for backward, with their bytes.
    """

    layer: str
    dtype: str
    sizes: Mapping[str, int]
    forward: tuple[Step, ...]
    backward: tuple[Step, ...]
    kept: tuple[tuple[str, Polynomial], ...]
    _numbers: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)

    @property
    def flops(self) -> Polynomial:
        """The operations of forward and backward."""
        return _total(step.flops for step in (*self.forward, *self.backward))

    @property
    def bytes(self) -> Polynomial:
        """What forward and backward read and write."""
        return _total(step.bytes for step in (*self.forward, *self.backward))

    def at(self, cost: Polynomial) -> int:
        """Return a cost as a number, at `sizes`."""
        return cost.at(self._numbers)

    def largest(self, steps: Sequence[Step]) -> Polynomial:
        """Return the largest temporary of some steps."""
        return max((step.temporary for step in steps), key=self.at, default=NONE)

    def __str__(self) -> str:
        lengths = ", ".join(f"{letter} = {length}" for letter, length in self.sizes.items())
        head = f"{self.layer}: cost in {self.dtype}" + (f" at {lengths}" if lengths else "")
        rows: list[Sequence[str]] = []
        for title, steps in (("forward", self.forward), ("backward", self.backward)):
            rows += [(title, "flops", "", "bytes moved", "", "largest temporary")]
            rows += [self._row(f"  {step.target}", step) for step in steps]
            total = Step(
                "  total",
                (),
                _total(step.flops for step in steps),
                _total(step.bytes for step in steps),
                self.largest(steps),
            )
            rows += [self._row(total.name, total), ()]
        return "\n".join([head, "", *_aligned(rows), *self._kept_lines()])

    def _row(self, target: str, step: Step) -> Sequence[str]:
        cells = [target]
        for cost, unit in ((step.flops, ""), (step.bytes, "B"), (step.temporary, "B")):
            cells += [str(cost) if cost.terms else "-"]
            cells += [scaled(self.at(cost), unit) if cost.terms else ""]
        return cells

    def _kept_lines(self) -> list[str]:
        if not self.kept:
            return ["kept for backward: nothing"]
        total = _total(size for _, size in self.kept)
        rows = [(f"  {name}", str(size), scaled(self.at(size), "B")) for name, size in self.kept]
        rows += [("  total", str(total), scaled(self.at(total), "B"))]
        return ["kept for backward", *_aligned(rows)]


def explain(
    layer: Layer | str, sizes: Mapping[str, int] | None = None, dtype: str = "float64"
) -> Explanation:
    """Return what each assignment of a layer's forward and backward costs.

    Args:
        layer: a layer, or a formula's text.
        sizes: lengths of axes by their letters, `{"i": 64}`; 100 for the others, and 3 for an axis
            whose index is added to another (the u of `x[i+u]`).
        dtype: float16, float32 or float64.

    Raises:
        FormulaError: the text is no formula, or `sizes` names no axis of the inputs.
        UnsupportedError: the formula uses a construct that can't be derived yet.
        ValueError: there is no such dtype.
    """
    from symgrad.derivation import derive
    from symgrad.lowering import lower

    if dtype not in WIDTHS:
        raise ValueError(f"no dtype {dtype!r}; there are: {', '.join(WIDTHS)}")
    return explain_plan(lower(derive(layer).program), sizes, dtype)


def explain_plan(
    plan: Plan, sizes: Mapping[str, int] | None = None, dtype: str = "float64"
) -> Explanation:
    """Return what each assignment of a plan costs."""
    lengths = axis_lengths(plan, sizes)
    letters = [*own_letters(plan), *(derived.letter.upper() for derived in plan.forward.derived)]
    own = {letter: lengths.numbers[letter] for letter in letters}
    forward = _steps(plan.forward, lengths, WIDTHS[dtype])
    note_gradients(plan, lengths)
    backward = _steps(plan.backward, lengths, WIDTHS[dtype])
    kept = tuple((name, _kept_bytes(name, plan, lengths, WIDTHS[dtype])) for name in plan.kept)
    return Explanation(plan.layer.name, dtype, own, forward, backward, kept, lengths.numbers)


def _kept_bytes(name: str, plan: Plan, lengths: AxisLengths, width: int) -> Polynomial:
    kinds = {a.name: a.array.kind for a in plan.forward.assignments}
    kinds |= {a.name: "int" for a in plan.forward.arguments if a.integer}
    tally = Tally(lengths, width)
    return tally.sized(lengths.shapes[name], kinds.get(name, "float")).bytes


def _steps(method: Method, lengths: AxisLengths, width: int) -> tuple[Step, ...]:
    steps = [_step(assignment, lengths, width) for assignment in method.assignments]
    for array in method.returns:
        Tally(lengths, width).visit(array)
    return tuple(steps)


def _step(assignment: Assignment, lengths: AxisLengths, width: int) -> Step:
    tally = Tally(lengths, width)
    made = tally.visit(assignment.array)
    lengths.shapes[assignment.name] = made.shape
    lengths.note(assignment.name, assignment.array)
    largest = max(
        (array.bytes for array in _temporaries(assignment, tally, made)),
        key=lambda size: size.at(lengths.numbers),
        default=NONE,
    )
    axes = tuple(str(length) for length in made.shape)
    formula = assignment.formula
    return Step(assignment.name, axes, tally.flops, tally.moved, largest, formula)


def _temporaries(assignment: Assignment, tally: Tally, made: Made) -> list[Made]:
    """Return the arrays that are allocated and are not the result."""
    allocated = list(tally.allocated)
    if made.fresh and allocated:
        own = allocated[0] if isinstance(assignment.array, Scatter) else allocated[-1]
        allocated.remove(own)
    return [array for array in allocated if product(array.shape).at(tally.lengths.numbers) > 1]


def _total(costs: Iterable[Polynomial]) -> Polynomial:
    total = NONE
    for cost in costs:
        total += cost
    return total


def scaled(number: int, unit: str) -> str:
    """Return a number with a prefix: 2.05 M, 160 kB."""
    value = float(number)
    for prefix in ("", "k", "M", "G", "T", "P"):
        if abs(value) < 1000 or prefix == "P":
            break
        value /= 1000
    return f"{value:.3g} {prefix}{unit}".rstrip()


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows as lines, every second column after the first to the right."""
    count = max(map(len, rows), default=0)
    widths = [max((len(row[n]) for row in rows if len(row) > n), default=0) for n in range(count)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(widths[n]) if n and n % 2 == 0 else cell.ljust(widths[n])
            for n, cell in enumerate(row)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
