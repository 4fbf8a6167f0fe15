"""Draw the computation graph as SVG: values above the edges, gradients below them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

from symgrad.documents.document import Document
from symgrad.documents.graph import Node, computation_graph
from symgrad.documents.layered import Placement, place
from symgrad.formats.layout import page_for
from symgrad.formats.mathml import finished, math
from symgrad.formats.notation import Notation
from symgrad.formats.tensor_names import read_name
from symgrad.language.expr import Element, IndexValue

ROW, PASSING = 74.0, 36.0  # how much height a node takes, and an edge that passes
GAP, MARGIN = 44.0, 10.0  # between columns, around the whole
CHARACTER = 8.6  # about the width of a letter
CIRCLE = 34.0
UP, DOWN = 24.0, 37.0  # height of a label above and below its edge
MOST_NODES = 80


@dataclass(frozen=True)
class Label:
    """Mathematics with about the width that it takes."""

    content: str
    width: float


@dataclass(frozen=True)
class Drawn:
    """A node as it is drawn.

    Attributes:
        node: the node.
        value: the named value, above its edge.
        gradient: the gradient, below it; None where none flows back.
    """

    node: Node
    value: Label | None
    gradient: Label | None

    @property
    def sign_width(self) -> float:
        """How wide the circle is; 0 for an input."""
        if not self.node.sign:
            return 0.0
        letters = len(self.node.sign) + 0.6 * len(self.node.below)
        return max(CIRCLE, letters * CHARACTER + 16)

    @property
    def label_width(self) -> float:
        """How wide the labels on the edge are."""
        return max((x.width for x in (self.value, self.gradient) if x is not None), default=0.0)


def graph_svg(document: Document, notation: Notation) -> str:
    """Return the computation graph as an `svg` element; nothing for one that shows nothing."""
    nodes = computation_graph(document.derivation)
    if len(nodes) < 2 or len(nodes) > MOST_NODES:
        return ""
    drawn = [Drawn(node, *_labels(node, document, notation)) for node in nodes]
    reads = [[edge.source for edge in node.reads] for node in nodes]
    return _Drawing(drawn, place(reads, ROW, PASSING)).svg()


def _labels(
    node: Node, document: Document, notation: Notation
) -> tuple[Label | None, Label | None]:
    """Return what stands above and below the edge of a value."""
    if node.value is None:
        return None, None
    width = _width(node.value)
    value = Label(_spelled(node.value, notation), width)
    by_value = {value: gradient for gradient, value in document.partials.items()}
    if node.value.name not in by_value:
        return value, None
    gradient = replace(node.value, name=by_value[node.value.name])
    text = _spelled(gradient, notation, document.partials)
    return value, Label(text, 0.9 * (width + CHARACTER))


def _spelled(
    element: Element, notation: Notation, partials: Mapping[str, str] | None = None
) -> str:
    indices = [s.index for s in element.subscripts if isinstance(s, IndexValue)]
    return finished(page_for(notation, (element,), indices, partials).text(element))


def _width(element: Element) -> float:
    parts = read_name(element.name)
    letters = len(parts.symbol) if parts.is_word else 1
    below = sum(len(s.index.name) for s in element.subscripts if isinstance(s, IndexValue))
    above = sum(map(len, parts.superscript)) + len(parts.superscript)
    return CHARACTER * (1.3 * letters + 0.75 * max(below + len(parts.number), above) + 0.6)


class _Drawing:
    """The nodes with their places, as SVG."""

    def __init__(self, drawn: Sequence[Drawn], placement: Placement) -> None:
        self.drawn = drawn
        self.placement = placement
        members: list[list[Drawn]] = [[] for _ in range(1 + max(placement.columns))]
        for part, column in zip(drawn, placement.columns, strict=True):
            members[column].append(part)
        signs = [max(d.sign_width for d in column) for column in members]
        labels = [max(d.label_width for d in column) + 14 for column in members]
        self.starts: list[float] = []  # where the circles of a column end and its edges begin
        self.ends: list[float] = []
        left = MARGIN
        for sign, label in zip(signs, labels, strict=True):
            self.starts.append(left + sign)
            self.ends.append(left + sign + label)
            left += sign + label + GAP
        self.lefts = [start - sign for start, sign in zip(self.starts, signs, strict=True)]
        self.width = left - GAP + 2 * MARGIN

    def svg(self) -> str:
        """Return the whole."""
        parts = [self._edge(source, target) for source, target in self.placement.routes]
        parts += [self._node(place) for place in range(len(self.drawn))]
        width, height = round(self.width), round(self.placement.height + 2 * MARGIN)
        size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        return f'<svg class="graph" {size} role="img">{"".join(parts)}</svg>'

    def _height(self, node: int) -> float:
        return self.placement.heights[node] + MARGIN

    def _edge(self, source: int, target: int) -> str:
        """Return the edge from where its labels end to the circle that it leads to."""
        columns = self.placement.columns
        x, y = self.ends[columns[source]], self._height(source)
        path = f"M{_n(x)} {_n(y)}"
        passed = self.placement.routes[source, target]
        for column, height in zip(range(columns[source] + 1, columns[target]), passed, strict=True):
            left, right, level = self.lefts[column], self.ends[column], height + MARGIN
            path += f"{_curve(x, y, left, level)}H{_n(right)}"
            x, y = right, level
        end = self.starts[columns[target]] - self.drawn[target].sign_width
        path += _curve(x, y, end, self._height(target))
        stopped = any(e.source == source and e.stopped for e in self.drawn[target].node.reads)
        kind = "edge stopped" if stopped else "edge"
        return f'<path class="{kind}" d="{path}"/>{_arrow(end, self._height(target))}'

    def _node(self, place: int) -> str:
        drawn, column, y = self.drawn[place], self.placement.columns[place], self._height(place)
        start, end = self.starts[column], self.ends[column]
        is_read = any(source == place for source, _ in self.placement.routes)
        parts = [f'<path class="edge" d="M{_n(start)} {_n(y)}H{_n(end)}"/>']
        if not is_read:
            parts.append(_arrow(end + 6, y))
        if drawn.node.sign:
            parts.append(_circle(drawn, start, y))
        parts.append(_label(drawn.value, "value", start, end, y - UP, UP))
        parts.append(_label(drawn.gradient, "gradient", start, end, y + 2, DOWN))
        return "".join(parts)


def _circle(drawn: Drawn, end: float, y: float) -> str:
    width = drawn.sign_width
    box = _box(end - width, y - CIRCLE / 2, width, CIRCLE)
    head, _, rest = drawn.node.sign.partition(" ")
    if drawn.node.below:
        head += f'<tspan class="below" dy="4">{escape(drawn.node.below)}</tspan>'
        rest = f'<tspan dy="-4" dx="3">{rest}</tspan>' if rest else ""
        sign = head + rest
    else:
        sign = escape(drawn.node.sign)
    text = f'<text x="{_n(end - width / 2)}" y="{_n(y + 5)}">{sign}</text>'
    return f'<rect class="operation" {box} rx="{_n(CIRCLE / 2)}"/>{text}'


def _label(
    label: Label | None, kind: str, left: float, right: float, y: float, height: float
) -> str:
    if label is None:
        return ""
    box = _box(left, y, right - left, height)
    content = f'<div class="{kind}">{math(label.content, display=True)}</div>'
    return f"<foreignObject {box}>{content}</foreignObject>"


def _box(x: float, y: float, width: float, height: float) -> str:
    return f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    if abs(y - to_y) < 0.5:
        return f"H{_n(to_x)}"
    middle = (x + to_x) / 2
    return f"C{_n(middle)} {_n(y)} {_n(middle)} {_n(to_y)} {_n(to_x)} {_n(to_y)}"


def _arrow(x: float, y: float) -> str:
    return f'<path class="arrow" d="M{_n(x)} {_n(y)}l-7 -3.5v7z"/>'


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
