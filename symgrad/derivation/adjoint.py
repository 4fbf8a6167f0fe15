"""Run reverse mode over the definitions: the gradient of the loss by each of them, simplified.

A gradient that one place reads is written into that place; one that several read keeps a name,
unless writing it in makes it simpler there (a sum that vanishes, a forward value that appears).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from symgrad.derivation.costs import cost
from symgrad.derivation.graph import Definition, Graph, has_narrow_addends
from symgrad.derivation.lemmas import Lemmas
from symgrad.derivation.notes import Note
from symgrad.derivation.pullback import Contribution, pull_back
from symgrad.derivation.reuse import ordered_patterns
from symgrad.derivation.rules import Context, Rule, Terms, simplify
from symgrad.derivation.terms import UNIT, Term, is_constant
from symgrad.language.expr import (
    Add,
    Delta,
    Element,
    Expr,
    Index,
    IndexValue,
    Indicator,
    Pad,
    StopGradient,
    free_indices,
    walk,
)

# no reader follows a longer product; a chain of 200 steps has a name for each few of them
LARGEST_PRODUCT = 24


@dataclass(frozen=True)
class Line:
    """One recorded state of a gradient: the terms and the rule that led to them."""

    note: Note
    terms: tuple[Term, ...]


@dataclass
class Adjoint:
    """The gradient of the loss by one value, as terms in the value's own indices.

    `paths` holds what each reader of the value contributes, before any simplification; `lines` how
    the terms came about.
    """

    target: Element
    indices: tuple[Index, ...]
    paths: list[Contribution] = field(default_factory=list)
    terms: Terms = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


# a term, the adjoint that it reads, what that is, and whether nothing else reads it
Place = tuple[Term, Element, Terms, bool]


@dataclass
class Reverse:
    """The result of reverse mode.

    Attributes:
        adjoints: by the name of the value, in the order in which backward computes them.
        names: the name of each value's gradient.
        context: what the rules looked at.
        settled: the places where an adjoint was found to keep its name.
    """

    adjoints: dict[str, Adjoint]
    names: dict[str, str]
    context: Context
    settled: dict[tuple[int, int, int, bool], Place] = field(default_factory=dict)

    @cached_property
    def sources(self) -> dict[str, str]:
        """The value that each gradient belongs to, by the gradient's name."""
        return {name: target for target, name in self.names.items()}

    def uses(self, roots: Sequence[str]) -> dict[str, int]:
        """Count how often each adjoint is read, starting from the gradients of `roots`."""
        counts: dict[str, int] = dict.fromkeys(roots, 0)
        for target in reversed(list(self.adjoints)):
            if target not in counts:
                continue
            for term in self.adjoints[target].terms:
                for name in _elements_in(term):
                    source = self.sources.get(name)
                    if source in self.adjoints and source is not None:
                        counts[source] = counts.get(source, 0) + 1
        return counts


def _elements_in(term: Term) -> list[str]:
    """Return the names that the factors of a term are, or read 0 around."""
    bases = [base.element if isinstance(base, Pad) else base for base, _ in term.factors]
    return [base.name for base in bases if isinstance(base, Element)]


def differentiate(
    graph: Graph,
    inputs: dict[str, Definition],
    outputs: dict[str, str],
    leaves: Mapping[str, Sequence[Index]],
    checked: Collection[str] = (),
) -> Reverse:
    """Return the adjoints of `inputs` and of everything between them and the outputs.

    Args:
        graph: the forward definitions.
        inputs: what to differentiate by, each as a definition that carries its indices.
        outputs: the name of the incoming gradient of each output.
        leaves: every input of the layer, with an index for each axis.
        checked: integer inputs whose values are in range wherever they are compared.
    """
    forward = list(graph)
    flowing = _flowing(forward, set(inputs))
    targets = {**{d.name: d for d in forward if d.name in flowing}, **inputs}
    adjoints: dict[str, Adjoint] = {}
    names = {name: f"d:{name}" for name in targets}
    for name, incoming in outputs.items():
        if name in targets:
            _start(targets[name], incoming, adjoints)
    _collect(forward, targets, names, outputs, adjoints, graph)
    _name_outputs(outputs, adjoints, names)
    patterns = ordered_patterns(graph, leaves)
    lemmas = Lemmas(graph, patterns)
    values = {gradient: name for name, gradient in names.items()}
    context = Context(graph, patterns, lemmas, (), leaves, values, checked)
    result = Reverse({}, names, context)
    uses = _raw_uses(adjoints)
    for name in [*(d.name for d in reversed(forward)), *inputs]:
        if name in adjoints and adjoints[name].paths:
            result.adjoints[name] = adjoints[name]
            _finish(adjoints[name], result, uses)
    _finish_last_uses(result, list(inputs))
    return result


def _flowing(forward: Sequence[Definition], names: set[str]) -> set[str]:
    """Return the names of the values through which a gradient can reach `names`."""
    found = set(names)
    for definition in forward:
        if any(isinstance(p, Element) and p.name in found for p in _differentiable(definition)):
            found.add(definition.name)
    return found


