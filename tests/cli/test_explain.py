"""`symgrad generate --explain`: what a plan costs, before or beside the module."""

from symgrad.cli import commands


def test_alone_it_prints_the_costs_and_writes_no_module(run):
    result = run("generate", "y_ij = x_ij + b_j", "--name", "AddBias", "--explain")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("AddBias: cost in float64 at I = 100, J = 100\n")
    assert "class AddBias" not in result.stdout


def test_with_a_file_the_module_is_written_too(run, tmp_path):
    result = run("generate", "y_ij = x_ij + b_j", "--name", "AddBias", "--explain", "-o", "out.py")
    assert result.stdout.startswith("AddBias: cost in float64")
    assert "class AddBias" in (tmp_path / "out.py").read_text()


def test_sizes_give_the_lengths(run):
    result = run("generate", "y_ij = x_ij + b_j", "--explain", "--sizes", "i=64,j=512")
    assert "at I = 64, J = 512" in result.stdout


def test_a_length_counts_for_the_layers_that_have_the_axis(run):
    result = run("generate", "AddBias", "InstanceNorm", "--explain", "--sizes", "s=7")
    assert "AddBias: cost in float64 at I = 100, J = 100\n" in result.stdout
    assert "InstanceNorm: cost in float64 at N = 100, C = 100, S = 7\n" in result.stdout


def test_an_axis_that_no_input_has_is_a_mistake(run):
    result = run("generate", "y_ij = x_ij + b_j", "--explain", "--sizes", "k=7")
    assert result.exit_code == 1
    assert result.stderr == "FormulaError: no input has an axis K; the axes are: I, J\n"


def test_wrong_sizes_are_wrong_usage(run):
    result = run("generate", "y_ij = x_ij + b_j", "--explain", "--sizes", "i:7")
    assert result.exit_code == 2
    assert "'i:7': write it as i=64" in result.stderr
    assert run("generate", "y_ij = x_ij + b_j", "--sizes", "i=7").exit_code == 2


def test_nothing_is_verified_where_no_module_is_written(run, monkeypatch):
    monkeypatch.setattr(commands, "_reports", lambda layers: 1 / 0)
    assert run("generate", "y_ij = x_ij + b_j", "--explain").exit_code == 0
