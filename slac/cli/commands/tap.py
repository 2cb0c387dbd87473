"""`slac tap`: rows of a block as they pass."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from slac.cli.asking import asks_runtimes, found_places
from slac.cli.console import put
from slac.diagnostics import UsageError

if TYPE_CHECKING:
    from slac.runtime.inspection.protocol import Rows


@click.command()
@click.argument("block")
@asks_runtimes
@click.option("--rate", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Rows a second, at most.")
@click.option(
    "--arrow",
    type=click.File("wb"),
    help="Write all rows to this file (- for stdout) as one Arrow IPC stream, whatever --rate says.",
)
@click.option("--rows", type=click.IntRange(min=1), help="End after so many rows. Default: with Ctrl-C.")
def tap(  # noqa: PLR0913, PLR0917 - one parameter an option
    block: str,
    directory: Path,
    connect: str | None,
    keys: Path | None,
    own: str | None,
    runtime: str | None,
    rate: float,
    arrow: BinaryIO | None,
    rows: int | None,
) -> None:
    """Show rows of BLOCK as lines of JSON, evenly out of all that pass. The runtime is not held up."""
    from slac.runtime.inspection.client import watch

    found = found_places(directory, connect, keys, own, runtime)
    if len(found) > 1:
        names = ", ".join(place.name for place in found)
        raise UsageError(f"several runtimes run here ({names}): say which one with --runtime {found[0].name}")
    if arrow is not None:
        _stream(watch(found[0], block, rate, "arrow"), arrow, rows)
        return
    shown = 0
    for part in watch(found[0], block, rate):
        for line in part.lines.splitlines(keepends=True):
            put(line.decode())
            shown += 1
            if rows is not None and shown >= rows:
                return
        sys.stdout.flush()


def _stream(parts: Iterable[Rows], file: BinaryIO, rows: int | None) -> None:
    """All of it as one stream; what was not fetched in time is told at the end of each part."""
    from slac.cli.console import say
    from slac.runtime.links.bodies import from_body
    from slac.stream.arrow_stream import ArrowStream

    stream = ArrowStream(file)
    taken = missing = 0
    try:
        for part in parts:
            frame = from_body(part.lines)
            if frame is not None:
                stream.write(frame if rows is None else frame.head(rows - taken))
                taken += frame.height
            if part.passed - taken > missing:
                missing = part.passed - taken
                say(f"{missing} rows passed too fast, and are not shown")
            if rows is not None and taken >= rows:
                return
    finally:
        stream.close()
