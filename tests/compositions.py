"""Write deep formulas out, statement by statement: what a network is when nothing repeats it."""

from __future__ import annotations

from collections.abc import Iterator

import symgrad

BLOCK = 16  # statements of a transformer's block


def transformer(blocks: int) -> symgrad.Layer:
    """Return a causal transformer of BLOCK statements a block.

    The input is x0 (T, C), the output x with the number of blocks behind it. Every block has
    weights of its own, named with its number.
    """
    lines = [line for number in range(1, blocks + 1) for line in _block(number)]
    return symgrad.Layer("Transformer", "\n".join(lines), constants={"eps": 1e-5})


def _block(n: int) -> Iterator[str]:
    yield from _layer_norm(f"x{n - 1}", f"c{n}", f"{n}")
    yield f"q{n}_thd = sum_c c{n}_tc*wq{n}_chd"
    yield f"k{n}_thd = sum_c c{n}_tc*wk{n}_chd"
    yield f"v{n}_thd = sum_c c{n}_tc*wv{n}_chd"
    yield f"s{n}_htp = where(p <= t, (sum_d q{n}_thd*k{n}_phd)/sqrt(size(wq{n}, 2)), -inf)"
    yield f"a{n}_htp = exp(s{n}_htp)/sum_l exp(s{n}_htl)"
    yield f"o{n}_thd = sum_p a{n}_htp*v{n}_phd"
    yield f"r{n}_tc = x{n - 1}_tc + sum_{{h,d}} o{n}_thd*wo{n}_hdc"
    yield from _layer_norm(f"r{n}", f"m{n}", f"{n}b")
    yield f"u{n}_tf = (sum_c m{n}_tc*w{n}_cf) + b{n}_f"
    yield f"z{n}_tf = gelu(u{n}_tf)"
    yield f"x{n}_tc = r{n}_tc + (sum_f z{n}_tf*w{n}b_fc) + b{n}b_c"


def _layer_norm(x: str, y: str, number: str) -> Iterator[str]:
    mean, var, gain, shift = (f"{word}{number}" for word in ("mu", "var", "gamma", "beta"))
    yield f"{mean}_t = mean_c {x}_tc"
    yield f"{var}_t = mean_c ({x}_tc - {mean}_t)^2"
    yield f"{y}_tc = {gain}_c*({x}_tc - {mean}_t)/sqrt({var}_t + eps) + {shift}_c"


def perceptron(layers: int) -> str:
    """Return a perceptron with weights and biases of its own in every layer."""
    return _lines("h{n}_bi = tanh((sum_j h{m}_bj*w{n}_ji) + c{n}_i)", layers)


def unrolled(steps: int) -> str:
    """Return a recurrent network written out, the same weights in every step."""
    return _lines("h{n}_bi = tanh((sum_j h{m}_bj*w_ji) + (sum_j x{n}_bj*u_ji) + c_i)", steps)


def residual(blocks: int) -> str:
    """Return x + f(x) again and again: 2^blocks paths from the end to the beginning."""
    return _lines("x{n}_i = x{m}_i + sin(w{n}_i*x{m}_i)/2", blocks)


def rectified(blocks: int) -> str:
    """Return a residual chain whose gradient is masked in every block."""
    return _lines("x{n}_i = x{m}_i + relu(w{n}_i*x{m}_i)/4", blocks)


def chain(links: int) -> str:
    """Return a function of a function of ...: one path, its derivative one product."""
    return _lines("x{n}_i = sin(x{m}_i) + 1/3", links)


def two_back(steps: int) -> str:
    """Return a chain in which every value reads the two before it: paths like Fibonacci's."""
    return "\n".join(f"x{n}_i = x{n - 1}_i*c_i + x{n - 2}_i/2" for n in range(2, steps + 1))


def diamonds(count: int) -> str:
    """Return diamonds in a row: each end is read twice, and read together again."""
    sides = "a{n}_i = sin(x{m}_i)\nb{n}_i = cos(x{m}_i)\nx{n}_i = a{n}_i*b{n}_i + x{m}_i"
    return _lines(sides, count)


def fan(readers: int) -> str:
    """Return one value that many statements read, and a loss that reads all of these."""
    total = " + ".join(f"sum_i y{n}_i^2" for n in range(1, readers + 1))
    return "\n".join(["z_i = tanh(x_i)", _lines("y{n}_i = z_i*w{n}_i", readers), f"l = {total}"])


def _lines(line: str, count: int) -> str:
    return "\n".join(line.format(n=n, m=n - 1) for n in range(1, count + 1))
