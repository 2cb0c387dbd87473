"""`slac top`: runtimes, watched."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slac.cli.asking import asks_runtimes, found_places
from slac.cli.console import put
from slac.diagnostics import RunFailed

if TYPE_CHECKING:
    from rich.console import RenderableType

    from slac.runtime.inspection.client import Place
    from slac.runtime.inspection.status import RuntimeStatus


@click.command()
@asks_runtimes
@click.option("--every", type=click.FloatRange(min=0.1), default=1.0, show_default=True, help="Seconds between looks.")
@click.option("--times", type=click.IntRange(min=1), help="End after so many looks. Default: with Ctrl-C.")
def top(
    directory: Path,
    connect: str | None,
    keys: Path | None,
    own: str | None,
    runtime: str | None,
    every: float,
    times: int | None,
) -> None:
    """Watch rates, lag, queues, state, links and use of the budget of each runtime; those that come and go show up."""
    before: dict[str, RuntimeStatus] = {}

    def look() -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        from slac.cli.runtimes_table import whole

        parts: list[RenderableType] = []
        for place in found_places(directory, connect, keys, own, runtime):
            answer = _asked(place)
            if isinstance(answer, str):
                parts.append(Text(answer, style="red"))
                before.pop(place.address, None)
                continue
            parts.append(whole(answer, before.get(place.address)))
            before[place.address] = answer
        return Group(*parts)

    if sys.stdout.isatty():
        _live(look, every, times)
        return
    from slac.cli.tables import drawn

    for turn in range(times or sys.maxsize):
        if turn:
            time.sleep(every)
        put(drawn(look()))
        sys.stdout.flush()


def _asked(place: Place) -> RuntimeStatus | str:
    from slac.runtime.inspection.client import ask_status

    try:
        return ask_status(place)
    except RunFailed as error:
        return str(error)


def _live(look: Callable[[], RenderableType], every: float, times: int | None) -> None:
    from rich.live import Live

    with Live(look(), screen=True, auto_refresh=False) as live:
        for _ in range((times or sys.maxsize) - 1):
            time.sleep(every)
            live.update(look(), refresh=True)
