"""Hold the formats of documents: for each its renderer, the suffix of its files, its comments.

To add one, write a module with a function `render(documents, options)`, and one line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from symgrad.documents.document import Document


@dataclass(frozen=True)
class Options:
    """How documents are written.

    Attributes:
        language: the language of captions and headings, `en` or `ja`.
        standalone: whether a LaTeX document that compiles by itself is written, not a fragment.
        title: the title of a whole document; a renderer has one of its own where it is empty.
        steps: whether text and LaTeX show the steps, or the gradients alone.
        unicode: whether text may use signs that ASCII lacks.
        width: how many columns text may take.
    """

    language: str = "en"
    standalone: bool = False
    title: str = ""
    steps: bool = True
    unicode: bool = False
    width: int = 100


Render = Callable[[Sequence[Document], Options], str]


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        name: what `--format` calls it.
        render: writes one or several documents as one text.
        suffix: how its files end.
        comment: a comment, with a place for its words; "" where the text itself has the mark.
        has_gradients_alone: whether the gradients can be written without their steps.
    """

    name: str
    render: Render
    suffix: str
    comment: str
    has_gradients_alone: bool = False


def _lazily(module: str) -> Render:
    """Return the renderer of a module, which is imported when it is first used."""

    def render(documents: Sequence[Document], options: Options) -> str:
        text = import_module(f"symgrad.documents.{module}").render(documents, options)
        assert isinstance(text, str)
        return text

    return render


FORMATS: Mapping[str, Format] = {
    form.name: form
    for form in (
        Format("text", _lazily("text"), ".txt", "# {}", has_gradients_alone=True),
        Format("latex", _lazily("latex"), ".tex", "% {}", has_gradients_alone=True),
        Format("markdown", _lazily("markdown"), ".md", "<!-- {} -->"),
        Format("html", _lazily("html"), ".html", "<!-- {} -->"),
        Format("json", _lazily("json_form"), ".json", ""),
    )
}
