"""Turn surface calls into expressions: table functions, `where`, `size`, `pad`, `let`, `opaque`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from symgrad.language.conditions import condition
from symgrad.language.expr import (
    ZERO,
    AxisLength,
    Call,
    Expr,
    Extent,
    MatrixFunction,
    OpaqueCall,
    Pad,
    StopGradient,
    Where,
    children,
)
from symgrad.language.foreign import FUNCTIONS_ELSEWHERE
from symgrad.language.functions import FUNCTIONS
from symgrad.language.index_expressions import note_subscript, require_integer
from symgrad.language.limits import EXPANDED_NESTING, LETS
from symgrad.language.scope import Scope
from symgrad.language.syntax import Apply, Name, Negative, Numeral, Tensor, ungroup
from symgrad.language.values import closest_function, delta, read_element, value


@value.register
def _(node: Apply, scope: Scope) -> Expr:
    if node.subscripts and node.function != "inv":
        scope.reading.fail(
            f"{node.function}(...) has no subscripts",
            node,
            "only inv(a)[i,j] is read with subscripts; write them inside the brackets",
        )
    name = node.function
    names = scope.reading.names
    if name in names.functions:
        return _call_let(node, scope)
    if name.rstrip("'") in names.opaque:
        return _call_opaque(node, scope)
    special = _SPECIAL.get(name)
    if special is not None:
        counts, form, function = special
        _check_count(node, counts, form, scope)
        return function(node, scope)
    if name in FUNCTIONS:
        row = FUNCTIONS[name]
        counts = tuple(range(row.arity, row.arity + len(row.defaults) + 1))
        _check_count(node, counts, _form(name, row.arity), scope)
        return Call(name, tuple(value(arg, scope) for arg in node.args))
    return _refuse(node, scope)


def _form(name: str, arity: int) -> str:
    if name in ("max", "min"):
        return f"{name}(a, b), or {name}_k for the {name} over an index"
    args = {1: ("x",), 2: ("a", "b"), 3: ("x", "lo", "hi")}[arity]
    return f"{name}({', '.join(args)})"


def _check_count(node: Apply, counts: tuple[int, ...], form: str, scope: Scope) -> None:
    given = len(node.args)
    if given in counts:
        return
    wanted = " or ".join(str(count) for count in counts)
    plural = "" if counts == (1,) else "s"
    scope.reading.fail(
        f"{node.function} takes {wanted} argument{plural}, not {given}",
        node.name_span,
        f"write {form}",
    )


def _refuse(node: Apply, scope: Scope) -> Expr:
    name = node.function
    reading = scope.reading
    if name in reading.declared or name in reading.targets or name in scope.indices:
        inside = ", ".join(reading.written(arg) for arg in node.args)
        reading.fail(
            f"{name} is no function, and a bare name before ( is a call",
            node.name_span,
            f"write {name}*({inside}) for a product",
        )
    elsewhere = FUNCTIONS_ELSEWHERE.get(name) or FUNCTIONS_ELSEWHERE.get(name.lower())
    if elsewhere:
        reading.fail(f"unknown function {name}", node.name_span, f"write {elsewhere}")
    near = closest_function(name, scope)
    reading.fail(
        f"unknown function {name}",
        node.name_span,
        f"did you mean {near}?"
        if near
        else f"write {name}*(...) for a product, or declare the function: opaque {name}",
    )


# --- functions of the user's own


def _call_let(node: Apply, scope: Scope) -> Expr:
    reading = scope.reading
    definition = reading.lets.get(node.function)
    if definition is None:
        reading.fail(
            f"{node.function} is used before its let statement",
            node.name_span,
            f"move let {node.function}(...) = ... before its use",
        )
    form = f"{node.function}({', '.join(p.name for p in definition.parameters)})"
    _check_count(node, (len(definition.parameters),), form, scope)
    depth = scope.depth + definition.body.depth
    LETS.check(depth, reading.text, [node.name_span])
    args = [value(arg, scope) for arg in node.args]
    parameters = {p.name: arg for p, arg in zip(definition.parameters, args, strict=True)}
    inner = replace(scope, parameters=parameters, indices={}, sums={}, phase=1, depth=depth)
    result = value(definition.body, inner)
    size, depth = _measure(result)
    reading.note_expansion(size, node.name_span)
    EXPANDED_NESTING.check(depth, reading.text, [node.name_span])
    return result


def _measure(expr: Expr) -> tuple[int, int]:
    """Return the number of nodes and the depth, without recursion."""
    size, deepest = 0, 0
    stack = [(expr, 1)]
    while stack:
        part, depth = stack.pop()
        size += 1
        deepest = max(deepest, depth)
        stack.extend((child, depth + 1) for child in children(part))
    return size, deepest


def _call_opaque(node: Apply, scope: Scope) -> Expr:
    _check_count(node, (1,), f"{node.function}(x)", scope)
    name = node.function.rstrip("'")
    return OpaqueCall(name, value(node.args[0], scope), len(node.function) - len(name))


# --- the functions that are no row of the table


def _where(node: Apply, scope: Scope) -> Expr:
    test, then, otherwise = node.args
    return Where(condition(test, scope), value(then, scope), value(otherwise, scope))


def _delta(node: Apply, scope: Scope) -> Expr:
    return delta(node.args[0], node.args[1], scope)


def _stop_gradient(node: Apply, scope: Scope) -> Expr:
    return StopGradient(value(node.args[0], scope))


def _size(node: Apply, scope: Scope) -> Expr:
    reading = scope.reading
    subject = ungroup(node.args[0])
    if not isinstance(subject, Name):
        reading.fail(
            f"size of {reading.written(node.args[0])}",
            subject,
            "write size(k) for an index, or size(x, 0) for an axis of a tensor",
        )
    if len(node.args) == 2:
        return _axis_length(node, subject, scope)
    if subject.name in scope.indices:
        return Extent(scope.indices[subject.name])
    stand_in = reading.new_size(subject.name, subject.span, scope.statement)
    return Extent(stand_in)


def _axis_length(node: Apply, subject: Name, scope: Scope) -> Expr:
    axis = ungroup(node.args[1])
    sign = -1 if isinstance(axis, Negative) else 1
    axis = ungroup(axis.body) if isinstance(axis, Negative) else axis
    if not isinstance(axis, Numeral) or axis.value.denominator != 1:
        scope.reading.fail(
            "the axis of size is not a whole number",
            node.args[1],
            f"write size({subject.name}, 0), or size({subject.name}, -1) for the last axis",
        )
    scope.last().read_name(subject.name, subject.span)
    number = sign * axis.value.numerator
    scope.reading.lengths.append((subject.name, number, node.args[1].span))
    return AxisLength(subject.name, number)


def _pad(node: Apply, scope: Scope) -> Expr:
    tensor = ungroup(node.args[0])
    if not isinstance(tensor, Tensor):
        scope.reading.fail(
            "pad reads an element of a tensor",
            node.args[0],
            "write pad(x[i-1]), or pad(x[i-1], v) to read v outside",
        )
    element = read_element(tensor, scope, padded=True)
    outside = value(node.args[1], scope) if len(node.args) > 1 else ZERO
    return Pad(element, outside)


def _matrix(node: Apply, scope: Scope) -> Expr:
    reading = scope.reading
    subject = ungroup(node.args[0])
    name = node.function
    if not isinstance(subject, Name):
        reading.fail(
            f"{name} takes a whole tensor",
            node.args[0],
            f"write {name}(a)" + ("[i,j]" if name == "inv" else "") + " with the name alone",
        )
    if name == "inv" and len(node.subscripts) != 2:
        reading.fail("inv has two subscripts", node, f"write inv({subject.name})[i,j]")
    scope.read(subject.name, 2, subject.span)
    reading.found("a matrix function", node.name_span)
    reading.equal_axes.append(((subject.name, 0), (subject.name, 1)))
    subscripts = []
    for axis, part in enumerate(node.subscripts):
        subscript = require_integer(value(part, scope), part, scope)
        note_subscript(subject.name, axis, subscript, part.span, scope, padded=False)
        subscripts.append(subscript)
    return MatrixFunction(name, subject.name, tuple(subscripts))


_Special = tuple[tuple[int, ...], str, Callable[[Apply, Scope], Expr]]
_SPECIAL: dict[str, _Special] = {
    "where": ((3,), "where(condition, a, b)", _where),
    "delta": ((2,), "delta(i, j)", _delta),
    "δ": ((2,), "δ(i, j)", _delta),
    "stop_gradient": ((1,), "stop_gradient(x)", _stop_gradient),
    "size": ((1, 2), "size(k) for an index, or size(x, 0) for an axis", _size),
    "pad": ((1, 2), "pad(x[i-1]), or pad(x[i-1], v)", _pad),
    "inv": ((1,), "inv(a)[i,j]", _matrix),
    "det": ((1,), "det(a)", _matrix),
    "logdet": ((1,), "logdet(a)", _matrix),
}
