"""Plant faults in the text of a generated module, one at a time."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.mutations import in_place
from tests.mutations.syntax import Planted, call_of, is_whole, method_of, more, value_of, with_value


@dataclass(frozen=True)
class Mutant:
    """A module with one fault: what kind it is, where it stands, the line before and after.

    `owner` is the class or the function at the top of the module in which it stands.
    """

    kind: str
    owner: str
    line: int
    change: str
    source: str


def sign(node: ast.AST) -> Planted:
    value = value_of(node)
    if value is not None:
        yield with_value(node, ast.UnaryOp(ast.USub(), value))
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield ast.BinOp(node.left, other, node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand


def scaled_by(factor: float) -> Callable[[ast.AST], Planted]:
    def scaled(node: ast.AST) -> Planted:
        value = value_of(node)
        if value is not None:
            yield with_value(node, ast.BinOp(value, ast.Mult(), ast.Constant(factor)))

    return scaled


def axis(node: ast.AST) -> Planted:
    if isinstance(node, ast.keyword) and node.arg == "axis" and is_whole(node.value):
        place = node.value.value  # type: ignore[attr-defined]
        yield ast.keyword("axis", ast.Constant(place - 1 if place else 1))


def transposition(node: ast.AST) -> Planted:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if method_of(node) == "transpose":
        yield node.func.value  # type: ignore[attr-defined]
        swapped = [*node.args[:-2], *node.args[:-3:-1]]  # type: ignore[attr-defined]
        yield ast.Call(node.func, swapped, [])  # type: ignore[attr-defined]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield ast.BinOp(ast.Attribute(node.left, "T", ast.Load()), node.op, node.right)
        yield ast.BinOp(node.right, node.op, node.left)


def _shift(node: ast.AST) -> bool:
    right = node.right if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) else None
    return right is not None and "max" in ast.unparse(right)


def dropped_term(node: ast.AST) -> Planted:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)) and not _shift(node):
        yield node.left
        yield node.right if isinstance(node.op, ast.Add) else ast.UnaryOp(ast.USub(), node.right)


def dropped_shift(node: ast.AST) -> Planted:
    if isinstance(node, ast.BinOp) and _shift(node):
        yield node.left


def dropped_factor(node: ast.AST) -> Planted:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.MatMult)):
        yield node.left
        if not isinstance(node.op, ast.Div):
            yield node.right
        else:
            yield ast.BinOp(node.left, ast.Mult(), node.right)


def dropped_sum(node: ast.AST) -> Planted:
    if method_of(node) != "sum" or ast.unparse(node.func.value) == "np":  # type: ignore[attr-defined]
        return
    whole: ast.Call = node  # type: ignore[assignment]
    summed: ast.expr = whole.func.value  # type: ignore[attr-defined]
    yield summed
    yield ast.Call(ast.Attribute(summed, "mean", ast.Load()), whole.args, whole.keywords)


def mask(node: ast.AST) -> Planted:
    if call_of(node, "np.where") and len(node.args) == 3:  # type: ignore[attr-defined]
        condition, first, second = node.args  # type: ignore[attr-defined]
        yield first
        yield second
        yield ast.Call(node.func, [condition, second, first], [])  # type: ignore[attr-defined]


def off_by_one(node: ast.AST) -> Planted:
    if isinstance(node, ast.Slice):
        if node.upper is not None:
            yield ast.Slice(node.lower, more(node.upper, -1), node.step)
            yield ast.Slice(node.lower, more(node.upper, 1), node.step)
        if node.lower is not None:
            yield ast.Slice(more(node.lower, 1), node.upper, node.step)
    if isinstance(node, ast.Subscript) and is_whole(node.slice):
        yield ast.Subscript(node.value, more(node.slice, 1), node.ctx)
    for name in ("range", "np.arange"):
        if call_of(node, name):
            *first, last = node.args  # type: ignore[attr-defined]
            yield ast.Call(node.func, [*first, more(last, -1)], [])  # type: ignore[attr-defined]


def stale(node: ast.AST) -> Planted:
    """An attribute keeps the value of the first call."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return
    (target,) = node.targets
    pairs = [(target, node.value)]
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = list(zip(target.elts, node.value.elts, strict=True))
    for place, (one, value) in enumerate(pairs):
        if not isinstance(one, ast.Attribute):
            continue
        args = [one.value, ast.Constant(one.attr), value]
        kept: ast.expr = ast.Call(ast.Name("getattr", ast.Load()), args, [])
        if len(pairs) > 1:
            values = [kept if k == place else v for k, (_, v) in enumerate(pairs)]
            kept = ast.Tuple(values, ast.Load())
        yield ast.Assign([target], kept)


