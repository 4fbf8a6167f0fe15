"""Keep what is known while a formula is read: names, indices, places, and what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from symgrad.errors import FormulaError, Span
from symgrad.language.accesses import is_decided_by_data
from symgrad.language.expr import Expr, Index, IndexValue, bound_indices, rename, walk
from symgrad.language.limits import EXPANDED_SIZE, INDICES
from symgrad.language.statement import Construct
from symgrad.language.syntax import Let, Syntax
from symgrad.language.tokens import Names

Place = tuple[str, int]
"""One axis of a tensor."""


@dataclass
class IndexUse:
    """One index of a statement: where it is bound, and the bound that it was given."""

    index: Index
    span: Span
    statement: int
    bound: Expr | None = None
    left: bool = False


@dataclass(frozen=True)
class AxisUse:
    """One subscript of one tensor, as read or assigned."""

    name: str
    axis: int
    subscript: Expr
    span: Span
    statement: int
    target: bool = False
    padded: bool = False


@dataclass
class Reading:
    """A formula while it is read; each stage adds what it finds.

    Attributes:
        text: the formula.
        names: function names and declared names.
        constants: the declared constants.
        scalars: names that are surely no indices: constants, scalar targets, declared scalars.
        declared: every declared name.
        targets: for each assigned name the numbers of its statements.
        reads: for each name that is read the sort key of its first appearance.
        ranks: for each tensor its number of subscripts, and the place that showed it.
        integers: names used where only an integer makes sense, and where.
        whole: the assigned scalars that shapes and constants decide, with what they are.
        constructs: what the language has and no derivation covers yet.
    """

    text: str
    names: Names
    constants: Mapping[str, object]
    scalars: frozenset[str]
    declared: frozenset[str]
    targets: dict[str, list[int]] = field(default_factory=dict)
    reads: dict[str, tuple[int, int]] = field(default_factory=dict)
    ranks: dict[str, tuple[int, Span]] = field(default_factory=dict)
    integers: dict[str, Span] = field(default_factory=dict)
    lets: dict[str, Let] = field(default_factory=dict)
    axis_uses: list[AxisUse] = field(default_factory=list)
    index_uses: list[IndexUse] = field(default_factory=list)
    comparisons: list[tuple[Expr, Expr]] = field(default_factory=list)
    equal_axes: list[tuple[Place, Place]] = field(default_factory=list)
    sizes: list[tuple[Index, int, Span]] = field(default_factory=list)
    lengths: list[tuple[str, int, Span]] = field(default_factory=list)
    copies: list[tuple[Index, Index]] = field(default_factory=list)
    constructs: list[Construct] = field(default_factory=list)
    readers: dict[str, set[int]] = field(default_factory=dict)
    arg_targets: dict[str, Index] = field(default_factory=dict)
    whole: dict[str, Expr] = field(default_factory=dict)
    constants_read: set[str] = field(default_factory=set)
    places: dict[str, Span] = field(default_factory=dict)
    expanded: int = 0

    def fail(
        self, message: str, spans: Syntax | Span | Iterable[Syntax | Span], advice: str
    ) -> NoReturn:
        """Raise the FormulaError with the carets at `spans`."""
        places = [spans] if isinstance(spans, (Syntax, Span)) else list(spans)
        raise FormulaError(
            message,
            self.text,
            [place.span if isinstance(place, Syntax) else place for place in places],
            advice,
        )

    def written(self, node: Syntax) -> str:
        """Return the text of a node."""
        return self.text[node.span.start : node.span.stop]

    def found(self, kind: str, span: Span) -> None:
        """Record a construct that can't be derived yet."""
        construct = Construct(kind, span)
        if construct not in self.constructs:
            self.constructs.append(construct)

    def place_of(self, name: str) -> Span:
        """Return where a name is read first."""
        return self.places[name]

    def read_elsewhere(self, name: str) -> bool:
        """Say whether a statement that does not assign `name` reads it."""
        return bool(self.readers.get(name, set()).difference(self.targets[name]))

    def is_decided_by_data(self, expr: Expr) -> bool:
        """Say whether an index expression reads what neither shapes nor constants give."""
        assigned = (name for name in expr.names if name in self.targets and name not in self.whole)
        return is_decided_by_data(expr) or any(assigned)

    def is_recurrent(self, name: str) -> bool:
        """Say whether a statement reads the name that it assigns."""
        return not self.readers.get(name, set()).isdisjoint(self.targets[name])

    def new_index(self, name: str, span: Span, statement: int, *, left: bool = False) -> Index:
        """Make an index; its range is found when all statements are read."""
        index = Index(name)
        self.index_uses.append(IndexUse(index, span, statement, left=left))
        return index

    def copy(self, expr: Expr) -> Expr:
        """Return `expr` with bound indices of its own, as each use of an argument needs them."""
        bound = [index for part in walk(expr) for index in bound_indices(part)]
        mapping = {index: index.fresh() for index in bound}
        self.copies += [(new, old) for old, new in mapping.items()]
        return rename(expr, mapping)

    def new_size(self, name: str, span: Span, statement: int) -> Index:
        """Return a stand-in for `size(k)` of an index that holds elsewhere in the statement."""
        index = Index(name)
        self.sizes.append((index, statement, span))
        return index

    def use_of(self, index: Index) -> IndexUse:
        """Return the record of an index."""
        return next(use for use in reversed(self.index_uses) if use.index is index)

    def note_rank(self, name: str, rank: int, span: Span) -> None:
        """Check that a tensor always has the same number of subscripts."""
        known = self.ranks.setdefault(name, (rank, span))
        if known[0] != rank:
            self.fail(
                f"{name} has {_count(known[0])} in one place and {_count(rank)} in another",
                [known[1], span],
                f"give {name} the same number of subscripts everywhere, or use another name",
            )

    def note_expansion(self, size: int, span: Span) -> None:
        """Stop formulas whose `let` functions blow up when they are written out."""
        self.expanded += size
        EXPANDED_SIZE.check(self.expanded, self.text, [span])


