"""Parse a formula's text into surface statements; every mistake of spelling is found here."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from lark import Token
from lark.exceptions import UnexpectedToken, VisitError
from lark.visitors import Transformer_NonRecursive

from symgrad.errors import FormulaError, Span
from symgrad.language.limits import (
    DIGITS,
    FACTORS,
    LARGEST_NUMBER,
    LEAST_NUMBER,
    NESTING,
    SIZE,
    SUBSCRIPTS,
    TERMS,
    Limit,
)
from symgrad.language.mistakes import explain
from symgrad.language.syntax import (
    Apply,
    Assignment,
    Chain,
    Comparison,
    Group,
    Let,
    Logic,
    Name,
    Negative,
    Numeral,
    Opaque,
    Raised,
    Reduction,
    Sum,
    Syntax,
    Tensor,
)
from symgrad.language.tokens import (
    LETTER,
    LETTERS,
    Names,
    grammar,
    plain,
    reduction_name,
    span_of,
    tokenize,
)

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_TAKES_A_TENSOR = ("size", "inv", "det", "logdet")
_SIDE_BY_SIDE: dict[type[Syntax], Limit] = {Chain: FACTORS, Tensor: SUBSCRIPTS}
_COMPARISONS = {"≤": "<=", "≥": ">=", "≠": "!="}
_PRODUCTS = {"STAR": "*", "SLASH": "/", "FLOOR": "//", "PERCENT": "%"}


def parse(text: str, whole: frozenset[str] = frozenset()) -> tuple[tuple[Syntax, ...], Names]:
    """Return the statements of a formula as written, and the function names it declares.

    Args:
        text: the formula.
        whole: declared names, which are never split at an underscore.

    Raises:
        FormulaError: where the text is no formula.
    """
    tokens, names = tokenize(text, whole)
    if not tokens:
        raise FormulaError("the formula is empty", advice="write a statement: y_ij = x_ij + b_j")
    tree = _parse_tokens(text, tokens)
    try:
        builder = _Builder(text, names, _long_names(tokens))
        statements: tuple[Syntax, ...] = builder.transform(tree)
    except VisitError as error:
        raise error.orig_exc from None
    return statements, names


def _parse_tokens(text: str, tokens: Sequence[Token]) -> Any:
    state = grammar().parse_interactive("")
    for position, token in enumerate(tokens):
        try:
            state.feed_token(token)
        except UnexpectedToken:
            raise explain(text, tokens, position, _accepted(state)) from None
    try:
        return state.feed_eof(tokens[-1])  # type: ignore[no-untyped-call]
    except UnexpectedToken:
        raise explain(text, tokens, len(tokens), _accepted(state)) from None


def _accepted(state: Any) -> set[str]:
    accepted: set[str] = state.accepts()
    return accepted


def _long_names(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the words alone in brackets, or among others in braces: `x[batch, time]`."""
    found: set[str] = set()
    stack: list[str] = []
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if before.type in ("LEFT_BRACKET", "LEFT_BRACE", "LEFT_PAREN"):
            stack.append(before.type)
        elif before.type in ("RIGHT_BRACKET", "RIGHT_BRACE", "RIGHT_PAREN") and stack:
            stack.pop()
        alone = before.type in ("LEFT_BRACKET", "LEFT_BRACE", "COMMA") and after.type in (
            "RIGHT_BRACKET",
            "RIGHT_BRACE",
            "COMMA",
        )
        listed = "COMMA" in (before.type, after.type)
        inside = stack[-1] if stack else ""
        whole = inside == "LEFT_BRACKET" or (inside == "LEFT_BRACE" and listed)
        if token.type == "NAME" and alone and whole:
            found.add(str(token))
    return frozenset(found)


def letters_of(text: str, start: int) -> tuple[Name, ...]:
    """Return the indices of a run of letters; each has the place of the whole run."""
    span = Span(start, start + len(text))
    return tuple(Name(span, letter) for letter in LETTER.findall(text))


