"""Activations by hand: one pass over the cache a step, each step in place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.expert.blocks import blocks


class ReLU:
    def forward(self, x: Any) -> Any:
        self.x = x
        return np.clip(x, 0, np.inf)  # a maximum with a scalar uses no vector instructions

    def backward(self, dy: Any) -> Any:
        dx = np.empty_like(dy)
        for x, dy_block, out in blocks(self.x, dy, dx):
            np.multiply(dy_block, x > 0, out=out)
        return dx


class Sigmoid:
    def forward(self, x: Any) -> Any:
        self.y = np.empty_like(x)
        for x_block, y in blocks(x, self.y):
            if x.dtype == np.float32:  # its tanh is faster than exp and a division
                np.multiply(x_block, 0.5, out=y)
                np.tanh(y, out=y)
                y *= 0.5
                y += 0.5
            else:
                np.negative(x_block, out=y)
                np.exp(y, out=y)
                y += 1
                np.reciprocal(y, out=y)
        return self.y

    def backward(self, dy: Any) -> Any:
        dx = np.empty_like(dy)
        for y, dy_block, out in blocks(self.y, dy, dx):
            np.subtract(1, y, out=out)
            out *= y
            out *= dy_block
        return dx


class Tanh:
    def forward(self, x: Any) -> Any:
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy: Any) -> Any:
        dx = np.empty_like(dy)
        for y, dy_block, out in blocks(self.y, dy, dx):
            np.multiply(y, y, out=out)
            np.subtract(1, out, out=out)
            out *= dy_block
        return dx


def normal_distribution(x: Any, density: Any) -> Any:
    """Return (1 + erf(x/sqrt(2)))/2 for float32, from `density` = exp(-x^2/2).

    Abramowitz and Stegun 1964, formula 7.1.26: the error is below 1e-7.
    """
    z = np.abs(x)
    t = z * (0.3275911 / math.sqrt(2))
    t += 1
    np.reciprocal(t, out=t)
    tail = t * 1.061405429
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail += coefficient
        tail *= t
    tail *= density
    np.subtract(1, tail, out=tail)  # erf(|x|/sqrt(2))
    np.copysign(tail, x, out=tail)
    tail *= 0.5
    tail += 0.5
    return tail


class GELU:
    """Keeps the derivative: forward has all of its parts in the cache."""

    def forward(self, x: Any) -> Any:
        y, self.slope = np.empty_like(x), np.empty_like(x)
        for x_block, y_block, slope in blocks(x, y, self.slope):
            np.multiply(x_block, x_block, out=slope)
            slope *= -0.5
            np.exp(slope, out=slope)
            if x.dtype == np.float32:
                share = normal_distribution(x_block, slope)
            else:
                from scipy import special

                share = special.ndtr(x_block)
            slope *= 1 / math.sqrt(2 * math.pi)
            slope *= x_block
            slope += share
            np.multiply(x_block, share, out=y_block)
        return y

    def backward(self, dy: Any) -> Any:
        return dy * self.slope


class GELUTanh:
    """Keeps the derivative: forward has all of its parts in the cache."""

    def forward(self, x: Any) -> Any:
        y, self.slope = np.empty_like(x), np.empty_like(x)
        scale = math.sqrt(2 / math.pi)
        for x_block, y_block, slope in blocks(x, y, self.slope):
            square = x_block * x_block
            t = square * (0.044715 * scale)
            t += scale
            t *= x_block
            np.tanh(t, out=t)
            square *= 3 * 0.044715 * scale
            square += scale
            square *= x_block  # x times the derivative of tanh's argument
            np.multiply(t, t, out=slope)
            np.subtract(1, slope, out=slope)
            slope *= square
            t += 1
            slope += t
            slope *= 0.5
            np.multiply(x_block, t, out=y_block)
            y_block *= 0.5
        return y

    def backward(self, dy: Any) -> Any:
        return dy * self.slope


class Softplus:
    def forward(self, x: Any) -> Any:
        self.y = np.empty_like(x)
        for x_block, y in blocks(x, self.y):
            np.abs(x_block, out=y)
            np.negative(y, out=y)
            np.exp(y, out=y)
            np.log1p(y, out=y)
            y += np.clip(x_block, 0, np.inf)
        return self.y

    def backward(self, dy: Any) -> Any:
        dx = np.empty_like(dy)
        for y, dy_block, out in blocks(self.y, dy, dx):
            np.negative(y, out=out)
            np.exp(out, out=out)
            np.subtract(1, out, out=out)
            out *= dy_block
        return dx
