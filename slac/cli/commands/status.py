"""`slac status`: what runtimes say of themselves."""

from __future__ import annotations

from pathlib import Path

import click

from slac.cli.asking import asks_runtimes, found_places
from slac.cli.console import put, say
from slac.diagnostics import RunFailed, UsageError


@click.command()
@asks_runtimes
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="Say what runtimes have left in this directory, how far they were, and what the next start does.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def status(
    directory: Path,
    connect: str | None,
    keys: Path | None,
    own: str | None,
    runtime: str | None,
    state: Path | None,
    form: str,
) -> int:
    """Show inputs, blocks, links, outputs, state and use of the budget of each runtime.

    Exit code 4 where one does not answer, or where a state cannot be read.
    """
    if state is not None:
        return _left(state, runtime, form)
    from slac.runtime.inspection.client import ask_status

    told, silent = [], []
    for place in found_places(directory, connect, keys, own, runtime):
        try:
            told.append(ask_status(place))
        except RunFailed as error:
            silent.append(str(error))
    if form == "json":
        import msgspec

        put(msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n")
    else:
        from slac.cli.runtimes_table import whole
        from slac.cli.tables import drawn

        put("".join(drawn(whole(one)) for one in told))
    for sentence in silent:
        say(f"slac: {sentence}")
    return RunFailed.exit_code if silent else 0


def _left(state: Path, runtime: str | None, form: str) -> int:
    from slac.runtime.inspection.left import left_in

    found = [one for one in left_in(state) if runtime in (None, f"{one.node}/{one.instance}")]
    if not found:
        which = f" of {runtime}" if runtime else ""
        raise UsageError(f"no runtime{which} has kept its state in {state}")
    if form == "json":
        import msgspec

        put(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
    else:
        from slac.cli.left_text import left_text

        put("\n".join(map(left_text, found)))
    unreadable = any(one.damaged and not one.checkpoint for one in found)
    return RunFailed.exit_code if unreadable else 0
