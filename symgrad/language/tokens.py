"""Cut a formula's text into the tokens of the grammar: sort words, join lines, match brackets."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lark import Lark, Token

from symgrad.errors import FormulaError, Span
from symgrad.language.expr import ARG_REDUCTIONS, REDUCTIONS
from symgrad.language.foreign import FUNCTIONS_ELSEWHERE, unknown_character
from symgrad.language.functions import DERIVED_ONLY, FUNCTIONS
from symgrad.language.limits import BRACKETS, CHARACTERS, NAME, SIZE, STATEMENTS

LETTERS = re.compile(r"(?:[^\W\d_][\u0300-\u036f]*\d*'*)+")
LETTER = re.compile(r"[^\W\d_][\u0300-\u036f]*\d*'*")

SPECIAL_FUNCTIONS = ("where", "delta", "stop_gradient", "size", "pad", "inv", "det", "logdet")
_REDUCTION_SIGNS = {"Σ": "sum", "∑": "sum", "∏": "prod"}
_KEYWORDS = {"and": "AND", "or": "OR", "not": "NOT", "for": "FOR"}
_OPENING = {"LEFT_PAREN": "(", "LEFT_BRACKET": "[", "LEFT_BRACE": "{"}
_CLOSING = {"RIGHT_PAREN": ")", "RIGHT_BRACKET": "]", "RIGHT_BRACE": "}"}
_PARTNER = {"(": ")", "[": "]", "{": "}"}
_STANDS_FOR = {"δ": "delta", "Δ": "delta"}


@dataclass(frozen=True)
class Names:
    """The names that are known before parsing, because they are declared.

    Attributes:
        whole: names that are never split at an underscore: declared constants and inputs.
        opaque: functions declared by `opaque` in the text.
        functions: functions defined by `let` in the text.
    """

    whole: frozenset[str] = frozenset()
    opaque: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()


class _RawTokens:
    """Keep the terminals that no rule mentions: `tokenize` sorts them into those of the rules."""

    always_accept = ("RAW_WORD", "INFINITY", "SEMICOLON", "NEWLINE", "UNKNOWN")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        return stream


@cache
def grammar() -> Lark:
    """Return the parser of `grammar.lark`, made at its first use."""
    text = (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer="basic", maybe_placeholders=True, postlex=_RawTokens())


def span_of(token: Token) -> Span:
    """Return the place of a token."""
    start = token.start_pos or 0
    return Span(start, start + len(token))


def plain(text: str) -> str:
    """Return a name in the one form under which it is known: NFKC, straight primes."""
    return unicodedata.normalize("NFKC", text.replace("\u2032", "'"))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `word`, or None when none is."""
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def reduction_name(word: str) -> str | None:
    """Return the reduction that `word` names before its first underscore, if it does."""
    head, underscore, _ = word.partition("_")
    head = _REDUCTION_SIGNS.get(head, head)
    return head if underscore and head in (*REDUCTIONS, *ARG_REDUCTIONS) else None


def tokenize(text: str, whole: frozenset[str]) -> tuple[list[Token], Names]:
    """Return the grammar's tokens of `text`, and the names declared in it and by `whole`.

    Raises:
        FormulaError: at an unknown character, an unbalanced bracket, a word out of place.
    """
    CHARACTERS.check(len(text), text, [])
    raw = list(grammar().lex(text))
    _check_characters(text, raw)
    raw = _join_lines(text, raw)
    names = Names(whole, *_declared_functions(raw))
    return _sort_words(text, raw, names), names


def _check_characters(text: str, raw: Sequence[Token]) -> None:
    for token in raw:
        if token.type == "UNKNOWN":
            raise unknown_character(text, span_of(token))
        if token.type == "NUMBER":
            _check_number(text, token)
        if token.type == "RAW_WORD":
            NAME.check(len(token), text, [span_of(token)])
            for offset, character in enumerate(token):
                _check_letter(text, character, (token.start_pos or 0) + offset)


