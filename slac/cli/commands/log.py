"""`slac log`: how much runtimes log, from now on."""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

import click

from slac.cli.asking import asks_runtimes, found_places
from slac.cli.console import put
from slac.runtime.recorder import LogMode


@click.command()
@click.argument("mode", type=click.Choice(get_args(LogMode)), required=False)
@asks_runtimes
def log(
    mode: str | None, directory: Path, connect: str | None, keys: Path | None, own: str | None, runtime: str | None
) -> None:
    """Let runtimes log in MODE from now on, or say how they log. Blocks that say `log:` keep to their own word."""
    from slac.runtime.inspection.client import ask_status, switch_log

    for place in found_places(directory, connect, keys, own, runtime):
        status = ask_status(place) if mode is None else switch_log(place, cast(LogMode, mode))
        told = status.log
        lines = [f"{place.name}: {told.mode}"]
        lines += [f"{told.bytes / 1e6:.1f} MB in {told.place}"] if told.place else []
        lines += [f"{told.lost} rows lost"] if told.lost else []
        put(", ".join(lines + ([told.trouble] if told.trouble else [])) + "\n")
