"""Verify layers as papers write them: several statements, integer tensors, windows together."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import symgrad

LAYERS = {
    "patches in an image": """
        y[n,i,j,d] = sum_{c,u,v} x[n,c,size(u)*i+u,size(v)*j+v]*w[c,u,v,d] + b_d
    """,
    "squeeze and excite": """
        s_nc = mean_{i,j} x_ncij
        h_nd = relu(sum_c s_nc*u_cd)
        g_nc = sigmoid(sum_d h_nd*v_dc)
        y_ncij = x_ncij*g_nc
    """,
    "graph attention": """
        h_vd = sum_c x_vc*w_cd
        s_e = leaky_relu(sum_d (h[src_e,d]*a_d + h[dst_e,d]*b_d), 0.2)
        m_v = max_{e: dst_e == v} s_e for v < size(x,0)
        z_v = sum_{e: dst_e == v} exp(s_e - m_v) for v < size(x,0)
        p_e = exp(s_e - m[dst_e])/z[dst_e]
        y_vd = sum_e delta(v, dst_e)*p_e*h[src_e,d] for v < size(x,0)
    """,
    "attention to neighbours": """
        s_ij = where(abs(i - j) <= r, sum_d q_id*k_jd, -inf)
        a_ij = exp(s_ij)/sum_l exp(s_il)
        y_ie = sum_j a_ij*v_je
    """,
    "relative positions in attention": """
        s_ij = sum_d q_id*(k_jd + r[j - i + size(q,0) - 1, d])
        a_ij = exp(s_ij)/sum_l exp(s_il)
        y_ie = sum_j a_ij*v_je
    """,
    "group normalisation of channels in one axis": """
        mu_ng = mean_{u,i: u<k} x[n, k*g+u, i] for g < size(x,1)//k
        v_ng = mean_{u,i: u<k} (x[n, k*g+u, i] - mu_ng)^2 for g < size(x,1)//k
        y_nci = gamma_c*(x_nci - mu[n, c//k])/sqrt(v[n, c//k] + eps) + beta_c
    """,
    "channel shuffle": """
        y_nci = x[n, (c % g)*(size(x,1)//g) + c//g, i] for c < size(x,1)//g*g
    """,
    "space to depth": """
        y_ncij = x[n, c//(r*r), r*i + c//r % r, r*j + c % r] for (
            c < r*r*size(x,1)), i < size(x,2)//r, j < size(x,3)//r
    """,
    "Haar wavelet": """
        y[n,i,0] = (x[n,2*i] + x[n,2*i+1])/sqrt(2)
        y[n,i,1] = (x[n,2*i] - x[n,2*i+1])/sqrt(2)
    """,
    "Sobel filter": """
        y_ij = sum_{u<3} (u % 2 + 1)*(pad(x[i+u-1,j+1]) - pad(x[i+u-1,j-1])) for (
            i < size(x,0)), j < size(x,1)
    """,
    "autocorrelation": """
        y_k = sum_i x_i*pad(x[i+k]) for k < 3
    """,
    "discrete Fourier transform": """
        re_k = sum_n x_n*cos(2*pi*k*n/size(n)) for k < size(x,0)
        im_k = -sum_n x_n*sin(2*pi*k*n/size(n)) for k < size(x,0)
    """,
    "circular convolution of images": """
        y_nij = sum_{u,v} x[n, (i+u) % size(x,1), (j+v) % size(x,2)]*w_uv for (
            i < size(x,1)), j < size(x,2)
    """,
    "ordinal cross entropy": """
        loss = -mean_i sum_{k: k < t_i} logsigmoid(x_ik)
    """,
    "ArcFace": """
        c_ij = (sum_d x_id*w_jd)/sqrt((sum_d x_id^2)*(sum_d w_jd^2))
        s_ij = scale*where(j == t_i, cos(acos(0.9*c_ij) + m), c_ij)
        loss = mean_i (logsumexp_j s_ij - s[i,t_i])
    """,
    "center loss": """
        loss = mean_i sum_d (x_id - c[t_i,d])^2
    """,
    "continuous bag of words": """
        h_nd = mean_u w[context_nu, d]
        s_nv = sum_d h_nd*v_vd
        loss = mean_n (logsumexp_v s_nv - s[n, t_n])
    """,
    "factorization machine on ids": """
        s_nd = sum_f v[ids_nf, d]
        q_nd = sum_f v[ids_nf, d]^2
        y_n = b + sum_f w[ids_nf] + sum_d (s_nd^2 - q_nd)/2
    """,
    "attention over sequences of different lengths": """
        s_nij = where(j < len_n, sum_d q_nid*k_njd, -inf)
        a_nij = exp(s_nij)/sum_l exp(s_nil)
        y_nie = sum_j a_nij*v_nje
    """,
    "focal loss with class weights": """
        p_ij = exp(x_ij)/sum_k exp(x_ik)
        loss = -mean_i alpha[t_i]*(1 - p[i,t_i])^gamma*log(p[i,t_i])
    """,
    "exponential moving average": """
        y_t = sum_{k<=t} (1 - a)^(t - k)*x_k
    """,
    "TransE": """
        d_n = sqrt(sum_k (e[h_n,k] + r[l_n,k] - e[t_n,k])^2 + eps)
        loss = mean_n relu(d_n - 1)
    """,
    "graph convolution with degrees": """
        deg_v = 1 + sum_e delta(v, dst_e) for v < size(x,0)
        m_vj = x_vj/deg_v + sum_e delta(v, dst_e)*x[src_e,j]/sqrt(deg[src_e]*deg_v)
        y_vk = relu(sum_j m_vj*w_jk)
    """,
    "mean over neighbours": """
        m_vj = mean_{e: dst_e == v} x[src_e,j] for v < size(x,0)
        y_vk = sum_j x_vj*u_jk + sum_j m_vj*w_jk
    """,
    "mean over the nodes of each graph": """
        y_gj = (sum_v delta(g, b_v)*x_vj)/max(sum_v delta(g, b_v), 1) for g < 3
    """,
    "convolution, batch normalisation, rectifier and pooling": """
        h_noij = sum_{c,u,v} x[n,c,i+u,j+v]*w_ocuv
        mu_o = mean_{n,i,j} h_noij
        s_o = mean_{n,i,j} (h_noij - mu_o)^2
        z_noij = relu(g_o*(h_noij - mu_o)/sqrt(s_o + 1e-5) + b_o)
        y_noij = max_{u,v: u<2, v<2} z[n,o,2*i+u,2*j+v]
    """,
    "separable convolution": """
        h_ncij = sum_{u,v} x[n,c,i+u,j+v]*d_cuv
        y_noij = sum_c h_ncij*w_oc
    """,
    "dilated causal convolutions with a residual": """
        h_nt = relu(sum_u pad(x[n,t-u])*w_u) for t < size(x,1)
        y_nt = x_nt + sum_u pad(h[n,t-2*u])*v_u
    """,
    "softmax pooling": """
        y_ij = (sum_{u<2} exp(x[i,2*j+u])*x[i,2*j+u])/(sum_{u<2} exp(x[i,2*j+u]))
    """,
    "concatenated rectifier": """
        y_ij = relu(x_ij)
        y[i, size(x,1)+j] = relu(-x_ij)
    """,
    "gated convolution": """
        h_noi = sum_{c,u} x[n,c,i+u]*w_ocu
        y_noi = h_noi*sigmoid(h[n, o + size(w,0)//2, i]) for o < size(w,0)//2
    """,
    "token shift": """
        y_td = mu_d*x_td + (1 - mu_d)*pad(x[t-1,d])
    """,
    "linear interpolation": """
        y_i = (1 - i % r/r)*x[i//r] + (i % r/r)*x[i//r + 1] for i < r*(size(x,0) - 1)
    """,
    "mosaic of four images": """
        y[2*i,2*j] = a_ij
        y[2*i,2*j+1] = b_ij
        y[2*i+1,2*j] = c_ij
        y[2*i+1,2*j+1] = d_ij
    """,
    "triplets of the hardest samples": """
        d_ij = sum_k (x_ik - x_jk)^2
        p_i = max_{j: t_j == t_i} d_ij
        q_i = min_{j: t_j != t_i} d_ij
        loss = mean_i relu(p_i - q_i + 1)
    """,
    "supervised contrastive loss": """
        s_ij = sum_d x_id*x_jd
        l_i = logsumexp_{j != i} s_ij
        loss = mean_i (l_i - (sum_{j: t_j == t_i} s_ij)/size(i))
    """,
    "Tucker decomposition": """
        y_n = sum_{a,b,c} g_abc*u[i_n,a]*v[j_n,b]*w[k_n,c]
    """,
    "product of polynomials": """
        y_i = sum_{j,k: j + k == i} a_j*b_k for i < size(a,0) + size(b,0) - 1
    """,
    "decayed sum with gates": """
        y_t = sum_{s<=t} x_s*prod_{r: s < r and r <= t} g_r
    """,
    "scores of a linear-chain CRF": """
        s_n = sum_t u[n,t,y_nt] + sum_{t: t+1 < size(y,1)} a[y_nt, y[n,t+1]]
    """,
    "transitions from labels that follow an unmasked one": """
        s_n = sum_{t: t >= 1 and m[n,t-1] > 0} a[2*y_nt - y[n,t-1]]
    """,
    "variance in a window": """
        m_i = mean_{u<3} x[i+u]
        y_i = mean_{u<3} (x[i+u] - m_i)^2
    """,
}
CONSTANTS: Mapping[str, Mapping[str, float]] = {
    "attention to neighbours": {"r": 1},
    "group normalisation of channels in one axis": {"k": 2, "eps": 1e-05},
    "channel shuffle": {"g": 2},
    "space to depth": {"r": 2},
    "ArcFace": {"scale": 4, "m": 0.3},
    "focal loss with class weights": {"gamma": 2},
    "exponential moving average": {"a": 0.3},
    "TransE": {"eps": 0.01},
    "linear interpolation": {"r": 3},
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_a_paper_is_derived_and_generated_right(name: str) -> None:
    layer = symgrad.Layer("Paper", LAYERS[name], constants=CONSTANTS.get(name, {}))
    report = symgrad.check(layer)
    assert report.ok, str(report)
