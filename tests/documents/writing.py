"""Write layers as documents."""

import symgrad
from symgrad.catalogue import entry, names
from symgrad.documents import Document, document
from symgrad.documents.formats import FORMATS, Options


def documents(*layers: symgrad.Layer | str, detail: str = "normal") -> list[Document]:
    """Return the documents of layers, of names of the catalogue, and of formulas."""
    found = (
        entry(layer) if isinstance(layer, str) and layer in names() else layer for layer in layers
    )
    return [document(symgrad.derive(layer), detail) for layer in found]


def written(form: str, *layers: symgrad.Layer | str, detail: str = "normal", **options) -> str:
    """Return layers in a format."""
    return FORMATS[form].render(documents(*layers, detail=detail), Options(**options))
