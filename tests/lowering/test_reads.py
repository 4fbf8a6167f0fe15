"""Reads are lowered to the slices, windows, gathers and pads that an expert would write."""

from __future__ import annotations

import pytest

from symgrad import Layer, generate

# formula, constants, the lines of forward but for those that take arguments
READS: list[tuple[str, dict[str, int], list[str]]] = [
    (
        "y_i = x[i+1] - x[i] for i < size(x,0)-1",
        {},
        ['_lengths(self, "axis 0 of x is too short", j=x.shape[0] - 1)', "return x[1:] - x[:-1]"],
    ),
    ("y_i = x[2*i]", {}, ["_lengths(self, i=(x.shape[0] - 1) // 2 + 1)", "return x[::2]"]),
    (
        "y_i = x[s*i + 1] for i < 3",
        {"s": 2},
        [
            '_check_read("x", 0, x.shape[0], 1, (self.s, 3))',
            "return x[1 : 3 * self.s + 1 : self.s]",
        ],
    ),
    ("y_ti = x[t,i,0]", {}, ['_check_read("x", 2, x.shape[2], 0)', "return x[:, :, 0]"]),
    ("y_ij = x[size(x,0)-1-i, j]", {}, ["return x[::-1]"]),
    (
        "y_i = x[3-i] for i<3",
        {},
        ['_check_read("x", 0, x.shape[0], 3, (-1, 3))', "return x[3:0:-1]"],
    ),
    (
        "y_i = x[size(x,0)-1-2*i]",
        {},
        ["_lengths(self, i=(x.shape[0] - 1) // 2 + 1)", "return x[::-2]"],
    ),
    (
        "y_j = x[j, size(x,0)-1-j]",
        {},
        [
            '_check_read("x", 1, x.shape[1], x.shape[0] - 1, (-1, x.shape[0]))',
            "return _strided(",
            "    x, start=(0, x.shape[0] - 1), steps=((1, -1),), shape=(x.shape[0],)",
            ")",
        ],
    ),
    (
        "y_i = x[i, i+1]",
        {},
        [
            '_check_read("x", 1, x.shape[1], 1, (1, x.shape[0]))',
            "return _strided(x, start=(0, 1), steps=((1, 1),), shape=(x.shape[0],))",
        ],
    ),
    (
        "y_ijk = x[i+j+k] for i<2, j<2",
        {},
        [
            '_lengths(self, "axis 0 of x is too short", k=x.shape[0] - 2)',
            "return _strided(",
            "    x, start=(0,), steps=((1,), (1,), (1,)), shape=(2, 2, x.shape[0] - 2)",
            ")",
        ],
    ),
    (
        "y_ncpu = x[n,c,s*p+d*u] for u<3",
        {"s": 2, "d": 1},
        [
            "_lengths(",
            "    self,",
            '    "axis 2 of x is too short",',
            "    p=(x.shape[2] - 2 * self.d - 1) // self.s + 1,",
            ")",
            "return _windows(x, 3, axis=2, step=self.s, dilation=self.d)",
        ],
    ),
    (
        "y_ncijuv = x[n,c,i+u,j+v] for u<3,v<2",
        {},
        [
            '_lengths(self, "x is too short", i=x.shape[2] - 2, j=x.shape[3] - 1)',
            "return _windows(x, (3, 2), axis=(2, 3))",
        ],
    ),
    (
        "y_pu = x[p+2-u] for u<3",
        {},
        [
            '_lengths(self, "axis 0 of x is too short", p=x.shape[0] - 2)',
            "return _windows(x, 3, axis=0)[:, ::-1]",
        ],
    ),
    (
        "y_pu = x[p+u] for p<q, u<3",
        {"q": 4},
        [
            "_lengths(self, p=self.q)",
            '_check_read("x", 0, x.shape[0], 0, (1, self.q), (1, 3))',
            "return _windows(x, 3, axis=0, count=self.q)",
        ],
    ),
    (
        "y_nj = w[t_n, j]",
        {},
        ['_check_range("t", t, w.shape[0], "axis 0 of w")', "return np.take(w, t, axis=0)"],
    ),
    (
        "y_i = p[i, t_i]",
        {},
        ['_check_range("t", t, p.shape[1], "axis 1 of p")', "return p[np.arange(p.shape[0]), t]"],
    ),
    (
        "y_nj = x[t_n, 0, j]",
        {},
        [
            '_check_range("t", t, x.shape[0], "axis 0 of x")',
            '_check_read("x", 1, x.shape[1], 0)',
            "return x[t, 0]",
        ],
    ),
    (
        "y_bic = p[b, t_i, c]",
        {},
        ['_check_range("t", t, p.shape[1], "axis 1 of p")', "return np.take(p, t, axis=1)"],
    ),
    (
        "y_bic = p[b, t_i, c, i]",
        {},
        [
            '_check_range("t", t, p.shape[1], "axis 1 of p")',
            "return p[:, t, :, np.arange(p.shape[3])].transpose(1, 0, 2)",
        ],
    ),
    (
        "y_nju = x[t_n, j, r_u]",
        {},
        [
            '_check_range("t", t, x.shape[0], "axis 0 of x")',
            '_check_range("r", r, x.shape[2], "axis 2 of x")',
            "return x[t[:, None], :, r].transpose(0, 2, 1)",
        ],
    ),
    (
        "y_nu = x[t_n + u] for u<2",
        {},
        [
            '_check_range("t_n + u", t[:, None] + np.arange(2), x.shape[0], "axis 0 of x")',
            "return np.take(x, t[:, None] + np.arange(2), axis=0)",
        ],
    ),
    (
        "y_i = x[i%3] for i<7",
        {},
        [
            '_check_range("i%3", np.arange(7) % 3, x.shape[0], "axis 0 of x")',
            "return np.take(x, np.arange(7) % 3, axis=0)",
        ],
    ),
    (
        "y_nij = x[n, i//2, j//2] for i < 2*size(x,1), j < 2*size(x,2)",
        {},
        [
            "_lengths(self, i=2 * x.shape[1], j=2 * x.shape[2])",
            "return np.repeat(np.repeat(x, 2, axis=1), 2, axis=2)",
        ],
    ),
    (
        "y_ij = x[(i+k)%size(x,0), j] for i < size(x,0)",
        {"k": 1},
        ["return np.roll(x, -self.k, axis=0)"],
    ),
    (
        "y_nchw = x[n, 4*c + 2*(h%2) + w%2, h//2, w//2] for h < 2*size(x,2), w < 2*size(x,3)",
        {},
        [
            "_lengths(self, c=x.shape[1] // 4, h=2 * x.shape[2], w=2 * x.shape[3])",
            "length = 4 * (x.shape[1] // 4)",
            "length2 = x.shape[1] // 4",
            "y_term3 = x[:, :length]",
            "y_term2 = y_term3.reshape(x.shape[0], length2, 2, 2, x.shape[2], x.shape[3])",
            "y_term = y_term2.transpose(0, 1, 4, 2, 5, 3)",
            "return y_term.reshape(",
            "    x.shape[0], x.shape[1] // 4, 2 * x.shape[2], 2 * x.shape[3]",
            ")",
        ],
    ),
    ("y_i = pad(x[i-1]) for i < size(x,0)", {}, ["return _pad(x, {0: (1, 0)})[:-1]"]),
    (
        "y_i = pad(x[i-1]) + pad(x[i+1]) for i < size(x,0)",
        {},
        ["x_pad = _pad(x, {0: (1, 1)})", "return x_pad[:-2] + x_pad[2:]"],
    ),
    ("y_i = pad(x[i+1], v) for i < size(x,0)", {}, ["return _pad(x, {0: (0, 1)}, value=v)[1:]"]),
    (
        "y_nu = pad(x[n, t_n-u], -inf) for u<2",
        {},
        [
            "t_difference_within = _within(t[:, None] - np.arange(2), length=x.shape[1])",
            "x_pad = _pad(x, {1: (0, 1)}, value=-np.inf)",
            "return x_pad[np.arange(x.shape[0])[:, None], t_difference_within]",
        ],
    ),
    (
        "y_nj = pad(x[t_n-1, j], b_j)",
        {},
        [
            "t_shifted = t - 1",
            "mask = ((t_shifted >= 0) & (t_shifted < x.shape[0]))[:, None]",
            "t_shifted_within = _within(t_shifted, length=x.shape[0])",
            "x_pad_take = np.take(_pad(x, {0: (0, 1)}), t_shifted_within, axis=0)",
            "return np.where(mask, x_pad_take, b)",
        ],
    ),
    (
        "y_np = max_{u<3} pad(x[n,2*p+u-1], -inf) for p < (size(x,1)-1)//2+1",
        {},
        [
            "_lengths(self, p=(x.shape[1] - 1) // 2 + 1)",
            "return _max_of_windows(_pad(x, {1: (1, 1)}, value=-np.inf), 3, axis=1, step=2)",
        ],
    ),
    (
        "y_i = sum_{k<=i} w_k*x[i-k]",
        {},
        [
            "mask = np.tri(x.shape[0], w.shape[0], dtype=bool).T",
            "x_pad = _pad(x, {0: (w.shape[0] - 1, 0)})",
            "x_pad_windows = _windows(x_pad, w.shape[0], axis=0, count=x.shape[0])",
            "y_term = w * x_pad_windows[:, ::-1]",
            'return np.einsum("ik,ki->i", y_term, mask.astype(self.dtype))',
        ],
    ),
    (
        "y_ij = where(i <= j+1, x_ij, 0)",
        {},
        ["return np.where(np.tri(x.shape[1], x.shape[0], k=1, dtype=bool).T, x, 0)"],
    ),
    (
        "y_ij = where((i+j)%2 == 0, x_ij, 0)",
        {},
        [
            "places_total = np.arange(x.shape[0])[:, None] + np.arange(x.shape[1])",
            "return np.where(places_total % 2 == 0, x, 0)",
        ],
    ),
    (
        "y_i = x[2*i+1] for i < n",
        {"n": 3},
        [
            "_lengths(self, i=self.n)",
            '_check_read("x", 0, x.shape[0], 1, (2, self.n))',
            "return x[1 : 2 * self.n + 1 : 2]",
        ],
    ),
]


