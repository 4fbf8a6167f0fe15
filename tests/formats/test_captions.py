"""The table of captions: every sentence in every language, with the same places."""

import string

import pytest

from symgrad.derivation.rules import RULES
from symgrad.formats.captions import captions, languages, phrase

WITHOUT_RULE = ("chain_rule", "derivative", "insert", "factor")


def places(sentence):
    return sorted(name for _, name, _, _ in string.Formatter().parse(sentence) if name)


def test_the_languages_are_english_and_japanese():
    assert languages() == ("en", "ja")


@pytest.mark.parametrize("kind", captions())
def test_a_sentence_is_there_in_every_language_with_the_same_places(kind):
    row = captions()[kind]
    assert tuple(sorted(row)) == languages()
    assert places(row["en"]) == places(row["ja"])
    assert row["en"].isascii()
    assert not row["ja"].isascii() or row["ja"] == row["en"]


@pytest.mark.parametrize("kind", [*(rule.name for rule in RULES), *WITHOUT_RULE])
def test_every_rule_has_a_caption_without_places(kind):
    assert places(phrase(kind)) == []


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="no phrase 'factor' in 'fr'; the languages are en, ja"):
        phrase("factor", "fr")
