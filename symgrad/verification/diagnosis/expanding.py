"""Write out tensors that a gradient reads in place of the sums which they are.

Where o is `sum_k a_qk*V_kv`, a derivation prefers `sum_v do_qv*o_qv` to
`sum_k a_qk*sum_v do_qv*V_kv`; a mistake in the softmax of an attention shows in the second alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.language.expr import Element, Expr, Mul, Reduce, freshen, mul, replace, substitute
from symgrad.language.statement import Statement


def expanded(expr: Expr, definitions: Mapping[str, Statement]) -> Expr:
    """Return an equal expression with the sums over such tensors written out, theirs outermost."""
    return replace(expr, lambda part: _written_out(part, definitions))


def _written_out(part: Expr, definitions: Mapping[str, Statement]) -> Expr | None:
    if not isinstance(part, Reduce) or part.op != "sum" or part.condition is not None:
        return None
    factors = part.body.factors if isinstance(part.body, Mul) else (part.body,)
    for factor in factors:
        inner = _definition(factor, definitions)
        if inner is not None:
            own = inner.body.factors if isinstance(inner.body, Mul) else (inner.body,)
            outside = [one for one in own if one.free.isdisjoint(part.indices)]
            inside = [one for one in own if not one.free.isdisjoint(part.indices)]
            inside += [one for one in factors if one is not factor]
            summed = Reduce("sum", part.indices, None, mul(*inside))
            return freshen(Reduce("sum", inner.indices, None, mul(*outside, summed)))
    return None


def _definition(factor: Expr, definitions: Mapping[str, Statement]) -> Reduce | None:
    """Return the sum that a tensor is at the place where it is read; None where it is no sum."""
    if not isinstance(factor, Element) or factor.name not in definitions:
        return None
    statement = definitions[factor.name]
    value = statement.value
    if not isinstance(value, Reduce) or value.op != "sum" or value.condition is not None:
        return None
    if len(statement.indices) != len(factor.subscripts):
        return None
    found = substitute(freshen(value), dict(zip(statement.indices, factor.subscripts, strict=True)))
    return found if isinstance(found, Reduce) else None
