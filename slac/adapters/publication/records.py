"""What leaves slac: one JSON record per row, the same in every output.

Keys in this order: `document`, `block`, `type` (report, violation or row), `id` (16 hex digits), `revision`, `time`,
`withdrawn` (true) where the row is taken back, `window_start` and `window_end` where it has a window, the block's own
columns in their order; of an estimate how far they are known, `x_low` and `x_high` of what has an order, `x_undecided`
of all else; `seen` and `kept` where the row knows them. Instants are RFC 3339 in UTC with microseconds;
durations are integer microseconds; what is no finite number is null. (document, block, id, revision) is the idempotency
key.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
import polars as pl

from slac.plan.intervals.bounds import is_far
from slac.stream.batch import BOUNDS, ID, KEPT, META, REVISION, SEEN, TIME, UNDECIDED, WINDOW_START

OWN_KEYS: Final = frozenset({"document", "block", "type", "id", "revision"})
"""What a published column may not be called: these make the idempotency key. The compiler refuses it."""
_HIDDEN: Final = frozenset(META)
_INSTANT: Final = timedelta(microseconds=1)


def to_records(frame: pl.DataFrame, *, document: str, block: str, kind: str) -> list[dict[str, Any]]:
    """Rows as JSON-able dicts. A column of the block that has the name of one of our keys wins over it."""
    return list(_records(frame, {"document": document, "block": block, "type": kind}))


def to_ndjson(frame: pl.DataFrame, *, document: str, block: str, kind: str) -> bytes:
    """The records as lines of JSON, each with its line end; the same rows always give the same bytes."""
    records = to_records(frame, document=document, block=block, kind=kind)
    return b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)


def _records(frame: pl.DataFrame, base: dict[str, Any]) -> Iterator[dict[str, Any]]:
    columns = [name for name in frame.columns if name not in _HIDDEN]
    for row in frame.iter_rows(named=True):
        body = {name: plain(row[name]) for name in columns}
        bounds = {name: _end(value) for name, value in (row.get(BOUNDS) or {}).items() if name not in body}
        tail = {name[1:]: plain(row[name]) for name in (SEEN, KEPT) if name in row and name[1:] not in body}
        yield {**base, **_head(row), **body, **bounds, **tail}


def _end(value: Any) -> Any:
    """Of what is known of a value; nothing where it may be anything."""
    return None if is_far(value) else plain(value)


def _head(row: dict[str, Any]) -> dict[str, Any]:
    revision = row.get(REVISION) or 0
    head = {"id": f"{row[ID]:016x}", "revision": abs(revision), "time": plain(row[TIME])}
    if revision < 0:
        head["withdrawn"] = True
    if row.get(UNDECIDED):
        head["undecided"] = True
    if row.get(WINDOW_START) is not None:
        head |= {"window_start": plain(row[WINDOW_START]), "window_end": plain(row[TIME] + _INSTANT)}
    return head


def plain(value: Any) -> Any:
    """A cell with only types that JSON has, nested values too."""
    match value:
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case timedelta():
            return value // _INSTANT
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
        case _:
            return value
