"""Decide what forward computes under a name, what it keeps, and what is written in place.

A value that one place reads is written there; a value with several readers is computed once. What
only backward reads is computed there, unless keeping what it needs takes more than keeping the
value: then forward computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from symgrad.derivation.costs import NOMINAL_EXTENT
from symgrad.derivation.graph import Definition, Graph, has_narrow_addends
from symgrad.derivation.terms import flatten, is_constant, unflatten
from symgrad.language.expr import (
    ONE,
    Add,
    Element,
    Expr,
    Mul,
    Pad,
    Power,
    Reduce,
    StopGradient,
    add,
    element_names,
    map_parts,
    mul,
    power,
    rename,
    split_coefficient,
    split_power,
    walk,
)
from symgrad.language.layer import Statement

LARGEST_INSERT = 40
LARGEST_STATEMENT = 80


@dataclass
class Schedule:
    """Statements of forward and backward, in order, by name.

    `reading` holds for each name the statements that read it, as they are put.
    """

    forward: dict[str, Statement]
    backward: dict[str, Statement]
    reading: dict[str, dict[str, None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note who reads what."""
        for statement in (*self.forward.values(), *self.backward.values()):
            self._note(statement)

    def _note(self, statement: Statement) -> None:
        for name in element_names(statement.value):
            self.reading.setdefault(name, {})[statement.name] = None

    def __getitem__(self, name: str) -> Statement:
        return self.forward[name] if name in self.forward else self.backward[name]

    def put(self, statement: Statement) -> None:
        """Replace the statement of that name."""
        group = self.forward if statement.name in self.forward else self.backward
        for name in element_names(group[statement.name].value):
            self.reading[name].pop(statement.name, None)
        group[statement.name] = statement
        self._note(statement)

    def drop(self, name: str) -> None:
        """Drop a statement of forward."""
        for read in element_names(self.forward.pop(name).value):
            self.reading[read].pop(name, None)

    def move(self, name: str) -> None:
        """Move a statement of forward to the front of backward."""
        self.backward = {name: self.forward.pop(name), **self.backward}

    def readers(self, name: str) -> list[str]:
        """Return the statements that read a name, once for each time."""
        return [
            reader
            for reader in self.reading.get(name, ())
            for part in walk(self[reader].value)
            if isinstance(part, Element) and part.name == name
        ]

    def is_kept(self, name: str) -> bool:
        """Say whether backward reads a name and does not assign it."""
        reading = self.reading.get(name, ())
        return name not in self.backward and any(reader in self.backward for reader in reading)


def schedule(
    graph: Graph, outputs: Sequence[str], backward: Sequence[Statement], results: Sequence[str]
) -> Schedule:
    """Return the program of a layer: the definitions that are needed, single uses written in place.

    Args:
        graph: the forward definitions.
        outputs: the names that forward returns.
        backward: adjoints and gradients, in order.
        results: the names among `backward` that are gradients of inputs.
    """
    read = [name for statement in backward for name in element_names(statement.value)]
    needed = graph.needed([*outputs, *read])
    forward = {d.name: _statement(d) for d in graph if d.name in needed}
    plan = Schedule(forward, {s.name: s for s in backward})
    for definition in reversed([d for d in graph if d.name in needed]):
        if not definition.written:
            _place(definition, plan)
    _drop_stops(plan)
    _drop_copies(plan, results)
    return plan


def _statement(definition: Definition) -> Statement:
    body = definition.body
    if isinstance(body, (Add, Mul, Power)) or (isinstance(body, Reduce) and body.op == "sum"):
        body = unflatten(flatten(body))
    return Statement(definition.name, definition.element().subscripts, body)


def _place(definition: Definition, plan: Schedule) -> None:
    """Write a definition into its readers, move it to backward, or leave it where it is."""
    name = definition.name
    statement = plan.forward[name]
    readers = plan.readers(name)
    if _is_padded(name, plan):
        return
    narrow = has_narrow_addends(statement.value, len(statement.subscripts))
    if _is_trivial(statement.value) or narrow:
        _insert(statement, readers, plan)
        return
    in_backward = sum(1 for reader in readers if reader in plan.backward)
    if _is_cheap(statement.value) and max(in_backward, len(readers) - in_backward) == 1:
        _insert(statement, readers, plan)
        return
    only_backward = all(reader in plan.backward for reader in readers)
    if only_backward and not _costs_nothing_to_keep(statement, plan):
        return
    if len(readers) == 1 and _fits(statement, readers[0], plan):
        _insert(statement, readers, plan)
    elif only_backward:
        plan.move(name)


def _is_padded(name: str, plan: Schedule) -> bool:
    """Say whether a value is read with 0 around: that takes an array."""
    parts = (part for reader in plan.reading.get(name, ()) for part in walk(plan[reader].value))
    return any(isinstance(part, Pad) and part.element.name == name for part in parts)


