"""Write derivations where the command line asks for them: a format, to the terminal or a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from symgrad.cli.console import columns_of, has_colour, show_spans, shows_signs, track
from symgrad.cli.files import MARK, replace_file

if TYPE_CHECKING:
    from symgrad.documents import Document
    from symgrad.documents.formats import Format, Options
    from symgrad.language.layer import Layer

F = TypeVar("F", bound=Callable[..., Any])

# as the modules that are loaded later have them; tests compare
FORMATS = ("text", "latex", "markdown", "html", "json")
DETAILS = ("brief", "normal", "full")
LANGUAGES = ("en", "ja")
PAGE_WIDTH = 100  # of text that goes to a file or a pipe, in columns


@dataclass(frozen=True)
class Request:
    """What the options say about a document; None where they say nothing."""

    steps: bool
    detail: str | None
    form: str | None
    language: str
    standalone: bool
    unicode: bool | None
    output: Path | None
    force: bool

    def chosen_format(self) -> Format:
        """Return the format: the one asked for, or else that of the file's suffix, or else text.

        Raises:
            click.UsageError: no format has the suffix, or it can't stand alone.
        """
        from symgrad.documents.formats import FORMATS as KNOWN

        name = self.form
        if name is None and self.output is not None:
            by_suffix = {form.suffix: form.name for form in KNOWN.values()}
            name = by_suffix.get(self.output.suffix.lower())
            if name is None:
                raise click.UsageError(
                    f"{self.output}: give --format, or a name that ends in {', '.join(by_suffix)}"
                )
        if self.standalone and name not in ("latex", "html"):
            raise click.UsageError("--standalone goes with --format latex")
        return KNOWN[name or "text"]


def document_options(command: F) -> F:
    """Add the options of Request, passed on under the names of its fields."""
    options = (
        click.option("--steps", is_flag=True, help="Show every step, with the rule that it uses."),
        click.option(
            "--detail",
            type=click.Choice(DETAILS),
            help="How many steps: chain rule and result, one a rule, or all. [default: normal]",
        ),
        click.option(
            "--format",
            "form",
            type=click.Choice(FORMATS),
            help="How it is written. [default: by the suffix of FILE, or text]",
        ),
        click.option(
            "--lang",
            "language",
            type=click.Choice(LANGUAGES),
            default="en",
            show_default=True,
            help="The language of captions and headings.",
        ),
        click.option("--standalone", is_flag=True, help="LaTeX that compiles by itself."),
        click.option(
            "--unicode/--ascii",
            default=None,
            help="Signs such as Σ in text. [default: where the terminal shows them]",
        ),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Where to write it. [default: standard output]",
        ),
        click.option("--force", is_flag=True, help="Replace a file that symgrad did not write."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def write(layers: Callable[[], Sequence[Layer]], request: Request) -> str | None:
    """Derive the layers and write what is asked for; return where, None for standard output.

    Raises:
        OutputError: the file can't be written.
        click.UsageError: options that exclude each other.
    """
    form = request.chosen_format()
    options = _options(request, form)
    documents = _documents(layers(), request.detail or "normal", options)
    if request.output is None:
        _show(documents, form, options)
        return None
    mark = f"{form.comment.format(MARK)}\n" if form.comment else ""
    replace_file(request.output, mark + form.render(documents, options))
    return f"{request.output}: {len(documents)} layer{'' if len(documents) == 1 else 's'}"


def _documents(layers: Sequence[Layer], detail: str, options: Options) -> list[Document]:
    from symgrad.derivation import derive
    from symgrad.documents import document

    documents = []
    for layer in track(layers, "deriving"):
        documents.append(document(derive(layer), detail))
        if options.steps:  # shown with their code, which takes as long as they do
            _ = documents[-1].code
    return documents


def _options(request: Request, form: Format) -> Options:
    from symgrad.documents.formats import Options

    terminal = request.output is None and form.name == "text"
    unicode = request.unicode
    if unicode is None:
        unicode = terminal and shows_signs(sys.stdout)
    return Options(
        language=request.language,
        standalone=request.standalone,
        steps=request.steps or request.detail is not None or not form.has_gradients_alone,
        unicode=unicode,
        width=columns_of(sys.stdout, PAGE_WIDTH) if terminal else PAGE_WIDTH,
    )


def _show(documents: Sequence[Document], form: Format, options: Options) -> None:
    if form.name != "text":
        click.echo(form.render(documents, options).encode("utf-8"), nl=False)
    elif has_colour(sys.stdout):
        from symgrad.documents.text import styled

        for line in styled(documents, options):
            show_spans([(span.text, span.style) for span in line])
    else:
        print(form.render(documents, options), end="")
