"""`slac history`: what audits and violations have said, and what stands now, from the store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from slac.cli import launch
from slac.cli.console import put
from slac.cli.tables import drawn
from slac.diagnostics import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from slac.store import Store

_OWN: Final = ("document", "block", "type", "id", "revision", "time", "seen", "kept")
"""Columns of a record that a table shows first, elsewhere or not at all."""


_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@click.command()
@click.argument("block", required=False)
@click.option("--store", envvar=launch.STORE, help="URL or file of the store, as of `slac run`. Default: var/slac.db.")
@click.option("--document", help="Only of this document.")
@click.option("--key", "keys", multiple=True, metavar="COLUMN=VALUE", help="Only where a column says so.")
@click.option("--from", "begin", metavar="TIME", help="Not before this instant, like 2026-11-22 or 2026-11-22T08:00Z.")
@click.option("--to", "until", metavar="TIME", help="Before this instant.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="The latest so many records.")
@click.option("--revisions", is_flag=True, help="Also what was said again since, or taken back.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def history(  # noqa: PLR0913, PLR0917 - one parameter an option
    block: str | None,
    store: str | None,
    document: str | None,
    keys: tuple[str, ...],
    begin: str | None,
    until: str | None,
    limit: int,
    revisions: bool,  # noqa: FBT001 - click passes it by name
    form: str,
) -> None:
    """Show what the audit or violation BLOCK has said; without it, what stands now and which runtimes ran."""
    from slac.store import open_store
    from slac.store.reading import Wanted
    from slac.store.reading import history as records
    from slac.store.wiring import DEFAULT

    opened = open_store(store or DEFAULT, make=False)
    try:
        if block is None:
            _overview(opened, document, form)
            return
        wanted = Wanted(
            block=block,
            document=document,
            key=dict(_assignment(k) for k in keys),
            begin=_instant(begin, "--from"),
            until=_instant(until, "--to"),
            limit=limit,
            all_revisions=revisions,
        )
        found = records(opened, wanted)
        if form == "json":
            put(_json(found))
        else:
            put(drawn(_records_table(block, found)) if found else f"{block} has said nothing that meets this\n")
    finally:
        opened.close()


def _assignment(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UsageError(f'"{text}" is no COLUMN=VALUE')
    return name, value


def _instant(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f'{option}: "{text}" is no instant like 2026-11-22T08:00Z') from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _overview(store: Store, document: str | None, form: str) -> None:
    from slac.store.reading import episodes, runs, states

    parts = {
        "runtimes": runs(store, document),
        "violations": episodes(store, document),
        "states": states(store, document),
    }
    if form == "json":
        put(_json(parts))
        return
    for name, rows in parts.items():
        put(drawn(_table(_TITLES[name], rows, _SHOWN[name])) if rows else f"{_TITLES[name]}: none\n")


_TITLES: Final = {"runtimes": "Runtimes", "violations": "Violations that stand", "states": "States of audits"}
_SHOWN: Final[Mapping[str, Sequence[str]]] = {
    "runtimes": ("document", "version", "node", "instance", "started", "ended", "outcome", "slac"),
    "violations": ("document", "violation", "key", "severity", "raised", "reason", "episode"),
    "states": ("document", "audit", "key", "state", "verdict", "since", "time", "id"),
}


def _records_table(block: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Columns that say nothing in any row are left out."""
    own = [n for n in dict.fromkeys(n for row in rows for n in row) if n not in _OWN]
    names = [
        "time",
        *(n for n in own if any(row.get(n) is not None for row in rows)),
        "id",
        *(["revision"] if any(r["revision"] for r in rows) else []),
    ]
    return _table(block, rows, names)


def _table(title: str, rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> Table:
    from rich.table import Table

    made = Table(title=title, title_justify="left")
    for name in names:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*(_cell(row.get(name)) for name in names))
    return made


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
        case str() if _INSTANT.fullmatch(value):
            return _cell(datetime.fromisoformat(value))
        case str() | int() | float():
            return str(value)
        case _:
            import orjson

            return orjson.dumps(value).decode()


def _json(value: object) -> str:
    import msgspec

    default: Callable[[Any], Any] = str
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=default), indent=2).decode() + "\n"
