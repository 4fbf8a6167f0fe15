"""`symgrad catalog`: the list, and one layer."""

import tomllib

from symgrad import catalogue


def test_the_list_has_a_line_with_the_summary_of_each_layer(run):
    lines = run("catalog").output.splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert listed == list(catalogue.names())
    assert "  AddBias                  Bias added to every row." in lines


def test_one_layer_is_printed_as_a_table_of_a_layer_file(run):
    table = tomllib.loads(run("catalog", "RMSNorm").output)["RMSNorm"]
    assert table["formula"] == "y_ij = gamma_j*x_ij/sqrt(mean_k x_ik^2 + eps)"


def test_an_unknown_name_gets_the_nearest_one(run):
    result = run("catalog", "layernrm")
    assert result.exit_code == 1
    assert result.stderr == (
        "error: there is no layer layernrm in the catalogue\n  do you mean LayerNorm?\n"
    )