def forward_lines(formula: str, constants: dict[str, int]) -> list[str]:
    """Return the lines of forward, without its docstring and the lines that take arguments."""
    source = generate(Layer("Read", formula, constants=constants, wrt=[]))
    text = source[source.index("    def forward") : source.index("    def backward")]
    lines = [line.removeprefix(" " * 8) for line in text.rstrip().splitlines()[2:]]
    return [line for line in lines if "_inputs(" not in line and "_integers(" not in line]


@pytest.mark.parametrize(("formula", "constants", "lines"), READS)
def test_a_read_is_written_as_by_hand(
    formula: str, constants: dict[str, int], lines: list[str]
) -> None:
    assert forward_lines(formula, constants) == lines


def test_an_index_in_two_axes_is_never_read_axis_by_axis() -> None:
    assert "x[:, ::-1]" not in "".join(forward_lines("y_j = x[j, size(x,0)-1-j]", {}))


def test_forward_and_backward_share_one_padded_array() -> None:
    source = generate("y_i = sum_{u<3} w_u*pad(x[i+u-1])^2 for i < size(x,0)")
    assert source.count(" = _pad(x, {0: (1, 1)})") == 1


def test_lengths_of_derived_axes_have_letters_of_their_own() -> None:
    source = generate("y_nop = sum_{c,u} x[n,c,2*p+u]*w_ocu")
    assert "Shapes: x (N, C, I), w (O, C, U), y (N, O, P)." in source
    assert 'dy = _gradients(self, dy=(dy, "nop"))' in source


def test_equal_derived_lengths_share_a_letter_and_different_ones_do_not() -> None:
    formula = "y_i = x[i+1] for i < size(x,0)-1; z_i = x[i+2] for i < size(x,0)-2; w_i = x_i*y[0]"
    assert "Shapes: x (I,), y (J,), z (K,), w (I,)." in generate(
        Layer("Lengths", formula, outputs=["y", "z", "w"])
    )
