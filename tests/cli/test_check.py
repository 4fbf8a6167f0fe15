"""`symgrad check`: reports, exit status, and classes that somebody wrote by hand."""

import pytest

MINE = """
class Right:
    def forward(self, x, W):
        self.x, self.W = x, W
        return x @ W

    def backward(self, dy):
        return dy @ self.W.T, self.x.T @ dy


class Wrong(Right):
    def backward(self, dy):
        dx, dW = super().backward(dy)
        return dx, 1.001 * dW
"""

FORMULA = "y_ij = sum_k x_ik*W_kj"


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def test_a_formula_that_checks_exits_with_0(run):
    result = run("check", "y_ij = x_ij*tanh(x_ij)", "--name", "Gate")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Gate" in result.stdout


def test_every_layer_of_a_file_has_its_report(run, layers):
    result = run("check", str(layers))
    assert result.exit_code == 0
    assert result.stdout.index("Scale") < result.stdout.index("Square")


def test_a_class_written_by_hand_checks_when_it_is_right(run, mine):
    assert run("check", "mine.py:Right", "--formula", FORMULA).exit_code == 0


def test_a_wrong_gradient_of_a_class_is_named_and_exits_with_1(run, mine):
    result = run("check", "mine.py:Wrong", "--formula", FORMULA)
    assert result.exit_code == 1
    assert result.stderr == "error: 1 of 1 layer failed\n"
    assert "dW" in result.stdout


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("mine.py:Other", "error: mine.py has no class Other\n  it has: Right, Wrong\n"),
        ("none.py:Right", "error: none.py: there is no such file\n"),
    ],
)
def test_a_class_that_is_not_there_is_told(run, mine, source, message):
    result = run("check", source, "--formula", FORMULA)
    assert (result.exit_code, result.stderr) == (1, message)


def test_a_file_that_fails_on_import_is_told(run, tmp_path):
    (tmp_path / "bad.py").write_text("1/0")
    result = run("check", "bad.py:Right", "--formula", FORMULA)
    assert result.exit_code == 1
    assert result.stderr == (
        "error: bad.py fails when it is imported\n  ZeroDivisionError('division by zero')\n"
    )


def test_a_file_that_exits_on_import_is_told(run, tmp_path):
    (tmp_path / "bad.py").write_text("raise SystemExit(3)")
    result = run("check", "bad.py:Right", "--formula", FORMULA)
    assert result.exit_code == 1
    assert result.stderr == "error: bad.py fails when it is imported\n  SystemExit(3)\n"


def test_a_class_that_is_no_layer_is_told(run, tmp_path):
    (tmp_path / "bad.py").write_text("class Right:\n    def forward(self, x):\n        return x\n")
    result = run("check", "bad.py:Right", "--formula", FORMULA)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: bad.py: Right has no backward\n")


def test_a_formula_option_without_a_class_is_wrong_usage(run):
    assert run("check", "AddBias", "--formula", FORMULA).exit_code == 2


PAIR = """
def affine_forward(x, W):
    return x @ W, (x, W)


def affine_backward(dout, cache):
    x, W = cache
    return dout @ W.T, -x.T @ dout
"""


@pytest.mark.parametrize("name", ["affine_forward,affine_backward", "affine"])
def test_a_pair_of_functions_is_checked_and_its_mistake_named(run, tmp_path, name):
    (tmp_path / "pair.py").write_text(PAIR)
    result = run("check", f"pair.py:{name}", "--formula", FORMULA)
    assert result.exit_code == 1
    assert "has the wrong sign" in result.stdout


def test_a_class_whose_forward_takes_too_much_is_told(run, tmp_path):
    (tmp_path / "many.py").write_text(MINE.replace("x, W):", "x, W, b):", 1))
    result = run("check", "many.py:Right", "--formula", FORMULA)
    assert result.exit_code == 1
    assert result.stderr == (
        "error: forward takes 3 arguments (x, W, b), the formula has 2: x, W\n"
    )


def test_the_help_says_that_checking_a_file_runs_it(run):
    assert "imports it, which runs it" in " ".join(run("check", "--help").stdout.split())
