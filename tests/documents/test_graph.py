"""The computation graph: its nodes, where they stand, and what is drawn."""

from itertools import pairwise

import pytest

from symgrad import catalog, derive
from symgrad.documents.graph import computation_graph
from symgrad.documents.layered import place

LAYERS = catalog()


def spelled(layer):
    """Return each operation as `value = sign(values)`; `!` stands where no gradient flows back."""
    nodes = computation_graph(derive(layer))
    names = [f"#{n}" if node.value is None else node.value.name for n, node in enumerate(nodes)]
    lines = []
    for name, node in zip(names, nodes, strict=True):
        reads = ", ".join(names[edge.source] + "!" * edge.stopped for edge in node.reads)
        lines += [f"{name} = {node.sign}{node.below}({reads})"] if node.sign else []
    return lines


def test_a_softmax_is_its_stable_form():
    assert spelled("y_ij = exp(x_ij)/sum_k exp(x_ik)") == [
        "x_max = maxk(x)",
        "x_shifted = −(x, x_max!)",
        "x_exp = exp(x_shifted)",
        "x_exp_sum = ∑k(x_exp)",
        "y = ÷(x_exp, x_exp_sum)",
    ]


def test_a_sum_of_products_is_one_operation():
    assert spelled("y_ij = sum_k x_ik*W_kj + b_j") == ["#2 = ∑ ×k(x, W)", "y = +(#2, b)"]


def test_literals_stand_in_the_circle():
    assert spelled("y_i = 3 - x_i/2") == ["#1 = × −1/2(x)", "y = + 3(#1)"]


def test_a_gather_reads_its_places():
    assert spelled("y_ij = table[t_i, j]") == ["y = [ ](table, t)"]


@pytest.mark.parametrize("name", LAYERS)
def test_no_two_nodes_stand_over_one_another(name):
    nodes = computation_graph(derive(LAYERS[name]))
    reads = [[edge.source for edge in node.reads] for node in nodes]
    placed = place(reads, 74, 36)
    columns = {}
    for column, height in zip(placed.columns, placed.heights, strict=True):
        columns.setdefault(column, []).append(height)
    for heights in columns.values():
        heights.sort()
        assert all(b - a >= 73.5 for a, b in pairwise(heights))
    assert all(placed.columns[s] < placed.columns[t] for t, read in enumerate(reads) for s in read)


def test_a_chain_is_level():
    assert set(place([[], [0], [1], [2]], 74, 36).heights) == {37}


def test_an_edge_that_passes_columns_is_level_there():
    placed = place([[], [0], [1], [2, 0]], 74, 36)
    assert len(set(placed.routes[0, 3])) == 1


def test_an_input_stands_just_before_its_first_reader():
    assert place([[], [0], [], [1, 2]], 74, 36).columns == (0, 1, 1, 2)
