"""The gradients that a textbook prints, reached from one line or from several statements."""

import pytest

import symgrad
from tests.derivation.printing import forward_lines, gradient_lines, layer

SOFTMAX = ["dx_ij = y_ij*(dy_ij - sum_k dy_ik*y_ik)"]
SIGMOID = ["dx_i = dy_i*y_i*(1 - y_i)"]
EPS = {"constants": {"eps": 1e-5}}

FORMS = [
    # softmax
    ("y_ij = exp(x_ij)/sum_k exp(x_ik)", {}, SOFTMAX),
    ("e_ij = exp(x_ij)\ns_i = sum_j e_ij\ny_ij = e_ij/s_i", {}, SOFTMAX),
    ("m_i = max_j x_ij\ne_ij = exp(x_ij - m_i)\ny_ij = e_ij/sum_k e_ik", {}, SOFTMAX),
    ("y_ij = exp(x_ij - max_k x_ik)/sum_l exp(x_il - max_k x_ik)", {}, SOFTMAX),
    ("y_ij = exp(x_ij - max_k x_ik)/sum_k exp(x_ik - max_l x_il)", {}, SOFTMAX),
    ("s_ij = where(j <= i, x_ij, -inf)\ny_ij = exp(s_ij)/sum_k exp(s_ik)", {}, SOFTMAX),
    (
        "y_ij = x_ij - log(sum_k exp(x_ik))",
        {},
        ["dx_ij = dy_ij - x_softmax_ij*sum_k dy_ik"],
    ),
    (
        "y_i = logsumexp_k x_ik",
        {},
        ["dx_ik = dy_i*x_softmax_ik"],
    ),
    # elementwise
    ("y_i = sigmoid(x_i)", {}, SIGMOID),
    ("y_i = 1/(1 + exp(-x_i))", {}, SIGMOID),
    ("y_i = exp(x_i)/(1 + exp(x_i))", {}, SIGMOID),
    ("y_i = tanh(x_i)", {}, ["dx_i = dy_i*(1 - y_i^2)"]),
    ("y_i = exp(x_i)", {}, ["dx_i = dy_i*y_i"]),
    ("y_i = exp(-x_i)", {}, ["dx_i = -dy_i*y_i"]),
    ("y_i = sqrt(x_i)", {}, ["dx_i = dy_i/(2*y_i)"]),
    ("y_i = 1/x_i", {}, ["dx_i = -dy_i*y_i^2"]),
    ("y_i = log(x_i)", {}, ["dx_i = dy_i/x_i"]),
    ("y_i = log(1 + exp(x_i))", {}, ["dx_i = dy_i*sigmoid(x_i)"]),
    ("y_i = x_i^3", {}, ["dx_i = 3*dy_i*x_i^2"]),
    ("y_i = relu(x_i)", {}, ["dx_i = where(y_i > 0, dy_i, 0)"]),
    (
        "y_i = x_i^2/(1 + x_i^2)",
        {},
        ["dx_i = 2*dy_i*x_i*(1 - y_i)/x_total_i"],
    ),
    ("y_i = clip(x_i, 0, 1)", {}, ["dx_i = where(x_i >= 0 and x_i <= 1, dy_i, 0)"]),
    # products and sums
    ("y_ij = sum_k x_ik*w_kj", {}, ["dx_ik = sum_j dy_ij*w_kj", "dw_kj = sum_i dy_ij*x_ik"]),
    ("y_i = sum_{j<=i} x_j", {}, ["dx_j = sum_{i>=j} dy_i"]),
    ("y = sqrt(sum_i x_i^2)", {}, ["dx_i = dy*x_i/y"]),
    ("y_ij = x_ij - mean_k x_ik", {}, ["dx_ij = dy_ij - mean_k dy_ik"]),
    (
        "y_i = x_i/sum_j x_j",
        {},
        ["dx_i = (dy_i - sum_j dy_j*y_j)/xsum"],
    ),
    (
        "y_ij = x_ij/sqrt(sum_k x_ik^2)",
        {},
        [
            "dx_ij = x_rsqrt_i*(dy_ij - y_ij*sum_k dy_ik*y_ik)",
        ],
    ),
    (
        "y_i = max_j x_ij",
        {},
        ["dx_ij = dy_i*delta(j, x_argmax_i)"],
    ),
    (
        "y_i = prod_j x_ij",
        {},
        ["dx_ij = dy_i*prod_{k != j} x_ik"],
    ),
    # normalisation
    (
        "y_ij = gamma_j*(x_ij - mean_k x_ik)/sqrt(mean_k (x_ik - mean_l x_il)^2 + eps) + beta_j",
        EPS,
        [
            "dgamma_j = sum_i dy_ij*x_hat_ij",
            "dx_ij = x_rsqrt_i*(dy_ij*gamma_j - mean_k dy_ik*gamma_k"
            " - x_hat_ij*mean_k dy_ik*gamma_k*x_hat_ik)",
            "dbeta_j = sum_i dy_ij",
        ],
    ),
    (
        "mu_i = mean_j x_ij\nvar_i = mean_j (x_ij - mu_i)^2\n"
        "y_ij = gamma_j*(x_ij - mu_i)/sqrt(var_i + eps) + beta_j",
        EPS,
        [
            "dx_ij = var_rsqrt_i*(dy_ij*gamma_j - mean_k dy_ik*gamma_k"
            " - x_hat_ij*mean_k dy_ik*gamma_k*x_hat_ik)",
            "dgamma_j = sum_i dy_ij*x_hat_ij",
            "dbeta_j = sum_i dy_ij",
        ],
    ),
    (
        "mu_i = mean_j x_ij\nr_i = 1/sqrt(mean_j (x_ij - mu_i)^2 + eps)\n"
        "xhat_ij = (x_ij - mu_i)*r_i\ny_ij = g_j*xhat_ij + b_j",
        EPS,
        [
            "dx_ij = r_i*(dy_ij*g_j - mean_k dy_ik*g_k - xhat_ij*mean_k dy_ik*g_k*xhat_ik)",
            "dg_j = sum_i dy_ij*xhat_ij",
            "db_j = sum_i dy_ij",
        ],
    ),
    (
        "y_ij = gamma_j*(x_ij - mean_k x_kj)/sqrt(mean_k (x_kj - mean_l x_lj)^2 + eps) + beta_j",
        EPS,
        [
            "dgamma_j = sum_i dy_ij*x_hat_ij",
            "dx_ij = gamma_j*x_rsqrt_j*(dy_ij - mean_k dy_kj - x_hat_ij*mean_k dy_kj*x_hat_kj)",
            "dbeta_j = sum_i dy_ij",
        ],
    ),
    (
        "m_j = mean_{i,k,l} x_ijkl\nv_j = mean_{i,k,l} (x_ijkl - m_j)^2\n"
        "y_ijkl = g_j*(x_ijkl - m_j)/sqrt(v_j + eps) + b_j",
        EPS,
        [
            "dx_ijkl = g_j*v_rsqrt_j*(dy_ijkl - mean_{m,n,o} dy_mjno"
            " - x_hat_ijkl*mean_{m,n,o} dy_mjno*x_hat_mjno)",
            "dg_j = sum_{i,k,l} dy_ijkl*x_hat_ijkl",
            "db_j = sum_{i,k,l} dy_ijkl",
        ],
    ),
    (
        "y_ij = g_j*x_ij/sqrt(mean_k x_ik^2 + eps)",
        EPS,
        [
            "dg_j = sum_i dy_ij*x_ij*x_rsqrt_i",
            "dx_ij = x_rsqrt_i*(dy_ij*g_j - x_ij*x_rsqrt_i*mean_k dy_ik*y_ik)",
        ],
    ),
    # attention
    (
        "s_ij = sum_c q_ic*k_jc/sqrt(size(c))\na_ij = exp(s_ij)/sum_l exp(s_il)\n"
        "o_id = sum_j a_ij*v_jd",
        {},
        [
            "ds_ij = a_ij*(sum_d do_id*v_jd - sum_d do_id*o_id)",
            "dq_ic = (sum_j ds_ij*k_jc)/sqrt(size(c))",
            "dk_jc = (sum_i ds_ij*q_ic)/sqrt(size(c))",
            "dv_jd = sum_i do_id*a_ij",
        ],
    ),
    (
        "o_id = sum_j (exp(sum_c q_ic*k_jc/sqrt(size(c)))"
        "/sum_l exp(sum_c q_ic*k_lc/sqrt(size(c))))*v_jd",
        {},
        [
            "dqk_ij = q_softmax_ij*(sum_d do_id*v_jd - sum_d do_id*o_id)",
            "dq_ic = (sum_l dqk_il*k_lc)/sqrt(size(c))",
            "dk_jc = (sum_i dqk_ij*q_ic)/sqrt(size(c))",
            "dv_jd = sum_i do_id*q_softmax_ij",
        ],
    ),
    # losses
    (
        "loss = mean_{i,j} (x_ij - t_ij)^2",
        {},
        [
            "dx_ij = 2*dloss*x_diff_ij/(size(i)*size(j))",
            "dt_ij = -dx_ij",
        ],
    ),
    (
        "p_ij = exp(x_ij)/sum_k exp(x_ik)\nloss = -mean_i sum_j t_ij*log(p_ij)",
        {"wrt": ["x"]},
        ["dx_ij = dloss*(p_ij*sum_k t_ik - t_ij)/size(i)"],
    ),
    (
        "loss = -mean_i sum_j t_ij*log(exp(x_ij)/sum_k exp(x_ik))",
        {"wrt": ["x"]},
        [
            "dx_ij = dloss*(x_softmax_ij*sum_k t_ik - t_ij)/size(i)",
        ],
    ),
    (
        "h = -sum_i p_i*log(p_i)",
        {},
        ["dp_i = -dh*(p_log_i + 1)"],
    ),
    # distances and similarity
    (
        "d_ij = sqrt(sum_k (x_ik - z_jk)^2)",
        {},
        [
            "dx_ik = sum_j dd_ij*(x_ik - z_jk)/d_ij",
            "dz_jk = -sum_i dd_ij*(x_ik - z_jk)/d_ij",
        ],
    ),
    (
        "a_ik = x_ik/sqrt(sum_l x_il^2)\nb_jk = z_jk/sqrt(sum_l z_jl^2)\ny_ij = sum_k a_ik*b_jk",
        {},
        [
            "dx_ik = x_rsqrt_i*(sum_j dy_ij*b_jk - a_ik*sum_j dy_ij*y_ij)",
            "dz_jk = z_rsqrt_j*(sum_i dy_ij*a_ik - b_jk*sum_i dy_ij*y_ij)",
        ],
    ),
    (
        "y_i = (sum_k x_ik*z_ik)/(sqrt(sum_k x_ik^2)*sqrt(sum_k z_ik^2))",
        {},
        [
            "dxz_i = dy_i*x_rsqrt_i*z_rsqrt_i",
            "dx_ik = dxz_i*z_ik - dy_i*x_ik*y_i*x_rsqrt_i^2",
            "dz_ik = dxz_i*x_ik - dy_i*z_ik*y_i*z_rsqrt_i^2",
        ],
    ),
]


