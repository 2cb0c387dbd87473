"""The record that leaves slac."""

from datetime import UTC, datetime

import orjson
import polars as pl

from slac.adapters.publication.records import to_ndjson, to_records
from tests.adapters.outputs.frames import report


def test_a_report_as_json() -> None:
    """Keys in a fixed order, the id in hexadecimal, instants in RFC 3339, durations in µs, no NaN."""
    assert to_ndjson(report(), document="shop", block="availability", kind="report").decode() == (
        '{"document":"shop","block":"availability","type":"report","id":"0000000000000abc","revision":1,'
        '"time":"2024-01-01T00:10:00.000000Z","module":"account","kind":"change","state":"down","since":600000000,'
        '"cases":[{"test_case":"login","success":0.25,"at":"2024-01-01T00:10:00.000000Z",'
        '"latest_exception":"no\\nanswer"},{"test_case":"logout","success":null,"at":null,"latest_exception":null}],'
        '"seen":20.0,"kept":20}\n'
    )


def test_a_window_shows_its_bounds() -> None:
    """The end of a window is exclusive: a microsecond after the row's time."""
    frame = pl.DataFrame(
        {
            "_time": [datetime(2024, 1, 1, 0, 9, 59, 999999, tzinfo=UTC)],
            "_id": pl.Series([2**64 - 1], dtype=pl.UInt64),
            "_window_start": [datetime(2024, 1, 1, tzinfo=UTC)],
        }
    )
    [record] = to_records(frame, document="d", block="b", kind="row")
    assert record["id"] == "f" * 16
    assert record["revision"] == 0
    assert (record["window_start"], record["window_end"]) == (
        "2024-01-01T00:00:00.000000Z",
        "2024-01-01T00:10:00.000000Z",
    )


def test_no_rows_make_no_lines() -> None:
    """An empty frame is no record; records can be parsed by anyone."""
    assert to_ndjson(report().clear(), document="d", block="b", kind="row") == b""
    assert orjson.loads(to_ndjson(report(), document="d", block="b", kind="row"))["type"] == "row"
