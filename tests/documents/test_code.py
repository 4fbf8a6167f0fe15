"""The statements of each gradient, found in the class that was generated."""

import pytest

import symgrad
from symgrad.documents import document
from symgrad.documents.code import gradient_statements

SOURCE = '''class Layer:
    def backward(self, dy):
        """Return dx."""
        dy = _gradients(self, dy=(dy, "ij"))
        shared = dy * self.y
        part = shared.sum(axis=0)
        dx = np.zeros(self.shape)
        for u in range(3):
            window = dx[u:]
            window += shared
        self.dw = part + 1
        return dx, dy.sum(
            axis=0,
        ), dy
'''


def test_each_gradient_has_the_statements_that_serve_it_alone():
    assert gradient_statements(SOURCE, ("dx", "db", "dz", "dw")) == {
        "dx": (
            "dx = np.zeros(self.shape)\n"
            "for u in range(3):\n"
            "    window = dx[u:]\n"
            "    window += shared"
        ),
        "db": "db = dy.sum(\n            axis=0,\n        )",
        "dz": "dz = dy",
        "dw": "part = shared.sum(axis=0)\nself.dw = part + 1",
    }


def test_a_value_that_is_returned_at_once_is_given_its_name():
    source = (
        "class A:\n    def backward(self, dy):\n        return (\n            dy * 2\n        )\n"
    )
    assert gradient_statements(source, ("dx",)) == {"dx": "dx = (\n    dy * 2\n)"}


def test_the_code_of_a_document_is_the_class_that_is_generated():
    layer = symgrad.catalog()["LayerNorm"]
    assert document(symgrad.derive(layer)).code in symgrad.generate(layer)


def test_every_gradient_of_a_layer_has_statements():
    statements = document(symgrad.derive(symgrad.catalog()["LSTMCell"])).statements
    assert statements["dbo"] == "self.dbo = do_pre.sum(axis=0)"
    assert all(statements.values())


def test_a_step_that_writes_over_a_gradient_belongs_to_it():
    statements = document(symgrad.derive(symgrad.catalog()["BatchNorm"])).statements
    assert statements["dx"].splitlines()[:2] == [
        "dx = dgamma / dy.shape[0] * self.x_hat",
        "np.subtract(dy, dx, out=dx)",
    ]


@pytest.mark.parametrize("name", ["LayerNorm", "Softmax", "CausalAttention"])
def test_code_by_blocks_is_shown_in_one_go(name: str) -> None:
    shown = document(symgrad.derive(symgrad.catalog()[name]))
    assert "_blocks(" in shown.code
    for gradient, text in shown.statements.items():
        assert f"{gradient} = " in text
        assert "_blocks(" not in text
