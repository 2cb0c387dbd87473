"""`slac tap`: rows of a block as they pass."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from slac.cli.asking import asks_runtimes, found_places
from slac.cli.console import put
from slac.diagnostics import UsageError


@click.command()
@click.argument("block")
@asks_runtimes
@click.option("--rate", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Rows a second, at most.")
@click.option("--rows", type=click.IntRange(min=1), help="End after so many rows. Default: with Ctrl-C.")
def tap(
    block: str,
    directory: Path,
    connect: str | None,
    keys: Path | None,
    own: str | None,
    runtime: str | None,
    rate: float,
    rows: int | None,
) -> None:
    """Show rows of BLOCK as lines of JSON, evenly out of all that pass. The runtime is not held up."""
    from slac.runtime.inspection.client import watch

    found = found_places(directory, connect, keys, own, runtime)
    if len(found) > 1:
        names = ", ".join(place.name for place in found)
        raise UsageError(f"several runtimes run here ({names}): say which one with --runtime NODE/INSTANCE")
    shown = 0
    for part in watch(found[0], block, rate):
        for line in part.lines.splitlines(keepends=True):
            put(line.decode())
            shown += 1
            if rows is not None and shown >= rows:
                return
        sys.stdout.flush()