def _count(rank: int) -> str:
    return "no subscripts" if rank == 0 else f"{rank} subscript{'s' * (rank > 1)}"


@dataclass(frozen=True)
class Scope:
    """What holds at one place of a statement.

    Attributes:
        reading: the formula.
        statement: number of the statement.
        target: the name it assigns.
        whole_target: that name, with the letters of a bare subscript that look like a word.
        subscripts: the subscripts on the left side.
        sums: the sums of the summation convention, by product.
        indices: the indices that hold here, by name.
        parameters: the arguments of the `let` function that is being written out.
        phase: 0 in the statement; 1 in `size`, `for` and `let`, whose names come last as inputs.
        depth: how deeply the bodies of the `let` functions around are nested.
    """

    reading: Reading
    statement: int
    target: str
    whole_target: str = ""
    subscripts: tuple[Expr, ...] = ()
    sums: Mapping[Syntax, tuple[str, ...]] = field(default_factory=dict)
    indices: Mapping[str, Index] = field(default_factory=dict)
    parameters: Mapping[str, Expr] | None = None
    phase: int = 0
    depth: int = 0

    def with_indices(self, indices: Mapping[str, Index]) -> Scope:
        """Return the scope inside a reduction."""
        inner = {**self.indices, **indices}
        if len(inner) > INDICES.most:
            last = self.reading.use_of(next(reversed(inner.values())))
            raise INDICES.error(self.reading.text, [last.span])
        return replace(self, indices=inner)

    def last(self) -> Scope:
        """Return the scope for names that come last among the inputs."""
        return replace(self, phase=1)

    def read(self, name: str, rank: int, span: Span) -> None:
        """Note that a tensor or scalar is read here."""
        self.read_name(name, span)
        self.reading.note_rank(name, rank, span)

    def read_name(self, name: str, span: Span) -> None:
        """Note that a name is mentioned here, with or without subscripts."""
        reading = self.reading
        self.check_readable(name, span)
        reading.readers.setdefault(name, set()).add(self.statement)
        if name in reading.constants:
            reading.constants_read.add(name)
            return
        key = (self.phase, span.start)
        if key < reading.reads.get(name, (2, 0)):
            reading.reads[name] = key
            reading.places[name] = span

    def check_readable(self, name: str, span: Span) -> None:
        """Refuse a name that is a function, or assigned in a later statement only."""
        reading = self.reading
        if name in (*reading.names.opaque, *reading.names.functions):
            reading.fail(
                f"{name} is a function and stands here without its argument",
                span,
                f"write {name}(...)",
            )
        numbers = reading.targets.get(name)
        if not numbers or numbers[-1] < self.statement or self.statement in numbers:
            return
        if numbers[0] < self.statement:
            if reading.is_recurrent(name):
                return
            reading.fail(
                f"{name} is read before all of its parts are assigned",
                span,
                f"move this statement behind the last one that assigns {name}",
            )
        reading.fail(
            f"{name} is read before its assignment",
            span,
            f"move the statement that assigns {name} before this one, or rename one of the two",
        )


def plain_index(expr: Expr) -> Index | None:
    """Return the index when the expression is one, else None."""
    return expr.index if isinstance(expr, IndexValue) else None
