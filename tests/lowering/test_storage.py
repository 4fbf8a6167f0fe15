"""Steps write over arrays that are the method's own and dead, and over no other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest

import symgrad
from symgrad import Layer, catalogue
from symgrad.derivation import derive
from symgrad.lowering import Plan, lower
from symgrad.lowering.nodes.arrays import Apply, Array, Expand, Permute, Reduction, Size, Variable
from symgrad.lowering.nodes.combine import number
from symgrad.lowering.nodes.scatters import Scatter
from symgrad.lowering.nodes.traversal import variables
from symgrad.lowering.nodes.views import WHOLE, Indexed, Padded
from symgrad.lowering.plans.memory import Known, fits, is_exact, is_new, is_private, lengths, shared
from symgrad.lowering.plans.plan import Assignment, Method
from symgrad.lowering.plans.steps import Step
from symgrad.lowering.plans.storage import Facts, steps_of
from tests.rendering.formulas import FORMULAS

X, S = Variable("x", 2), Variable("s", 1)
EXP = Apply("exp", (X,))


def plan_of(layer: Layer | str) -> Plan:
    """Return the plan of a layer."""
    return lower(derive(layer).program)


def steps(plan: Plan, buffers: bool = False) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Return the steps of forward and of backward."""
    taken = {name for method in (plan.forward, plan.backward) for name in method.reads()}

    def no_line_is_long(name: str, array: Array) -> bool:
        return False

    return (
        steps_of(plan, plan.forward, plan.kept, no_line_is_long, None, taken if buffers else None),
        steps_of(
            plan,
            plan.backward,
            (),
            no_line_is_long,
            Facts().after(plan.forward.assignments),
            taken if buffers else None,
        ),
    )


def written(layer: Layer | str, method: str) -> list[str]:
    """Return the lines of a method behind those that take its arguments."""
    source = symgrad.generate(layer)
    text = source[source.index(f"    def {method}(") :].split("\n\n    def ")[0]
    lines = [line.strip() for line in text.splitlines()[2:] if line]
    takes = ("_inputs(", "_gradients(", "_not_empty(")
    return [line for line in lines if not any(word in line for word in takes)]


# --- what may be written over --------------------------------------------------------------------


def names_in(arrays: Iterable[Array]) -> set[str]:
    """Return the names that arrays read."""
    return {variable.name for array in arrays for variable in variables(array)}


def require_sound(method: Method, found: Sequence[Step], live: Iterable[str]) -> None:
    """Follow the steps: no name is read after its memory has been written over by another."""
    owner: dict[str, int] = {}
    own: set[int] = set()
    stale: set[str] = set()
    for place, step in enumerate(found):
        read = names_in([step.array])
        assert not read & stale, f"{step.name} reads {sorted(read & stale)}"
        if step.over:
            memory = owner[step.over]
            assert memory in own, f"{step.over} is not the method's own"
            stale |= {name for name, other in owner.items() if other == memory}
            stale -= {step.name}
            owner[step.name] = memory
            continue
        held = sorted(shared(step.array))
        places = {owner[name] for name in held if name in owner}
        assert len(places) <= 1
        owner[step.name] = places.pop() if places else place
        stale -= {step.name}
        if is_private(step.array) or isinstance(step.array, Scatter):
            own.add(place)
    checks = [check.condition for check in method.late_checks]
    assert not names_in([*method.returns, *checks]) & stale
    assert not set(live) & stale


@pytest.mark.parametrize("layer", [*catalogue.names(), *FORMULAS])
def test_nothing_reads_an_array_that_was_written_over(layer: str) -> None:
    plan = plan_of(catalogue.entry(layer) if layer in catalogue.names() else layer)
    for buffers in (False, True):
        forward, backward = steps(plan, buffers)
        require_sound(plan.forward, forward, plan.kept)
        require_sound(plan.backward, backward, ())


def test_the_check_of_soundness_sees_a_read_that_comes_too_late() -> None:
    plan = plan_of("y_ij = exp(x_ij)")
    y = Variable("y", 2)
    source = Assignment("y", EXP, ("i", "j"))
    late = [
        Step("y", EXP, source),
        Step("z", Apply("*", (y, y)), source, "y"),
        Step("w", Apply("+", (y, y)), source),
    ]
    with pytest.raises(AssertionError, match="w reads"):
        require_sound(plan.forward, late, ())
    argument = [Step("y", Apply("*", (X, X)), source, "x")]
    with pytest.raises((AssertionError, KeyError)):
        require_sound(plan.forward, argument, ())


@pytest.mark.parametrize(
    ("returned", "over"), [("y", "v"), ("w", ""), ("v", ""), ("u", "")], ids=str
)
def test_an_array_lives_as_long_as_what_lies_in_its_memory(returned: str, over: str) -> None:
    def assigned(name: str, array: Array) -> Assignment:
        return Assignment(name, array, ("i", "j"))

    v, w = Variable("v", 2), Variable("w", 2)
    lines = [
        assigned("v", EXP),
        assigned("w", Permute(v, (1, 0))),
        assigned("u", Indexed(w, ((number(1), None, None), WHOLE))),
        assigned("y", Apply("sin", (v,))),
    ]
    method = Method((), (), tuple(lines), (Variable(returned, 2),))
    plan = plan_of("y_ij = exp(x_ij)")
    assert steps_of(plan, method, (), lambda name, array: False)[-1].over == over


