"""Read index arithmetic as polynomials: affine forms, extremes over ranges, proofs of signs.

Sizes are at least 0, and so is the length of every index that is met. A constant that multiplies an
index or divides (a stride) is at least 1, as generated classes check.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from symgrad.language.algebra import add, mul, subtract
from symgrad.language.base import Expr, Index
from symgrad.language.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    AxisLength,
    Call,
    Element,
    Extent,
    FloorDiv,
    IndexValue,
    Mod,
    Mul,
    Number,
    Power,
)

Atoms = tuple[Expr, ...]
# the steps of a proof that replace one whole quotient or minimum by a bound
DEEPEST_PROOF = 6
# answers that are kept: a program asks the same of the same few lengths and subscripts, many times
KEPT = 1 << 13


@dataclass(frozen=True)
class Affine:
    """constant + sum of coefficient*index; neither constant nor coefficients depend on indices."""

    coefficients: tuple[tuple[Index, Expr], ...]
    constant: Expr

    def coefficient(self, index: Index) -> Expr:
        """Return what multiplies an index, 0 where it does not occur."""
        return next((c for i, c in self.coefficients if i is index), ZERO)


def set_extent(index: Index, extent: Expr | None) -> None:
    """Tell an index how far it runs, and forget what was found while that was unknown.

    An index is known by its identity, so its nodes and their hashes stay as they are.
    """
    if index.extent is not extent:
        object.__setattr__(index, "extent", extent)
        for kept in (_polynomial, simplified, _extreme, _is_proven):
            kept.cache_clear()


# --- polynomials ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Polynomial:
    """A sum of number * product of atoms, by the atoms regardless of their order."""

    terms: dict[frozenset[tuple[Expr, int]], tuple[Fraction, Atoms]]

    def __iter__(self) -> Iterator[tuple[Fraction, Atoms]]:
        return iter(self.terms.values())

    def expr(self) -> Expr:
        return add(*(mul(Number(number), *atoms) for number, atoms in self))


@lru_cache(KEPT)
def _polynomial(expr: Expr) -> _Polynomial:
    terms: dict[frozenset[tuple[Expr, int]], tuple[Fraction, Atoms]] = {}
    for number, atoms in _monomials(expr):
        counts: dict[Expr, int] = {}
        for atom in atoms:
            counts[atom] = counts.get(atom, 0) + 1
        key = frozenset(counts.items())
        known, first = terms.get(key, (Fraction(0), atoms))
        terms[key] = (known + number, first)
    return _Polynomial({key: term for key, term in terms.items() if term[0]})


def _monomials(expr: Expr) -> list[tuple[Fraction, Atoms]]:
    """Multiply out; what is no sum or product is an atom, its own arithmetic in normal form."""
    if isinstance(expr, Number):
        return [(expr.value, ())]
    if isinstance(expr, Add):
        return [term for part in expr.terms for term in _monomials(part)]
    if isinstance(expr, Mul):
        return _product([_monomials(factor) for factor in expr.factors])
    if isinstance(expr, Power) and isinstance(expr.exponent, Number):
        times = expr.exponent.value
        if times.denominator == 1 and 0 < times <= 4:
            return _product([_monomials(expr.base)] * int(times))
    if isinstance(expr, Extent) and expr.index.extent is not None:
        return _monomials(expr.index.extent)
    if isinstance(expr, (FloorDiv, Mod)):
        whole = _whole_division(expr)
        return [(Fraction(1), (whole,))] if isinstance(whole, type(expr)) else _monomials(whole)
    return [(Fraction(1), (expr,))]


def _product(factors: list[list[tuple[Fraction, Atoms]]]) -> list[tuple[Fraction, Atoms]]:
    result: list[tuple[Fraction, Atoms]] = [(Fraction(1), ())]
    for terms in factors:
        result = [(a * b, left + right) for a, left in result for b, right in terms]
    return result


def _whole_division(expr: FloorDiv | Mod) -> Expr:
    """Return `//` or `%` with whole multiples of the divisor taken out: (s*p + r)//s = p + r//s."""
    left, divisor = simplified(expr.left), simplified(expr.right)
    if isinstance(left, Number) and isinstance(divisor, Number) and divisor.value:
        whole = left.value // divisor.value
        return Number(Fraction(whole if isinstance(expr, FloorDiv) else left.value % divisor.value))
    if divisor == ONE:
        return left if isinstance(expr, FloorDiv) else ZERO
    quotient, rest = divided(left, divisor)
    inside = is_nonnegative(rest) and is_nonnegative(subtract(subtract(divisor, rest), ONE))
    if isinstance(expr, Mod):
        return rest if inside else Mod(rest, divisor)
    return quotient if inside else add(quotient, FloorDiv(rest, divisor))


def divided(expr: Expr, divisor: Expr) -> tuple[Expr, Expr]:
    """Return (q, r) with expr = q*divisor + r; what the divisor does not divide stays in r."""
    number, atoms = next(iter(_polynomial(divisor)), (Fraction(1), ()))
    quotient: list[Expr] = []
    rest: list[Expr] = []
    for coefficient, factors in _polynomial(expr):
        ratio = coefficient / number
        left = list(factors)
        divides = len(_polynomial(divisor).terms) == 1 and ratio.denominator == 1
        for atom in atoms:
            divides = divides and atom in left
            if divides:
                left.remove(atom)
        if divides:
            quotient.append(mul(Number(ratio), *left))
        else:
            rest.append(mul(Number(coefficient), *factors))
    return add(*quotient), add(*rest)


