"""Define the options of `generate --explain`, and print what a layer's plan costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from symgrad.cli.console import show

if TYPE_CHECKING:
    from symgrad.language.layer import Layer

explain_option = click.option(
    "--explain", is_flag=True, help="Print what each assignment costs; alone, write no module."
)


def _sizes(context: click.Context, option: click.Parameter, value: str | None) -> Any:
    sizes: dict[str, int] = {}
    for item in filter(None, (value or "").split(",")):
        letter, _, length = item.partition("=")
        if not letter.strip() or not length.strip().isdigit():
            raise click.BadParameter(f"{item!r}: write it as i=64")
        sizes[letter.strip()] = int(length)
    return sizes


sizes_option = click.option(
    "--sizes",
    metavar="I=N,J=N",
    callback=_sizes,
    help="Lengths of axes for the numbers of --explain, as in i=64,j=512. [default: 100]",
)


def show_costs(layers: Sequence[Layer], sizes: Mapping[str, int]) -> None:
    """Print the costs of the layers, one table after another.

    A length counts for the layers whose inputs have the axis; one that no layer has is a mistake.

    Raises:
        FormulaError: no layer has an axis of that letter.
    """
    from symgrad.derivation import derive
    from symgrad.documents.explanation import explain_plan
    from symgrad.lowering import lower
    from symgrad.lowering.counting.axis_lengths import own_letters

    plans = [lower(derive(layer).program) for layer in layers]
    known = [{letter.lower() for letter in own_letters(plan)} for plan in plans]
    everywhere = set().union(*known)
    for position, (plan, letters) in enumerate(zip(plans, known, strict=True)):
        own = {
            n: size
            for n, size in sizes.items()
            if n.lower() in letters or n.lower() not in everywhere
        }
        if position:
            show("\n")
        show(str(explain_plan(plan, own)))