def _check_number(text: str, token: Token) -> None:
    """Refuse 1.2.3, which is cut into the numbers 1.2 and .3."""
    if text.startswith(".", token.end_pos or 0) and "." in token:
        raise FormulaError(
            "the number has two points",
            text,
            [span_of(token)],
            "write one decimal point, and * between two numbers",
        )


def _check_letter(text: str, character: str, position: int) -> None:
    script = unicodedata.decomposition(character).startswith(("<sub>", "<super>"))
    numeral = character.isnumeric() and not character.isdecimal() and not character.isalpha()
    # a few letters turn into a blank and a mark when names are brought to one form
    nameless = character.isalpha() and not plain(character).isidentifier()
    if script or numeral or nameless:
        raise unknown_character(text, Span(position, position + 1))


def _join_lines(text: str, raw: Sequence[Token]) -> list[Token]:
    """Match the brackets, and turn line ends outside them and semicolons into separators."""
    kept: list[Token] = []
    stack: list[Token] = []
    statements, begin = 0, 0
    for token in raw:
        if token.type in _OPENING:
            stack.append(token)
            BRACKETS.check(len(stack), text, [span_of(token)])
        elif token.type in _CLOSING:
            _match(text, stack, token)
        elif token.type == "SEMICOLON" and stack:
            raise _never_closed(text, stack[-1])
        elif token.type in ("NEWLINE", "SEMICOLON"):
            if not stack and kept and kept[-1].type != "SEPARATOR":
                kept.append(Token.new_borrow_pos("SEPARATOR", str(token), token))
                statements, begin = statements + 1, len(kept)
            continue
        if len(kept) == begin:
            STATEMENTS.check(statements + 1, text, [span_of(token)])
        kept.append(token)
        SIZE.check(len(kept) - begin, text, [span_of(token)])
    if stack:
        raise _never_closed(text, stack[-1])
    if kept and kept[-1].type == "SEPARATOR":
        kept.pop()
    return kept


def _match(text: str, stack: list[Token], token: Token) -> None:
    if not stack:
        raise FormulaError(
            f"{token} closes a bracket that was never opened",
            text,
            [span_of(token)],
            f"remove it, or write the opening bracket {_partner_of(token)} before it",
        )
    if _PARTNER[str(stack[-1])] != str(token):
        raise FormulaError(
            f"{stack[-1]} is closed by {token}",
            text,
            [span_of(stack[-1]), span_of(token)],
            f"write {_PARTNER[str(stack[-1])]} to close {stack[-1]}",
        )
    stack.pop()


def _partner_of(token: Token) -> str:
    return next(left for left, right in _PARTNER.items() if right == str(token))


def _never_closed(text: str, token: Token) -> FormulaError:
    return FormulaError(
        f"{token} is never closed",
        text,
        [span_of(token)],
        f"write the closing bracket {_PARTNER[str(token)]}",
    )


