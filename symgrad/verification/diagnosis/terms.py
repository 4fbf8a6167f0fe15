"""Tell which of the terms of a gradient are missing, by fitting what was found with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

import numpy as np

from symgrad.errors import ShapeError
from symgrad.language.expr import ZERO, Add, Expr, Mul, Reduce, Where, freshen, mul
from symgrad.language.statement import Statement
from symgrad.verification.diagnosis.rewriting import printed, run_chain
from symgrad.verification.diagnosis.scales import name_of_factors
from symgrad.verification.diagnosis.trials import Evidence, Trial, close

_MOST_TERMS = 12
_SMALL = 1e-7


@singledispatch
def terms_of(expr: Expr) -> list[Expr]:
    """Return expressions whose sum it is, with products over brackets multiplied out."""
    return [expr]


@terms_of.register
def _(expr: Add) -> list[Expr]:
    return [part for term in expr.terms for part in terms_of(term)]


@terms_of.register
def _(expr: Mul) -> list[Expr]:
    products: list[list[Expr]] = [[]]
    for factor in expr.factors:
        products = [[*product, part] for product in products for part in terms_of(factor)]
    return [mul(*product) for product in products]


@terms_of.register
def _(expr: Reduce) -> list[Expr]:
    if expr.op not in ("sum", "mean"):
        return [expr]
    parts = terms_of(expr.body)
    if len(parts) == 1:
        return [expr]
    return [freshen(Reduce(expr.op, expr.indices, expr.condition, part)) for part in parts]


@terms_of.register
def _(expr: Where) -> list[Expr]:
    if expr.otherwise != ZERO:
        return [expr]
    return [Where(expr.condition, part, ZERO) for part in terms_of(expr.then)]


def explain_by_terms(evidence: Evidence) -> str | None:
    """Return which terms are missing, have the wrong sign or another factor."""
    statement = evidence.target.statement
    if statement is None:
        return None
    terms = terms_of(statement.value)
    if not 1 < len(terms) <= _MOST_TERMS:
        return None
    fits = _fits(evidence, statement, terms)
    if fits is None:
        return None
    trials, coefficients = fits
    names: dict[int, str] = {}
    for position, column in enumerate(coefficients.T):
        name = "0" if np.all(np.abs(column) < _SMALL) else name_of_factors(list(column), trials)
        if name is None:
            return None
        names[position] = name
    wrong = {k: name for k, name in names.items() if name != "1"}
    if not wrong or len(wrong) == len(names) > 2:
        return None
    texts = {k: printed(statement, terms[k], evidence.bench.lengths) for k in wrong}
    return "; ".join(_sentence(texts, wrong))


def _sentence(texts: dict[int, str], wrong: dict[int, str]) -> list[str]:
    missing = [texts[k] for k, name in wrong.items() if name == "0"]
    parts = []
    if missing:
        word = "term" if len(missing) == 1 else "terms"
        verb = "is" if len(missing) == 1 else "are"
        parts.append(f"the {word} {' and '.join(missing)} {verb} missing")
    for k, name in wrong.items():
        if name == "-1":
            parts.append(f"the term {texts[k]} has the wrong sign")
        elif name != "0":
            parts.append(f"the term {texts[k]} is scaled by {name}")
    return parts


def _fits(
    evidence: Evidence, statement: Statement, terms: Sequence[Expr]
) -> tuple[list[Trial], np.ndarray] | None:
    """Return the coefficient of each term in each trial that decides them; None where one has none.

    Where a trial is too small to decide, the coefficients of the others must explain it.
    """
    rows = []
    trials: list[Trial] = []
    for trial, found, right in evidence.pairs:
        if found is None or found.shape != right.shape or not np.isfinite(found).all():
            return None
        columns = [_values(evidence, trial, statement, term) for term in terms]
        if any(column is None or not np.isfinite(column).all() for column in columns):
            return None
        matrix = np.stack([column.ravel() for column in columns if column is not None], axis=1)
        if matrix.shape[0] <= len(terms) or np.linalg.matrix_rank(matrix, tol=1e-6) < len(terms):
            continue
        solution = np.linalg.lstsq(matrix, found.ravel(), rcond=None)[0]
        if not close(found.ravel(), matrix @ solution):
            return None
        rows.append(solution)
        trials.append(trial)
    return (trials, np.array(rows)) if rows else None


def _values(
    evidence: Evidence, trial: Trial, statement: Statement, term: Expr
) -> np.ndarray | None:
    changed = Statement(statement.name, statement.subscripts, term)
    try:
        return run_chain(evidence, trial, statement, changed)
    except (ShapeError, ArithmeticError):
        return None