def _is_trivial(value: Expr) -> bool:
    """Say whether a value is another one up to a constant in front."""
    inner = value.body if isinstance(value, StopGradient) else value
    factors = inner.factors if isinstance(inner, Mul) else (inner,)
    rest = [factor for factor in factors if not is_constant(split_power(factor)[0])]
    return (len(rest) == 1 and isinstance(rest[0], Element)) or not element_names(inner)


def _is_cheap(value: Expr) -> bool:
    """Say whether a value is one other with numbers added or multiplied, as 1 - t is."""
    terms = value.terms if isinstance(value, Add) else (value,)
    rest = [split_coefficient(term)[1] for term in terms]
    return all(r == ONE or isinstance(r, Element) for r in rest) and len(element_names(value)) < 2


def _costs_nothing_to_keep(statement: Statement, plan: Schedule) -> bool:
    """Say whether keeping what a value is computed from takes no more than keeping the value."""
    reads = {part.name: part for part in walk(statement.value) if isinstance(part, Element)}
    more = sum(_nominal_size(part.subscripts) for n, part in reads.items() if not plan.is_kept(n))
    return more <= _nominal_size(statement.subscripts)


def _nominal_size(axes: Sequence[Expr]) -> int:
    return int(NOMINAL_EXTENT ** len(axes))


def _fits(statement: Statement, reader: str, plan: Schedule) -> bool:
    size = sum(1 for _ in walk(statement.value))
    whole = size + sum(1 for _ in walk(plan[reader].value))
    return size <= LARGEST_INSERT and whole <= LARGEST_STATEMENT


def _insert(statement: Statement, readers: Sequence[str], plan: Schedule) -> None:
    definition = Definition(statement.name, statement.indices, statement.value)
    for reader in dict.fromkeys(readers):
        target = plan[reader]
        value = _put(target.value, definition)
        plan.put(Statement(target.name, target.subscripts, value))
    plan.drop(statement.name)


def _put(expr: Expr, definition: Definition) -> Expr:
    if isinstance(expr, Element) and expr.name == definition.name:
        return definition.at(expr.subscripts)
    if definition.name not in expr.names:
        return expr
    return rebuilt(expr, lambda part: _put(part, definition))


def rebuilt(expr: Expr, function: Callable[[Expr], Expr]) -> Expr:
    """Return the node with `function` applied to its parts, in normal form again."""
    if isinstance(expr, Add):
        return add(*(function(term) for term in expr.terms))
    if isinstance(expr, Mul):
        return mul(*(function(factor) for factor in expr.factors))
    if isinstance(expr, Power):
        return power(function(expr.base), function(expr.exponent))
    return map_parts(expr, function)


def rename_elements(expr: Expr, names: Mapping[str, str]) -> Expr:
    """Give the elements their final names."""
    if names.keys().isdisjoint(expr.names):
        return expr
    if isinstance(expr, Element):
        subscripts = tuple(rename_elements(s, names) for s in expr.subscripts)
        return Element(names.get(expr.name, expr.name), subscripts)
    return map_parts(expr, lambda part: rename_elements(part, names))


def _drop_stops(plan: Schedule) -> None:
    """In a program that is differentiated already, stop_gradient says nothing."""
    for group in (plan.forward, plan.backward):
        for name, statement in group.items():
            value = _without_stops(statement.value)
            group[name] = Statement(statement.name, statement.subscripts, value)


def _drop_copies(plan: Schedule, results: Sequence[str]) -> None:
    """Let a gradient that equals an intermediate's own take its place: dx = dz, dt = -dz."""
    for name in results:
        copy = plan.backward[name]
        original = copy.value
        if (
            isinstance(original, Element)
            and original.name in plan.backward
            and original.name not in results
            and original.subscripts == copy.subscripts
            and _ranges(plan.backward[original.name]) == _ranges(copy)
        ):
            _take_place(plan, copy, original)


def _ranges(statement: Statement) -> list[Expr | None]:
    return [index.extent for index in statement.indices]


def _take_place(plan: Schedule, copy: Statement, original: Element) -> None:
    source = plan.backward[original.name]
    mapping = dict(zip(source.indices, copy.indices, strict=True))
    renamed = Statement(copy.name, copy.subscripts, rename(source.value, mapping))
    statements: dict[str, Statement] = {}
    for name, statement in plan.backward.items():
        if name == source.name:
            statements[copy.name] = renamed
        elif name != copy.name:
            value = rename_elements(statement.value, {source.name: copy.name})
            statements[name] = Statement(name, statement.subscripts, value)
    plan.backward = statements


def _without_stops(expr: Expr) -> Expr:
    if isinstance(expr, StopGradient):
        return _without_stops(expr.body)
    return rebuilt(expr, _without_stops)
