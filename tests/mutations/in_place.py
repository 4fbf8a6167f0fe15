"""Change statements that write to arrays that are there: `y -= m`, `out=`, buffers, copies."""

from __future__ import annotations

import ast
import copy

from tests.mutations.syntax import Planted, call_of, method_of, with_value

STEPS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}


def in_place_operator(node: ast.AST) -> Planted:
    if isinstance(node, ast.AugAssign) and type(node.op) in STEPS:
        yield ast.AugAssign(node.target, STEPS[type(node.op)](), node.value)


def in_place_factor(node: ast.AST) -> Planted:
    if isinstance(node, ast.AugAssign):
        for factor in (-1, 1.001, 2):
            value = ast.BinOp(node.value, ast.Mult(), ast.Constant(factor))
            yield ast.AugAssign(node.target, node.op, value)


def in_place_exchanged(node: ast.AST) -> Planted:
    """`a op= b` becomes `a = b op a`, which is another value for a difference or a quotient."""
    if isinstance(node, ast.AugAssign):
        value = ast.BinOp(node.value, node.op, _loaded(node.target))
        yield ast.Assign([node.target], value)


def statement_dropped(node: ast.AST) -> Planted:
    if isinstance(node, (ast.AugAssign, ast.Expr)) and not _is_text(node):
        yield ast.Pass()


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _out_of(node: ast.AST) -> ast.keyword | None:
    if not isinstance(node, ast.Call):
        return None
    return next((word for word in node.keywords if word.arg == "out"), None)


def out_dropped(node: ast.AST) -> Planted:
    if isinstance(node, ast.Call) and _out_of(node) is not None:
        yield ast.Call(node.func, node.args, [w for w in node.keywords if w.arg != "out"])


def out_elsewhere(node: ast.AST) -> Planted:
    """The result is written over an operand, which may be an argument or needed later."""
    out = _out_of(node)
    if out is None:
        return
    call: ast.Call = node  # type: ignore[assignment]
    others = [word for word in call.keywords if word.arg != "out"]
    for operand in call.args:
        named = isinstance(operand, (ast.Name, ast.Attribute))
        if named and ast.unparse(operand) != ast.unparse(out.value):
            yield ast.Call(call.func, call.args, [*others, ast.keyword("out", operand)])


def operands_exchanged(node: ast.AST) -> Planted:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div)):
        yield ast.BinOp(node.right, node.op, node.left)
    if _out_of(node) is not None and len(node.args) == 2:  # type: ignore[attr-defined]
        first, second = node.args  # type: ignore[attr-defined]
        yield ast.Call(node.func, [second, first], node.keywords)  # type: ignore[attr-defined]


UFUNCS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
}


def made_in_place(node: ast.AST) -> Planted:
    """A new array becomes one that overwrites an operand, an argument or a kept array."""
    value = node.value if isinstance(node, ast.Assign) else None
    if isinstance(value, ast.BinOp) and type(value.op) in UFUNCS:
        operands = [value.left, value.right]
        function: ast.expr = ast.parse(f"np.{UFUNCS[type(value.op)]}", mode="eval").body
    elif isinstance(value, ast.Call) and ast.unparse(value.func) in UNARY:
        operands, function = value.args, value.func
    else:
        return
    for operand in operands:
        if isinstance(operand, (ast.Name, ast.Attribute)):
            call = ast.Call(function, operands, [ast.keyword("out", operand)])
            yield with_value(node, call)


UNARY = ("np.exp", "np.tanh", "np.sqrt", "np.log", "np.maximum", "np.minimum", "np.sign", "np.abs")


def copy_dropped(node: ast.AST) -> Planted:
    if method_of(node) == "copy":
        yield node.func.value  # type: ignore[attr-defined]
    if call_of(node, "np.copy") or call_of(node, "np.array"):
        yield node.args[0]  # type: ignore[attr-defined]


def step_on_kept_array(node: ast.AST) -> Planted:
    """What is read from the object is written to before it is used."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        kept = _kept_in(node.value)
        for one in {ast.unparse(part): part for part in kept}.values():
            call = ast.Call(_name("np.multiply"), [one, ast.Constant(1.25)], [])
            call.keywords.append(ast.keyword("out", one))
            changed = copy.deepcopy(node.value)
            yield ast.Assign(node.targets, _replaced(changed, ast.unparse(one), call))


def _kept_in(value: ast.expr) -> list[ast.expr]:
    """Return the arrays of the object in an expression: `self.y` that stands by itself."""
    inner = {id(part.value) for part in ast.walk(value) if isinstance(part, ast.Attribute)}
    inner |= {id(part.func) for part in ast.walk(value) if isinstance(part, ast.Call)}
    return [
        part
        for part in ast.walk(value)
        if isinstance(part, ast.Attribute)
        and ast.unparse(part.value) == "self"
        and id(part) not in inner
    ]


def _replaced(tree: ast.expr, text: str, by: ast.expr) -> ast.expr:
    class Once(ast.NodeTransformer):
        done = False

        def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
            if not self.done and ast.unparse(node) == text:
                self.done = True
                return by
            return self.generic_visit(node)

    return Once().visit(tree)  # type: ignore[no-any-return]


def _name(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _loaded(target: ast.expr) -> ast.expr:
    return _name(ast.unparse(target))


def buffer_shared(node: ast.AST) -> Planted:
    """Two arrays of one shape get one buffer: each named `y` or `dx` takes the other's."""
    if call_of(node, "_buffer"):
        layer, name, *shape = node.args  # type: ignore[attr-defined]
        for other in ("shared", "y", "dx"):
            if ast.unparse(name) != repr(other):
                call = ast.Call(node.func, [layer, ast.Constant(other), *shape], [])  # type: ignore[attr-defined]
                yield call


def buffer_check_dropped(node: ast.AST) -> Planted:
    """A buffer of another shape or type is used again, or one in which an argument lies."""
    if isinstance(node, ast.BoolOp):
        for place in range(len(node.values)):
            left = [*node.values[:place], *node.values[place + 1 :]]
            yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)