@pytest.mark.parametrize(("formula", "keywords", "expected"), FORMS)
def test_gradient_is_printed_as_in_a_textbook(
    formula: str, keywords: dict[str, object], expected: list[str]
) -> None:
    assert gradient_lines(formula, **keywords) == expected


VALUES = [
    (
        "y_ij = x_ij - log(sum_k exp(x_ik))",
        [
            "x_max_i = max_k x_ik",
            "x_exp_ij = exp(x_ij - x_max_i)",
            "x_exp_sum_i = sum_k x_exp_ik",
            "x_softmax_ij = x_exp_ij/x_exp_sum_i",
        ],
    ),
    (
        "y_ij = g_j*(x_ij - mean_k x_ik)/sqrt(mean_k (x_ik - mean_l x_il)^2) + b_j",
        [
            "x_centered_ij = x_ij - mean_k x_ik",
            "x_rsqrt_i = 1/sqrt(mean_k x_centered_ik^2)",
            "x_hat_ij = x_centered_ij*x_rsqrt_i",
        ],
    ),
    ("y_i = max_j x_ij", ["x_argmax_i = argmax_j x_ij"]),
    ("y_i = prod_j x_ij", []),
    ("y_ij = exp(x_ij)/sum_k exp(x_ik)", []),
]


@pytest.mark.parametrize(("formula", "expected"), VALUES)
def test_values_that_the_gradients_read_are_printed_with_them(
    formula: str, expected: list[str]
) -> None:
    assert symgrad.derive(layer(formula)).value_lines() == expected


def test_a_soft_label_loss_is_computed_by_the_log_of_the_softmax() -> None:
    assert forward_lines("loss = -mean_i sum_j t_ij*log(exp(x_ij)/sum_k exp(x_ik))")[-2:] == [
        "loss = -(sum_{i,j} t_ij*x_log_softmax_ij)/size(t, 0)",
        "x_softmax_ij = x_exp_ij/x_exp_sum_i",
    ]