class _Builder(Transformer_NonRecursive[Token, Any]):
    """Make surface nodes of the parse tree, from the leaves up."""

    def __init__(self, text: str, names: Names, long_names: frozenset[str]) -> None:
        super().__init__()
        self.text = text
        self.names = names
        self.long_names = long_names

    # --- statements

    def start(self, children: list[Any]) -> tuple[Syntax, ...]:
        return tuple(child for child in children if not isinstance(child, Token))

    def assignment(self, children: list[Any]) -> Syntax:
        target, _, value, *clause = children
        bounds = clause[1] if clause and clause[1] else ()
        span = target.span.to((bounds[-1] if bounds else value).span)
        return self.checked(Assignment(span, target, value, bounds))

    def let(self, children: list[Any]) -> Syntax:
        keyword, name, parameters, _, _, body = children
        for parameter in parameters:
            if not isinstance(parameter, Name):
                raise FormulaError(
                    "an argument of a function is a plain name",
                    self.text,
                    [parameter.span],
                    f"write let {name}(t) = ...",
                )
        span = span_of(keyword).to(body.span)
        return self.checked(Let(span, str(name), span_of(name), parameters, body))

    def opaque(self, children: list[Any]) -> Syntax:
        keyword, names = children
        for name in names:
            if not isinstance(name, Name):
                raise FormulaError(
                    "opaque is followed by the names of functions",
                    self.text,
                    [name.span],
                    "write opaque g, and then g(x_ij) in a statement",
                )
        return Opaque(span_of(keyword).to(names[-1].span), names)

    def items(self, children: list[Any]) -> tuple[Syntax, ...]:
        found = tuple(child for child in children if not isinstance(child, Token))
        TERMS.check(len(found), self.text, [found[-1].span])
        return found

    # --- conditions

    def any_of(self, children: list[Any]) -> Syntax:
        return self.logic("or", children)

    def all_of(self, children: list[Any]) -> Syntax:
        return self.logic("and", children)

    def negated(self, children: list[Any]) -> Syntax:
        keyword, body = children
        return self.checked(Logic(span_of(keyword).to(body.span), "not", (body,)))

    def logic(self, op: str, children: list[Any]) -> Syntax:
        args = tuple(children[::2])
        return self.checked(Logic(args[0].span.to(args[-1].span), op, args))

    def comparison(self, children: list[Any]) -> Syntax:
        operands = tuple(children[::2])
        operators = tuple(_COMPARISONS.get(str(op), str(op)) for op in children[1::2])
        return self.checked(Comparison(operands[0].span.to(operands[-1].span), operators, operands))

    # --- arithmetic

    def sum(self, children: list[Any]) -> Syntax:
        terms = tuple(children[::2])
        signs = tuple("+" if sign.type == "PLUS" else "-" for sign in children[1::2])
        return self.checked(Sum(terms[0].span.to(terms[-1].span), signs, terms))

    def extend(self, children: list[Any]) -> Syntax:
        chain, operator, item = children
        return self.chain(chain, _PRODUCTS[operator.type], item)

    def juxtapose(self, children: list[Any]) -> Syntax:
        return self.chain(children[0], "*", children[1])

    def chain(self, chain: Syntax, operator: str, item: Syntax) -> Syntax:
        span = chain.span.to(item.span)
        if isinstance(chain, Chain):
            return self.checked(Chain(span, (*chain.operators, operator), (*chain.items, item)))
        return self.checked(Chain(span, (operator,), (chain, item)))

    def negative(self, children: list[Any]) -> Syntax:
        sign, body = children
        span = span_of(sign).to(body.span)
        if isinstance(body, Numeral):
            return Numeral(span, -body.value)
        return self.checked(Negative(span, body))

    def positive(self, children: list[Any]) -> Syntax:
        sign, body = children
        return self.checked(Group(span_of(sign).to(body.span), body))

    def raised(self, children: list[Any]) -> Syntax:
        base, _, exponent = children
        return self.checked(Raised(base.span.to(exponent.span), base, exponent))

    def superscripted(self, children: list[Any]) -> Syntax:
        base, token = children
        digits = token.translate(_SUPERSCRIPTS)
        exponent = self.numeral(Token.new_borrow_pos("NUMBER", digits, token))
        return self.checked(Raised(base.span.to(exponent.span), base, exponent))

    def root(self, children: list[Any]) -> Syntax:
        sign, body = children
        span = span_of(sign).to(body.span)
        return self.checked(Apply(span, "sqrt", span_of(sign), (body,)))

    def grouped(self, children: list[Any]) -> Syntax:
        left, body, right = children
        return self.checked(Group(span_of(left).to(span_of(right)), body))

    # --- names

    def number(self, children: list[Any]) -> Syntax:
        return self.numeral(children[0])

    def numeral(self, token: Token) -> Numeral:
        mantissa, _, exponent = token.lower().partition("e")
        long = len(mantissa) > DIGITS.most or len(exponent) > 4
        value = Fraction(0 if long else str(token))
        if long or value > LARGEST_NUMBER or 0 < value < LEAST_NUMBER:
            raise DIGITS.error(self.text, [span_of(token)])
        return Numeral(span_of(token), value)

    def name(self, children: list[Any]) -> Syntax:
        token = children[0]
        name, underscore, letters = token.rpartition("_")
        if token in self.names.whole or not underscore or not LETTERS.fullmatch(letters):
            return Name(span_of(token), str(token))
        start = span_of(token).stop - len(letters)
        return self.checked(Tensor(span_of(token), name, letters_of(letters, start)))

    def bracketed(self, children: list[Any]) -> Syntax:
        name, subscripts, closing = children
        span = span_of(name).to(span_of(closing))
        return self.checked(Tensor(span, str(name), subscripts or ()))

    def braced(self, children: list[Any]) -> Syntax:
        name, subscripts, closing = children
        span = span_of(name).to(span_of(closing))
        return self.checked(Tensor(span, name[:-1], self.split_letters(subscripts)))

    def call(self, children: list[Any]) -> Syntax:
        name, args, closing = children
        return self.apply(name, args or (), (), closing)

    def indexed_call(self, children: list[Any]) -> Syntax:
        name, args, _, subscripts, closing = children
        return self.apply(name, args or (), subscripts, closing)

    def apply(
        self, name: Token, args: Sequence[Syntax], subscripts: tuple[Syntax, ...], closing: Token
    ) -> Syntax:
        if name in _TAKES_A_TENSOR and args:
            args = (self.whole(args[0]), *args[1:])
        span = span_of(name).to(span_of(closing))
        return self.checked(Apply(span, str(name), span_of(name), tuple(args), subscripts))

    def whole(self, node: Syntax) -> Syntax:
        """Return `log_p` as a name, not as `log` with the index p."""
        written = self.text[node.span.start : node.span.stop]
        if isinstance(node, Tensor) and not set("[{") & set(written):
            return Name(node.span, plain(written))
        return node

    # --- reductions

    def short_reduction(self, children: list[Any]) -> Syntax:
        token, body = children
        letters = token.partition("_")[2]
        items = letters_of(letters, span_of(token).stop - len(letters))
        return self.reduction(token, items, (), body)

    def long_reduction(self, children: list[Any]) -> Syntax:
        token, items, _, conditions, body = children
        return self.reduction(token, self.split_letters(items), conditions or (), body)

    def reduction(
        self, token: Token, items: Sequence[Syntax], conditions: Sequence[Syntax], body: Syntax
    ) -> Syntax:
        op = reduction_name(str(token)) or str(token)
        if self.text[body.span.start] == "+":
            head = self.text[span_of(token).start : body.span.start].rstrip()
            raise FormulaError(
                f"{head} has nothing to reduce",
                self.text,
                [span_of(token)],
                "write what is reduced behind it; a reduction stops at + or -",
            )
        span = span_of(token).to(body.span)
        return self.checked(
            Reduction(span, op, span_of(token), tuple(items), tuple(conditions), body)
        )

    # --- inside braces

    def split_letters(self, items: tuple[Syntax, ...]) -> tuple[Syntax, ...]:
        """Return `{ij}` as `{i,j}`; a longer list of words has long names."""
        only = items[0]
        if len(items) > 1 or not isinstance(only, Name) or only.name in self.names.whole:
            return items
        if only.name in self.long_names or not LETTERS.fullmatch(only.name):
            return items
        return letters_of(only.name, only.span.start)

    def checked(self, node: Syntax) -> Syntax:
        """Return the node when it is small enough."""
        side = _SIDE_BY_SIDE.get(type(node), TERMS)
        side.check(len(node.parts), self.text, [part.span for part in node.parts[-1:]])
        NESTING.check(node.depth, self.text, [node.span])
        SIZE.check(node.size, self.text, [node.span])
        return node
