"""`slac simulate`: a document step by step over recorded or made-up events, or over inputs that vary."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slac.cli.console import put, say
from slac.cli.documents import compile_quietly, takes_documents
from slac.diagnostics import UsageError

if TYPE_CHECKING:
    from slac.plan.graph import Plan
    from slac.testing.simulation import Item

WRONG: int = 1
"""Exit code where a command of a script was wrong."""


@click.command()
@takes_documents
@click.option("--input", "inputs", multiple=True, metavar="BLOCK=FILE", help="Events of an input: lines of JSON.")
@click.option("--trace", "traces", multiple=True, type=click.Path(path_type=Path), help="Events of `slac generate`.")
@click.option(
    "--log", "logs", multiple=True, type=click.Path(path_type=Path), help="What came in, from the log of a run."
)
@click.option(
    "--generate", "seconds", type=click.FloatRange(min=0.1), help="Make events, searching for so many seconds."
)
@click.option("--vary", "ranges", multiple=True, metavar="INPUT.FIELD=A..B:STEP", help="A table of what comes of each.")
@click.option("--script", type=click.Path(path_type=Path), help="Commands, a line each; - is standard input.")
def simulate(
    paths: tuple[str, ...],
    assignments: tuple[str, ...],
    inputs: tuple[str, ...],
    traces: tuple[Path, ...],
    logs: tuple[Path, ...],
    seconds: float | None,
    ranges: tuple[str, ...],
    script: Path | None,
) -> int:
    """Run a document under a clock that goes along with its events: step by step, with break points.

    Commands are read from the terminal, or from --script; `help` lists them. With --vary no command is read: the
    events are run once for each value, and a table says what audits and violations make of it. Exit code 1 where a
    command of a script was wrong.
    """
    from slac.cli.simulate_shell import Shell
    from slac.plan.user import activate
    from slac.testing.simulation import Simulation

    # A log holds the columns that somebody reads; files hold all.
    compiled = compile_quietly(paths, assignments, collapse=True, whole=not logs)
    if len(compiled) != 1:
        raise UsageError(f"one document is simulated at a time, and these are {len(compiled)}")
    plan = compiled[0].plan
    activate(plan.data.functions, allowed=True)  # compiled without leave, it would have none
    feed = tuple(_feed(plan, inputs, traces, logs, seconds))
    if ranges:
        _table(plan, feed, ranges)
        return 0
    shell = Shell(Simulation(plan, feed), put)
    if script is not None or not sys.stdin.isatty():
        return WRONG if shell.script(_script(script)) else 0
    say(f"{len(feed)} events for {plan.document}; help lists the commands")
    shell.prompt, shell.use_rawinput = "(simulate) ", True
    try:
        shell.cmdloop()
    except KeyboardInterrupt:
        say("")
    return 0


def _feed(
    plan: Plan, inputs: Sequence[str], traces: Sequence[Path], logs: Sequence[Path], seconds: float | None
) -> Iterator[Item]:
    from slac.testing.simulation import from_log, from_ndjson, marked

    for assignment in inputs:
        block, sign, name = assignment.partition("=")
        if not sign:
            raise UsageError(f'"{assignment}" gives no input its events: write --input BLOCK=FILE')
        yield from from_ndjson(plan, block, _read(Path(name)), name)
    for path in traces:
        yield from marked(plan, _read(path), str(path))
    if logs:
        from slac.evidence.log import open_logs
        from slac.evidence.replay.whole import full_part, in_the_middle

        parts = [full_part(log) for log in open_logs(logs)]
        for gap in [gap for part, gaps in parts for gap in (*gaps, *in_the_middle(part))]:
            say(f"not whole: {gap}")
        yield from from_log(plan, [part for part, _ in parts])
    if seconds is not None:
        yield from marked(plan, _made_up(plan, seconds), "generated events")


def _made_up(plan: Plan, seconds: float) -> bytes:
    from slac.stream.clock import SystemClock
    from slac.testing.generate import Limits, as_ndjson, generate

    found = generate(plan, limits=Limits(total_seconds=seconds), clock=SystemClock())
    say(f"{len(found.reached)} of {len(found.reached) + len(found.missed)} states and branches are reached")
    return as_ndjson(found, plan).encode()


def _table(plan: Plan, feed: Sequence[Item], ranges: Sequence[str]) -> None:
    from slac.testing.simulation import outcomes, parse_variation

    variations = [parse_variation(plan, text) for text in ranges]
    rows: list[tuple[str, ...]] = []
    head: tuple[str, ...] = ()
    for values, told in outcomes(plan, tuple(feed), variations):
        head = (*(v.name for v in variations), *told)
        rows.append(
            (*(f"{'×' if v.factor else ''}{n:g}" for v, n in zip(variations, values, strict=True)), *told.values())
        )
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        put("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


def _script(script: Path | None) -> Iterator[str]:
    if script is None or str(script) == "-":
        yield from sys.stdin
        return
    yield from _read(script).decode("utf-8", "replace").splitlines()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
