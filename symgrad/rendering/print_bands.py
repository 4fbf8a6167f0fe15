"""Print methods that compute by blocks of rows, each with the columns that it needs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace

from symgrad.lowering.blocking.bands import Bands, Loop, Part, Result
from symgrad.lowering.blocking.cut_arrays import Cut
from symgrad.lowering.blocking.diagonals import COLUMN, ROW
from symgrad.lowering.nodes.arrays import Array
from symgrad.lowering.nodes.banded import Banded
from symgrad.lowering.nodes.traversal import rewrite
from symgrad.lowering.plans.names import unique_name
from symgrad.lowering.plans.plan import Assignment, Method, Plan
from symgrad.lowering.plans.steps import overwritten
from symgrad.lowering.plans.storage import steps_of
from symgrad.rendering.bodies import Body, Statements, known_before, names_in
from symgrad.rendering.code import Code, attribute, python_name, tuple_text
from symgrad.rendering.numpy_printer import Names, printed, to_numpy
from symgrad.rendering.statements import BODY, assignment_lines, return_lines, too_long
from symgrad.rendering.warnings import loud_names
from symgrad.rendering.wrapping import INDENT, wrap_call, wrap_value

INNER = BODY + INDENT
# what the slices of rows and columns are called together
BLOCKS = "blocks"


@printed.register
def _(array: Cut, names: Names) -> Code:
    return Code(names.text(array.name) + _subscript(array.cuts))


@printed.register
def _(array: Banded, names: Names) -> Code:
    row, column = array.slices
    args = [to_numpy(array.array, names).text, to_numpy(array.value, names).text, row, column]
    for keyword, limit in (("first", array.least), ("last", array.greatest)):
        args += [] if limit is None else [f"{keyword}={to_numpy(limit, names).text}"]
    if array.axes != (array.ndim - 2, array.ndim - 1):
        args.append(f"axes={array.axes}")
    return Code(f"_fill_outside({', '.join(args)})")


def _subscript(cuts: Sequence[str]) -> str:
    items = [cut or ":" for cut in cuts]
    while items and items[-1] == ":":
        items.pop()
    return f"[{', '.join(items)}]" if items else ""


@dataclass(frozen=True)
class BandNames:
    """What the loops of a layer call things.

    Attributes:
        blocks: the list of blocks.
        slices: the slices of a block, by the axis that they cut.
        lists: the lists of what each block keeps, by the name of the whole.
    """

    blocks: str
    slices: dict[str, str]
    lists: dict[str, str]


def band_names(bands: Bands, plan: Plan, taken: Set[str]) -> BandNames:
    """Return names that are not taken."""
    used = {*taken, *plan.layer.opaque}

    def new(base: str) -> str:
        name = unique_name(base, used)
        used.add(name)
        return name

    row, column = (new(letter) for letter in bands.letters)
    lists = _made_lists(bands)
    return BandNames(
        new(BLOCKS), {ROW: row, COLUMN: column}, {name: new(f"{name}_{BLOCKS}") for name in lists}
    )


def _made_lists(bands: Bands) -> list[str]:
    parts = [*bands.forward, *bands.backward]
    return [name for part in parts if part.loop is not None for name in part.loop.lists]


@dataclass
class BandBody(Statements):
    """Statements of which some stand in loops over blocks.

    Attributes:
        bands: how the plan is computed by blocks.
        before: the assignments of the method that ran before, None in forward.
        called: what the loops call things.
    """

    bands: Bands
    before: Sequence[Assignment] | None = None
    called: BandNames = field(init=False)

    def __post_init__(self) -> None:
        self.called = band_names(self.bands, self.plan, self.taken)
        self.taken |= {self.called.blocks, *self.called.slices.values()}
        self.taken |= {*self.called.lists.values()}
        self.parts = self.bands.forward if self.before is None else self.bands.backward
        self.taken |= {a.name for part in self.parts for a in _assignments(part)}
        parts = [self.before or (), *map(_assignments, self.parts)]
        self.facts, self.loud = known_before(parts)
        stored = self.taken if self.buffers else None
        is_long = too_long(self.names)
        self.steps = [
            steps_of(
                self.plan,
                self._method(part.assignments),
                self._read_after(number, part.loop),
                is_long,
                self.facts[number],
                stored,
            )
            for number, part in enumerate(self.parts)
        ]

    def is_overwritten(self, name: str) -> bool:
        """Say whether an array is written to after it was assigned."""
        filled = (r.name for part in self.parts if part.loop for r in part.loop.results)
        return name in filled or any(name in overwritten(steps) for steps in self.steps)

    def lines(
        self, names: Names, after: Sequence[str] = (), output: str | None = None
    ) -> list[str]:
        """Return the statements.

        Args:
            names: how names print.
            after: lines in front of the return statement.
            output: the attribute that the only result goes to, if any.
        """
        lines = self._block_lines(names) if self.before is None else []
        for number, (part, steps) in enumerate(zip(self.parts, self.steps, strict=True)):
            method, loud = self._method(part.assignments), self.loud[number]
            lines += assignment_lines(method, steps, names, self.taken, None, False, loud)
            if part.loop is not None:
                lines += self._loop_lines(number, part.loop, names)
        returned = [output] if output else []
        ends = [f"{BODY}return {text}" for text in returned]
        return [*lines, *after, *(ends or return_lines(self.method.returns, names))]

    def _block_lines(self, names: Names) -> list[str]:
        bands = self.bands
        args = [to_numpy(length, names).text for length in (bands.rows, bands.columns)]
        for keyword, limit in (("first", bands.first), ("last", bands.last)):
            args += [] if limit is None else [f"{keyword}={to_numpy(limit, names).text}"]
        args += ["every=True"] if bands.needs_rows else []
        return wrap_call(f"{self.called.blocks} = _band_blocks", args, "")

    def _loop_lines(self, number: int, loop: Loop, names: Names) -> list[str]:
        slices, lists = self.called.slices, self.called.lists
        lines = [line for result in loop.results for line in self._new_lines(result, names)]
        lines += [f"{BODY}{lists[name]} = []" for name in loop.lists]
        lines += self._head(loop, names)
        inside = {name: text for name, text in names.attributes.items() if name not in loop.reads}
        for result in loop.results:
            cuts = [slices.get(cut, "") for cut in result.cuts]
            inside[result.name] = python_name(result.name) + _subscript(cuts)
        within = Names(inside)
        assignments = [replace(a, array=self._sliced(a.array)) for a in loop.assignments]
        method = self._method(assignments)
        done = self.facts[number].after(self.parts[number].assignments)
        live = {*self._read_after(number, None), *loop.lists, *(r.name for r in loop.results)}
        steps = steps_of(self.plan, method, live, too_long(within, INNER), done)
        loud = loud_names(self.parts[number].assignments, self.loud[number])
        lines += assignment_lines(method, steps, within, self.taken, None, False, loud, INNER)
        return lines + [f"{INNER}{lists[name]}.append({within.text(name)})" for name in loop.lists]

    def _head(self, loop: Loop, names: Names) -> list[str]:
        """Return the line that goes through the blocks, and through what each has kept."""
        row, column = self.called.slices[ROW], self.called.slices[COLUMN]
        kept = self.before is not None
        blocks = attribute(self.called.blocks) if kept else self.called.blocks
        if not loop.reads:
            return [f"{BODY}for {row}, {column} in {blocks}:"]
        own = [python_name(name) for name in loop.reads]
        texts = [names.attributes.get(name) or self.called.lists[name] for name in loop.reads]
        return wrap_call(
            f"for ({row}, {column}), {', '.join(own)} in zip", [blocks, *texts], ":", BODY
        )

    def _new_lines(self, result: Result, names: Names) -> list[str]:
        """Return the line that makes the array which the blocks fill."""
        name = python_name(result.name)
        shape = tuple_text([to_numpy(length, names).text for length in result.shape])
        if result.like:
            shape = f"{names.text(result.like)}.shape"
        if self.buffers and result.value in (None, 0):
            text = f'_zeros(self, "{result.name}", {shape})'
        elif result.value not in (None, 0):
            text = f"np.full({shape}, {_number(result.value)}, self.dtype)"
        else:
            function = "np.empty" if result.value is None else "np.zeros"
            text = f"{function}({shape}, self.dtype)"
            if result.like:
                text = f"{function}_like({names.text(result.like)})"
        return wrap_value(f"{name} = ", text, BODY)

    def _sliced(self, array: Array) -> Array:
        """Return an array whose parts are cut by the slices of this method."""
        slices = self.called.slices

        def visit(part: Array) -> Array | None:
            if isinstance(part, Banded):
                inner = rewrite(part.array, visit)
                return replace(part, array=inner, slices=(slices[ROW], slices[COLUMN]))
            if not isinstance(part, Cut):
                return None
            return replace(part, cuts=tuple(slices.get(cut, "") for cut in part.cuts))

        return rewrite(array, visit)

    def _method(self, assignments: Iterable[Assignment]) -> Method:
        return replace(self.method, assignments=tuple(assignments), returns=(), late_checks=())

    def _read_after(self, number: int, loop: Loop | None) -> set[str]:
        """Return the names that are read behind a part, and by the loop behind it."""
        late = (check.condition for check in self.method.late_checks)
        later = [a for part in self.parts[number + 1 :] for a in _assignments(part)]
        later += loop.assignments if loop is not None else ()
        arrays = [*(a.array for a in later), *late, *self.method.returns]
        return {*self.live, *names_in(arrays)}


def _assignments(part: Part) -> Sequence[Assignment]:
    return (*part.assignments, *(part.loop.assignments if part.loop is not None else ()))


def _number(value: float | None) -> str:
    if value is None or not math.isinf(value):
        return repr(value)
    return "np.inf" if value > 0 else "-np.inf"


def body_of(
    plan: Plan,
    method: Method,
    live: Set[str],
    names: Names,
    taken: set[str],
    buffers: bool,
    whole: bool,
    bands: Bands | None,
    before: Sequence[Assignment] | None = None,
) -> Body | BandBody:
    """Return the statements of a method, by blocks where the plan has such; see `BandBody`."""
    if bands is None:
        return Body(plan, method, live, names, taken, buffers, whole, before or ())
    return BandBody(plan, method, live, names, taken, buffers, bands, before)


def kept_lists(body: Body | BandBody) -> dict[str, str]:
    """Return what forward keeps beside arrays, or in place of some, by names of attributes."""
    if isinstance(body, Body):
        return {}
    blocks = body.called.blocks
    kept = {name: body.called.lists[name] for name in body.bands.lists}
    return kept | ({blocks: blocks} if any(p.loop for p in body.bands.backward) else {})
