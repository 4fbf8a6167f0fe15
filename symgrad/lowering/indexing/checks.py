"""Say which arguments forward must reject: reads outside a tensor, means over nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import singledispatch

from symgrad.formats.text import to_text
from symgrad.language.expr import (
    MINUS_ONE,
    ONE,
    And,
    ArgReduce,
    AxisLength,
    Compare,
    Delta,
    Element,
    Expr,
    Extent,
    FloorDiv,
    IndexValue,
    Indicator,
    Mod,
    Mul,
    Number,
    Pad,
    Reduce,
    children,
    element_names,
    map_parts,
    mul,
    subtract,
    walk,
)
from symgrad.language.index_steps import steps_of
from symgrad.language.layer import Layer
from symgrad.language.program import Program
from symgrad.lowering.expressions.elementwise import lower
from symgrad.lowering.expressions.lengths import same_length
from symgrad.lowering.expressions.scope import Scope, Tensor, natural_frame
from symgrad.lowering.indexing.accesses import label
from symgrad.lowering.indexing.guards import guarded
from symgrad.lowering.indexing.indices import lower_count, lower_index
from symgrad.lowering.indexing.pads import is_inside
from symgrad.lowering.indexing.subscripts import access, extent
from symgrad.lowering.nodes.arrays import Apply, Array, Reduction
from symgrad.lowering.nodes.combine import align, number, union
from symgrad.lowering.plans.plan import Arguments, Check, HelperCheck

Known = tuple[Expr, ...]


@dataclass(frozen=True)
class Place:
    """Where in a statement a read stands: the names in use, and the filters around it."""

    scope: Scope
    filters: Known = ()

    def under(self, *conditions: Expr | None) -> Place:
        """Return the place under further filters."""
        new = tuple(condition for condition in conditions if condition is not None)
        return replace(self, filters=(*self.filters, *new))

    @property
    def known(self) -> Known:
        """What is at least 0 where the filters hold; each length as the axis that it follows."""
        return tuple(
            self._by_owner(part) for condition in self.filters for part in known_of(condition)
        )

    def _by_owner(self, expr: Expr) -> Expr:
        if isinstance(expr, AxisLength) and expr.name in self.scope.tensors:
            return self.scope.tensors[expr.name].extents[expr.axis]
        return map_parts(expr, self._by_owner)


def known_of(condition: Expr) -> Known:
    """Return what is at least 0 where a condition holds, as far as it compares indices."""
    if isinstance(condition, And):
        return tuple(known for part in condition.args for known in known_of(part))
    if not isinstance(condition, Compare):
        return ()
    difference = subtract(condition.left, condition.right)
    negated = mul(MINUS_ONE, difference)
    return {
        "<": (subtract(negated, ONE),),
        "<=": (negated,),
        ">": (subtract(difference, ONE),),
        ">=": (difference,),
        "==": (difference, negated),
        "!=": (),
    }[condition.op]


# --- reads ---------------------------------------------------------------------------------------


def range_checks(program: Program, scope: Scope) -> tuple[HelperCheck, ...]:
    """Return the checks of the places that the formula reads, where they are not proven inside."""
    layer = program.layer
    assigned = {
        name: Tensor(tuple(map(extent, layer.axes[name])))
        for name in (statement.name for statement in layer.statements)
    }
    place = Place(replace(scope, tensors={**assigned, **scope.tensors}))
    found: dict[object, HelperCheck] = {}
    for part in layer.agreements:
        lengths = (lower_count(length, scope) for length in (part.extent, part.own))
        check = HelperCheck("_check_agreement", (part.name, part.axis, *lengths))
        found.setdefault(check, check)
    for statement in layer.statements:
        for check in _checks(statement.value, place):
            ranged = check.function == "_check_range"
            same = (*check.args[:3], *check.args[4:]) if ranged else check.args
            found.setdefault((check.function, same), check)
    return tuple(found.values())


def step_checks(layer: Layer, scope: Scope) -> tuple[HelperCheck, ...]:
    """Return the checks of the integer inputs that multiply an index or divide."""
    given = (name for name in steps_of(layer) if name in layer.integers and not layer.axes[name])
    values = {name: lower_index(Element(name, ()), scope, ()).array for name in given}
    return tuple(HelperCheck("_check_step", pair) for pair in values.items())


@singledispatch
def _checks(expr: Expr, place: Place) -> Iterator[HelperCheck]:
    """Yield the checks of the reads inside an expression, in reading order."""
    for part in children(expr):
        yield from _checks(part, place)


@_checks.register
def _(expr: Element, place: Place) -> Iterator[HelperCheck]:
    scope = place.scope
    if expr.name in scope.constants:
        return
    lengths = scope.tensors[expr.name].extents
    for axis, (subscript, length) in enumerate(zip(expr.subscripts, lengths, strict=True)):
        yield from _checks(subscript, place)
        known = () if isinstance(subscript, IndexValue) else place.known
        if not scope.assigned.isdisjoint(subscript.names):
            continue  # checked where it is read, as it must be computed first
        if not is_inside(subscript, length, known):
            own = Place(scope) if label(subscript, length) in scope.checked else place
            yield _read_check(expr.name, axis, subscript, length, own)


@_checks.register(FloorDiv)
@_checks.register(Mod)
def _(expr: FloorDiv | Mod, place: Place) -> Iterator[HelperCheck]:
    """A length that divides may be 0; but not while an index of that length has values."""
    for part in (expr.left, expr.right):
        yield from _checks(part, place)
    extents = [index.extent for index in expr.left.free_in_order if index.extent is not None]
    lengths = any(isinstance(part, (AxisLength, Extent)) for part in walk(expr.right))
    if lengths and not any(same_length(length, expr.right) for length in extents):
        divisor = lower_count(expr.right, place.scope)
        yield HelperCheck("_check_divisor", (to_text(expr.right), divisor))


@_checks.register
def _(expr: Pad, place: Place) -> Iterator[HelperCheck]:
    for part in (*expr.element.subscripts, expr.value):
        yield from _checks(part, place)


@_checks.register(Reduce)
@_checks.register(ArgReduce)
def _(expr: Reduce | ArgReduce, place: Place) -> Iterator[HelperCheck]:
    """Reads in one part of a filter are guarded by its other parts."""
    parts = expr.condition.args if isinstance(expr.condition, And) else (expr.condition,)
    for part in parts:
        if part is not None:
            yield from _checks(part, place.under(*(other for other in parts if other is not part)))
    yield from _checks(expr.body, place.under(expr.condition))


@_checks.register
def _(expr: Compare, place: Place) -> Iterator[HelperCheck]:
    for part in (expr.left, expr.right):
        yield from _checks(part, place)
    if expr.op in ("==", "!="):
        yield from _label_checks(expr.left, expr.right, place.scope)


@_checks.register
def _(expr: Delta, place: Place) -> Iterator[HelperCheck]:
    for part in (expr.left, expr.right):
        yield from _checks(part, place)
    yield from _label_checks(expr.left, expr.right, place.scope)


def _label_checks(left: Expr, right: Expr, scope: Scope) -> Iterator[HelperCheck]:
    """An integer tensor that is compared with a bare index holds values of that index."""
    for element, index in ((left, right), (right, left)):
        if not isinstance(index, IndexValue) or not isinstance(element, Element):
            continue
        if element.name not in scope.integers:
            continue
        if index.index.extent is not None:
            frame = natural_frame(element)
            places = lower_index(element, scope, frame).array
            length = lower_count(index.index.extent, scope)
            of = f"index {index.index.name}"
            yield HelperCheck("_check_range", (element.name, places, length, of))


def _read_check(name: str, axis: int, subscript: Expr, length: Expr, place: Place) -> HelperCheck:
    """Return the check of one subscript; by its extremes where no data and no filter decide it."""
    scope = place.scope
    size = lower_count(length, scope)
    form = access(subscript, length, scope)
    bare = isinstance(subscript, IndexValue)
    if form is not None and (bare or not place.filters):
        steps = tuple(
            (lower_count(step, scope), lower_count(extent(index), scope))
            for index, step in form.steps
        )
        args: Arguments = (name, axis, size, lower_count(form.start, scope), *steps)
        return HelperCheck("_check_read", args)
    label = subscript.name if isinstance(subscript, Element) else to_text(subscript)
    frame = natural_frame(Mul((subscript, *map(Indicator, place.filters))))
    # a subscript and a filter may read what another filter guards
    values = [lower_index(guarded(subscript, scope), scope, frame)]
    inline = replace(scope, inline=True)
    values += [lower(guarded(condition, scope), inline, frame) for condition in place.filters]
    axes = union(values, frame)
    arrays = [align(value, axes) for value in values] if place.filters else [values[0].array]
    mask = arrays[1:2]
    for array in arrays[2:]:
        mask = [Apply("and", (mask[0], array))]
    of = f"axis {axis} of {name}"
    return HelperCheck("_check_range", (label, arrays[0], size, of, *mask))


# --- means ---------------------------------------------------------------------------------------


def mean_checks(program: Program, scope: Scope) -> tuple[list[Check], list[Check]]:
    """Return the checks of means: (of the arguments, of values that forward computes).

    Means without a filter over whole axes of inputs are none of them: `mean_axes` has those.
    """
    early: dict[str, Check] = {}
    late: dict[str, Check] = {}
    for statement in program.layer.statements:
        for part in walk(statement.value):
            if not isinstance(part, Reduce) or part.op != "mean":
                continue
            for index in part.indices if part.condition is None else ():
                if not isinstance(extent(index), (AxisLength, Number)):
                    length = lower_count(extent(index), scope)
                    message = f"the mean over {index.name} has no element"
                    early.setdefault(message, Check(Apply("<", (length, number(1))), message))
            if part.condition is not None:
                read = element_names(part.condition)
                target = early if set(read) <= set(program.layer.inputs) else late
                check = _mean_check(part, part.condition, scope)
                target.setdefault(check.message, check)
    return list(early.values()), list(late.values())


def _mean_check(mean: Reduce, condition: Expr, scope: Scope) -> Check:
    frame = natural_frame(Indicator(condition), mean.indices)
    mask = lower(condition, replace(scope, inline=True), frame)
    axes = tuple(n for n, index in enumerate(mask.axes) if index in mean.indices)
    passed: Array = Reduction("any", mask.array, axes) if axes else mask.array
    if passed.ndim:
        passed = Reduction("all", passed, tuple(range(passed.ndim)))
    letters = ", ".join(index.name for index in mean.indices)
    return Check(Apply("never", (passed,)), f"the mean over {letters} has no element that passes")
