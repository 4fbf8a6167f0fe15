"""Lay out an expression: the order of its parts, signs, quotients, brackets and index letters.

The walk is the same for every notation; a `Notation` spells the parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import singledispatch

from symgrad.formats.naming import Scope
from symgrad.formats.notation import Level, Notation, Piece
from symgrad.formats.products import Product, split_product
from symgrad.formats.ranges import Range, range_of
from symgrad.language.expr import (
    Add,
    And,
    ArgReduce,
    AxisLength,
    Call,
    Compare,
    Constant,
    Delta,
    Element,
    Expr,
    Extent,
    FloorDiv,
    Index,
    IndexValue,
    Indicator,
    MatrixFunction,
    Mod,
    Mul,
    Not,
    Number,
    OpaqueCall,
    Or,
    Pad,
    Power,
    Reduce,
    StopGradient,
    Where,
)
from symgrad.language.lengths import NO_LENGTHS, Lengths
from symgrad.language.program import Partial

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Page:
    """Where a piece is printed.

    Attributes:
        notation: how things are spelled.
        scope: the visible indices.
        partials: in the steps of a derivation, the output each incoming gradient belongs to;
            None outside of steps.
        lengths: how far the axes of tensors reach, where that is known.
        compact: whether to leave out the spaces around `+` and `<`, as in subscripts.
    """

    notation: Notation
    scope: Scope
    partials: Mapping[str, str] | None = None
    lengths: Lengths = NO_LENGTHS
    compact: bool = False

    @property
    def in_steps(self) -> bool:
        """Whether this is a step of a derivation: shown, and never parsed."""
        return self.partials is not None

    def text(self, expr: Expr, level: Level = Level.OR) -> str:
        """Return the text of `expr`, in brackets when it is looser than `level`."""
        return self.enclose(layout(expr, self), level)

    def enclose(self, piece: Piece, level: Level) -> str:
        """Return the text of a piece, in brackets when it is looser than `level`."""
        loose = min(piece.level, Level.SUM) if piece.negative else piece.level
        return self.notation.bracket(piece.signed()) if loose < level else piece.signed()

    def squeezed(self) -> Page:
        """Return the page without spaces."""
        return self if self.compact else replace(self, compact=True)


@singledispatch
def layout(expr: Expr, page: Page) -> Piece:
    """Print `expr` as a piece."""
    raise AssertionError(f"no layout for {type(expr).__name__}")


# --- atoms ---------------------------------------------------------------------------------------


@layout.register
def _(expr: Number, page: Page) -> Piece:
    return _product_piece(split_product((expr,)), page)


@layout.register
def _(expr: Constant, page: Page) -> Piece:
    return page.notation.constant(expr.name)


@layout.register
def _(expr: Element, page: Page) -> Piece:
    if page.partials and expr.name in page.partials:
        output = Element(page.partials[expr.name], expr.subscripts)
        return page.notation.partial("L", _element(output, page).text)
    return _element(expr, page)


def _element(expr: Element, page: Page) -> Piece:
    squeezed = page.squeezed()
    return page.notation.element(expr.name, [squeezed.text(part) for part in expr.subscripts])


@layout.register
def _(expr: IndexValue, page: Page) -> Piece:
    return page.notation.index(page.scope.letter(expr.index))


@layout.register
def _(expr: Extent, page: Page) -> Piece:
    return page.notation.extent(page.scope.letter(expr.index))


@layout.register
def _(expr: AxisLength, page: Page) -> Piece:
    index = page.scope.index_of_extent(expr)
    if index is not None:
        return page.notation.extent(page.scope.letter(index))
    return page.notation.axis_length(expr.name, expr.axis, page.compact)


@layout.register
def _(expr: Partial, page: Page) -> Piece:
    return page.notation.partial(
        _element(expr.numerator, page).text, _element(expr.denominator, page).text
    )


# --- arithmetic ----------------------------------------------------------------------------------


@layout.register
def _(expr: Add, page: Page) -> Piece:
    pieces = [layout(term, page) for term in expr.terms]
    first = next((n for n, piece in enumerate(pieces) if not piece.negative), 0)
    pieces.insert(0, pieces.pop(first))
    plus, minus = page.notation.plus(page.compact)
    texts = [page.enclose(replace(piece, negative=False), Level.PRODUCT) for piece in pieces]
    joined = "-" * pieces[0].negative + texts[0]
    for piece, text in zip(pieces[1:], texts[1:], strict=True):
        joined += (minus if piece.negative else plus) + text
    return Piece(joined, Level.SUM)


@layout.register
def _(expr: Mul, page: Page) -> Piece:
    return _product_piece(split_product(expr.factors), page)


@layout.register
def _(expr: Power, page: Page) -> Piece:
    exponent = expr.exponent
    if isinstance(exponent, Number) and exponent.value < 0:
        return _product_piece(split_product((expr,)), page)
    if isinstance(exponent, Number) and exponent.value == HALF:
        return page.notation.root(page.text(expr.base))
    return page.notation.power(page.text(expr.base, Level.ATOM), layout(exponent, page))


@layout.register
def _(expr: FloorDiv, page: Page) -> Piece:
    level = Level.POWER if page.notation.brackets_fractions else Level.OR
    return page.notation.floor_div(page.text(expr.left, level), page.text(expr.right, level))


@layout.register
def _(expr: Mod, page: Page) -> Piece:
    return page.notation.mod(page.text(expr.left, Level.POWER), page.text(expr.right, Level.POWER))


@layout.register
def _(expr: Call, page: Page) -> Piece:
    return page.notation.call(expr.function, [layout(arg, page) for arg in expr.args])


@layout.register
def _(expr: OpaqueCall, page: Page) -> Piece:
    return page.notation.opaque(expr.function, expr.order, page.text(expr.arg))


@layout.register
def _(expr: StopGradient, page: Page) -> Piece:
    return page.notation.word("stop_gradient", [page.text(expr.body)])


@layout.register
def _(expr: Pad, page: Page) -> Piece:
    element = page.text(expr.element)
    zero = isinstance(expr.value, Number) and expr.value.value == 0
    return page.notation.word("pad", [element] if zero else [element, page.text(expr.value)])


@layout.register
def _(expr: MatrixFunction, page: Page) -> Piece:
    name = page.notation.element(expr.name, ())
    function = page.notation.word(expr.function, [name.text])
    if not expr.subscripts:
        return function
    squeezed = page.squeezed()
    return page.notation.subscripted(
        function.text, [squeezed.text(part) for part in expr.subscripts]
    )


# --- products ------------------------------------------------------------------------------------


def _product_piece(product: Product, page: Page) -> Piece:
    if product.indicators and not page.notation.iverson:
        condition = And(product.indicators) if product.indicators[1:] else product.indicators[0]
        inner = _magnitude(replace(product, indicators=()), page)
        spaced = replace(page, compact=False)
        piece = page.notation.where(spaced.text(condition), inner.text, "0")
    else:
        piece = _magnitude(product, page)
    if product.negative and piece.level < Level.PRODUCT:
        piece = Piece(page.notation.bracket(piece.signed()))
    return replace(piece, negative=product.negative != piece.negative)


def _magnitude(product: Product, page: Page) -> Piece:
    above = [layout(factor, page) for factor in product.above]
    below = [layout(factor, page) for factor in product.below]
    brackets = [page.notation.indicator(page.text(c)) for c in product.indicators]
    last = [*brackets, *(layout(delta, page) for delta in product.deltas)]
    number = product.numerator
    partials = [n for n, factor in enumerate(product.above) if _is_partial(factor, page)]
    if not partials:
        if number != "1" or not (above or last):
            above.insert(0, page.notation.number(number))
        return _quotient([*above, *last], below, page)
    cut = partials[-1] + 1
    front, rest = above[:cut], above[cut:]
    if below and rest:
        rest = [_quotient(rest, below, page, followed=bool(last))]
    elif below:
        front.insert(0, _quotient([page.notation.number(number)], below, page, followed=True))
        number = "1"
    if number != "1":
        front.insert(0, page.notation.number(number))
    return _chain([*front, *rest, *last], page, spaced=True)


def _is_partial(factor: Expr, page: Page) -> bool:
    if isinstance(factor, Partial):
        return True
    return isinstance(factor, Element) and factor.name in (page.partials or {})


def _quotient(
    above: Sequence[Piece], below: Sequence[Piece], page: Page, followed: bool = False
) -> Piece:
    if not below:
        return _chain(above, page)
    if not page.notation.brackets_fractions:
        return page.notation.fraction(_chain(above, page), _chain(below, page).signed())
    open_end = len(below) == 1 and below[0].reaches and not followed
    if open_end and not any(piece.reaches for piece in above):
        denominator = below[0].text
    else:
        denominator = page.enclose(_chain(below, page), Level.POWER)
    numerator = page.enclose(_chain(above, page, followed=True), Level.PRODUCT)
    return page.notation.fraction(Piece(numerator), denominator)


def _chain(
    pieces: Sequence[Piece], page: Page, spaced: bool = False, followed: bool = False
) -> Piece:
    """Join factors. A reduction stays without brackets when it is the only one and the last."""
    if len(pieces) == 1 and not (followed and pieces[0].reaches):
        return pieces[0]
    open_end = not followed and sum(piece.reaches for piece in pieces) == 1
    texts = [page.enclose(piece, _factor_level(piece, spaced)) for piece in pieces]
    if open_end and pieces[-1].reaches:
        texts[-1] = pieces[-1].text
    return Piece(page.notation.product(texts, spaced), Level.PRODUCT)


def _factor_level(piece: Piece, spaced: bool) -> Level:
    """Between spaces a quotient reads well as a factor: `1/size(i) dL/dy_ij`."""
    return Level.PRODUCT if spaced and not piece.reaches else Level.POWER


# --- conditions ----------------------------------------------------------------------------------


@layout.register
def _(expr: Compare, page: Page) -> Piece:
    left, right = page.text(expr.left, Level.SUM), page.text(expr.right, Level.SUM)
    return Piece(page.notation.compare(left, expr.op, right, page.compact), Level.COMPARE)


@layout.register
def _(expr: And, page: Page) -> Piece:
    texts = [page.text(arg, Level.NOT) for arg in expr.args]
    return Piece(page.notation.connect("and", texts), Level.AND)


@layout.register
def _(expr: Or, page: Page) -> Piece:
    texts = [page.text(arg, Level.AND) for arg in expr.args]
    return Piece(page.notation.connect("or", texts), Level.OR)


@layout.register
def _(expr: Not, page: Page) -> Piece:
    return Piece(page.notation.connect("not", [page.text(expr.arg, Level.ATOM)]), Level.NOT)


@layout.register
def _(expr: Where, page: Page) -> Piece:
    spaced = replace(page, compact=False)
    return page.notation.where(
        spaced.text(expr.condition), page.text(expr.then), page.text(expr.otherwise)
    )


@layout.register
def _(expr: Indicator, page: Page) -> Piece:
    return _product_piece(split_product((expr,)), page)


@layout.register
def _(expr: Delta, page: Page) -> Piece:
    sides = (expr.left, expr.right)
    if isinstance(expr.right, IndexValue) and not isinstance(expr.left, IndexValue):
        sides = (expr.right, expr.left)  # the index, then the place that it must be
    left, right = (page.squeezed().text(side) for side in sides)
    plain = isinstance(expr.left, IndexValue) and isinstance(expr.right, IndexValue)
    if page.in_steps and plain and len(left) == len(right) == 1:
        first, second = sorted((left, right))
        return page.notation.delta(first, second, subscripts=True)
    return page.notation.delta(left, right, subscripts=False)


# --- reductions ----------------------------------------------------------------------------------


@layout.register
def _(expr: Reduce, page: Page) -> Piece:
    return _reduction(range_of(expr, page.lengths), page)


@layout.register
def _(expr: ArgReduce, page: Page) -> Piece:
    reduction = Reduce(expr.op, (expr.index,), expr.condition, expr.body)
    return _reduction(range_of(reduction, page.lengths), page)


def _reduction(run: Range, page: Page) -> Piece:
    inside = [run.body, *run.conditions]
    inner = replace(page, scope=page.scope.bind(run.indices, inside))
    letters = [inner.notation.index(inner.scope.letter(index)).text for index in run.indices]
    bounded = [i for i in run.bounded if not (page.in_steps and isinstance(i.extent, AxisLength))]
    conditions = [bound(index, inner) for index in bounded]
    conditions += [inner.squeezed().text(condition, Level.OR) for condition in run.conditions]
    begins = bool(bounded) or run.begins_with_index
    short = len(letters) == len(conditions) == 1 and begins
    prefix = page.notation.reduction(run.op, letters, conditions, short)
    return Piece(f"{prefix} {inner.text(run.body, Level.PRODUCT)}", Level.PRODUCT, reaches=True)


def bound(index: Index, page: Page, compact: bool = True) -> str:
    """Print how far an index runs; no other index may occur, so lengths name their tensor."""
    if index.extent is None:
        raise AssertionError(f"index {index!r} has no extent")
    bare = replace(page.squeezed(), scope=Scope(scalars=page.scope.scalars))
    letter = page.notation.index(page.scope.letter(index)).text
    return page.notation.compare(letter, "<", bare.text(index.extent, Level.SUM), compact)


def page_for(
    notation: Notation,
    exprs: Iterable[Expr],
    indices: Iterable[Index] = (),
    partials: Mapping[str, str] | None = None,
    lengths: Lengths = NO_LENGTHS,
) -> Page:
    """Return the page on which `exprs` are printed, `indices` being bound around them."""
    return Page(notation, Scope.around(exprs, indices), partials, lengths)