# --- which lines ---------------------------------------------------------------------------------

LINES: list[tuple[str, str, list[str]]] = [
    # one operation, or what NumPy does by itself inside an expression
    ("y_ij = x_ij + b_j", "forward", ["return x + b"]),
    ("y_ij = 2*x_ij", "forward", ["return 2 * x"]),
    ("y_ij = exp(x_ij)", "forward", ["self.y = _in_blocks(np.exp, x, passes=3)", "return self.y"]),
    ("y_ij = x_ij*a_ij + b_ij", "forward", ["y = x * a + b", "self.x, self.a = x, a", "return y"]),
    # row statistics are small
    (
        "y_i = exp(sum_k x_ik + b_i)",
        "forward",
        ['self.y = np.exp(np.einsum("ik->i", x) + b)', "return self.y"],
    ),
    # a function of an intermediate array, an operand that broadcasts, an operand on the left
    (
        "y_ij = sin(x_ij + b_j)",
        "forward",
        [
            "def of_rows(x):",
            "y_pre = x + b",
            "y = np.sin(y_pre)",
            "return y_pre, y",
            "y_pre, y = _in_blocks(of_rows, x, passes=4)",
            "self.y_pre = y_pre",
            "return y",
        ],
    ),
    (
        "y_ij = tanh(x_ij + b_j)",
        "forward",
        [
            "def of_rows(x):",
            "y = x + b",
            "np.tanh(y, out=y)",
            "return y",
            "self.y = _in_blocks(of_rows, x, passes=4)",
            "return self.y",
        ],
    ),
    (
        "y_ij = tanh(x_ij)",
        "backward",
        [
            "def of_rows(dy, y):",
            "dx = y**2",
            "np.subtract(1, dx, out=dx)",
            "dx *= dy",
            "return dx",
            "return _in_blocks(of_rows, dy, self.y, passes=3)",
        ],
    ),
    # a name of the formula stays until a function gives the next one, or for one operator
    (
        "s_ij = sum_k x_ik*w_kj; y_ij = exp(s_ij + b_j)",
        "forward",
        [
            "s = x @ w",
            "s += b",
            "y = np.exp(s, out=s)",
            "self.x, self.w, self.y = x, w, y",
            "return y",
        ],
    ),
]


@pytest.mark.parametrize(("formula", "method", "lines"), LINES)
def test_lines_read_as_written_by_hand(formula: str, method: str, lines: list[str]) -> None:
    assert written(formula, method) == lines


# --- what is known of memory ---------------------------------------------------------------------


def test_lengths_tell_axes_that_broadcast() -> None:
    one, rows, columns = number(1), Size("x", 0), Size("x", 1)
    assert lengths(X, Known()) == (rows, columns)
    assert lengths(Permute(X, (1, 0)), Known()) == (columns, rows)
    assert lengths(Expand(S, (None, 0)), Known()) == (one, Size("s", 0))
    assert lengths(Reduction("max", X, (1,), True), Known()) == (rows, one)
    assert lengths(Apply("-", (X, Reduction("max", X, (1,), True))), Known()) == (rows, columns)
    assert lengths(Indexed(X, (WHOLE, (one, None, None))), Known()) == (rows, None)


def test_an_array_takes_only_what_broadcasts_into_it() -> None:
    rows, one = Size("x", 0), number(1)
    assert fits((rows, rows), (one, rows))
    assert fits((rows, rows), (rows,))
    assert not fits((one, rows), (rows, rows))
    assert not fits((rows,), (rows, rows))
    assert not fits((None, rows), (rows, rows))


def test_views_and_arguments_are_nobodys_own() -> None:
    assert is_new(EXP)
    assert is_private(Permute(EXP, (1, 0)))
    for view in (
        X,
        Permute(X, (1, 0)),
        Expand(S, (0, None)),
        Indexed(X, ((number(1), None, None),)),
    ):
        assert not is_private(view)
        assert shared(view) <= {"x", "s"}
        assert shared(view)
    # nothing is copied where only entries are taken off
    cut = Padded(X, ((number(-1), number(-1)), None), number(0))
    assert not is_private(cut)
    assert shared(cut) == {"x"}


def test_functions_of_scipy_may_have_another_type() -> None:
    assert is_exact(EXP, frozenset())
    assert not is_exact(EXP, {"x"})
    assert not is_exact(Apply("lgamma", (X,)), frozenset())
    assert not is_exact(Variable("n", 2, "int"), frozenset())
    assert is_exact(Variable("mask", 2, "bool"), frozenset())


def test_an_array_that_a_function_of_the_user_has_seen_is_left_alone() -> None:
    seen: list[np.ndarray] = []
    formula = "opaque g; h_ij = x_ij*s_j; y_ij = 2*g(h_ij); z_ij = exp(h_ij)"
    built = symgrad.build(Layer("Open", formula, wrt=[]))

    def remember(value: np.ndarray) -> np.ndarray:
        seen.append(value)
        return np.asarray(np.cos(value))

    built(g=remember, g_prime=np.cos).forward(np.ones((2, 3)), np.full(3, 2.0))
    np.testing.assert_array_equal(seen[0], np.full((2, 3), 2.0))
