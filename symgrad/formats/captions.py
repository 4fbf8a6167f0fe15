"""Say what a step did, and head the parts of documents, in the reader's language."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources

from symgrad.derivation.notes import Note
from symgrad.formats.text import to_text
from symgrad.language.expr import Expr

ENGLISH = "en"


@cache
def captions() -> Mapping[str, Mapping[str, str]]:
    """Return every sentence, by its kind and its language."""
    source = resources.files("symgrad.formats").joinpath("captions.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def languages() -> tuple[str, ...]:
    """Return the languages that every sentence is written in."""
    return tuple(sorted(next(iter(captions().values()))))


def phrase(kind: str, language: str = ENGLISH) -> str:
    """Return a sentence as it stands in the table.

    Raises:
        ValueError: no sentence of that kind, or a language that the table lacks.
    """
    row = captions().get(kind, {})
    if language not in row:
        known = ", ".join(languages())
        raise ValueError(f"no phrase {kind!r} in {language!r}; the languages are {known}")
    return row[language]


def caption(note: Note, spell: Callable[[Expr], str], language: str = ENGLISH) -> str:
    """Return the sentence of a note; `spell` prints the mathematics in it.

    A note that mentions something has the sentence `kind.first_place`, where the table has one.
    """
    kind = note.kind
    detailed = f"{kind}.{note.values[0][0]}" if note.values else kind
    sentence = phrase(detailed if detailed in captions() else kind, language)
    values = {k: spell(v) if isinstance(v, Expr) else str(v) for k, v in note.values}
    return sentence.format(**values)


def caption_text(note: Note, language: str = ENGLISH) -> str:
    """Return the sentence of a note as plain text."""
    return caption(note, to_text, language)
