"""Output `stdout`: a line per row for people on a terminal, NDJSON for everything else."""

import sys
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

import polars as pl
from rich.console import Console
from rich.text import Text

from slac.adapters.publication.records import to_ndjson, to_records
from slac.adapters.settings import schema, text
from slac.stream.ports import OutputContext

SCHEMA: Final = schema(
    {
        "format": text(
            "table is a line per row, to be read; ndjson a JSON record per row; auto is table on a terminal.",
            enum=["auto", "table", "ndjson"],
            default="auto",
        ),
    }
)
CAN_WAIT: Final = False

_STYLES: Final = {
    "ok": "green",
    "up": "green",
    "resolved": "green",
    "low": "yellow",
    "undecided": "yellow",
    "violated": "bold red",
    "down": "bold red",
    "raised": "bold red",
    "critical": "bold red",
}
_TAKEN: Final = frozenset({"document", "block", "type", "id", "revision", "time", "window_start", "window_end"})


def build(settings: Mapping[str, Any], context: OutputContext) -> "StdoutOutput":
    """The output for checked settings."""
    wanted = settings.get("format", "auto")
    table = sys.stdout.isatty() if wanted == "auto" else wanted == "table"
    return StdoutOutput(context, table=table)


class StdoutOutput:
    """Writes to the standard output of this process, flushed after every publication."""

    def __init__(self, context: OutputContext, *, table: bool) -> None:
        self._context = context
        self._console = Console(highlight=False, soft_wrap=True) if table else None

    async def open(self) -> None:
        """Nothing to open."""

    async def publish(self, block: str, frame: pl.DataFrame) -> None:
        """Write all rows."""
        kind = self._context.kinds.get(block, "row")
        if self._console is None:
            out: BinaryIO = sys.stdout.buffer
            out.write(to_ndjson(frame, document=self._context.document, block=block, kind=kind))
            out.flush()
            return
        for record in to_records(frame, document=self._context.document, block=block, kind=kind):
            self._console.print(_line(record))

    async def close(self) -> None:
        """Nothing to let go of."""


def _line(record: dict[str, Any]) -> Text:
    """Time of day, block, then `name=value` for every column."""
    line = Text.assemble((record["time"][:19].replace("T", " "), "dim"), " ", (record["block"], "bold"))
    if record["revision"]:
        line.append(f" (revision {record['revision']})", "dim")
    for name, value in record.items():
        if name not in _TAKEN and value is not None:
            line.append(f"  {name}=", "dim").append(_cell(value), _STYLES.get(str(value), ""))
    return line


def _cell(value: Any) -> str:
    match value:
        case float():
            return f"{value:.6g}"
        case list():
            return f"[{len(value)}]"
        case _:
            return str(value)