def _declared_functions(raw: Sequence[Token]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names after `opaque` and after `let`, wherever they begin a statement."""
    opaque: list[str] = []
    functions: list[str] = []
    for position in range(len(raw)):
        if not _begins_statement(raw, position):
            continue
        if _is_word(raw, position, "let") and _is_word(raw, position + 1):
            functions.append(plain(raw[position + 1]))
        if _is_word(raw, position, "opaque"):
            for later in raw[position + 1 :]:
                if later.type == "RAW_WORD":
                    opaque.append(plain(later))
                elif later.type != "COMMA":
                    break
    return tuple(dict.fromkeys(opaque)), tuple(dict.fromkeys(functions))


def _begins_statement(raw: Sequence[Token], position: int) -> bool:
    return position == 0 or raw[position - 1].type == "SEPARATOR"


def _is_word(raw: Sequence[Token], position: int, word: str | None = None) -> bool:
    if position >= len(raw) or raw[position].type != "RAW_WORD":
        return False
    return word is None or raw[position] == word


def _sort_words(text: str, raw: Sequence[Token], names: Names) -> list[Token]:
    tokens: list[Token] = []
    for position, token in enumerate(raw):
        if token.type == "RAW_WORD":
            before = tokens[-1].type if tokens else ""
            after = raw[position + 1] if position + 1 < len(raw) else None
            if token in ("let", "opaque") and _declares(raw, position):
                kind = token.upper()
            elif before == "LET" and (after is None or after.type != "LEFT_PAREN"):
                raise _let_without_arguments(text, token)
            else:
                kind = "CALL" if before == "LET" else _kind_of_word(text, token, after, names)
            token = Token.new_borrow_pos(kind, plain(token), token)
            token.end_pos = raw[position].end_pos
        elif token.type == "INFINITY":
            token = Token.new_borrow_pos("NAME", "inf", token)
        tokens.append(token)
    return tokens


def _declares(raw: Sequence[Token], position: int) -> bool:
    """Say whether a word begins a declaration; `let = x` and `opaque*x` are formulas."""
    if not _begins_statement(raw, position):
        return False
    after = raw[position + 1].type if position + 1 < len(raw) else "SEPARATOR"
    return after in ("RAW_WORD", "NUMBER", "SEPARATOR")


def _let_without_arguments(text: str, token: Token) -> FormulaError:
    return FormulaError(
        f"the function {token} is defined without an argument",
        text,
        [span_of(token)],
        f"write let {token}(t) = ..., or {token} = ... for a value",
    )


def _kind_of_word(text: str, token: Token, after: Token | None, names: Names) -> str:
    word = plain(token)
    follows = after.type if after is not None else ""
    adjacent = after is not None and after.start_pos == token.end_pos
    if word in _KEYWORDS:
        return _KEYWORDS[word]
    if reduction_name(word):
        return _kind_of_reduction(text, token, word, follows)
    if follows == "LEFT_BRACE":
        if word.endswith("_"):
            return "NAME_OPEN"
        raise FormulaError(
            f"{word} is followed by a brace without _",
            text,
            [span_of(after)] if after is not None else [],
            f"write {word}_{{i,j}} or {word}[i,j] for subscripts",
        )
    if word.endswith("_") and follows != "LEFT_BRACKET" and word not in names.whole:
        raise FormulaError(
            f"{word} has no subscript after the underscore",
            text,
            [Span(span_of(token).stop - 1, span_of(token).stop)],
            f"write {word}ij or {word[:-1]}[i,j], or {word[:-1]} for a scalar",
        )
    if follows == "LEFT_PAREN":
        return "CALL" if _is_call(text, token, word, adjacent, names) else "NAME"
    return "NAME"


def _kind_of_reduction(text: str, token: Token, word: str, follows: str) -> str:
    letters = word.partition("_")[2]
    op = reduction_name(word)
    if not letters and follows == "LEFT_BRACE":
        return "REDUCE_OPEN"
    if not letters:
        raise FormulaError(
            f"{word} has no index after the underscore",
            text,
            [span_of(token)],
            f"write {op}_k or {op}_{{k,l}}, then what is reduced",
        )
    if not LETTERS.fullmatch(letters):
        raise FormulaError(
            f"{word} begins like the reduction {op}, but {letters} is no list of indices",
            text,
            [span_of(token)],
            f"write {op}_k for a reduction; a name can't begin with {op}_",
        )
    return "REDUCE"


def _is_call(text: str, token: Token, word: str, adjacent: bool, names: Names) -> bool:
    """Say whether a word before `(` is a function; a tensor with subscripts is a factor there."""
    known = (*FUNCTIONS, *SPECIAL_FUNCTIONS, *names.functions, *names.opaque)
    word = _STANDS_FOR.get(word, word)
    if word in known or word.rstrip("'") in names.opaque or "_" not in word:
        return True
    head, _, letters = word.rpartition("_")
    if adjacent and {word, head}.intersection((*FUNCTIONS, *FUNCTIONS_ELSEWHERE)):
        return True
    close = difflib.get_close_matches(word, [name for name in known if "_" in name], 1, 0.8)
    return adjacent and (bool(close) or not LETTERS.fullmatch(letters))


def function_names(names: Names) -> list[str]:
    """Return every function that a formula may call, sorted."""
    table = [name for name in FUNCTIONS if name not in DERIVED_ONLY]
    return sorted({*table, *SPECIAL_FUNCTIONS, *names.functions, *names.opaque})
