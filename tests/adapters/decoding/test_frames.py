"""Frames from Arrow: taken over where nothing is lost, set aside by row where something would be."""

from datetime import UTC, datetime

import orjson
import polars as pl

from slac.adapters.decoding import Decoded, Decoder, WireSchema
from slac.stream.ports import Records
from slac.stream.types import Bool, Field, Float, Int, List, Schema, String, Struct, Timestamp

SCHEMA = WireSchema(
    payload=Schema((Field("n", Int(), nullable=False), Field("x", Float()), Field("s", String()))),
    context=Schema((Field("m", String()),)),
)


def decode(frame: pl.DataFrame, schema: WireSchema = SCHEMA) -> Decoded:
    """Decode one frame."""
    return Decoder(schema).decode(Records(source="s", arrival=7, frame=frame))


def test_flat_columns() -> None:
    """Columns by bare name; narrower types widen, absent nullable ones are NULL."""
    got = decode(
        pl.DataFrame(
            {
                "timestamp": [1, 2],
                "n": pl.Series([1, 2], dtype=pl.UInt8),
                "x": pl.Series([1, 2], dtype=pl.Int32),
                "m": ["a", "b"],
            }
        )
    )
    assert got.frame.schema["n"] == pl.Int64
    assert got.frame.drop("_time").rows() == [(1, 1.0, None, "a", 0), (2, 2.0, None, "b", 1)]
    assert not got.quarantined


def test_wire_form_and_categories() -> None:
    """Structs `payload` and `context`, as the wire form has them."""
    frame = pl.DataFrame(
        {
            "timestamp": ["2024-01-01T00:00:00Z"],
            "payload": [{"n": 1, "x": 1.5, "s": "q", "more": 1}],
            "context": [{"m": "a"}],
        }
    )
    got = decode(frame)
    assert got.frame["_time"].to_list() == [datetime(2024, 1, 1, tzinfo=UTC)]
    assert got.frame.row(0)[1:] == (1, 1.5, "q", "a", 0)


def test_rows_that_would_lose_something_are_set_aside() -> None:
    """Too large integers, NULL where none may be, text for a number: by row, with reason and content."""
    frame = pl.DataFrame(
        {
            "timestamp": [1, 2, 3],
            "n": pl.Series([1, 2**63, None], dtype=pl.UInt64),
            "s": pl.Series(["a"] * 3, dtype=pl.Categorical),
        }
    )
    got = decode(frame)
    assert got.rows.to_list() == [0]
    assert [(q.index, q.reason) for q in got.quarantined] == [
        (1, "payload.n: expected int, got uint64 9223372036854775808"),
        (2, "payload.n: missing"),
    ]
    assert orjson.loads(got.quarantined[0].raw)["s"] == "a"
    text = decode(pl.DataFrame({"timestamp": [1], "n": [1], "x": ["1.5"]}))
    assert text.quarantined[0].reason == "payload.x: expected float, got string 1.5"


def test_instants_of_any_unit() -> None:
    """Naive is UTC, another zone is converted, no time at all is a reason."""
    schema = WireSchema(payload=Schema((Field("at", Timestamp()), Field("ok", Bool()))))
    naive = pl.Series([datetime(2024, 1, 1)], dtype=pl.Datetime("ns"))  # noqa: DTZ001 - the case
    frame = pl.DataFrame({"timestamp": naive, "at": naive.dt.replace_time_zone("Europe/Berlin"), "ok": [None]})
    got = decode(frame, schema)
    assert got.frame.row(0)[:3] == (datetime(2024, 1, 1, tzinfo=UTC), datetime(2023, 12, 31, 23, tzinfo=UTC), None)
    assert decode(frame.drop("timestamp"), schema).quarantined[0].reason == "timestamp: missing"


def test_nested_columns_conform_field_by_field() -> None:
    """A struct's fields widen; a list of another type is set aside."""
    schema = WireSchema(
        payload=Schema((Field("p", Struct((Field("a", Int(), nullable=False),))), Field("l", List(Float()))))
    )
    frame = pl.DataFrame(
        {"timestamp": [1, 2], "p": pl.Series([{"a": 1}, {"a": None}], dtype=pl.Struct({"a": pl.Int8})), "l": [[1], [2]]}
    )
    got = decode(frame, schema)
    assert got.frame.row(0)[1:3] == ({"a": 1}, [1.0])
    assert [q.index for q in got.quarantined] == [1]
