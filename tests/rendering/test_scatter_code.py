"""Scatters read as an expert writes them: slices, index arrays, one array for all terms."""

from __future__ import annotations

import textwrap

import pytest

from symgrad import generate
from symgrad.language.layer import Layer

# formula, constants, the lines of backward behind those that take the arguments
BACKWARD = [
    (
        "y[n,o,i] = sum_{c,u} x[n,c,2*i+u]*w[o,c,u]",
        {},
        """
        dx = np.zeros((dy.shape[0], self.x.shape[1], self.x.shape[2]), dtype=self.dtype)
        _add_window_products(dx, "noi,ocu->nciu", dy, self.w, axis=2, step=2)
        """,
    ),
    (
        "y[n,c,i] = sum_{u<k} x[n,c,2*i+u]*a_niu",
        {"k": 3},
        """
        dx = np.zeros((dy.shape[0], dy.shape[1], self.x.shape[2]), dtype=self.dtype)
        # a few at a time, so that they stay in the cache
        for block in _blocks(dx):
            dx_block = dx[block]
            a_block = self.a[block]
            dy_block = dy[block]
            # each u adds to a slice of dx_block
            for u in range(self.k):
                dx_part = dx_block[:, :, u : u + 2 * dy_block.shape[2] : 2]
                dx_tap = a_block[:, :, u][:, None] * dy_block
                if u < 2:  # the first at its places
                    dx_part[...] = dx_tap
                else:
                    dx_part += dx_tap
        """,
    ),
    (
        "y_ni = sum_u pad(x[n,i+d*u-p])*w_u for i < size(x,1) + 2*p - d*(size(w,0)-1)",
        {"d": 2, "p": 1},
        """
        # what falls into the margins is cut off in the end
        dx = np.zeros((dy.shape[0], self.extents["j"] + 2 * self.p), dtype=self.dtype)
        _add_window_products(dx, "ni,u->niu", dy, self.w, axis=1, dilation=self.d)
        dx = _pad(dx, {1: (-self.p, -self.p)})
        """,
    ),
    (
        "y_i = sum_{u<3} pad(x[i+u-1])*w_u for i < size(x,0)",
        {},
        """
        # what falls into the margins is cut off in the end
        dx = np.zeros(dy.shape[0] + 2, dtype=self.dtype)
        _add_window_products(dx, "i,u->iu", dy, self.w[:3], axis=0)
        dx = dx[1:-1]
        """,
    ),
    (
        "y_nj = max_{v: v<2} x[n,2*j+v]",
        {},
        """
        # each v fills a slice of dx
        for v in range(2):
            dx[:, v : v + 2 * dy.shape[1] : 2] = dy * (self.y_place == v)
        return dx
        """,
    ),
    ("y_nj = w[t_n,j]", {}, 'return _add_at(dy, self.t, shape=(self.extents["m"],), inside=True)'),
    (
        "y_e = x[a_e,b_e]",
        {},
        """
        return _add_at(
            dy,
            self.a,
            self.b,
            shape=(self.extents["n"], self.extents["m"]),
            inside=True,
        )
        """,
    ),
    (
        "loss = -mean_i p[i,t_i]",
        {},
        """
        dp = np.zeros((self.t.shape[0], self.extents["n"]), dtype=self.dtype)
        dp[np.arange(self.t.shape[0]), self.t] = -dloss / self.t.shape[0]
        return dp
        """,
    ),
    (
        "p_ij = exp(x_ij)/sum_k exp(x_ik); loss = -mean_i log(p[i, t_i])",
        {},
        """
        dloss_scaled = dloss / self.t.shape[0]
        dx = dloss_scaled * self.p
        dx[np.arange(self.t.shape[0]), self.t] -= dloss_scaled
        return dx
        """,
    ),
    (
        "y_tj = x[t,1,j]*x[t,0,j]",
        {},
        """
        dx[:, 1] = dy * self.x[:, 0]
        dx[:, 0] = dy * self.x[:, 1]
        return dx
        """,
    ),
    (
        "y_i = x[i+2] - 2*x[i+1] + x_i for i < size(x,0)-2",
        {},
        """
        dx = np.zeros(self.extents["i"], dtype=self.dtype)
        dx[2 : dy.shape[0] + 2] = dy
        dx[1 : dy.shape[0] + 1] -= 2 * dy
        dx[: dy.shape[0]] += dy
        return dx
        """,
    ),
]

FORWARD = [
    ("y[i,j] = x_ij; y[i,size(x,1)+j] = z_ij", "return np.concatenate((x, z), axis=1)"),
    ("y[i,0] = a_i; y[i,1] = b_i", "return np.stack((a, b), axis=1)"),
    ("y[0] = a; y[1+i] = x_i", "return np.concatenate((a[None], x), axis=0)"),
    (
        "y[2*i] = x_i; y[2*i+1] = x_i^2",
        """
        y = np.zeros(2 * x.shape[0], dtype=self.dtype)
        y[: 2 * x.shape[0] : 2] = x
        y[1 : 2 * x.shape[0] + 1 : 2] = x**2
        """,
    ),
    (
        "y[2*i] = a_i; y[2*i+1] = b_i",
        """
        _check_cover(
            "y",
            (a.shape[0] + b.shape[0],),
            (2 * np.arange(a.shape[0]),),
            (2 * np.arange(b.shape[0]) + 1,),
        )
        """,
    ),
    (
        "y_vj = sum_e delta(v, dst_e)*x[src_e, j] for v < size(x,0)",
        "y = _add_at(np.take(x, src, axis=0), dst, shape=(x.shape[0],), inside=True)",
    ),
    (
        "y[n,o,p] = sum_{c,i,u} x[n,c,i]*w[c,o,u]*delta(p, 2*i+u) "
        "for p < 2*(size(x,2)-1)+size(w,2)",
        """
        y = np.zeros((x.shape[0], w.shape[1], self.extents["p"]), dtype=self.dtype)
        _add_window_products(y, "nci,cou->noiu", x, w, axis=2, step=2)
        """,
    ),
]


def expected(text: str) -> str:
    """Return the lines as they stand in a method."""
    return textwrap.indent(textwrap.dedent(text).strip(), " " * 8)


@pytest.mark.parametrize(("formula", "constants", "lines"), BACKWARD)
def test_backward_fills_its_array_as_by_hand(
    formula: str, constants: dict[str, int], lines: str
) -> None:
    source = generate(Layer("Tested", formula, constants=constants))
    assert expected(lines) in source[source.index("def backward") :]


@pytest.mark.parametrize(("formula", "lines"), FORWARD)
def test_forward_joins_parts_as_by_hand(formula: str, lines: str) -> None:
    source = generate(Layer("Tested", formula))
    assert expected(lines) in source


def test_a_loop_variable_takes_no_name_of_the_formula() -> None:
    source = generate("y_ni = sum_u x[n,i+u]*u_niu")
    assert "for u2 in range(self.u.shape[2]):" in source


def test_what_a_loop_does_not_change_is_computed_in_front_of_it() -> None:
    source = generate("y_i = sum_{u<3} tanh(x[i+u])*exp(s_i)*w_u")
    loop = source[source.index("for u in") :]
    assert "np.exp" not in loop
    assert "np.tanh" in loop or "x_tanh" in loop