def _differentiable(definition: Definition) -> list[Element]:
    if isinstance(definition.body, StopGradient):
        return []
    return [part for part in walk(definition.body) if isinstance(part, Element)]


def _start(target: Definition, incoming: str, adjoints: dict[str, Adjoint]) -> None:
    element = target.element()
    adjoint = Adjoint(element, target.indices)
    adjoint.terms = [Term(UNIT, ((Element(incoming, element.subscripts), UNIT),))]
    adjoints[target.name] = adjoint


def _collect(
    forward: Sequence[Definition],
    targets: dict[str, Definition],
    names: dict[str, str],
    outputs: dict[str, str],
    adjoints: dict[str, Adjoint],
    graph: Graph,
) -> None:
    """Pull every definition back, last to first."""
    for definition in reversed(forward):
        adjoint = adjoints.get(definition.name)
        if adjoint is None:
            continue
        read_later = bool(adjoint.paths)
        incoming = outputs.get(definition.name)
        cotangent = names[definition.name] if read_later or incoming is None else incoming
        for contribution in pull_back(definition, cotangent, targets.get, graph):
            if not contribution.term.coefficient:
                continue  # sign, floor and the like: nothing flows further
            name = contribution.target.name
            if name not in adjoints:
                target = targets[name]
                adjoints[name] = Adjoint(target.element(), target.indices)
            adjoints[name].paths.append(contribution)
    place = {definition.name: number for number, definition in enumerate(forward)}
    for adjoint in adjoints.values():
        adjoint.paths.sort(key=lambda path: place[path.source.name])


def _name_outputs(
    outputs: dict[str, str], adjoints: dict[str, Adjoint], names: dict[str, str]
) -> None:
    """An output that nothing reads further has its incoming gradient for its adjoint."""
    for name, incoming in outputs.items():
        if name in adjoints and not adjoints[name].paths:
            names[name] = incoming


