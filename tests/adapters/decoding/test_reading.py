"""Fields that nobody reads: no columns are made of them, and what is quarantined stays the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.adapters.decoding import Decoded, Decoder, WireSchema
from slac.stream.ports import Records
from slac.stream.types import Duration, Enum, Field, Float, Int, List, Map, Schema, String, Struct, Timestamp

INNER = Struct((Field("at", Timestamp()),))
PAYLOAD = Schema(
    (
        Field("number", Int()),
        Field("share", Float(), nullable=True),
        Field("name", String()),
        Field("at", Timestamp(), nullable=True),
        Field("took", Duration(), nullable=True),
        Field("level", Enum(("low", "high")), nullable=True),
        Field("many", List(Int()), nullable=True),
        Field("inner", INNER, nullable=True),
    )
)
WHOLE = WireSchema(payload=PAYLOAD, context=Schema((Field("labels", Map(), nullable=True),)))
NAMES = [field.name for field in WHOLE.fields]

GOOD: dict[str, Any] = {
    "number": 1,
    "share": 0.5,
    "name": "a",
    "at": 1_000,
    "took": 5,
    "level": "low",
    "many": [1],
    "inner": {"at": "2026-01-01T00:00:00Z"},
    "labels": {"pod": "p"},
}
VALUES = st.sampled_from(
    [None, 1, 2**70, 1.5, "a", "low", "2026-01-01T00:00:00Z", True, [1], ["a"], {}, {"at": "never"}, {"pod": 1}]
)
COLUMNS = st.sampled_from(
    [
        pl.Series([1, None, 3], dtype=pl.Int32),
        pl.Series([1, None, 2**64 - 1], dtype=pl.UInt64),
        pl.Series([1.5, float("nan"), None], dtype=pl.Float32),
        pl.Series(["a", "low", None]),
        pl.Series(["a", "low", None], dtype=pl.Categorical()),
        pl.Series([True, None, False]),
        pl.Series([datetime(2026, 1, 1, tzinfo=UTC), None, None]),
        pl.Series([None, None, None], dtype=pl.Null),
        pl.Series([[1], None, [2, None]]),
        pl.Series([{"at": "never"}, None, {"at": "2026-01-01T00:00:00Z"}]),
    ]
)


def _line(changes: dict[str, Any]) -> bytes:
    fields = GOOD | changes
    context = {"labels": fields.pop("labels")}
    try:
        return orjson.dumps({"timestamp": 1, "payload": fields, "context": context})
    except TypeError:  # beyond 64 bits
        return msgspec.json.encode({"timestamp": 1, "payload": fields, "context": context})


def _both(records: Records, read: frozenset[str]) -> tuple[Decoded, Decoded]:
    part = msgspec.structs.replace(WHOLE, read=read)
    return Decoder(WHOLE).decode(records), Decoder(part).decode(records)


def _assert_alike(whole: Decoded, part: Decoded, read: frozenset[str]) -> None:
    kept = ["_time", *(n for n in NAMES if n in read), "_row"]
    assert part.frame.select(kept).equals(whole.frame.select(kept))
    assert part.quarantined == whole.quarantined
    assert (part.total, part.unknown_fields, part.unknown_names) == (
        whole.total,
        whole.unknown_fields,
        whole.unknown_names,
    )


READ = st.frozensets(st.sampled_from(NAMES))


@given(read=READ, lines=st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=2), max_size=4))
def test_lines_are_judged_by_fields_that_nobody_reads(read: frozenset[str], lines: list[dict[str, Any]]) -> None:
    """The same rows, the same quarantine with the same reasons, whatever is read."""
    records = Records(source="s", arrival=0, ndjson=b"\n".join(map(_line, lines)))
    _assert_alike(*_both(records, read), read)


@given(read=READ, columns=st.dictionaries(st.sampled_from(NAMES), COLUMNS))
def test_columns_are_judged_where_nobody_reads_them(read: frozenset[str], columns: dict[str, pl.Series]) -> None:
    """The same for frames, whatever types come in, and whatever columns are lacking."""
    time = pl.Series("timestamp", [1, 2, 3])
    frame = pl.DataFrame([time, *(column.alias(name) for name, column in columns.items())])
    _assert_alike(*_both(Records(source="s", arrival=0, frame=frame), read), read)


@pytest.mark.parametrize("form", ["ndjson", "frame"])
def test_what_nobody_reads_is_not_made(form: str) -> None:
    """Of a sound record only what is read becomes a column."""
    frame = pl.DataFrame({"timestamp": [1], "number": [1], "name": ["a"]})
    line = orjson.dumps({"timestamp": 1, "payload": {"number": 1, "name": "a"}})
    records = Records(source="s", arrival=0, **({"frame": frame} if form == "frame" else {"ndjson": line}))
    schema = WireSchema(payload=Schema((Field("number", Int()), Field("name", String()))), read=frozenset(["name"]))
    assert Decoder(schema).decode(records).frame.columns == ["_time", "name", "_row"]


def test_an_end_is_made_for_its_check() -> None:
    """An interval is judged by its end though nobody reads it."""
    schema = WireSchema(
        payload=Schema((Field("end", Timestamp()), Field("name", String()))), until="end", read=frozenset()
    )
    frame = pl.DataFrame({"timestamp": [10, 10], "end": [20, 5], "name": ["a", "b"]})
    got = Decoder(schema).decode(Records(source="s", arrival=0, frame=frame))
    assert (got.frame.height, [q.index for q in got.quarantined]) == (1, [1])
