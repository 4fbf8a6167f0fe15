"""Hold what a verification found, and print it as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Comparison:
    """One array of the implementation beside its reference.

    Attributes:
        name: the name of the array, as "y" or "dx".
        ok: whether every entry agrees.
        error: the largest deviation, relative to the largest entry of the reference; inf when
            there is nothing that could be compared.
        worst: the position of the largest deviation.
        found: the implementation's value there.
        expected: the reference's value there.
        message: what is wrong, when it is not a number: a shape, a NaN, an exception.
        numerical: the deviation of the derived formula from numerical differences; None where
            the one or the other does not exist.
        diagnosis: what is wrong and how, as far as it was found out; empty when nothing is.
        formula: the statement that the array should follow, where there is a diagnosis.
        definitions: what stands for the names in it that the layer does not have.
        smallest: the smallest shapes that show what is wrong.
    """

    name: str
    ok: bool
    error: float = 0.0
    worst: tuple[int, ...] | None = None
    found: float | None = None
    expected: float | None = None
    message: str = ""
    numerical: float | None = None
    diagnosis: str = ""
    formula: str = ""
    definitions: tuple[str, ...] = ()
    smallest: str = ""

    def __str__(self) -> str:
        line = f"{self.name:<14}{'ok' if self.ok else 'WRONG':<7}{self.error:<9.1e}"
        return f"{line}{self.detail}".rstrip()

    @property
    def explanation(self) -> list[str]:
        """The diagnosis with what belongs to it, a line each; nothing where there is none."""
        if not self.diagnosis:
            return []
        rows = [("diagnosis", self.diagnosis), ("should be", self.formula)]
        rows += [("where" if not k else "", text) for k, text in enumerate(self.definitions)]
        rows.append(("shown by", self.smallest))
        return [f"{word:<11}{text}" for word, text in rows if text]

    @property
    def detail(self) -> str:
        """What a reader needs to find the mistake; empty when there is none."""
        if self.message or self.ok or self.worst is None:
            return self.message
        place = f"[{', '.join(map(str, self.worst))}]" if self.worst else ""
        return f"{self.name}{place} is {self.found:.9g}, expected {self.expected:.9g}"


@dataclass(frozen=True)
class Property:
    """A claim that holds for every layer: "arguments unchanged", "float32 in, float32 out"."""

    name: str
    ok: bool
    message: str = ""

    def __str__(self) -> str:
        return f"{self.name:<28}{'ok' if self.ok else 'WRONG':<7}{self.message}".rstrip()


@dataclass(frozen=True)
class Report:
    """What was checked, on which shapes, with which errors.

    Attributes:
        name: the layer's name.
        shapes: the shape of each input that was drawn.
        outputs: each output beside the formula's meaning.
        gradients: each gradient beside its reference, by the name of the input.
        properties: further claims.
        notes: what could not be checked, and why.
    """

    name: str
    shapes: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, Comparison]
    gradients: Mapping[str, Comparison]
    properties: tuple[Property, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        compared = (*self.outputs.values(), *self.gradients.values())
        return all(part.ok for part in compared) and all(part.ok for part in self.properties)

    @property
    def forward(self) -> Comparison:
        """The output that deviates most."""
        return max(self.outputs.values(), key=lambda output: (not output.ok, output.error))

    def __str__(self) -> str:
        shapes = ", ".join(f"{name} {shape}" for name, shape in self.shapes.items())
        lines = [f"{self.name}: {'ok' if self.ok else 'WRONG'}", f"  shapes    {shapes}".rstrip()]
        for side, table in (("forward ", self.outputs), ("backward", self.gradients)):
            for part in table.values():
                lines += [f"  {side}  {part}", *(f"      {line}" for line in part.explanation)]
        lines += [f"  {claim}" for claim in self.properties]
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the report as a table, as a notebook shows it."""
        from symgrad.documents.html import report_fragment

        return report_fragment(self)
