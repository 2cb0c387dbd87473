"""`slac graph`: the dataflow of a document, drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from slac.cli.console import put, say
from slac.cli.documents import compile_for_command, takes_documents
from slac.diagnostics import UsageError
from slac.plan.graph import Plan
from slac.plan.render import dot, mermaid, svg

DRAWN: Mapping[str, Callable[[Plan], str]] = {"mermaid": mermaid, "dot": dot, "svg": svg}
_ENDINGS = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".md": "mermaid", ".mmd": "mermaid"}


@click.command()
@takes_documents
@click.option(
    "--format",
    "form",
    type=click.Choice(list(DRAWN)),
    help="Default: what the file's ending says; mermaid without a file.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.option("--collapse", is_flag=True, help="Everything on one node, as `slac run` does without --node.")
def graph(
    paths: tuple[str, ...], assignments: tuple[str, ...], form: str | None, output: Path | None, *, collapse: bool
) -> None:
    """Draw the dataflow that a document becomes: from inputs to outputs, a frame for every node, links dashed.

    DOCUMENT is a file, a folder, a pattern, or - for standard input; ./sla.yaml where none is named. mermaid is
    Markdown with diagrams, of every audit's state machine too; svg needs no other program.
    """
    chosen = form or _by_ending(output)
    compiled = compile_for_command(paths, assignments, collapse=collapse)
    if chosen != "mermaid" and len(compiled) > 1:
        names = ", ".join(c.plan.document for c in compiled)
        raise UsageError(f"{chosen} holds one picture, and these documents make {len(compiled)}: {names}")
    drawn = "\n".join(DRAWN[chosen](c.plan) for c in compiled)
    if output is None:
        put(drawn)
        return
    try:
        output.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise UsageError(f'"{output}" cannot be written: {error.strerror}') from error
    say(f"wrote {output}")


def _by_ending(output: Path | None) -> str:
    """The format that a file's name asks for; UsageError where it is none that can be drawn."""
    if output is None:
        return "mermaid"
    form = _ENDINGS.get(output.suffix.lower())
    if form is None:
        what = f'ends in "{output.suffix}", which is no picture that slac draws' if output.suffix else "has no ending"
        raise UsageError(f'"{output}" {what}: there are {", ".join(_ENDINGS)}; or say what to write with --format')
    return form