def _raw_uses(adjoints: dict[str, Adjoint]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for adjoint in adjoints.values():
        for path in adjoint.paths:
            counts[path.source.name] = counts.get(path.source.name, 0) + 1
    return counts


def _finish(adjoint: Adjoint, result: Reverse, uses: dict[str, int]) -> None:
    """Add up the paths into one value, write in what is read once, and simplify."""
    adjoint.terms += [path.term for path in adjoint.paths]
    adjoint.lines.append(Line(Note("derivative"), tuple(adjoint.terms)))
    _simplify(adjoint, result)
    _write_in_all(adjoint, result, uses)


def _write_in_all(adjoint: Adjoint, result: Reverse, uses: dict[str, int]) -> bool:
    """Write in what is better written in, simplifying after each; say whether there was any."""
    written = False
    while _write_in(adjoint, result, uses):
        _simplify(adjoint, result)
        written = True
    return written


def _finish_last_uses(result: Reverse, roots: Sequence[str]) -> None:
    """Write in what is left with a single reader after everything was simplified."""
    written = True
    while written:
        uses = result.uses(roots)
        read = [adjoint for name, adjoint in result.adjoints.items() if name in uses]
        # every one of them, not only the first
        written = sum(_write_in_all(adjoint, result, uses) for adjoint in read) > 0


def _simplify(adjoint: Adjoint, result: Reverse) -> None:
    context = replace(result.context, own=adjoint.indices)

    def record(rule: Rule, before: Terms, after: Terms) -> None:
        adjoint.lines.append(Line(rule.note(before, after, context), tuple(after)))

    adjoint.terms = simplify(adjoint.terms, context, record)


def _write_in(target: Adjoint, result: Reverse, uses: dict[str, int]) -> bool:
    """Replace the first adjoint that is better written in; say whether there was one."""
    context = replace(result.context, own=target.indices)
    for place, term in enumerate(target.terms):
        for base, _ in term.factors:
            source = result.sources.get(base.name) if isinstance(base, Element) else None
            if source is None or source not in result.adjoints:
                continue
            assert isinstance(base, Element)
            adjoint = result.adjoints[source]
            asked: Place = (term, base, adjoint.terms, uses[source] == 1)
            # by identity: the answer stands as long as neither side is another
            key = (id(term), id(base), id(adjoint.terms), asked[-1])
            if key in result.settled:
                continue
            if _accept(term, base, adjoint, uses[source], context):
                new = _inlined(term, base, adjoint)
                target.terms = [*target.terms[:place], *new, *target.terms[place + 1 :]]
                note = Note("insert", (("value", base),))
                target.lines.append(Line(note, tuple(target.terms)))
                return True
            result.settled[key] = asked  # keeps what has the identities
    return False


def _inlined(term: Term, base: Element, adjoint: Adjoint) -> Terms:
    rest = Term(term.coefficient, tuple(f for f in term.factors if f[0] is not base), term.sums)
    mapping = dict(zip(adjoint.indices, base.subscripts, strict=True))
    return [rest.times(part.fresh().put(mapping)) for part in adjoint.terms]


def _accept(term: Term, base: Element, adjoint: Adjoint, uses: int, context: Context) -> bool:
    """Decide whether an adjoint is written into a term: it is read once, trivial, or simplifies."""
    summed = not free_indices(base).isdisjoint(term.sums)
    outer = summed and _is_outer(adjoint, context.graph)
    if _is_choice(term, base, adjoint, uses):
        return True
    if _scatters(adjoint.terms, context.checked) and summed and not (outer and _fills(adjoint)):
        return False
    too_long = _is_too_long(term, adjoint)
    if (_is_copy(adjoint.terms, context.leaves) or outer) and not too_long:
        return True
    if _is_masked(adjoint.terms) and not context.lemmas.is_finite_product(term):
        return True  # 0*inf is NaN: the mask has to stand in the very product
    if uses == 1 and (len(adjoint.terms) == 1 or not summed) and not too_long:
        return True
    return summed and _gets_simpler(term, _inlined(term, base, adjoint), context)


def _is_too_long(term: Term, adjoint: Adjoint) -> bool:
    """Say whether a product of more than LARGEST_PRODUCT factors would come of it."""
    more = max((len(part.factors) for part in adjoint.terms), default=0) - 1
    return more > 0 and len(term.factors) + more > LARGEST_PRODUCT


def _gets_simpler(term: Term, new: Terms, context: Context) -> bool:
    """Say whether rules apply to the terms that leave less to compute, or as much and shorter."""
    fired: list[str] = []
    simplified = simplify(new, context, lambda rule, before, after: fired.append(rule.name))
    before, after = cost([term]), cost(simplified)
    simpler = any(rule != "contract_delta" for rule in fired)
    return after < before or (after == before and simpler)


def _is_copy(terms: Terms, inputs: Collection[str]) -> bool:
    """Say whether it is another adjoint, times a number and an input at most: not worth a name."""
    if not terms:
        return True
    (first, *others) = terms
    factors = [(base, e) for base, e in first.factors if not is_constant(base)]
    plain = [base for base, e in factors if isinstance(base, Element) and e == 1]
    leaves = [base for base in plain if base.name in inputs]
    if others or first.sums or len(plain) < len(factors):
        return False
    return len(leaves) <= 1 and len(plain) - len(leaves) <= 1


def _is_masked(terms: Terms) -> bool:
    """Say whether an adjoint is 0 where some condition fails."""
    return all(any(isinstance(base, Indicator) for base, _ in term.factors) for term in terms)


def _is_outer(adjoint: Adjoint, graph: Graph) -> bool:
    """Say whether an adjoint is a product of smaller arrays: never worth an array of its own.

    A sum of such products is worth one of two axes, and none of more; summed over an index, they
    are worth none where a difference of smaller arrays is among them.
    """
    whole = len(adjoint.indices)
    if len(adjoint.terms) != 1 and whole < 3:
        return False
    for term in adjoint.terms:
        bases = [base for base, _ in term.factors]
        split = [b for b in bases if _is_split(b, graph)]
        if term.sums and not split:
            return False
        if any(len(free_indices(base)) >= whole and base not in split for base in bases):
            return False
    return True


def _is_split(base: Expr, graph: Graph) -> bool:
    axes = len(free_indices(base))
    is_sum = axes > 2 and isinstance(graph.behind(base), Add)
    return is_sum and has_narrow_addends(graph.inside(base), axes)


def _scatters(terms: Terms, checked: Collection[str]) -> bool:
    """Say whether a term holds a delta that no index solves, such as that of an arg-max."""
    deltas = [b for term in terms for b, _ in term.factors if isinstance(b, Delta)]
    return not all(_is_solvable(delta, checked) for delta in deltas)


def _is_choice(term: Term, base: Element, adjoint: Adjoint, uses: int) -> bool:
    """Say whether an adjoint is f*delta(u, m), read once and scattered along u in any case.

    The scatter looks at each u: to choose there takes no array over u.
    """
    if uses != 1 or len(adjoint.terms) != 1 or adjoint.terms[0].sums:
        return False
    deltas = [b for b, _ in adjoint.terms[0].factors if isinstance(b, Delta)]
    mapping = dict(zip(adjoint.indices, base.subscripts, strict=True))
    places = [mapping.get(d.left.index) for d in deltas if isinstance(d.left, IndexValue)]
    scattered = [free_indices(b) for b, _ in term.factors if isinstance(b, Delta)]
    return (
        bool(deltas)
        and len(places) == len(deltas)
        and all(
            isinstance(place, IndexValue)
            and place.index in term.sums
            and any(place.index in indices for indices in scattered)
            for place in places
        )
    )


def _is_solvable(delta: Delta, checked: Collection[str]) -> bool:
    def solves(side: Expr) -> bool:
        gathers = isinstance(side, Element) and side.name in checked
        return gathers or isinstance(side, IndexValue)

    return solves(delta.left) and solves(delta.right)


def _fills(adjoint: Adjoint) -> bool:
    """Say whether the factors beside the deltas have all axes: (x_ik - y_jk)*delta(j, m_i)."""
    return all(
        frozenset(adjoint.indices).issubset(
            index
            for base, _ in term.factors
            if not isinstance(base, Delta)
            for index in free_indices(base)
        )
        for term in adjoint.terms
    )
