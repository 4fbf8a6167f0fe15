"""Write the gallery: `python docs/gallery/make.py` from a checkout with symgrad installed."""

from __future__ import annotations

from pathlib import Path

import symgrad
from symgrad.catalogue import entry
from symgrad.cli.files import MARK
from symgrad.documents.formats import FORMATS

FOLDER = Path(__file__).parent
LAYERS = (
    "AddBias",
    "Affine",
    "Softmax",
    "LayerNorm",
    "BatchNorm",
    "Attention",
    "Conv2d",
    "MaxPool2d",
    "CrossEntropy",
    "LSTMCell",
)
INDEX = """# Gallery

Derivations of ten layers, step by step, as `symgrad derive NAME --format markdown` writes them.
Each ends with the NumPy class that `symgrad generate NAME` writes.

"""


def pages() -> dict[str, str]:
    """Return the text of every file of the gallery, by its name."""
    mark = FORMATS["markdown"].comment.format(MARK)
    index = mark + "\n" + INDEX
    texts = {}
    for name in LAYERS:
        layer = entry(name)
        texts[f"{name}.md"] = f"{mark}\n{symgrad.derive(layer).markdown()}"
        index += f"- [{name}]({name}.md): {layer.summary}\n"
    return {"README.md": index, **texts}


def main() -> None:
    """Write the files."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
