"""The gradients that a textbook prints, reached from one line or from several statements."""

import pytest

import symgrad

SOFTMAX = "dx_ij = y_ij*(dy_ij - sum_k dy_ik*y_ik)"

FORMS = [
    ("y_ij = exp(x_ij)/sum_k exp(x_ik)", {}, [SOFTMAX]),
    ("e_ij = exp(x_ij)\ns_i = sum_j e_ij\ny_ij = e_ij/s_i", {}, [SOFTMAX]),
    ("m_i = max_j x_ij\ne_ij = exp(x_ij - m_i)\ny_ij = e_ij/sum_k e_ik", {}, [SOFTMAX]),
    (
        "s_ij = where(j <= i, x_ij, -inf)\ny_ij = exp(s_ij)/sum_k exp(s_ik)",
        {},
        [SOFTMAX],
    ),
    ("y_i = sigmoid(x_i)", {}, ["dx_i = dy_i*y_i*(1 - y_i)"]),
    ("y_i = 1/(1 + exp(-x_i))", {}, ["dx_i = dy_i*y_i*(1 - y_i)"]),
    ("y_i = tanh(x_i)", {}, ["dx_i = dy_i*(1 - y_i^2)"]),
    ("y_i = exp(x_i)", {}, ["dx_i = dy_i*y_i"]),
    ("y_i = sqrt(x_i)", {}, ["dx_i = dy_i/(2*y_i)"]),
    ("y_i = 1/x_i", {}, ["dx_i = -dy_i*y_i^2"]),
    ("y_ij = sum_k x_ik*w_kj", {}, ["dx_ik = sum_j dy_ij*w_kj", "dw_kj = sum_i dy_ij*x_ik"]),
]


@pytest.mark.parametrize(("formula", "keywords", "expected"), FORMS)
def test_gradient_is_printed_as_in_a_textbook(
    formula: str, keywords: dict[str, object], expected: list[str]
) -> None:
    layer = symgrad.Layer("Layer", formula, **keywords)
    assert [str(gradient) for gradient in symgrad.derive(layer).gradients.values()] == expected
