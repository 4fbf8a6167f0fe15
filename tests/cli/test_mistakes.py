"""Mistakes on the command line: the message on stderr, and the exit status."""

import pytest

BIAS = "y_ij = x_ij + b_j"


def test_a_mistake_in_a_formula_is_shown_with_its_caret(run):
    result = run("derive", "y_ij = x_ik + b_j")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "FormulaError: index k is used once and never summed\n"
        "  y_ij = x_ik + b_j\n"
        "           ^\n"
        "  write sum_k x_ik, or put k on the left-hand side\n"
    )


def test_a_construct_that_is_not_derived_yet_is_named(run):
    result = run("derive", "y_i = det(a)*x_i")
    assert result.exit_code == 1
    assert result.stderr.startswith("UnsupportedError: ")


def test_a_missing_file_is_named(run):
    result = run("derive", "none.toml")
    assert result.exit_code == 1
    assert result.stderr == "error: none.toml: No such file or directory\n"


@pytest.mark.parametrize("source", ["./x", "layers.tml", "sub/layers.yaml", "~/layers"])
def test_a_path_that_leads_nowhere_is_no_formula(run, source):
    result = run("derive", source)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"error: {source}: there is no such file\n"


@pytest.mark.parametrize("source", ["", "= +", "y_i = x_i)", "(" * 5000])
def test_any_bad_text_is_a_formula_error(run, source):
    result = run("derive", source)
    assert result.exit_code == 1
    assert result.stderr.startswith("FormulaError: ")


def test_a_file_without_layers_is_named(run, tmp_path):
    (tmp_path / "empty.toml").write_text("# nothing\n")
    result = run("derive", "empty.toml")
    assert result.exit_code == 1
    assert result.stderr == (
        "FormulaError: empty.toml has no layers\n  write one table a layer: [AddBias]\n"
    )


@pytest.mark.parametrize("content", [b"[A\n", b"[A]\nformula = '\xff'\n", b"formula = 'y = x'\n"])
def test_a_file_that_is_no_layer_file_is_a_mistake_and_no_crash(run, tmp_path, content):
    (tmp_path / "bad.toml").write_bytes(content)
    result = run("derive", "bad.toml")
    assert result.exit_code == 1
    assert "bad.toml" in result.stderr


def test_two_layers_of_one_name_are_refused(run, layers, tmp_path):
    (tmp_path / "more.toml").write_text("[Scale]\nformula = 'y = x'\n")
    result = run("derive", "layers.toml", "more.toml")
    assert result.exit_code == 1
    assert result.stderr == "error: two layers are named Scale, in layers.toml and more.toml\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["derive"],
        ["derive", BIAS, "--format", "pdf"],
        ["derive", BIAS, "--lang", "fr"],
        ["derive", BIAS, "--detail", "all"],
        ["derive", BIAS, "-o", "out.doc"],
        ["derive", BIAS, "--standalone"],
        ["derive", BIAS, "--standalone", "--format", "json"],
        ["derive", BIAS, "--constant", "eps"],
        ["derive", BIAS, "--constant", "eps=small"],
        ["derive", BIAS, "--constant", "b=1", "--constant", "b=2"],
        ["derive", BIAS, "--wrt", ","],
        ["derive", "AddBias", "--wrt", "b"],
        ["check", "mine.py:Mine"],
        ["derive", BIAS, "z_i = x_i"],
        ["generate", "AddBias", "--backend", "fortran"],
        ["nonsense"],
    ],
)
def test_wrong_usage_exits_with_2(run, arguments):
    assert run(*arguments).exit_code == 2


def test_a_missing_scipy_is_told_with_what_to_install(run, monkeypatch):
    from symgrad.cli import commands

    def fail(layers):
        raise ModuleNotFoundError("No module named 'scipy'", name="scipy")

    monkeypatch.setattr(commands, "_reports", fail)
    result = run("check", "GELU")
    assert result.exit_code == 1
    assert result.stderr == (
        "error: a special function such as erf needs SciPy\n  pip install 'symgrad[special]'\n"
    )


@pytest.mark.parametrize("word", ["", "derive", "generate", "check", "catalog"])
def test_help_shows_examples(run, word):
    output = run(*word.split(), "--help").output
    assert "Examples:\n" in output
    assert f"  symgrad {word}" in output
