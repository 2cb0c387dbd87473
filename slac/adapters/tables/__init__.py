"""Tables that are looked up: CSV and Parquet files, and what a SELECT gives. SQL libraries load only for SQL tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from slac.adapters.environment import Problem, at, readable
from slac.adapters.settings import length_of_time, microseconds, schema, text
from slac.adapters.tables.files import FileTable
from slac.adapters.tables.reader import TableReader, Unreadable
from slac.diagnostics import RunFailed
from slac.stream.ports import InputContext

if TYPE_CHECKING:
    from slac.adapters.tables.input import TableInput

__all__ = ["CAN_WAIT", "MAX_ROWS", "SCHEMA", "build", "most_rows", "probe_environment"]

MAX_ROWS: Final = 100_000
CAN_WAIT: Final = True
_SELECT: Final = r"^\s*([Ss][Ee][Ll][Ee][Cc][Tt]|[Ww][Ii][Tt][Hh])\s[^;]*;?\s*$"
_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$"
_ONE_PLACE: Final = [
    {"required": ["path"], "properties": {"url": False, "table": False, "query": False}},
    {"required": ["url", "table"]},
    {"required": ["url", "query"]},
]

SCHEMA: Final = {
    **schema(
        {
            "path": text("A CSV file with a header, or a Parquet file; relative to where slac runs.", minLength=1),
            "format": text("How the file is written; by default its ending tells.", enum=["csv", "parquet"]),
            "url": text(
                "A database as SQLAlchemy names it: sqlite:///limits.db, postgresql+psycopg://slac@db/limits.",
                minLength=1,
            ),
            "password": {
                **text("The password of the database: {env: NAME} or {file: path}."),
                "x-secret": True,
            },
            "table": text("The table of the database.", pattern=_NAME, form="a name, like limits or sla.limits"),
            "query": text("A SELECT that gives the rows.", pattern=_SELECT, form="one SELECT"),
            "reload": length_of_time("How often to look whether it has changed; without it, it is read once.", ""),
            "max_rows": {
                "type": "integer",
                "minimum": 1,
                "default": MAX_ROWS,
                "description": "The most rows that it may have.",
            },
        }
    ),
    "oneOf": _ONE_PLACE,
    "x-form": "where it is read: `path`, or `url` with `table` or `query`",
}
del SCHEMA["properties"]["reload"]["default"]


def most_rows(settings: Mapping[str, Any]) -> int:
    """How many rows a table may have."""
    return int(settings.get("max_rows", MAX_ROWS))


def build(settings: Mapping[str, Any], context: InputContext) -> TableInput:
    """The reader of a table for checked settings; touches nothing outside yet."""
    from slac.adapters.tables.input import TableInput  # asyncio is slow to load

    reload = microseconds(settings, "reload", "0s")
    return TableInput(
        name=context.block,
        reader=_reader(settings, context.directory, tuple(context.fields)),
        max_rows=most_rows(settings),
        reload=None if context.once or not reload else reload / 1_000_000,
        now=context.now,
    )


def probe_environment(settings: Mapping[str, Any]) -> list[Problem]:
    """Whether the table can be read now: a run does not start without it."""
    if "path" in settings and (problems := readable(settings["path"])):
        return at("path", problems)
    place = "path" if "path" in settings else "url"
    try:
        _reader(settings, ".", ()).read(most_rows(settings))
    except (Unreadable, RunFailed) as error:
        return [Problem(code="environment/missing", sentence=str(error).rstrip("."), setting=place)]
    return []


def _reader(settings: Mapping[str, Any], directory: str, columns: tuple[str, ...]) -> TableReader:
    if "path" in settings:
        return FileTable(settings["path"], directory, settings.get("format"), columns)
    from slac.adapters.tables.sql import SqlTable  # SQLAlchemy is slow to load

    return SqlTable(
        settings["url"],
        password=settings.get("password"),
        table=settings.get("table"),
        query=settings.get("query"),
        columns=columns,
    )
