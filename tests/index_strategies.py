"""Draw index arithmetic, gathers, windows, scatters and concatenations, as text.

The tensors V, X and G are read through arithmetic alone, so that their axes grow until every read
stays inside; those of `strategies` are read at places that are inside whatever the sizes are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Pick = Callable[[Sequence[Any]], Any]

# each axis of a long tensor takes letters of this sort, in arithmetic
LONG = {"V": "A", "X": "AB", "G": "BA", "K": "C"}
# integer tensors: the sort of their axis, and of the axis that their values are places of
INTEGERS = {"t": ("A", "A"), "ids": ("B", "A"), "lab": ("A", "B"), "seg": ("C", "C")}
WINDOWS = "ueg"
# the names in a formula that are its constants; s and d are integer inputs
CONSTANTS = {"stride": 2, "dilation": 1, "padding": 1}
REDUCTIONS = ("sum", "sum", "sum", "mean", "max", "max", "min", "logsumexp", "prod")


def gather(pick: Pick, letters: Sequence[str], sorts: dict[str, str], sort: str) -> str | None:
    """Return an element of an integer tensor whose values are places of an axis of that sort."""
    found = [
        f"{name}[{letter}]"
        for name, (axis, values) in INTEGERS.items()
        for letter in letters
        if values == sort and sorts[letter] == axis
    ]
    return pick(found) if found else None


def inside(pick: Pick, name: str, axis: int, letter: str, integer: str | None) -> str:
    """Return a subscript that stays inside an axis over which the letter runs."""
    size = f"size({name},{axis})"
    forms = [
        f"{size}-1-{letter}",
        f"{letter}//2",
        f"{letter}%2",
        f"({letter}+1)%{size}",
        f"({letter}-1)%{size}",
        f"({letter}+2)//3",
        "0",
        f"{size}-1",
        letter,
    ]
    forms += [integer, integer, f"{size}-1-{integer}"] if integer else []
    return pick(forms)


def outside(pick: Pick, name: str, axis: int, letter: str, integer: str | None) -> str:
    """Return a subscript that may leave the axis, for `pad`."""
    forms = [
        f"{letter}-1",
        f"{letter}+1",
        f"2*{letter}-1",
        f"size({name},{axis})-{letter}",
        f"{letter}//2-1",
        f"{letter}%3",
        letter,
        "3",
    ]
    forms += [f"{integer}-1", f"{letter}-{integer}"] if integer else []
    return pick(forms)


def far(pick: Pick, letters: Sequence[str], integer: str | None) -> str:
    """Return a subscript of a long tensor, over one letter or two."""
    one, other = pick(letters), pick(letters)
    forms = [
        f"{one}+1",
        f"2*{one}",
        f"2*{one}+1",
        f"{one}+{other}",
        f"3*{one}+2*{other}",
        f"{one}//2",
        f"{one}%2+{other}",
        f"4-{one}%3",
        "2",
    ]
    forms += [f"{one}+{integer}", f"2*{integer}+{one}"] if integer else []
    return pick(forms)


def windowed(pick: Pick, name: str, letters: Sequence[str], rest: Sequence[str]) -> str:
    """Return a reduction over a window of a long tensor whose other subscripts are `rest`."""
    op, letter, window = pick(REDUCTIONS), pick(letters), pick(WINDOWS)
    stride, dilation = pick(["", "", "2*", "3*"]), pick(["", "", "2*"])
    size = pick(["1", "2", "2", "3"])
    subscript = pick(
        [
            f"{stride}{letter}+{dilation}{window}",
            f"{stride}{letter}+{dilation}{window}",
            f"{letter}+2-{window}",
            f"{stride}{letter}+{window}//2",
        ]
    )
    body = f"{name}[{','.join((subscript, *rest))}]"
    if pick([True, False, False]):
        shifted = f"{stride}{letter}+{dilation}{window}-1"
        body = pick(["pad({0})", "pad({0}, -1)", "pad({0}, 0.5)"]).format(
            f"{name}[{','.join((shifted, *rest))}]"
        )
    if pick([True, False, False]):
        body = pick([f"{body}*({window}+1)", f"tanh({body})", f"{body}^2"])
    return f"({op}_{{{window}<{size}}} {body})"


# whole layers whose left letters stand in arithmetic alone; {r} is a reduction
STRIDES = ("", "", "2*", "3*", "s*", "stride*", "stride*")
DILATIONS = ("", "2*", "d*", "dilation*")
PADDINGS = ("1", "2", "padding")
LAYERS = (
    "y_{l}o = sum_{{u,c}} X[{i}{l}+{d}u, c]*W_uco",
    "y_{l} = sum_u V[{i}{l}+{d}u]*W_u",
    "y_{l}m = sum_{{u,v}} X[{i}{l}+u, m+{d}v]*W_uv",
    "y_{l} = {r}_{{u<2}} V[{i}{l}+u]",
    "y_{l}m = {r}_{{u,v: u<2, v<2}} X[{i}{l}+u, {i}m+v]",
    "y_{l}m = {r}_{{u,v: u<2, v<2, v<=u}} X[{i}{l}+u, m+{d}v]",
    "y_{l} = {r}_{{u<3}} pad(V[{i}{l}+{d}u-{p}]) for {l} < size(V,0)//2 + 1",
    "y_{l}o = sum_{{u,c}} pad(X[{i}{l}+{d}u-{p}, c])*W_uco for {l} < size(X,0)//2 + 1",
    "y_{l}o = sum_{{u,c}} pad(X[{i}{l}+{d}u-padding, c])*W_uco "
    "for {l} < (size(X,0) + 2*padding - size(W,0))//2 + 1",
    "y_p = sum_{{i,u}} x_i*W_u*delta(p, {i}i+u) for p < 3*size(x,0) + size(W,0)",
    "y_p = sum_{{i,u}} where(p == {i}i+u, x_i*W_u, 0) for p < 3*size(x,0) + size(W,0)",
    "y_vj = sum_e delta(v, dst_e)*X[src_e, j] for v < size(X,0)",
    "y_v = sum_{{e: dst_e == v}} V[src_e]*W_e for v < size(V,0)",
    "y_b = sum_{{e: dst_e != b}} W_e for b < size(W,0)",
    "y_ij = where(j == t_i, x_ij, {r}_k x_ik)",
    "y_i = x[i, t_i] + sum_{{k != t_i}} x_ik^2",
    "y_ij = x[t_i, r_j]*x_ij",
    "y_i = {r}_{{k<=i}} x[i-k]*z_ik",
    "y_i = {r}_{{k: i+k < size(x,0)}} x[i+k]*z_ik",
    "y = {r}_i x[i, size(x,1)-1-i]*z_i",
    "y = {r}_i x[i, 2*i+1]",
    "y_i = x[i//2] + tanh(x[i//2])",
    "y_{l}m = X[{l}//2, m//3]*X[{l}//2, m//3]",
    "y_{l} = X[{l}//2, {l}%2]",
    "y_ckl = x[4*c + (k%2)*2 + l%2, k//2, l//2]",
    "y_ckl = x[c, 2*k + c%2, l]*x[c, 2*k, l]",
    "y[i,j] = {f}(x_ij); y[i,size(x,1)+j] = z_ij",
    "y[i,j] = x_ij*z_ij; y[size(x,0)+i,j] = {f}(w_ij)",
    "y[0,j] = {f}(a_j); y[1,j] = b_j; y[2,j] = a_j*b_j",
    "y[0,j] = a_j; y[1+i,j] = {f}(x_ij)",
    "y[2*i] = a_i; y[2*i+1] = {f}(a_i)",
    "h[i,j] = x_ij; h[i,size(x,1)+j] = z_ij; y_i = {r}_j {f}(h_ij)",
    "h_{l} = sum_u V[{i}{l}+u]*W_u; y_k = {r}_{{v<2}} {f}(h[k+v])",
    "y_{l} = V[{l}+2] - 2*V[{l}+1] + V[{l}] for {l} < size(V,0) - 2",
    "y = sum_{{l<size(V,0)}} (X[l+1, 2*l] - X[l, l])^2*V_l",
    "y_{l} = V[{l}+2]*{f}(V[4-{l}]) for {l} < 4",
    "y_n = logsumexp_k x_nk - x[n, t_n]",
    "p_ij = exp(x_ij)/sum_k exp(x_ik); y = -mean_i log(p[i, t_i])",
    "y_ij = sum_{{k<=j}} x_ik*z[j-k]",
    "y_ij = mean_{{k<=2}} pad(x[i+k-1, j]) for i < size(x,0)",
    "y_i = a_i*{f}(b[(i+1)%size(b,0)]) for i < size(b,0)",
    "y_ij = table[ids_ij, 0] + table[ids_ij, 1]*z_j",
    "y_ij = sum_k x[i, k]*w[size(w,0)-1-k, j]",
    "y_i = {r}_{{k: k//2 == i//2}} x_k*z_i",
    "y_i = {r}_{{k: k%2 == i%2}} x_k*z_i",
    "y_g = sum_{{i: seg_i == g}} {f}(x_i) for g < 3",
    "y_g = max_{{i: seg_i == g}} x_i for g < 3",
)


def layer(pick: Pick) -> str:
    """Return a whole layer in which left letters stand in arithmetic alone, or parts are joined."""
    return pick(LAYERS).format(
        l="k",
        i=pick(STRIDES),
        d=pick(DILATIONS),
        p=pick(PADDINGS),
        r=pick(REDUCTIONS),
        f=pick(["tanh", "exp", "relu", "abs"]),
    )
