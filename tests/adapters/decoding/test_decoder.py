"""Decoding: what complies becomes columns, what does not is set aside with its reason."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.adapters.decoding import Decoded, Decoder, WireSchema
from slac.stream.ports import Records
from slac.stream.types import Bool, Duration, Field, Float, Int, List, Schema, String, Struct, Timestamp

RUN = WireSchema(
    payload=Schema(
        (
            Field("outcome", String(), nullable=False),
            Field("duration_ms", Float(), nullable=False),
            Field("tries", Int()),
            Field("ok", Bool()),
        )
    ),
    context=Schema((Field("module", String()),)),
)


def decode(*lines: str | bytes, schema: WireSchema = RUN, arrival: int = 7) -> Decoded:
    """Decode the given lines."""
    data = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n"
    return Decoder(schema).decode(Records(source="s", arrival=arrival, ndjson=data))


def event(timestamp: Any = 1000, context: Any = None, **payload: Any) -> str:
    """One compliant event in the wire form, with changes."""
    body = {"outcome": "success", "duration_ms": 1.5, **payload}
    return json.dumps({"timestamp": timestamp, "payload": body, "context": context or {"module": "m"}})


def test_compliant_rows_have_exact_types_and_places() -> None:
    """The frame has `_time`, the fields in declared order, and `_row`."""
    got = decode(event(tries=3, ok=True), event(1001, duration_ms=2))
    assert dict(got.frame.schema) == {
        "_time": pl.Datetime("us", "UTC"),
        "outcome": pl.String(),
        "duration_ms": pl.Float64(),
        "tries": pl.Int64(),
        "ok": pl.Boolean(),
        "module": pl.String(),
        "_row": pl.UInt32(),
    }
    assert got.frame.rows()[1][1:] == ("success", 2.0, None, None, "m", 1)
    assert got.frame["_time"][0] == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (event(duration_ms="1.5"), "payload.duration_ms: expected float, got string"),
        (event(duration_ms=None), "payload.duration_ms: expected float, got null"),
        (event(outcome=7), "payload.outcome: expected string, got int"),
        (event(outcome={"a": 1}), "payload.outcome: expected string, got object"),
        (event(tries=1.5), "payload.tries: expected int, got float"),
        (event(tries=2**63), "payload.tries: the number does not fit 64 bits"),
        (event(tries=True), "payload.tries: expected int, got bool"),
        (event(ok=1), "payload.ok: expected bool, got int"),
        (event(timestamp="yesterday"), "timestamp: 'yesterday' is no instant"),
        (event(timestamp="2024-01-01T00:00:00"), "timestamp: '2024-01-01T00:00:00' is no instant"),
        (event(timestamp=1.5), "timestamp: 1.5 is no instant"),
        (event(timestamp=2**62), "is no instant"),
        (event(timestamp=None), "timestamp: expected RFC 3339 text or an integer, got null"),
        ('{"timestamp": 1}', "payload: missing"),
        ('{"timestamp": 1, "outcome": "a"}', "payload: missing (`outcome` is there: is `payload.outcome` meant?)"),
        (
            '{"timestamp": 1, "payload": {"outcome": "a"}, "context": {"duration_ms": 1}}',
            "payload.duration_ms: missing (`context.duration_ms` is there: is `payload.duration_ms` meant?)",
        ),
        ('{"payload": {"outcome": "a", "duration_ms": 1}}', "timestamp: missing"),
        ('{"timestamp": 1, "payload": {"outcome": "a"}}', "payload.duration_ms: missing"),
        ('{"timestamp": 1, "payload": {"outcome": "a", "duration_ms": 1', "not JSON: the line ends too early"),
        ('{"timestamp": 1, "payload": {"outcome": "a", "duration_ms": NaN}}', "not JSON: invalid character"),
        ("[1, 2]", "record: expected object, got list"),
        ("null", "record: expected object, got null"),
        (event() + event(), "not JSON: trailing characters"),
        (b'{"timestamp": "\xff"}', "not JSON: the text is not UTF-8"),
        ('{"timestamp": 1, "q": ' + "[" * 5000 + "]" * 5000 + "}", "nested too deeply"),
    ],
)
def test_what_does_not_comply_is_quarantined_with_its_reason(line: str | bytes, reason: str) -> None:
    """A bad line costs only itself, and says why."""
    got = decode(event(1), line, event(2))
    assert got.rows.to_list() == [0, 2]
    assert [q.index for q in got.quarantined] == [1]
    assert reason in got.quarantined[0].reason
    assert got.quarantined[0].raw == (line if isinstance(line, bytes) else line.encode())


def test_two_records_on_a_line_are_not_made_up_for_by_one_on_two() -> None:
    """Counting values is not enough to know that each line is a record."""
    first, second = event().split(', "payload"')
    got = decode(event() + event(), first + ",", '"payload"' + second)
    assert got.frame.height == 0
    assert len(got.quarantined) == 3


def test_blank_lines_are_no_records() -> None:
    """Blank lines take no place."""
    got = decode("", event(1), "  \t", event(2) + "\r", "")
    assert got.total == 2
    assert got.rows.to_list() == [0, 1]


@pytest.mark.parametrize(
    ("written", "unit", "expected"),
    [
        ("2024-01-01T00:00:00Z", "ms", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01T02:00:00.123456789+02:00", "ms", datetime(2024, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)),
        (1_700_000_000, "s", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (1_700_000_000_000.0, "ms", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (-1, "us", datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        (1_999, "ns", datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)),
    ],
)
def test_timestamps(written: Any, unit: Any, expected: datetime) -> None:
    """Text with any offset, integers and integral floats in the unit; also side by side."""
    schema = WireSchema(payload=RUN.payload, context=RUN.context, time_unit=unit)
    assert decode(event(written), schema=schema).frame["_time"].to_list() == [expected]
    mixed = decode(event(written), event("1970-01-01T00:00:00Z"), event(0), event(1.0), schema=schema)
    assert mixed.frame["_time"][0] == expected
    assert mixed.frame.height == 4


def test_ingest_takes_the_arrival() -> None:
    """Where the input takes the arrival, a record needs no timestamp."""
    schema = WireSchema(payload=Schema((Field("a", Int()),)), time_mode="ingest")
    got = decode('{"payload": {"a": 1}}', schema=schema, arrival=5)
    assert got.frame["_time"].to_physical().to_list() == [5]


def test_a_map_reads_any_json() -> None:
    """Paths lead to values; an absent or null object on the way makes nullable fields NULL."""
    schema = WireSchema(
        payload=Schema((Field("user", String()), Field("code", Int(), nullable=False))),
        mapping=(("timestamp", "at"), ("user", 'who."user.name"'), ("code", "status")),
        time_unit="s",
    )
    got = decode(
        '{"at": 1, "who": {"user.name": "ada"}, "status": 200}',
        '{"at": 2, "who": null, "status": 404}',
        '{"at": 3, "status": 404}',
        '{"at": 4, "who": {"user.name": "eve"}}',
        schema=schema,
    )
    assert got.frame["user"].to_list() == ["ada", None, None]
    assert got.quarantined[0].reason == "status: missing"


def test_maps_that_contradict_themselves_are_refused() -> None:
    """A field that is not declared, a path that cannot be read, a value inside another."""
    payload = Schema((Field("a", Int()), Field("b", Int())))
    for mapping in ((("c", "x"),), (("a", "x[0]"),), (("a", "x"), ("b", "x.y"))):
        with pytest.raises(ValueError, match=r"map|path"):
            Decoder(WireSchema(payload=payload, mapping=mapping))


def test_nested_values_durations_and_instants() -> None:
    """Structs, lists, durations (integer µs) and instants inside a payload."""
    inner = Struct((Field("at", Timestamp(), nullable=False), Field("n", Int())))
    schema = WireSchema(
        payload=Schema(
            (Field("took", Duration()), Field("at", Timestamp()), Field("tags", List(String())), Field("in", inner))
        )
    )
    nested = {"took": 5, "at": "1970-01-01T00:00:00Z", "tags": ["x"], "in": {"at": 1, "n": None}}
    good = json.dumps({"timestamp": 1, "payload": nested})
    bad = '{"timestamp": 1, "payload": {"in": {"at": "never"}}}'
    late = '{"timestamp": 1, "payload": {"at": "never"}}'
    got = decode(good, bad, late, schema=schema)
    row = got.frame.row(0, named=True)
    assert row["took"] == timedelta(microseconds=5)
    assert row["tags"] == ["x"]
    assert row["in"] == {"at": datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC), "n": None}
    assert [q.index for q in got.quarantined] == [1, 2]


def test_unknown_fields_are_dropped_and_estimated() -> None:
    """Undeclared fields of the first record are named."""
    got = decode('{"timestamp": 1, "x": 1, "payload": {"outcome": "", "duration_ms": 1, "extra": {"y": 1}}}')
    assert got.unknown_names == ("x", "payload.extra")
    assert got.unknown_fields == 2


def test_no_records_at_all() -> None:
    """An empty block makes an empty frame of the right types."""
    got = Decoder(RUN).decode(Records(source="s", arrival=0, ndjson=b""))
    assert got.frame.height == 0
    assert got.frame.schema["duration_ms"] == pl.Float64


values: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.just({})
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(["outcome", "duration_ms", "tries", "ok"]), values), max_size=12),
    st.data(),
)
def test_decoding_does_not_depend_on_how_lines_are_cut_into_blocks(
    payloads: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Each line alone and all together give the same rows and the same reasons, and no value is ever changed."""
    lines = [json.dumps({"timestamp": i, "payload": p}) for i, p in enumerate(payloads)]
    whole = decode(*lines)
    singly = [decode(line) for line in lines]
    assert [q.reason for q in whole.quarantined] == [q.reason for one in singly for q in one.quarantined]
    frames = [one.frame for one in singly if one.frame.height]
    if frames:
        assert whole.frame.drop("_row").equals(pl.concat(frames).drop("_row"))
    for row in whole.frame.iter_rows(named=True):
        for name, value in payloads[row["_row"]].items():
            assert row[name] == (float(value) if name == "duration_ms" and value is not None else value)