@lru_cache(KEPT)
def simplified(expr: Expr) -> Expr:
    """Return index arithmetic in normal form: multiplied out, equal terms combined."""
    return _polynomial(expr).expr()


# --- affine forms --------------------------------------------------------------------------------


def affine(expr: Expr) -> Affine | None:
    """Return the affine form in the free indices; None for `//`, `%`, tensors and products."""
    coefficients: dict[Index, list[Expr]] = {}
    constant: list[Expr] = []
    for number, atoms in _polynomial(expr):
        moving = [atom for atom in atoms if atom.free]
        if any(isinstance(atom, Element) and atom.subscripts for atom in atoms):
            return None
        if not moving:
            constant.append(mul(Number(number), *atoms))
            continue
        if len(moving) > 1 or not isinstance(moving[0], IndexValue):
            return None
        others = [atom for atom in atoms if atom is not moving[0]]
        coefficients.setdefault(moving[0].index, []).append(mul(Number(number), *others))
    return Affine(tuple((i, add(*parts)) for i, parts in coefficients.items()), add(*constant))


# --- extremes ------------------------------------------------------------------------------------


def smallest(expr: Expr) -> Expr | None:
    """Return the least value over the ranges of the free indices; None where data decides."""
    return _extreme(expr, largest=False)


def largest(expr: Expr) -> Expr | None:
    """Return the greatest value over the ranges of the free indices; None where data decides."""
    return _extreme(expr, largest=True)


@lru_cache(KEPT)
def _extreme(expr: Expr, *, largest: bool) -> Expr | None:
    total: list[Expr] = []
    for number, atoms in _polynomial(expr):
        moving = [atom for atom in atoms if atom.free]
        others = [atom for atom in atoms if not atom.free]
        if any(isinstance(atom, Element) and atom.subscripts for atom in atoms) or len(moving) > 1:
            return None
        coefficient = mul(Number(number), *others)
        if not moving:
            total.append(coefficient)
            continue
        bound = _atom_extreme(moving[0], largest=largest == (number > 0))
        if bound is None:
            return None
        total.append(mul(coefficient, bound))
    return simplified(add(*total))


def _atom_extreme(atom: Expr, *, largest: bool) -> Expr | None:
    """Return an extreme of an index, of `e // s` or of `e % s`; that of a remainder is a bound."""
    if isinstance(atom, IndexValue):
        if atom.index.extent is None:
            return None
        return subtract(atom.index.extent, ONE) if largest else ZERO
    if isinstance(atom, FloorDiv) and not atom.right.free:
        inner = _extreme(atom.left, largest=largest)
        return None if inner is None else FloorDiv(inner, atom.right)
    if isinstance(atom, Mod) and not atom.right.free:
        return subtract(atom.right, ONE) if largest else ZERO
    return None


# --- proofs --------------------------------------------------------------------------------------


def is_nonnegative(expr: Expr, given: Iterable[Expr] = ()) -> bool:
    """Say whether `expr` is proven to be at least 0 wherever its indices run.

    Args:
        expr: index arithmetic.
        given: what is known to be at least 0 there, such as `i - k` under the filter k <= i.
    """
    candidates = [expr, *(subtract(expr, known) for known in given)]
    bounds = (smallest(candidate) for candidate in candidates)
    return any(bound is not None and _is_proven(bound, DEEPEST_PROOF) for bound in bounds)


@lru_cache(KEPT)
def _is_proven(expr: Expr, steps: int) -> bool:
    """Prove expr >= 0 without indices: every term is, or a bound from below of the sum is."""
    terms = list(_polynomial(expr))
    if all(number > 0 and all(_is_size(atom) for atom in atoms) for number, atoms in terms):
        return True
    if steps == 0:
        return False
    return any(_is_proven(lower, steps - 1) for lower in _lower_bounds(terms)) or any(
        all(_is_proven(case, steps - 1) for case in cases) for cases in _cases(terms)
    )


def _is_size(atom: Expr) -> bool:
    if isinstance(atom, FloorDiv):
        return _is_size(atom.left)
    if isinstance(atom, Call):
        return atom.function in ("min", "max") and all(_is_size(arg) for arg in atom.args)
    return isinstance(atom, (AxisLength, Number, Mod))


def _lower_bounds(terms: list[tuple[Fraction, Atoms]]) -> Iterator[Expr]:
    """Yield the sum with one s*(a//s) replaced by what it is at most, or at least."""
    for place, (number, atoms) in enumerate(terms):
        rest = [mul(Number(n), *a) for p, (n, a) in enumerate(terms) if p != place]
        for atom in atoms:
            if not isinstance(atom, FloorDiv):
                continue
            others = [other for other in atoms if other is not atom]
            factor, remainder = divided(mul(Number(number), *others), atom.right)
            if remainder != ZERO:
                continue
            # s*(a//s) lies between a - s + 1 and a
            exact = atom.left if number < 0 else add(atom.left, mul(MINUS_ONE, atom.right), ONE)
            yield add(*rest, mul(factor, exact))


def _cases(terms: list[tuple[Fraction, Atoms]]) -> Iterator[list[Expr]]:
    """Yield sums that prove the whole: one for either side of a minimum, or both of them."""
    for place, (number, atoms) in enumerate(terms):
        rest = [mul(Number(n), *a) for p, (n, a) in enumerate(terms) if p != place]
        for atom in atoms:
            if not isinstance(atom, Call) or atom.function not in ("min", "max"):
                continue
            others = [other for other in atoms if other is not atom]
            sides = [add(*rest, mul(Number(number), *others, arg)) for arg in atom.args]
            if (number < 0) == (atom.function == "min"):
                yield from ([side] for side in sides)
            else:
                yield sides