def accumulated(node: ast.AST) -> Planted:
    """A gradient is added to that of the call before."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
        one = node.targets[0]
        if one.attr.startswith("d"):
            args = [one.value, ast.Constant(one.attr), ast.Constant(0)]
            before = ast.Call(ast.Name("getattr", ast.Load()), args, [])
            yield ast.Assign(node.targets, ast.BinOp(before, ast.Add(), node.value))


def swapped(node: ast.AST) -> Planted:
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        names = node.value.elts
        for k in range(len(names) - 1):
            order = [*names[:k], names[k + 1], names[k], *names[k + 2 :]]
            yield ast.Return(ast.Tuple(order, ast.Load()))


COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
}


def comparison(node: ast.AST) -> Planted:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
        yield ast.Compare(node.left, [COMPARISONS[type(node.ops[0])]()], node.comparators)


def dropped_pad(node: ast.AST) -> Planted:
    if call_of(node, "_pad") or call_of(node, "np.pad"):
        yield node.args[0]  # type: ignore[attr-defined]


def constant(node: ast.AST) -> Planted:
    if isinstance(node, ast.Constant) and type(node.value) is float:
        yield ast.Constant(node.value * 1.001 if node.value else 0.001)


FUNCTIONS = {
    "np.tanh": "np.sin",
    "np.exp": "np.expm1",
    "np.maximum": "np.minimum",
    "np.minimum": "np.maximum",
    "np.sqrt": "np.cbrt",
    "np.log": "np.log1p",
    "np.sign": "np.abs",
}


def function(node: ast.AST) -> Planted:
    if isinstance(node, ast.Call) and ast.unparse(node.func) in FUNCTIONS:
        other = ast.parse(FUNCTIONS[ast.unparse(node.func)], mode="eval").body
        yield ast.Call(other, node.args, node.keywords)


FAULTS: dict[str, Callable[[ast.AST], Planted]] = {
    "sign": sign,
    "factor 1.001": scaled_by(1.001),
    "factor 2": scaled_by(2),
    "number times 1.001": constant,
    "axis": axis,
    "transposition": transposition,
    "term dropped": dropped_term,
    "factor dropped": dropped_factor,
    "sum dropped": dropped_sum,
    "stability shift dropped": dropped_shift,
    "mask": mask,
    "off by one": off_by_one,
    "comparison": comparison,
    "pad dropped": dropped_pad,
    "stale cache": stale,
    "gradient accumulated": accumulated,
    "gradients swapped": swapped,
    "other function": function,
    "in-place operator": in_place.in_place_operator,
    "in-place factor": in_place.in_place_factor,
    "in-place operands exchanged": in_place.in_place_exchanged,
    "operands exchanged": in_place.operands_exchanged,
    "statement dropped": in_place.statement_dropped,
    "out= dropped": in_place.out_dropped,
    "out= elsewhere": in_place.out_elsewhere,
    "made in place": in_place.made_in_place,
    "kept array written to": in_place.step_on_kept_array,
    "copy dropped": in_place.copy_dropped,
    "buffer shared": in_place.buffer_shared,
    "condition dropped": in_place.buffer_check_dropped,
}


def plant(source: str) -> Iterator[Mutant]:
    """Yield the module with every fault in its functions and classes, in the order of its lines."""
    tree = ast.parse(source)
    named = [node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
    for owner in named:
        yield from _planted_in(owner, tree)


def _planted_in(owner: ast.ClassDef | ast.FunctionDef, tree: ast.Module) -> Iterator[Mutant]:
    for parent, field, place in _sites(owner):
        held = getattr(parent, field)
        node = held if place is None else held[place]
        before = ast.unparse(node)
        for kind, fault in FAULTS.items():
            for changed in fault(node):
                ast.copy_location(changed, node)
                _put(parent, field, place, changed)
                line = getattr(node, "lineno", getattr(parent, "lineno", 0))
                text = ast.unparse(ast.fix_missing_locations(tree))
                change = f"{before}  ->  {ast.unparse(changed)}"
                yield Mutant(kind, owner.name, line, change, text)
                _put(parent, field, place, node)


def _put(parent: ast.AST, field: str, place: int | None, node: ast.AST) -> None:
    if place is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[place] = node


def _sites(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Yield where the nodes inside functions stand; messages of errors are left out."""
    for field, held in ast.iter_fields(node):
        children = enumerate(held) if isinstance(held, list) else [(None, held)]
        for place, child in list(children):
            if not isinstance(child, ast.AST) or isinstance(child, (ast.Raise, ast.JoinedStr)):
                continue
            if not isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.Import, ast.ImportFrom)):
                yield node, field, place
            yield from _sites(child)
