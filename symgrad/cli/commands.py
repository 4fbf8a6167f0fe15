"""Define the commands of `symgrad`: derive, generate, check, catalog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symgrad import __version__
from symgrad.cli.console import show, show_error, track
from symgrad.cli.documents import Request, document_options, write
from symgrad.cli.explaining import explain_option, show_costs, sizes_option
from symgrad.cli.files import OutputError, is_same_file, replace_files, require_writable
from symgrad.cli.mistakes import Commands
from symgrad.cli.options import declaration_options
from symgrad.cli.sources import Declaration, layers_from, require_known

if TYPE_CHECKING:
    from symgrad.language.layer import Layer
    from symgrad.verification import Report

_sources = click.argument("sources", nargs=-1, required=True, metavar="FORMULA|LAYERS.toml|NAME...")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="symgrad")
def symgrad() -> None:
    """Derive layers written in index notation, and write them as verified NumPy classes.

    \b
    Examples:
      symgrad derive "y_ij = x_ij + b_j" --steps
      symgrad generate layers.toml -o layers.py
      symgrad check LayerNorm Softmax
      symgrad catalog
    """


@symgrad.command()
@_sources
@document_options
@declaration_options
def derive(
    sources: tuple[str, ...],
    steps: bool,
    detail: str | None,
    form: str | None,
    language: str,
    standalone: bool,
    unicode: bool | None,
    output: Path | None,
    force: bool,
    **declared: Any,
) -> None:
    """Print the gradient of the loss by every input, or how it comes about.

    The source is a formula, a layer file, or the name of a layer of the catalogue.
    Text and LaTeX show the gradients alone unless --steps or --detail is given;
    Markdown, HTML and JSON always show the steps. Several layers become one document.

    \b
    Examples:
      symgrad derive "y_ij = exp(x_ij)/sum_k exp(x_ik)"
      symgrad derive "y_ij = sum_k x_ik*W_kj + b_j" --wrt b --steps
      symgrad derive LayerNorm --detail full --lang ja
      symgrad derive layers.toml -o derivations.html
      symgrad derive layers.toml --standalone -o derivations.tex
    """
    request = Request(steps, detail, form, language, standalone, unicode, output, force)
    if output is not None:
        require_writable(output, force, sources)
    written = write(lambda: layers_from(sources, Declaration(**declared)), request)
    if written is not None:
        show(written, err=True)


@symgrad.command()
@_sources
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the module. [default: standard output]",
)
@click.option(
    "--tests",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write tests of the module, which need NumPy and pytest alone.",
)
@click.option(
    "--backend",
    default="numpy",
    show_default=True,
    metavar="NAME",
    help="What the module computes with.",
)
@click.option("--buffers", is_flag=True, help="Let the classes use their arrays again.")
@explain_option
@sizes_option
@click.option("--no-verify", is_flag=True, help="Write without checking the layers first.")
@click.option("--force", is_flag=True, help="Replace a file that symgrad did not generate.")
@declaration_options
def generate(
    sources: tuple[str, ...],
    output: Path | None,
    tests: Path | None,
    backend: str,
    buffers: bool,
    explain: bool,
    sizes: dict[str, int],
    no_verify: bool,
    force: bool,
    **declared: Any,
) -> None:
    """Write the layers as one module of NumPy classes.

    Every layer is verified first, and nothing is written when one fails. The file is replaced in
    one step; a file that symgrad did not generate is left as it is. The tests import the module by
    the name of its file.

    \b
    Examples:
      symgrad generate layers.toml -o layers.py
      symgrad generate layers.toml -o layers.py --tests test_layers.py
      symgrad generate "y_ij = x_ij + b_j" --name AddBias --params b -o bias.py
      symgrad generate Affine ReLU SoftmaxCrossEntropy -o net.py
      symgrad generate Attention --explain --sizes n=32,i=256,j=256,d=64,e=64
    """
    if sizes and not explain:
        raise click.UsageError("--sizes goes with --explain")
    if tests is not None and (output is None or is_same_file(output, tests)):
        raise click.UsageError("--tests goes with -o, and with another file")
    for path in filter(None, (output, tests)):
        require_writable(path, force, sources)
    layers = layers_from(sources, Declaration(**declared))
    if explain:
        show_costs(layers, sizes)
        if output is None:
            return
    from symgrad.rendering import generate as generate_module
    from symgrad.rendering.backends import BACKENDS

    if backend not in BACKENDS:
        known = ", ".join(sorted(BACKENDS))
        raise click.BadParameter(f"{backend!r}; there are: {known}", param_hint="--backend")
    if buffers and not BACKENDS[backend].buffers:
        raise click.BadParameter(f"the backend {backend} has none", param_hint="--buffers")
    text = generate_module(layers, backend=backend, buffers=buffers)
    if not no_verify:
        failed = [report for report in _reports(layers, backend, buffers) if not report.ok]
        for report in failed:
            show(str(report), err=True)
        if failed:
            show_error("error", f"{_count(failed, 'layer')} failed, nothing was written")
            raise click.exceptions.Exit(1)
    if output is None:
        click.echo(text.encode("utf-8"), nl=False)  # a source file, whatever the terminal shows
        return
    texts = {output: text}
    if tests is not None:
        texts[tests] = _tests_of(layers, output.stem)
    replace_files(texts)
    state = "not verified" if no_verify else "verified"
    for path in texts:
        show(f"{path}: {_count(layers, 'layer')}, {state}", err=True)


@symgrad.command()
@_sources
@click.option("--formula", metavar="FORMULA", help="The formula of a class given as FILE.py:CLASS.")
@declaration_options
def check(sources: tuple[str, ...], formula: str | None, **declared: Any) -> None:
    """Verify layers, forward and backward.

    Forward is compared with the formula, backward with numerical gradients.

    With FILE.py:CLASS and --formula a class that somebody wrote by hand is checked, with
    FILE.py:FORWARD,BACKWARD a pair of functions; the report says which gradient is wrong and how.
    Checking a file imports it, which runs it: check no file that you would not run.
    The exit status is 1 when a check fails.

    \b
    Examples:
      symgrad check layers.toml
      symgrad check "y_ij = x_ij*tanh(x_ij)"
      symgrad check mine.py:MyAffine --formula "y_ij = sum_k x_ik*W_kj + b_j" --params W,b
    """
    if formula is None:
        reports = _reports(layers_from(sources, Declaration(**declared)))
    else:
        reports = [_report_of_class(sources, formula, Declaration(**declared))]
    for report in reports:
        show(str(report), "" if report.ok else "red")
    failed = [report for report in reports if not report.ok]
    if failed:
        show_error("error", f"{len(failed)} of {_count(reports, 'layer')} failed")
        raise click.exceptions.Exit(1)


@symgrad.command()
@click.argument("name", required=False)
def catalog(name: str | None) -> None:
    """List the layers that ship, or print one.

    A layer is printed as it stands in its layer file, to be copied into another.

    \b
    Examples:
      symgrad catalog
      symgrad catalog LayerNorm
    """
    from symgrad import catalogue

    if name is not None:
        require_known(name)
        show(catalogue.table(name).rstrip())
        return
    width = max(map(len, catalogue.names()))
    for position, (group, layers) in enumerate(catalogue.summaries().items()):
        show(f"{'' if position == 0 else chr(10)}{group}", "bold cyan")
        for word, summary in layers.items():
            show(f"  {word:{width}}  {summary}")


def _tests_of(layers: list[Layer], module: str) -> str:
    from symgrad.testfiles import generate_tests

    try:
        return generate_tests(layers, module)
    except ValueError as error:
        raise OutputError(f"no tests can be written: {error}") from error


def _reports(layers: list[Layer], backend: str = "numpy", buffers: bool = False) -> list[Report]:
    from symgrad.verification import check as check_layer

    return [
        check_layer(layer, backend=backend, buffers=buffers) for layer in track(layers, "verifying")
    ]


def _report_of_class(sources: tuple[str, ...], formula: str, declaration: Declaration) -> Report:
    from symgrad.cli.classes import load_implementation
    from symgrad.verification import check as check_layer

    if len(sources) != 1:
        raise click.UsageError("--formula belongs to one FILE.py:CLASS")
    path, _, name = sources[0].rpartition(":")
    if not path.endswith(".py"):
        raise click.UsageError(f"--formula goes with FILE.py:CLASS, not with {sources[0]}")
    implementation = load_implementation(Path(path), name)
    title = name if name.isidentifier() else "Layer"
    return check_layer(declaration.layer(formula, title), implementation=implementation)


def _count(items: list[Any], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"
