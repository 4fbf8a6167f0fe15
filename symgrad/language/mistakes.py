"""Explain why a token can't stand where it stands, in the words of the formula language."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from lark import Token

from symgrad.errors import FormulaError, Span
from symgrad.language.foreign import einsum_string, foreign_assignment

_OPENING = {"LEFT_PAREN": "(", "LEFT_BRACKET": "[", "LEFT_BRACE": "{"}
_CLOSING = {"RIGHT_PAREN": "(", "RIGHT_BRACKET": "[", "RIGHT_BRACE": "{"}
_BETWEEN = (
    *("PLUS", "MINUS", "STAR", "SLASH", "FLOOR", "PERCENT", "POWER", "COMPARISON"),
    *("AND", "OR", "NOT", "EQUALS", "COMMA", "COLON", "FOR", "ROOT"),
)
_MISPLACED_WORDS = {
    "FOR": "write for i < n once, at the end of a statement",
    "NOT": "put the condition in brackets: a and (not b)",
    "REDUCE": "put the reduction in brackets",
    "REDUCE_OPEN": "put the reduction in brackets",
}


@dataclass(frozen=True)
class _Place:
    """The token that could not be taken, with what stands around it.

    Attributes:
        text: the formula.
        tokens: all tokens.
        position: number of the token; len(tokens) at the end.
        accepted: the kinds of token that could have stood there.
    """

    text: str
    tokens: Sequence[Token]
    position: int
    accepted: Collection[str]

    @property
    def kind(self) -> str:
        """The kind of the token; END after the last of a statement."""
        if self.position >= len(self.tokens) or self.tokens[self.position].type == "SEPARATOR":
            return "END"
        return self.tokens[self.position].type

    @property
    def before(self) -> Token | None:
        """The token before, in the same statement."""
        if self.position == 0 or self.tokens[self.position - 1].type == "SEPARATOR":
            return None
        return self.tokens[self.position - 1]

    @property
    def span(self) -> Span:
        """Where the caret goes: under the token, or behind the last one of the statement."""
        if self.kind == "END":
            return _behind(self.tokens[self.position - 1])
        return _span(self.tokens[self.position])

    @property
    def word(self) -> str:
        """The token as written."""
        return "the end of the line" if self.kind == "END" else _written(self, self.span)

    def statement(self) -> list[Token]:
        """Return the tokens of the statement, up to this one."""
        start = self.position
        while start > 0 and self.tokens[start - 1].type != "SEPARATOR":
            start -= 1
        return list(self.tokens[start : self.position])

    def opener(self) -> int | None:
        """Return the position of the bracket that is open here."""
        depth = 0
        for position in range(self.position - 1, -1, -1):
            kind = self.tokens[position].type
            depth += (kind in _CLOSING) - (kind in _OPENING)
            if depth < 0:
                return position
        return None

    def error(self, message: str, advice: str, span: Span | None = None) -> FormulaError:
        """Return the error with its caret at `span`, by default at the token."""
        return FormulaError(message, self.text, [span or self.span], advice)


def explain(
    text: str, tokens: Sequence[Token], position: int, accepted: Collection[str]
) -> FormulaError:
    """Return the error for the first token that the grammar could not take."""
    place = _Place(text, tokens, position, accepted)
    return next(error for rule in EXPLANATIONS if (error := rule(place)) is not None)


def _span(token: Token) -> Span:
    start = token.start_pos or 0
    return Span(start, token.end_pos or start + len(token))


def _behind(token: Token) -> Span:
    stop = _span(token).stop
    return Span(stop, stop)


def _written(place: _Place, span: Span) -> str:
    return place.text[span.start : span.stop]


def _of_another_language(place: _Place) -> FormulaError | None:
    """`y := x`, `y += x`, `x -> y`, and the strings of einsum."""
    first = place.position if place.kind != "END" else place.position - 1
    tokens = [place.tokens[position] for position in (first, first - 1) if position >= 0]
    return einsum_string(place.text) or foreign_assignment(place.text, [_span(t) for t in tokens])


def _empty_reduction(place: _Place) -> FormulaError | None:
    """`y_i = sum_k` and `sum_{k<=j}` with nothing behind."""
    before = place.before
    if before is None or before.type not in ("REDUCE", "RIGHT_BRACE") or place.kind == "EQUALS":
        return None
    if "NUMBER" not in place.accepted or "STAR" in place.accepted:
        return None
    start = place.position - 1
    while place.tokens[start].type not in ("REDUCE", "REDUCE_OPEN"):
        start -= 1
    head = _written(place, Span(_span(place.tokens[start]).start, _span(before).stop))
    return place.error(
        f"{head} has nothing to reduce",
        f"write what is reduced behind it: {head} x_ik",
        _span(place.tokens[start]),
    )


def _comparison_for_assignment(place: _Place) -> FormulaError | None:
    """`y_ij == x_ij`, `y_ij <- x_ij`."""
    if place.kind != "END" or "EQUALS" not in place.accepted:
        return None
    depth = 0
    for token in place.statement():
        depth += (token.type in _OPENING) - (token.type in _CLOSING)
        arrow = token == "<" and place.text.startswith("<-", _span(token).start)
        if (token == "==" or arrow) and depth == 0:
            sign = "<-" if arrow else "=="
            verb = "assigns nothing here" if arrow else "compares, and a statement assigns"
            return place.error(f"{sign} {verb}", "write =", _span(token))
    return None


def _missing_assignment(place: _Place) -> FormulaError | None:
    """A line without `=`."""
    if place.kind != "END" or "EQUALS" not in place.accepted:
        return None
    statement = place.statement()
    start, stop = _span(statement[0]).start, _span(statement[-1]).stop
    written = place.text[start:stop]
    advice = f"write y_ij = {written}, with the name and the indices of the result"
    if statement[0].type == "LET":
        advice = f"write {written} = ..."
    return place.error("the statement assigns nothing", advice, _span(statement[0]))


def _second_equals(place: _Place) -> FormulaError | None:
    """`where(x = 0, ...)`, `y = x = z`."""
    if place.kind != "EQUALS":
        return None
    opener = place.opener()
    if opener is not None:
        return _equals_in_brackets(place, opener)
    second = any(token.type == "EQUALS" for token in place.statement())
    behind = place.before is not None and place.before.type in ("REDUCE", "RIGHT_BRACE")
    if behind and (error := _equals_behind_reduction(place, second)) is not None:
        return error
    if second:
        return place.error(
            "the statement has a second =", "write one = in a statement, == to compare"
        )
    if place.before is None:
        return place.error("nothing stands before =", "write the result before it: y_ij = ...")
    return None


def _equals_behind_reduction(place: _Place, second: bool) -> FormulaError | None:
    """`sum_j=1^n x_ij`, `sum_i = x_i`."""
    position = place.position - 1
    while position > 0 and place.tokens[position].type not in ("REDUCE", "REDUCE_OPEN", "EQUALS"):
        position -= 1
    head = place.tokens[position]
    if head.type not in ("REDUCE", "REDUCE_OPEN"):
        return None
    written = _written(place, Span(_span(head).start, place.span.start)).rstrip()
    if second:
        advice = f"write {written} alone: an index runs over its whole axis"
        return place.error("a reduction has no limits", advice)
    return place.error(
        f"{written} is a reduction, and can't be assigned",
        f"use another name: a name can't begin with {head.partition('_')[0]}_",
        _span(head),
    )


def _equals_in_brackets(place: _Place, opener: int) -> FormulaError:
    head = place.tokens[opener - 1] if opener else None
    if head is not None and head.type == "REDUCE_OPEN":
        return place.error(
            "a reduction has no limits",
            f"write {head}k: an index runs over its axis, from 0; "
            f"a bound is a condition: {head}{{k<3}}",
        )
    if head is not None and head.type == "CALL" and head != "where":
        return place.error(
            "a function takes no keywords",
            "write == to compare, the value alone for an argument, sum_j x_ij for an axis",
        )
    return place.error("= stands inside brackets", "write == to compare")


def _missing_operand(place: _Place) -> FormulaError | None:
    """`x_ij +`, `x_ij * / y_ij`, `exp()`, `max(a, )`."""
    before = place.before
    if "NUMBER" not in place.accepted or place.kind == "LEFT_BRACE":
        return None
    if before is not None and before.type in ("LET", "OPAQUE"):
        return None
    if before is None:
        return place.error(
            f"nothing stands before {place.word}", "write a statement: y_ij = x_ij + b_j"
        )
    here = _written(place, _span(before))
    if before.type in _BETWEEN:
        return place.error(
            f"something is missing after {here}",
            f"write a value between {here} and {place.word}, or remove {here}",
        )
    if before.type in _OPENING and place.kind in _CLOSING:
        return place.error("nothing stands inside the brackets", "write a value inside")
    return place.error(
        f"something is missing before {place.word}",
        f"write a value before {place.word}, or remove {place.word}",
    )


def _unfinished_declaration(place: _Place) -> FormulaError | None:
    """`let` and `opaque` without a name behind."""
    before = place.before
    if before is None or before.type not in ("LET", "OPAQUE"):
        return None
    form = "let f(t) = t*tanh(t)" if before.type == "LET" else "opaque g"
    return place.error(f"{before} is followed by no name", f"write {form}", _span(before))


def _stray_comma(place: _Place) -> FormulaError | None:
    """`max_k(a_k, b_k)`, `(a, b)`, `y_i, z_i = ...`."""
    if place.kind != "COMMA":
        return None
    opener = place.opener()
    if opener is None:
        return place.error("a comma stands outside brackets", _advice_for_comma(place))
    before = place.tokens[opener - 1] if opener else None
    if before is not None and before.type in ("REDUCE", "RIGHT_BRACE"):
        op, _, _ = str(before).partition("_")
        advice = "write one expression after a reduction"
        if op in ("max", "min"):
            advice = f"write {op}(a, b) for two values, {before} {op}(a, b) for both"
        return place.error("a reduction takes one expression, and a comma stands in it", advice)
    return place.error(
        "a comma stands in a bracket that belongs to no function",
        "write f(a, b) for a function, x[i, j] for subscripts",
    )


def _advice_for_comma(place: _Place) -> str:
    after = place.tokens[place.position + 1] if place.position + 1 < len(place.tokens) else None
    if after is None or after.type in ("SEPARATOR", "FOR"):
        return "remove it"
    before = str(place.before)
    name, underscore, letters = before.rpartition("_")
    if underscore and after.type == "NAME" and len(after) == 1:
        return f"write {name}_{letters}{after} or {name}[{','.join((*letters, after))}]"
    return "write one statement for each name"


def _stray_bracket(place: _Place) -> FormulaError | None:
    """`x[i][j]`, `[x > 0]`, `(a + b)[i]`, `{...}` after no underscore."""
    before = place.before
    if place.kind == "LEFT_BRACKET" and before is not None and before.type == "RIGHT_BRACKET":
        return place.error("x[i][j] has its subscripts apart", "write x[i,j], all in one bracket")
    if place.kind == "LEFT_BRACKET" and (
        before is None or before.type in _BETWEEN or before.type in _OPENING
    ):
        return place.error(
            "brackets [ ] hold subscripts, and no name stands before them",
            "write ( ) around a value, where(condition, 1, 0) for a condition",
        )
    if place.kind == "LEFT_BRACKET":
        return place.error(
            "subscripts stand behind something that is no name",
            "give the value a name in a statement of its own, then subscript the name",
        )
    if place.kind == "LEFT_BRACE":
        return place.error(
            "a brace stands behind no underscore",
            "write ( ) around a value; braces hold subscripts: x_{i,j}, sum_{k<=j}",
        )
    return None


def _stray_colon(place: _Place) -> FormulaError | None:
    if place.kind != "COLON":
        return None
    opener = place.opener()
    if opener is not None and place.tokens[opener].type == "LEFT_BRACKET":
        return place.error(
            "a slice stands among subscripts", "write an index for the whole axis: x[i,j]"
        )
    return place.error(
        "a colon stands outside the braces of a reduction",
        "write conditions as in sum_{k,l: k<l}; an index runs over its whole axis",
    )


def _misplaced_word(place: _Place) -> FormulaError | None:
    advice = _MISPLACED_WORDS.get(place.kind)
    return None if advice is None else place.error(f"{place.word} can't stand here", advice)


def _two_statements(place: _Place) -> FormulaError | None:
    """Something behind a complete statement, `y = x for i < 3 z = 4`."""
    return place.error(
        f"{place.word} can't stand here", "write each statement in a line of its own"
    )


EXPLANATIONS: tuple[Callable[[_Place], FormulaError | None], ...] = (
    _of_another_language,
    _empty_reduction,
    _comparison_for_assignment,
    _missing_assignment,
    _second_equals,
    _misplaced_word,
    _unfinished_declaration,
    _stray_bracket,
    _stray_colon,
    _missing_operand,
    _stray_comma,
    _two_statements,
)
