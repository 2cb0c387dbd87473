"""`slac compile`: documents are checked, and their plans shown."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from slac.cli.console import put, say
from slac.cli.documents import compile_for_command, takes_documents
from slac.compiler import Compiled
from slac.compiler.stopwatch import Stopwatch
from slac.diagnostics import UsageError
from slac.plan.graph import Plan
from slac.plan.nodes import LinkOutNode
from slac.plan.render import RENDERERS


@click.command("compile")
@takes_documents
@click.option(
    "--format",
    "form",
    type=click.Choice(list(RENDERERS)),
    help="How the plan is written. Default: text, or json with -o. mermaid is Markdown with diagrams.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to this file instead of the terminal.")
@click.option("--timings", is_flag=True, help="Also say, on standard error, how long each stage took.")
@click.option("--collapse", is_flag=True, help="Everything on one node, as `slac run` does without --node.")
def compile_(
    paths: tuple[str, ...],
    assignments: tuple[str, ...],
    form: str | None,
    output: str | None,
    *,
    collapse: bool,
    timings: bool,
) -> None:
    """Check documents and show the plan that they become.

    DOCUMENT is a file, a folder, a pattern, or - for standard input; ./sla.yaml where none is named. All mistakes of
    all documents are shown at once (exit code 1).
    """
    stopwatch = Stopwatch(time.perf_counter) if timings else None
    compiled = compile_for_command(paths, assignments, collapse=collapse, stopwatch=stopwatch)
    if stopwatch is not None:
        say("".join(f"{stage:12} {1000 * seconds:8.1f} ms\n" for stage, seconds in stopwatch.laps.items()).rstrip())
    form = form or ("text" if output is None else "json")
    _check_alone(compiled, form, output)
    written = "\n".join(RENDERERS[form](c.plan) + (_traffic(c.plan) if form == "text" else "") for c in compiled)
    if output is None:
        put(written)
        return
    try:
        Path(output).write_text(written, encoding="utf-8")
    except OSError as error:
        raise UsageError(f'"{output}" cannot be written: {error.strerror}') from error
    say(f"wrote {output}")


def _traffic(plan: Plan) -> str:
    if not any(isinstance(node, LinkOutNode) for node in plan.nodes):
        return ""
    from slac.cli.traffic_text import traffic_text
    from slac.shedding.capacity.calibration import shipped_calibration
    from slac.shedding.capacity.traffic import traffic

    return "\n" + traffic_text(traffic(plan, shipped_calibration()))


def _check_alone(compiled: Sequence[Compiled], form: str, output: str | None) -> None:
    """A file of JSON holds one plan."""
    if form == "json" and len(compiled) > 1:
        where = f" to {output}" if output else ""
        names = ", ".join(c.plan.document for c in compiled)
        raise UsageError(f"one plan can be written as json{where}, and these documents make {len(compiled)}: {names}")
