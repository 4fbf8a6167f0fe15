"""Write to the terminal: colour and progress where there is one, plain text where there is none."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")


def show(text: str, style: str = "", *, err: bool = False) -> None:
    """Print text, in a rich style such as "bold red" where the stream shows colour.

    What a terminal would obey rather than show, an escape sequence from a file, is spelled out.
    """
    stream = sys.stderr if err else sys.stdout
    text = visible(text)
    if style and has_colour(stream):
        _console(stream).print(text, style=style, markup=False, highlight=False, soft_wrap=True)
    else:
        print(text, file=stream)


def visible(text: str) -> str:
    r"""Return the text with control characters, and those that turn its direction, spelled out.

    >>> visible("a\x1b[2Jb\n")
    'a\\x1b[2Jb\n'
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode()
        for char in text
    )


def show_spans(spans: Sequence[tuple[str, str]]) -> None:
    """Print one line of words, each in its rich style, to a terminal that shows colour."""
    from rich.text import Text

    _console(sys.stdout).print(Text.assemble(*spans), soft_wrap=True)


def shows_signs(stream: TextIO) -> bool:
    """Tell whether the stream is a terminal that shows the signs of mathematics."""
    if not stream.isatty():
        return False
    try:
        "∂Σδ√≤²┌".encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def columns_of(stream: TextIO, default: int) -> int:
    """Return how many columns a terminal has, within reason; the default for anything else."""
    if not stream.isatty():
        return default
    return max(60, shutil.get_terminal_size((default, 24)).columns)


def show_error(kind: str, message: str) -> None:
    """Print a mistake to stderr: its kind and first line in red, the rest as it is."""
    head, _, rest = message.partition("\n")
    show(f"{kind}: {head}", "bold red", err=True)
    if rest:
        show(rest, err=True)


def track(items: Sequence[T], doing: str) -> Iterable[T]:
    """Yield the items, with a progress bar on stderr where it is a terminal and they are many."""
    if len(items) > 1 and sys.stderr.isatty():
        return _with_bar(items, doing)
    return items


def has_colour(stream: TextIO) -> bool:
    """Tell whether the stream is a terminal whose user has not asked for plain text."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def _with_bar(items: Sequence[T], doing: str) -> Iterator[T]:
    from rich.progress import track as rich_track

    yield from rich_track(items, doing, console=_console(sys.stderr), transient=True)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    return Console(file=stream)
