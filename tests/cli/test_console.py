"""Colour and progress: on a terminal alone, and never against NO_COLOR."""

import contextlib
import io

import pytest

from symgrad.cli import console


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(action, *arguments, **options):
    """Return what the action writes when stderr is a terminal."""
    with contextlib.redirect_stderr(Terminal()) as stream:
        action(*arguments, **options)
    return stream.getvalue()


@pytest.fixture(autouse=True)
def colours(monkeypatch):
    """Let the terminal have colours, whatever this process runs in."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_an_error_is_red_on_a_terminal():
    text = shown(console.show_error, "error", "wrong\n  advice")
    assert text == "\x1b[1;31merror: wrong\x1b[0m\n  advice\n"


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_an_error_is_plain_where_the_user_asks_for_it(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert shown(console.show_error, "error", "wrong") == "error: wrong\n"


def test_text_in_square_brackets_is_no_markup():
    assert "x[i,j] [red]" in shown(console.show, "x[i,j] [red]", "bold", err=True)


def test_many_items_have_a_progress_bar_on_a_terminal():
    def work():
        assert list(console.track([1, 2, 3], "verifying")) == [1, 2, 3]

    assert "verifying" in shown(work)


def test_there_is_no_progress_bar_in_a_pipe(capsys):
    assert list(console.track([1, 2, 3], "verifying")) == [1, 2, 3]
    assert capsys.readouterr().err == ""
