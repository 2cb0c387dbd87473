"""`slac generate`: event traces from a document, as tests or as records."""

from __future__ import annotations

import os
from pathlib import Path

import click

from slac.cli.console import put, say
from slac.cli.documents import compile_quietly, takes_documents
from slac.diagnostics import UsageError
from slac.stream.clock import SystemClock


@click.command()
@takes_documents
@click.option("--format", "form", type=click.Choice(["test", "ndjson"]), default="test", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to this file instead of the terminal.")
@click.option("--block", metavar="NAME", help="Only what is to be reached in this block.")
@click.option(
    "--seconds", type=click.FloatRange(min=0.1), default=120.0, show_default=True, help="How long to search in all."
)
def generate(
    paths: tuple[str, ...],
    assignments: tuple[str, ...],
    form: str,
    output: str | None,
    block: str | None,
    seconds: float,
) -> None:
    """Make events that reach every state, transition, threshold and branch of a document, as few as will do.

    The traces are tests, with what the document makes of them as expectations (read them before you believe them), or
    records for a file input. What could not be reached is told on standard error, and why.
    """
    from slac.testing.generate import Limits, as_ndjson, as_tests, targets_of
    from slac.testing.generate import generate as search

    compiled = compile_quietly(paths, assignments, whole=True)
    if len(compiled) != 1:
        raise UsageError(f"traces are made for one document at a time, and these are {len(compiled)}")
    document = compiled[0].name
    collapsed = compile_quietly(paths, assignments, collapse=True, whole=True)[0].plan
    _check_block(block, [t.block for t in targets_of(collapsed)])
    found = search(collapsed, block=block, limits=Limits(total_seconds=seconds), clock=SystemClock())
    beside = _relative(document, output)
    written = as_ndjson(found, compiled[0].plan) if form == "ndjson" else as_tests(found, compiled[0].plan, beside)
    for target, why in found.missed:
        say(f"not reached: {target.block}, {target.text}: {why}")
    say(f"{len(found.reached)} of {len(found.reached) + len(found.missed)} reached, in {found.runs} runs")
    if output is None:
        put(written)
        return
    try:
        Path(output).write_text(written, encoding="utf-8")
    except OSError as error:
        raise UsageError(f'"{output}" cannot be written: {error.strerror}') from error
    say(f"wrote {output}" + (_how_to_run(document, output) if form == "test" else ""))


def _how_to_run(document: str, output: str) -> str:
    """What runs the tests; whether `slac test` of the document finds them goes by their name."""
    from slac.testing.cases.load import stands_beside

    if document != "-" and stands_beside(Path(output), Path(document)):
        return f": `slac test {document}` runs them"
    stem = "" if document == "-" else f"; under a name like {Path(document).stem}.generated.test.yaml, beside the "
    return f": `slac test {output}` runs them" + (f"{stem}document, `slac test {document}` would too" if stem else "")


def _check_block(block: str | None, known: list[str]) -> None:
    if block is not None and block not in known:
        names = ", ".join(dict.fromkeys(known)) or "none"
        raise UsageError(f'nothing is to be reached in a block "{block}"; there are: {names}')


def _relative(document: str, output: str | None) -> str:
    """The document's path from the folder of the file that is written."""
    if output is None:
        return Path(document).name
    return Path(os.path.relpath(document, Path(output).parent)).as_posix()
