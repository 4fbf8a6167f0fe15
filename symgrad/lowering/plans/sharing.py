"""Compute nothing twice, keep nothing unread: passes over the lines of a program.

What forward computes and backward reads is kept, and computed again where that costs no more than
to read it: a view, a number, the places along an axis, one operation of an array that is kept
anyway with a number (`1 - y`, `2 * x`, `y**2`). All else costs a function or a pass over several
arrays, and keeping it is one write in forward for one read in backward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from symgrad.lowering.nodes.arrays import (
    Apply,
    Arange,
    Array,
    Cast,
    Contraction,
    Expand,
    Hyperparameter,
    KeptExtent,
    Literal,
    Permute,
    Reduction,
    Size,
    Variable,
)
from symgrad.lowering.nodes.combine import expand
from symgrad.lowering.nodes.scatters import Scatter, TapProduct, bound_loops, is_in_loop
from symgrad.lowering.nodes.traversal import rewrite, walk
from symgrad.lowering.nodes.views import Indexed, Strided, Windows
from symgrad.lowering.plans.lines import Line, read_counts, readers, reads, replace_in
from symgrad.lowering.plans.names import fresh_name

# an inlined expression has at most this many operations, and so has the line that takes it
INLINED = 2
INTO = 5

LEAVES = (Variable, Literal, Hyperparameter, Size, KeptExtent)
VIEWS = (Permute, Expand, Windows, Strided)


def is_view(array: Array) -> bool:
    """Say whether a node only looks at the entries of another array in another way."""
    return isinstance(array, VIEWS) or (isinstance(array, Indexed) and array.is_view)


def is_cheap(array: Array) -> bool:
    """Say whether computing the array again costs nothing: names, numbers and views."""
    if isinstance(array, LEAVES) or array.kind == "weak":
        return True
    if is_view(array):
        return is_cheap(array.array)  # type: ignore[attr-defined]
    return isinstance(array, Cast) and is_cheap(array.array)


def operations(array: Array) -> int:
    """Return how many operations an expression has."""
    free = (*LEAVES, Cast)
    return sum(not (isinstance(part, free) or is_view(part)) for part in walk(array))


# --- shared parts --------------------------------------------------------------------------------


def share(lines: list[Line], taken: Iterable[str]) -> list[Line]:
    """Name what is computed twice, the largest first. Ends: each removes one."""
    names = set(taken) | {line.name for line in lines}
    while True:
        part = _largest_repeated(lines)
        if part is None:
            return lines
        holders = [n for n, line in enumerate(lines) if part in _shareable(line.array)]
        forward = [lines[n] for n in holders if not lines[n].backward]
        if is_light(part) and sum(p == part for line in forward for p in walk(line.array)) == 1:
            holders = [n for n in holders if lines[n].backward] or holders
        owner = _owner(part, holders, lines)
        if owner is None:
            name = fresh_name(part, names)
            names.add(name)
            owner = Line(name, part, lines[holders[0]].backward)
        else:
            lines.remove(owner)
        lines.insert(holders[0], owner)
        rest = (line for line in lines[holders[0] :] if line is not owner)
        later = [line for line in rest if part in _shareable(line.array)]
        replace_in(later, _replacement(part, owner.variable))


def _replacement(part: Array, variable: Variable) -> Callable[[Array], Array | None]:
    return lambda array: variable if array == part else None


def _owner(part: Array, holders: list[int], lines: list[Line]) -> Line | None:
    """Return the line that computes the part anyway, in the method that needs it first."""
    method = lines[holders[0]].backward
    owners = (lines[n] for n in holders if lines[n].array == part)
    return next((line for line in owners if line.backward == method), None)


def is_light(array: Array) -> bool:
    """Say whether backward had better compute the array again than keep it: 1 - y, 2*y, y**2."""
    if isinstance(array, Arange):
        return True
    if not isinstance(array, Apply) or array.op not in ("+", "-", "*", "/", "neg", "**"):
        return False
    wide = [arg for arg in array.args if arg.kind != "weak"]
    return len(wide) == 1 and is_cheap(wide[0])


def _largest_repeated(lines: list[Line]) -> Array | None:
    counts: dict[Array, list[int]] = {}
    for line in lines:
        for part, times in _shareable(line.array).items():
            counts.setdefault(part, [0, 0])[line.backward] += times
    repeated = [
        part for part, found in counts.items() if (max(found) if is_light(part) else sum(found)) > 1
    ]
    return max(repeated, key=lambda part: sum(1 for _ in walk(part)), default=None)


def _shareable(array: Array) -> dict[Array, int]:
    """Return how often each part occurs that could have a line of its own; the array keeps it."""
    found: dict[Array, int] | None = array.__dict__.get("_shareable")
    if found is None:
        found = {}
        for part in walk(array):
            if not (is_cheap(part) or isinstance(part, TapProduct) or bound_loops(part)):
                found[part] = found.get(part, 0) + 1
        object.__setattr__(array, "_shareable", found)
    return found


# --- single uses ---------------------------------------------------------------------------------


def inline(lines: list[Line]) -> list[Line]:
    """Put a short intermediate that one line of its own method reads once into that line."""
    counts = read_counts(lines)
    changed = True
    while changed:
        changed = False
        for line in list(lines):
            if line.result or line.given or counts.get(line.name, 0) != 1:
                continue
            if _inline_line(line, lines):
                lines.remove(line)
                changed = True
    return lines


def _inline_line(line: Line, lines: list[Line]) -> bool:
    reader = next(readers(lines, line.name))
    small = operations(line.array) <= INLINED and operations(reader.array) <= INTO - 1
    if reader.backward != line.backward or not (small or is_cheap(line.array)):
        return False
    if isinstance(line.array, Scatter) or is_in_loop(reader.array, line.name):
        return False
    reader.array = rewrite(reader.array, lambda array: _substitute(array, line))
    return True


def _substitute(array: Array, line: Line) -> Array | None:
    if isinstance(array, Expand) and array.array == line.variable:
        return expand(line.array, array.layout)
    return line.array if array == line.variable else None


def inline_views(lines: list[Line]) -> list[Line]:
    """Replace intermediates that only name another array, and drop them."""
    for line in list(lines):
        if not line.result and is_cheap(line.array) and not (line.given and operations(line.array)):
            if line.array.kind == "weak" and not isinstance(line.array, (Literal, Size)):
                continue
            reading = list(readers(lines, line.name))
            replace_in(reading, lambda array, line=line: _substitute(array, line))  # type: ignore[misc]
            lines.remove(line)
    return lines


def drop_unread(lines: list[Line]) -> list[Line]:
    """Drop the assignments that nothing reads. Ends: each round drops one line at least."""
    while True:
        counts = read_counts(lines)
        kept = [line for line in lines if line.result or counts.get(line.name)]
        if len(kept) == len(lines):
            return lines
        lines[:] = kept


# --- kept dimensions -----------------------------------------------------------------------------


def keep_dimensions(lines: list[Line]) -> list[Line]:
    """Give an intermediate its broadcast shape at once, where every reader expands it alike."""
    layouts = _layouts(lines)
    own = {line.name: line for line in lines}
    reading: dict[str, list[Line]] = {}
    for line in lines:
        for name in reads(line):
            reading.setdefault(name, []).append(line)
    while True:
        bad = [
            name for name in layouts if not _can_expand(own[name], layouts, reading.get(name, ()))
        ]
        if not bad:
            break
        for name in bad:
            del layouts[name]
    for line in lines:
        line.array = _expand_readers(line.array, layouts)
        if line.name in layouts:
            line.array = push_expand(line.array, layouts[line.name])
            line.axes = ()
    return lines


Layout = tuple[int | None, ...]


def _layouts(lines: list[Line]) -> dict[str, Layout]:
    """Return for each candidate the layout in which its first expanding reader wants it."""
    found: dict[str, Layout] = {}
    for line in lines:
        for part in walk(line.array):
            if isinstance(part, Expand) and isinstance(part.array, Variable):
                found.setdefault(part.array.name, part.layout)
    for line in reversed(lines):
        if line.name in found and isinstance(line.array, Apply):
            for arg in line.array.args:
                for part in walk(arg):
                    if isinstance(part, Variable) and part.ndim == line.array.ndim:
                        found.setdefault(part.name, found[line.name])
    return {line.name: found[line.name] for line in lines if line.name in found and not line.result}


def _can_expand(line: Line, layouts: dict[str, Layout], reading: Iterable[Line]) -> bool:
    name = line.name
    if not _pushes(line.array, layouts, layouts[name]):
        return False
    return all(
        _reads_expanded(reader.array, name, layouts, layouts.get(reader.name) == layouts[name])
        for reader in reading
    )


def _pushes(array: Array, layouts: dict[str, Layout], layout: Layout) -> bool:
    """Say whether the expanded array can be computed directly in that shape."""
    if array.kind == "weak":
        return True
    if isinstance(array, Variable):
        return layouts.get(array.name) == layout
    if isinstance(array, Reduction):
        return not array.keepdims and keepdims_layout(array) == layout
    if isinstance(array, Apply):
        return all(_pushes(arg, layouts, layout) for arg in array.args)
    return False


def keepdims_layout(array: Reduction) -> Layout:
    """Return the layout that puts the reduced axes back.

    A leading axis put back gives the array more axes than its readers may have; as layouts begin
    with an axis of the array, such a reduction matches none.
    """
    layout: list[int | None] = []
    kept = 0
    for axis in range(array.array.ndim):
        layout.append(None if axis in array.axes else kept)
        kept += axis not in array.axes
    return tuple(layout)


def _reads_expanded(array: Array, name: str, layouts: dict[str, Layout], pushed: bool) -> bool:
    if isinstance(array, Expand) and isinstance(array.array, Variable) and array.array.name == name:
        return array.layout == layouts[name]
    if isinstance(array, Variable):
        return array.name != name or pushed
    inner = pushed and isinstance(array, Apply)
    return all(
        _reads_expanded(child, name, layouts, inner)
        for part in array.parts()
        for child in (part if isinstance(part, tuple) else (part,))
        if isinstance(child, Array)
    )


def _expand_readers(array: Array, layouts: dict[str, Layout]) -> Array:
    def visit(part: Array) -> Array | None:
        inner = part.array if isinstance(part, Expand) else None
        if isinstance(part, Expand) and isinstance(inner, Variable) and inner.name in layouts:
            return _expanded_variable(inner, part.layout)
        return None

    return rewrite(array, visit)


def _expanded_variable(variable: Variable, layout: Layout) -> Variable:
    return Variable(variable.name, len(layout), variable.kind)


def push_expand(array: Array, layout: Layout) -> Array:
    """Return the array computed directly in the expanded shape."""
    if array.kind == "weak":
        return array
    if isinstance(array, Variable):
        return _expanded_variable(array, layout)
    if isinstance(array, Reduction):
        return replace(array, keepdims=True)
    if isinstance(array, Apply):
        return Apply(array.op, tuple(push_expand(arg, layout) for arg in array.args))
    return expand(array, layout)


def _put_back(taken: Indexed) -> Layout:
    """Return the layout that puts back the axes which a subscript takes away.

    Those of a product are of length 1.
    """
    kept = iter(range(taken.ndim))
    return tuple(None if isinstance(item, Array) else next(kept) for item in taken.items)


def keep_dimensions_inside(array: Array) -> Array:
    """Write `a.sum(axis=1)[:, None]` as a sum with kept dimensions, `a[:, 0][:, None]` as `a`."""

    def visit(part: Array) -> Array | None:
        if isinstance(part, Expand) and isinstance(part.array, Reduction):
            reduction = part.array
            if not reduction.keepdims and keepdims_layout(reduction) == part.layout:
                inner = rewrite(reduction.array, visit)
                return replace(reduction, array=inner, keepdims=True)
        if isinstance(part, Expand) and isinstance(part.array, Indexed):
            taken = part.array
            if isinstance(taken.array, Contraction) and part.layout == _put_back(taken):
                return rewrite(taken.array, visit)
        return None

    return rewrite(array, visit)
