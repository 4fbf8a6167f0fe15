"""Keep the formulas that random search found to come out wrong, shortened by hand, newest last."""

COUNTEREXAMPLES: tuple[str, ...] = (
    # the derivation
    "y = alpha + max_j b_j",
    "y_i = exp(-(3*beta)^2) + a_i",
    "h_i = relu(alpha) + a_i\ny_i = floor(h_i) + x_ij b_j",
    "y_ij = floor(0.5 + z_ij) + x_ij - x_ij",
    "y = (mean_i s_ii*(logsumexp_{p<=i} alpha*a_p)) + sum_i a_i",
    "h_ik = delta(i, k)*beta\ny_i = a_i + h_ii",
    "y_ijn = mean_{o,l: o<=n} silu(c_o*x_il*(sum_{q>=o} w_jq))",
    "y_ij = (x_ij + where(i < 1, x_ij, mean_{k<=i} x_kj*s_ii))*s_ii",
    # the generated code
    "y_i = (sum_j b_j)*s_ii",
    "y_j = (min_{m<=j} b_m) - b_j",
    "y_ij = max_{p<=i} expm1(tanh(x_pj))*x_ij*z_ij",
    "y_ik = hardsigmoid(max_{p,n: p<=k} alpha*a_p*c_n) - s_ik",
    "y_jn = hardsigmoid(n + 1)*w_jn",
    "y_j = softsign(b_j + 2)",
    "y = sum_j hardswish(b_j)",
    "y_i = (sum_q softsign(c_q)) + a_i",
    "y_ij = clip(size(j), alpha, 2)*x_ij",
    "h_ijn = w_jn - logsumexp_q w_jq - s_ii + c_n\ny_i = size(i) - s_ii",
    "h_ij = (prod_{o,q: w_jo > 0.2} sign(c_o*w_jq))*z_ij + x_ij\ny_ij = 2*h_ij",
    "y_ik = (delta(i, k)*beta - sum_{p,n: p<=i} selu(alpha*s_pi*c_n) - s_ik)*s_kk",
    "h_jn = where(w_jn > 0.3 or n < 1, w_jn^2, prod_k s_kk)*w_jn",
    "y_ik = delta(i, k)*where(i < k, alpha, alpha) + a_i",
    "y_ik = delta(i, k)*where(i < k, a_i, alpha) + a_i*a_k",
    "y_ij = where(0.5 > 0.3 and j != 1, x_ij, b_j)",
    "y_ij = where(0.5 > 0.7 and j != 1, x_ij, b_j)",
    "y_i = sum_{j: 1 > 2} x_ij + a_i",
    # functions that are left open
    "opaque g; y_ij = g(x_ij)*g(b_j)",
    "opaque g; y_ij = g'(x_ij)*b_j",
    "opaque g; y_i = g''(x_ij) b_j",
    "opaque np; y_i = np(a_i)",
    "opaque forward; y_i = forward(a_i)",
    # names of gradients that the layer has taken
    "y_ij = dx_ij*x_ij*grad_x_ij",
    "grad_x_ij = x_ij^2\ndx_i = grad_x_ij x_ij\ny = dx_i dx_i",
    # jumps that rounding decides, which are no mistake
    "y_i = sign(log(exp(a_i)/sum_p exp(a_p))) + a_i",
    "y_n = floor(gelu_tanh(size(n))) + c_n",
    # the derivation of index arithmetic
    "y_i = max_{j<=i} x[i-j]*w_j",
    "h_i = x_i; h[size(x,0) + i] = z_i; y_i = sum_{u<3} h[i+u]*w_u",
    "h[i,j] = x_ij; h[i,size(x,1)+j] = z_ij; y_i = sum_j tanh(h_ij)",
    "h_ij = ((where(i > t[i], s[i,i]^2, s[size(s,0)-1,i//2])) + x_ij)*z_ij",
    # the generated code of index arithmetic
    "y = max_i x[i, size(x,1)-1-i]",
    "y = min_i x[i, 2*i+1]",
    "h_i = ((sum_{g<2} X[i+2*g,2*i]^2))*a_i; y = (c[o] c[o]) + max_j b_j",
    "y_i = logsumexp_{g<2} K[3*i+g//2]",
    "y_ij = (((logsumexp_{e<2} V[2*j+e//2]^2)) + x[i,j]) - b[j]",
    "h_i = (prod_{g<2} V[i+g//2])*a_i; y_i = h_i",
    "y_i = pad(x[i+1], x[size(x,0)-1]) - x_i",
    "z_a = sum_n delta(a, t_n)*exp(x_n) for a < 3; y_n = exp(x_n)/z[t_n]",
    "y_j = max_{u<2, v<3} V[j+u//2+v]",
    "y_j = min_{v<3, u<2} V[j+u//2+v]*a_j",
    # integer inputs as steps
    "y_ko = sum_{u,c} X[s*k+d*u, c]*W_uco",
    "y_km = sum_{u,v: u<2, v<2, v<=u} X[2*k+u, m+d*v]",
    # axes of length 0
    "y_k = sum_{i,j} delta(k, 2*i + 3*j)*a_i*b_j for k < 14",
    "y_i = sum_u pad(x[i - u])*w_u for i < size(x,0)",
    "y_bt = sum_k pad(x[b, t - k])*w_k + pad(x[b, t + 1]) for t < size(x,1)",
    # pads within pads, parts that are numbers or lie one above another, integers made of integers
    "y_i = pad(x[i-1], pad(z[i-2], a)) for i<5",
    "y_i = max_{u<3} pad(x[i+u-1], pad(z[i-2], a)) for i<5",
    "h[0] = 0; h[i+1] = x_i; y_i = h[i+1]*h_i for i < size(x,0)",
    "y[i,j] = x_ij; y[i,size(x,1)+j] = z_ij; y[size(x,0)+i,j] = w_ij",
    "k_n = 2*t_n + 1; y_nd = w[k_n, d]*x_n",
    "k_n = t_n + argmax_j x_nj; y_nd = w[k_n, d]*k_n",
)
