"""`symgrad derive`: formulas, layer files and catalogue names, as text and LaTeX."""

import pytest

BIAS = "y_ij = x_ij + b_j"


def test_a_formula_prints_its_gradients(run):
    assert run("derive", BIAS).output == "dx_ij = dy_ij\ndb_j = sum_i dy_ij\n"


def test_steps_show_the_chain_rule_the_delta_and_the_contraction(run):
    output = run("derive", BIAS, "--wrt", "b", "--steps").output
    places = [
        output.index(text)
        for text in (
            "sum_{k,l} dL/dy_kl dy_kl/db_j",
            "sum_{k,l} dL/dy_kl delta_jl",
            "sum_k dL/dy_kj",
            "db_j = sum_i dy_ij",
        )
    ]
    assert places == sorted(places)


def test_latex_is_an_aligned_environment(run):
    output = run("derive", BIAS, "--steps", "--format", "latex").output
    assert output.count(r"\begin{aligned}") == output.count(r"\end{aligned}") >= 1
    assert r"\delta_{jl}" in output


def test_wrt_chooses_the_gradients(run):
    assert run("derive", BIAS, "--wrt", "b").output == "db_j = sum_i dy_ij\n"


def test_inputs_order_the_gradients(run):
    output = run("derive", BIAS, "--inputs", "b,x").output
    assert output == "db_j = sum_i dy_ij\ndx_ij = dy_ij\n"


def test_outputs_choose_what_is_returned(run):
    output = run("derive", "s_i = 2*x_i; y_i = 3*s_i", "--outputs", "s,y").output
    assert output == "dx_i = 2*(ds_i + 3*dy_i)\n"


def test_a_constant_is_not_differentiated(run):
    assert run("derive", "y_i = c*x_i", "--constant", "c=2").output == "dx_i = c*dy_i\n"


def test_the_layers_of_a_file_stand_under_their_names(run, layers):
    output = run("derive", str(layers)).output
    assert output.startswith("Scale\n")
    assert "\n\nSquare\ndx_ij = dy_i*x_ij\n" in output


def test_a_layer_of_the_catalogue_is_found_by_name(run):
    assert run("derive", "AddBias").output == "dx_ij = dy_ij\ndb_j = sum_i dy_ij\n"


def test_piped_output_is_plain(run):
    assert "\x1b" not in run("derive", "AddBias", "Mul", "--steps").output


@pytest.mark.parametrize(
    ("formula", "options", "reason"),
    [
        ("y = 3", [], "the formula has no input"),
        ("y = 3", ["--steps"], "the formula has no input"),
    ],
)
def test_a_layer_without_gradients_says_why(run, formula, options, reason):
    assert run("derive", formula, *options).output == f"# no gradient: {reason}\n"
    latex = run("derive", formula, *options, "--format", "latex").output
    assert latex == f"% no gradient: {reason}\n"
