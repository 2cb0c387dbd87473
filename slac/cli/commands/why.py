"""`slac why`: what a verdict was made of, down to the raw events; or why a state was not reached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from slac.cli.console import put
from slac.diagnostics import UsageError

if TYPE_CHECKING:
    from slac.evidence.log import LogDirectory

DEFAULT: Final = Path("var/log")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@click.command()
@click.argument("what", metavar="ID|NAME")
@click.option(
    "--log",
    "places",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A log, or a folder of logs; several runtimes have several. Default: var/log.",
)
@click.option("--key", "keys", multiple=True, metavar="COLUMN=VALUE", help="Only where a column says so.")
@click.option("--not", "state", metavar="STATE", help="Why the audit NAME was not in this state, --at an instant.")
@click.option("--at", "at", metavar="TIME", help="An instant, like 2026-11-22T08:00Z. Default: the last of the log.")
@click.option("--all", "everything", is_flag=True, help="Show all rows, and not the first few of many.")
@click.option("--format", "form", type=click.Choice(["text", "json", "html"]), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file instead.")
def why(
    what: str,
    places: tuple[Path, ...],
    keys: tuple[str, ...],
    state: str | None,
    at: str | None,
    everything: bool,  # noqa: FBT001 - click passes it by name
    form: str,
    output: Path | None,
) -> None:
    """Explain the row with this ID, or the latest of an audit or violation NAME, from the logs of its runtimes."""
    from slac.evidence.log import NotLogged, of_one_plan, open_logs

    wanted = dict(_pair(k) for k in keys)
    if at is not None and state is None:
        raise UsageError("--at says when a state was not reached: say which one with --not STATE")

    def answered(logs: list[LogDirectory]) -> str:
        if state is not None:
            return _why_not(logs, what, state, at, wanted, form)
        return _why(logs, what, wanted, everything=everything, form=form)

    try:
        text = _first(answered, of_one_plan(open_logs(places or (DEFAULT,))))
    except NotLogged as error:
        from slac.cli.unlogged import without_log

        raise without_log(error, what) from error
    if output is None:
        put(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error


def _first(answered: Callable[[list[LogDirectory]], str], groups: list[list[LogDirectory]]) -> str:
    """The answer of the newest document that has one; else what the newest one says."""
    refused: list[UsageError] = []
    for logs in groups:
        try:
            return answered(logs)
        except UsageError as error:
            refused.append(error)
    raise refused[0]


def _why(logs: list[LogDirectory], what: str, keys: dict[str, str], *, everything: bool, form: str) -> str:
    import msgspec

    from slac.evidence.why import as_text, find
    from slac.evidence.why.answer import answer
    from slac.evidence.why.html import as_html

    plan = logs[0].plan
    found = find(logs, plan, what, keys)
    explained, lit = answer(logs, plan, found, everything=everything)
    match form:
        case "json":
            return msgspec.json.format(msgspec.json.encode(explained), indent=2).decode() + "\n"
        case "html":
            return as_html(explained, plan, lit)
        case _:
            return as_text(explained)


def _why_not(logs: list[LogDirectory], what: str, state: str, at: str | None, keys: dict[str, str], form: str) -> str:
    import msgspec

    from slac.evidence.why.why_not import not_in_state

    told = not_in_state(logs, logs[0].plan, what, state, None if at is None else _instant(at), keys)
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n"
    if form == "html":
        from slac.evidence.why.html import not_as_html

        return not_as_html(told, logs[0].plan)
    return told.text()


def _instant(text: str) -> int:
    """An instant in µs; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f'"{text}" is no instant: write it like 2026-11-22T08:00Z') from error
    found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return (found - _EPOCH) // timedelta(microseconds=1)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise UsageError(f'"{text}" is no COLUMN=VALUE')
    return name, value
