"""`slac run --rebuild-from`: a checkpoint made of a full log, where there is none that can be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from slac.cli.console import say
from slac.cli.left_text import instant_text
from slac.diagnostics import RunFailed, UsageError

if TYPE_CHECKING:
    from slac.plan.graph import Plan
    from slac.runtime.checkpoint import StateDirectory
    from slac.runtime.shell.settings import RunSettings


def rebuild_state(plan: Plan, settings: RunSettings, log: Path) -> None:
    """Write a checkpoint of what `log` tells, unless there is one. RunFailed where it cannot tell it."""
    from slac.runtime.shell.wiring import make_state_directory

    directory = make_state_directory(plan, settings)
    if directory is None:
        raise UsageError("--rebuild-from makes a state: say where it is kept, with --state")
    directory.open()
    try:
        if _is_sound(directory, plan):
            say(f"the state in {directory.directory} can be read: nothing is rebuilt")
            return
        _write(directory, plan, settings, log)
    finally:
        directory.close()


def _is_sound(directory: StateDirectory, plan: Plan) -> bool:
    from slac.runtime.checkpoint import GENERATIONS

    if not any((directory.directory / name).exists() for name in GENERATIONS):
        return False
    try:
        return directory.read(plan.meaning) is not None
    except RunFailed as error:
        if "damaged" not in str(error):
            raise
        return False


def _write(directory: StateDirectory, plan: Plan, settings: RunSettings, place: Path) -> None:
    from slac.evidence.log import open_logs
    from slac.evidence.log.entries import EntryKind
    from slac.evidence.replay.rebuild import rebuild
    from slac.runtime.checkpoint import Cut
    from slac.runtime.durable.deeds import DeedFiles
    from slac.runtime.durable.pieces import cut
    from slac.stream.clock import SystemClock

    logs = open_logs((place,))
    own = [one for one in logs if (one.header.node, one.header.instance) == (settings.node, settings.instance)]
    if len(own) != 1:
        names = ", ".join(one.place.name for one in logs)
        raise UsageError(f"{place} has no log of {settings.node}/{settings.instance}; it has: {names}")
    [log] = own
    made = rebuild(log, plan)
    order = log.order()
    saved = order.filter(order["kind"] == EntryKind.SAVED)["value"].max()
    number = int(saved or 0) + 1  # type: ignore[arg-type]
    journal = directory.directory / "journal"
    if journal.exists():
        aside = journal.with_name("journal.before-rebuild")
        journal.rename(aside)
        say(f"the journals are set aside, into {aside}: what is in them may be in the log already")
    directory.write(Cut(digest=plan.meaning, taken=SystemClock().now(), number=number, states=cut(made.states)))
    DeedFiles(directory.directory / "deeds").forget(number + 1)  # all of it is in what was rebuilt
    for gap in made.gaps:
        say(f"not whole: {gap}")
    say(f"checkpoint {number} is rebuilt of {made.events} events in {log.place}")
    for stream, positions in made.accepted.items():
        for one in positions:
            say(f"  {stream} of {one.peer}: up to {instant_text(one.watermark)}")
